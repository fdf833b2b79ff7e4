#pragma once
#include "core.h"
#include "arithmetic.h"
namespace nl {
NL_FN f4 op_sin(f4 a) { return NL_LIBM(sinf)(a); }
NL_FN f8 op_sin(f8 a) { return NL_LIBM(sin)(a); }
NL_FN f2 op_sin(f2 a) { return narrow(op_sin(widen(a))); }
NL_FN c8 op_sin(c8 a) { return c8{op_sin(a.re), a.im}; }
NL_FN c16 op_sin(c16 a) { return c16{op_sin(a.re), a.im}; }
NL_FN f4 op_cos(f4 a) { return NL_LIBM(cosf)(a); }
NL_FN f8 op_cos(f8 a) { return NL_LIBM(cos)(a); }
NL_FN f2 op_cos(f2 a) { return narrow(op_cos(widen(a))); }
NL_FN c8 op_cos(c8 a) { return c8{op_cos(a.re), a.im}; }
NL_FN c16 op_cos(c16 a) { return c16{op_cos(a.re), a.im}; }
NL_FN f4 op_tan(f4 a) { return NL_LIBM(tanf)(a); }
NL_FN f8 op_tan(f8 a) { return NL_LIBM(tan)(a); }
NL_FN f2 op_tan(f2 a) { return narrow(op_tan(widen(a))); }
NL_FN c8 op_tan(c8 a) { return c8{op_tan(a.re), a.im}; }
NL_FN c16 op_tan(c16 a) { return c16{op_tan(a.re), a.im}; }
NL_FN f4 op_arcsin(f4 a) { return NL_LIBM(asinf)(a); }
NL_FN f8 op_arcsin(f8 a) { return NL_LIBM(asin)(a); }
NL_FN f2 op_arcsin(f2 a) { return narrow(op_arcsin(widen(a))); }
NL_FN c8 op_arcsin(c8 a) { return c8{op_arcsin(a.re), a.im}; }
NL_FN c16 op_arcsin(c16 a) { return c16{op_arcsin(a.re), a.im}; }
NL_FN f4 op_arccos(f4 a) { return NL_LIBM(acosf)(a); }
NL_FN f8 op_arccos(f8 a) { return NL_LIBM(acos)(a); }
NL_FN f2 op_arccos(f2 a) { return narrow(op_arccos(widen(a))); }
NL_FN c8 op_arccos(c8 a) { return c8{op_arccos(a.re), a.im}; }
NL_FN c16 op_arccos(c16 a) { return c16{op_arccos(a.re), a.im}; }
NL_FN f4 op_arctan(f4 a) { return NL_LIBM(atanf)(a); }
NL_FN f8 op_arctan(f8 a) { return NL_LIBM(atan)(a); }
NL_FN f2 op_arctan(f2 a) { return narrow(op_arctan(widen(a))); }
NL_FN c8 op_arctan(c8 a) { return c8{op_arctan(a.re), a.im}; }
NL_FN c16 op_arctan(c16 a) { return c16{op_arctan(a.re), a.im}; }

NL_FN f4 op_arctan2(f4 a, f4 b) { return NL_LIBM(atan2f)(a,b); }
NL_FN f8 op_arctan2(f8 a, f8 b) { return NL_LIBM(atan2)(a,b); }
NL_FN f2 op_arctan2(f2 a, f2 b) { return narrow(op_arctan2(widen(a),widen(b))); }
template <class T> NL_FN T op_hypot(T a, T b) {if constexpr (Is<T>::half) return narrow(hypot_(widen(a),widen(b))); else return hypot_(a,b); }
template <class T> NL_FN T op_deg2rad(T a) {
  if constexpr (Is<T>::half) return narrow(op_deg2rad(widen(a)));
  else return a * (T)(3.141592653589793238462643383279502884 / 180.0);
}
template <class T> NL_FN T op_rad2deg(T a) {
  if constexpr (Is<T>::half) return narrow(op_rad2deg(widen(a)));
  else return a * (T)(180.0 / 3.141592653589793238462643383279502884);
}
}
