#include "array/dtype.h"

#include <cmath>
#include <cstring>

namespace numloom {
namespace {

constexpr std::string_view kNames[kDTypes] = {"bool",   "int8",   "int16",   "int32",   "int64",   "uint8",     "uint16",
                                              "uint32", "uint64", "float16", "float32", "float64", "complex64", "complex128"};
constexpr std::string_view kCodes[kDTypes] = {"b1", "i1", "i2", "i4", "i8", "u1", "u2",
                                              "u4", "u8", "f2", "f4", "f8", "c8", "c16"};

// The float type that holds all of an integer type, as NumPy sees it.
DType float_for(DType t) {
  switch (item_size(t)) {
    case 1: return DType::f2;
    case 2: return DType::f4;
    default: return DType::f8;
  }
}

uint16_t half_bits(double v) {
  uint64_t b;
  std::memcpy(&b, &v, 8);
  const uint16_t sign = static_cast<uint16_t>((b >> 48) & 0x8000);
  const double a = std::fabs(v);
  if (v != v) return sign | 0x7e00;
  if (a >= 65520.0) return sign | 0x7c00;
  // Scaling by a power of two and rounding to nearest even does normals and subnormals alike.
  int e = 0;
  std::frexp(a, &e);
  const int shift = e - 1 < -14 ? 24 : 11 - e;
  const double scaled = std::nearbyint(std::ldexp(a, shift));
  if (scaled == 0) return sign;
  const auto m = static_cast<uint32_t>(scaled);
  if (shift == 24) return sign | static_cast<uint16_t>(m);  // the carry into the exponent is the right one
  return sign | static_cast<uint16_t>(((e - 1 + 15) << 10) + (m - 1024));
}

double half_value(uint16_t h) {
  const int e = (h >> 10) & 31, m = h & 1023;
  const double a = e == 31 ? (m ? std::nan("") : HUGE_VAL) : e ? std::ldexp(1024.0 + m, e - 25) : std::ldexp(double(m), -24);
  return h & 0x8000 ? -a : a;
}

// NumPy's scalar conversions on this architecture: out-of-range values wrap through int64.
int64_t to_int(double v) {
  if (v >= -9223372036854775808.0 && v < 9223372036854775808.0) return static_cast<int64_t>(v);
  return INT64_MIN;
}
uint64_t to_uint(double v) {
  if (v >= 9223372036854775808.0 && v < 18446744073709551616.0)
    return static_cast<uint64_t>(v - 9223372036854775808.0) + (1ull << 63);
  return static_cast<uint64_t>(to_int(v));
}

}  // namespace

std::string_view dtype_name(DType t) { return kNames[static_cast<int>(t)]; }
std::string_view dtype_code(DType t) { return kCodes[static_cast<int>(t)]; }

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (a > b) std::swap(a, b);
  const DKind ka = kind_of(a), kb = kind_of(b);
  if (ka == DKind::boolean) return b;
  if (ka == kb) return b;  // sizes ascend within a kind
  if (ka == DKind::sint && kb == DKind::uint) {
    if (item_size(a) > item_size(b)) return a;
    switch (item_size(b)) {
      case 1: return DType::i2;
      case 2: return DType::i4;
      case 4: return DType::i8;
      default: return DType::f8;
    }
  }
  if (kb == DKind::floating) {
    const DType f = float_for(a);
    return f > b ? f : b;
  }
  // complex
  const DType f = is_integer(a) ? float_for(a) : a;
  return f == DType::f8 || b == DType::c16 ? DType::c16 : DType::c8;
}

bool can_cast(DType from, DType to, Casting rule) {
  if (from == to || rule == Casting::unsafe) return true;
  if (rule == Casting::no) return false;
  if (promote(from, to) == to) return true;  // safe
  if (rule == Casting::safe) return false;
  const DKind kf = kind_of(from), kt = kind_of(to);
  return kf == kt || (kf == DKind::uint && kt == DKind::sint) || (kf < kt && !(kf == DKind::sint && kt == DKind::uint));
}

Scalar cast_scalar(const Scalar& v, DType to) {
  double re = 0, im = 0;
  int64_t i = 0;
  bool wide_unsigned = false;
  enum { integer, real } form;
  switch (kind_of(v.dtype)) {
    case DKind::boolean:
      i = v.raw[0] != 0;
      form = integer;
      break;
    case DKind::sint:
      form = integer;
      switch (item_size(v.dtype)) {
        case 1: {
          int8_t x;
          std::memcpy(&x, v.raw, 1);
          i = x;
          break;
        }
        case 2: {
          int16_t x;
          std::memcpy(&x, v.raw, 2);
          i = x;
          break;
        }
        case 4: {
          int32_t x;
          std::memcpy(&x, v.raw, 4);
          i = x;
          break;
        }
        default: i = v.i;
      }
      break;
    case DKind::uint: {
      form = integer;
      uint64_t u = 0;
      std::memcpy(&u, v.raw, item_size(v.dtype));
      i = static_cast<int64_t>(u);
      wide_unsigned = i < 0;
      break;
    }
    default:
      form = real;
      if (v.dtype == DType::f2) {
        uint16_t h;
        std::memcpy(&h, v.raw, 2);
        re = half_value(h);
      } else if (real_of(v.dtype) == DType::f4) {
        float f[2] = {0, 0};
        std::memcpy(f, v.raw, item_size(v.dtype));
        re = f[0];
        im = f[1];
      } else {
        re = v.c[0];
        im = v.dtype == DType::c16 ? v.c[1] : 0;
      }
  }
  Scalar r;
  r.dtype = to;
  const DKind kt = kind_of(to);
  if (kt == DKind::boolean) {
    r.raw[0] = form == integer ? i != 0 : (re != 0 || im != 0);
  } else if (kt == DKind::sint) {
    const int64_t x = form == integer ? i : to_int(re);
    const int64_t y = form == integer || item_size(to) == 8
                          ? x
                          : (item_size(to) == 4 ? (re >= -2147483649.0 && re < 2147483648.0 ? x : INT32_MIN) : x);
    std::memcpy(r.raw, &y, item_size(to));
  } else if (kt == DKind::uint) {
    const uint64_t x = form == integer ? static_cast<uint64_t>(i) : to_uint(re);
    std::memcpy(r.raw, &x, item_size(to));
  } else {
    if (form == integer) re = wide_unsigned ? static_cast<double>(static_cast<uint64_t>(i)) : static_cast<double>(i);
    if (to == DType::f2) {
      const uint16_t h = half_bits(re);
      std::memcpy(r.raw, &h, 2);
    } else if (real_of(to) == DType::f4) {
      const float f[2] = {form == integer
                              ? (wide_unsigned ? static_cast<float>(static_cast<uint64_t>(i)) : static_cast<float>(i))
                              : static_cast<float>(re),
                          static_cast<float>(im)};
      std::memcpy(r.raw, f, item_size(to));
    } else {
      r.c[0] = re;
      r.c[1] = im;
    }
  }
  return r;
}

}  // namespace numloom
