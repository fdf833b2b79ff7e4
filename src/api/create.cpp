#include <algorithm>
#include <numeric>

#include "api/record.h"
#include "array/axis_order.h"
#include "runtime/host_pool.h"

namespace numloom {

Array empty(Shape shape, DType dtype, bool fortran) {
  return make_result(Layout::contiguous(shape, item_size(dtype), fortran), dtype);
}

namespace {
bool is_zero(const Scalar& value) {
  return std::all_of(value.raw, value.raw + item_size(value.dtype), [](uint8_t byte) { return byte == 0; });
}
}  // namespace

Array full(Shape shape, DType dtype, const Scalar& value, bool fortran) {
  Array a = empty(shape, dtype, fortran);
  // As much memory as the program touches, no more: tables far larger than that are made of zeros.
  if (device() == Device::cpu && !a.buf->host && host_alloc_is_zero(a.buf->nbytes) && is_zero(cast_scalar(value, dtype))) {
    a.buf->ensure_host();
    a.buf->host_valid = true;
    return a;
  }
  const int64_t n = a.size(), item = a.item();
  if (runs_now(n * item) && writable_here(a) && (value.dtype == dtype || n == 0)) {
    char* p = a.buf->host + a.layout.offset;
    for (int64_t i = 0; i < n; ++i, p += item) std::copy_n(value.raw, item, reinterpret_cast<uint8_t*>(p));
    return a;
  }
  assign(a, value);
  return a;
}

Array indices_along(Shape shape, int axis) {
  Array a = empty(shape, DType::i8);
  if (a.size() == 0) return a;
  record(Kind::index, Op::none, DType::i8, a, {}, {.axis = axis});
  return a;
}

namespace {

Array iota(int64_t n) {
  const int64_t shape[1] = {n};
  if (!runs_now(n * 8)) return indices_along(shape, 0);
  Array a = empty(shape, DType::i8);
  auto* p = reinterpret_cast<int64_t*>(a.buf->ensure_host());
  for (int64_t i = 0; i < n; ++i) p[i] = i;
  a.buf->host_valid = true;
  return a;
}

}  // namespace

Array arange(double start, double step, int64_t n, DType dtype) {
  // As NumPy: from the first two values, in the result's own type.
  const Array i = iota(n);
  Scalar s, d;
  s.dtype = d.dtype = DType::f8;
  s.f = start;
  const DType compute = dtype == DType::f4 ? DType::f4 : DType::f8;
  const Scalar first = cast_scalar(s, compute);
  Scalar second;
  second.dtype = DType::f8;
  second.f = start + step;
  second = cast_scalar(second, compute);
  if (compute == DType::f4) {
    Scalar delta;
    delta.dtype = DType::f4;
    float a, b;
    std::copy_n(first.raw, 4, reinterpret_cast<uint8_t*>(&a));
    std::copy_n(second.raw, 4, reinterpret_cast<uint8_t*>(&b));
    const float x = b - a;
    std::copy_n(reinterpret_cast<const uint8_t*>(&x), 4, delta.raw);
    d = delta;
  } else {
    d.f = second.f - first.f;
  }
  const Array f = astype(i, compute, 'C', false);
  const Arg scaled[2] = {f, d};
  const Array product = apply(Op::multiply, scaled);
  const Arg moved[2] = {product, first};
  const Array value = apply(Op::add, moved);
  return dtype == compute ? value : astype(value, dtype);
}

Array arange_int(int64_t start, int64_t step, int64_t n, DType dtype) {
  Array a = iota(n);
  Scalar s;
  s.dtype = DType::i8;
  if (step != 1) {
    s.i = step;
    const Arg args[2] = {a, s};
    a = apply(Op::multiply, args);
  }
  if (start != 0) {
    s.i = start;
    const Arg args[2] = {a, s};
    a = apply(Op::add, args);
  }
  if (dtype != DType::i8) return astype(a, dtype);
  if (n > 0) {
    const int64_t last = start + (n - 1) * step;
    a.buf->remember_range(static_cast<uint8_t>(a.dtype), std::min(start, last), std::max(start, last));
  }
  return a;
}

namespace {

// The memory order of a copy. 'K': axes by falling stride; unlike an operation's result, which does not tell apart the axes
// that an operand is broadcast along, it counts their strides as 0.
Layout copy_layout(const Array& a, int item, char order) {
  const Layout& from = a.layout;
  const bool c = from.c_contiguous(a.item()), f = from.f_contiguous(a.item());
  if (order == 'A') order = f && !c ? 'F' : 'C';
  if (order != 'K' || c || f || from.ndim < 2)
    return Layout::contiguous(from.dims(), item, order == 'F' || (order == 'K' && f && !c));
  int perm[kMaxDims];
  std::iota(perm, perm + from.ndim, 0);
  std::stable_sort(perm, perm + from.ndim, [&](int p, int q) { return std::abs(from.strides[p]) > std::abs(from.strides[q]); });
  return dense_layout(from.dims(), item, perm);
}

}  // namespace

Array copy(const Array& a, char order) { return astype(a, a.dtype, order, true); }

Array astype(const Array& a, DType dtype, char order, bool force_copy) {
  if (!force_copy && a.dtype == dtype &&
      (order == 'K' || order == 'A' || (order == 'C' ? a.layout.c_contiguous(a.item()) : a.layout.f_contiguous(a.item()))))
    return a;
  Array out = make_result(copy_layout(a, item_size(dtype), order), dtype);
  const Arg arg(a);
  record_map(Op::copy, a.dtype, out, {&arg, 1});
  return out;
}

Array unaliased(const Array& scalar) {
  Array a = scalar;
  a.is_scalar = false;
  return copy(a);
}

Array from_host(void* data, int64_t nbytes, DType dtype, const Layout& layout, void* owner, void (*release)(void*),
                bool shared) {
  return Array(Buffer::wrap(data, nbytes, owner, release, shared), dtype, layout);
}

Array scalar_array(const Scalar& value) {
  Array a(Buffer::make_host(item_size(value.dtype)), value.dtype, Layout());
  std::copy_n(value.raw, item_size(value.dtype), reinterpret_cast<uint8_t*>(a.buf->host));
  return a;
}

namespace {

// What `make(to, n)` makes of the next n elements, piece by piece.
template <class T, class Make>
Array drawn(Shape shape, DType dtype, const Make& make) {
  Array out = empty(shape, dtype);
  const EngineLock lock;
  const FrontUnlocked unlocked(true);
  Engine::get().fill(*out.buf, [&](char* to, int64_t, int64_t n) { make(reinterpret_cast<T*>(to), n / out.item()); });
  return out;
}

}  // namespace

Array draw(Shape shape, const Source& from, const Sampler& sampler) {
  return drawn<double>(shape, DType::f8, [&](double* to, int64_t n) { draw(from, sampler, to, n); });
}

Array draw(Shape shape, Twister& from, TwisterSampler& sampler) {
  if (sampler.form == TwisterSampler::Form::bounded)
    return drawn<int64_t>(shape, DType::i8, [&](int64_t* to, int64_t n) { draw(from, sampler, to, n); });
  return drawn<double>(shape, DType::f8, [&](double* to, int64_t n) { draw(from, sampler, to, n); });
}

}  // namespace numloom
