#include "backend/cuda/library.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>

namespace numloom::cuda {
namespace {

namespace fs = std::filesystem;

std::mutex mutex;
std::vector<std::string>& extra_sites() {
  static auto* sites = new std::vector<std::string>;
  return *sites;
}

// The site-packages folders that could hold wheels: those told of, and the one this code lies in.
std::vector<std::string> site_folders() {
  std::vector<std::string> out;
  {
    std::lock_guard lock(mutex);
    out = extra_sites();
  }
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(&site_folders), &info) && info.dli_fname) {
    std::error_code ec;
    fs::path own = fs::weakly_canonical(info.dli_fname, ec);
    out.push_back(own.parent_path().parent_path().string());
  }
  if (const char* env = std::getenv("VIRTUAL_ENV")) {
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(fs::path(env) / "lib", ec))
      if (entry.path().filename().string().starts_with("python")) out.push_back((entry.path() / "site-packages").string());
  }
  return out;
}

sighandler_t no_signal(int, sighandler_t) { return SIG_IGN; }

}  // namespace

void add_site_folder(const std::string& folder) {
  std::lock_guard lock(mutex);
  extra_sites().push_back(folder);
}

Library::Library(const LibraryName& name) {
  for (const char* so : name.sonames) {
    handle_ = dlopen(so, RTLD_NOW | RTLD_NOLOAD);
    if (handle_) {
      path_ = so;
      return;
    }
  }
  std::vector<std::string> candidates;
  for (const std::string& site : site_folders())
    for (const char* wheel : name.wheels)
      for (const char* so : name.sonames) candidates.push_back(site + "/nvidia/" + wheel + "/lib/" + so);
  if (const char* conda = std::getenv("CONDA_PREFIX"))
    for (const char* so : name.sonames) candidates.push_back(std::string(conda) + "/lib/" + so);
  for (const char* so : name.sonames) candidates.push_back(so);
  for (const char* variable : {"CUDA_PATH", "CUDA_HOME"})
    if (const char* root = std::getenv(variable))
      for (const char* folder : {"/lib64/", "/lib/"})
        for (const char* so : name.sonames) candidates.push_back(std::string(root) + folder + so);
  for (const char* so : name.sonames) candidates.push_back(std::string("/usr/local/cuda/lib64/") + so);

  std::string last;
  for (const std::string& path : candidates) {
    std::error_code ec;
    if (path[0] == '/' && !fs::exists(path, ec)) continue;
    handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_) {
      path_ = path;
      return;
    }
    if (const char* text = dlerror()) last = text;
  }
  why_ = std::string(name.what) + " was not found (" + name.sonames.front() +
         "; looked in the nvidia-* wheels, conda, the system loader, CUDA_PATH and CUDA_HOME";
  if (!last.empty()) why_ += "; the loader said: " + last;
  why_ += std::string("). ") + name.install;
}

void Library::keep_from_signals() const {
  link_map* map = nullptr;
  if (!handle_ || dlinfo(handle_, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0) return;
  const ElfW(Rela)* calls = nullptr;  // what the loader wrote the addresses of functions by
  const ElfW(Sym)* symbols = nullptr;
  const char* names = nullptr;
  size_t bytes = 0;
  for (const ElfW(Dyn)* d = map->l_ld; d->d_tag != DT_NULL; ++d) {
    if (d->d_tag == DT_JMPREL) calls = reinterpret_cast<const ElfW(Rela)*>(d->d_un.d_ptr);
    if (d->d_tag == DT_PLTRELSZ) bytes = d->d_un.d_val;
    if (d->d_tag == DT_SYMTAB) symbols = reinterpret_cast<const ElfW(Sym)*>(d->d_un.d_ptr);
    if (d->d_tag == DT_STRTAB) names = reinterpret_cast<const char*>(d->d_un.d_ptr);
  }
  if (!calls || !symbols || !names) return;
  for (size_t i = 0; i < bytes / sizeof *calls; ++i) {
    if (std::strcmp(names + symbols[ELF64_R_SYM(calls[i].r_info)].st_name, "signal") != 0) continue;
    const uintptr_t at = map->l_addr + calls[i].r_offset, page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    if (mprotect(reinterpret_cast<void*>(at / page * page), page, PROT_READ | PROT_WRITE) == 0)
      *reinterpret_cast<decltype(&no_signal)*>(at) = no_signal;
  }
}

void* Library::symbol(const char* name) const { return handle_ ? dlsym(handle_, name) : nullptr; }

}  // namespace numloom::cuda
