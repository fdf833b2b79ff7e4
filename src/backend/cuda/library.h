// NVIDIA's libraries, opened when first needed and each on its own: one package serves machines with and without a GPU.
// Looked for in: what the process has loaded already, the nvidia-* wheels, conda, the system loader, CUDA_PATH and CUDA_HOME.
// Thread safety: any thread.
#pragma once
#include <string>
#include <vector>

namespace numloom::cuda {

struct LibraryName {
  const char* what;                  // "NVRTC"
  std::vector<const char*> sonames;  // newest first
  std::vector<const char*> wheels;   // folders under site-packages/nvidia
  const char* install;               // what the user should install
};

// Where else to look (site-packages folders of the running Python). Call before first use.
void add_site_folder(const std::string& folder);

class Library {
 public:
  // Never throws: ok() says whether it was found, why() what was tried and what to install.
  explicit Library(const LibraryName& name);
  bool ok() const { return handle_ != nullptr; }
  const std::string& why() const { return why_; }
  // Of the file; empty where it was not found.
  std::string path() const;
  void* symbol(const char* name) const;  // nullptr where the library has none
  template <class F>
  bool load(F*& f, const char* name) const {
    f = reinterpret_cast<F*>(symbol(name));
    return f != nullptr;
  }

 private:
  void* handle_ = nullptr;
  std::string why_;
};

}  // namespace numloom::cuda
