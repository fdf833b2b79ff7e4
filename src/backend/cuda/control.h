// What only a CUDA device has, for the bindings. Thread safety: under the engine lock, but add_site_folder.
#pragma once
#include <cstdint>
#include <string>

#include "backend/cuda/library.h"  // add_site_folder

namespace numloom::cuda {

// Gives cached device memory back to the driver; nothing where no context was made.
void free_all_blocks();
// To be called before the process ends, and safe at any time: Jit::stop.
void stop_compiling();
// "NVIDIA H200, compute capability 9.0, driver of CUDA 13.0"; throws runtime_error where there is no device.
std::string device_description();

}  // namespace numloom::cuda
