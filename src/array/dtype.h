// Element types. Invariant: the order is bool, signed, unsigned, float, complex by size, and every table
// indexed by DType follows it. Byte order is the machine's.
#pragma once
#include <cstdint>
#include <string_view>

namespace numloom {

enum class DType : uint8_t { b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4, f8, c8, c16 };
inline constexpr int kDTypes = 14;
inline constexpr DType kNoDType = static_cast<DType>(255);

enum class DKind : uint8_t { boolean, sint, uint, floating, complex };

inline constexpr uint8_t kItemSize[kDTypes] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 8, 16};

constexpr int item_size(DType t) { return kItemSize[static_cast<int>(t)]; }
constexpr DKind kind_of(DType t) {
  const int i = static_cast<int>(t);
  return i == 0 ? DKind::boolean : i <= 4 ? DKind::sint : i <= 8 ? DKind::uint : i <= 11 ? DKind::floating : DKind::complex;
}
constexpr bool is_integer(DType t) { return kind_of(t) == DKind::sint || kind_of(t) == DKind::uint; }
constexpr bool is_float(DType t) { return kind_of(t) == DKind::floating; }
constexpr bool is_complex(DType t) { return kind_of(t) == DKind::complex; }
constexpr bool is_inexact(DType t) { return is_float(t) || is_complex(t); }

// NumPy's name ("float64") and the short name of the op table ("f8").
std::string_view dtype_name(DType t);
std::string_view dtype_code(DType t);

// The real type of a complex one; itself otherwise.
constexpr DType real_of(DType t) { return t == DType::c8 ? DType::f4 : t == DType::c16 ? DType::f8 : t; }

// numpy.promote_types.
DType promote(DType a, DType b);

// numpy.can_cast for the rules 'no'/'equiv', 'safe', 'same_kind', 'unsafe'.
enum class Casting : uint8_t { no, safe, same_kind, unsafe };
bool can_cast(DType from, DType to, Casting rule);

// A value of any element type, and of a Python scalar before it has a type.
struct Scalar {
  DType dtype = DType::f8;
  // How NEP 50 promotes it: a typed value (a 0-d array, a NumPy scalar) or a weak Python bool, int, float, complex.
  enum class Weak : uint8_t { no, integer, floating, complex } weak = Weak::no;
  union {
    int64_t i;
    uint64_t u;
    double f;
    double c[2];
    uint8_t raw[16];
  };
  constexpr Scalar() : c{0, 0} {}
};

// The same value as `to` with C's conversions made total (NumPy's scalar loop); the bytes of `raw` are then an element.
Scalar cast_scalar(const Scalar& v, DType to);

}  // namespace numloom
