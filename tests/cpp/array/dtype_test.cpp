// Promotion and casting against NumPy's own tables (printed by numpy.promote_types and numpy.can_cast).
#include "array/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace numloom {
namespace {

// Row a, column b, both in the order of DType: the index of promote_types(a, b), in hexadecimal.
constexpr const char* kPromote[kDTypes] = {
    "0123456789abcd",  // bool
    "11234234b9abcd",  // int8
    "22234234baabcd",  // int16
    "33334334bbbbdd",  // int32
    "44444444bbbbdd",  // int64
    "5223456789abcd",  // uint8
    "633346678aabcd",  // uint16
    "744447778bbbdd",  // uint32
    "8bbbb8888bbbdd",  // uint64
    "99abb9abb9abcd",  // float16
    "aaabbaabbaabcd",  // float32
    "bbbbbbbbbbbbdd",  // float64
    "cccddccddccdcd",  // complex64
    "dddddddddddddd",  // complex128
};
// Whether a casts to b: s safely, k within its kind, u only unsafely.
constexpr const char* kCast[kDTypes] = {
    "ssssssssssssss",  // bool
    "ussssuuuusssss",  // int8
    "uksssuuuukssss",  // int16
    "ukkssuuuukksks",  // int32
    "ukkksuuuukksks",  // int64
    "ukssssssssssss",  // uint8
    "ukksskssskssss",  // uint16
    "ukkkskksskksks",  // uint32
    "ukkkkkkkskksks",  // uint64
    "uuuuuuuuusssss",  // float16
    "uuuuuuuuukssss",  // float32
    "uuuuuuuuukksks",  // float64
    "uuuuuuuuuuuuss",  // complex64
    "uuuuuuuuuuuuks",  // complex128
};

TEST(DType, PromotesAsNumPy) {
  for (int a = 0; a < kDTypes; ++a)
    for (int b = 0; b < kDTypes; ++b) {
      const char c = kPromote[a][b];
      const int want = c <= '9' ? c - '0' : c - 'a' + 10;
      EXPECT_EQ(static_cast<int>(promote(static_cast<DType>(a), static_cast<DType>(b))), want)
          << dtype_name(static_cast<DType>(a)) << " " << dtype_name(static_cast<DType>(b));
    }
}

TEST(DType, CastsAsNumPy) {
  for (int a = 0; a < kDTypes; ++a)
    for (int b = 0; b < kDTypes; ++b) {
      const auto from = static_cast<DType>(a), to = static_cast<DType>(b);
      const char c = kCast[a][b];
      EXPECT_EQ(can_cast(from, to, Casting::safe), c == 's') << dtype_name(from) << " " << dtype_name(to);
      EXPECT_EQ(can_cast(from, to, Casting::same_kind), c != 'u') << dtype_name(from) << " " << dtype_name(to);
      EXPECT_TRUE(can_cast(from, to, Casting::unsafe));
      EXPECT_EQ(can_cast(from, to, Casting::no), a == b);
    }
}

Scalar of(double v) {
  Scalar s;
  s.dtype = DType::f8;
  s.f = v;
  return s;
}
Scalar of(int64_t v) {
  Scalar s;
  s.dtype = DType::i8;
  s.i = v;
  return s;
}

TEST(DType, ScalarsCastAsNumPysScalarLoop) {
  EXPECT_EQ(static_cast<int8_t>(cast_scalar(of(int64_t{300}), DType::i1).raw[0]), 44);
  EXPECT_EQ(cast_scalar(of(int64_t{-1}), DType::u8).u, UINT64_MAX);
  EXPECT_EQ(cast_scalar(of(2.9), DType::i8).i, 2);
  EXPECT_EQ(cast_scalar(of(-2.9), DType::i8).i, -2);
  EXPECT_EQ(cast_scalar(of(0.5), DType::b1).raw[0], 1);
  EXPECT_EQ(cast_scalar(of(std::nan("")), DType::b1).raw[0], 1);
  EXPECT_EQ(cast_scalar(of(1.5), DType::c16).c[0], 1.5);
  EXPECT_EQ(cast_scalar(of(1.5), DType::c16).c[1], 0.0);
  EXPECT_EQ(cast_scalar(cast_scalar(of(1.0 / 3), DType::f4), DType::f8).f, static_cast<double>(1.0f / 3.0f));
  EXPECT_EQ(cast_scalar(cast_scalar(of(1e6), DType::f2), DType::f8).f, INFINITY);
  EXPECT_EQ(cast_scalar(cast_scalar(of(2049.0), DType::f2), DType::f8).f, 2048.0);  // to even
}

}  // namespace
}  // namespace numloom
