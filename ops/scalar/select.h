// Moving values: copies, choices, the parts of complex numbers.
#pragma once
#include "core.h"

namespace nl {

template <class T> NL_FN T op_copy(T a) { return a; }
template <class T> NL_FN T op_select(bool a, T b, T c) { return a ? b : c; }
template <class T> NL_FN auto op_real_part(T a) { return a.re; }
template <class T> NL_FN auto op_imag_part(T a) { return a.im; }
NL_FN c8 op_make_complex(f4 a, f4 b) { return c8{a, b}; }
NL_FN c16 op_make_complex(f8 a, f8 b) { return c16{a, b}; }

}  // namespace nl
