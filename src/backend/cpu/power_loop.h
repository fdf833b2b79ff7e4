// The loop of float32's power. Included by the generated source of its family only, after the scalar functions.
#pragma once
#include "backend/cpu/loop_templates.h"

namespace numloom {
namespace {

// In two passes over a chunk (the chain of both halves is too long for a CPU to work on enough elements at a time), and a third one
// that has the signs of negative numbers right, where there are any.
inline void run_power_f4(void* dst, const void* a, const void* b, int64_t n) {
  float left[kRangeChunk], right[kRangeChunk];
  alignas(64) double exponents[kRangeChunk];
  for (int64_t at = 0; at < n; at += kRangeChunk) {
    const int64_t m = std::min(n - at, kRangeChunk);
    const float *p = static_cast<const float*>(a) + at, *r = static_cast<const float*>(b) + at;
    if (dst == a) p = std::copy_n(p, m, left) - m;
    if (dst == b) r = std::copy_n(r, m, right) - m;
    float* q = static_cast<float*>(dst) + at;
    bool out = false, negative = false;
    for_length<float>(m, [&](auto length) NL_INLINE {
      const int count = static_cast<int>(length);
      int i = 0, j = 0;
#ifdef NL_WIDE
      nl::u4 outs = 0, negatives = 0;
      for (; i + 8 <= count; i += 8) {
        const auto x = nl::load(p + i), y = nl::load(r + i);
        outs |= nl::not_normal(x) | nl::not_finite(y);
        negatives |= nl::negative(x);
        nl::store(exponents + i, nl::power_of_which(x, y));
      }
      out = outs != 0;
      negative = negatives != 0;
      for (; j + 8 <= count; j += 8) nl::store(q + j, nl::to_f4(nl::power_of_2(nl::load(exponents + j))));
#endif
      nl::u4 some_out = 0, some_negative = 0;
#pragma omp simd reduction(| : some_out, some_negative)
      for (int k = i; k < count; ++k) {
        some_out |= nl::power_outside(p[k], r[k]);
        some_negative |= nl::to_bits(p[k]);
        exponents[k] = nl::power_of_which(p[k], r[k]);
      }
      out |= nl::top_bit(some_out);
      negative |= nl::top_bit(some_negative);
      NL_INDEPENDENT
      for (int k = j; k < count; ++k) q[k] = static_cast<float>(nl::power_of_2(exponents[k]));
    });
    if (negative) {
      NL_INDEPENDENT
      for (int64_t i = 0; i < m; ++i) q[i] = nl::pow_signed(p[i], r[i], q[i]);
      nl::u4 undefined = 0;
#pragma omp simd reduction(| : undefined)
      for (int64_t i = 0; i < m; ++i) undefined |= q[i] != q[i] ? nl::u4(1) : nl::u4(0);
      if (undefined != 0) raise_invalid();
    }
    if (out) {
      raise_invalid();
      for (int64_t i = 0; i < m; ++i)
        if (!nl::power_in_range(p[i], r[i])) q[i] = nl::power_slow(p[i], r[i]);
    }
  }
}

}  // namespace
}  // namespace numloom

#define NL_POWER_F4 \
  NL_SLOT(t.op, power, f4) = [](void* d, const void* a, const void* b, const void*, int64_t n) { run_power_f4(d, a, b, n); };
