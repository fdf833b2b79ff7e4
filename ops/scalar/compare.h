// Comparisons, logic, and tests of one value.
#pragma once
#include "core.h"

namespace nl {

// Complex order is lexicographic. NaN rules are NumPy's: a NaN in a real part, or in an imaginary part that is needed, is false.
template <class T> NL_FN bool op_equal(T a, T b) {
  if constexpr (Is<T>::half) return widen(a) == widen(b);
  else if constexpr (Is<T>::complex) return (a.re == b.re) & (a.im == b.im);
  else return a == b;
}
template <class T> NL_FN bool op_not_equal(T a, T b) { return !op_equal(a, b); }

template <class T> NL_FN bool op_less(T a, T b) {
  if constexpr (Is<T>::half) return widen(a) < widen(b);
  else if constexpr (Is<T>::complex)
    return ((a.re < b.re) & (a.im == a.im) & (b.im == b.im)) | ((a.re == b.re) & (a.im < b.im));
  else return a < b;
}
template <class T> NL_FN bool op_less_equal(T a, T b) {
  if constexpr (Is<T>::half) return widen(a) <= widen(b);
  else if constexpr (Is<T>::complex)
    return ((a.re < b.re) & (a.im == a.im) & (b.im == b.im)) | ((a.re == b.re) & (a.im <= b.im));
  else return a <= b;
}
template <class T> NL_FN bool op_greater(T a, T b) { return op_less(b, a); }
template <class T> NL_FN bool op_greater_equal(T a, T b) { return op_less_equal(b, a); }

NL_FN bool op_equal_iu(i8 a, u8 b) { return (a >= 0) & ((u8)a == b); }
NL_FN bool op_not_equal_iu(i8 a, u8 b) { return (a < 0) | ((u8)a != b); }
NL_FN bool op_less_iu(i8 a, u8 b) { return (a < 0) | ((u8)a < b); }
NL_FN bool op_less_equal_iu(i8 a, u8 b) { return (a < 0) | ((u8)a <= b); }
NL_FN bool op_greater_iu(i8 a, u8 b) { return (a >= 0) & ((u8)a > b); }
NL_FN bool op_greater_equal_iu(i8 a, u8 b) { return (a >= 0) & ((u8)a >= b); }

template <class T> NL_FN bool truth(T a) {
  if constexpr (Is<T>::half) return (a.bits & 0x7fff) != 0;
  else if constexpr (Is<T>::complex) return (a.re != 0) | (a.im != 0);
  else return a != 0;
}
template <class T> NL_FN bool op_logical_and(T a, T b) { return truth(a) & truth(b); }
template <class T> NL_FN bool op_logical_or(T a, T b) { return truth(a) | truth(b); }
template <class T> NL_FN bool op_logical_xor(T a, T b) { return truth(a) != truth(b); }
template <class T> NL_FN bool op_logical_not(T a) {
  if constexpr (Is<T>::kind == kBool) return (bool)((u1)a ^ (u1)1);
  else return !truth(a);
}

template <class T> NL_FN bool op_isnan(T a) {
  if constexpr (Is<T>::half) return (a.bits & 0x7fff) > 0x7c00;
  else if constexpr (Is<T>::complex) return is_nan(a.re) | is_nan(a.im);
  else if constexpr (Is<T>::real) return is_nan(a);
  else return false;
}
template <class T> NL_FN bool op_isinf(T a) {
  if constexpr (Is<T>::half) return (a.bits & 0x7fff) == 0x7c00;
  else if constexpr (Is<T>::complex) return is_inf(a.re) | is_inf(a.im);
  else if constexpr (Is<T>::real) return is_inf(a);
  else return false;
}
template <class T> NL_FN bool op_isfinite(T a) {
  if constexpr (Is<T>::half) return (a.bits & 0x7fff) < 0x7c00;
  else if constexpr (Is<T>::complex) return is_finite(a.re) & is_finite(a.im);
  else if constexpr (Is<T>::real) return is_finite(a);
  else return true;
}
template <class T> NL_FN bool op_signbit(T a) {
  if constexpr (Is<T>::half) return (a.bits & 0x8000) != 0;
  else return sign_of(a);
}

}  // namespace nl
