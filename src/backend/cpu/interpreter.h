// The block interpreter: tier 0 on the CPU. See interpreter.cpp for how a nest is cut into blocks.
#pragma once
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/program.h"
#include "backend/cpu/strided.h"
#include "codegen/collapse.h"

namespace numloom::cpu {

// Elements in a block at most; NUMLOOM_BLOCK for tests.
int64_t block_elements(const BlockProgram& p);

// One thread's registers for one launch. REQUIRES: one frame at a time on a thread, whose register memory it borrows.
class Frame {
 public:
  Frame(const BlockProgram& p, const Nest& nest, const std::vector<Scalar>& scalars, int64_t block, bool check);

  // Evaluates n elements from cursor `c` on, in C order of the nest's axes [from, to); slots start at their base plus
  // `shift` (the offset of the fixed axes). Stores what is to be stored.
  void evaluate(const Cursor& c, int from, int to, int64_t n, const std::vector<int64_t>* shift = nullptr);
  // Where value v of the last evaluation lies.
  const char* value(int16_t v) const { return at_[v]; }
  const Nest& nest() const { return nest_; }

  // Warnings met: mask per instruction of the block program. Empty where nobody wants to know.
  std::vector<uint8_t> events;

 private:
  // The same where every slot is linear and every instruction a loop.
  void run_straight(const Cursor& c, int from, int to, int64_t n, const std::vector<int64_t>* shift);
  // Runs a loop that may warn, and asks which warnings where something happened.
  void checked(const BlockInstr& b, char* dst, int64_t n);

  const BlockProgram& p_;
  const Nest& nest_;
  bool straight_ = false;
  std::vector<char*> reg_;       // per register
  std::vector<char*> at_;        // per value, in the current block
  std::vector<Scalar> scalars_;  // per value that is a scalar
};

void run_map(const BlockProgram& p, const Nest& nest, const std::vector<Scalar>& scalars, std::vector<FloatEvent>* events);
void run_reduce(const BlockProgram& p, const Nest& nest, const std::vector<Scalar>& scalars, std::vector<FloatEvent>* events);

// Appends a frame's events; `origin` is the index in kernel.code, because a compiled program serves every kernel of its hash.
void collect(const BlockProgram& p, const Frame& f, std::vector<FloatEvent>* events);

}  // namespace numloom::cpu
