// a**b: for integers by squaring, for floats by a logarithm in two words.
#pragma once
#include "exp.h"
#include "log.h"

namespace nl {

// log(x) + add * ln 2 in two words, relative error below 2**-66. REQUIRES: x is normal, positive, finite.
NL_FN f8 log_two_words(f8 x, f8 add, f8& low) {
  const Split<f8> p = split(x);
  const f8 k = p.k + add, f = p.m - 1.0, d = p.m + 1.0, d_low = p.m - (d - 1.0);
  // s = f / (m + 1)
  const f8 inverse = 1.0 / d, s = f * inverse;
  f8 ze, we, ue, l1, l2;
  const f8 s_low = fma_(-s, d_low, fma_(-s, d, f)) * inverse;
  const f8 z = two_product(s, s, ze);
  const f8 z_low = fma_(s + s, s_low, ze);
  const f8 more = z * even_odd(z, z * z, 0x1.999999999999ap-2, 0x1.2492492492491p-2, 0x1.c71c71c71cfe7p-3, 0x1.745d1745124c6p-3,
                               0x1.3b13b1bd0eb7ep-3, 0x1.1110df7e2844bp-3, 0x1.e1f80a4d436cfp-4, 0x1.ac4926ed1f63fp-4,
                               0x1.b8e0c1637c149p-4);
  // 2/3 in two words
  const f8 t = 0x1.5555555555555p-1 + more;
  const f8 t_low = ((0x1.5555555555555p-1 - t) + more) + 0x1.5555555555555p-55;
  const f8 w = two_product(z, t, we);
  const f8 w_low = fma_(z, t_low, fma_(z_low, t, we));
  const f8 u = two_product(s, w, ue);
  const f8 u_low = fma_(s, w_low, fma_(s_low, w, ue));
  const f8 a = fast_two_sum(k * Ln2<f8>::high, s + s, l1);
  const f8 b = fast_two_sum(a, u, l2);
  return fast_two_sum(b, (l1 + l2) + fma_(k, Ln2<f8>::low, fma_(2.0, s_low, u_low)), low);
}

// exp(p + more) = result * 2**k; `biased` is k + Magic. REQUIRES: |p| < 2000.
NL_FN f8 exp_in_words(f8 p, f8 more, f8& biased) {
  typedef Ln2<f8> L;
  biased = fma_(p, L::inverse, Magic<f8>::value);
  const f8 k = biased - Magic<f8>::value;
  const f8 first = fma_(-k, L::high, p), rest = fma_(k, L::low, -more), r = first - rest, r2 = r * r;
  return 1.0 + (first + fma_(r2, exp_tail(r, r2), -rest));
}
// exp(y * (high + low)), in whatever range.
NL_FN f8 exp_of_product(f8 y, f8 high, f8 low) {
  f8 e, t;
  const f8 p = two_product(y, high, e);
  const bool wide = magnitude(p) > 800.0;
  const f8 held = p > 800.0 ? 800.0 : p < -800.0 ? -800.0 : p;
  const f8 r = exp_in_words(held, wide ? 0.0 : fma_(y, low, e), t);
  return scale_by(r, t - Magic<f8>::value);
}

// (-x)**y: minus for odd y, NaN for y that is no integer.
template <class T> NL_FN T pow_signed(T x, T y, T r) {
  const bool whole = rint_(y) == y, odd = whole & (rint_(y * (T)0.5) != y * (T)0.5);
  return !sign_of(x) ? r : !whole ? quiet_nan<T>() : odd ? -r : r;
}

// Where the result is normal (which no NaN is: it is to raise the flag), and whether y is odd can be read off the last bit of
// y + Magic.
NL_FN bool power_in_range(f8 x, f8 y) {
  f8 low;
  const f8 a = magnitude(x);
  const bool real = !sign_of(x) | ((y + Magic<f8>::value) - Magic<f8>::value == y);
  return log_in_range(a) & is_below(y, 0x1p51) & is_below(y * log_two_words(a, 0.0, low), 708.0) & real;
}
NL_FN f8 power_fast(f8 x, f8 y) {
  f8 low, e, t;
  const f8 high = log_two_words(magnitude(x), 0.0, low);
  const f8 p = two_product(y, high, e);
  const f8 r = exp_in_words(p, fma_(y, low, e), t);
  const f8 raised = from_bits(to_bits(r) + (to_bits(t) << 52));
  return from_bits(to_bits(raised) ^ ((to_bits(y + Magic<f8>::value) << 63) & to_bits(x)));
}
// C99's special cases, and the subnormals.
template <class T> NL_FN T pow_special(T x, T y) {
  const T a = magnitude(x), zero = (T)0, inf = infinity<T>();
  const bool whole = rint_(y) == y, odd = whole && rint_(y * (T)0.5) != y * (T)0.5;
  if (y == 0 || x == 1) return (T)1;
  if (is_nan(x) || is_nan(y)) return quiet_nan<T>();
  if (a == 1 && is_inf(y)) return (T)1;
  if (a == 0 || is_inf(a)) {
    const T r = (a == 0) == (y < 0) ? inf : zero;
    return odd && sign_of(x) ? -r : r;
  }
  if (x < 0 && !whole) return quiet_nan<T>();
  // |y| is beyond any odd number.
  return a == 1 ? (T)1 : (a > 1) == (y > 0) ? inf : zero;
}
NL_SLOW f8 power_slow(f8 x, f8 y) {
  const f8 a = magnitude(x);
  if (a > 0 && a < infinity<f8>() && magnitude(y) < 0x1p64) {
    const bool subnormal = a < 0x1p-1022;
    f8 low;
    const f8 high = log_two_words(subnormal ? a * 0x1p60 : a, subnormal ? -60.0 : 0.0, low);
    return pow_signed(x, y, exp_of_product(y, high, low));
  }
  return pow_special(x, y);
}

// Float32 in float64, to 34 bits: |x|**y = 2**(y log2 |x|), in two halves, so that a loop need not keep the chain of both.
// 1/c for a c in each sixteenth of a binade, those of the upper half halved, and log2(c); 1 and 0 around 1, on both sides.
NL_TABLE f8 kSixteenths[16] = {0x1p+0,
                               0x1.d41d41d41d41dp-1,
                               0x1.bacf914c1badp-1,
                               0x1.a41a41a41a41ap-1,
                               0x1.8f9c18f9c18fap-1,
                               0x1.7d05f417d05f4p-1,
                               0x1.6c16c16c16c17p-1,
                               0x1.5c9882b931057p-1,
                               0x1.4e5e0a72f0539p+0,
                               0x1.4141414141414p+0,
                               0x1.3521cfb2b78c1p+0,
                               0x1.29e4129e4129ep+0,
                               0x1.1f7047dc11f7p+0,
                               0x1.15b1e5f75270dp+0,
                               0x1.0c9714fbcda3bp+0,
                               0x1p+0};
NL_TABLE f8 kSixteenthLogs[16] = {0.0,
                                  0x1.08c588cda79e5p-3,
                                  0x1.acf5e2db4ec91p-3,
                                  0x1.24407ab0e073ap-2,
                                  0x1.6e221cd9d0cddp-2,
                                  0x1.b47ebf73882a1p-2,
                                  0x1.f7a8568cb06cep-2,
                                  0x1.1bf311e95d00ep-1,
                                  0x1.3abb3faa02168p-1,
                                  0x1.5848226989d34p-1,
                                  0x1.74b1fd64e0754p-1,
                                  0x1.900e6160002cep-1,
                                  0x1.aa708f58014d4p-1,
                                  0x1.c3e9ca2e1a055p-1,
                                  0x1.dc899ab3ff56cp-1,
                                  1.0};
// y log2 |x|, held where 2 to it is certainly infinite or zero. V: f4, or a vector of it.
template <class V> NL_FN auto power_of_which(V x, V y) {
  const auto a = to_f8(x);
  const auto part = to_bits(a) >> 48;
  const auto f = fma_(significand(a), lookup(kSixteenths, part), -1.0);
  const auto whole = exponent(a) + lookup(kSixteenthLogs, part);
  const auto c = fma_(f, fma_(f, -0x1.c7c964a62bfa3p-3, 0x1.276a30d662aadp-2), -0x1.715afd4731f82p-2);
  const auto b = fma_(f, fma_(f, c, 0x1.ec70ace24e3f1p-2), -0x1.71547610cc29bp-1);
  return hold(to_f8(y) * fma_(f, fma_(f, b, 0x1.7154765298db5p+0), whole), 300.0);
}
// 2**(j/8), less j of the eighths that the exponent's bits count if moved by three.
NL_TABLE f8 kEighths[8] = {0x1p+0,
                           0x1.f72b83c7d517bp-1,
                           0x1.f06fe0a31b715p-1,
                           0x1.ebfdad5362a27p-1,
                           0x1.ea09e667f3bcdp-1,
                           0x1.eace5422aa0dbp-1,
                           0x1.ee89f995ad3adp-1,
                           0x1.f5818dcfba487p-1};
template <class W> NL_FN W power_of_2(W w) {
  const W t = w + Magic<f8>::value / 8, r = w - (t - Magic<f8>::value / 8);
  const auto eighths = to_bits(t);
  const W root = from_bits(to_bits(lookup(kEighths, eighths)) + (eighths << 49));
  const W b = fma_(r, fma_(r, 0x1.3b2fc329a4157p-7, 0x1.c6bb79cc3b21fp-5), 0x1.ebfbdfee13fa2p-3);
  return fma_(root * r, fma_(r, b, 0x1.62e42fd9cadf1p-1), root);
}
// Whether x is not normal or y not finite, in the top bit.
NL_FN u4 power_outside(f4 x, f4 y) { return beyond(y, infinity<f4>()) | no_normal<f4>(magnitude(x)); }
NL_FN bool power_in_range(f4 x, f4 y) { return !top_bit(power_outside(x, y)); }
NL_FN f4 power_fast(f4 x, f4 y) { return pow_signed(x, y, (f4)power_of_2(power_of_which(x, y))); }
NL_SLOW f4 power_slow(f4 x, f4 y) { return (f4)power_slow((f8)x, (f8)y); }

NL_FN bool float_power_in_range(f8 x, f8 y) { return power_in_range(x, y); }
NL_FN f8 float_power_fast(f8 x, f8 y) { return power_fast(x, y); }
NL_FN f8 float_power_slow(f8 x, f8 y) { return power_slow(x, y); }

template <class T> NL_FN T op_power(T a, T b) {
  if constexpr (Is<T>::integer) {
    // Wrapping; negative exponents are refused before any loop runs.
    typedef typename Traits<T>::bits U;
    U base = (U)a, r = 1;
    for (U n = b < 0 ? (U)0 : (U)b; n != 0; n = (U)(n >> 1)) {
      r = (n & 1) != 0 ? (U)(1u * r * base) : r;
      base = (U)(1u * base * base);
    }
    return (T)r;
  } else if constexpr (Is<T>::half) {
    return narrow(op_power(widen(a), widen(b)));
  } else if constexpr (Is<T>::complex) {
    return complex_power(a, b);
  } else {
    return power_in_range(a, b) ? power_fast(a, b) : power_slow(a, b);
  }
}
template <class T> NL_FN T op_float_power(T a, T b) { return op_power(a, b); }

}  // namespace nl
