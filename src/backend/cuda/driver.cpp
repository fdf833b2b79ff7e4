#include "backend/cuda/driver.h"

#include "numloom/error.h"

namespace numloom::cuda {
namespace {

// cuda.h maps most names to their newest version by macro; the version is part of the symbol.
#define NUMLOOM_TEXT_(f) #f
#define NUMLOOM_TEXT(f) NUMLOOM_TEXT_(f)

const LibraryName kName = {
    "The NVIDIA driver (libcuda)", {"libcuda.so.1"}, {}, "Install an NVIDIA driver of CUDA 12 or newer."};

}  // namespace

Driver& Driver::get() {
  static auto* driver = new Driver;  // never destroyed: the process may end with work in flight
  return *driver;
}

Driver::Driver() : library_(kName) {
  if (!library_.ok()) {
    why_ = library_.why();
    return;
  }
#define X(f)                                                                 \
  f##_ = reinterpret_cast<decltype(f##_)>(library_.symbol(NUMLOOM_TEXT(f))); \
  if (!f##_) why_ = "The NVIDIA driver is too old: it lacks " NUMLOOM_TEXT(f) ". Install one of CUDA 12 or newer.";
  NUMLOOM_CUDA_FUNCTIONS(X)
#undef X
  if (!why_.empty()) return;
  if (const CUresult r = cuInit_(0); r != CUDA_SUCCESS) {
    why_ = r == CUDA_ERROR_NO_DEVICE ? "The NVIDIA driver sees no CUDA device (is CUDA_VISIBLE_DEVICES empty?)."
                                     : "The NVIDIA driver did not start: " + describe(r) + ".";
    return;
  }
  cuDriverGetVersion_(&driver_version);
  if (driver_version < 12000) {
    why_ = "The NVIDIA driver is too old: it supports CUDA " + std::to_string(driver_version / 1000) + "." +
           std::to_string(driver_version % 1000 / 10) + ". Install one of CUDA 12 or newer.";
    return;
  }
  int count = 0;
  if (cuDeviceGetCount_(&count) != CUDA_SUCCESS || count == 0) {
    why_ = "The NVIDIA driver sees no CUDA device (is CUDA_VISIBLE_DEVICES empty?).";
    return;
  }
  cuDeviceGet_(&device, 0);
  char name[256] = "";
  cuDeviceGetName_(name, sizeof name, device);
  device_name = name;
  const auto attribute = [&](CUdevice_attribute a) {
    int v = 0;
    cuDeviceGetAttribute_(&v, a, device);
    return v;
  };
  arch = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) * 10 + attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  processors = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  shared_per_block = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  shared_per_processor = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
  if (arch < 75)
    why_ = device_name + " has compute capability " + std::to_string(arch / 10) + "." + std::to_string(arch % 10) +
           "; Numloom needs 7.5 or newer.";
}

void Driver::enter() {
  if (!ok()) throw runtime_error(why_);
  if (!context) check(cuDevicePrimaryCtxRetain_(&context, device), "creating a context");
  // Other libraries in the process may have made theirs current on this thread.
  CUcontext now = nullptr;
  cuCtxGetCurrent_(&now);
  if (now != context) check(cuCtxSetCurrent_(context), "entering the context");
}

std::string Driver::describe(CUresult result) const {
  const char* name = nullptr;
  const char* text = nullptr;
  if (cuGetErrorName_) cuGetErrorName_(result, &name);
  if (cuGetErrorString_) cuGetErrorString_(result, &text);
  return std::string(name ? name : "CUDA error " + std::to_string(result)) + (text ? std::string(": ") + text : "");
}

void check(CUresult result, const char* what) {
  if (result == CUDA_SUCCESS) return;
  if (result == CUDA_ERROR_OUT_OF_MEMORY) throw memory_error(std::string("CUDA is out of memory while ") + what);
  throw runtime_error(std::string("CUDA failed while ") + what + ": " + Driver::get().describe(result),
                      result == CUDA_ERROR_ILLEGAL_ADDRESS || result == CUDA_ERROR_LAUNCH_FAILED
                          ? "The device's context is lost; device=\"cpu\" still works in this process."
                          : "");
}

}  // namespace numloom::cuda
