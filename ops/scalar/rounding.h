// Rounding to whole numbers, and the parts of a float: sign, fraction, exponent, neighbours.
#pragma once
#include "core.h"

namespace nl {

#define NL_ROUNDING(name)                                                      \
  template <class T> NL_FN T op_##name(T a) {                                  \
    if constexpr (Is<T>::half) return narrow(name##_(widen(a)));               \
    else if constexpr (Is<T>::complex) return T{name##_(a.re), name##_(a.im)}; \
    else if constexpr (Is<T>::real) return name##_(a);                         \
    else return a;                                                             \
  }
NL_ROUNDING(rint)
NL_ROUNDING(floor)
NL_ROUNDING(ceil)
NL_ROUNDING(trunc)
#undef NL_ROUNDING

template <class T> NL_FN T op_copysign(T a, T b) {
  if constexpr (Is<T>::half) return T{(u2)((a.bits & 0x7fff) | (b.bits & 0x8000))};
  else return with_sign(a, b);
}

// One step on the number line of bit patterns.
NL_FN u2 half_bits(f2 a) { return a.bits; }
NL_FN f2 half_from(u4 bits) { return f2{(u2)bits}; }
template <class U> NL_FN U next_bits(U a, U b, U sign, U infinity) {
  const U ma = (U)(a & ~sign), mb = (U)(b & ~sign);
  const bool equal = (a == b) | ((ma | mb) == 0);
  // Away from zero where b lies farther out on a's side.
  const bool outward = ((a & sign) == (b & sign)) & (mb > ma);
  const U step = (U)(outward ? a + 1 : a - 1);
  const U from_zero = (U)((b & sign) | 1);
  const U moved = equal ? b : ma == 0 ? from_zero : step;
  return ma > infinity ? a : mb > infinity ? b : moved;
}
template <class T> NL_FN T op_nextafter(T a, T b) {
  if constexpr (Is<T>::half) return half_from(next_bits(a.bits, b.bits, (u2)0x8000, (u2)0x7c00));
  else return from_bits(next_bits(to_bits(a), to_bits(b), Float<T>::sign, Float<T>::infinity));
}

template <class T> NL_FN T op_spacing(T a) {
  if constexpr (Is<T>::half) {
    // NumPy's half version differs from the others: towards positive infinity, and always positive.
    const u4 h = a.bits, e = h & 0x7c00u;
    const bool low = ((h & 0x8000u) != 0) & ((h & 0x3ffu) == 0);
    const u4 normal = low ? 0x2c00u : 0x2800u, shift = low ? 2u : 1u;
    const u4 small = e > 0x0400u ? 1u << (((e >> 10) - shift) & 15u) : 1u;
    const u4 r = e > normal ? e - normal : small;
    return half_from(e == 0x7c00u ? 0x7e00u : h == 0x7bffu ? 0x7c00u : r);
  } else {
    const T next = from_bits(to_bits(a) + 1);
    return !is_finite(a) ? quiet_nan<T>() : a == 0 ? from_bits((typename Traits<T>::bits)1) : next - a;
  }
}

template <class T> NL_FN T op_modf_integral(T a) { return op_trunc(a); }
template <class T> NL_FN T op_modf_fraction(T a) {
  if constexpr (Is<T>::half) return narrow(op_modf_fraction(widen(a)));
  else return with_sign(is_inf(a) ? (T)0 : a - trunc_(a), a);
}

template <class T> NL_FN i4 op_frexp_exponent(T a) {
  if constexpr (Is<T>::half) {
    return op_frexp_exponent(widen(a));
  } else {
    typedef Float<T> F;
    const bool small = magnitude(a) < from_bits((typename Traits<T>::bits)1 << F::mantissa);
    const T up = small ? a * (T)(F::mantissa == 23 ? 0x1p24 : 0x1p54) : a;
    const i4 e = (i4)((to_bits(up) & F::infinity) >> F::mantissa) - (F::bias - 1) -
                 (small ? F::mantissa + (F::mantissa == 23 ? 1 : 2) : 0);
    return a == 0 || !is_finite(a) ? 0 : e;
  }
}
template <class T> NL_FN T op_frexp_mantissa(T a) {
  if constexpr (Is<T>::half) {
    return narrow(op_frexp_mantissa(widen(a)));
  } else {
    typedef Float<T> F;
    typedef typename Traits<T>::bits U;
    const bool small = magnitude(a) < from_bits((U)1 << F::mantissa);
    const T up = small ? a * (T)0x1p54 : a;
    const T m = from_bits((U)((to_bits(up) & ~F::infinity) | (U)(F::bias - 1) << F::mantissa));
    return a == 0 || !is_finite(a) ? a : m;
  }
}

// 2**n for a normal result.
NL_FN f4 power_of_two_f4(i4 n) { return from_bits((u4)(n + 127) << 23); }
NL_FN f8 power_of_two_f8(i8 n) { return from_bits((u8)(n + 1023) << 52); }

NL_FN f4 op_ldexp(f4 a, i8 n) {
  const i8 e = n > 300 ? 300 : n < -300 ? -300 : n;
  return (f4)((f8)a * power_of_two_f8(e));  // rounded once: float64 holds the product exactly
}
NL_FN f2 op_ldexp(f2 a, i8 n) {
  const i8 e = n > 60 ? 60 : n < -60 ? -60 : n;
  return narrow(widen(a) * power_of_two_f4((i4)e));
}
NL_FN f8 op_ldexp(f8 a, i8 n) {
  // Three exact steps but for the last: 2**n split so that only the last can meet a subnormal.
  const i8 e = n > 2200 ? 2200 : n < -2200 ? -2200 : n;
  const i8 e1 = e > 1000 ? 1000 : e < -960 ? -960 : e;
  const i8 e2 = e - e1 > 1000 ? 1000 : e - e1 < -960 ? -960 : e - e1;
  const i8 e3 = e - e1 - e2;
  // Going down, a small a is first lifted clear of the subnormals, so that partial products stay normal until the end.
  const bool down = e < -960, lift = down & (magnitude(a) < 1.0);
  const f8 t = (lift ? a * 0x1p53 : a) * power_of_two_f8(e1);
  const i8 rest = e - e1 - (lift ? 53 : 0);
  const f8 step = t * power_of_two_f8(down ? (rest < -1022 ? -1022 : rest) : e2);
  return down ? step : step * power_of_two_f8(e3);
}

template <class T> NL_FN T op_heaviside(T a, T b) {
  if constexpr (Is<T>::half) return narrow(op_heaviside(widen(a), widen(b)));
  else return is_nan(a) ? a : a == 0 ? b : a < 0 ? (T)0 : (T)1;
}

}  // namespace nl
