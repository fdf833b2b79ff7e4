// The CPU's inner loops: one per (op, compute type), generated from ops/table.py around the scalar functions of
// ops/scalar/, and compiled once per CPU level. The block interpreter and the eager path are made of these.
//
// Thread safety: the table is constant once made; loops touch only what they are given.
// Contract of every loop: operands are contiguous, naturally aligned runs of n elements, of the types that op_input_type and
// op_output_type say. dst may be identical with an operand of the same element size, else overlaps none. n may be 0. Unused
// operands are ignored. Bools are bytes 0 and 1, in and out. The values do not depend on n, the level, or how a
// run is cut into calls. The hardware's flag of an invalid operation rises where an argument is out of the fast range of a
// `ranged` op (OpInfo), be it invalid or not, and where a cast of float32 or float64 meets what the integer type lacks.
#pragma once
#include <cstdint>

#include "ops_table.h"

namespace numloom {

using LoopFn = void (*)(void* dst, const void* a, const void* b, const void* c, int64_t n);
using ReduceFn = void (*)(void* out, const void* in, int64_t n);
using RowsFn = void (*)(void* dst, const void* first, const void* rows, int64_t stride, int64_t n, int64_t width);
using AskFn = bool (*)(const void* in, int64_t n);
// Two loops in one: `at` holds dst, a and b of the one, then of the other; b is a where there is one operand.
using BesideFn = void (*)(char* const at[6], int64_t n);

// Of an operand of the length that the block interpreter asks for most (interpreter.h); loops have a form of their own for it.
inline constexpr int64_t kStripBytes = 1024;

// The place of an op in LoopTable::pair; -1 where it has none. From kPairFirst on only as the second one.
inline constexpr int kPairFirst = 4, kPairSecond = 6;
constexpr int pair_index(Op op) {
  switch (op) {
    case Op::add: return 0;
    case Op::subtract: return 1;
    case Op::multiply: return 2;
    case Op::divide: return 3;
    case Op::exp: return 4;
    case Op::log: return 5;
    default: return -1;
  }
}

// The place of an op in LoopTable::beside; -1 where it has none.
inline constexpr int kBesides = 2;
constexpr int beside_index(Op op) { return op == Op::sqrt ? 0 : op == Op::divide ? 1 : -1; }

struct LoopTable {
  const char* level;  // "v3" or "v4": x86-64-v3, x86-64-v4

  LoopFn op[kOps][kDTypes];  // nullptr where !op_supports

  // The same for binary ops where one operand is a single element, which its pointer then points to: a in op_sv, b in op_vs.
  // nullptr where there is none: repeat the element into a block and use `op`.
  LoopFn op_sv[kOps][kDTypes];
  LoopFn op_vs[kOps][kDTypes];

  // Two ops in one loop, for float32 and float64: [first][second][0] is (a first b) second c, [1] is c second (a first b), of the
  // ops that pair_index numbers; or [first][second][0] is second(a first b), of the functions that it numbers after them.
  LoopFn pair[kPairFirst][kPairSecond][2][kDTypes];

  // For float64, a function that pair_index numbers, of one operand ([0]) or of (a first b) with a `first` that needs no
  // divider ([1 + its number]), and beside it an op that needs nothing else: while the divider works on that one, the multiply-add
  // units compute the function. Its result may be no operand of the function, which may overwrite operands of both.
  BesideFn beside[kBesides][kPairSecond - kPairFirst][kPairFirst][kDTypes];

  // c / (b + exp(a)), for float32 and float64: the divider works while the next exponentials are computed.
  LoopFn logistic[kDTypes];

  LoopFn cast[kDTypes][kDTypes];  // [from][to]: C's conversions made total; dst = cast(a)

  // The reduction of n >= 1 contiguous elements to one, in the order that holds on every device: fewer than 8 in turn; up to
  // 128 in 8 lanes folded as ((0+1)+(2+3))+((4+5)+(6+7)), the rest added in turn; above that split at n/2 rounded
  // down to a multiple of 8. Ops for which order changes nothing take the fastest. float16 accumulates in float32 and is
  // rounded once. Set for OpInfo::reduces and the types for which the result has the operands' type. Two partial
  // results combine with `op`.
  ReduceFn reduce[kOps][kDTypes];

  // n rows, `stride` bytes apart, added in turn to the row `first`, which may be dst; each of `width` elements. Set for what
  // sums and extremes along a leading axis need: add, maximum and minimum of int64 and the floats from float32 on.
  RowsFn rows[kOps][kDTypes];

  // Whether one of n contiguous elements is an infinity or a NaN. Set for the real floats.
  AskFn special[kDTypes];
};

// The loops for this CPU. The variable NUMLOOM_CPU_LEVEL (v3, v4) forces a level; REQUIRES then that the CPU has it.
// Throws numloom::runtime_error where the CPU is below x86-64-v3, or the variable names no level.
const LoopTable& loops();

// The warnings that op computed in `compute` can give, a mask of kWarn* without underflow: of integers only divisions warn.
uint8_t warnings_of(Op op, DType compute);
// Whether a loop can have met something to warn about, so that warn_check is worth its time. `flagged`: the hardware's flags
// rose. Our own functions compute special values by selects, which raise none: their results tell.
bool warn_possible(Op op, DType compute, const void* dst, int64_t n, bool flagged);
// Whether it looks at the results: the flags of `op` do not tell.
bool warn_in_results(Op op, DType compute);

// Which floating-point warnings NumPy gives for these n elements of op computed in `compute`: a mask of kWarn*. Operand k is at
// in[k] + i * step[k] bytes; dst, contiguous, holds the results and overlaps no operand. Underflow is never reported.
// Slow; meant for blocks where the hardware's flags say that something happened.
uint8_t warn_check(Op op, DType compute, const void* dst, const void* const in[3], const int64_t step[3], int64_t n);

// Whether a cast can give a floating-point warning, and whether the hardware's flags tell when it does.
bool cast_may_warn(DType from, DType to);
bool cast_raises_flags(DType from, DType to);
// The same for casts: invalid where a float has no value in an integer type, overflow where it becomes infinite.
uint8_t warn_check_cast(DType from, DType to, const void* dst, const void* in, int64_t n);

}  // namespace numloom
