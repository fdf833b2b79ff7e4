// log, log2, log10, log1p; float32 but for log is float64, rounded. All: x = 2**k m, s = (m - 1) / (m + 1), log(m) = 2 artanh(s).
#pragma once
#include "exp.h"

namespace nl {

// log((1+s)/(1-s)) / s - 2 in z = s*s, over z
NL_FN f8 log_tail(f8 z) {
  return poly(z, 0x1.5555555555555p-1, 0x1.9999999999a39p-2, 0x1.2492492476a1ap-2, 0x1.c71c7201a5625p-3, 0x1.745cf8e4b9978p-3,
              0x1.3b1c3c1cf09e9p-3, 0x1.0fbde0e917cf5p-3, 0x1.0c0aff7d4e4d7p-3);
}
NL_FN f4 log_tail(f4 z) { return poly(z, 0x1.555556p-1f, 0x1.9999ecp-2f, 0x1.245c28p-2f, 0x1.ddd4dcp-3f); }

// log(1 + f) = f - tail, the square of f kept apart so that its error does not count.
template <class T> NL_FN T log_tail_of(T f) {
  const T s = f / ((T)2 + f), z = s * s, half = (T)0.5 * f * f;
  return half - s * (half + z * log_tail(z));
}

// Normal, positive and finite, in one comparison of bits.
template <class T> NL_FN bool log_in_range(T x) {
  typedef typename Traits<T>::bits U;
  const U least = (U)1 << Float<T>::mantissa;
  return (U)(to_bits(x) - least) < (U)(Float<T>::infinity - least);
}
template <class T> NL_FN T log_fast(T x) {
  typedef Ln2<T> L;
  const Split<T> p = split(x);
  const T f = p.m - (T)1, s = f / ((T)2 + f), z = s * s, half = (T)0.5 * f * f;
  return p.k * L::high - ((half - (s * (half + z * log_tail(z)) + p.k * L::low)) - f);
}
// log of a normal, log of 0, NaN of less, and the subnormals raised by 2**60.
template <class T> NL_FN T log_slow(T x) {
  typedef Ln2<T> L;
  const bool subnormal = x < (T)(sizeof(T) == 4 ? 0x1p-126 : 0x1p-1022);
  const Split<T> p = split(subnormal ? x * (T)0x1p60 : x);
  const T k = subnormal ? p.k - (T)60 : p.k, f = p.m - (T)1;
  const T r = k * L::high - ((log_tail_of(f) - k * L::low) - f);
  return is_nan(x) ? x : x == 0 ? -infinity<T>() : x < 0 ? quiet_nan<T>() : is_inf(x) ? x : r;
}

// log(m) in two words, the first with its low half clear, for log2 and log10.
NL_FN void log_words(f8 m, f8& high, f8& low) {
  const f8 f = m - 1.0, s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
  high = from_bits(to_bits(f - half) & 0xffffffff00000000ul);
  low = (f - high) - half + s * (half + z * log_tail(z));
}
NL_FN f8 log_special(f8 x, f8 r) {
  return is_nan(x) ? x : x == 0 ? -infinity<f8>() : x < 0 ? quiet_nan<f8>() : is_inf(x) ? x : r;
}
NL_FN f8 log2_(f8 x) {
  const bool subnormal = x < 0x1p-1022;
  const Split<f8> p = split(subnormal ? x * 0x1p60 : x);
  const f8 k = subnormal ? p.k - 60.0 : p.k;
  f8 high, low, carry;
  log_words(p.m, high, low);
  // 1 / ln 2 in two words
  const f8 a = high * 0x1.7154765p+0, b = (low + high) * 0x1.5c17f0bbbe880p-31 + low * 0x1.7154765p+0;
  const f8 sum = two_sum(k, a, carry);
  return log_special(x, sum + (carry + b));
}
NL_FN f8 log10_(f8 x) {
  const bool subnormal = x < 0x1p-1022;
  const Split<f8> p = split(subnormal ? x * 0x1p60 : x);
  const f8 k = subnormal ? p.k - 60.0 : p.k;
  f8 high, low, carry;
  log_words(p.m, high, low);
  // log10(e) and log10(2) in two words
  const f8 a = high * 0x1.bcb7b15p-2, b = low * 0x1.bcb7b15p-2 + (low + high) * 0x1.37287195355bbp-33;
  const f8 c = k * 0x1.34413509f7800p-2, d = k * 0x1.fef311f12b358p-46;
  const f8 sum = two_sum(c, a, carry);
  return log_special(x, sum + (carry + (b + d)));
}

NL_FN f8 log1p_(f8 x) {
  typedef Ln2<f8> L;
  const f8 u = 1.0 + x;
  // What the sum lost, relative to u: the correction to log(u).
  const f8 lost = (x >= 1.0 ? 1.0 - (u - x) : x - (u - 1.0)) / u;
  const bool ok = (u >= 0x1p-1022) & (u < infinity<f8>());
  const Split<f8> p = split(ok ? u : 1.0);
  // Near 1 the argument itself is exact.
  const bool near = p.k == 0;
  const f8 f = near ? x : p.m - 1.0, c = near ? 0.0 : lost;
  const f8 r = p.k * L::high - ((log_tail_of(f) - (p.k * L::low + c)) - f);
  return is_nan(x) | (x == 0) ? x : x == -1.0 ? -infinity<f8>() : x < -1.0 ? quiet_nan<f8>() : ok ? r : x;
}

NL_FN f4 log2_(f4 x) { return (f4)log2_((f8)x); }
NL_FN f4 log10_(f4 x) { return (f4)log10_((f8)x); }
NL_FN f4 log1p_(f4 x) { return (f4)log1p_((f8)x); }
template <class T> NL_FN T log_(T x) { return log_in_range(x) ? log_fast(x) : log_slow(x); }

}  // namespace nl
