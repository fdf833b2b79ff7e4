// The structure of one fused kernel: a loop nest over one iteration space. No sizes, pointers or values: those come
// with each launch as KernelArgs, so one Kernel serves every size. Both interpreters and the JITs execute this.
//
// Semantics, per element of the iteration space: every instruction in order; each load reads what memory held before
// the kernel began (the planner forwards values stored earlier in the same kernel), each store writes at the end.
// Any two views of one buffer in a kernel, one of them stored, are identical or disjoint.
// Invariants: SSA (each value is defined once, before its uses); value v has type value_types[v].
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "array/dtype.h"
#include "array/layout.h"
#include "ops_table.h"  // generated: enum class Op, OpInfo, op_info()

namespace numloom {

enum class KCode : uint8_t {
  load,    // dst = slot[index]
  gather,  // dst = slot at (strides . index + a) bytes; a is an int64 byte offset
  scalar,  // dst = args.scalars[aux], of type `type`
  index,   // dst = int64 coordinate along axis `aux` of the iteration space
  cast,    // dst = a converted from value_types[a] to `type`
  op,      // dst = op(a, b, c) computed in `type`
};

struct KInstr {
  KCode code;
  DType type;          // op: the compute type (of the inputs); else the type of dst
  Op op = Op::none;
  int16_t dst = -1, a = -1, b = -1, c = -1;
  int16_t aux = -1;    // load, gather: slot; scalar: index into scalars; index: axis
  int32_t origin = -1; // the program instruction it came from, for warnings
};

struct KStore {
  int16_t value, slot;  // value_types[value] == slots[slot].dtype
};

// slots[slot] has one element for each index of the kept axes (stride 0 along the reduced ones).
// Order of accumulation: see codegen/reduction.h. The accumulator has type `type`, which is value_types[value].
struct KReduce {
  Op op;  // add, multiply, minimum, maximum, logical_and, logical_or, ...: any with OpInfo::reduces
  DType type;
  int16_t value, slot;
  int32_t origin = -1;  // as KInstr's
};

struct KSlot {
  DType dtype;
  bool stored;   // a store or a reduction writes it
  bool loaded;
};

struct Kernel {
  std::vector<KInstr> code;
  std::vector<DType> value_types;
  std::vector<KSlot> slots;
  std::vector<KStore> stores;
  std::vector<KReduce> reduces;
  uint32_t reduced_axes = 0;  // bit d: axis d is reduced. 0 where there are no reduces.
  int nscalars = 0;
  uint64_t hash = 0;          // of all of the above: the key of compiled forms

  void finish();              // computes hash
  std::string print() const;
  void verify() const;        // throws std::logic_error naming the broken invariant
};

struct KSlotArgs {
  char* base;                  // address of element (0, ..., 0), on the executing device
  int64_t strides[kMaxDims];   // bytes, per axis of the iteration space
};

struct KernelArgs {
  int ndim;
  int64_t shape[kMaxDims];
  std::vector<KSlotArgs> slots;
  std::vector<Scalar> scalars;  // already of the type the code says
};

}  // namespace numloom
