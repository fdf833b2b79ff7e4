// What only a CUDA device has, for the bindings. Thread safety: under the engine lock, but add_site_folder, start_early, end_start.
#pragma once
#include <cstdint>
#include <string>

#include "backend/cuda/library.h"  // add_site_folder

namespace numloom::cuda {

// Gives cached device memory back to the driver; nothing where no context was made.
void free_all_blocks();
// Makes the context on a thread of its own while the program still imports its modules, and with `products` loads cuBLAS. REQUIRES:
// there is a device. What fails there is met again where it is needed. Called once at most, by the thread that calls end_start.
void start_early(bool products);
// Waits for it: before a fork, and before the process ends.
void end_start();
// To be called before the process ends, and safe at any time: Jit::stop.
void stop_compiling();
// Copies memory of others on the device, once what is on `stream` is done (0: nothing to wait for, 1: the legacy default
// stream, 2: the thread's own); when it returns, they may change it again.
void copy_in(void* to, uint64_t from, int64_t nbytes, uint64_t stream);
// What comes onto that stream from now on waits for what is on ours.
void let_follow(uint64_t stream);
// "NVIDIA H200, compute capability 9.0, driver of CUDA 13.0"; throws runtime_error where there is no device.
std::string device_description();

}  // namespace numloom::cuda
