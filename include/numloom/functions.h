// NumPy's functions that are not ufuncs (those are in ufuncs.h, generated from the op table). Names, defaults, result types and
// errors are NumPy's; `stddev` is numpy.std. Functions whose result's shape depends on values run what they need; the
// others record.
// Thread safety: all may be called from any thread.
#pragma once
#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
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
// The coordinate along each axis at every place of `shape`.
std::vector<array> indices(const extents& shape, dtype type = int64);
// f of the coordinates of an array of these lengths, as float64: fromfunction([](auto x, auto y) { return x + y; }, 3, 4).
template <class F, std::integral... N>
array fromfunction(F f, N... lengths);
// The coordinate vectors spread over the grid that they span: 'x' of the columns first, as "xy" (default), or as "ij".
enum class indexing : std::uint8_t { xy, ij };
std::vector<array> meshgrid(const std::vector<array>& vectors, indexing order = indexing::xy);
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
// Views: `sections` equal parts, or the parts between the places given. value_error where parts would not be equal.
std::vector<array> split(const array& a, std::int64_t sections, int axis = 0);
std::vector<array> split(const array& a, const extents& places, int axis = 0);

// ---- repeating and moving: always copies ----
array tile(const array& a, const extents& times);
array repeat(const array& a, std::int64_t times, std::optional<int> axis = {});
array roll(const array& a, std::int64_t shift, std::optional<int> axis = {});
// What stands around the array: `value`, its edge, or the array itself, mirrored with and without its edge or repeated.
// `widths`: {before, after} for each axis, or one pair for all.
enum class pad_mode : std::uint8_t { constant, edge, symmetric, reflect, wrap };
array pad(const array& a, const std::vector<std::array<std::int64_t, 2>>& widths, pad_mode mode = pad_mode::constant,
          const operand& value = 0);

// ---- selection ----
array where(const array& condition, const operand& x, const operand& y);
array clip(const operand& a, const operand& low, const operand& high);
array take(const array& a, const array& indices, std::optional<int> axis = {});

// ---- products ----
array matmul(const array& a, const array& b);
array dot(const array& a, const array& b);
array outer(const array& a, const array& b);
array trace(const array& a);
// Sums over the last axes of a and the first ones of b, or over pairs of axes.
array tensordot(const array& a, const array& b, int axes = 2);
array tensordot(const array& a, const array& b, const std::vector<int>& axes_a, const std::vector<int>& axes_b);
// Einstein's summation, e.g. einsum("ij,jk->ik", {a, b}): letters, "," and "->" (no ellipsis).
array einsum(const std::string& subscripts, const std::vector<array>& operands);

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

template <class F, std::integral... N>
array fromfunction(F f, N... lengths) {
  const std::vector<array> at = indices({static_cast<std::int64_t>(lengths)...}, float64);
  return [&]<std::size_t... I>(std::index_sequence<I...>) { return f(at[I]...); }(std::index_sequence_for<N...>());
}

}  // namespace numloom
