// A libcuda.so.1 without a GPU, for tests: memory is the host's, streams run at once, and kernels run on the emulator of
// device.h. A "cubin" of the built-in kernels is not looked at (their sources are compiled in here); one of the JIT's is the
// path of a shared library, made by the libnvrtc beside this.
// EMULATOR_MEMORY limits the bytes of device memory (out-of-memory tests); EMULATOR_DRIVER gives another driver version.
#include "device.h"

#include <cuda.h>
#include <dlfcn.h>

#include <map>
#include <string>

#include "codegen/reduction.h"
#include "device/words.h"

namespace interp_image {
#include "device/interp.cu"
}
namespace stream_image {
#include "device/stream.cu"
}
namespace calls_image {
#include "device/calls.cu"
}

namespace {

using Wrapper = void (*)(void**);

template <auto F, class A>
void one(void** a) {
  F(*static_cast<A*>(a[0]));
}
template <auto F, class A>
void two(void** a) {
  F(*static_cast<A*>(a[0]), *static_cast<int*>(a[1]));
}

using namespace numloom::cuda;
const std::map<std::string, Wrapper>& built_in() {
#define FUNCTION(name, A) {#name, one<interp_image::name, A>},
#define TYPE_FUNCTIONS(t)                                                                               \
  {"scan_" #t, two<calls_image::scan_##t, Lines>}, {"totals_" #t, one<calls_image::totals_##t, Lines>}, \
      {"extremum_" #t, two<calls_image::extremum_##t, Lines>}, {"matmul_" #t, one<calls_image::matmul_##t, Matmul>},
#define ORDERED_FUNCTIONS(t) \
  {"count_" #t, two<calls_image::count_##t, Order>}, {"narrow_" #t, two<calls_image::narrow_##t, Order>},
  static const std::map<std::string, Wrapper> all = {
      FUNCTION(interp4_common, Block) FUNCTION(interp8_common, Block) FUNCTION(interp16, Block) FUNCTION(combine, Combine)
          FUNCTION(publish, Publish){"stream4", one<stream_image::stream4, StreamBlock>},
      {"stream8", one<stream_image::stream8, StreamBlock>},
      TYPE_FUNCTIONS(b1) TYPE_FUNCTIONS(i1) TYPE_FUNCTIONS(i2) TYPE_FUNCTIONS(i4) TYPE_FUNCTIONS(i8) TYPE_FUNCTIONS(u1)
          TYPE_FUNCTIONS(u2) TYPE_FUNCTIONS(u4) TYPE_FUNCTIONS(u8) TYPE_FUNCTIONS(f2) TYPE_FUNCTIONS(f4) TYPE_FUNCTIONS(f8)
              TYPE_FUNCTIONS(c8) TYPE_FUNCTIONS(c16) ORDERED_FUNCTIONS(i1) ORDERED_FUNCTIONS(i2) ORDERED_FUNCTIONS(i4)
                  ORDERED_FUNCTIONS(i8) ORDERED_FUNCTIONS(u1) ORDERED_FUNCTIONS(u2) ORDERED_FUNCTIONS(u4) ORDERED_FUNCTIONS(u8)
                      ORDERED_FUNCTIONS(f4) ORDERED_FUNCTIONS(f8){"scatter", two<calls_image::scatter, Scatter>},
      {"compact", one<calls_image::compact, Compact>},
      {"bincount", one<calls_image::bincount, Bincount>},
      {"transfer", one<calls_image::transfer, Transfers>}};
  return all;
}

struct Function {
  Wrapper wrapper = nullptr;
  void (*compiled)(void**, unsigned, unsigned, unsigned, unsigned) = nullptr;
};
struct Module {
  void* library = nullptr;
  std::map<std::string, Function> functions;
};

size_t used = 0;
size_t limit() {
  const char* env = std::getenv("EMULATOR_MEMORY");
  return env ? std::strtoull(env, nullptr, 10) : size_t{4} << 30;
}
std::map<CUdeviceptr, size_t>& allocations() {
  static std::map<CUdeviceptr, size_t> a;
  return a;
}
CUcontext current = nullptr;

// EMULATOR_SHARED_KIB: of a multiprocessor; one of them is not for blocks.
int shared_bytes() {
  const char* kib = std::getenv("EMULATOR_SHARED_KIB");
  return (kib ? std::atoi(kib) : 228) * 1024;
}
}  // namespace

extern "C" {
CUresult cuInit(unsigned) {
  // The NVRTC beside this must be the one that is found, not one of a wheel: what is loaded already comes first.
  dlopen("libnvrtc.so.13", RTLD_NOW);
  return CUDA_SUCCESS;
}
CUresult cuDriverGetVersion(int* v) {
  const char* env = std::getenv("EMULATOR_DRIVER");
  *v = env ? std::atoi(env) : 13000;
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetCount(int* n) {
  const char* env = std::getenv("CUDA_VISIBLE_DEVICES");
  *n = env && !*env ? 0 : 1;
  return CUDA_SUCCESS;
}
CUresult cuDeviceGet(CUdevice* d, int) { return *d = 0, CUDA_SUCCESS; }
CUresult cuDeviceGetName(char* name, int n, CUdevice) {
  return std::strncpy(name, "Emulator", static_cast<size_t>(n)), CUDA_SUCCESS;
}
CUresult cuDeviceGetAttribute(int* v, CUdevice_attribute a, CUdevice) {
  switch (a) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *v = 9; break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *v = 0; break;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *v = 2; break;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: *v = shared_bytes() - 1024; break;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR: *v = shared_bytes(); break;
    default: *v = 0;
  }
  return CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext* c, CUdevice) { return *c = reinterpret_cast<CUcontext>(&current), CUDA_SUCCESS; }
CUresult cuCtxSetCurrent(CUcontext c) { return current = c, CUDA_SUCCESS; }
CUresult cuCtxGetCurrent(CUcontext* c) { return *c = current, CUDA_SUCCESS; }
CUresult cuGetErrorName(CUresult r, const char** s) {
  return *s = r == CUDA_ERROR_OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR", CUDA_SUCCESS;
}
CUresult cuGetErrorString(CUresult, const char** s) { return *s = "emulated", CUDA_SUCCESS; }
CUresult cuStreamCreate(CUstream* s, unsigned) { return *s = nullptr, CUDA_SUCCESS; }
CUresult cuStreamSynchronize(CUstream) { return CUDA_SUCCESS; }
CUresult cuEventCreate(CUevent* e, unsigned) { return *e = nullptr, CUDA_SUCCESS; }
CUresult cuStreamWaitEvent(CUstream, CUevent, unsigned) { return CUDA_SUCCESS; }
CUresult cuEventRecord(CUevent, CUstream) { return CUDA_SUCCESS; }
CUresult cuEventSynchronize(CUevent) { return CUDA_SUCCESS; }
CUresult cuEventQuery(CUevent) { return CUDA_SUCCESS; }
CUresult cuMemAlloc(CUdeviceptr* p, size_t n) {
  if (used + n > limit()) return CUDA_ERROR_OUT_OF_MEMORY;
  void* m = std::aligned_alloc(512, (n + 511) / 512 * 512);
  if (!m) return CUDA_ERROR_OUT_OF_MEMORY;
  std::memset(m, 0xa5, n);  // poisoned
  *p = reinterpret_cast<CUdeviceptr>(m);
  allocations()[*p] = n;
  used += n;
  return CUDA_SUCCESS;
}
CUresult cuMemFree(CUdeviceptr p) {
  used -= allocations()[p];
  allocations().erase(p);
  std::free(reinterpret_cast<void*>(p));
  return CUDA_SUCCESS;
}
CUresult cuMemGetInfo(size_t* left, size_t* total) { return *left = limit() - used, *total = limit(), CUDA_SUCCESS; }
CUresult cuMemHostAlloc(void** p, size_t n, unsigned) {
  return *p = std::aligned_alloc(4096, (n + 4095) / 4096 * 4096), CUDA_SUCCESS;
}
CUresult cuMemFreeHost(void* p) { return std::free(p), CUDA_SUCCESS; }
CUresult cuMemHostGetDevicePointer(CUdeviceptr* d, void* p, unsigned) {
  return *d = reinterpret_cast<CUdeviceptr>(p), CUDA_SUCCESS;
}
CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void* from, size_t n, CUstream) {
  return std::memcpy(reinterpret_cast<void*>(to), from, n), CUDA_SUCCESS;
}
CUresult cuMemcpyDtoHAsync(void* to, CUdeviceptr from, size_t n, CUstream) {
  return std::memcpy(to, reinterpret_cast<void*>(from), n), CUDA_SUCCESS;
}
CUresult cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, size_t n, CUstream) {
  return std::memmove(reinterpret_cast<void*>(to), reinterpret_cast<void*>(from), n), CUDA_SUCCESS;
}
CUresult cuMemsetD8Async(CUdeviceptr p, unsigned char v, size_t n, CUstream) {
  return std::memset(reinterpret_cast<void*>(p), v, n), CUDA_SUCCESS;
}
CUresult cuModuleLoadData(CUmodule* m, const void* image) {
  auto* module = new Module;
  if (std::strncmp(static_cast<const char*>(image), "emulated ", 9) == 0) {
    module->library = dlopen(static_cast<const char*>(image) + 9, RTLD_NOW | RTLD_LOCAL);
    if (!module->library) return CUDA_ERROR_INVALID_IMAGE;
  } else if (std::memcmp(image, "\177ELF", 4) != 0) {
    return CUDA_ERROR_INVALID_IMAGE;
  }
  *m = reinterpret_cast<CUmodule>(module);
  return CUDA_SUCCESS;
}
CUresult cuModuleGetFunction(CUfunction* f, CUmodule m, const char* name) {
  auto* module = reinterpret_cast<Module*>(m);
  Function& function = module->functions[name];
  if (module->library) {
    function.compiled = reinterpret_cast<decltype(function.compiled)>(dlsym(module->library, "emulated_launch"));
    if (!function.compiled) return CUDA_ERROR_NOT_FOUND;
  } else {
    const auto it = built_in().find(name);
    if (it == built_in().end()) return CUDA_ERROR_NOT_FOUND;
    function.wrapper = it->second;
  }
  *f = reinterpret_cast<CUfunction>(&function);
  return CUDA_SUCCESS;
}
CUresult cuModuleUnload(CUmodule) { return CUDA_SUCCESS; }
CUresult cuFuncSetAttribute(CUfunction, CUfunction_attribute, int) { return CUDA_SUCCESS; }
CUresult cuFuncGetAttribute(int* v, CUfunction_attribute, CUfunction) { return *v = 0, CUDA_SUCCESS; }
CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned, unsigned, unsigned shared,
                        CUstream, void** params, void**) {
  if (gx == 0 || gy == 0 || gz == 0 || gy > 65535 || gz > 65535 || bx == 0 || bx > 1024 ||
      shared > static_cast<unsigned>(shared_bytes()) - 1024)
    return CUDA_ERROR_INVALID_VALUE;
  const auto* function = reinterpret_cast<const Function*>(f);
  if (function->compiled) function->compiled(params, gx, gy, gz, bx);
  else emulator::launch(function->wrapper, params, {gx, gy, gz}, bx);
  return CUDA_SUCCESS;
}
}
