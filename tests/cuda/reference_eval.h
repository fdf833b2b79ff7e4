// A scalar evaluator of kernels: the oracle for backends. One element at a time, no collapsing, no registers, the reduction
// order straight from codegen/reduction.h. Arithmetic is that of the op headers, as compiled for the host.
#pragma once
#include "plan/kernel.h"

namespace numloom {

// Runs `kernel` on host memory. Loads see memory as it was before the kernel (stores are held back to the end).
void reference_run(const Kernel& kernel, const KernelArgs& args);

}  // namespace numloom
