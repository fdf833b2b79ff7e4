// A kernel as bytecode of the stream interpreter (device/stream.cu), and the block that a launch of it gets.
// Thread safety: pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "backend/cuda/device/block.h"
#include "backend/cuda/driver.h"
#include "codegen/collapse.h"

namespace numloom::cuda {

// Registers and constants are numbered in `code` (x, y, dst; the third operand above kStreamAux); the block gets offsets.
struct StreamCodes {
  bool ok = false;  // elementwise, of common ops, no coordinates and no gathers
  int width = 4;    // bytes of a word: 4 or 8
  int nregs = 0;
  bool needs_spare = false;  // one more
  std::vector<StreamInstr> code;
  std::vector<int16_t> constants;  // scalars, in the order of their numbers
  const char* entry() const { return width == 4 ? "stream4" : "stream8"; }
  int elements() const { return 2 * 32 * 16 / width; }  // of a warp's tile
  std::string print() const;
};

StreamCodes encode_stream(const Kernel& kernel);

struct StreamLaunch {
  int64_t blocks = 0;
  int warps = 0;   // of a block
  int shared = 0;  // bytes
};

// False where the nest or the block's size does not suit. REQUIRES: `codes.ok`, a nest that is not empty.
bool fill_stream(const Kernel& kernel, const StreamCodes& codes, const Nest& nest, const KernelArgs& args, const Driver& device,
                 StreamBlock& block, StreamLaunch& launch);

}  // namespace numloom::cuda
