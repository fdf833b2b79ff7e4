// Sums, products, quotients, signs.
#pragma once
#include "core.h"

namespace nl {

template <class T> NL_FN T op_add(T a, T b) {
  typedef typename Traits<T>::bits U;
  if constexpr (Is<T>::kind == kBool) return a | b;
  else if constexpr (Is<T>::integer) return (T)(U)((U)a + (U)b);
  else if constexpr (Is<T>::half) return narrow(widen(a) + widen(b));
  else if constexpr (Is<T>::complex) return T{a.re + b.re, a.im + b.im};
  else return a + b;
}

template <class T> NL_FN T op_subtract(T a, T b) {
  typedef typename Traits<T>::bits U;
  if constexpr (Is<T>::integer) return (T)(U)((U)a - (U)b);
  else if constexpr (Is<T>::half) return narrow(widen(a) - widen(b));
  else if constexpr (Is<T>::complex) return T{a.re - b.re, a.im - b.im};
  else return a - b;
}

template <class T> NL_FN T op_multiply(T a, T b) {
  typedef typename Traits<T>::bits U;
  // 1u: so that u2 * u2 is computed unsigned and not in int.
  if constexpr (Is<T>::kind == kBool) return a & b;
  else if constexpr (Is<T>::integer) return (T)(U)(1u * (U)a * (U)b);
  else if constexpr (Is<T>::half) return narrow(widen(a) * widen(b));
  else if constexpr (Is<T>::complex) return T{minus(a.re * b.re, a.im * b.im), a.re * b.im + a.im * b.re};
  else return a * b;
}

template <class T> NL_FN T op_divide(T a, T b) {
  if constexpr (Is<T>::half) {
    return narrow(widen(a) / widen(b));
  } else if constexpr (Is<T>::complex) {
    // Smith's method, as NumPy's loop: scaled by the larger part of b; a zero b gives a / |0|.
    typedef typename T::real R;
    const R br = magnitude(b.re), bi = magnitude(b.im);
    const bool zero = (br == 0) & (bi == 0), by_re = br >= bi;
    const R big = by_re ? b.re : b.im, small = by_re ? b.im : b.re;
    const R ratio = small / big, scale = (R)1 / (big + small * ratio);
    const R re = by_re ? a.re + a.im * ratio : a.re * ratio + a.im;
    const R im = by_re ? minus(a.im, a.re * ratio) : minus(a.im * ratio, a.re);
    return T{zero ? a.re / br : re * scale, zero ? a.im / br : im * scale};
  } else {
    return a / b;
  }
}

template <class T> NL_FN T op_negative(T a) {
  typedef typename Traits<T>::bits U;
  if constexpr (Is<T>::integer) return (T)(U)(0u - (U)a);
  else if constexpr (Is<T>::half) return T{(u2)(a.bits ^ 0x8000)};
  else if constexpr (Is<T>::complex) return T{-a.re, -a.im};
  else return -a;
}

template <class T> NL_FN T op_positive(T a) { return a; }

template <class T> NL_FN T op_conjugate(T a) {
  if constexpr (Is<T>::complex) return T{a.re, -a.im};
  else return a;
}

// sqrt(a*a + b*b), correctly rounded but for the last bit, and no overflow or underflow on the way. For float32 in
// float64; for float64 scaled by a power of two, with the squares' errors.
NL_FN f4 hypot_(f4 a, f4 b) {
  const f4 r = (f4)sqrt_((f8)a * a + (f8)b * b);
  return is_inf(a) | is_inf(b) ? infinity<f4>() : r;
}
NL_FN f8 hypot_(f8 a, f8 b) {
  const f8 x = magnitude(a), y = magnitude(b);
  const f8 big = x > y ? x : y, small = x > y ? y : x;
  // Away from overflow and underflow by powers of two, which cost no bits.
  const f8 down = big > 0x1p500 ? 0x1p-600 : big < 0x1p-400 ? 0x1p600 : 1.0;
  const f8 up = big > 0x1p500 ? 0x1p600 : big < 0x1p-400 ? 0x1p-600 : 1.0;
  const f8 p = big * down, q = small * down;
  f8 pe, qe, se;
  const f8 p2 = two_product(p, p, pe), q2 = two_product(q, q, qe);
  const f8 s = fast_two_sum(p2, q2, se);
  const f8 r = sqrt_(s);
  // One Newton step from the exact residue.
  f8 re;
  const f8 r2 = two_product(r, r, re);
  const f8 residue = ((s - r2) - re) + (se + (pe + qe));
  const f8 fixed = (r > 0 ? r + residue / (r + r) : r) * up;
  return is_inf(a) | is_inf(b) ? infinity<f8>() : is_nan(a) | is_nan(b) ? quiet_nan<f8>() : fixed;
}

NL_FN bool op_absolute(bool a) { return a; }
template <class T> NL_FN auto op_absolute(T a) {
  if constexpr (Is<T>::kind == kSigned) return a < 0 ? op_negative(a) : a;
  else if constexpr (Is<T>::kind == kUnsigned) return a;
  else if constexpr (Is<T>::half) return T{(u2)(a.bits & 0x7fff)};
  else if constexpr (Is<T>::complex) return hypot_(a.re, a.im);
  else return magnitude(a);
}

template <class T> NL_FN T op_fabs(T a) { return op_absolute(a); }

template <class T> NL_FN T op_square(T a) {
  if constexpr (Is<T>::complex) return T{minus(a.re * a.re, a.im * a.im), a.re * a.im + a.im * a.re};
  else return op_multiply(a, a);
}

template <class T> NL_FN T op_reciprocal(T a) {
  if constexpr (Is<T>::integer) {
    // 1 / 0 is an infinity converted to T: the lowest value where a register of T's own size has one, 0 in narrower ones.
    const T none = Is<T>::kind == kSigned && sizeof(T) >= 4 ? (T)((typename Traits<T>::bits)1 << (sizeof(T) * 8 - 1)) : (T)0;
    return a == 0 ? none : a == 1 ? (T)1 : Is<T>::kind == kSigned && a == (T)-1 ? (T)-1 : (T)0;
  } else if constexpr (Is<T>::half) {
    return narrow(1.0f / widen(a));
  } else if constexpr (Is<T>::complex) {
    typedef typename T::real R;
    const bool by_re = magnitude(a.im) <= magnitude(a.re);
    const R big = by_re ? a.re : a.im, small = by_re ? a.im : a.re;
    const R ratio = small / big, d = big + small * ratio;
    return T{(by_re ? (R)1 : ratio) / d, (by_re ? -ratio : (R)-1) / d};
  } else {
    return (T)1 / a;
  }
}

template <class T> NL_FN T op_sign(T a) {
  if constexpr (Is<T>::integer) {
    return (T)((a > 0) - (a < 0));
  } else if constexpr (Is<T>::half) {
    const u2 m = a.bits & 0x7fff;
    return T{(u2)(m > 0x7c00 ? a.bits : m == 0 ? 0 : 0x3c00 | (a.bits & 0x8000))};
  } else if constexpr (Is<T>::complex) {
    typedef typename T::real R;
    // As NumPy: by the modulus, and where that is infinite by the infinite part; two infinite parts are undecided.
    const R m = hypot_(a.re, a.im);
    const bool zero = m == 0, huge = is_inf(m), re_inf = is_inf(a.re), im_inf = is_inf(a.im);
    const bool bad = is_nan(m) | (re_inf & im_inf);
    const R re = huge ? (re_inf ? with_sign((R)1, a.re) : (R)0) : a.re / m;
    const R im = huge ? (re_inf ? (R)0 : with_sign((R)1, a.im)) : a.im / m;
    return T{bad ? quiet_nan<R>() : zero ? (R)0 : re, bad ? quiet_nan<R>() : zero ? (R)0 : im};
  } else {
    return is_nan(a) ? a : (T)((a > 0) - (a < 0));
  }
}

}  // namespace nl
