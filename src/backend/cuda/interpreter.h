// A kernel as bytecode of the CUDA interpreter (device/interp.cu), and the block that a launch of it gets.
// Thread safety: pure functions.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "backend/cuda/device/block.h"
#include "codegen/text.h"

namespace numloom::cuda {

// REQUIRES of run time: registers, constants and instructions fit; `ok` says so (else only the JIT can run the kernel).
struct Bytecode {
  bool ok = false;
  int width = 4;         // bytes of a register: 4 or 8 where the interpreters of common ops have all it needs, else 16
  bool common = false;
  bool has_index = false;
  int nregs = 0;
  std::vector<Instr> code;          // aux of kIndex: the kernel's axis; the block gets the nest's
  std::vector<int16_t> constants;   // scalars, in the order of their operand numbers
  std::vector<int16_t> reduce_regs; // per reduction: register of its value
  int elements() const { return 16 / width; }
  const char* entry() const;
  std::string print() const;
};

Bytecode encode(const Kernel& kernel);

// The order in which both interpreters execute: instructions by number, and kStoreStep + s for store s. Loads come several
// together (they run at the same time), and each store as soon as its value is there and nothing is left to be read.
constexpr int kStoreStep = 1 << 20;
std::vector<int> schedule(const Kernel& kernel);

// What both interpreters need to know of a kernel before they encode it.
// Bytes of the widest value or element, at least 4.
int width_of(const Kernel& kernel);
// The id (device/block.h) of an op or a cast. A cast to the same type is a copy.
int id_of(const Kernel& kernel, const KInstr& in);
// "add.f8", "cast i8 -> f8", and how many operands it has.
std::string name_of(int id);
int operands_of(int id);
// The values that a step reads; -1 where there is none.
std::array<int, 3> operands(const Kernel& kernel, int step);
// Per value: the place in `steps` of the last one that reads it, the end of `steps` where a reduction does; -1: none does.
std::vector<int> last_uses(const Kernel& kernel, const std::vector<int>& steps);
// Whether the loads that are under way must have ended before a step that reads values v: they may be among these, and a
// store may overwrite what is being loaded.
bool must_wait(const std::vector<int>& pending, int step, const std::array<int, 3>& v);
// Numbers the scalars from 0 on: which each is goes to `constants`, `first` + number to operand[value].
void place_constants(const Kernel& kernel, int first, std::vector<int>& operand, std::vector<int16_t>& constants);

struct Launch {
  Loop loop = kFlat;
  int threads = 128;
  int64_t tiles = 0;
  int shared = 0;  // bytes
};

// The words of the block and the shape of its launch. Results are given for reductions only. False where it cannot run in
// `shared_limit` bytes of shared memory.
bool fill_block(const Kernel& kernel, const Bytecode& bytecode, const Nest& nest, const KernelArgs& args, Loop loop,
                int64_t nred, int64_t nout, int depth, const std::vector<LeafResult>& results, int shared_limit,
                int shared_per_processor, std::vector<uint64_t>& words, Launch& launch);

}  // namespace numloom::cuda
