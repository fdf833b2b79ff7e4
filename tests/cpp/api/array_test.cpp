// The public C++ API as its users write it: values, views, aliasing, types, printing.
#include <gtest/gtest.h>
#include <numloom/numloom.h>

#include <cmath>
#include <sstream>

namespace numloom {
namespace {

template <class T>
std::vector<T> values(const array& a) {
  return a.to_vector<T>();
}

TEST(Array, IsMadeOfWhatCppHas) {
  const array a{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}};
  EXPECT_EQ(a.shape(), (extents{2, 3}));
  EXPECT_EQ(a.dtype(), float64);
  EXPECT_EQ(a.strides(), (extents{24, 8}));
  EXPECT_EQ(array({1, 2, 3}).dtype(), int32);
  EXPECT_EQ(array(std::vector<std::uint8_t>{1, 2}).dtype(), uint8);
  EXPECT_EQ(array(2.5f).ndim(), 0);
  EXPECT_EQ(array(2.5f).dtype(), float32);
  const std::vector<double> six{1, 2, 3, 4, 5, 6};
  EXPECT_TRUE(array_equal(array(std::span<const double>(six), {2, 3}), a));
  EXPECT_THROW(array(std::span<const double>(six), {4, 2}), value_error);
  EXPECT_THROW((array{{1, 2}, {3}}), value_error);
  EXPECT_EQ(full({2}, 1).dtype(), int64);
  EXPECT_EQ(full({2}, true).dtype(), bool_);
  EXPECT_EQ(full({2}, 1, float32).dtype(), float32);
}

TEST(Array, HandlesAlias) {
  array a = zeros({4});
  array b = a;
  a(1) = 5.0;
  EXPECT_EQ(b(1).item<double>(), 5);
  b += 1.0;
  EXPECT_EQ(a(0).item<double>(), 1);
  b = ones({2});  // the name moves on
  EXPECT_EQ(a.size(), 4);
  array view = a(slice(1, 3));
  view = zeros({2});  // so does this
  EXPECT_EQ(a(1).item<double>(), 6);
  a(slice(1, 3)).assign(zeros({2}));
  EXPECT_EQ(a(1).item<double>(), 0);
}

TEST(Array, SlicesAsPython) {
  const array a = arange(60).reshape({3, 4, 5});
  EXPECT_EQ(values<int64_t>(a(1, 2, slice(none, none, -2))), (std::vector<int64_t>{34, 32, 30}));
  EXPECT_EQ(values<int64_t>(a(ellipsis, -1)(-1)), (std::vector<int64_t>{44, 49, 54, 59}));
  EXPECT_EQ(a(slice(1, -1), newaxis, slice(0, 4, 2)).shape(), (extents{1, 1, 2, 5}));
  EXPECT_EQ(a(slice(5, 9)).size(), 0);
  EXPECT_EQ(a(2, 3, 4).item<int>(), 59);
  EXPECT_EQ(a(2, 3, 4).ndim(), 0);
  EXPECT_THROW(a(3), index_error);
  EXPECT_THROW(a(0, 0, 0, 0), index_error);
}

TEST(Array, SelectsAndSetsByArrays) {
  array a = arange(0.0, 10.0);
  EXPECT_EQ(values<double>(a.get({array{7, -1, 2}})), (std::vector<double>{7, 9, 2}));
  a.set({a > 6.5}, -1.0);
  EXPECT_EQ(values<double>(a.get({slice(5, none)})), (std::vector<double>{5, 6, -1, -1, -1}));
  a.set({array{0, 0, 1}}, array{1.0, 2.0, 3.0});  // the last wins
  EXPECT_EQ(a(0).item<double>(), 2);
  EXPECT_THROW(a.get({array{10}}), index_error);
  EXPECT_THROW(a.set({array{3, -11}}, 0.0), index_error);
  EXPECT_EQ(a(3).item<double>(), 3);  // nothing was written
}

TEST(Array, ScalarsAreWeak) {
  const array f = ones({3}, float32), i = ones({3}, int8), b = ones({3}, bool_);
  EXPECT_EQ((f * 2.0).dtype(), float32);
  EXPECT_EQ((2 * f).dtype(), float32);
  EXPECT_EQ((i + 1).dtype(), int8);
  EXPECT_EQ((i * 1.5).dtype(), float64);
  EXPECT_EQ((b + 1).dtype(), int64);
  EXPECT_EQ((f * array(2.0)).dtype(), float64);
  EXPECT_EQ((f + std::complex<double>(0, 1)).dtype(), complex64);
  EXPECT_EQ((i / 2).dtype(), float64);
  EXPECT_THROW(i + 300, overflow_error);
  EXPECT_THROW(operand(UINT64_MAX), overflow_error);
}

TEST(Array, OperatorsAreNumPys) {
  const array a{7, -7, 3}, b{2, 2, -2};
  EXPECT_EQ(values<int>(a % b), (std::vector<int>{1, 1, -1}));
  EXPECT_EQ(values<int>(floor_divide(a, b)), (std::vector<int>{3, -4, -2}));
  EXPECT_EQ(values<uint8_t>(a > b), (std::vector<uint8_t>{1, 0, 1}));
  EXPECT_EQ(values<uint8_t>(3 == a), (std::vector<uint8_t>{0, 0, 1}));
  EXPECT_EQ(values<int>(-a), (std::vector<int>{-7, 7, -3}));
  EXPECT_EQ(values<int>(~a), (std::vector<int>{-8, 6, -4}));
  EXPECT_EQ(values<uint8_t>(!(a > 0)), (std::vector<uint8_t>{0, 1, 0}));
  EXPECT_EQ(values<int>(a << 1), (std::vector<int>{14, -14, 6}));
  array c = a.copy();
  c ^= 1;
  c <<= 2;
  EXPECT_EQ(values<int>(c), (std::vector<int>{24, -32, 8}));
  EXPECT_TRUE(static_cast<bool>(array(1.0) == 1.0));
  EXPECT_THROW((void)static_cast<bool>(a > 0), value_error);
}

TEST(Array, ReductionsOverAxes) {
  const array a = arange(0.0, 24.0).reshape({2, 3, 4});
  EXPECT_EQ(sum(a).item<double>(), 276);
  EXPECT_EQ(values<double>(sum(a, {0, 2})), (std::vector<double>{60, 92, 124}));
  EXPECT_EQ(mean(a, -1).shape(), (extents{2, 3}));
  EXPECT_EQ(max(a, 1, true).shape(), (extents{2, 1, 4}));
  EXPECT_EQ(argmax(a).item<int>(), 23);
  EXPECT_EQ(values<int64_t>(argmin(-a, 1)), (std::vector<int64_t>(8, 2)));
  EXPECT_DOUBLE_EQ(var(array{1.0, 2.0, 4.0}, axes(), 1).item<double>(), 7.0 / 3);
  EXPECT_DOUBLE_EQ(stddev(array{1.0, 3.0}).item<double>(), 1);
  EXPECT_TRUE(std::isnan(mean(zeros({0})).item<double>()));
  EXPECT_TRUE(std::isnan(var(ones({1}), axes(), 1).item<double>()));
  EXPECT_EQ(sum(zeros({0})).item<double>(), 0);
  EXPECT_THROW(max(zeros({0})), value_error);
  EXPECT_THROW(sum(a, 3), axis_error);
  EXPECT_THROW(sum(a, {1, 1}), value_error);
  EXPECT_EQ(values<double>(cumsum(a(0, 0))), (std::vector<double>{0, 1, 3, 6}));
  EXPECT_EQ(count_nonzero(a).item<int>(), 23);
  EXPECT_EQ(values<int64_t>(nonzero(array{0, 3, 0, 4})[0]), (std::vector<int64_t>{1, 3}));
}

TEST(Array, ShapesAndJoins) {
  const array a = arange(6).reshape({2, 3});
  EXPECT_EQ(values<int64_t>(a.T()), (std::vector<int64_t>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(moveaxis(zeros({2, 3, 4}), 0, -1).shape(), (extents{3, 4, 2}));
  EXPECT_EQ(swapaxes(zeros({2, 3, 4}), 0, 2).shape(), (extents{4, 3, 2}));
  EXPECT_EQ(squeeze(zeros({1, 3, 1})).shape(), (extents{3}));
  EXPECT_EQ(squeeze(zeros({1, 3, 1}), 0).shape(), (extents{3, 1}));
  EXPECT_THROW(squeeze(a, 0), value_error);
  EXPECT_EQ(expand_dims(a, -1).shape(), (extents{2, 3, 1}));
  EXPECT_EQ(stack({a, a}, -1).shape(), (extents{2, 3, 2}));
  EXPECT_EQ(concatenate({a, a}, 1).shape(), (extents{2, 6}));
  EXPECT_EQ(values<int64_t>(flip(a, 1)), (std::vector<int64_t>{2, 1, 0, 5, 4, 3}));
  EXPECT_EQ(values<int64_t>(clip(a, 1, 4)), (std::vector<int64_t>{1, 1, 2, 3, 4, 4}));
  EXPECT_EQ(values<int64_t>(where(a > 2, a, -1)), (std::vector<int64_t>{-1, -1, -1, 3, 4, 5}));
  EXPECT_EQ(values<int64_t>(take(a, array{2, 0}, 1)), (std::vector<int64_t>{2, 0, 5, 3}));
  EXPECT_EQ(values<double>(matmul(a.astype(float64), ones({3}))), (std::vector<double>{3, 12}));
  EXPECT_EQ(trace(arange(9).reshape({3, 3})).item<int>(), 12);
  EXPECT_EQ(values<double>(eye(2, 3, 1)), (std::vector<double>{0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(values<double>(linspace(0, 1, 5)), (std::vector<double>{0, 0.25, 0.5, 0.75, 1}));
  EXPECT_EQ(values<int64_t>(arange(10, 0, -3)), (std::vector<int64_t>{10, 7, 4, 1}));
  EXPECT_EQ(arange(0, INT64_MAX, INT64_MAX / 2).size(), 3);
}

TEST(Array, UfuncOptions) {
  const array a{1.0, 4.0, -9.0};
  array out = full({3}, 7.0);
  const array mask = a > 0;
  sqrt(a, {.out = &out, .where = &mask});
  EXPECT_EQ(values<double>(out), (std::vector<double>{1, 2, 7}));
  EXPECT_EQ(add(array{1, 2}, 1, {.dtype = float32}).dtype(), float32);
  array whole{1, 2, 3};
  EXPECT_THROW(divide(whole, 2, {.out = &whole}), casting_error);
  array small = zeros({2});
  EXPECT_THROW(sqrt(a, {.out = &small}), value_error);
}

TEST(Array, DataSharesWhileTheSpanLives) {
  array a = arange(0.0, 10000.0) * 2.0;
  {
    const auto span = a.data<double>();
    EXPECT_EQ(span.size(), 10000u);
    EXPECT_EQ(span[3], 6);
    span[3] = -1;
    EXPECT_EQ((a * 2.0)(3).item<double>(), -2);
    a(4) = 5.5;
    EXPECT_EQ(span[4], 5.5);  // written when the call returned
    a += 1.0;
    EXPECT_EQ(span[0], 1.0);
  }
  EXPECT_THROW(a.data<float>(), type_error);
  EXPECT_THROW(a(slice(none, none, 2)).data<double>(), value_error);
  EXPECT_THROW(broadcast_to(array(1.0), {1}).data<double>(), value_error);
  const auto outlives = [] { return full({5000}, 3.0).data<const double>(); }();
  EXPECT_EQ(outlives[4999], 3);
}

TEST(Array, SeesMemoryOfTheCaller) {
  std::vector<double> mine(5000, 1.0);
  array a = from_memory(mine.data(), {50, 100});
  const array b = a + 1.0;
  mine[7] = 100;  // b was computed, or took a copy, before the call returned
  a *= 3.0;
  EXPECT_EQ(mine[7], 300);
  EXPECT_EQ(b(0, 7).item<double>(), 2);
}

TEST(Array, Prints) {
  EXPECT_EQ(to_string(array{1, 20, 3}), "[ 1 20  3]");
  EXPECT_EQ(to_string(array{{1.0, 2.5}, {3.0, 4.0}}), "[[ 1. 2.5]\n [ 3.  4.]]");
  EXPECT_EQ(to_string(array(2.5f)), "2.5");
  EXPECT_EQ(to_string(array(0.1f)), "0.1");
  EXPECT_EQ(to_string(array{true, false}), "[ True False]");
  EXPECT_EQ(to_string(arange(2000)), "[   0    1    2 ... 1997 1998 1999]");
  EXPECT_EQ(to_string(zeros({0})), "[]");
  std::ostringstream s;
  s << array{1.0 / 3};
  EXPECT_EQ(s.str(), "[0.33333333]");
}

TEST(Errors, AreNumPysAndLeaveThingsUsable) {
  array a = ones({10000});
  a += 1.0;
  try {
    a + ones({3});
    FAIL();
  } catch (const numloom::error& e) {
    EXPECT_STREQ(e.what(), "operands could not be broadcast together with shapes (10000,) (3,) ");
    EXPECT_NE(e.note().find("array_test.cpp:"), std::string::npos) << e.note();
  }
  EXPECT_THROW(matmul(ones({2, 3}), ones({2, 3})), value_error);
  EXPECT_THROW(a.reshape({3, -1}), value_error);
  EXPECT_THROW(a & a, type_error);
  EXPECT_THROW(a(slice(none, none, 0)), value_error);
  EXPECT_THROW(array().shape(), value_error);
  EXPECT_THROW(broadcast_to(a, {10000}) += 1.0, value_error);
  EXPECT_THROW(power(array{2}, -1), value_error);
  EXPECT_THROW(zeros({-1}), value_error);
  EXPECT_THROW(empty({int64_t{1} << 40, 1000}), memory_error);
  EXPECT_THROW(a.item<double>(), value_error);
  EXPECT_EQ(sum(a).item<double>(), 20000);
}

TEST(Device, CpuIsAlwaysThere) {
  const Device before = device();
  set_device(Device::cpu);
  EXPECT_EQ(device(), Device::cpu);
  set_device(before);
}

}  // namespace
}  // namespace numloom
