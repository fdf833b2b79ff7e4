#include "backend/cuda/nvrtc.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "backend/cuda/library.h"

namespace numloom::cuda {
namespace {

const LibraryName kName = {"NVRTC",
                           {"libnvrtc.so.13", "libnvrtc.so.12"},
                           {"cu13", "cuda_nvrtc"},
                           "Install it with: pip install nvidia-cuda-nvrtc-cu12 (without it kernels run in the interpreter)."};

const char* const kFlags[] = {"--std=c++17",     "--fmad=false",     "--ftz=false",
                              "--prec-div=true", "--prec-sqrt=true", "--disable-warnings"};

using Program = struct NvrtcProgram*;

struct Nvrtc {
  Library loaded{kName};
  int (*version)(int*, int*) = nullptr;
  int (*create)(Program*, const char*, const char*, int, const char* const*, const char* const*) = nullptr;
  int (*destroy)(Program*) = nullptr;
  int (*compile)(Program, int, const char* const*) = nullptr;
  int (*log_size)(Program, size_t*) = nullptr;
  int (*log)(Program, char*) = nullptr;
  int (*cubin_size)(Program, size_t*) = nullptr;
  int (*cubin)(Program, char*) = nullptr;
  int (*archs_count)(int*) = nullptr;
  int (*archs)(int*) = nullptr;
  bool ok = false;
  int number = 0;

  Nvrtc() {
    ok = loaded.ok() && loaded.load(version, "nvrtcVersion") && loaded.load(create, "nvrtcCreateProgram") &&
         loaded.load(destroy, "nvrtcDestroyProgram") && loaded.load(compile, "nvrtcCompileProgram") &&
         loaded.load(log_size, "nvrtcGetProgramLogSize") && loaded.load(log, "nvrtcGetProgramLog") &&
         loaded.load(cubin_size, "nvrtcGetCUBINSize") && loaded.load(cubin, "nvrtcGetCUBIN") &&
         loaded.load(archs_count, "nvrtcGetNumSupportedArchs") && loaded.load(archs, "nvrtcGetSupportedArchs");
    int major = 0, minor = 0;
    if (ok) version(&major, &minor);
    // While it compiles, on a thread of ours, it would take SIGINT and SIGTERM of the whole process, and end it at a Ctrl-C.
    loaded.keep_from_signals();
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

uint64_t fnv(uint64_t h, const void* data, size_t n) {
  for (size_t i = 0; i < n; ++i) h = (h ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3ull;
  return h;
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

// What an entry begins with: it is whole where size and check fit.
struct EntryHead {
  char magic[8];
  uint64_t size, check;
};
constexpr char kMagic[8] = {'n', 'u', 'm', 'l', 'o', 'o', 'm', '1'};

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

std::string nvrtc_compile(const std::string& text, int arch, std::string* log) {
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
  std::vector<const char*> names, texts;
  for (const HeaderText& h : scalar_headers()) {
    names.push_back(h.name);
    texts.push_back(h.text);
  }
  Program program = nullptr;
  if (n.create(&program, text.c_str(), "kernel.cu", static_cast<int>(texts.size()), texts.data(), names.data()) != 0) return {};
  const std::string arch_flag = "--gpu-architecture=sm_" + std::to_string(target);
  std::vector<const char*> flags(std::begin(kFlags), std::end(kFlags));
  flags.push_back(arch_flag.c_str());
  const int rc = n.compile(program, static_cast<int>(flags.size()), flags.data());
  std::string out;
  size_t size = 0;
  if (rc == 0 && n.cubin_size(program, &size) == 0) {
    out.resize(size);
    if (n.cubin(program, out.data()) != 0) out.clear();
  }
  if (out.empty() && log && n.log_size(program, &size) == 0) {
    log->resize(size);
    n.log(program, log->data());
  }
  n.destroy(&program);
  return out;
}

std::string DiskCache::key(const std::string& text, int arch) {
  // Two hashes of different seeds: 128 bits, so that a wrong entry is not to be feared.
  std::string all = text + "\n" + std::to_string(nvrtc_version()) + " " + std::to_string(arch);
  for (const char* f : kFlags) all += std::string(" ") + f;
  uint64_t h = 0xcbf29ce484222325ull, g = 0x84222325cbf29ce4ull;
  for (const HeaderText& header : scalar_headers()) {
    h = fnv(h, header.text, std::strlen(header.text));
    g = fnv(g, header.text, std::strlen(header.text)) * 3;
  }
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
      ::read(fd, &head, sizeof head) == sizeof head && std::memcmp(head.magic, kMagic, 8) == 0 &&
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

bool DiskCache::store(const std::string& key, const std::string& cubin) {
  const std::string dir = folder();
  if (dir.empty()) return false;
  std::string temporary = dir + "/." + key + ".XXXXXX";
  const int fd = ::mkstemp(temporary.data());
  if (fd < 0) return false;
  EntryHead head;
  std::memcpy(head.magic, kMagic, 8);
  head.size = cubin.size();
  head.check = fnv(0, cubin.data(), cubin.size());
  const std::string all = std::string(reinterpret_cast<const char*>(&head), sizeof head) + cubin;
  size_t done = 0;
  for (ssize_t n; done < all.size() && (n = ::write(fd, all.data() + done, all.size() - done)) > 0;)
    done += static_cast<size_t>(n);
  const bool ok = ::close(fd) == 0 && done == all.size() && ::rename(temporary.c_str(), (dir + "/" + key).c_str()) == 0;
  if (!ok) ::unlink(temporary.c_str());
  return ok;
}

}  // namespace numloom::cuda
