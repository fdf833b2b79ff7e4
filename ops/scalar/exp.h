// exp, exp2, expm1. All: x = k ln 2 + r, |r| <= ln(2)/2, a polynomial in r, and 2**k put into the exponent; exp of float64 by
// eighths of ln 2.
#pragma once
#include "polynomial.h"

namespace nl {

// (exp(r) - 1 - r) / r**2, r2 = r**2
NL_FN f8 exp_tail(f8 r, f8 r2) {
  return even_odd(r, r2, 0.5, 0x1.5555555555556p-3, 0x1.5555555553d4fp-5, 0x1.11111111109adp-7, 0x1.6c16c17893833p-10,
                  0x1.a01a01a7c8d47p-13, 0x1.a019b8ef67c6cp-16, 0x1.71de0d9c145d0p-19, 0x1.2891a8c1d838dp-22,
                  0x1.af38d53857513p-26);
}
NL_FN f4 exp_tail(f4 r, f4 r2) {
  return even_odd(r, r2, 0.5f, 0x1.5554dcp-3f, 0x1.55551ap-5f, 0x1.120ba2p-7f, 0x1.6d113cp-10f);
}
template <class T> struct Ln2;
template <> struct Ln2<f8> {
  // high * k is exact for |k| < 2**11
  static constexpr f8 high = 0x1.62e42fefa38p-1, low = 0x1.ef35793c7673p-45, inverse = 0x1.71547652b82fep+0;
};
template <> struct Ln2<f4> { static constexpr f4 high = 0x1.62ep-1f, low = 0x1.0bfbe8p-15f, inverse = 0x1.715476p+0f; };

// exp(x) = result * 2**k, result in [0.7, 1.42]; `biased` is k + Magic. REQUIRES: |x| < 2000.
template <class T> NL_FN T exp_parts(T x, T& biased) {
  typedef Ln2<T> L;
  biased = fma_(x, L::inverse, Magic<T>::value);
  const T k = biased - Magic<T>::value;
  const T r = fma_(-k, L::low, fma_(-k, L::high, x)), r2 = r * r;
  T lost;
  const T sum = fast_two_sum((T)1, r, lost);
  return sum + fma_(r2, exp_tail(r, r2), lost);
}

// 2**(j/8) exp(d), for a d (kRootShift) with which all eight lie within 2**-57 of a float64: their tails need no table of their own.
NL_TABLE f8 kRootsOf2[8] = {0x1.0001ea6193ea8p+0, 0x1.172d9a8b881edp+0, 0x1.307227cd49b4cp+0, 0x1.4c0029457b558p+0,
                            0x1.6a0c9be8e5af6p+0, 0x1.8ad1486813641p+0, 0x1.ae8d324ddffe8p+0, 0x1.d585112ca9164p+0};
static constexpr f8 kRootShift = 0x1.ea5fbe4p-16;
// x = (k + j/8) ln 2 + d + r, |r| <= ln(2)/16.
template <class V> NL_FN V exp_fast(V x) {
  const V t = fma_(x, 0x1.71547652b82fep+3, Magic<f8>::value), minus = Magic<f8>::value - t;
  const V r = fma_(minus, 0x1.62e42fefap-4, x) + fma_(minus, 0x1.cf79abc9e3b3ap-43, -kRootShift), r2 = r * r;
  const V a = fma_(r, 0x1.555555555556ap-3, 0x1.000000000002ep-1), b = fma_(r, 0x1.1111110e0f1a5p-7, 0x1.5555554e90e7cp-5);
  const V c = fma_(r, 0x1.a01e2cf013154p-13, 0x1.6c1b72275ef38p-10), tail = fma_(r2, fma_(r2, c, b), a);
  const auto eighths = to_bits(t);
  const V root = lookup(kRootsOf2, eighths), y = fma_(root, fma_(r2, tail, r), root);
  return from_bits(to_bits(y) + ((eighths << 49) & 0xfff0000000000000ul));
}
NL_FN f4 exp_fast(f4 x) {
  f4 t;
  const f4 y = exp_parts(x, t);
  return from_bits(to_bits(y) + (to_bits(t) << Float<f4>::mantissa));
}
template <class V> NL_FN auto exp_outside(V x) { return beyond(x, 708.0); }
NL_FN u4 exp_outside(f4 x) { return beyond(x, 87.0f); }
template <class T> NL_FN bool exp_in_range(T x) { return !top_bit(exp_outside(x)); }
// Any x: held where the result is certainly infinite or zero, and scaled in two steps.
template <class T> NL_FN T exp_slow(T x) {
  const T limit = sizeof(T) == 4 ? (T)120 : (T)800;
  const T held = x > limit ? limit : x < -limit ? -limit : x;
  T t;
  const T y = exp_parts(held, t);
  return scale_by(y, t - Magic<T>::value);
}

// 2**r, |r| <= 1/2: ln 2 in two words.
NL_FN f8 exp2_small(f8 r) {
  const f8 tail =
      poly(r, 0x1.ebfbdff82c590p-3, 0x1.c6b08d704a0c0p-5, 0x1.3b2ab6fba385fp-7, 0x1.5d87fe78a5dc5p-10, 0x1.4309130378460p-13,
           0x1.ffcbfc61f6f47p-17, 0x1.62bfe46117445p-20, 0x1.b52508787c662p-24, 0x1.e5e9f548e5725p-28, 0x1.e9bbdd894b294p-32);
  return 1.0 + fma_(r, 0x1.62e42fefa39efp-1, fma_(r * r, tail, r * 0x1.abc9e3b39803fp-56));
}
NL_FN f4 exp2_small(f4 r) {
  const f4 tail = poly(r, 0x1.ebfbe0p-3f, 0x1.c6afeep-5f, 0x1.3b2a80p-7f, 0x1.5ec866p-10f, 0x1.43e716p-13f);
  return 1.0f + fma_(r, 0x1.62e430p-1f, fma_(r * r, tail, r * -0x1.05c610p-29f));
}
NL_FN u8 exp2_outside(f8 x) { return beyond(x, 1021.0); }
NL_FN u4 exp2_outside(f4 x) { return beyond(x, 125.0f); }
template <class T> NL_FN bool exp2_in_range(T x) { return !top_bit(exp2_outside(x)); }
template <class T> NL_FN T exp2_fast(T x) {
  const T t = x + Magic<T>::value;
  return from_bits(to_bits(exp2_small(x - (t - Magic<T>::value))) + (to_bits(t) << Float<T>::mantissa));
}
template <class T> NL_FN T exp2_slow(T x) {
  const T limit = sizeof(T) == 4 ? (T)160 : (T)1100;
  const T held = x > limit ? limit : x < -limit ? -limit : x;
  const T k = held + Magic<T>::value - Magic<T>::value;
  return scale_by(exp2_small(held - k), k);
}

// expm1(r) for |r| <= ln(2)/2, r + correction being the argument.
NL_FN f8 expm1_small(f8 r, f8 correction) {
  const f8 tail =
      poly(r, 0x1.5555555555556p-3, 0x1.5555555555555p-5, 0x1.11111111109adp-7, 0x1.6c16c16c167dep-10, 0x1.a01a01a7c8d47p-13,
           0x1.a01a01a47db6fp-16, 0x1.71de0d9c145d0p-19, 0x1.27e4e1ea0f53ap-22, 0x1.af38d53857513p-26, 0x1.1f66f85dfa20ap-29);
  return r + fma_(r * r, fma_(r, tail, 0.5), correction);
}
NL_FN f4 expm1_small(f4 r, f4 correction) {
  const f4 tail = poly(r, 0x1.555526p-3f, 0x1.55553ep-5f, 0x1.11d97ap-7f, 0x1.6cdf1cp-10f);
  return r + fma_(r * r, fma_(r, tail, 0.5f), correction);
}
// x = k ln 2 + r; the result is expm1(r), t = k + Magic.
template <class T> NL_FN T expm1_parts(T x, T& t) {
  typedef Ln2<T> L;
  t = fma_(x, L::inverse, Magic<T>::value);
  const T k = t - Magic<T>::value;
  const T high = fma_(-k, L::high, x), low = k * L::low, r = high - low;
  return expm1_small(r, (high - r) - low);
}
// REQUIRES: x > -40 (f8), -20 (f4); infinite where the result overflows.
template <class T> NL_FN T expm1_core(T x) {
  const T limit = sizeof(T) == 4 ? (T)89 : (T)710;
  T t;
  const T p = expm1_parts(x > limit ? limit : x, t);
  // 2**k may be too large by one: halves, then doubled.
  const T half = exp2_of(t - (T)1);
  return fma_(half, p, half - (T)0.5) * (T)2;
}
// REQUIRES: 0 <= x < 80
template <class T> NL_FN T expm1_moderate(T x) {
  T t;
  const T p = expm1_parts(x, t), scale = exp2_of(t);
  return fma_(scale, p, scale - (T)1);
}
template <class T> NL_FN T expm1_(T x) {
  const T low = sizeof(T) == 4 ? (T)-20 : (T)-40;
  const T r = expm1_core(x < low ? low : x);
  return x == 0 ? x : x < low ? (T)-1 : r;
}

template <class T> NL_FN T exp2_(T x) { return exp2_in_range(x) ? exp2_fast(x) : exp2_slow(x); }
template <class T> NL_FN T exp_(T x) { return exp_in_range(x) ? exp_fast(x) : exp_slow(x); }

}  // namespace nl
