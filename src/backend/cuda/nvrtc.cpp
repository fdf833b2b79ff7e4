#include "backend/cuda/nvrtc.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "backend/cuda/compiler/process.h"
#include "backend/cuda/compiler/protocol.h"
#include "backend/cuda/library.h"

namespace numloom::cuda {
namespace {

const LibraryName kName = {"NVRTC",
                           {"libnvrtc.so.13", "libnvrtc.so.12"},
                           {"cu13", "cuda_nvrtc"},
                           "Install it with: pip install nvidia-cuda-nvrtc-cu12 (without it kernels run in the interpreter)."};

const char* const kFlags[] = {"--std=c++17",     "--fmad=false",     "--ftz=false",
                              "--prec-div=true", "--prec-sqrt=true", "--disable-warnings"};

// Here it only tells of itself; a process of its own compiles.
struct Nvrtc {
  Library loaded{kName};
  int (*version)(int*, int*) = nullptr;
  int (*archs_count)(int*) = nullptr;
  int (*archs)(int*) = nullptr;
  bool ok = false;
  int number = 0;

  Nvrtc() {
    ok = loaded.ok() && loaded.load(version, "nvrtcVersion") && loaded.load(archs_count, "nvrtcGetNumSupportedArchs") &&
         loaded.load(archs, "nvrtcGetSupportedArchs");
    int major = 0, minor = 0;
    if (ok) version(&major, &minor);
    number = major * 1000 + minor * 10;
  }
  // The newest architecture not above `arch` of the same generation: its code runs there.
  int nearest(int arch) const {
    int count = 0, best = 0;
    archs_count(&count);
    std::vector<int> all(static_cast<size_t>(count));
    archs(all.data());
    for (int a : all)
      if (a <= arch && a / 10 == arch / 10) best = std::max(best, a);
    return best;
  }
};

Nvrtc& nvrtc() {
  static auto* n = new Nvrtc;
  return *n;
}

std::string hex(uint64_t v) {
  char out[17];
  std::snprintf(out, sizeof out, "%016llx", static_cast<unsigned long long>(v));
  return out;
}

bool is_our_folder(const struct stat& st) { return S_ISDIR(st.st_mode) && st.st_uid == ::geteuid(); }

// Empty where there is no folder to trust.
std::string folder() {
  std::string path;
  struct stat st;
  if (const char* env = std::getenv("NUMLOOM_CACHE_DIR"); env && *env) {
    path = env;
  } else if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache == '/') {
    path = std::string(cache) + "/numloom";
  } else if (const char* home = std::getenv("HOME"); home && ::stat(home, &st) == 0 && is_our_folder(st)) {
    // A home that is not there is not made (`/nonexistent` is that of services), nor does root write into a user's.
    path = std::string(home) + "/.cache/numloom";
  } else {
    return {};
  }
  std::error_code ec;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ec);
  ::mkdir(path.c_str(), 0700);
  if (::lstat(path.c_str(), &st) != 0 || !is_our_folder(st) || (st.st_mode & 077) != 0) return {};
  return path;
}

}  // namespace

const std::vector<HeaderText>& scalar_headers() {
  static const std::vector<HeaderText> headers = {
#include "scalar_text.inc"
  };
  return headers;
}

bool nvrtc_available(std::string* why) {
  if (!nvrtc().ok && why)
    *why = nvrtc().loaded.ok() ? "NVRTC lacks a function that Numloom needs: it is too old." : nvrtc().loaded.why();
  return nvrtc().ok;
}

int nvrtc_version() { return nvrtc().ok ? nvrtc().number : 0; }

std::string nvrtc_compile(const std::string& text, int arch, const std::string& key, std::string* log) {
  Nvrtc& n = nvrtc();
  if (!n.ok) {
    nvrtc_available(log);
    return {};
  }
  const int target = n.nearest(arch);
  if (target == 0) {
    if (log) *log = "NVRTC " + std::to_string(n.number / 1000) + " does not know compute capability " + std::to_string(arch);
    return {};
  }
  const std::string arch_flag = "--gpu-architecture=sm_" + std::to_string(target), dir = folder();
  CompileJob job;
  job.nvrtc = n.loaded.path();
  if (!dir.empty()) job.cache_path = std::filesystem::absolute(dir) / key;
  job.text = text.c_str();
  job.options.assign(std::begin(kFlags), std::end(kFlags));
  job.options.push_back(arch_flag.c_str());
  for (const HeaderText& h : scalar_headers()) {
    job.names.push_back(h.name);
    job.texts.push_back(h.text);
  }
  return compile_elsewhere(job, log);
}

std::string DiskCache::key(const std::string& text, int arch) {
  // Two hashes of different seeds: 128 bits, so that a wrong entry is not to be feared. The headers' part is worked out once.
  static const auto [h, g] = [] {
    std::pair<uint64_t, uint64_t> both{0xcbf29ce484222325ull, 0x84222325cbf29ce4ull};
    for (const HeaderText& header : scalar_headers()) {
      both.first = fnv(both.first, header.text, std::strlen(header.text));
      both.second = fnv(both.second, header.text, std::strlen(header.text)) * 3;
    }
    return both;
  }();
  std::string all = text + "\n" + std::to_string(nvrtc_version()) + " " + std::to_string(arch);
  for (const char* f : kFlags) all += std::string(" ") + f;
  return hex(fnv(h, all.data(), all.size())) + hex(fnv(g, all.data(), all.size())) + ".cubin";
}

std::string DiskCache::load(const std::string& key) {
  const std::string dir = folder();
  if (dir.empty()) return {};
  const int fd = ::open((dir + "/" + key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return {};
  std::string out;
  struct stat st;
  EntryHead head;
  if (::fstat(fd, &st) == 0 && st.st_uid == ::geteuid() && S_ISREG(st.st_mode) &&
      ::read(fd, &head, sizeof head) == sizeof head && std::memcmp(head.magic, kEntryMagic, 8) == 0 &&
      head.size + sizeof head == static_cast<uint64_t>(st.st_size)) {
    out.resize(head.size);
    size_t have = 0;
    for (ssize_t n; have < out.size() && (n = ::read(fd, out.data() + have, out.size() - have)) > 0;)
      have += static_cast<size_t>(n);
    if (have != out.size() || fnv(0, out.data(), out.size()) != head.check) out.clear();
  }
  ::close(fd);
  return out;
}

}  // namespace numloom::cuda
