// Trigonometric functions, and what belongs to angles.
#pragma once
#include "trig.h"

namespace nl {

NL_UNARY(sin)
NL_UNARY(cos)
NL_UNARY(tan)
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

}  // namespace nl
