// The block interpreter: tier 0 on the CPU. See interpreter.cpp for how a nest is cut into blocks.
#pragma once
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/loops.h"
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
  // The same for the elements [begin, end) of a whole nest, block by block.
  void evaluate_all(int64_t begin, int64_t end);
  // Where value v of the last evaluation lies.
  const char* value(int16_t v) const { return at_[v]; }
  const Nest& nest() const { return nest_; }

  // Warnings met: mask per instruction of the block program. Empty where nobody wants to know.
  std::vector<uint8_t> events;

 private:
  // One loop of a block whose slots are all dense.
  struct Step {
    LoopFn fn;
    BesideFn both;            // or null: which of the two to call
    char* at[6];              // dst and operands, in the strip that runs
    int64_t by[6];            // how far they go on from strip to strip; not where it is a register or a scalar
    int32_t weight;           // of all its instructions
    int32_t aheads;           // how many of aheads_ are asked for before the next step
    int64_t asks;             // -1, or the instruction whose results tell of warnings
  };
  // Lines of memory that a later strip will need.
  struct Ahead {
    char* at;
    int64_t by;
  };

  // Where the block's elements of slot s lie densely, or null.
  char* dense(int s, const Cursor& c, int from, int to, int64_t n, const std::vector<int64_t>* shift) const;
  // Where it lies if so.
  char* memory(int s, const Cursor& c, int from, int to, const std::vector<int64_t>* shift) const {
    return nest_.slots[s].base + (shift ? (*shift)[s] : 0) + c.offset(nest_.slots[s], from, to);
  }
  bool all_dense(const Cursor& c, int from, int to, int64_t n) const;
  // Repeats scalar value v over the elements [begin, end) of a register.
  void fill(int16_t v, char* to, int64_t begin, int64_t end) const;
  // Has the scalars repeated over n elements of the registers of a block, which strips do without.
  void fill_block(int64_t n);
  // Straight programs over dense slots: strip by strip, unasked. False: something happened that may call for a warning.
  bool run_strips(const Cursor& c, int from, int to, int64_t n, const std::vector<int64_t>* shift);
  void spread_ahead(const Cursor& c, int from, int to, const std::vector<int64_t>* shift);
  // The same instruction by instruction over the whole block.
  void run_straight(const Cursor& c, int from, int to, int64_t n, const std::vector<int64_t>* shift);
  // Runs a loop that may warn, and asks which warnings where something happened.
  void checked(const BlockInstr& b, char* dst, int64_t n);

  const BlockProgram& p_;
  const Nest& nest_;
  const int64_t block_;
  bool linear_ = true;           // every slot lies densely over every block
  bool unasked_;                 // blocks may run in strips: nothing to warn of, or they can be run again to ask
  bool wary_ = false;            // the last block met something: the next one is asked at once
  bool ahead_;                   // strips ask for the memory of later ones
  int64_t strip_;                // elements in a strip
  std::vector<char*> reg_;       // per register, a block long
  std::vector<char*> strip_reg_; // per register, a strip long; empty where blocks are no longer
  std::vector<char*> at_;        // per value, in the current block
  std::vector<int> item_;        // per value, in run_strips: element size where it lies in memory, else 0
  std::vector<Step> steps_;
  std::vector<Ahead> aheads_;
  std::vector<Scalar> scalars_;  // per value that is a scalar
  int64_t filled_ = 0;           // elements over which scalars are repeated in the registers of a block
};

void run_map(const BlockProgram& p, const Nest& nest, const std::vector<Scalar>& scalars, std::vector<FloatEvent>* events);
void run_reduce(const BlockProgram& p, const Nest& nest, const std::vector<Scalar>& scalars, std::vector<FloatEvent>* events);

// Appends a frame's events; `origin` is the index in kernel.code, because a compiled program serves every kernel of its hash.
void collect(const BlockProgram& p, const Frame& f, std::vector<FloatEvent>* events);

}  // namespace numloom::cpu
