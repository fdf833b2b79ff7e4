// Operands for the tests of ops: every special value of a type, and random ones; reproducible.
#pragma once
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "ops_table.h"

namespace numloom::testing {

using Bytes = std::vector<unsigned char>;

inline const double kSpecials[] = {0.0,
                                   -0.0,
                                   1.0,
                                   -1.0,
                                   0.5,
                                   -0.5,
                                   1.5,
                                   2.5,
                                   2.0,
                                   -3.0,
                                   10.0,
                                   1e-300,
                                   1e300,
                                   -1e30,
                                   1e-40,
                                   88.7,
                                   -87.5,
                                   709.5,
                                   -745.0,
                                   1e6,
                                   1e22,
                                   -1e9,
                                   0.785,
                                   65504.0,
                                   6e-8,
                                   2047.0,
                                   std::numeric_limits<double>::infinity(),
                                   -std::numeric_limits<double>::infinity(),
                                   std::numeric_limits<double>::quiet_NaN()};

// IEEE half from a double, by search-free bits; good enough for operands.
inline uint16_t half_bits(double v) {
  const float f = static_cast<float>(v);
  uint32_t b;
  std::memcpy(&b, &f, 4);
  const uint32_t sign = b >> 16 & 0x8000, a = b & 0x7fffffff;
  if (a > 0x7f800000) return 0x7e00;
  if (a >= 0x47800000) return static_cast<uint16_t>(sign | 0x7c00);
  if (a < 0x38800000)
    return static_cast<uint16_t>(sign | (a >> 23 == 0 ? 0 : (0x800000 | (a & 0x7fffff)) >> std::min(31u, 126 - (a >> 23))));
  return static_cast<uint16_t>(sign | (a - 0x38000000) >> 13);
}

class Sampler {
 public:
  explicit Sampler(uint64_t seed) : random_(seed) {}

  double real() {
    switch (random_() % 8) {
      case 0: return kSpecials[random_() % std::size(kSpecials)];
      case 1: return static_cast<double>(static_cast<int>(random_() % 41) - 20);
      case 2: return std::ldexp(uniform(), static_cast<int>(random_() % 1800) - 900);
      case 3: return std::ldexp(uniform(), static_cast<int>(random_() % 240) - 120);
      case 4: return uniform();
      default: return uniform() * 20;
    }
  }

  int64_t integer() { return random_() % 2 ? static_cast<int64_t>(random_()) : static_cast<int64_t>(random_() % 17) - 8; }

  void append(DType t, Bytes& out) {
    const auto put = [&](auto v) {
      const size_t at = out.size();
      out.resize(at + sizeof v);
      std::memcpy(out.data() + at, &v, sizeof v);
    };
    switch (t) {
      case DType::b1: return put(static_cast<uint8_t>(random_() % 2));
      case DType::i1:
      case DType::u1: return put(static_cast<int8_t>(integer()));
      case DType::i2:
      case DType::u2: return put(static_cast<int16_t>(integer()));
      case DType::i4:
      case DType::u4: return put(static_cast<int32_t>(integer()));
      case DType::i8:
      case DType::u8: return put(integer());
      case DType::f2: return put(half_bits(real()));
      case DType::f4: return put(static_cast<float>(real()));
      case DType::f8: return put(real());
      case DType::c8: put(static_cast<float>(real())); return put(static_cast<float>(real()));
      case DType::c16: put(real()); return put(real());
    }
  }

  Bytes array(DType t, int64_t n) {
    Bytes out;
    for (int64_t i = 0; i < n; ++i) append(t, out);
    return out;
  }

 private:
  double uniform() { return std::uniform_real_distribution<double>(-1, 1)(random_); }
  std::mt19937_64 random_;
};

// Equal bits, all NaNs alike.
inline bool same_bits(DType t, const void* a, const void* b, int64_t n) {
  const DType part = real_of(t);
  const int64_t parts = is_complex(t) ? 2 * n : n;
  const auto *p = static_cast<const unsigned char*>(a), *q = static_cast<const unsigned char*>(b);
  const auto nan = [&](const unsigned char* v) {
    if (part == DType::f2) {
      uint16_t x;
      std::memcpy(&x, v, 2);
      return (x & 0x7fff) > 0x7c00;
    }
    if (part == DType::f4) {
      float x;
      std::memcpy(&x, v, 4);
      return x != x;
    }
    if (part == DType::f8) {
      double x;
      std::memcpy(&x, v, 8);
      return x != x;
    }
    return false;
  };
  const int size = item_size(part);
  for (int64_t i = 0; i < parts; ++i, p += size, q += size)
    if (std::memcmp(p, q, static_cast<size_t>(size)) != 0 && !(nan(p) && nan(q))) return false;
  return true;
}

}  // namespace numloom::testing
