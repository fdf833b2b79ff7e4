// sinh, cosh, tanh and their inverses, of real numbers.
#pragma once
#include "exp.h"
#include "log.h"

namespace nl {

// At the limit the quotient is 1.
template <class T> NL_FN T tanh_(T x) {
  const T a = magnitude(x), limit = sizeof(T) == 4 ? (T)10 : (T)22;
  const T t = expm1_moderate((T)2 * (a > limit ? limit : a));
  return is_nan(x) ? x : with_sign(t / (t + (T)2), x);
}

// exp(a) / 2 and exp(-a) / 2, a >= 0; infinite and 0 where cosh overflows.
template <class T> NL_FN void half_exponentials(T a, T& up, T& down) {
  const T limit = sizeof(T) == 4 ? (T)90 : (T)711;
  T t;
  const T y = exp_parts(a > limit ? limit : a, t);
  up = y * exp2_of(t - (T)2) * (T)2;  // 2**k may be too large by one
  down = (T)0.25 / up;
}
template <class T> NL_FN T sinh_(T x) {
  const T a = magnitude(x);
  T up, down;
  half_exponentials(a, up, down);
  const T t = expm1_moderate(a > (T)1 ? (T)1 : a);
  const T r = a < (T)1 ? (T)0.5 * (t + t / (t + (T)1)) : up - down;
  return is_nan(x) ? x : with_sign(r, x);
}
template <class T> NL_FN T cosh_(T x) {
  T up, down;
  half_exponentials(magnitude(x), up, down);
  return is_nan(x) ? x : up + down;
}

// log(x) + ln 2 where the square of x drowns 1.
template <class T> NL_FN T drowned() { return sizeof(T) == 4 ? (T)0x1p13 : (T)0x1p28; }
template <class T> NL_FN T log_of_double(T x) { return log_by_quotient(x) + (T)0x1.62e42fefa39efp-1; }
template <class T> NL_FN T arcsinh_(T x) {
  const T a = magnitude(x);
  const bool big = a > drowned<T>();
  const T h = big ? (T)1 : a, square = h * h;
  const T small = log1p_(h + square / ((T)1 + sqrt_(square + (T)1)));
  const T large = log_of_double(big ? a : (T)1);
  return is_nan(x) | is_inf(x) ? x : with_sign(big ? large : small, x);
}
template <class T> NL_FN T arccosh_(T x) {
  const bool big = x > drowned<T>();
  const T t = big | !(x >= (T)1) ? (T)0 : x - (T)1;
  const T small = log1p_(t + sqrt_(fma_(t, t, t + t)));
  const T large = log_of_double(big ? x : (T)1);
  return is_nan(x) | (x == infinity<T>()) ? x : x < (T)1 ? quiet_nan<T>() : big ? large : small;
}
template <class T> NL_FN T arctanh_(T x) {
  const T a = magnitude(x), h = a < (T)1 ? a : (T)0, twice = h + h;
  const T quotient = (h < (T)0.5 ? twice * h : twice) / ((T)1 - h);
  const T r = (T)0.5 * log1p_(h < (T)0.5 ? twice + quotient : quotient);
  return is_nan(x) ? x : a > (T)1 ? quiet_nan<T>() : with_sign(a == (T)1 ? infinity<T>() : r, x);
}

}  // namespace nl
