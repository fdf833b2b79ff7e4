#pragma once
#include "core.h"
namespace nl {
NL_FN f4 pow_(f4 a, f4 b) { return NL_LIBM(powf)(a,b); }
NL_FN f8 pow_(f8 a, f8 b) { return NL_LIBM(pow)(a,b); }
template <class T> NL_FN T op_power(T a, T b) {
  if constexpr (Is<T>::integer) {
    // By squaring, wrapping; negative exponents are refused before any loop runs.
    typedef typename Traits<T>::bits U;
    U base = (U)a, r = 1;
    for (U n = b < 0 ? (U)0 : (U)b; n != 0; n = (U)(n >> 1)) {
      r = n & 1 ? (U)(1u * r * base) : r;
      base = (U)(1u * base * base);
    }
    return (T)r;
  } else if constexpr (Is<T>::half) return narrow(pow_(widen(a),widen(b)));
  else if constexpr (Is<T>::complex) return a;
  else return pow_(a,b);
}
template <class T> NL_FN T op_float_power(T a, T b) { return op_power(a,b); }
}
