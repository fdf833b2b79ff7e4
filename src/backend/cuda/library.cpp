#include "backend/cuda/library.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
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

}  // namespace

void add_site_folder(const std::string& folder) {
  std::lock_guard lock(mutex);
  extra_sites().push_back(folder);
}

Library::Library(const LibraryName& name) {
  for (const char* so : name.sonames) {
    handle_ = dlopen(so, RTLD_NOW | RTLD_NOLOAD);
    if (handle_) return;
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
    if (handle_) return;
    if (const char* text = dlerror()) last = text;
  }
  why_ = std::string(name.what) + " was not found (" + name.sonames.front() +
         "; looked in the nvidia-* wheels, conda, the system loader, CUDA_PATH and CUDA_HOME";
  if (!last.empty()) why_ += "; the loader said: " + last;
  why_ += std::string("). ") + name.install;
}

std::string Library::path() const {
  link_map* map = nullptr;
  return handle_ && dlinfo(handle_, RTLD_DI_LINKMAP, static_cast<void*>(&map)) == 0 ? map->l_name : "";
}

void* Library::symbol(const char* name) const { return handle_ ? dlsym(handle_, name) : nullptr; }

}  // namespace numloom::cuda
