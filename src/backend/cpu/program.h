// A kernel as the block interpreter runs it: instructions over registers that hold one block of elements each.
// Immutable once made; any thread. Invariant: register lifetimes do not overlap, except that an instruction may write
// the register of an operand of the same element size that dies there.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/cpu/loops.h"
#include "plan/kernel.h"

namespace numloom::cpu {

enum class Code : uint8_t { load, gather, index, loop };

struct BlockInstr {
  Code code;
  uint8_t item;             // load, gather: element size
  int16_t dst, a, b, c;     // values
  int16_t aux;              // slot or axis
  bool held = false;        // load: into a register at once, because the memory changes before the value's last use
  int16_t into = -1;  // load: the slot it is stored to, whose memory may serve as its register where it must be gathered
  uint8_t weight = 1;  // see BlockProgram::weight
  uint8_t warns = 0;  // kWarn* that it can give; asked for when the hardware's flags say so
  bool always_ask = false;  // integer division: there is no flag
  bool results_tell = false;  // it warns but raises no flags
  AskFn special = nullptr;  // floats that warn: whether a result calls for it
  int8_t parts = 1;  // floats in a result, for `special`
  LoopFn fn = nullptr;
  const KInstr* source = nullptr;
  // In strips: one loop for this instruction and the one that computes an operand of it, and where that is; -1 for none.
  LoopFn pair = nullptr;
  int16_t first = -1;
  int16_t inner = -1;  // of three in one loop, LoopTable::logistic: the exp, `first` being the sum
  int16_t with[3] = {-1, -1, -1};  // the operands of that loop
  BesideFn both = nullptr;  // in strips: one loop for this instruction, its `first` included, and for the one before it
  int16_t beside = -1;
  bool taken = false;  // it is a `first`, `inner` or `beside`
};

struct BlockProgram {
  Kernel kernel;  // a copy: sources point into it
  std::vector<BlockInstr> code;
  std::vector<int16_t> reg;  // per value: its register; -1 where it is never held (scalars used as single elements)
  std::vector<int16_t> filled;  // scalar values repeated over a register of their own, once per launch
  std::vector<int16_t> scalar_value;  // per scalar: the value it defines
  std::vector<int16_t> direct_slot;  // per value: the slot whose memory may serve as its register, or -1
  std::vector<int16_t> direct;  // the values that have one
  bool askable = true;  // flags, or results, tell of every warning
  bool straight = true;  // loads, each read where it lies, and loops: nothing else
  std::vector<KStore> copies;  // stores that no loop does by writing to memory at once
  int nregs = 0;  // the last one is spare: see Frame::checked
  int item = 1;  // largest element size
  int loops = 0;  // instructions that compute
  int weight = 1;  // rough cost of an element, in units of one simple loop

  // An instruction a line, numbered. r: a register, s: a scalar used as a single element, #: a slot. A load, and what is
  // `direct` to a slot, is in the register only where the slot's memory cannot serve as one. Pairs, and what is beside, are one loop in strips.
  std::string print() const;
};

std::unique_ptr<BlockProgram> compile(const Kernel& kernel);

}  // namespace numloom::cpu
