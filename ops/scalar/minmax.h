// Minima and maxima. Complex numbers are ordered by real part, then by imaginary part.
#pragma once
#include "compare.h"

namespace nl {

template <class T> NL_FN bool any_nan(T a) {
  if constexpr (Is<T>::half) return (a.bits & 0x7fff) > 0x7c00;
  else if constexpr (Is<T>::complex) return is_nan(a.re) | is_nan(a.im);
  else if constexpr (Is<T>::real) return is_nan(a);
  else return false;
}

// Which of two zeros: NumPy's loops give b in maximum and minimum of float32 and float64, and a elsewhere.
template <class T> NL_FN T op_maximum(T a, T b) {
  if constexpr (Is<T>::real) return is_nan(a) | (a > b) ? a : b;
  else return any_nan(a) | op_greater_equal(a, b) ? a : b;
}
template <class T> NL_FN T op_minimum(T a, T b) {
  if constexpr (Is<T>::real) return is_nan(a) | (a < b) ? a : b;
  else return any_nan(a) | op_less_equal(a, b) ? a : b;
}
template <class T> NL_FN T op_fmax(T a, T b) { return any_nan(b) | op_greater_equal(a, b) ? a : b; }
template <class T> NL_FN T op_fmin(T a, T b) { return any_nan(b) | op_less_equal(a, b) ? a : b; }

// Where a bound equals x, x stays. Complex: only a NaN in x is looked for.
template <class T> NL_FN bool clip_less(T a, T b) {
  if constexpr (Is<T>::complex) return a.re == b.re ? a.im < b.im : a.re < b.re;
  else return op_less(a, b);
}
template <class T> NL_FN T op_clip(T x, T low, T high) {
  if constexpr (Is<T>::complex) {
    const T raised = any_nan(x) | clip_less(low, x) ? x : low;
    return any_nan(raised) | clip_less(raised, high) ? raised : high;
  } else {
    // A bound that is NaN, and one beside a NaN, is taken here; whose it is, is told last.
    const T raised = op_less_equal(low, x) ? x : low;
    const T held = op_less_equal(raised, high) ? raised : high;
    return any_nan(x) ? x : any_nan(low) ? low : held;
  }
}

}  // namespace nl
