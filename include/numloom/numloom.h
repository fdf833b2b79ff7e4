// NumPy's functions for C++: the engine of the Python package, without Python.
//
//   auto a = numloom::linspace(0, 1, 1'000'000);
//   auto b = numloom::sqrt(a * a + 1);         // recorded
//   double s = numloom::sum(b).item<double>(); // runs as one loop
//
// Names, promotion, broadcasting, memory order, errors and results are NumPy's. `std` and the keywords of C++ cannot be
// names here: stddev. Thread-safe; see array.h. The macros below do not outlive this header.
#pragma once
#include "numloom/array.h"
#include "numloom/error.h"
#include "numloom/ufuncs.h"  // generated from the op table: add, sqrt, exp, maximum, ...
#include "numloom/version.h"

namespace numloom {

// ---- creation ------------------------------------------------------------------------------------------------------
array empty(const shape_type& shape, dtype t = dtype::float64);
array zeros(const shape_type& shape, dtype t = dtype::float64);
array ones(const shape_type& shape, dtype t = dtype::float64);
array full(const shape_type& shape, const operand& value);
array full(const shape_type& shape, const operand& value, dtype t);
array arange(int64_t stop);
array arange(int64_t start, int64_t stop, int64_t step = 1);
array arange(double start, double stop, double step);
array linspace(double start, double stop, int64_t count);  // the end included
array eye(int64_t n, dtype t = dtype::float64);

// ---- operators -----------------------------------------------------------------------------------------------------
// At least one side is an array; the other may be a number.
#define NUMLOOM_OPERATOR(symbol)                          \
  array operator symbol(const array& a, const array& b);  \
  array operator symbol(const array& a, const operand& b); \
  array operator symbol(const operand& a, const array& b);
NUMLOOM_OPERATOR(+)
NUMLOOM_OPERATOR(-)
NUMLOOM_OPERATOR(*)
NUMLOOM_OPERATOR(/)
NUMLOOM_OPERATOR(%)
NUMLOOM_OPERATOR(<)
NUMLOOM_OPERATOR(<=)
NUMLOOM_OPERATOR(>)
NUMLOOM_OPERATOR(>=)
NUMLOOM_OPERATOR(==)
NUMLOOM_OPERATOR(!=)
NUMLOOM_OPERATOR(&)
NUMLOOM_OPERATOR(|)
NUMLOOM_OPERATOR(^)
#undef NUMLOOM_OPERATOR
array operator-(const array& a);
array operator~(const array& a);

// ---- elementwise beside the table -------------------------------------------------------------------------------------
array where(const array& condition, const operand& x, const operand& y);
array clip(const operand& a, const operand& low, const operand& high);

// ---- reductions: over all axes, or over those given ------------------------------------------------------------------
using axes_type = std::vector<int>;
#define NUMLOOM_REDUCTION(name)   \
  array name(const array& a);      \
  array name(const array& a, const axes_type& axes, bool keepdims = false);
NUMLOOM_REDUCTION(sum)
NUMLOOM_REDUCTION(prod)
NUMLOOM_REDUCTION(min)
NUMLOOM_REDUCTION(max)
NUMLOOM_REDUCTION(any)
NUMLOOM_REDUCTION(all_of)  // numpy.all; `all` is the whole slice
NUMLOOM_REDUCTION(mean)
NUMLOOM_REDUCTION(var)
NUMLOOM_REDUCTION(stddev)
NUMLOOM_REDUCTION(count_nonzero)
#undef NUMLOOM_REDUCTION
array argmin(const array& a);
array argmin(const array& a, int axis);
array argmax(const array& a);
array argmax(const array& a, int axis);
array cumsum(const array& a, int axis);

// ---- joining, products ---------------------------------------------------------------------------------------------
array concatenate(const std::vector<array>& arrays, int axis = 0);
array stack(const std::vector<array>& arrays, int axis = 0);
array matmul(const array& a, const array& b);
array dot(const array& a, const array& b);

// ---- running -------------------------------------------------------------------------------------------------------
// Runs everything that is recorded; on a GPU it may not have ended when eval returns.
void eval();
void synchronize();
// "cpu", "cuda" or "auto". Throws runtime_error where it cannot be used.
void set_device(const std::string& name);

}  // namespace numloom
