// log, log2, log10, log1p. All: x = 2**k m, s = (m - 1) / (m + 1), log(m) = 2 artanh(s); log of float64 without the quotient.
#pragma once
#include "exp.h"
#include "quick.h"

namespace nl {

// log((1+s)/(1-s)) / s - 2 in z = s*s, over z
NL_FN f8 log_tail(f8 z) {
  return even_odd(z, z * z, 0x1.5555555555555p-1, 0x1.9999999999a39p-2, 0x1.2492492476a1ap-2, 0x1.c71c7201a5625p-3,
                  0x1.745cf8e4b9978p-3, 0x1.3b1c3c1cf09e9p-3, 0x1.0fbde0e917cf5p-3, 0x1.0c0aff7d4e4d7p-3);
}
NL_FN f4 log_tail(f4 z) { return poly(z, 0x1.555556p-1f, 0x1.9999ecp-2f, 0x1.245c28p-2f, 0x1.ddd4dcp-3f); }

// log(1 + f) = f - tail, the square of f kept apart so that its error does not count.
template <class T> NL_FN T log_tail_of(T f) {
  const T s = f / ((T)2 + f), z = s * s, half = (T)0.5 * f * f;
  return half - s * fma_(z, log_tail(z), half);
}

// Normal, positive and finite, by integers alone (see beyond).
template <class T, class V> NL_FN auto no_normal(V x) {
  typedef typename Traits<T>::bits U;
  const auto b = to_bits(x);
  return (b - ((U)1 << Float<T>::mantissa)) | ((Float<T>::infinity - 1u) - b);
}
template <class T> NL_FN bool log_in_range(T x) { return !top_bit(no_normal<T>(x)); }
template <class T> NL_FN T log_by_quotient(T x) {
  typedef Ln2<T> L;
  const Split<T> p = split(x);
  const T f = p.m - (T)1, s = quotient(f, (T)2 + f), z = s * s;
  T lost;
  const T sum = fast_two_sum(p.k * L::high, f, lost);
  return sum + fma_(-s, fma_(-z, log_tail(z), f), fma_(p.k, L::low, lost));
}

// c near 1/m for m in each of 16 parts of [0.704, 1.408), and -log(c); 1 for the part around 1. Of the c there, those whose
// logarithm lies within 2**-65 of a multiple of 2**-42: adding k times the upper word of ln 2 is exact. The part around 1 is so
// long, and the c beside it are so chosen, that the rounding of f counts for a quarter of a unit in the last place at most.
NL_TABLE f8 kReciprocals[16] = {
    0x1.637fdcdb928p+0, 0x1.54ffd7a6234p+0, 0x1.477fe44cec8p+0, 0x1.3a7fffb731cp+0, 0x1.2effc86b808p+0,
    0x1.23ffc8fc43p+0,  0x1.19ffb419728p+0, 0x1.1100128d2a4p+0, 0x1.057fe04572cp+0, 0x1p+0,
    0x1.e10097e72fp-1,  0x1.c5ffd965c38p-1, 0x1.adff7a0079p-1,  0x1.98fff931408p-1, 0x1.85ffa55f1f8p-1,
    0x1.73ff8f04fap-1};
NL_TABLE f8 kLogs[16] = {-0x1.503a02f2eap-2, -0x1.259587e20fp-2, -0x1.f8710551b8p-3, -0x1.a57df0a82ap-3, -0x1.593215edep-3,
                         -0x1.0d7665f1ccp-3, -0x1.8c300ef13p-4,  -0x1.075a99b064p-4, -0x1.5c3de12d6p-6,  0.0,
                         0x1.ff9c76058p-5,   0x1.ec74f4767cp-4,  0x1.65776a1daap-3,  0x1.cc002eb43ap-3,  0x1.16b6bab018p-2,
                         0x1.471a13275cp-2};
// x = 2**k m, f = m c - 1, |f| < 0.034: log(x) = k ln 2 - log(c) + log(1 + f). REQUIRES: x is normal, positive, finite.
template <class V> NL_FN V log_fast(V x) {
  typedef Ln2<f8> L;
  const auto b = to_bits(x) + (0x3ff0000000000000ul - 0x3fe6880000000000ul), part = b >> 48;
  const V k = from_bits((b >> 52) | 0x4330000000000000ul) - (0x1p52 + 1023.0);
  const V m = from_bits((b & 0x000ffffffffffffful) + 0x3fe6880000000000ul);
  const V f = fma_(m, lookup(kReciprocals, part), -1.0), f2 = f * f, f4 = f2 * f2;
  const V whole = fma_(k, L::high, lookup(kLogs, part));
  V lost;
  const V sum = fast_two_sum(whole, f, lost);
  const V a = fma_(f, 0x1.5555555555b59p-2, -0x1.ffffffffffff5p-2), b2 = fma_(f, 0x1.9999997bd4048p-3, -0x1.000000005add5p-2);
  const V c = fma_(f, 0x1.249362e1832f2p-3, -0x1.555546c6262edp-3), d = fma_(f, 0x1.c18f9395ec640p-4, -0x1.006105d5cb632p-3);
  const V tail = fma_(f4, fma_(f2, d, c), fma_(f2, b2, a));
  return sum + fma_(f2, tail, fma_(k, L::low, lost));
}
NL_FN f4 log_fast(f4 x) { return log_by_quotient(x); }
template <class V> NL_FN auto log_outside(V x) { return no_normal<f8>(x); }
NL_FN u4 log_outside(f4 x) { return no_normal<f4>(x); }

// What all logarithms share: log of 0, NaN of less, infinity; else r.
template <class T> NL_FN T log_special(T x, T r) {
  return is_nan(x) ? x : x == 0 ? -infinity<T>() : x < 0 ? quiet_nan<T>() : is_inf(x) ? x : r;
}
// The subnormals are raised by 2**60.
template <class T> NL_FN Split<T> split_any(T x) {
  const bool subnormal = x < (T)(sizeof(T) == 4 ? 0x1p-126 : 0x1p-1022);
  const Split<T> p = split(subnormal ? x * (T)0x1p60 : x);
  return {subnormal ? p.k - (T)60 : p.k, p.m};
}
template <class T> NL_FN T log_slow(T x) {
  typedef Ln2<T> L;
  const Split<T> p = split_any(x);
  const T f = p.m - (T)1;
  return log_special(x, p.k * L::high - ((log_tail_of(f) - p.k * L::low) - f));
}

// log(m) * (inverse_high + inverse_low) = high + low
NL_FN f8 log_words(f8 m, f8 inverse_high, f8 inverse_low, f8& low) {
  const f8 f = m - 1.0, s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
  const f8 l = f - half, l_low = (f - l) - half + s * fma_(z, log_tail(z), half);
  f8 e;
  const f8 high = two_product(l, inverse_high, e);
  low = e + fma_(l_low, inverse_high, l * inverse_low);
  return high;
}
// Float32: log(1 + f) = f * inverse + f**2 * the polynomial.
NL_FN f4 log2_of(Split<f4> p) {
  const f4 f = p.m - 1.0f;
  const f4 tail = poly(f, -0x1.715476p-1f, 0x1.ec7094p-2f, -0x1.715480p-2f, 0x1.277c3ep-2f, -0x1.ec7732p-3f, 0x1.a48380p-3f,
                       -0x1.6efd84p-3f, 0x1.5d018cp-3f, -0x1.5579e8p-3f, 0x1.900022p-4f);
  return p.k + fma_(f, 0x1.715476p+0f, fma_(f * f, tail, f * 0x1.4ae0c0p-26f));
}
NL_FN f8 log2_of(Split<f8> p) {
  f8 low, carry;
  const f8 high = log_words(p.m, 0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56, low);
  const f8 sum = fast_two_sum(p.k, high, carry);
  return sum + (carry + low);
}
NL_FN f4 log10_of(Split<f4> p) {
  const f4 f = p.m - 1.0f;
  const f4 tail = poly(f, -0x1.bcb7b2p-3f, 0x1.287a70p-3f, -0x1.bcb7bep-4f, 0x1.63ccbep-4f, -0x1.287e6cp-4f, 0x1.fa5952p-5f,
                       -0x1.b9e67cp-5f, 0x1.a43ec2p-5f, -0x1.9b2da6p-5f, 0x1.e1a60cp-6f);
  const f4 low = fma_(p.k, 0x1.3509f8p-18f, f * -0x1.5b235ep-27f);
  return fma_(p.k, 0x1.344p-2f, fma_(f, 0x1.bcb7b2p-2f, fma_(f * f, tail, low)));
}
NL_FN f8 log10_of(Split<f8> p) {
  f8 low, carry;
  const f8 high = log_words(p.m, 0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57, low);
  const f8 sum = fast_two_sum(p.k * 0x1.34413509f7800p-2, high, carry);
  return sum + (carry + fma_(p.k, 0x1.fef311f12b358p-46, low));
}
template <class T> NL_FN auto log2_outside(T x) { return no_normal<T>(x); }
template <class T> NL_FN auto log10_outside(T x) { return no_normal<T>(x); }
template <class T> NL_FN bool log2_in_range(T x) { return log_in_range(x); }
template <class T> NL_FN T log2_fast(T x) { return log2_of(split(x)); }
template <class T> NL_FN T log2_slow(T x) { return log_special(x, log2_of(split_any(x))); }
template <class T> NL_FN bool log10_in_range(T x) { return log_in_range(x); }
template <class T> NL_FN T log10_fast(T x) { return log10_of(split(x)); }
template <class T> NL_FN T log10_slow(T x) { return log_special(x, log10_of(split_any(x))); }

template <class T> NL_FN T log1p_(T x) {
  typedef Ln2<T> L;
  const T u = (T)1 + x;
  // What the sum lost, relative to u: the correction to log(u).
  const T lost = (x >= (T)1 ? (T)1 - (u - x) : x - (u - (T)1)) / u;
  const bool ok = (u >= (T)0x1p-100) & (u < infinity<T>());
  const Split<T> p = split(ok ? u : (T)1);
  // Near 1 the argument itself is exact.
  const bool near = p.k == 0;
  const T f = near ? x : p.m - (T)1, c = near ? (T)0 : lost;
  const T r = fma_(p.k, L::high, f - (log_tail_of(f) - fma_(p.k, L::low, c)));
  return is_nan(x) | (x == 0) ? x : x == (T)-1 ? -infinity<T>() : x < (T)-1 ? quiet_nan<T>() : ok ? r : x;
}

template <class T> NL_FN T log2_(T x) { return log2_in_range(x) ? log2_fast(x) : log2_slow(x); }
template <class T> NL_FN T log10_(T x) { return log10_in_range(x) ? log10_fast(x) : log10_slow(x); }
template <class T> NL_FN T log_(T x) { return log_in_range(x) ? log_fast(x) : log_slow(x); }

}  // namespace nl
