// Element types, and which C++ types they are.
// Thread safety: constants and pure functions.
// Invariant: the order is that of the engine's own enumeration (bool, signed, unsigned, float, complex by size).
#pragma once
#include <complex>
#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace numloom {

enum class dtype : std::uint8_t {
  bool_,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float16,
  float32,
  float64,
  complex64,
  complex128,
};

inline constexpr dtype bool_ = dtype::bool_;
inline constexpr dtype int8 = dtype::int8, int16 = dtype::int16, int32 = dtype::int32, int64 = dtype::int64;
inline constexpr dtype uint8 = dtype::uint8, uint16 = dtype::uint16, uint32 = dtype::uint32, uint64 = dtype::uint64;
inline constexpr dtype float16 = dtype::float16, float32 = dtype::float32, float64 = dtype::float64;
inline constexpr dtype complex64 = dtype::complex64, complex128 = dtype::complex128;

// NumPy's name, "float64".
std::string_view name(dtype t);
// Bytes of one element.
int itemsize(dtype t);
// numpy.promote_types, numpy.can_cast with casting 'safe'.
dtype promote_types(dtype a, dtype b);
bool can_cast(dtype from, dtype to);

// The C++ types that elements are read and written as. float16 has none: astype(float32) first.
template <class T>
concept element =
    std::same_as<T, bool> || (std::integral<T> && sizeof(T) <= 8 && !std::same_as<T, char> && !std::same_as<T, wchar_t>) ||
    std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::complex<float>> ||
    std::same_as<T, std::complex<double>>;

template <element T>
constexpr dtype dtype_of() {
  if constexpr (std::same_as<T, bool>) {
    return dtype::bool_;
  } else if constexpr (std::integral<T>) {
    constexpr int size = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return static_cast<dtype>((std::signed_integral<T> ? 1 : 5) + size);
  } else if constexpr (std::same_as<T, float>) {
    return dtype::float32;
  } else if constexpr (std::same_as<T, double>) {
    return dtype::float64;
  } else {
    return std::same_as<T, std::complex<float>> ? dtype::complex64 : dtype::complex128;
  }
}

}  // namespace numloom
