#include <algorithm>
#include <cmath>
#include <numeric>

#include "api/cpp_handle.h"
#include "api/record.h"

namespace numloom {
namespace {

Scalar zero_of(DType t, int64_t value = 0) {
  Scalar s;
  s.dtype = DType::i8;
  s.i = value;
  return cast_scalar(s, t);
}

void require_shape(const extents& shape) {
  if (shape.size() > kMaxDims)
    throw value_error("maximum supported dimension for an array is " + std::to_string(kMaxDims) + ", found " +
                      std::to_string(shape.size()));
  for (std::int64_t n : shape)
    if (n < 0) throw value_error("negative dimensions are not allowed");
}

array filled(const extents& shape, DType type, int64_t value) {
  require_shape(shape);
  return handle(full(Shape(shape), type, zero_of(type, value)));
}

uint32_t mask_of(const axes& over, int ndim) {
  uint32_t mask = 0;
  for (int axis : over.list()) {
    const int d = normalize_axis(axis, ndim);
    if (mask >> d & 1) throw value_error("duplicate value in 'axis'");
    mask |= uint32_t{1} << d;
  }
  return mask;
}

std::optional<uint32_t> chosen(const axes& over, int ndim) {
  return over.all() ? std::nullopt : std::optional(mask_of(over, ndim));
}

ReduceOptions reducing(const array& a, const axes& over, bool keepdims) {
  ReduceOptions o;
  o.axes = chosen(over, a.ndim());
  o.keepdims = keepdims;
  return o;
}

array reduced(Op op, const array& a, const axes& over, bool keepdims) {
  return checked([&] { return handle(reduce(op, of(a), reducing(a, over, keepdims))); });
}

std::int64_t reduced_count(const array& a, const axes& over) {
  const uint32_t mask = chosen(over, a.ndim()).value_or(~uint32_t{0});
  std::int64_t n = 1;
  const extents shape = a.shape();
  for (int d = 0; d < a.ndim(); ++d)
    if (mask >> d & 1) n *= shape[d];
  return n;
}

array permuted(const array& a, const std::vector<int>& order) {
  return checked([&] { return handle(transpose(of(a), std::span<const int>(order))); });
}

}  // namespace

// ---- creation -------------------------------------------------------------------------------------------------------

array empty(const extents& shape, dtype type) {
  require_shape(shape);
  return handle(empty(Shape(shape), engine_type(type)));
}
array zeros(const extents& shape, dtype type) { return filled(shape, engine_type(type), 0); }
array ones(const extents& shape, dtype type) { return filled(shape, engine_type(type), 1); }

array full(const extents& shape, const operand& value, std::optional<dtype> type) {
  require_shape(shape);
  return checked(
      [&] {
        const Arg v = access::arg(value);
        const DType t = type ? engine_type(*type) : v.array ? v.array->dtype : v.scalar.dtype;
        Array a = empty(Shape(shape), t);
        assign(a, v);
        return handle(std::move(a));
      },
      access::place(value));
}

array empty_like(const array& a, std::optional<dtype> type) { return empty(a.shape(), type.value_or(a.dtype())); }
array zeros_like(const array& a, std::optional<dtype> type) { return zeros(a.shape(), type.value_or(a.dtype())); }
array ones_like(const array& a, std::optional<dtype> type) { return ones(a.shape(), type.value_or(a.dtype())); }
array full_like(const array& a, const operand& value, std::optional<dtype> type) {
  return full(a.shape(), value, type.value_or(a.dtype()));
}

array arange(const operand& stop) { return arange(0, stop); }

array arange(const operand& start, const operand& stop, const operand& step, std::optional<dtype> type) {
  for (const operand* o : {&start, &stop, &step})
    if (access::array_of(*o) || access::is_complex(*o))
      throw type_error("arange takes real scalars", "array.item<double>() gives one");
  const bool whole = access::is_integer(start) && access::is_integer(stop) && access::is_integer(step);
  const double from = access::real(start), to = access::real(stop), by = access::real(step);
  if (by == 0) throw zero_division_error("division by zero");
  const DType t = type ? engine_type(*type) : whole ? DType::i8 : DType::f8;
  const double length = std::ceil((to - from) / by);
  if (!(length <= 9e18)) throw value_error("Maximum allowed size exceeded");
  const auto n = static_cast<std::int64_t>(std::max(length, 0.0));
  return checked([&] {
    if (!whole || is_inexact(t)) return handle(arange(from, by, n, t));
    // In integers: the doubles above lose digits beyond 2**53.
    const std::int64_t a = access::integer(start), b = access::integer(stop), s = access::integer(step);
    const std::int64_t count = s > 0 ? (b > a ? (b - a - 1) / s + 1 : 0) : (a > b ? (a - b - 1) / -s + 1 : 0);
    return handle(arange_int(a, s, count, t));
  });
}

array linspace(double start, double stop, std::int64_t count, bool endpoint) {
  if (count < 0) throw value_error("Number of samples, " + std::to_string(count) + ", must be non-negative.");
  const std::int64_t parts = endpoint ? count - 1 : count;
  const double step = parts > 0 ? (stop - start) / static_cast<double>(parts) : 0;
  array y = arange(0, count).astype(float64);
  // As NumPy: a step that underflows to 0 is made by dividing first.
  if (parts > 0 && step == 0) y = y / static_cast<double>(parts) * (stop - start);
  else y = y * (parts > 0 ? step : stop - start);
  y += start;
  if (endpoint && count > 1) y(-1) = stop;
  return y;
}

array eye(std::int64_t rows, std::optional<std::int64_t> columns, std::int64_t diagonal, dtype type) {
  const std::int64_t m = columns.value_or(rows);
  if (rows < 0 || m < 0) throw value_error("negative dimensions are not allowed");
  const array row = arange(rows).reshape({rows, 1}), column = arange(m);
  return (column - row == diagonal).astype(type);
}

// ---- reductions -----------------------------------------------------------------------------------------------------

array sum(const array& a, const axes& over, bool keepdims) { return reduced(Op::add, a, over, keepdims); }
array prod(const array& a, const axes& over, bool keepdims) { return reduced(Op::multiply, a, over, keepdims); }
array min(const array& a, const axes& over, bool keepdims) { return reduced(Op::minimum, a, over, keepdims); }
array max(const array& a, const axes& over, bool keepdims) { return reduced(Op::maximum, a, over, keepdims); }
array any(const array& a, const axes& over, bool keepdims) { return reduced(Op::logical_or, a, over, keepdims); }
array all(const array& a, const axes& over, bool keepdims) { return reduced(Op::logical_and, a, over, keepdims); }

array mean(const array& a, const axes& over, bool keepdims) {
  // 0 / 0, as NumPy does.
  if (reduced_count(a, over) == 0) return sum(a.astype(promote_types(a.dtype(), float16)), over, keepdims) / 0.0;
  return checked([&] { return handle(mean(of(a), reducing(a, over, keepdims))); });
}

array var(const array& a, const axes& over, double ddof, bool keepdims) {
  const double left = std::max(static_cast<double>(reduced_count(a, over)) - ddof, 0.0);
  if (left == 0) {
    const array d = a - mean(a, over, true);
    return sum(real(d * conj(d)), over, keepdims) / 0.0;
  }
  return checked([&] { return handle(variance(of(a), ddof, false, reducing(a, over, keepdims))); });
}

array stddev(const array& a, const axes& over, double ddof, bool keepdims) { return sqrt(var(a, over, ddof, keepdims)); }

array count_nonzero(const array& a, const axes& over, bool keepdims) {
  return checked([&] { return handle(count_nonzero(of(a), reducing(a, over, keepdims))); });
}
array argmin(const array& a, std::optional<int> axis, bool keepdims) {
  return checked([&] { return handle(argreduce(Op::minimum, of(a), axis, keepdims)); });
}
array argmax(const array& a, std::optional<int> axis, bool keepdims) {
  return checked([&] { return handle(argreduce(Op::maximum, of(a), axis, keepdims)); });
}
array cumsum(const array& a, std::optional<int> axis) {
  return checked([&] { return handle(cumulate(Op::add, of(a), axis)); });
}
array cumprod(const array& a, std::optional<int> axis) {
  return checked([&] { return handle(cumulate(Op::multiply, of(a), axis)); });
}
std::vector<array> nonzero(const array& a) {
  return checked([&] {
    std::vector<array> out;
    for (Array& x : nonzero(of(a))) out.push_back(handle(std::move(x)));
    return out;
  });
}

// ---- shapes ---------------------------------------------------------------------------------------------------------

array reshape(const array& a, const extents& shape) {
  return checked([&] { return handle(reshape(of(a), Shape(shape), 'C')); });
}
array ravel(const array& a) { return reshape(a, {-1}); }
array transpose(const array& a, const std::vector<int>& order) { return permuted(a, order); }

array swapaxes(const array& a, int axis1, int axis2) { return handle(swapaxes(of(a), axis1, axis2)); }

array moveaxis(const array& a, int from, int to) {
  const int64_t source[1] = {from}, destination[1] = {to};
  return handle(moveaxis(of(a), source, destination));
}

array squeeze(const array& a, const axes& over) { return handle(squeeze(of(a), chosen(over, a.ndim()))); }

array expand_dims(const array& a, int axis) {
  return checked([&] { return handle(expand_dims(of(a), uint32_t{1} << normalize_axis(axis, a.ndim() + 1))); });
}

array broadcast_to(const array& a, const extents& shape) {
  require_shape(shape);
  return checked([&] { return handle(broadcast(of(a), Shape(shape))); });
}

array flip(const array& a, const axes& over) { return handle(flip(of(a), chosen(over, a.ndim()))); }

array real(const array& a) { return handle(real_view(of(a))); }
array imag(const array& a) {
  if (is_complex(of(a).dtype)) return handle(imag_view(of(a)));
  return zeros_like(a);
}
array diagonal(const array& a, std::int64_t offset, int axis1, int axis2) {
  return checked([&] { return handle(diagonal_view(of(a), offset, axis1, axis2)); });
}

array concatenate(const std::vector<array>& arrays, int axis) {
  return checked([&] {
    std::vector<Array> list;
    list.reserve(arrays.size());
    for (const array& a : arrays) list.push_back(of(a));
    return handle(concatenate(std::span<const Array>(list), axis));
  });
}

array stack(const std::vector<array>& arrays, int axis) {
  if (arrays.empty()) throw value_error("need at least one array to stack");
  std::vector<array> wider;
  for (const array& a : arrays) {
    if (a.shape() != arrays[0].shape()) throw value_error("all input arrays must have the same shape");
    wider.push_back(expand_dims(a, axis));
  }
  return concatenate(wider, axis < 0 ? axis + arrays[0].ndim() + 1 : axis);
}

// ---- selection ------------------------------------------------------------------------------------------------------

array where(const array& condition, const operand& x, const operand& y) {
  return checked([&] { return handle(select(of(condition), access::arg(x), access::arg(y))); }, access::place(x));
}
array clip(const operand& a, const operand& low, const operand& high) {
  const operand* in[3] = {&a, &low, &high};
  return apply_public(Op::clip, in, {});
}
array take(const array& a, const array& indices, std::optional<int> axis) {
  return checked([&] { return handle(take(of(a), of(indices), axis, 'r')); });
}

// ---- products -------------------------------------------------------------------------------------------------------

array matmul(const array& a, const array& b) {
  return checked([&] { return handle(matmul(of(a), of(b))); });
}
array dot(const array& a, const array& b) {
  return checked([&] { return handle(dot(of(a), of(b))); });
}
array outer(const array& a, const array& b) { return ravel(a).reshape({-1, 1}) * ravel(b); }
array trace(const array& a) { return sum(diagonal(a), -1); }

// ---- comparing, running ---------------------------------------------------------------------------------------------

bool array_equal(const array& a, const array& b) { return a.shape() == b.shape() && all(a == b).item<bool>(); }

bool allclose(const array& a, const array& b, double rtol, double atol) {
  const array near = absolute(a - b) <= atol + rtol * absolute(b);
  return all((near & isfinite(b)) | (a == b)).item<bool>();
}

void eval(std::initializer_list<array> arrays) {
  std::vector<Array> list;
  for (const array& a : arrays) list.push_back(of(a));
  eval(std::span<const Array>(list));
}
void eval() { eval_all(); }

}  // namespace numloom
