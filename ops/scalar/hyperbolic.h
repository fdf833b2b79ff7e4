// Hyperbolic functions and their inverses.
#pragma once
#include "hyper.h"

namespace nl {

NL_UNARY(sinh)
NL_UNARY(cosh)
NL_UNARY(tanh)
NL_UNARY(arcsinh)
NL_UNARY(arccosh)
NL_UNARY(arctanh)

}  // namespace nl
