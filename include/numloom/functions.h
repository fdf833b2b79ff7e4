// NumPy's functions that are not ufuncs (those are in ufuncs.h, generated from the op table). Names, defaults, result types and
// errors are NumPy's; `stddev` is numpy.std. Functions whose result's shape depends on values run what they need; the
// others record.
// Thread safety: all may be called from any thread.
#pragma once
#include <initializer_list>
#include <optional>
#include <vector>

#include <numloom/array.h>

namespace numloom {

// ---- creation ----
array empty(const extents& shape, dtype type = float64);
array zeros(const extents& shape, dtype type = float64);
array ones(const extents& shape, dtype type = float64);
// The type of `value` (int64, float64, complex128, bool; an array's own), or `type`.
array full(const extents& shape, const operand& value, std::optional<dtype> type = {});
array empty_like(const array& a, std::optional<dtype> type = {});
array zeros_like(const array& a, std::optional<dtype> type = {});
array ones_like(const array& a, std::optional<dtype> type = {});
array full_like(const array& a, const operand& value, std::optional<dtype> type = {});
// Scalars only: int64 where all are integers, else float64; or `type`.
array arange(const operand& stop);
array arange(const operand& start, const operand& stop, const operand& step = 1, std::optional<dtype> type = {});
array linspace(double start, double stop, std::int64_t count = 50, bool endpoint = true);
array eye(std::int64_t rows, std::optional<std::int64_t> columns = {}, std::int64_t diagonal = 0, dtype type = float64);
// Memory of the caller, seen as an array without a copy; it must outlive every array that sees it.
template <element T>
array from_memory(T* values, const extents& shape);

// ---- reductions ----
// The axes of a reduction: all, one, or several; negative ones count from the last.
class axes {
 public:
  axes() = default;
  axes(int axis) : list_{axis}, all_(false) {}  // NOLINT: written as the thing itself
  axes(std::initializer_list<int> list) : list_(list), all_(false) {}  // NOLINT
  bool all() const { return all_; }
  const std::vector<int>& list() const { return list_; }

 private:
  std::vector<int> list_;
  bool all_ = true;
};
array sum(const array& a, const axes& over = axes(), bool keepdims = false);
array prod(const array& a, const axes& over = axes(), bool keepdims = false);
array min(const array& a, const axes& over = axes(), bool keepdims = false);
array max(const array& a, const axes& over = axes(), bool keepdims = false);
array mean(const array& a, const axes& over = axes(), bool keepdims = false);
array var(const array& a, const axes& over = axes(), double ddof = 0, bool keepdims = false);
array stddev(const array& a, const axes& over = axes(), double ddof = 0, bool keepdims = false);
array any(const array& a, const axes& over = axes(), bool keepdims = false);
array all(const array& a, const axes& over = axes(), bool keepdims = false);
array count_nonzero(const array& a, const axes& over = axes(), bool keepdims = false);
array argmin(const array& a, std::optional<int> axis = {}, bool keepdims = false);
array argmax(const array& a, std::optional<int> axis = {}, bool keepdims = false);
array cumsum(const array& a, std::optional<int> axis = {});
array cumprod(const array& a, std::optional<int> axis = {});
std::vector<array> nonzero(const array& a);

// ---- shapes: views where NumPy gives views ----
array reshape(const array& a, const extents& shape);
array ravel(const array& a);
array transpose(const array& a, const std::vector<int>& order = {});  // empty: reversed
array swapaxes(const array& a, int axis1, int axis2);
array moveaxis(const array& a, int from, int to);
array squeeze(const array& a, const axes& over = axes());
array expand_dims(const array& a, int axis);
array broadcast_to(const array& a, const extents& shape);  // cannot be written
array flip(const array& a, const axes& over = axes());
array real(const array& a);
array imag(const array& a);
array diagonal(const array& a, std::int64_t offset = 0, int axis1 = 0, int axis2 = 1);  // cannot be written
array concatenate(const std::vector<array>& arrays, int axis = 0);
array stack(const std::vector<array>& arrays, int axis = 0);

// ---- selection ----
array where(const array& condition, const operand& x, const operand& y);
array clip(const operand& a, const operand& low, const operand& high);
array take(const array& a, const array& indices, std::optional<int> axis = {});

// ---- products ----
array matmul(const array& a, const array& b);
array dot(const array& a, const array& b);
array outer(const array& a, const array& b);
array trace(const array& a);

// ---- comparing, running ----
bool array_equal(const array& a, const array& b);
bool allclose(const array& a, const array& b, double rtol = 1e-5, double atol = 1e-8);
// Runs what these need; without arguments all that is recorded. On a GPU it may not have ended when eval returns.
void eval(std::initializer_list<array> arrays);
void eval();

namespace detail {
array from_host_memory(void* values, dtype type, const extents& shape);
}
template <element T>
array from_memory(T* values, const extents& shape) {
  return detail::from_host_memory(values, dtype_of<T>(), shape);
}

}  // namespace numloom
