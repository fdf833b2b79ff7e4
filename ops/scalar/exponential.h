#pragma once
#include "core.h"
#include "arithmetic.h"
namespace nl {
NL_FN f4 op_cbrt(f4 a) { return NL_LIBM(cbrtf)(a); }
NL_FN f8 op_cbrt(f8 a) { return NL_LIBM(cbrt)(a); }
NL_FN f2 op_cbrt(f2 a) { return narrow(op_cbrt(widen(a))); }
NL_FN f4 op_exp(f4 a) { return NL_LIBM(expf)(a); }
NL_FN f8 op_exp(f8 a) { return NL_LIBM(exp)(a); }
NL_FN f2 op_exp(f2 a) { return narrow(op_exp(widen(a))); }
NL_FN c8 op_exp(c8 a) { return c8{op_exp(a.re), a.im}; }
NL_FN c16 op_exp(c16 a) { return c16{op_exp(a.re), a.im}; }
NL_FN f4 op_exp2(f4 a) { return NL_LIBM(exp2f)(a); }
NL_FN f8 op_exp2(f8 a) { return NL_LIBM(exp2)(a); }
NL_FN f2 op_exp2(f2 a) { return narrow(op_exp2(widen(a))); }
NL_FN c8 op_exp2(c8 a) { return c8{op_exp2(a.re), a.im}; }
NL_FN c16 op_exp2(c16 a) { return c16{op_exp2(a.re), a.im}; }
NL_FN f4 op_expm1(f4 a) { return NL_LIBM(expm1f)(a); }
NL_FN f8 op_expm1(f8 a) { return NL_LIBM(expm1)(a); }
NL_FN f2 op_expm1(f2 a) { return narrow(op_expm1(widen(a))); }
NL_FN c8 op_expm1(c8 a) { return c8{op_expm1(a.re), a.im}; }
NL_FN c16 op_expm1(c16 a) { return c16{op_expm1(a.re), a.im}; }
NL_FN f4 op_log(f4 a) { return NL_LIBM(logf)(a); }
NL_FN f8 op_log(f8 a) { return NL_LIBM(log)(a); }
NL_FN f2 op_log(f2 a) { return narrow(op_log(widen(a))); }
NL_FN c8 op_log(c8 a) { return c8{op_log(a.re), a.im}; }
NL_FN c16 op_log(c16 a) { return c16{op_log(a.re), a.im}; }
NL_FN f4 op_log2(f4 a) { return NL_LIBM(log2f)(a); }
NL_FN f8 op_log2(f8 a) { return NL_LIBM(log2)(a); }
NL_FN f2 op_log2(f2 a) { return narrow(op_log2(widen(a))); }
NL_FN c8 op_log2(c8 a) { return c8{op_log2(a.re), a.im}; }
NL_FN c16 op_log2(c16 a) { return c16{op_log2(a.re), a.im}; }
NL_FN f4 op_log10(f4 a) { return NL_LIBM(log10f)(a); }
NL_FN f8 op_log10(f8 a) { return NL_LIBM(log10)(a); }
NL_FN f2 op_log10(f2 a) { return narrow(op_log10(widen(a))); }
NL_FN c8 op_log10(c8 a) { return c8{op_log10(a.re), a.im}; }
NL_FN c16 op_log10(c16 a) { return c16{op_log10(a.re), a.im}; }
NL_FN f4 op_log1p(f4 a) { return NL_LIBM(log1pf)(a); }
NL_FN f8 op_log1p(f8 a) { return NL_LIBM(log1p)(a); }
NL_FN f2 op_log1p(f2 a) { return narrow(op_log1p(widen(a))); }
NL_FN c8 op_log1p(c8 a) { return c8{op_log1p(a.re), a.im}; }
NL_FN c16 op_log1p(c16 a) { return c16{op_log1p(a.re), a.im}; }

template <class T> NL_FN T op_sqrt(T a) {
  if constexpr (Is<T>::half) return narrow(sqrt_(widen(a)));
  else if constexpr (Is<T>::complex) return a;
  else return sqrt_(a);
}
template <class T> NL_FN T op_logaddexp(T a, T b) {if constexpr (Is<T>::half) return narrow(op_logaddexp(widen(a),widen(b)));
 else {T d=a-b; return a==b? a+(T)0.693147180559945309417232121458176568: d>0? a+op_log1p(op_exp(-d)): d<=0 ? b+op_log1p(op_exp(d)):d;}}
template <class T> NL_FN T op_logaddexp2(T a, T b) {if constexpr (Is<T>::half) return narrow(op_logaddexp2(widen(a),widen(b)));
 else {T d=a-b; return a==b? a+(T)1: d>0? a+(T)1.442695040888963407359924681001892137*op_log1p(op_exp2(-d)): d<=0 ? b+(T)1.442695040888963407359924681001892137*op_log1p(op_exp2(d)):d;}}
}
