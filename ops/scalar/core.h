// Element types and bits for the scalar functions: what all other headers here stand on.
//
// These headers are freestanding: g++, clang++ and NVRTC compile them with no other header, and the JITs embed their text.
// Every function gives the same bits under all three, so: a multiply-add is fused where fma_ says so and nowhere else
// (-ffp-contract=off, --fmad=false); nothing that depends on the width of a vector.
// Functions are straight lines with selects, so that a loop around one vectorises. One with a hard range comes in parts:
// <name>_fast, <name>_in_range (where fast holds) and <name>_slow (any argument); op_<name> chooses. Of one argument,
// <name>_outside says the opposite of in_range by the top bit of an integer, which a loop gathers for nothing.
// A function that looks into a table or converts is a template of V, for loops with vectors of their own (lanes.h): compilers make
// gathers of lookups, where a CPU may have a table in registers, and four instructions of a conversion.
// Everything has internal linkage: a copy compiled for one CPU level must never serve another.
#pragma once

#ifdef __clang__
// Tests are joined by & and |, not by branches.
#pragma clang diagnostic ignored "-Wbitwise-instead-of-logical"
#pragma clang diagnostic ignored "-Wbitwise-conditional-parentheses"
#endif

#ifdef __CUDACC__
#define NL_FN static __device__ __forceinline__
#define NL_SLOW static __device__ __noinline__
#define NL_LIBM(f) ::f
#define NL_TABLE static __device__ const
#else
#define NL_FN static inline __attribute__((always_inline))
#define NL_SLOW static __attribute__((noinline, unused))
#define NL_LIBM(f) __builtin_##f
#define NL_TABLE static const
#endif

namespace nl {

// Named as the op table names them: kind and bytes. float16 is its bits; nothing computes in it.
typedef signed char i1;
typedef short i2;
typedef int i4;
typedef long i8;
typedef unsigned char u1;
typedef unsigned short u2;
typedef unsigned int u4;
typedef unsigned long u8;
typedef float f4;
typedef double f8;
struct f2 { u2 bits; };
struct c8 {
  typedef f4 real;
  f4 re, im;
};
struct c16 {
  typedef f8 real;
  f8 re, im;
};
static_assert(sizeof(i8) == 8 && sizeof(c8) == 8 && sizeof(c16) == 16, "element sizes");

enum Kind { kBool, kSigned, kUnsigned, kHalf, kFloat, kComplex };

// clang-format off
// kind, the unsigned type of the same size, and the type in which arithmetic on it is done.
template <class T> struct Traits;
template <> struct Traits<bool> { static constexpr Kind kind = kBool; typedef u1 bits; typedef bool wide; };
template <> struct Traits<i1> { static constexpr Kind kind = kSigned; typedef u1 bits; typedef f4 wide; };
template <> struct Traits<i2> { static constexpr Kind kind = kSigned; typedef u2 bits; typedef f4 wide; };
template <> struct Traits<i4> { static constexpr Kind kind = kSigned; typedef u4 bits; typedef f8 wide; };
template <> struct Traits<i8> { static constexpr Kind kind = kSigned; typedef u8 bits; typedef f8 wide; };
template <> struct Traits<u1> { static constexpr Kind kind = kUnsigned; typedef u1 bits; typedef f4 wide; };
template <> struct Traits<u2> { static constexpr Kind kind = kUnsigned; typedef u2 bits; typedef f4 wide; };
template <> struct Traits<u4> { static constexpr Kind kind = kUnsigned; typedef u4 bits; typedef f8 wide; };
template <> struct Traits<u8> { static constexpr Kind kind = kUnsigned; typedef u8 bits; typedef f8 wide; };
template <> struct Traits<f2> { static constexpr Kind kind = kHalf; typedef u2 bits; typedef f4 wide; };
template <> struct Traits<f4> { static constexpr Kind kind = kFloat; typedef u4 bits; typedef f4 wide; };
template <> struct Traits<f8> { static constexpr Kind kind = kFloat; typedef u8 bits; typedef f8 wide; };
template <> struct Traits<c8> { static constexpr Kind kind = kComplex; typedef u4 bits; typedef c8 wide; };
template <> struct Traits<c16> { static constexpr Kind kind = kComplex; typedef u8 bits; typedef c16 wide; };
// clang-format on

template <class T> struct Is {
  static constexpr Kind kind = Traits<T>::kind;
  static constexpr bool integer = kind == kSigned || kind == kUnsigned;
  static constexpr bool half = kind == kHalf;
  static constexpr bool real = kind == kFloat;
  static constexpr bool complex = kind == kComplex;
};

#ifdef __CUDACC__
NL_FN u4 to_bits(f4 x) { return __float_as_uint(x); }
NL_FN u8 to_bits(f8 x) { return (u8)__double_as_longlong(x); }
NL_FN f4 from_bits(u4 x) { return __uint_as_float(x); }
NL_FN f8 from_bits(u8 x) { return __longlong_as_double((long long)x); }
#else
NL_FN u4 to_bits(f4 x) { return __builtin_bit_cast(u4, x); }
NL_FN u8 to_bits(f8 x) { return __builtin_bit_cast(u8, x); }
NL_FN f4 from_bits(u4 x) { return __builtin_bit_cast(f4, x); }
NL_FN f8 from_bits(u8 x) { return __builtin_bit_cast(f8, x); }
#endif

template <class T> struct Float;
template <> struct Float<f4> {
  static constexpr u4 sign = 0x80000000u, infinity = 0x7f800000u, nan = 0x7fc00000u;
  static constexpr int mantissa = 23, bias = 127;
};
template <> struct Float<f8> {
  static constexpr u8 sign = 0x8000000000000000ul, infinity = 0x7ff0000000000000ul, nan = 0x7ff8000000000000ul;
  static constexpr int mantissa = 52, bias = 1023;
};
template <class T> NL_FN T infinity() { return from_bits(Float<T>::infinity); }
template <class T> NL_FN T quiet_nan() { return from_bits(Float<T>::nan); }

NL_FN bool is_nan(f4 x) { return x != x; }
NL_FN bool is_nan(f8 x) { return x != x; }
template <class T> NL_FN bool is_inf(T x) { return (to_bits(x) & ~Float<T>::sign) == Float<T>::infinity; }
template <class T> NL_FN bool is_finite(T x) { return (to_bits(x) & ~Float<T>::sign) < Float<T>::infinity; }
template <class T> NL_FN bool sign_of(T x) { return (to_bits(x) & Float<T>::sign) != 0; }
template <class T> NL_FN T magnitude(T x) { return from_bits(to_bits(x) & ~Float<T>::sign); }
template <class T> NL_FN T with_sign(T x, T sign) {
  return from_bits((to_bits(x) & ~Float<T>::sign) | (to_bits(sign) & Float<T>::sign));
}

// Correctly rounded everywhere, by one instruction.
NL_FN f4 sqrt_(f4 x) { return NL_LIBM(sqrtf)(x); }
NL_FN f8 sqrt_(f8 x) { return NL_LIBM(sqrt)(x); }
NL_FN f4 floor_(f4 x) { return NL_LIBM(floorf)(x); }
NL_FN f8 floor_(f8 x) { return NL_LIBM(floor)(x); }
NL_FN f4 ceil_(f4 x) { return NL_LIBM(ceilf)(x); }
NL_FN f8 ceil_(f8 x) { return NL_LIBM(ceil)(x); }
NL_FN f4 trunc_(f4 x) { return NL_LIBM(truncf)(x); }
NL_FN f8 trunc_(f8 x) { return NL_LIBM(trunc)(x); }
NL_FN f4 rint_(f4 x) { return NL_LIBM(rintf)(x); }
NL_FN f8 rint_(f8 x) { return NL_LIBM(rint)(x); }

// a * b = result + error, exactly (no overflow, no underflow).
NL_FN f4 two_product(f4 a, f4 b, f4& error) {
  const f4 p = a * b;
  error = NL_LIBM(fmaf)(a, b, -p);
  return p;
}
NL_FN f8 two_product(f8 a, f8 b, f8& error) {
  const f8 p = a * b;
  error = NL_LIBM(fma)(a, b, -p);
  return p;
}
// a * b + c, rounded once: everywhere one instruction, or a function that is exact.
NL_FN f4 fma_(f4 a, f4 b, f4 c) { return NL_LIBM(fmaf)(a, b, c); }
NL_FN f8 fma_(f8 a, f8 b, f8 c) { return NL_LIBM(fma)(a, b, c); }
// a + b = result + error, exactly; any order of magnitudes. fast_two_sum REQUIRES |a| >= |b| or a == 0.
template <class T> NL_FN T two_sum(T a, T b, T& error) {
  const T s = a + b, t = s - a;
  error = (a - (s - t)) + (b - t);
  return s;
}
template <class T> NL_FN T fast_two_sum(T a, T b, T& error) {
  const T s = a + b;
  error = b - (s - a);
  return s;
}

// a - b, for the two parts of complex numbers: where one part is a sum of products and the other a difference, g++ fuses both into
// multiply-add-subtract instructions whatever -ffp-contract says.
template <class T> NL_FN T minus(T a, T b) { return a + from_bits(to_bits(b) ^ Float<T>::sign); }

// float16 <-> float32, by integer arithmetic: the same bits everywhere, and any compiler vectorises it.
NL_FN f4 widen(f2 h) {
  const u4 m = (u4)(h.bits & 0x7fffu) << 13;
  const u4 finite = to_bits(from_bits(m) * 0x1p112f);
  const u4 r = m >= 0x0f800000u ? (m | 0x7f800000u) : finite;
  return from_bits(r | (u4)(h.bits & 0x8000u) << 16);
}
NL_FN f2 narrow(f4 x) {
  const u4 b = to_bits(x), a = b & 0x7fffffffu;
  const u4 normal = (a + 0x0fffu + ((a >> 13) & 1u) - 0x38000000u) >> 13;
  // Below 2**-14 the sum with 0.5 rounds at 2**-24, the unit of subnormal halves.
  const u4 small = to_bits(from_bits(a) + 0.5f) - 0x3f000000u;
  const u4 special = a > 0x7f800000u ? 0x7e00u : 0x7c00u;
  const u4 r = a >= 0x477ff000u ? special : a < 0x38800000u ? small : normal;
  const f2 h = {(u2)(r | ((b >> 16) & 0x8000u))};
  return h;
}
// float64 to float16, rounded once: to a float32 that remembers inexactness in its last bit, then down.
NL_FN f2 narrow(f8 x) {
  const u8 b = to_bits(x);
  const u8 sticky = (b & 0x1ffffffful) != 0 ? 0x20000000ul : 0ul;
  return narrow((f4)from_bits((b & ~0x1ffffffful) | sticky));
}

// One op for every float type, float16 through float32, complex types by complex.h where that is included too.
#define NL_UNARY(name)                                           \
  template <class T> NL_FN T op_##name(T x) {                    \
    if constexpr (Is<T>::half) return narrow(name##_(widen(x))); \
    else if constexpr (Is<T>::complex) return complex_##name(x); \
    else return name##_(x);                                      \
  }

}  // namespace nl
