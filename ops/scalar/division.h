// Quotients and remainders of whole steps. Division by zero gives 0 for integers; floats follow npy_divmod.
#pragma once
#include "core.h"

namespace nl {

// a / b towards zero; 0 where b is 0; the lowest value over -1 wraps to itself.
template <class T> NL_FN T int_quotient(T a, T b) {
  typedef typename Traits<T>::bits U;
  typedef typename Traits<T>::wide W;
  const bool zero = b == 0, minus = Is<T>::kind == kSigned && b == (T)-1;
  const T d = zero | minus ? (T)1 : b;
  T q;
  // Up to 32 bits a floating-point quotient never rounds across an integer, and it vectorises.
  if constexpr (sizeof(T) == 8) q = a / d;
  else if constexpr (sizeof(T) == 4 && Is<T>::kind == kUnsigned) q = (T)(i8)((W)a / (W)d);
  else q = (T)(i4)((W)a / (W)d);
  return zero ? (T)0 : minus ? (T)(U)(0u - (U)a) : q;
}

// The exact remainder of truncated division, with the sign of a. Fast where the quotient fits the significand.
NL_FN bool fmod_in_range(f4 a, f4 b) { return (magnitude(a) < magnitude(b) * 0x1p28f) & is_finite(b); }
NL_FN bool fmod_in_range(f8 a, f8 b) {
  return (magnitude(a) < magnitude(b) * 0x1p52) & (magnitude(a) < 0x1p1000) & (magnitude(b) < 0x1p1000);
}
NL_FN f4 fmod_fast(f4 a, f4 b) {
  const f8 x = magnitude(a), y = magnitude(b);
  return with_sign((f4)(x - trunc_(x / y) * y), a);
}
NL_FN f8 fmod_fast(f8 a, f8 b) {
  const f8 x = magnitude(a), y = magnitude(b);
  f8 e;
  const f8 p = two_product(trunc_(x / y), y, e);
  const f8 r = (x - p) - e;
  // The quotient may have been rounded up to the next integer.
  return with_sign(r < 0 ? r + y : r, a);
}
// fmod is exact in every C library.
NL_SLOW f4 fmod_slow(f4 a, f4 b) { return NL_LIBM(fmodf)(a, b); }
NL_SLOW f8 fmod_slow(f8 a, f8 b) { return NL_LIBM(fmod)(a, b); }

// npy_divmod, from m = fmod(a, b).
template <class T> NL_FN T remainder_from(T b, T m) {
  const T moved = (b < 0) != (m < 0) ? m + b : m;
  return b == 0 ? m : m != 0 ? moved : with_sign((T)0, b);
}
template <class T> NL_FN T floor_divide_from(T a, T b, T m) {
  const T exact = (a - m) / b;
  const T div = (m != 0) & ((b < 0) != (m < 0)) ? exact - (T)1 : exact;
  const T down = floor_(div);
  const T r = div - down > (T)0.5 ? down + (T)1 : down;
  return b == 0 ? a / b : div != 0 ? r : with_sign((T)0, a / b);
}

#define NL_DIVISION(name, expression)                                                     \
  template <class T> NL_FN bool name##_in_range(T a, T b) { return fmod_in_range(a, b); } \
  template <class T> NL_FN T name##_fast(T a, T b) {                                      \
    const T m = fmod_fast(a, b);                                                          \
    return expression;                                                                    \
  }                                                                                       \
  template <class T> NL_FN T name##_slow(T a, T b) {                                      \
    const T m = fmod_slow(a, b);                                                          \
    return expression;                                                                    \
  }
NL_DIVISION(remainder, remainder_from(b, m))
NL_DIVISION(floor_divide, floor_divide_from(a, b, m))
#undef NL_DIVISION

template <class T> NL_FN T op_fmod(T a, T b) {
  typedef typename Traits<T>::bits U;
  if constexpr (Is<T>::integer) return b == 0 ? (T)0 : (T)(U)((U)a - 1u * (U)int_quotient(a, b) * (U)b);
  else if constexpr (Is<T>::half) return narrow(op_fmod(widen(a), widen(b)));
  else return fmod_in_range(a, b) ? fmod_fast(a, b) : fmod_slow(a, b);
}

template <class T> NL_FN T op_remainder(T a, T b) {
  typedef typename Traits<T>::bits U;
  if constexpr (Is<T>::integer) {
    const T r = op_fmod(a, b);
    return (r != 0) & ((r < 0) != (b < 0)) ? (T)(U)((U)r + (U)b) : r;
  } else if constexpr (Is<T>::half) {
    return narrow(op_remainder(widen(a), widen(b)));
  } else {
    return remainder_in_range(a, b) ? remainder_fast(a, b) : remainder_slow(a, b);
  }
}

template <class T> NL_FN T op_floor_divide(T a, T b) {
  typedef typename Traits<T>::bits U;
  if constexpr (Is<T>::integer) {
    const T q = int_quotient(a, b);
    const bool inexact = (U)(1u * (U)q * (U)b) != (U)a;
    return (b != 0) & inexact & ((a < 0) != (b < 0)) ? (T)(U)((U)q - 1u) : q;
  } else if constexpr (Is<T>::half) {
    return narrow(op_floor_divide(widen(a), widen(b)));
  } else {
    return floor_divide_in_range(a, b) ? floor_divide_fast(a, b) : floor_divide_slow(a, b);
  }
}

}  // namespace nl
