// warn_check: NumPy's floating-point warnings told from operands and results, where hardware flags would lie (they also rise in
// lanes that were never asked for, and in our own ways to compute a function).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "backend/cpu/loops.h"
#include "scalar/cast.h"

namespace numloom {
namespace {

struct Value {
  double re = 0, im = 0;
  bool nan() const { return std::isnan(re) || std::isnan(im); }
  bool inf() const { return std::isinf(re) || std::isinf(im); }
  bool finite() const { return std::isfinite(re) && std::isfinite(im); }
  bool zero() const { return re == 0 && im == 0; }
};

template <class T> T read(const void* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// Integers lose digits here, but neither their sign nor whether they are 0 or -1.
Value load(DType t, const void* p) {
  switch (t) {
    case DType::b1: return {static_cast<double>(read<uint8_t>(p))};
    case DType::i1: return {static_cast<double>(read<int8_t>(p))};
    case DType::i2: return {static_cast<double>(read<int16_t>(p))};
    case DType::i4: return {static_cast<double>(read<int32_t>(p))};
    case DType::i8: return {static_cast<double>(read<int64_t>(p))};
    case DType::u1: return {static_cast<double>(read<uint8_t>(p))};
    case DType::u2: return {static_cast<double>(read<uint16_t>(p))};
    case DType::u4: return {static_cast<double>(read<uint32_t>(p))};
    case DType::u8: return {static_cast<double>(read<uint64_t>(p))};
    case DType::f2: return {static_cast<double>(nl::widen(read<nl::f2>(p)))};
    case DType::f4: return {static_cast<double>(read<float>(p))};
    case DType::f8: return {read<double>(p)};
    case DType::c8: {
      const auto v = read<nl::c8>(p);
      return {v.re, v.im};
    }
    case DType::c16: {
      const auto v = read<nl::c16>(p);
      return {v.re, v.im};
    }
  }
  return {};
}

double lowest_integer(DType t) { return kind_of(t) == DKind::sint ? -std::ldexp(1.0, 8 * item_size(t) - 1) : 0.0; }

// Whether finite operands meet a pole of op, so that an infinite result is exact.
bool at_pole(Op op, const Value& a, const Value& b) {
  switch (op) {
    case Op::divide:
    case Op::floor_divide: return b.zero();
    case Op::reciprocal: return a.zero();
    case Op::log:
    case Op::log2:
    case Op::log10:
    case Op::log1p:
    case Op::arctanh: return true;  // they overflow nowhere
    case Op::power:
    case Op::float_power: return a.zero();
    default: return false;
  }
}

uint8_t check_integer(Op op, DType t, const Value& a, const Value& b) {
  switch (op) {
    case Op::floor_divide:
      if (b.zero()) return kWarnDivide;
      return kind_of(t) == DKind::sint && b.re == -1 && a.re == lowest_integer(t) ? kWarnOver : 0;
    case Op::remainder:
    case Op::fmod: return b.zero() ? kWarnDivide : 0;
    case Op::reciprocal: return a.zero() ? kWarnDivide | kWarnInvalid : 0;  // NumPy divides in double and casts
    default: return 0;
  }
}

// Whether one of n divisors calls for a look at each: 0, or -1, which overflows the lowest integer.
template <class T>
bool rare_divisor(const void* divisors, int64_t n) {
  const T* d = static_cast<const T*>(divisors);
  bool rare = false;
  for (int64_t i = 0; i < n; ++i) rare |= d[i] == 0 || (std::is_signed_v<T> && d[i] == static_cast<T>(-1));
  return rare;
}
bool rare_divisors(DType t, const void* divisors, int64_t n) {
  switch (t) {
    case DType::i1: return rare_divisor<int8_t>(divisors, n);
    case DType::i2: return rare_divisor<int16_t>(divisors, n);
    case DType::i4: return rare_divisor<int32_t>(divisors, n);
    case DType::i8: return rare_divisor<int64_t>(divisors, n);
    case DType::u1: return rare_divisor<uint8_t>(divisors, n);
    case DType::u2: return rare_divisor<uint16_t>(divisors, n);
    case DType::u4: return rare_divisor<uint32_t>(divisors, n);
    case DType::u8: return rare_divisor<uint64_t>(divisors, n);
    default: return true;
  }
}

uint8_t check_float(Op op, const Value* in, int nin, const Value& out) {
  bool nan = false, finite = true;
  for (int k = 0; k < nin; ++k) {
    nan |= in[k].nan();
    finite &= in[k].finite();
  }
  // NumPy's loops of these compare a NaN, and the flag of that is a warning.
  if (nan) return op == Op::logaddexp || op == Op::logaddexp2 ? kWarnInvalid : 0;
  uint8_t mask = out.nan() ? kWarnInvalid : 0;
  const bool pole = at_pole(op, in[0], in[1]);
  if (finite && out.inf()) mask |= pole ? kWarnDivide : kWarnOver;
  return mask;
}

}  // namespace

uint8_t warnings_of(Op op, DType compute) {
  const bool divides = op == Op::floor_divide || op == Op::remainder || op == Op::fmod || op == Op::reciprocal;
  return is_inexact(compute) || divides ? op_info(op).warns & static_cast<uint8_t>(~kWarnUnder) : 0;
}

bool warn_in_results(Op op, DType compute) {
  const OpInfo& info = op_info(op);
  return compute == DType::f2 || (info.ulp_f8 != 0 && !(info.ranged >> static_cast<int>(compute) & 1));
}

bool warn_possible(Op op, DType compute, const void* dst, int64_t n, bool flagged) {
  if (flagged) return true;
  if (!warn_in_results(op, compute)) return false;
  const DType t = op_output_type(op, compute);
  const AskFn special = loops().special[static_cast<int>(real_of(t))];
  return special && special(dst, is_complex(t) ? 2 * n : n);
}

uint8_t warn_check(Op op, DType compute, const void* dst, const void* const in[3], const int64_t step[3], int64_t n) {
  const OpInfo& info = op_info(op);
  const uint8_t possible = warnings_of(op, compute);
  if (possible == 0 || (op == Op::spacing && compute != DType::f2)) return 0;  // NumPy's float16 alone warns there
  if (!is_inexact(compute) && info.nin == 2 && !rare_divisors(compute, in[1], step[1] ? n : std::min<int64_t>(n, 1))) return 0;
  const DType out_type = op_output_type(op, compute);
  const auto* out = static_cast<const char*>(dst);
  const char* at[3] = {};
  DType types[3] = {};
  for (int k = 0; k < info.nin; ++k) {
    at[k] = static_cast<const char*>(in[k]);
    types[k] = op_input_type(op, compute, k);
  }
  uint8_t mask = 0;
  for (int64_t i = 0; i < n; ++i) {
    Value v[3];
    for (int k = 0; k < info.nin; ++k) v[k] = load(types[k], at[k] + i * step[k]);
    mask |= is_inexact(compute) ? check_float(op, v, info.nin, load(out_type, out + i * item_size(out_type)))
                                : check_integer(op, compute, v[0], v[1]);
  }
  return mask & possible;
}

bool cast_may_warn(DType from, DType to) {
  if (to == DType::b1 || from == DType::b1) return false;
  if (is_inexact(from) && is_integer(to)) return true;
  if (is_integer(from)) return to == DType::f2 && item_size(from) > 1;
  return is_inexact(from) && item_size(real_of(to)) < item_size(real_of(from));
}

// Conversions to float16 are not the hardware's; those of float32 and float64 to integers raise one on purpose (loops.h).
bool cast_raises_flags(DType from, DType to) {
  if (is_integer(to)) return from == DType::f4 || from == DType::f8;
  return is_inexact(from) && is_inexact(to) && to != DType::f2;
}

uint8_t warn_check_cast(DType from, DType to, const void* dst, const void* in, int64_t n) {
  const auto* out = static_cast<const char*>(dst);
  const auto* p = static_cast<const char*>(in);
  uint8_t mask = 0;
  if (is_inexact(to)) {
    for (int64_t i = 0; i < n; ++i)
      if (load(from, p + i * item_size(from)).finite() && load(to, out + i * item_size(to)).inf()) mask |= kWarnOver;
  } else if (is_inexact(from) && to != DType::b1) {
    // The width of the conversion: narrow types go through 32 bits and drop the rest silently.
    const bool narrow = item_size(to) <= 2 || to == DType::i4;
    const double low = narrow ? -2147483649.0 : -9223372036854777856.0;
    const double high = narrow ? 2147483648.0 : to == DType::u8 ? 18446744073709551616.0 : 9223372036854775808.0;
    const auto outside = [&](auto tag, int64_t stride) {
      using T = decltype(tag);
      bool any = false;
      for (int64_t i = 0; i < n; ++i) {
        const double v = read<T>(p + i * stride);
        any |= !(v > low && v < high);
      }
      return any;
    };
    bool any = false;
    switch (from) {
      case DType::f8:
      case DType::c16: any = outside(double{}, item_size(from)); break;
      case DType::f4:
      case DType::c8: any = outside(float{}, item_size(from)); break;
      default:
        for (int64_t i = 0; i < n && !any; ++i) {
          const double v = load(from, p + i * item_size(from)).re;
          any = !(v > low && v < high);
        }
    }
    if (any) mask |= kWarnInvalid;
  }
  return mask;
}

}  // namespace numloom
