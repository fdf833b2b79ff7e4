// The shapes of the CPU's loops, around scalar functions: included by the generated sources loops_*.cpp only, which are
// compiled once per CPU level. Everything is local to its translation unit, so that no code of one level serves another.
#pragma once
#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "backend/cpu/lanes.h"
#include "backend/cpu/loops.h"
#include "scalar/polynomial.h"

// dst may be identical with an operand: no dependence crosses elements, which the compiler cannot see. OpenMP's word for it
// (-fopenmp-simd, no runtime) also has g++ turn nested selects of any depth into blends, where it else gives up at four.
#define NL_INDEPENDENT _Pragma("omp simd")
#define NL_INLINE __attribute__((always_inline))

namespace numloom {
namespace {

// A bool in memory is its byte: g++ vectorises loads and stores of bytes, and not of bool where one is converted.
template <class T> struct Stored { typedef T type; };
template <> struct Stored<bool> { typedef uint8_t type; };

// body(n), compiled once more for the length of a strip: no remainder, no branch, and the next loop begins while this one ends.
template <class T, class F>
NL_INLINE inline void for_length(int64_t n, F body) {
  if constexpr (nl::Is<T>::real) {
    constexpr int64_t kStrip = kStripBytes / static_cast<int64_t>(sizeof(T));
    if (n == kStrip) return body(std::integral_constant<int64_t, kStrip>{});
  }
  body(n);
}

template <class R, class A, class F>
NL_INLINE inline void run1(void* dst, const void* a, int64_t n, F f) {
  typedef typename Stored<R>::type To;
  To* o = static_cast<To*>(dst);
  const auto* x = static_cast<const typename Stored<A>::type*>(a);
  NL_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<A, bool>) o[i] = static_cast<To>(f(x[i] != 0));
    else if constexpr (std::is_same_v<R, bool>) o[i] = static_cast<To>(f(x[i]));
    else o[i] = f(x[i]);
  }
}

template <class R, class A, class B, class F>
NL_INLINE inline void run2(void* dst, const void* a, const void* b, int64_t n, F f) {
  R* o = static_cast<R*>(dst);
  const A* x = static_cast<const A*>(a);
  const B* y = static_cast<const B*>(b);
  for_length<R>(n, [&](auto length) NL_INLINE {
    NL_INDEPENDENT
    for (int64_t i = 0; i < length; ++i) o[i] = f(x[i], y[i]);
  });
}

template <class R, class A, class B, class F>
NL_INLINE inline void run_sv(void* dst, const void* a, const void* b, int64_t n, F f) {
  R* o = static_cast<R*>(dst);
  const A x = *static_cast<const A*>(a);
  const B* y = static_cast<const B*>(b);
  for_length<R>(n, [&](auto length) NL_INLINE {
    NL_INDEPENDENT
    for (int64_t i = 0; i < length; ++i) o[i] = f(x, y[i]);
  });
}

template <class R, class A, class B, class F>
NL_INLINE inline void run_vs(void* dst, const void* a, const void* b, int64_t n, F f) {
  R* o = static_cast<R*>(dst);
  const A* x = static_cast<const A*>(a);
  const B y = *static_cast<const B*>(b);
  for_length<R>(n, [&](auto length) NL_INLINE {
    NL_INDEPENDENT
    for (int64_t i = 0; i < length; ++i) o[i] = f(x[i], y);
  });
}

// The high half of a product.
NL_INLINE inline nl::u4 high_product(nl::u4 a, nl::u4 b) { return static_cast<nl::u4>(nl::u8{a} * b >> 32); }
NL_INLINE inline nl::u8 high_product(nl::u8 a, nl::u8 b) {
  // From products of halves, which vectors have.
  const nl::u8 a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
  const nl::u8 low = a0 * b0, x = a1 * b0, y = a0 * b1;
  const nl::u8 middle = (low >> 32) + (x & 0xffffffff) + (y & 0xffffffff);
  return a1 * b1 + (x >> 32) + (y >> 32) + (middle >> 32);
}

// Quotients by one divisor d >= 2 of x < 2**kBits, which is all values for unsigned T and what ~x of a negative x can be for
// signed ones. Of up to 16 bits, and of 32 in float64, by the rounded inverse: x + 1/2 is so far from a multiple of d that it
// does not matter. Else by a factor and a shift (Granlund and Montgomery, Division by invariant integers using multiplication,
// 1994), which for all 64 bits has 65 bits.
NL_INLINE inline unsigned __int128 power_over(int exponent, nl::u8 d) {  // 2**exponent / d, rounded up
  // 2**128 may be asked for.
  const unsigned __int128 most =
      exponent < 128 ? (static_cast<unsigned __int128>(1) << exponent) - 1 : ~static_cast<unsigned __int128>(0);
  return most / d + 1;
}
template <class T>
struct Divisor {
  typedef typename nl::Traits<T>::bits U;
  static constexpr bool kSigned = nl::Is<T>::kind == nl::kSigned;
  static constexpr int kBits = static_cast<int>(sizeof(T)) * 8 - (kSigned ? 1 : 0);
  static constexpr bool kInverse = sizeof(T) <= 2 || kBits == 32;
  typedef std::conditional_t<sizeof(T) <= 2, nl::f4, nl::f8> Float;
  typedef std::conditional_t<sizeof(T) <= 2, nl::i4, nl::i8> Wide;

  Float inverse = 0;
  U factor = 0;
  int shift = 0;

  explicit Divisor(T d) : inverse(1 / static_cast<Float>(d)) {
    const int log = 64 - __builtin_clzll(static_cast<unsigned long long>(d) - 1);  // rounded up
    // The highest of 65 bits falls away here.
    if constexpr (!kInverse) factor = static_cast<U>(power_over(kBits + log, static_cast<nl::u8>(d)));
    shift = log - 1;
  }
  NL_INLINE U quotient(U x) const {
    if constexpr (kInverse) {
      return static_cast<U>(static_cast<Wide>((static_cast<Float>(static_cast<Wide>(x)) + Float(0.5)) * inverse));
    } else {
      const U high = high_product(x, factor);
      if constexpr (kSigned) return high >> shift;
      else return (((x - high) >> 1) + high) >> shift;
    }
  }
};

// f(floor(x / d), x, d) of one d: that of a negative x is ~(~x / d). Where d < 2: `usual`.
template <class T, class F, class G>
NL_INLINE inline void run_divide_by(void* dst, const void* a, const void* b, int64_t n, F f, G usual) {
  typedef typename nl::Traits<T>::bits U;
  const T d = *static_cast<const T*>(b);
  if (d < 2) return run_vs<T, T, T>(dst, a, b, n, usual);
  const Divisor<T> by(d);
  T* o = static_cast<T*>(dst);
  const T* x = static_cast<const T*>(a);
  NL_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    const U sign = Divisor<T>::kSigned && x[i] < 0 ? static_cast<U>(~U(0)) : U(0);
    const U q = by.quotient(static_cast<U>(static_cast<U>(x[i]) ^ sign));
    o[i] = f(static_cast<T>(q ^ sign), x[i], d);
  }
}

template <class R, class A, class B, class C, class F>
NL_INLINE inline void run3(void* dst, const void* a, const void* b, const void* c, int64_t n, F f) {
  R* o = static_cast<R*>(dst);
  const auto* x = static_cast<const typename Stored<A>::type*>(a);
  const B* y = static_cast<const B*>(b);
  const C* z = static_cast<const C*>(c);
  NL_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<A, bool>) o[i] = f(x[i] != 0, y[i], z[i]);
    else o[i] = f(x[i], y[i], z[i]);
  }
}

template <class T, class F>
NL_INLINE inline void run_all3(void* dst, const void* a, const void* b, const void* c, int64_t n, F f) {
  T* o = static_cast<T*>(dst);
  const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b), *z = static_cast<const T*>(c);
  for_length<T>(n, [&](auto length) NL_INLINE {
    NL_INDEPENDENT
    for (int64_t i = 0; i < length; ++i) o[i] = f(x[i], y[i], z[i]);
  });
}

// Functions with a hard range: all elements of a chunk run `fast`; where one was out of range, the rare ones run `slow` after it.
// Both give an element the same bits as the function alone would. An operand that dst overwrites is kept aside by the chunk.
inline constexpr int64_t kRangeChunk = 256;

NL_INLINE inline void raise_invalid() { _mm_setcsr(_mm_getcsr() | _MM_EXCEPT_INVALID); }

// What a loop computes beside its own: elements, or eight of them, from i on.
struct Nothing {
  NL_INLINE void one(int64_t) const {}
  NL_INLINE void eight(int64_t) const {}
};
template <class T, class F>
struct Beside {
  T* o;
  const T *x, *y;
  F f;
  NL_INLINE void one(int64_t i) const { o[i] = f(x[i], y[i]); }
  NL_INLINE void eight(int64_t i) const {
    if constexpr (nl::kWide && std::is_same_v<T, double>) {
      nl::f8x8 v, w;
      __builtin_memcpy(&v, x + i, sizeof v);
      __builtin_memcpy(&w, y + i, sizeof w);
      v = f(v, w);
      __builtin_memcpy(o + i, &v, sizeof v);
    }
  }
};

// last(f(first(x, y)), y, z), for elements of a, b and c, by the parts of a function f of one argument. Operands that are not used
// are the same as a.
template <class T, class F, class First, class Last, class Other = Nothing>
NL_INLINE inline void run_ranged1(void* dst, const void* a, const void* b, const void* c, int64_t n, F f, First first,
                                  Last last, Other beside = {}) {
  typedef typename nl::Traits<T>::bits U;
  T* o = static_cast<T*>(dst);
  const T* x = static_cast<const T*>(a);
  const T *y = static_cast<const T*>(b), *z = static_cast<const T*>(c);
  T left[kRangeChunk], right[kRangeChunk], third[kRangeChunk];
  for (int64_t at = 0; at < n; at += kRangeChunk) {
    const int64_t m = std::min(n - at, kRangeChunk);
    const T *p = x + at, *r = y + at, *s = z + at;
    if (dst == a) p = std::copy_n(p, m, left) - m;
    if (dst == b) r = b == a ? p : std::copy_n(r, m, right) - m;
    if (dst == c) s = c == a ? p : std::copy_n(s, m, third) - m;
    T* q = o + at;
    bool rare = false;
    for_length<T>(m, [&](auto length) NL_INLINE {
      if constexpr (nl::kWide && F::kTable && std::is_same_v<T, double>) {
        nl::u8x8 out = {};
        const auto argument = [&](const T* p8, const T* r8) NL_INLINE {
          nl::f8x8 v, w;
          __builtin_memcpy(&v, p8, sizeof v);
          __builtin_memcpy(&w, r8, sizeof w);
          return first(v, w);
        };
        const auto eight = [&](nl::f8x8 v, const T* r8, const T* s8, T* q8) NL_INLINE {
          nl::f8x8 w, u;
          __builtin_memcpy(&w, r8, sizeof w);
          __builtin_memcpy(&u, s8, sizeof u);
          out |= f.outside(v);
          v = last(f.fast(v), w, u);
          __builtin_memcpy(q8, &v, sizeof v);
        };
        int64_t i = 0;
        nl::f8x8 next = {};
        if (length >= 8) next = argument(p, r);
        for (; i + 8 <= length; i += 8) {
          // A turn ahead: first(x, y) may be a quotient, for which the function would wait.
          const nl::f8x8 v = next;
          if (i + 16 <= length) next = argument(p + i + 8, r + i + 8);
          beside.eight(at + i);
          eight(v, r + i, s + i, q + i);
        }
        if (i < length) {
          T some[3][8], results[8];
          for (int j = 0; j < 8; ++j) {
            const int64_t k = std::min(i + j, m - 1);
            if (i + j < m) beside.one(at + k);
            some[0][j] = p[k], some[1][j] = r[k], some[2][j] = s[k];
          }
          eight(argument(some[0], some[1]), some[1], some[2], results);
          std::copy_n(results, m - i, q + i);
        }
        rare = nl::top_bit(out);
      } else {
        U out = 0;
#pragma omp simd reduction(| : out)
        for (int64_t i = 0; i < length; ++i) {
          beside.one(at + i);
          const T v = first(p[i], r[i]);
          out |= f.outside(v);
          q[i] = last(f.fast(v), r[i], s[i]);
        }
        rare = nl::top_bit(out);
      }
    });
    if (rare) {
      raise_invalid();
      for (int64_t i = 0; i < m; ++i) {
        const T v = first(p[i], r[i]);
        if (nl::top_bit(f.outside(v))) q[i] = last(f.slow(v), r[i], s[i]);
      }
    }
  }
}

struct KeepFirst {
  template <class V, class... More> NL_INLINE V operator()(V x, More...) const { return x; }
};

template <class T, class In, class Fast, class Slow>
NL_INLINE inline void run_ranged2(void* dst, const void* a, const void* b, int64_t n, In in, Fast fast, Slow slow) {
  typedef typename nl::Traits<T>::bits U;
  T* o = static_cast<T*>(dst);
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  T left[kRangeChunk], right[kRangeChunk];
  for (int64_t at = 0; at < n; at += kRangeChunk) {
    const int64_t m = std::min(n - at, kRangeChunk);
    const T *p = x + at, *r = y + at;
    if (dst == a) p = std::copy_n(p, m, left) - m;
    if (dst == b) r = std::copy_n(r, m, right) - m;
    T* q = o + at;
    U rare = 0;
    // Two far elements a turn: chains of this length leave the units idle, unless the compiler weaves two (-fschedule-insns).
    const int64_t half = m / 2;
#pragma omp simd reduction(| : rare)
    for (int64_t i = 0; i < half; ++i) {
      const T a0 = p[i], a1 = p[i + half], b0 = r[i], b1 = r[i + half];
      rare |= (in(a0, b0) ? U(0) : U(1)) | (in(a1, b1) ? U(0) : U(1));
      const T q0 = fast(a0, b0), q1 = fast(a1, b1);
      q[i] = q0;
      q[i + half] = q1;
    }
    if (m % 2 != 0) {
      rare |= in(p[m - 1], r[m - 1]) ? U(0) : U(1);
      q[m - 1] = fast(p[m - 1], r[m - 1]);
    }
    if (rare != 0) {
      raise_invalid();
      for (int64_t i = 0; i < m; ++i)
        if (!in(p[i], r[i])) q[i] = slow(p[i], r[i]);
    }
  }
}

// float16 through float32, a chunk at a time, by `loop`, which takes float32 operands: what the scalar functions do with each
// element (narrow(f(widen(x)))), but by the hardware's conversions. They keep what a NaN says, of which `narrow` leaves the sign
// alone, so where there is one it converts.
template <class F>
inline void run_half(void* dst, const void* a, const void* b, int64_t n, F loop) {
  nl::f2* o = static_cast<nl::f2*>(dst);
  const nl::f2 *x = static_cast<const nl::f2*>(a), *y = static_cast<const nl::f2*>(b);
  alignas(64) float left[kRangeChunk], right[kRangeChunk], result[kRangeChunk];
  const auto widened = [](float* to, const nl::f2* from, int64_t m) NL_INLINE {
    int64_t i = 0;
    for (; i + 8 <= m; i += 8)
      _mm256_store_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
    for (; i < m; ++i) to[i] = nl::widen(from[i]);
  };
  for (int64_t at = 0; at < n; at += kRangeChunk) {
    const int64_t m = std::min(n - at, kRangeChunk);
    widened(left, x + at, m);
    if (b != nullptr) widened(right, y + at, m);
    loop(result, left, right, m);
    int64_t i = 0;
    for (; i + 8 <= m; i += 8) {
      const __m256 v = _mm256_load_ps(result + i);
      if (_mm256_movemask_ps(_mm256_cmp_ps(v, v, _CMP_UNORD_Q)) == 0)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(o + at + i),
                         _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
      else
        for (int64_t j = i; j < i + 8; ++j) o[at + j] = nl::narrow(result[j]);
    }
    for (; i < m; ++i) o[at + i] = nl::narrow(result[i]);
  }
}

// Casts. From float to integer: the flag rises where the float has no value in the integer type that the hardware converts to
// (narrow integers take the low bits of 32), and perhaps at the least one that has.
template <class R, class A, class F>
NL_INLINE inline void run_cast(void* dst, const void* a, int64_t n, F cast) {
  if constexpr (nl::Is<A>::real && nl::Is<R>::integer) {
    typedef typename nl::Traits<A>::bits U;
    constexpr bool kNarrow = sizeof(R) <= 2 || std::is_same_v<R, nl::i4>;
    const A low = kNarrow ? A(-2147483649.0) : A(-9223372036854777856.0);
    const A high = kNarrow ? A(2147483648.0) : std::is_same_v<R, nl::u8> ? A(18446744073709551616.0) : A(9223372036854775808.0);
    R* o = static_cast<R*>(dst);
    const A* x = static_cast<const A*>(a);
    U outside = 0;
#pragma omp simd reduction(| : outside)
    for (int64_t i = 0; i < n; ++i) {
      outside |= (x[i] > low) & (x[i] < high) ? U(0) : U(1);
      o[i] = cast(x[i]);
    }
    if (outside != 0) raise_invalid();
  } else {
    run1<R, A>(dst, a, n, cast);
  }
}

// Accumulators, and how elements enter and leave them: float16 adds up in float32.
template <class T> struct Accumulate {
  typedef T type;
  static NL_INLINE T in(T x) { return x; }
  static NL_INLINE T out(T x) { return x; }
};
template <> struct Accumulate<nl::f2> {
  typedef float type;
  static NL_INLINE float in(nl::f2 x) { return nl::widen(x); }
  static NL_INLINE nl::f2 out(float x) { return nl::narrow(x); }
};

// The eight lanes of a leaf over its first n - n % 8 elements, n >= 8.
template <class T, class V, class F>
NL_INLINE inline void lanes(V (&r)[8], const T* p, int64_t n, F f) {
  if constexpr (nl::Is<T>::real) {
    typedef T Wide __attribute__((vector_size(8 * sizeof(T))));
    Wide w, x;
    __builtin_memcpy(&w, p, sizeof w);
    for (int64_t i = 8; i + 8 <= n; i += 8) {
      __builtin_memcpy(&x, p + i, sizeof x);
      w = f(w, x);
    }
    __builtin_memcpy(r, &w, sizeof w);
  } else {
    for (int j = 0; j < 8; ++j) r[j] = Accumulate<T>::in(p[j]);
    for (int64_t i = 8; i + 8 <= n; i += 8)
      for (int j = 0; j < 8; ++j) r[j] = f(r[j], Accumulate<T>::in(p[i + j]));
  }
}

// The order of LoopTable::reduce.
template <class T, class F>
typename Accumulate<T>::type tree(const T* p, int64_t n, F f) {
  typedef Accumulate<T> A;
  typedef typename A::type V;
  if (n < 8) {
    V r = A::in(p[0]);
    for (int64_t i = 1; i < n; ++i) r = f(r, A::in(p[i]));
    return r;
  }
  if (n <= 128) {
    V r[8];
    lanes(r, p, n, f);
    V s = f(f(f(r[0], r[1]), f(r[2], r[3])), f(f(r[4], r[5]), f(r[6], r[7])));
    for (int64_t i = n - n % 8; i < n; ++i) s = f(s, A::in(p[i]));
    return s;
  }
  int64_t half = n / 2;
  half -= half % 8;
  const V left = tree(p, half, f);
  return f(left, tree(p + half, n - half, f));
}

template <class T, class F>
NL_INLINE inline void reduce_tree(void* out, const void* in, int64_t n, F f) {
  *static_cast<T*>(out) = Accumulate<T>::out(tree(static_cast<const T*>(in), n, f));
}
// Sums: NumPy adds the tree to 0, which shows where all elements are -0.0.
template <class T, class F>
NL_INLINE inline void reduce_sum(void* out, const void* in, int64_t n, F f) {
  typedef typename Accumulate<T>::type V;
  *static_cast<T*>(out) = Accumulate<T>::out(f(tree(static_cast<const T*>(in), n, f), V{}));
}

// LoopTable::rows, K rows at a time: an accumulator is fetched and put back once for all of them.
template <class T, int K, class F>
NL_INLINE inline void add_rows(T* o, const T* first, const char* rows, int64_t stride, int64_t width, F f) {
  const T* row[K];
  for (int k = 0; k < K; ++k) row[k] = reinterpret_cast<const T*>(rows + k * stride);
  NL_INDEPENDENT
  for (int64_t i = 0; i < width; ++i) {
    T v = first[i];
#pragma GCC unroll 4
    for (int k = 0; k < K; ++k) v = f(v, row[k][i]);
    o[i] = v;
  }
}
template <class T, class F>
inline void run_rows(void* dst, const void* first, const void* rows, int64_t stride, int64_t n, int64_t width, F f) {
  T* o = static_cast<T*>(dst);
  const T* from = static_cast<const T*>(first);
  const char* p = static_cast<const char*>(rows);
  for (; n >= 4; n -= 4, p += 4 * stride, from = o) add_rows<T, 4>(o, from, p, stride, width, f);
  if (n == 3) add_rows<T, 3>(o, from, p, stride, width, f);
  else if (n == 2) add_rows<T, 2>(o, from, p, stride, width, f);
  else if (n == 1) add_rows<T, 1>(o, from, p, stride, width, f);
  else if (o != from) std::copy_n(from, width, o);
}

// Any exponent of all ones: an infinity or a NaN.
template <class T>
NL_INLINE inline bool any_special(const void* in, int64_t n) {
  typedef typename nl::Traits<T>::bits U;
  constexpr U kExponent = sizeof(T) == 2 ? U(0x7c00) : sizeof(T) == 4 ? U(0x7f800000) : static_cast<U>(0x7ff0000000000000ul);
  const U* p = static_cast<const U*>(in);
  U found = 0;
#pragma omp simd reduction(| : found)
  for (int64_t i = 0; i < n; ++i) found |= (p[i] & kExponent) == kExponent ? U(1) : U(0);
  return found != 0;
}

// The greatest or least, which order changes in two ways only: which NaN, and which zero. Those are left to the tree. kSkips: NaN
// counts only where there is nothing else (fmax, fmin).
template <class T, bool kMost, bool kSkips, class F>
NL_INLINE inline void reduce_extreme(void* out, const void* in, int64_t n, F f) {
  typedef typename nl::Traits<T>::bits U;
  constexpr int kLanes = 256 / sizeof(T);
  const T* p = static_cast<const T*>(in);
  if (n >= 2 * kLanes) {
    const T none = kMost ? -nl::infinity<T>() : nl::infinity<T>();
    T lane[kLanes];
    U nan[kLanes] = {};
    for (int j = 0; j < kLanes; ++j) lane[j] = none;
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      NL_INDEPENDENT
      for (int j = 0; j < kLanes; ++j) {
        const T x = p[i + j];
        lane[j] = (kMost ? x > lane[j] : x < lane[j]) ? x : lane[j];
        if constexpr (!kSkips) nan[j] |= x != x ? U(1) : U(0);
      }
    }
    T r = lane[0];
    U bad = 0;
    for (int j = 0; j < kLanes; ++j) {
      r = (kMost ? lane[j] > r : lane[j] < r) ? lane[j] : r;
      bad |= nan[j];
    }
    for (; i < n; ++i) {
      r = (kMost ? p[i] > r : p[i] < r) ? p[i] : r;
      bad |= p[i] != p[i] ? U(1) : U(0);
    }
    if ((kSkips ? r != none : bad == 0) && r != 0) {
      *static_cast<T*>(out) = r;
      return;
    }
  }
  reduce_tree<T>(out, in, n, f);
}
#define NL_EXTREME(NAME, MOST, SKIPS)                                     \
  template <class T, class F>                                             \
  NL_INLINE inline void NAME(void* out, const void* in, int64_t n, F f) { \
    reduce_extreme<T, MOST, SKIPS>(out, in, n, f);                        \
  }
NL_EXTREME(reduce_most, true, false)
NL_EXTREME(reduce_least, false, false)
NL_EXTREME(reduce_fmost, true, true)
NL_EXTREME(reduce_fleast, false, true)
#undef NL_EXTREME

// Of bools: what each reduction of them comes to in the bits of bytes.
template <class F>
NL_INLINE inline void reduce_bools(void* out, const void* in, int64_t n, F f) {
  const auto* p = static_cast<const uint8_t*>(in);
  uint8_t r = p[0] != 0;
  for (int64_t i = 1; i < n; ++i) r = f(r, p[i] != 0);
  *static_cast<bool*>(out) = r != 0;
}

// Where order changes nothing (integers): the compiler's own order.
template <class T, class F>
NL_INLINE inline void reduce_any(void* out, const void* in, int64_t n, F f) {
  const T* p = static_cast<const T*>(in);
  T r = p[0];
  for (int64_t i = 1; i < n; ++i) r = f(r, p[i]);
  *static_cast<T*>(out) = r;
}

}  // namespace
}  // namespace numloom

// One entry of the table each. OP, TYPE: indices; FN: the scalar function; the rest: element types.
#define NL_SLOT(table, OP, TYPE) table[static_cast<int>(Op::OP)][static_cast<int>(DType::TYPE)]
#define NL_LOOP1(OP, TYPE, R, A)                                                              \
  NL_SLOT(t.op, OP, TYPE) = [](void* d, const void* a, const void*, const void*, int64_t n) { \
    run1<R, A>(d, a, n, [](A x) NL_INLINE { return nl::op_##OP(x); });                        \
  };
#define NL_LOOP2(OP, TYPE, R, A, B)                                                             \
  NL_SLOT(t.op, OP, TYPE) = [](void* d, const void* a, const void* b, const void*, int64_t n) { \
    run2<R, A, B>(d, a, b, n, [](A x, B y) NL_INLINE { return nl::op_##OP(x, y); });            \
  };
#define NL_LOOP3(OP, TYPE, R, A, B, C)                                                             \
  NL_SLOT(t.op, OP, TYPE) = [](void* d, const void* a, const void* b, const void* c, int64_t n) {  \
    run3<R, A, B, C>(d, a, b, c, n, [](A x, B y, C z) NL_INLINE { return nl::op_##OP(x, y, z); }); \
  };
// float16: LOOP is float32's, from x and y to o, of m elements; B: b, or nullptr where there is one operand.
#define NL_HALF(OP, B, LOOP)                                                                                            \
  NL_SLOT(t.op, OP, f2) = [](void* d, const void* a, [[maybe_unused]] const void* b, const void*, int64_t n) {          \
    run_half(d, a, B, n, [](float* o, const float* x, [[maybe_unused]] const float* y, int64_t m) NL_INLINE { LOOP; }); \
  };
#define NL_ROWS(OP, TYPE, T)                                                                                               \
  NL_SLOT(t.rows, OP, TYPE) = [](void* d, const void* first, const void* rows, int64_t stride, int64_t n, int64_t width) { \
    run_rows<T>(d, first, rows, stride, n, width, [](T x, T y) NL_INLINE { return nl::op_##OP(x, y); });                   \
  };
#define NL_SCALAR2(OP, TYPE, R, A, B)                                                              \
  NL_SLOT(t.op_sv, OP, TYPE) = [](void* d, const void* a, const void* b, const void*, int64_t n) { \
    run_sv<R, A, B>(d, a, b, n, [](A x, B y) NL_INLINE { return nl::op_##OP(x, y); });             \
  };                                                                                               \
  NL_SLOT(t.op_vs, OP, TYPE) = [](void* d, const void* a, const void* b, const void*, int64_t n) { \
    run_vs<R, A, B>(d, a, b, n, [](A x, B y) NL_INLINE { return nl::op_##OP(x, y); });             \
  };
#define NL_DIVIDE_BY(OP, TYPE, T, RESULT)                                                             \
  NL_SLOT(t.op_vs, OP, TYPE) = [](void* d, const void* a, const void* b, const void*, int64_t n) {    \
    run_divide_by<T>(                                                                                 \
        d, a, b, n, [](T q, T x, T y) NL_INLINE { return (void)x, (void)y, static_cast<T>(RESULT); }, \
        [](T x, T y) NL_INLINE { return nl::op_##OP(x, y); });                                        \
  };
#define NL_PAIR(I, FIRST, J, SECOND, TYPE, T)                                                                            \
  t.pair[I][J][0][static_cast<int>(DType::TYPE)] = [](void* d, const void* a, const void* b, const void* c, int64_t n) { \
    run_all3<T>(d, a, b, c, n, [](T x, T y, T z) NL_INLINE { return nl::op_##SECOND(nl::op_##FIRST(x, y), z); });        \
  };                                                                                                                     \
  t.pair[I][J][1][static_cast<int>(DType::TYPE)] = [](void* d, const void* a, const void* b, const void* c, int64_t n) { \
    run_all3<T>(d, a, b, c, n, [](T x, T y, T z) NL_INLINE { return nl::op_##SECOND(z, nl::op_##FIRST(x, y)); });        \
  };
// The parts of a function of one argument with a hard range. TABLE: whether it looks into a table.
#define NL_PARTS(OP, TABLE)                                                               \
  struct Parts_##OP {                                                                     \
    static constexpr bool kTable = TABLE;                                                 \
    template <class V> static NL_INLINE auto outside(V x) { return nl::OP##_outside(x); } \
    template <class V> static NL_INLINE V fast(V x) { return nl::OP##_fast(x); }          \
    template <class V> static V slow(V x) { return nl::OP##_slow(x); }                    \
  };
#define NL_RANGED1(OP, TYPE, T)                                                               \
  NL_SLOT(t.op, OP, TYPE) = [](void* d, const void* a, const void*, const void*, int64_t n) { \
    run_ranged1<T>(d, a, a, a, n, Parts_##OP{}, KeepFirst{}, KeepFirst{});                    \
  };
#define NL_RANGED_PAIR(I, FIRST, J, OP, TYPE, T)                                                                             \
  t.pair[I][J][0][static_cast<int>(DType::TYPE)] = [](void* d, const void* a, const void* b, const void*, int64_t n) {       \
    run_ranged1<T>(d, a, b, a, n, Parts_##OP{}, [](auto x, auto y) NL_INLINE { return nl::op_##FIRST(x, y); }, KeepFirst{}); \
  };
// FIRST: of x and y, the operands A and B. WHAT: of x and y too, what is beside.
#define NL_BESIDE(D, WHAT, J, OP, I, FIRST, B, TYPE, T)                                                                    \
  t.beside[D][J][I][static_cast<int>(DType::TYPE)] = [](char* const at[6], int64_t n) {                                    \
    const auto what = [](auto x, auto y) NL_INLINE { return (void)y, WHAT; };                                              \
    const Beside<T, decltype(what)> beside{reinterpret_cast<T*>(at[3]), reinterpret_cast<const T*>(at[4]),                 \
                                           reinterpret_cast<const T*>(at[5]), what};                                       \
    run_ranged1<T>(                                                                                                        \
        at[0], at[1], at[B], at[1], n, Parts_##OP{}, [](auto x, auto y) NL_INLINE { return (void)y, FIRST; }, KeepFirst{}, \
        beside);                                                                                                           \
  };
#define NL_LOGISTIC(TYPE, T)                                                                                               \
  t.logistic[static_cast<int>(DType::TYPE)] = [](void* d, const void* a, const void* b, const void* c, int64_t n) {        \
    run_ranged1<T>(d, a, b, c, n, Parts_exp{}, KeepFirst{}, [](auto e, auto y, auto z) NL_INLINE { return z / (y + e); }); \
  };
#define NL_RANGED2(OP, TYPE, T)                                                                                \
  NL_SLOT(t.op, OP, TYPE) = [](void* d, const void* a, const void* b, const void*, int64_t n) {                \
    run_ranged2<T>(                                                                                            \
        d, a, b, n, [](T x, T y) NL_INLINE { return nl::OP##_in_range(x, y); },                                \
        [](T x, T y) NL_INLINE { return nl::OP##_fast(x, y); }, [](T x, T y) { return nl::OP##_slow(x, y); }); \
  };
#define NL_CAST(FROM, TO, A, R)                                                                                             \
  t.cast[static_cast<int>(DType::FROM)][static_cast<int>(DType::TO)] = [](void* d, const void* a, const void*, const void*, \
                                                                          int64_t n) {                                      \
    run_cast<R, A>(d, a, n, [](A x) NL_INLINE { return nl::cast<R>(x); });                                                  \
  };
#define NL_SPECIAL(TYPE) \
  t.special[static_cast<int>(DType::TYPE)] = [](const void* in, int64_t n) { return any_special<nl::TYPE>(in, n); };
#define NL_REDUCE_BOOLS(OP, BITWISE)                                                                          \
  NL_SLOT(t.reduce, OP, b1) = [](void* o, const void* in, int64_t n) {                                        \
    reduce_bools(o, in, n, [](uint8_t x, uint8_t y) NL_INLINE { return static_cast<uint8_t>(x BITWISE y); }); \
  };
#define NL_REDUCE(HOW, OP, TYPE, T)                                               \
  NL_SLOT(t.reduce, OP, TYPE) = [](void* o, const void* in, int64_t n) {          \
    HOW<T>(o, in, n, [](auto x, auto y) NL_INLINE { return nl::op_##OP(x, y); }); \
  };
