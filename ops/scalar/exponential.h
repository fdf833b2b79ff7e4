// Roots, exponentials and logarithms. The complex ones are in complex.h.
#pragma once
#include "exp.h"
#include "log.h"

namespace nl {

// An estimate from a third of the exponent (within 1 in 30), two of Halley's steps, and a last one around a t of 26 bits,
// whose square is exact.
NL_FN f8 cbrt_step(f8 t, f8 v) { return t * (fma_(t * t, t, v + v) / fma_(t * t, t + t, v)); }
NL_FN f8 cbrt_(f8 x) {
  const f8 a = magnitude(x);
  const bool small = a < 0x1p-900, big = a > 0x1p900, fine = (a != 0) & (a < infinity<f8>());
  const f8 v = fine ? (small ? a * 0x1p600 : big ? a * 0x1p-600 : a) : 1.0;
  // The upper word as a float, a third of it, and back: 715094163 stands for 2/3 of the exponent's bias.
  const f8 word = from_bits((to_bits(v) >> 32) | 0x4330000000000000ul) - 0x1p52;
  const f8 third = word * 0x1.5555555555555p-2 + (715094163.0 + 0x1p52);
  f8 t = from_bits(to_bits(third) << 32);
  t = cbrt_step(cbrt_step(t, v), v);
  t = from_bits((to_bits(t) + 0x4000000ul) & ~0x7fffffful);
  const f8 r = v / (t * t);
  t = t + t * ((r - t) / (t + t + r));
  t = t * (small ? 0x1p-200 : big ? 0x1p200 : 1.0);
  return with_sign(fine ? t : a, x);
}
// The same with a last step of Newton's, whose residual is exact.
NL_FN f4 cbrt_(f4 x) {
  const f4 a = magnitude(x);
  const bool small = a < 0x1p-100f, fine = (a != 0) & (a < infinity<f4>());
  const f4 v = fine ? (small ? a * 0x1p60f : a) : 1.0f;
  // 709958130 stands for 2/3 of the exponent's bias; a third of the bits, within 2**-8 of them.
  f4 t = from_bits((u4)(i4)((f4)(i4)to_bits(v) * 0x1.555556p-2f) + 709958130u);
  t = t * (fma_(t * t, t, v + v) / fma_(t * t, t + t, v));
  t = t * (fma_(t * t, t, v + v) / fma_(t * t, t + t, v));
  f4 e;
  const f4 square = two_product(t, t, e);
  t = t + (fma_(-square, t, v) - e * t) / (3.0f * square);
  t = t * (small ? 0x1p-20f : 1.0f);
  return with_sign(fine ? t : a, x);
}

template <class T> NL_FN T logaddexp_(T a, T b) {
  const T d = a - b;
  const T more = log1p_(exp_(-magnitude(d)));
  const T r = (d > 0 ? a : b) + more;
  return a == b ? a + (T)0.693147180559945309417232121458176568 : is_nan(d) ? d : r;
}
template <class T> NL_FN T logaddexp2_(T a, T b) {
  const T d = a - b;
  const T more = (T)1.442695040888963407359924681001892137 * log1p_(exp2_(-magnitude(d)));
  const T r = (d > 0 ? a : b) + more;
  return a == b ? a + (T)1 : is_nan(d) ? d : r;
}

NL_UNARY(sqrt)
NL_UNARY(cbrt)
NL_UNARY(exp)
NL_UNARY(exp2)
NL_UNARY(expm1)
NL_UNARY(log)
NL_UNARY(log2)
NL_UNARY(log10)
NL_UNARY(log1p)

template <class T> NL_FN T op_logaddexp(T a, T b) {
  if constexpr (Is<T>::half) return narrow(logaddexp_(widen(a), widen(b)));
  else return logaddexp_(a, b);
}
template <class T> NL_FN T op_logaddexp2(T a, T b) {
  if constexpr (Is<T>::half) return narrow(logaddexp2_(widen(a), widen(b)));
  else return logaddexp2_(a, b);
}

}  // namespace nl
