// sin, cos, tan and their inverses, of real numbers.
#pragma once
#include "arithmetic.h"
#include "trig_kernel.h"

namespace nl {

template <class T> NL_FN auto sin_outside(T x) { return beyond(x, (T)0x1p20); }
template <class T> NL_FN auto cos_outside(T x) { return sin_outside(x); }
template <class T> NL_FN auto tan_outside(T x) { return sin_outside(x); }
template <class T> NL_FN bool sin_in_range(T x) { return !top_bit(sin_outside(x)); }
template <class T> NL_FN bool cos_in_range(T x) { return sin_in_range(x); }
template <class T> NL_FN bool tan_in_range(T x) { return sin_in_range(x); }
// A zero keeps its sign.
template <class T> NL_FN T sin_fast(T x) {
  const T r = sine_of(reduce_angle(x), 0);
  return x == 0 ? x : r;
}
template <class T> NL_FN T cos_fast(T x) { return sine_of(reduce_angle(x), 1); }
template <class T> NL_FN T tan_fast(T x) {
  const T r = tangent_of(reduce_angle(x));
  return x == 0 ? x : r;
}
NL_SLOW f8 sin_slow(f8 x) { return is_finite(x) ? sine_of(reduce_huge(x), 0) : quiet_nan<f8>(); }
NL_SLOW f8 cos_slow(f8 x) { return is_finite(x) ? sine_of(reduce_huge(x), 1) : quiet_nan<f8>(); }
NL_SLOW f8 tan_slow(f8 x) { return is_finite(x) ? tangent_of(reduce_huge(x)) : quiet_nan<f8>(); }
NL_FN f4 sin_slow(f4 x) { return (f4)sin_slow((f8)x); }
NL_FN f4 cos_slow(f4 x) { return (f4)cos_slow((f8)x); }
NL_FN f4 tan_slow(f4 x) { return (f4)tan_slow((f8)x); }

// pi in two words.
template <class T> struct Pi;
template <> struct Pi<f8> { static constexpr f8 high = 0x1.921fb54442d18p+1, low = 0x1.1a62633145c07p-53; };
template <> struct Pi<f4> { static constexpr f4 high = 0x1.921fb6p+1f, low = -0x1.777a5cp-24f; };

// (atan(t) / t - 1) / z in z = t*t, |t| <= tan(pi/8)
NL_FN f8 atan_tail(f8 z) {
  return poly(z, -0x1.5555555555555p-2, 0x1.9999999999952p-3, -0x1.249249248d739p-3, 0x1.c71c71c2fc236p-4,
              -0x1.745d165c497f3p-4, 0x1.3b1392a9c2d8bp-4, -0x1.110e84aa36d9dp-4, 0x1.e199c62156609p-5, -0x1.ac7858539e493p-5,
              0x1.74d3a7b43351ap-5, -0x1.1b1992aa413c9p-5, 0x1.0a997ba33c1dbp-6);
}
NL_FN f4 atan_tail(f4 z) { return poly(z, -0x1.555554p-2f, 0x1.99972ep-3f, -0x1.241fe6p-3f, 0x1.b80990p-4f, -0x1.082f6cp-4f); }
// The angle in [0, pi/2] of y, x >= 0, not both zero, no NaN, no infinity, scaled clear of overflow.
template <class T> NL_FN T first_quadrant(T y, T x) {
  const T eighth = (T)0x1.a827999fcef32p-2;  // tan(pi/8)
  const bool low = y <= x * eighth, high = x <= y * eighth;
  const T top = low ? y : high ? -x : y - x, bottom = low ? x : high ? y : y + x;
  const T base = low ? (T)0 : high ? Pi<T>::high / 2 : Pi<T>::high / 4;
  const T base_low = low ? (T)0 : high ? Pi<T>::low / 2 : Pi<T>::low / 4;
  const T t = top / bottom, z = t * t;
  return base + (t + fma_(t * z, atan_tail(z), base_low));
}
template <class T> NL_FN T arctan_(T x) {
  const T a = magnitude(x), held = a > (T)0x1p60 ? (T)0x1p60 : a;
  const T r = first_quadrant(held, (T)1);
  return is_nan(x) | (x == 0) ? x : with_sign(r, x);
}

template <class T> NL_FN T arctan2_(T y, T x) {
  const T ay = magnitude(y), ax = magnitude(x);
  const bool both_inf = is_inf(y) & is_inf(x), both_zero = (ay == 0) & (ax == 0);
  // Infinities and zeros as the finite points of the same angle; then clear of overflow and underflow.
  const T fy = both_inf ? (T)1 : is_inf(y) ? (T)1 : is_inf(x) ? (T)0 : ay;
  const T fx = both_inf | both_zero ? (T)1 : is_inf(x) ? (T)1 : is_inf(y) ? (T)0 : ax;
  const T large = (T)(sizeof(T) == 4 ? 0x1p120 : 0x1p1000), small = (T)(sizeof(T) == 4 ? 0x1p-100 : 0x1p-900);
  const T largest = fy > fx ? fy : fx, s = largest > large ? (T)0x1p-10 : largest < small ? (T)0x1p120 : (T)1;
  const T q = first_quadrant(fy * s, fx * s);
  const T r = sign_of(x) ? Pi<T>::high - (q - Pi<T>::low) : q;
  return is_nan(y) | is_nan(x) ? quiet_nan<T>() : with_sign(r, y);
}

// (asin(s) - s) / s**3 in z = s*s
NL_FN f8 asin_tail(f8 z) {
  return poly(z, 0x1.5555555555556p-3, 0x1.3333333332ecap-4, 0x1.6db6db6e31f13p-5, 0x1.f1c71c1db0623p-6, 0x1.6e8bb1c8209a2p-6,
              0x1.1c4d35cf95421p-6, 0x1.c9cf07674736ap-7, 0x1.782651caa6547p-7, 0x1.52420b04b37bep-7, 0x1.65a9c4dfcf8b2p-8,
              0x1.1d189408314eep-6, -0x1.e6aaa8a0a04ccp-7, 0x1.d72b2bc8155f8p-6);
}
NL_FN f4 asin_tail(f4 z) {
  return poly(z, 0x1.555554p-3f, 0x1.333430p-4f, 0x1.6d5bbap-5f, 0x1.fd8da2p-6f, 0x1.18f91ep-6f, 0x1.13fed4p-5f);
}
// Above a half by asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)), the root in two words. asin(s) = s + the result.
template <class T> NL_FN T arcsin_more(T x, bool big, T& s) {
  const T a = magnitude(x);
  const T z = big ? ((T)1 - a) * (T)0.5 : a * a;
  s = big ? sqrt_(z) : x;
  const T quotient = fma_(-s, s, z) / (s + s);
  return fma_(s * z, asin_tail(z), big & (s > 0) ? quotient : (T)0);
}
template <class T> NL_FN T arcsin_(T x) {
  const bool big = magnitude(x) > (T)0.5;
  T s;
  const T more = arcsin_more(x, big, s);
  const T far = Pi<T>::high / 2 - (T)2 * (s + (more - Pi<T>::low / 4));
  const T r = big ? with_sign(far, x) : s + more;
  return magnitude(x) > (T)1 ? quiet_nan<T>() : is_nan(x) | (x == 0) ? x : r;
}
template <class T> NL_FN T arccos_(T x) {
  const bool big = magnitude(x) > (T)0.5;
  T s;
  const T more = arcsin_more(x, big, s);
  const T near_one = (T)2 * (s + more);
  const T near_minus_one = Pi<T>::high - (T)2 * (s + (more - Pi<T>::low / 2));
  const T middle = Pi<T>::high / 2 - (s - (Pi<T>::low / 2 - more));
  const T r = big ? (x < 0 ? near_minus_one : near_one) : middle;
  return magnitude(x) > (T)1 ? quiet_nan<T>() : is_nan(x) ? x : r;
}

template <class T> NL_FN T sin_(T x) { return sin_in_range(x) ? sin_fast(x) : sin_slow(x); }
template <class T> NL_FN T cos_(T x) { return cos_in_range(x) ? cos_fast(x) : cos_slow(x); }
template <class T> NL_FN T tan_(T x) { return tan_in_range(x) ? tan_fast(x) : tan_slow(x); }

}  // namespace nl
