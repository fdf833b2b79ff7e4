// log, log2, log10, log1p. All: x = 2**k m, s = (m - 1) / (m + 1), log(m) = 2 artanh(s).
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

// Normal, positive and finite, by integers alone (see is_below).
template <class T> NL_FN bool log_in_range(T x) {
  typedef typename Traits<T>::bits U;
  const U b = to_bits(x), too_low = (U)(b - ((U)1 << Float<T>::mantissa)), too_high = (U)(Float<T>::infinity - 1u - b);
  return ((U)(too_low | too_high) >> (sizeof(T) * 8 - 1)) == 0;
}
template <class T> NL_FN T log_fast(T x) {
  typedef Ln2<T> L;
  const Split<T> p = split(x);
  const T f = p.m - (T)1, s = quotient(f, (T)2 + f), z = s * s;
  T lost;
  const T sum = fast_two_sum(p.k * L::high, f, lost);
  return sum + fma_(-s, fma_(-z, log_tail(z), f), fma_(p.k, L::low, lost));
}
// log of a normal, log of 0, NaN of less, and the subnormals raised by 2**60.
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
