// Complex roots, exponentials, trigonometry. In float64, from the real functions; complex64 is rounded from complex128.
// Special values follow C99's annex G where NumPy does.
#pragma once
#include "arithmetic.h"
#include "hyper.h"
#include "trig.h"

namespace nl {

NL_FN c16 times_i(c16 z) { return c16{-z.im, z.re}; }
NL_FN c16 times_minus_i(c16 z) { return c16{z.im, -z.re}; }
NL_FN c16 conjugate_(c16 z) { return c16{z.re, -z.im}; }

NL_SLOW c16 complex_sqrt(c16 z) {
  const f8 x = z.re, y = z.im;
  if (is_inf(y)) return c16{infinity<f8>(), y};
  if (is_nan(x)) return c16{x, quiet_nan<f8>()};
  if (is_inf(x)) {
    const f8 other = is_nan(y) ? y : with_sign(0.0, y);
    return x > 0 ? c16{x, other} : c16{is_nan(y) ? y : 0.0, is_nan(y) ? infinity<f8>() : with_sign(infinity<f8>(), y)};
  }
  if (is_nan(y)) return c16{y, y};
  if (x == 0 && y == 0) return c16{0.0, y};
  const f8 big = magnitude(x) > magnitude(y) ? magnitude(x) : magnitude(y);
  const f8 down = big > 0x1p1000 ? 0x1p-60 : big < 0x1p-900 ? 0x1p120 : 1.0;
  const f8 up = big > 0x1p1000 ? 0x1p30 : big < 0x1p-900 ? 0x1p-60 : 1.0;
  const f8 a = magnitude(x) * down, b = magnitude(y) * down;
  const f8 t = sqrt_((a + hypot_(a, b)) * 0.5), half = b / (2.0 * t);
  return x >= 0 ? c16{t * up, with_sign(half * up, y)} : c16{half * up, with_sign(t * up, y)};
}

// exp(x) * (cos y, sin y) / 2**halvings, where exp(x) alone may overflow.
NL_SLOW c16 polar_exp(f8 x, f8 y, f8 scale) {
  const f8 c = cos_(y), s = sin_(y);
  if (x > 700.0 && x < 1500.0) {
    const f8 h = exp_(x * 0.5);
    return c16{h * (h * scale * c), h * (h * scale * s)};
  }
  const f8 e = exp_(x) * scale;
  return c16{e * c, e * s};
}
NL_SLOW c16 complex_exp(c16 z) {
  const f8 x = z.re, y = z.im;
  if (y == 0) return c16{exp_(x), y};
  if (!is_finite(y)) {
    if (x == -infinity<f8>()) return c16{0.0, 0.0};
    if (x == infinity<f8>()) return c16{x, quiet_nan<f8>()};
    return c16{quiet_nan<f8>(), quiet_nan<f8>()};
  }
  return polar_exp(x, y, 1.0);
}

// log |z| of finite z, with care where |z| is near 1.
NL_SLOW f8 log_modulus(f8 x, f8 y) {
  const f8 a = magnitude(x), b = magnitude(y), big = a > b ? a : b, small = a > b ? b : a;
  if (is_inf(big) || is_inf(small)) return infinity<f8>();
  if (is_nan(a) || is_nan(b)) return quiet_nan<f8>();
  if (big == 0) return -infinity<f8>();
  if (big > 0.5 && big < 2.0) {
    // big**2 - 1 + small**2, exact up to one rounding.
    f8 e1, e2, e3;
    const f8 p = two_product(big - 1.0, big + 1.0, e1);
    const f8 lost = (big - 1.0) * (big - ((big + 1.0) - 1.0));
    const f8 q = two_product(small, small, e2);
    const f8 s = two_sum(p, q, e3);
    return 0.5 * log1p_(s + (e3 + (e1 + e2 + lost)));
  }
  if (big > 0x1p1000) return log_(hypot_(big * 0x1p-60, small * 0x1p-60)) + 60.0 * 0x1.62e42fefa39efp-1;
  if (big < 0x1p-900) return log_(hypot_(big * 0x1p120, small * 0x1p120)) - 120.0 * 0x1.62e42fefa39efp-1;
  return log_(hypot_(big, small));
}
NL_FN c16 complex_log(c16 z) { return c16{log_modulus(z.re, z.im), arctan2_(z.im, z.re)}; }
NL_FN c16 scaled(c16 z, f8 s) { return c16{z.re * s, z.im * s}; }
NL_SLOW c16 complex_exp2(c16 z) {
  const f8 y = z.im * 0x1.62e42fefa39efp-1;
  if (z.im == 0) return c16{exp2_(z.re), z.im};
  if (!is_finite(z.im) || magnitude(z.re) > 1000.0) return complex_exp(c16{z.re * 0x1.62e42fefa39efp-1, y});
  const f8 e = exp2_(z.re);
  return c16{e * cos_(y), e * sin_(y)};
}
NL_FN c16 complex_log2(c16 z) { return scaled(complex_log(z), 0x1.71547652b82fep+0); }
NL_FN c16 complex_log10(c16 z) { return scaled(complex_log(z), 0x1.bcb7b1526e50ep-2); }
NL_SLOW c16 complex_expm1(c16 z) {
  const f8 s = sin_(z.im * 0.5);
  return c16{expm1_(z.re) * cos_(z.im) - 2.0 * s * s, exp_(z.re) * sin_(z.im)};
}
NL_SLOW c16 complex_log1p(c16 z) {
  const f8 u = z.re + 1.0;
  const bool small = magnitude(z.re) < 0.5 && magnitude(z.im) < 0.5;
  const f8 re = small ? 0.5 * log1p_(z.re * (2.0 + z.re) + z.im * z.im) : log_modulus(u, z.im);
  return c16{re, arctan2_(z.im, u)};
}

NL_SLOW c16 complex_sinh(c16 z) {
  const f8 x = z.re, y = z.im;
  if (y == 0) return c16{sinh_(x), y};
  if (!is_finite(y)) {
    if (x == 0) return c16{x, quiet_nan<f8>()};
    return c16{is_inf(x) ? infinity<f8>() : quiet_nan<f8>(), quiet_nan<f8>()};
  }
  if (x == 0) return c16{with_sign(0.0, x) * cos_(y), sin_(y)};
  if (magnitude(x) > 40.0) {
    const c16 e = polar_exp(magnitude(x), y, 0.5);
    return c16{sign_of(x) ? -e.re : e.re, e.im};
  }
  return c16{sinh_(x) * cos_(y), cosh_(x) * sin_(y)};
}
NL_SLOW c16 complex_cosh(c16 z) {
  const f8 x = z.re, y = z.im;
  if (y == 0) return c16{cosh_(x), is_nan(x) ? y : sign_of(x) != sign_of(y) ? -0.0 : 0.0};
  if (!is_finite(y)) {
    if (x == 0) return c16{quiet_nan<f8>(), 0.0};
    return c16{is_inf(x) ? infinity<f8>() : quiet_nan<f8>(), quiet_nan<f8>()};
  }
  if (x == 0) return c16{cos_(y), x * sin_(y)};
  if (magnitude(x) > 40.0) {
    const c16 e = polar_exp(magnitude(x), y, 0.5);
    return c16{e.re, sign_of(x) ? -e.im : e.im};
  }
  return c16{cosh_(x) * cos_(y), sinh_(x) * sin_(y)};
}
// Kahan's method.
NL_SLOW c16 complex_tanh(c16 z) {
  const f8 x = z.re, y = z.im;
  if (y == 0) return c16{tanh_(x), y};
  if (is_inf(x)) return c16{with_sign(1.0, x), is_finite(y) ? with_sign(0.0, sin_(y) * cos_(y)) : 0.0};
  if (!is_finite(y)) return c16{x == 0 ? x : quiet_nan<f8>(), quiet_nan<f8>()};
  if (magnitude(x) > 22.0) {
    const f8 e = exp_(-magnitude(x));
    return c16{with_sign(1.0, x), 4.0 * sin_(y) * cos_(y) * e * e};
  }
  const f8 t = tan_(y), beta = 1.0 + t * t, s = sinh_(x), rho = sqrt_(1.0 + s * s), d = 1.0 + beta * s * s;
  return c16{beta * rho * s / d, t / d};
}
NL_FN c16 complex_sin(c16 z) {
  const c16 r = times_minus_i(complex_sinh(times_i(z)));
  return c16{r.re, is_inf(z.im) & !is_finite(z.re) ? infinity<f8>() : r.im};
}
NL_FN c16 complex_cos(c16 z) { return complex_cosh(times_i(z)); }
NL_FN c16 complex_tan(c16 z) { return times_minus_i(complex_tanh(times_i(z))); }

// Imaginary part of conj(a) * b.
NL_FN f8 cross(c16 a, c16 b) { return a.re * b.im - a.im * b.re; }
// The inverses' value where a part is not finite: the angle of the direction, an infinite other part.
NL_FN c16 far_angle(f8 x, f8 y) {
  const f8 nan = quiet_nan<f8>();
  if (is_nan(x)) return is_inf(y) ? c16{nan, y} : c16{nan, nan};
  if (is_nan(y)) return is_inf(x) ? c16{nan, infinity<f8>()} : x == 0 ? c16{x, nan} : c16{nan, nan};
  return c16{with_sign(arctan2_(is_inf(x) ? 1.0 : 0.0, is_inf(y) ? 1.0 : 0.0), x), with_sign(infinity<f8>(), y)};
}
// Kahan's formulas, from the roots of 1 - z and 1 + z.
NL_SLOW c16 complex_arcsin(c16 z) {
  if (!is_finite(z.re) || !is_finite(z.im)) return far_angle(z.re, z.im);
  const c16 a = complex_sqrt(c16{1.0 - z.re, -z.im}), b = complex_sqrt(c16{1.0 + z.re, z.im});
  const f8 d = a.re * b.re - a.im * b.im;
  return c16{z.re == 0 ? z.re : arctan2_(z.re, d),
             z.im == 0 && magnitude(z.re) <= 1 ? z.im : with_sign(arcsinh_(cross(a, b)), z.im)};
}
NL_SLOW c16 complex_arccos(c16 z) {
  if (!is_finite(z.re) || !is_finite(z.im)) {
    const c16 r = far_angle(z.re, z.im);
    if (is_nan(z.im) && z.re == 0) return c16{0x1.921fb54442d18p+0, z.im};
    return c16{0x1.921fb54442d18p+0 - r.re, -r.im};
  }
  const c16 a = complex_sqrt(c16{1.0 - z.re, -z.im}), b = complex_sqrt(c16{1.0 + z.re, z.im});
  const f8 im = arcsinh_(cross(b, a));
  return c16{2.0 * arctan2_(a.re, b.re), with_sign(im, sign_of(z.im) ? 1.0 : -1.0)};
}
NL_SLOW c16 complex_arccosh(c16 z) {
  // arccos(z) turned by a right angle, to the side where the real part is not negative.
  const c16 w = complex_arccos(z);
  if (is_nan(w.re) && is_nan(w.im)) return w;
  if (is_nan(w.re)) return c16{magnitude(w.im), w.re};
  if (is_nan(w.im)) return c16{w.im, w.re};
  return c16{magnitude(w.im), with_sign(w.re, z.im)};
}
NL_FN c16 complex_arcsinh(c16 z) { return times_minus_i(complex_arcsin(times_i(z))); }
NL_SLOW c16 complex_arctanh(c16 z) {
  const f8 x = magnitude(z.re), y = magnitude(z.im);
  const f8 right = 0x1.921fb54442d18p+0;
  f8 re, im;
  if (is_nan(x) || is_nan(y)) {
    const bool far = is_inf(x) || is_inf(y);
    re = far || (x == 0) ? 0.0 : quiet_nan<f8>();
    im = is_inf(y) ? right : quiet_nan<f8>();
  } else if (x > 0x1p500 || y > 0x1p500) {
    // 1/z, and a right angle.
    const f8 h = hypot_(x * 0x1p-100, y * 0x1p-100);
    re = is_inf(x) || is_inf(y) ? 0.0 : x * 0x1p-100 / h / h * 0x1p-100;
    im = right;
  } else {
    const f8 u = 1.0 - x, d = u * u + y * y;
    // Next to the pole at 1 the logarithm of the distance itself.
    re = d < 0x1p-400 ? 0.5 * (0x1.62e42fefa39efp-1 - log_(hypot_(u, y))) : 0.25 * log1p_(4.0 * x / d);
    im = 0.5 * arctan2_(2.0 * y, u * (1.0 + x) - y * y);
  }
  // A NaN's sign is no sign: devices differ in it.
  return c16{is_nan(x) ? re : with_sign(re, z.re), with_sign(im, z.im)};
}
NL_FN c16 complex_arctan(c16 z) { return times_minus_i(complex_arctanh(times_i(z))); }

// As NumPy: small whole exponents by multiplication, all others by exp(b log(a)).
NL_SLOW c16 complex_power(c16 a, c16 b) {
  if (b.re == 0 && b.im == 0) return c16{1.0, 0.0};
  if (a.re == 0 && a.im == 0) {
    if (b.re > 0) return c16{0.0, 0.0};
    return c16{quiet_nan<f8>(), quiet_nan<f8>()};
  }
  if (b.im == 0 && rint_(b.re) == b.re && magnitude(b.re) < 100.0) {
    c16 r{1.0, 0.0}, p = a;
    bool first = true;
    for (int n = (int)magnitude(b.re); n != 0; n >>= 1) {
      if ((n & 1) != 0) {
        r = first ? p : op_multiply(r, p);
        first = false;
      }
      if (n > 1) p = op_square(p);
    }
    return b.re < 0 ? op_divide(c16{1.0, 0.0}, r) : r;
  }
  return complex_exp(op_multiply(b, complex_log(a)));
}
NL_FN c8 complex_power(c8 a, c8 b) {
  const c16 r = complex_power(c16{a.re, a.im}, c16{b.re, b.im});
  return c8{(f4)r.re, (f4)r.im};
}

#define NL_COMPLEX(name)                           \
  NL_FN c8 complex_##name(c8 z) {                  \
    const c16 r = complex_##name(c16{z.re, z.im}); \
    return c8{(f4)r.re, (f4)r.im};                 \
  }
NL_COMPLEX(sqrt)
NL_COMPLEX(exp)
NL_COMPLEX(exp2)
NL_COMPLEX(expm1)
NL_COMPLEX(log)
NL_COMPLEX(log2)
NL_COMPLEX(log10)
NL_COMPLEX(log1p)
NL_COMPLEX(sin)
NL_COMPLEX(cos)
NL_COMPLEX(tan)
NL_COMPLEX(arcsin)
NL_COMPLEX(arccos)
NL_COMPLEX(arctan)
NL_COMPLEX(sinh)
NL_COMPLEX(cosh)
NL_COMPLEX(tanh)
NL_COMPLEX(arcsinh)
NL_COMPLEX(arccosh)
NL_COMPLEX(arctanh)
#undef NL_COMPLEX

}  // namespace nl
