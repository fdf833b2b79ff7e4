// Quotients and square roots without a branch, for GPUs: a compiled `/` ends in a rare call, which keeps the elements of a thread
// from being worked on side by side. A kernel's fast form uses these and the <name>_fast parts, gathers in `fine` whether all
// arguments were in range, and repeats with op_<name> where one was not. In range the bits are those of `/` and sqrt_.
// Elsewhere than on a GPU they are plain division and root.
#pragma once
#include "core.h"

namespace nl {

// Bit 30 of `fine` stays set while all is in range; it begins as kFine.
static constexpr u4 kFine = ~0u;
NL_FN bool is_fine(u4 fine) { return (fine >> 30 & 1u) != 0; }
NL_FN void also(u4& fine, bool in_range) { fine = in_range ? fine : 0u; }

#ifdef __CUDA_ARCH__
// The upper word of a float; adding 2**29 to it sets bit 30 exactly where the exponent lies in the middle half of its range.
NL_FN u4 upper_word(f4 x) { return to_bits(x); }
NL_FN u4 upper_word(f8 x) { return (u4)(to_bits(x) >> 32); }
template <class T> NL_FN void middle(u4& fine, T x) { fine &= upper_word(x) + 0x20000000u; }

// a / b. REQUIRES: both in the middle half of the exponents' range, or a is 0 and both are positive.
// Newton's step on the hardware's estimate and one on the quotient: the sequence of the compiler's own fast path.
NL_FN f4 quotient(f4 a, f4 b) {
  f4 r;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(b));
  r = __fmaf_rn(r, __fmaf_rn(-b, r, 1.0f), r);
  const f4 q = __fmul_rn(a, r);
  return __fmaf_rn(r, __fmaf_rn(-b, q, a), q);
}
NL_FN f8 quotient(f8 a, f8 b) {
  f8 r;
  asm("rcp.approx.ftz.f64 %0, %1;" : "=d"(r) : "d"(b));
  r = __hiloint2double(__double2hiint(r), 1);
  const f8 e = __fma_rn(-b, r, 1.0);
  r = __fma_rn(r, __fma_rn(e, e, e), r);
  r = __fma_rn(r, __fma_rn(-b, r, 1.0), r);
  const f8 q = __dmul_rn(a, r);
  return __fma_rn(r, __fma_rn(-b, q, a), q);
}
template <class T> NL_FN T quick_divide(T a, T b, u4& fine) {
  fine &= (upper_word(a) + 0x20000000u) & (upper_word(b) + 0x20000000u);
  return quotient(a, b);
}
NL_FN f4 quick_sqrt(f4 x, u4& fine) {
  middle(fine, x);
  also(fine, x > 0);
  f4 r;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  const f4 g = __fmul_rn(x, r), h = __fmul_rn(r, 0.5f);
  return __fmaf_rn(__fmaf_rn(-g, g, x), h, g);
}
NL_FN f8 quick_sqrt(f8 x, u4& fine) {
  middle(fine, x);
  also(fine, x > 0);
  f8 r;
  asm("rsqrt.approx.ftz.f64 %0, %1;" : "=d"(r) : "d"(x));
  r = __hiloint2double(__double2hiint(r), __double2hiint(x) - 0x03500000);
  const f8 e = __fma_rn(x, -__dmul_rn(r, r), 1.0);
  r = __fma_rn(__fma_rn(e, 0.375, 0.5), __dmul_rn(r, e), r);
  const f8 g = __dmul_rn(x, r), h = __hiloint2double(__double2hiint(r) - 0x00100000, __double2loint(r));
  return __fma_rn(__fma_rn(-g, g, x), h, g);
}
#else
template <class T> NL_FN T quotient(T a, T b) { return a / b; }
template <class T> NL_FN T quick_divide(T a, T b, u4&) { return a / b; }
template <class T> NL_FN T quick_sqrt(T x, u4&) { return sqrt_(x); }
#endif
template <class T> NL_FN T quick_reciprocal(T x, u4& fine) { return quick_divide((T)1, x, fine); }

}  // namespace nl
