// sinh, cosh, tanh and their inverses, of real numbers. The float32 ones, but for tanh, are the float64 ones, rounded.
#pragma once
#include "exp.h"
#include "log.h"

namespace nl {

template <class T> NL_FN T tanh_(T x) {
  const T a = magnitude(x), limit = sizeof(T) == 4 ? (T)10 : (T)22;
  const T t = expm1_core((T)2 * (a > limit ? limit : a));
  const T r = a > limit ? (T)1 : t / (t + (T)2);
  return is_nan(x) ? x : with_sign(r, x);
}

// exp(a) / 2 and exp(-a) / 2, a >= 0.
NL_FN void half_exponentials(f8 a, f8& up, f8& down) {
  f8 t;
  const f8 y = exp_parts(a > 800.0 ? 800.0 : a, 0.0, t), k = t - Magic<f8>::value;
  up = scale_by(y, k - 1.0);
  down = a > 40.0 ? 0.0 : scale_by(1.0 / y, -k - 1.0);
}
NL_FN f8 sinh_(f8 x) {
  const f8 a = magnitude(x);
  f8 up, down;
  half_exponentials(a, up, down);
  const f8 t = expm1_core(a > 1.0 ? 1.0 : a);
  const f8 r = a < 1.0 ? 0.5 * (t + t / (t + 1.0)) : up - down;
  return is_nan(x) ? x : with_sign(r, x);
}
NL_FN f8 cosh_(f8 x) {
  f8 up, down;
  half_exponentials(magnitude(x), up, down);
  return is_nan(x) ? x : up + down;
}

NL_FN f8 arcsinh_(f8 x) {
  const f8 a = magnitude(x);
  // Above 2**28 the square drowns.
  const bool big = a > 0x1p28;
  const f8 h = big ? 1.0 : a;
  const f8 small = log1p_(h + h * h / (1.0 + sqrt_(h * h + 1.0)));
  const f8 large = log_fast(big ? a : 1.0) + 0x1.62e42fefa39efp-1;
  return is_nan(x) | is_inf(x) ? x : with_sign(big ? large : small, x);
}
NL_FN f8 arccosh_(f8 x) {
  const bool big = x > 0x1p28;
  const f8 t = big | !(x >= 1.0) ? 0.0 : x - 1.0;
  const f8 small = log1p_(t + sqrt_(2.0 * t + t * t));
  const f8 large = log_fast(big ? x : 1.0) + 0x1.62e42fefa39efp-1;
  return is_nan(x) | (x == infinity<f8>()) ? x : x < 1.0 ? quiet_nan<f8>() : big ? large : small;
}
NL_FN f8 arctanh_(f8 x) {
  const f8 a = magnitude(x), h = a < 1.0 ? a : 0.0;
  const f8 r = 0.5 * log1p_(h < 0.5 ? 2.0 * h + 2.0 * h * h / (1.0 - h) : 2.0 * (h / (1.0 - h)));
  return is_nan(x) ? x : a > 1.0 ? quiet_nan<f8>() : with_sign(a == 1.0 ? infinity<f8>() : r, x);
}

NL_FN f4 sinh_(f4 x) { return (f4)sinh_((f8)x); }
NL_FN f4 cosh_(f4 x) { return (f4)cosh_((f8)x); }
NL_FN f4 arcsinh_(f4 x) { return (f4)arcsinh_((f8)x); }
NL_FN f4 arccosh_(f4 x) { return (f4)arccosh_((f8)x); }
NL_FN f4 arctanh_(f4 x) { return (f4)arctanh_((f8)x); }

}  // namespace nl
