// Bits and whole numbers. Shifts by the width or more, and by negative counts, are defined as NumPy defines them.
#pragma once
#include "core.h"

namespace nl {

template <class T> NL_FN T op_bitwise_and(T a, T b) { return (T)(a & b); }
template <class T> NL_FN T op_bitwise_or(T a, T b) { return (T)(a | b); }
template <class T> NL_FN T op_bitwise_xor(T a, T b) { return (T)(a ^ b); }
template <class T> NL_FN T op_invert(T a) {
  if constexpr (Is<T>::kind == kBool) return (bool)((u1)a ^ (u1)1);
  else return (T)~a;
}

template <class T> NL_FN T op_left_shift(T a, T b) {
  typedef typename Traits<T>::bits U;
  const U width = sizeof(T) * 8, n = (U)b;
  const U shifted = (U)((U)a << (n & (width - 1)));
  return n < width ? (T)shifted : (T)0;
}
template <class T> NL_FN T op_right_shift(T a, T b) {
  typedef typename Traits<T>::bits U;
  const U width = sizeof(T) * 8, n = (U)b, last = width - 1;
  // A count too large leaves the sign: as many shifts as there are bits after it, for unsigned types one more.
  if constexpr (Is<T>::kind == kSigned) return (T)(a >> (n < width ? n : last));
  else return n < width ? (T)(a >> (n & last)) : (T)0;
}

template <class T> NL_FN u1 op_bitwise_count(T a) {
  typedef typename Traits<T>::bits U;
  const U m = Is<T>::kind == kSigned && a < 0 ? (U)(0u - (U)a) : (U)a;
  if constexpr (sizeof(T) <= 2) {
    // Pairs, then fours, then bytes of bits: vectors have no instruction for it.
    const U two = (U)(m - ((m >> 1) & 0x5555u)), four = (U)((two & 0x3333u) + ((two >> 2) & 0x3333u));
    const U eight = (U)((four + (four >> 4)) & 0x0f0fu);
    return (u1)(sizeof(T) == 1 ? eight : eight + (eight >> 8));
  }
#ifdef __CUDACC__
  return sizeof(T) == 8 ? (u1)__popcll(m) : (u1)__popc(m);
#else
  return sizeof(T) == 8 ? (u1)__builtin_popcountl(m) : (u1)__builtin_popcount(m);
#endif
}

// |T's lowest| is T's lowest, as in NumPy, since all is computed unsigned.
template <class T> NL_FN T op_gcd(T a, T b) {
  typedef typename Traits<T>::bits U;
  U x = Is<T>::kind == kSigned && a < 0 ? (U)(0u - (U)a) : (U)a;
  U y = Is<T>::kind == kSigned && b < 0 ? (U)(0u - (U)b) : (U)b;
  while (x != 0) {
    const U t = (U)(y % x);
    y = x;
    x = t;
  }
  return (T)y;
}
template <class T> NL_FN T op_lcm(T a, T b) {
  typedef typename Traits<T>::bits U;
  const U x = Is<T>::kind == kSigned && a < 0 ? (U)(0u - (U)a) : (U)a;
  const U y = Is<T>::kind == kSigned && b < 0 ? (U)(0u - (U)b) : (U)b;
  const U g = (U)op_gcd(a, b);
  return g == 0 ? (T)0 : (T)(U)(1u * (U)(x / (g == 0 ? (U)1 : g)) * y);
}

}  // namespace nl
