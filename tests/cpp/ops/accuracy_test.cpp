// Every function with an error bound in the table, against the C library's 80-bit functions.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "backend/cpu/loops.h"
#include "samples.h"

namespace numloom {
namespace {

using Real = long double;

template <class T> double error_in_ulps(T got, Real want, Real scale) {
  const T nearest = static_cast<T>(want);
  if (std::isnan(want)) return std::isnan(got) ? 0 : 1e9;
  if (std::isinf(nearest) || std::isinf(got)) {
    // Next to the infinity of either sign is the largest number of that sign.
    const T finite = std::isinf(got) ? nearest : got, infinite = std::isinf(got) ? got : nearest;
    return got == nearest ? 0 : finite == std::copysign(std::numeric_limits<T>::max(), infinite) ? 1 : 1e9;
  }
  const T at = std::abs(static_cast<T>(scale));
  const T unit = std::nextafter(at, std::numeric_limits<T>::infinity()) - at;
  return static_cast<double>(std::abs(static_cast<Real>(got) - want) / unit);
}

struct Function {
  Op op;
  Real (*exact)(Real);
  double low, high;
};

const Function kFunctions[] = {
    {Op::exp, std::exp, -745, 710},     {Op::exp, std::exp, -1, 1},           {Op::exp2, std::exp2, -1075, 1025},
    {Op::expm1, std::expm1, -50, 710},  {Op::expm1, std::expm1, -1, 1},       {Op::log, std::log, 0, 3},
    {Op::log, std::log, 0, 1e300},      {Op::log2, std::log2, 0, 3},          {Op::log10, std::log10, 0, 3},
    {Op::log1p, std::log1p, -1, 3},     {Op::log1p, std::log1p, -1e-3, 1e-3}, {Op::sin, std::sin, -10, 10},
    {Op::sin, std::sin, -1e6, 1e6},     {Op::sin, std::sin, -1e18, 1e18},     {Op::cos, std::cos, -10, 10},
    {Op::cos, std::cos, -1e18, 1e18},   {Op::tan, std::tan, -10, 10},         {Op::tan, std::tan, -1e18, 1e18},
    {Op::arcsin, std::asin, -1, 1},     {Op::arccos, std::acos, -1, 1},       {Op::arctan, std::atan, -10, 10},
    {Op::arctan, std::atan, -1e9, 1e9}, {Op::sinh, std::sinh, -710, 710},     {Op::sinh, std::sinh, -2, 2},
    {Op::cosh, std::cosh, -710, 710},   {Op::cosh, std::cosh, -2, 2},         {Op::tanh, std::tanh, -25, 25},
    {Op::tanh, std::tanh, -1, 1},       {Op::arcsinh, std::asinh, -10, 10},   {Op::arcsinh, std::asinh, -1e200, 1e200},
    {Op::arccosh, std::acosh, 1, 10},   {Op::arccosh, std::acosh, 1, 1.01},   {Op::arctanh, std::atanh, -1, 1},
    {Op::cbrt, std::cbrt, -10, 10},     {Op::sqrt, std::sqrt, 0, 10},
};

constexpr int kPoints = 20000;

template <class T> void check_unary(DType type) {
  std::mt19937_64 random(11);
  for (const Function& f : kFunctions) {
    const double cap = static_cast<double>(std::numeric_limits<T>::max()) / 2;
    std::uniform_real_distribution<double> uniform(std::max(f.low, -cap), std::min(f.high, cap));
    std::vector<T> x(kPoints), y(kPoints);
    for (T& v : x) v = static_cast<T>(uniform(random));
    loops().op[static_cast<int>(f.op)][static_cast<int>(type)](y.data(), x.data(), nullptr, nullptr, kPoints);
    double worst = 0;
    T where = 0;
    for (int i = 0; i < kPoints; ++i) {
      const Real want = f.exact(static_cast<Real>(x[static_cast<size_t>(i)]));
      const double e = error_in_ulps(y[static_cast<size_t>(i)], want, want);
      if (e > worst) worst = e, where = x[static_cast<size_t>(i)];
    }
    const OpInfo& info = op_info(f.op);
    const double bound = type == DType::f4 ? info.ulp_f4 : info.ulp_f8;
    EXPECT_LE(worst, std::max(bound, 0.501)) << info.name << " at " << where << (type == DType::f4 ? " float32" : " float64");
  }
}

TEST(Accuracy, UnaryFloat32) { check_unary<float>(DType::f4); }
TEST(Accuracy, UnaryFloat64) { check_unary<double>(DType::f8); }

template <class T> void check_binary(DType type) {
  struct Binary {
    Op op;
    Real (*exact)(Real, Real);
    double a_low, a_high, b_low, b_high;
    bool of_operand;  // the unit is the larger operand's
  };
  const auto logaddexp = [](Real a, Real b) -> Real { return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b))); };
  const auto logaddexp2 = [](Real a, Real b) -> Real {
    return std::max(a, b) + std::log1p(std::exp2(-std::abs(a - b))) / std::log(static_cast<Real>(2));
  };
  const Binary functions[] = {
      {Op::power, std::pow, 0, 100, -1, 1, false},
      {Op::power, std::pow, 0.5, 2, -900, 900, false},
      {Op::power, std::pow, 0, 1e-300, -1, 1, false},
      {Op::arctan2, std::atan2, -3, 3, -3, 3, false},
      {Op::arctan2, std::atan2, -1e300, 1e300, -1, 1, false},
      {Op::hypot, std::hypot, -3, 3, -3, 3, false},
      {Op::hypot, std::hypot, -1e308, 1e308, -1e308, 1e308, false},
      {Op::logaddexp, logaddexp, -30, 30, -30, 30, true},
      {Op::logaddexp2, logaddexp2, -30, 30, -30, 30, true},
  };
  std::mt19937_64 random(13);
  for (const Binary& f : functions) {
    const double cap = static_cast<double>(std::numeric_limits<T>::max()) / 2;
    const auto limited = [&](double v) { return std::max(-cap, std::min(cap, v)); };
    std::uniform_real_distribution<double> of_a(limited(f.a_low), limited(f.a_high)), of_b(limited(f.b_low), limited(f.b_high));
    std::vector<T> a(kPoints), b(kPoints), y(kPoints);
    for (T& v : a) v = static_cast<T>(of_a(random));
    for (T& v : b) v = static_cast<T>(of_b(random));
    loops().op[static_cast<int>(f.op)][static_cast<int>(type)](y.data(), a.data(), b.data(), nullptr, kPoints);
    double worst = 0;
    for (size_t i = 0; i < kPoints; ++i) {
      const Real want = f.exact(a[i], b[i]);
      const Real scale = f.of_operand
                             ? std::max({std::abs(static_cast<Real>(a[i])), std::abs(static_cast<Real>(b[i])), std::abs(want)})
                             : want;
      worst = std::max(worst, error_in_ulps(y[i], want, scale));
    }
    const OpInfo& info = op_info(f.op);
    EXPECT_LE(worst, type == DType::f4 ? info.ulp_f4 : info.ulp_f8)
        << info.name << (type == DType::f4 ? " float32" : " float64");
  }
}

TEST(Accuracy, BinaryFloat32) { check_binary<float>(DType::f4); }
TEST(Accuracy, BinaryFloat64) { check_binary<double>(DType::f8); }

}  // namespace
}  // namespace numloom
