// libcuda, opened at run time, and the one device and context that this process uses. Making the Driver creates no
// context; context() does, once. Thread safety: loading is; use of the device is under the engine lock.
#pragma once
#include <cuda.h>

#include <string>

#include "backend/cuda/library.h"

namespace numloom::cuda {

// clang-format off: no two versions of it agree on this list
#define NUMLOOM_CUDA_FUNCTIONS(X)                                                                                              \
  X(cuInit)                                                                                                                    \
  X(cuDriverGetVersion)                                                                                                        \
  X(cuDeviceGetCount) X(cuDeviceGet) X(cuDeviceGetName) X(cuDeviceGetAttribute) X(cuDevicePrimaryCtxRetain) X(cuCtxSetCurrent) \
      X(cuCtxGetCurrent) X(cuGetErrorName) X(cuGetErrorString) X(cuStreamCreate) X(cuStreamSynchronize) X(cuEventCreate)       \
          X(cuEventRecord) X(cuEventSynchronize) X(cuStreamWaitEvent) X(cuEventQuery) X(cuMemAlloc) X(cuMemFree) X(cuMemGetInfo) X(cuMemHostAlloc)  \
              X(cuMemFreeHost) X(cuMemHostGetDevicePointer) X(cuMemcpyHtoDAsync) X(cuMemcpyDtoHAsync) X(cuMemcpyDtoDAsync)     \
                  X(cuMemsetD8Async) X(cuModuleLoadData) X(cuModuleGetFunction) X(cuModuleUnload) X(cuFuncSetAttribute)        \
                      X(cuFuncGetAttribute) X(cuLaunchKernel)
// clang-format on

class Driver {
 public:
  // The process's one; why() is not empty where there is no usable driver or device.
  static Driver& get();
  const std::string& why() const { return why_; }
  bool ok() const { return why_.empty(); }

  // The primary context, current on the calling thread from then on. Throws runtime_error.
  void enter();
  std::string describe(CUresult result) const;

  int arch = 0;             // 90 for compute capability 9.0
  int processors = 0;
  int shared_per_block = 0; // most that a kernel may ask for
  int shared_per_processor = 0;
  int driver_version = 0;   // 12040 for 12.4
  std::string device_name;
  CUdevice device = 0;
  CUcontext context = nullptr;

#define X(f) decltype(&f) f##_ = nullptr;
  NUMLOOM_CUDA_FUNCTIONS(X)
#undef X

 private:
  Driver();
  Library library_;
  std::string why_;
};

// Throws the exception that fits: memory_error where memory ran out, else runtime_error naming `what`, the error and
// its meaning.
void check(CUresult result, const char* what);

}  // namespace numloom::cuda
