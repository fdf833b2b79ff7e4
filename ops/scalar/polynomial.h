// What the transcendental functions share: polynomials, and the split of a float into exponent and significand.
// Coefficients come from ops/coefficients.py.
#pragma once
#include "core.h"

namespace nl {

// c0 + c1 x + c2 x**2 + ...
template <class T> NL_FN T poly(T, T c0) { return c0; }
template <class T, class... More> NL_FN T poly(T x, T c0, More... more) { return fma_(x, poly(x, more...), c0); }

// The same by its even and its odd terms, of x and x2 = x**2: half the latency, for one product at most.
template <class T> NL_FN T evens(T, T c0) { return c0; }
template <class T> NL_FN T evens(T, T c0, T) { return c0; }
template <class T, class... More> NL_FN T evens(T x2, T c0, T, T c2, More... more) {
  return fma_(x2, evens(x2, c2, more...), c0);
}
template <class T, class... More> NL_FN T even_odd(T x, T x2, T c0, T c1, More... more) {
  return fma_(x, evens(x2, c1, more...), evens(x2, c0, c1, more...));
}

// Whether |x| < limit, by integers alone: they leave the units of floats to the function. NaN is not. `beyond` has its top bit set
// where it is not so; V: T, or a vector of it.
template <class V, class T> NL_FN auto beyond(V x, T limit) { return (to_bits(limit) - 1u) - (to_bits(x) & ~Float<T>::sign); }
template <class U> NL_FN bool top_bit(U x) { return (x >> (sizeof(U) * 8 - 1)) != 0; }
template <class T> NL_FN bool is_below(T x, T limit) { return !top_bit(beyond(x, limit)); }

// The entry that the lowest bits of i number.
template <int N> NL_FN f8 lookup(const f8 (&table)[N], u8 i) { return table[i & (N - 1u)]; }

// What vectors have of their own (lanes.h).
NL_FN f8 to_f8(f4 x) { return x; }
NL_FN f8 hold(f8 x, f8 limit) { return x > limit ? limit : x < -limit ? -limit : x; }  // between -limit and limit; x: no NaN
// The whole number at or below log2 |x|; |x| over 2 to it, or half of that: in [0.75, 1.5). REQUIRES: x is normal; else they are anything.
NL_FN f8 exponent(f8 x) { return from_bits((to_bits(x) >> 52 & 0x7fful) | 0x4330000000000000ul) - (0x1p52 + 1023.0); }
NL_FN f8 significand(f8 x) {
  const u8 b = to_bits(x);
  return from_bits(((b & 0x000ffffffffffffful) | 0x3ff0000000000000ul) - ((b & 0x0008000000000000ul) << 1));
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
