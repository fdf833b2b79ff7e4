// The virtual registers of both interpreters, and copies into shared memory. Included by device code alone.
#pragma once
#include "device/block.h"
#include "scalar_all.h"

namespace {

using namespace numloom::cuda;

struct alignas(16) Wide { U64 w[2]; };
template <int W> struct Word;
template <> struct Word<4> { unsigned x; };
template <> struct Word<8> { U64 x; };
template <> struct alignas(16) Word<16> { U64 x[2]; };
template <int W> struct alignas(16) Vec { Word<W> v[16 / W]; };

// By value: a copy of bytes out of memory would be taken for unaligned, and made byte by byte.
template <class T, class From> NL_FN T get(From w) {
  T r;
  __builtin_memcpy(&r, &w, sizeof(T) < sizeof(From) ? sizeof(T) : sizeof(From));
  return r;
}
template <class To, class T> NL_FN To put(T x) {
  To r = {};
  __builtin_memcpy(&r, &x, sizeof(T) < sizeof(To) ? sizeof(T) : sizeof(To));
  return r;
}

// 64-bit division costs several times the 32-bit one. REQUIRES: neither is negative.
NL_FN I64 divided(I64 a, I64 b) { return ((U64)a | (U64)b) >> 32 ? a / b : (I64)((unsigned)a / (unsigned)b); }

NL_FN void async_wait() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

// `n` bytes (1 to 16, a power of two) into shared memory.
template <int N> NL_FN void async_copy(void* to, const char* from) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  if constexpr (N >= 4) {
    const unsigned at = (unsigned)__cvta_generic_to_shared(to);
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(at), "l"(from), "n"(N) : "memory");
    return;
  }
#endif
  if constexpr (N == 1) *(unsigned char*)to = *(const unsigned char*)from;
  else if constexpr (N == 2) *(unsigned short*)to = *(const unsigned short*)from;
  else if constexpr (N == 4) *(unsigned*)to = *(const unsigned*)from;
  else if constexpr (N == 8) *(U64*)to = *(const U64*)from;
  else *(Wide*)to = *(const Wide*)from;
}

}  // namespace
