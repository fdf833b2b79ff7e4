// Trigonometric functions, and what belongs to angles.
#pragma once
#include "trig.h"

namespace nl {

// No float16 is out of the fast range but infinities.
#define NL_TRIGONOMETRIC(name)                           \
  template <class T> NL_FN T op_##name(T x) {            \
    if constexpr (Is<T>::half) {                         \
      const f4 v = widen(x), r = name##_fast(v);         \
      return narrow(is_finite(v) ? r : quiet_nan<f4>()); \
    } else if constexpr (Is<T>::complex) {               \
      return complex_##name(x);                          \
    } else {                                             \
      return name##_(x);                                 \
    }                                                    \
  }
NL_TRIGONOMETRIC(sin)
NL_TRIGONOMETRIC(cos)
NL_TRIGONOMETRIC(tan)
#undef NL_TRIGONOMETRIC
NL_UNARY(arcsin)
NL_UNARY(arccos)
NL_UNARY(arctan)

template <class T> NL_FN T op_arctan2(T a, T b) {
  if constexpr (Is<T>::half) return narrow(arctan2_(widen(a), widen(b)));
  else return arctan2_(a, b);
}
template <class T> NL_FN T op_hypot(T a, T b) {
  if constexpr (Is<T>::half) return narrow(hypot_(widen(a), widen(b)));
  else return hypot_(a, b);
}

// The factor is rounded to the type, as NumPy's is.
template <class T> NL_FN T op_deg2rad(T a) {
  if constexpr (Is<T>::half) return narrow(op_deg2rad(widen(a)));
  else return a * ((T)3.141592653589793238462643383279502884 / (T)180);
}
template <class T> NL_FN T op_rad2deg(T a) {
  if constexpr (Is<T>::half) return narrow(op_rad2deg(widen(a)));
  else return a * ((T)180 / (T)3.141592653589793238462643383279502884);
}
template <class T> NL_FN T op_radians(T a) { return op_deg2rad(a); }
template <class T> NL_FN T op_degrees(T a) { return op_rad2deg(a); }

}  // namespace nl
