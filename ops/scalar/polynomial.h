// What the transcendental functions share: polynomials, and the split of a float into exponent and significand.
// Coefficients come from ops/coefficients.py.
#pragma once
#include "core.h"

namespace nl {

// c0 + c1 x + c2 x**2 + ...
template <class T> NL_FN T poly(T, T c0) { return c0; }
template <class T, class... More> NL_FN T poly(T x, T c0, More... more) { return fma_(x, poly(x, more...), c0); }

// The same by halves (Estrin): a few products more and a third of the latency, for chains too long to overlap.
template <class T> NL_FN T poly4(T x, T x2, T c0, T c1, T c2, T c3) { return fma_(x2, fma_(x, c3, c2), fma_(x, c1, c0)); }
template <class T> NL_FN T halves(T x, T c0, T c1, T c2, T c3, T c4) {
  const T x2 = x * x;
  return fma_(x2 * x2, c4, poly4(x, x2, c0, c1, c2, c3));
}
template <class T> NL_FN T halves(T x, T c0, T c1, T c2, T c3, T c4, T c5, T c6, T c7, T c8) {
  const T x2 = x * x, x4 = x2 * x2;
  return fma_(x4 * x4, c8, fma_(x4, poly4(x, x2, c4, c5, c6, c7), poly4(x, x2, c0, c1, c2, c3)));
}
template <class T> NL_FN T halves(T x, T c0, T c1, T c2, T c3, T c4, T c5, T c6, T c7, T c8, T c9) {
  const T x2 = x * x, x4 = x2 * x2;
  return fma_(x4 * x4, fma_(x, c9, c8), fma_(x4, poly4(x, x2, c4, c5, c6, c7), poly4(x, x2, c0, c1, c2, c3)));
}
template <class T> NL_FN T halves(T x, T c0, T c1, T c2, T c3, T c4, T c5, T c6, T c7, T c8, T c9, T c10, T c11) {
  const T x2 = x * x, x4 = x2 * x2;
  return fma_(x4 * x4, poly4(x, x2, c8, c9, c10, c11), fma_(x4, poly4(x, x2, c4, c5, c6, c7), poly4(x, x2, c0, c1, c2, c3)));
}

template <class T> struct Magic;  // adding it leaves the nearest integer in the low bits of the sum
template <> struct Magic<f4> { static constexpr f4 value = 0x1.8p23f; };
template <> struct Magic<f8> { static constexpr f8 value = 0x1.8p52; };

// 2**k for the k in the low bits of t = k + Magic; REQUIRES: 2**k is normal.
template <class T> NL_FN T exp2_of(T t) {
  typedef Float<T> F;
  return from_bits((to_bits(t) + (typename Traits<T>::bits)F::bias) << F::mantissa);
}
// y * 2**k, exactly so while the result is normal; REQUIRES: |k| < 2000 (f8), 250 (f4).
template <class T> NL_FN T scale_by(T y, T k) {
  const T half = k * (T)0.5 + Magic<T>::value;
  return y * exp2_of(half) * exp2_of(k - (half - Magic<T>::value) + Magic<T>::value);
}

// x = 2**k * m with m in [sqrt(1/2), sqrt(2)). REQUIRES: x is normal, positive, finite.
template <class T> struct Split { T k, m; };
NL_FN Split<f8> split(f8 x) {
  const u8 b = to_bits(x) - 0x3fe6a09e667f3bcdul;
  const u8 e = (b + ((u8)1023 << 52)) >> 52;  // k + 1023
  const f8 k = from_bits(e | 0x4330000000000000ul) - (0x1p52 + 1023.0);
  return {k, from_bits((b & 0x000ffffffffffffful) + 0x3fe6a09e667f3bcdul)};
}
NL_FN Split<f4> split(f4 x) {
  const u4 b = to_bits(x) - 0x3f3504f3u;
  const u4 e = (b + (127u << 23)) >> 23;
  const f4 k = from_bits(e | 0x4b000000u) - (0x1p23f + 127.0f);
  return {k, from_bits((b & 0x007fffffu) + 0x3f3504f3u)};
}

}  // namespace nl
