// Vectors of floats, with what the scalar functions need to be instantiated with one: for the loops (loop_templates.h) whose
// vectors the compiler would not choose, or would not choose well. Included before the scalar functions, whose templates must see
// these overloads. Everything is local to its translation unit.
#pragma once
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include "scalar/core.h"

#ifndef __clang__
#pragma GCC diagnostic ignored "-Wpsabi"  // the vectors are never passed between files
#endif

namespace nl {

typedef f4 f4x8 __attribute__((vector_size(32)));
typedef f8 f8x8 __attribute__((vector_size(64)));
typedef u8 u8x8 __attribute__((vector_size(64)));

// The eight lanes of a reduction as one value: what the ops of ordered reductions do to all of them. And of pairs of ops.
#define NL_LANES(V)                                                                    \
  [[maybe_unused]] NL_FN V op_add(V a, V b) { return a + b; }                          \
  [[maybe_unused]] NL_FN V op_subtract(V a, V b) { return a - b; }                     \
  [[maybe_unused]] NL_FN V op_multiply(V a, V b) { return a * b; }                     \
  [[maybe_unused]] NL_FN V op_divide(V a, V b) { return a / b; }                       \
  [[maybe_unused]] NL_FN V op_maximum(V a, V b) { return (a != a) | (a > b) ? a : b; } \
  [[maybe_unused]] NL_FN V op_minimum(V a, V b) { return (a != a) | (a < b) ? a : b; } \
  [[maybe_unused]] NL_FN V op_fmax(V a, V b) { return (b != b) | (a >= b) ? a : b; }   \
  [[maybe_unused]] NL_FN V op_fmin(V a, V b) { return (b != b) | (a <= b) ? a : b; }
NL_LANES(f4x8)
NL_LANES(f8x8)
#undef NL_LANES

// NL_WIDE, kWide: whether the scalar functions that are templates of V can be instantiated with vectors; tables lie in registers then.
#ifdef __AVX512F__
#define NL_WIDE
inline constexpr bool kWide = true;
NL_FN u8x8 to_bits(f8x8 x) { return (u8x8)x; }
NL_FN f8x8 from_bits(u8x8 x) { return (f8x8)x; }
// By one instruction each; of __builtin_convertvector g++ makes four. With masks: of the forms without them g++ 12 warns.
NL_FN f8x8 to_f8(f4x8 x) { return (f8x8)_mm512_maskz_cvtps_pd(0xff, (__m256)x); }
NL_FN f4x8 to_f4(f8x8 x) { return (f4x8)_mm512_maskz_cvtpd_ps(0xff, (__m512d)x); }
NL_FN f8x8 op_sqrt(f8x8 x) { return (f8x8)_mm512_maskz_sqrt_pd(0xff, (__m512d)x); }
NL_FN f8x8 exponent(f8x8 x) { return (f8x8)_mm512_maskz_getexp_pd(0xff, (__m512d)x); }
NL_FN f8x8 significand(f8x8 x) {
  return (f8x8)_mm512_maskz_getmant_pd(0xff, (__m512d)x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero);
}
// The one of less magnitude, with the sign of x.
NL_FN f8x8 hold(f8x8 x, f8 limit) { return (f8x8)_mm512_maskz_range_pd(0xff, (__m512d)x, _mm512_set1_pd(limit), 2); }
NL_FN f8x8 fma_(f8x8 a, f8x8 b, f8x8 c) { return (f8x8)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
NL_FN f8x8 fma_(f8x8 a, f8x8 b, f8 c) { return fma_(a, b, (f8x8)_mm512_set1_pd(c)); }
NL_FN f8x8 fma_(f8x8 a, f8 b, f8x8 c) { return fma_(a, (f8x8)_mm512_set1_pd(b), c); }
NL_FN f8x8 fma_(f8x8 a, f8 b, f8 c) { return fma_(a, b, (f8x8)_mm512_set1_pd(c)); }
NL_FN bool top_bit(u8x8 x) { return _mm512_movepi64_mask((__m512i)x) != 0; }
// A bit for each lane that is not normal, not finite, below zero (a finite one).
NL_FN u4 not_normal(f4x8 x) { return _mm256_fpclass_ps_mask((__m256)x, 0xbf); }
NL_FN u4 not_finite(f4x8 x) { return _mm256_fpclass_ps_mask((__m256)x, 0x99); }
NL_FN u4 negative(f4x8 x) { return _mm256_fpclass_ps_mask((__m256)x, 0x40); }
NL_FN f8x8 lookup(const f8 (&table)[8], u8x8 i) {
  return (f8x8)_mm512_maskz_permutexvar_pd(0xff, (__m512i)i, _mm512_loadu_pd(table));  // of the other g++ 12 warns
}
NL_FN f8x8 lookup(const f8 (&table)[16], u8x8 i) {
  return (f8x8)_mm512_permutex2var_pd(_mm512_loadu_pd(table), (__m512i)i, _mm512_loadu_pd(table + 8));
}
NL_FN f4x8 load(const f4* p) { return (f4x8)_mm256_loadu_ps(p); }
NL_FN f8x8 load(const f8* p) { return (f8x8)_mm512_loadu_pd(p); }
NL_FN void store(f4* p, f4x8 x) { _mm256_storeu_ps(p, (__m256)x); }
NL_FN void store(f8* p, f8x8 x) { _mm512_storeu_pd(p, (__m512d)x); }
#else
inline constexpr bool kWide = false;
#endif

}  // namespace nl
