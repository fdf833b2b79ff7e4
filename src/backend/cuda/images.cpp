#include "backend/cuda/images.h"

#include <cstring>

#include "backend/cuda/nvrtc.h"
#include "numloom/error.h"

// The images lie in the library as they are: no copy, no unpacking, and pages are read only where used.
asm(".pushsection .rodata\n"
    ".balign 64\n"
    "numloom_cuda_images:\n"
    ".incbin \"" NUMLOOM_CUDA_IMAGES
    "\"\n"
    ".byte 0\n"
    ".popsection\n");
extern "C" __attribute__((visibility("hidden"))) const char numloom_cuda_images[];

namespace numloom::cuda {
namespace {

struct Image {
  const char* source;
  int arch;
  size_t offset, size;
};
const Image kImages[] = {
#include "images.inc"
};

struct Source {
  const char* name;
  const char* text;  // with all it includes
};
const Source kSources[] = {
#include "device_text.inc"
};

}  // namespace

CUmodule Images::module(const char* source) {
  CUmodule& module = modules_[source];
  if (module) return module;
  Driver& d = Driver::get();
  const Image* best = nullptr;
  for (const Image& i : kImages)
    if (std::strcmp(i.source, source) == 0 && i.arch <= d.arch && i.arch / 10 == d.arch / 10 && (!best || i.arch > best->arch))
      best = &i;
  if (best) {
    check(d.cuModuleLoadData_(&module, numloom_cuda_images + best->offset), "loading the built-in kernels");
    return module;
  }
  for (const Source& s : kSources) {
    if (std::strcmp(s.name, source) != 0) continue;
    const std::string key = DiskCache::key(s.text, d.arch);
    std::string log, cubin = DiskCache::load(key);
    if (cubin.empty()) cubin = nvrtc_compile(s.text, d.arch, key, &log);
    if (cubin.empty())
      throw runtime_error("Numloom was not built for " + d.device_name + " and could not compile its kernels for it: " + log);
    check(d.cuModuleLoadData_(&module, cubin.data()), "loading the kernels");
  }
  return module;
}

CUfunction Images::function(const char* source, const std::string& name) {
  CUfunction& f = functions_[name];
  if (!f) check(Driver::get().cuModuleGetFunction_(&f, module(source), name.c_str()), ("finding the kernel " + name).c_str());
  return f;
}

}  // namespace numloom::cuda
