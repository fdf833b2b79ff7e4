#pragma once
#include "core.h"
#include "arithmetic.h"
namespace nl {
NL_FN f4 op_sinh(f4 a) { return NL_LIBM(sinhf)(a); }
NL_FN f8 op_sinh(f8 a) { return NL_LIBM(sinh)(a); }
NL_FN f2 op_sinh(f2 a) { return narrow(op_sinh(widen(a))); }
NL_FN c8 op_sinh(c8 a) { return c8{op_sinh(a.re), a.im}; }
NL_FN c16 op_sinh(c16 a) { return c16{op_sinh(a.re), a.im}; }
NL_FN f4 op_cosh(f4 a) { return NL_LIBM(coshf)(a); }
NL_FN f8 op_cosh(f8 a) { return NL_LIBM(cosh)(a); }
NL_FN f2 op_cosh(f2 a) { return narrow(op_cosh(widen(a))); }
NL_FN c8 op_cosh(c8 a) { return c8{op_cosh(a.re), a.im}; }
NL_FN c16 op_cosh(c16 a) { return c16{op_cosh(a.re), a.im}; }
NL_FN f4 op_tanh(f4 a) { return NL_LIBM(tanhf)(a); }
NL_FN f8 op_tanh(f8 a) { return NL_LIBM(tanh)(a); }
NL_FN f2 op_tanh(f2 a) { return narrow(op_tanh(widen(a))); }
NL_FN c8 op_tanh(c8 a) { return c8{op_tanh(a.re), a.im}; }
NL_FN c16 op_tanh(c16 a) { return c16{op_tanh(a.re), a.im}; }
NL_FN f4 op_arcsinh(f4 a) { return NL_LIBM(asinhf)(a); }
NL_FN f8 op_arcsinh(f8 a) { return NL_LIBM(asinh)(a); }
NL_FN f2 op_arcsinh(f2 a) { return narrow(op_arcsinh(widen(a))); }
NL_FN c8 op_arcsinh(c8 a) { return c8{op_arcsinh(a.re), a.im}; }
NL_FN c16 op_arcsinh(c16 a) { return c16{op_arcsinh(a.re), a.im}; }
NL_FN f4 op_arccosh(f4 a) { return NL_LIBM(acoshf)(a); }
NL_FN f8 op_arccosh(f8 a) { return NL_LIBM(acosh)(a); }
NL_FN f2 op_arccosh(f2 a) { return narrow(op_arccosh(widen(a))); }
NL_FN c8 op_arccosh(c8 a) { return c8{op_arccosh(a.re), a.im}; }
NL_FN c16 op_arccosh(c16 a) { return c16{op_arccosh(a.re), a.im}; }
NL_FN f4 op_arctanh(f4 a) { return NL_LIBM(atanhf)(a); }
NL_FN f8 op_arctanh(f8 a) { return NL_LIBM(atanh)(a); }
NL_FN f2 op_arctanh(f2 a) { return narrow(op_arctanh(widen(a))); }
NL_FN c8 op_arctanh(c8 a) { return c8{op_arctanh(a.re), a.im}; }
NL_FN c16 op_arctanh(c16 a) { return c16{op_arctanh(a.re), a.im}; }
}
