// nl::cast<To>(x): NumPy's astype for all element types, total: out of range gives what NumPy's scalar loops give on x86-64.
#pragma once
#include "core.h"

namespace nl {

// x86's conversion instructions, which give the lowest value where there is no right one.
template <class F> NL_FN i4 float_to_i4(F x) {
  const bool ok = sizeof(F) == 4 ? x >= (F)-2147483648.0 && x<(F)2147483648.0 : x>(F) - 2147483649.0 && x < (F)2147483648.0;
  const i4 r = (i4)(ok ? x : (F)0);
  return ok ? r : (i4)0x80000000u;
}
template <class F> NL_FN i8 float_to_i8(F x) {
  const bool ok = x >= (F)-9223372036854775808.0 && x < (F)9223372036854775808.0;
  const i8 r = (i8)(ok ? x : (F)0);
  return ok ? r : (i8)0x8000000000000000ul;
}

template <class To, class F> NL_FN To float_to_integer(F x) {
  if constexpr (sizeof(To) <= 2 || (sizeof(To) == 4 && Is<To>::kind == kSigned)) {
    return (To)float_to_i4(x);
  } else if constexpr (sizeof(To) == 4 || Is<To>::kind == kSigned) {
    return (To)float_to_i8(x);
  } else {
    const bool big = x >= (F)9223372036854775808.0;
    const u8 r = (u8)float_to_i8(big ? x - (F)9223372036854775808.0 : x);
    return big ? r ^ 0x8000000000000000ul : r;
  }
}

template <class T> struct Tag {};

template <class From> NL_FN bool cast_to(Tag<bool>, From x) {
  if constexpr (Is<From>::half) return (x.bits & 0x7fff) != 0;
  else if constexpr (Is<From>::complex) return (x.re != 0) | (x.im != 0);
  else return x != 0;
}

template <class To, class From> NL_FN To cast_to(Tag<To>, From x) {
  if constexpr (Is<From>::half) {
    if constexpr (Is<To>::half) return x;
    else return cast_to(Tag<To>(), widen(x));
  } else if constexpr (Is<To>::complex) {
    typedef typename To::real R;
    if constexpr (Is<From>::complex) {
      const To r = {(R)x.re, (R)x.im};
      return r;
    } else {
      const To r = {(R)x, (R)0};
      return r;
    }
  } else if constexpr (Is<From>::complex) {
    return cast_to(Tag<To>(), x.re);
  } else if constexpr (Is<To>::half) {
    if constexpr (Is<From>::kind == kFloat) return narrow(x);
    else return narrow((f4)x);
  } else if constexpr (Is<From>::kind == kFloat && Is<To>::integer) {
    return float_to_integer<To>(x);
  } else {
    return (To)x;
  }
}

// A bool is its byte: compilers vectorise that.
template <class To, class From> NL_FN To cast(From x) {
  if constexpr (Is<From>::kind == kBool && Is<To>::kind != kBool) return cast_to(Tag<To>(), (u1)x);
  else return cast_to(Tag<To>(), x);
}

}  // namespace nl
