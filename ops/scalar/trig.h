// sin, cos, tan and their inverses, of real numbers. Float32 but for sin and cos is float64, rounded.
#pragma once
#include "arithmetic.h"
#include "trig_kernel.h"

namespace nl {

template <class T> NL_FN bool sin_in_range(T x) { return magnitude(x) < (T)0x1p20; }
template <class T> NL_FN bool cos_in_range(T x) { return sin_in_range(x); }
template <class T> NL_FN bool tan_in_range(T x) { return sin_in_range(x); }
// A zero keeps its sign.
template <class T> NL_FN T sin_fast(T x) {
  const T r = sine_of(reduce_angle(x), 0);
  return x == 0 ? x : r;
}
template <class T> NL_FN T cos_fast(T x) { return sine_of(reduce_angle(x), 1); }
NL_FN f8 tan_fast(f8 x) {
  const f8 r = tangent_of(reduce_angle(x));
  return x == 0 ? x : r;
}
NL_FN f4 tan_fast(f4 x) { return (f4)tan_fast((f8)x); }
NL_SLOW f8 sin_slow(f8 x) { return is_finite(x) ? sine_of(reduce_huge(x), 0) : quiet_nan<f8>(); }
NL_SLOW f8 cos_slow(f8 x) { return is_finite(x) ? sine_of(reduce_huge(x), 1) : quiet_nan<f8>(); }
NL_SLOW f8 tan_slow(f8 x) { return is_finite(x) ? tangent_of(reduce_huge(x)) : quiet_nan<f8>(); }
NL_FN f4 sin_slow(f4 x) { return (f4)sin_slow((f8)x); }
NL_FN f4 cos_slow(f4 x) { return (f4)cos_slow((f8)x); }
NL_FN f4 tan_slow(f4 x) { return (f4)tan_slow((f8)x); }

// atan(top / bottom) + base, |top / bottom| <= tan(pi/8).
NL_FN f8 atan_core(f8 top, f8 bottom, f8 base_high, f8 base_low) {
  const f8 t = top / bottom, z = t * t;
  const f8 r = poly(z, -0x1.5555555555555p-2, 0x1.9999999999952p-3, -0x1.249249248d739p-3, 0x1.c71c71c2fc236p-4,
                    -0x1.745d165c497f3p-4, 0x1.3b1392a9c2d8bp-4, -0x1.110e84aa36d9dp-4, 0x1.e199c62156609p-5,
                    -0x1.ac7858539e493p-5, 0x1.74d3a7b43351ap-5, -0x1.1b1992aa413c9p-5, 0x1.0a997ba33c1dbp-6);
  return base_high + (t + (t * z * r + base_low));
}
// The angle in [0, pi/2] of y, x >= 0, not both zero, no NaN, no infinity, scaled clear of overflow.
NL_FN f8 first_quadrant(f8 y, f8 x) {
  const bool low = y <= x * 0x1.a827999fcef32p-2, high = x <= y * 0x1.a827999fcef32p-2;
  const f8 top = low ? y : high ? -x : y - x, bottom = low ? x : high ? y : y + x;
  const f8 base = low ? 0.0 : high ? 0x1.921fb54442d18p+0 : 0x1.921fb54442d18p-1;
  const f8 base_low = low ? 0.0 : high ? 0x1.1a62633145c07p-54 : 0x1.1a62633145c07p-55;
  return atan_core(top, bottom, base, base_low);
}
NL_FN f8 arctan_(f8 x) {
  const f8 a = magnitude(x), held = a > 0x1p60 ? 0x1p60 : a;
  const f8 r = first_quadrant(held, 1.0);
  return is_nan(x) | (x == 0) ? x : with_sign(r, x);
}
NL_FN f4 arctan_(f4 x) { return (f4)arctan_((f8)x); }

NL_FN f8 arctan2_(f8 y, f8 x) {
  const f8 ay = magnitude(y), ax = magnitude(x);
  const bool both_inf = is_inf(y) & is_inf(x), both_zero = (ay == 0) & (ax == 0);
  // Infinities and zeros as the finite points of the same angle; then clear of overflow and underflow.
  const f8 fy = both_inf ? 1.0 : is_inf(y) ? 1.0 : is_inf(x) ? 0.0 : ay;
  const f8 fx = both_inf | both_zero ? 1.0 : is_inf(x) ? 1.0 : is_inf(y) ? 0.0 : ax;
  const f8 largest = fy > fx ? fy : fx, s = largest > 0x1p1000 ? 0x1p-100 : largest < 0x1p-900 ? 0x1p120 : 1.0;
  const f8 q = first_quadrant(fy * s, fx * s);
  const f8 r = sign_of(x) ? 0x1.921fb54442d18p+1 - (q - 0x1.1a62633145c07p-53) : q;
  return is_nan(y) | is_nan(x) ? quiet_nan<f8>() : with_sign(r, y);
}
NL_FN f4 arctan2_(f4 y, f4 x) { return (f4)arctan2_((f8)y, (f8)x); }

// (asin(s) - s) / s**3 in z = s*s
NL_FN f8 asin_tail(f8 z) {
  return poly(z, 0x1.5555555555556p-3, 0x1.3333333332ecap-4, 0x1.6db6db6e31f13p-5, 0x1.f1c71c1db0623p-6, 0x1.6e8bb1c8209a2p-6,
              0x1.1c4d35cf95421p-6, 0x1.c9cf07674736ap-7, 0x1.782651caa6547p-7, 0x1.52420b04b37bep-7, 0x1.65a9c4dfcf8b2p-8,
              0x1.1d189408314eep-6, -0x1.e6aaa8a0a04ccp-7, 0x1.d72b2bc8155f8p-6);
}
// Above a half by asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)), the root in two words.
NL_FN f8 arcsin_(f8 x) {
  const f8 a = magnitude(x);
  const bool big = a > 0.5;
  const f8 z = big ? (1.0 - a) * 0.5 : a * a, s = big ? sqrt_(z) : a;
  const f8 tail = s * z * asin_tail(z);
  f8 e;
  const f8 s2 = two_product(s, s, e);
  const f8 rest = big & (s > 0) ? ((z - s2) - e) / (s + s) : 0.0;
  const f8 r = big ? 0x1.921fb54442d18p+0 - (2.0 * s + (2.0 * (tail + rest) - 0x1.1a62633145c07p-54)) : s + tail;
  return a > 1.0 ? quiet_nan<f8>() : is_nan(x) ? x : with_sign(r, x);
}
NL_FN f8 arccos_(f8 x) {
  const f8 a = magnitude(x);
  const bool big = a > 0.5;
  const f8 z = big ? (1.0 - a) * 0.5 : a * a, s = big ? sqrt_(z) : x;
  const f8 tail = s * z * asin_tail(z);
  f8 e;
  const f8 s2 = two_product(s, s, e);
  const f8 rest = big & (s > 0) ? ((z - s2) - e) / (s + s) : 0.0;
  const f8 near_one = 2.0 * (s + (tail + rest));
  const f8 near_minus_one = 0x1.921fb54442d18p+1 - 2.0 * (s + ((tail + rest) - 0x1.1a62633145c07p-54));
  const f8 middle = 0x1.921fb54442d18p+0 - (s - (0x1.1a62633145c07p-54 - tail));
  return a > 1.0 ? quiet_nan<f8>() : is_nan(x) ? x : big ? (x < 0 ? near_minus_one : near_one) : middle;
}
NL_FN f4 arcsin_(f4 x) { return (f4)arcsin_((f8)x); }
NL_FN f4 arccos_(f4 x) { return (f4)arccos_((f8)x); }

template <class T> NL_FN T sin_(T x) { return sin_in_range(x) ? sin_fast(x) : sin_slow(x); }
template <class T> NL_FN T cos_(T x) { return cos_in_range(x) ? cos_fast(x) : cos_slow(x); }
template <class T> NL_FN T tan_(T x) { return tan_in_range(x) ? tan_fast(x) : tan_slow(x); }

}  // namespace nl
