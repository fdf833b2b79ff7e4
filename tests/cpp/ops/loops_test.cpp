// The CPU loops: the same bits on every level, length and operand form; reductions in their order; values where integers and
// casts are on the edge.
#include "backend/cpu/loops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>

#include "loops_fill.h"
#include "samples.h"

namespace numloom {
namespace {

using testing::Bytes;
using testing::same_bits;
using testing::Sampler;

constexpr int64_t kN = 1037;  // more than one range chunk, and a tail

bool has_v4() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
}

const LoopTable& table(const char* level) {
  static const auto make = [](void (*fill)(LoopTable&)) {
    auto t = std::make_unique<LoopTable>();
    fill(*t);
    return t;
  };
  static const auto v3 = make(fill_loops_v3);
  static const auto v4 = make(fill_loops_v4);
  return level == std::string_view("v3") ? *v3 : *v4;
}

template <class F> void for_each_loop(F f) {
  for (int o = 1; o < kOps; ++o)
    for (int d = 0; d < kDTypes; ++d)
      if (op_supports(static_cast<Op>(o), static_cast<DType>(d))) f(static_cast<Op>(o), static_cast<DType>(d));
}

struct Case {
  Bytes in[3], out;
  DType result;
};

Case make_case(Op op, DType compute, int64_t n = kN) {
  Sampler sampler(static_cast<uint64_t>(op) * 100 + static_cast<uint64_t>(compute));
  Case c;
  c.result = op_output_type(op, compute);
  for (int k = 0; k < op_info(op).nin; ++k) c.in[k] = sampler.array(op_input_type(op, compute, k), n);
  c.out.resize(static_cast<size_t>(n * item_size(c.result)));
  return c;
}

void call(LoopFn f, Case& c, int64_t n = kN) { f(c.out.data(), c.in[0].data(), c.in[1].data(), c.in[2].data(), n); }

LoopFn loop(const LoopTable& t, Op op, DType d) { return t.op[static_cast<int>(op)][static_cast<int>(d)]; }

TEST(Loops, GiveTheSameBitsOnEveryLevel) {
  if (!has_v4()) GTEST_SKIP() << "this CPU has no x86-64-v4";
  for_each_loop([](Op op, DType d) {
    Case a = make_case(op, d), b = make_case(op, d);
    call(loop(table("v3"), op, d), a);
    call(loop(table("v4"), op, d), b);
    EXPECT_TRUE(same_bits(a.result, a.out.data(), b.out.data(), kN)) << op_info(op).name << " " << static_cast<int>(d);
  });
  Sampler sampler(1);
  for (int from = 0; from < kDTypes; ++from)
    for (int to = 0; to < kDTypes; ++to) {
      const Bytes in = sampler.array(static_cast<DType>(from), kN);
      Bytes a(static_cast<size_t>(kN * item_size(static_cast<DType>(to)))), b = a;
      table("v3").cast[from][to](a.data(), in.data(), nullptr, nullptr, kN);
      table("v4").cast[from][to](b.data(), in.data(), nullptr, nullptr, kN);
      EXPECT_TRUE(same_bits(static_cast<DType>(to), a.data(), b.data(), kN)) << from << " to " << to;
    }
}

TEST(Loops, DoNotDependOnHowARunIsCut) {
  for_each_loop([](Op op, DType d) {
    const LoopFn f = loop(loops(), op, d);
    Case whole = make_case(op, d), cut = make_case(op, d);
    call(f, whole);
    for (int64_t at = 0, step = 1; at < kN; at += step, step = step % 7 + 1) {
      const int64_t n = std::min(step, kN - at);
      const void* p[3] = {};
      for (int k = 0; k < op_info(op).nin; ++k) p[k] = cut.in[k].data() + at * item_size(op_input_type(op, d, k));
      f(cut.out.data() + at * item_size(cut.result), p[0], p[1], p[2], n);
    }
    EXPECT_TRUE(same_bits(whole.result, whole.out.data(), cut.out.data(), kN))
        << op_info(op).name << " " << static_cast<int>(d);
  });
}

TEST(Loops, MayWriteOverAnOperand) {
  for_each_loop([](Op op, DType d) {
    for (int k = 0; k < op_info(op).nin; ++k) {
      if (item_size(op_input_type(op, d, k)) != item_size(op_output_type(op, d))) continue;
      Case apart = make_case(op, d), over = make_case(op, d);
      call(loop(loops(), op, d), apart);
      loop(loops(), op, d)(over.in[k].data(), over.in[0].data(), over.in[1].data(), over.in[2].data(), kN);
      EXPECT_TRUE(same_bits(apart.result, apart.out.data(), over.in[k].data(), kN)) << op_info(op).name << " operand " << k;
    }
  });
}

TEST(Loops, TakeASingleElementAsEitherOperand) {
  int forms = 0;
  for_each_loop([&forms](Op op, DType d) {
    const LoopTable& t = loops();
    const int o = static_cast<int>(op), i = static_cast<int>(d);
    for (int side = 0; side < 2; ++side) {
      const LoopFn f = side == 0 ? t.op_sv[o][i] : t.op_vs[o][i];
      if (f == nullptr) continue;
      ++forms;
      Case one = make_case(op, d), spread = make_case(op, d);
      const auto size = static_cast<size_t>(item_size(op_input_type(op, d, side)));
      for (int64_t k = 1; k < kN; ++k)
        std::copy_n(spread.in[side].data(), size, spread.in[side].data() + k * static_cast<int64_t>(size));
      call(f, one);
      call(loop(t, op, d), spread);
      EXPECT_TRUE(same_bits(one.result, one.out.data(), spread.out.data(), kN)) << op_info(op).name << " " << i;
    }
  });
  EXPECT_GT(forms, 100);
}

TEST(Loops, RunTwoOpsAsOneAfterTheOther) {
  const LoopTable& t = loops();
  constexpr Op kPaired[] = {Op::add, Op::subtract, Op::multiply, Op::divide};
  for (const DType d : {DType::f4, DType::f8})
    for (const Op first : kPaired)
      for (const Op second : kPaired)
        for (const int side : {0, 1}) {
          // Another case's result is a third operand.
          Case one = make_case(first, d), both = make_case(first, d), third = make_case(Op::add, d),
               after = make_case(second, d);
          call(loop(t, Op::add, d), third);
          call(loop(t, first, d), one);
          const LoopFn pair = t.pair[pair_index(first)][pair_index(second)][side][static_cast<int>(d)];
          ASSERT_NE(pair, nullptr);
          pair(both.out.data(), both.in[0].data(), both.in[1].data(), third.out.data(), kN);
          loop(t, second, d)(after.out.data(), side == 0 ? one.out.data() : third.out.data(),
                             side == 0 ? third.out.data() : one.out.data(), nullptr, kN);
          EXPECT_TRUE(same_bits(d, after.out.data(), both.out.data(), kN))
              << op_info(first).name << " " << op_info(second).name;
        }
  // A function of the first one; its range is left here and there.
  for (const DType d : {DType::f4, DType::f8})
    for (const Op first : kPaired)
      for (const Op second : {Op::exp, Op::log}) {
        Case one = make_case(first, d), both = make_case(first, d), after = make_case(second, d);
        call(loop(t, first, d), one);
        const LoopFn pair = t.pair[pair_index(first)][pair_index(second)][0][static_cast<int>(d)];
        ASSERT_NE(pair, nullptr);
        loop(t, second, d)(after.out.data(), one.out.data(), nullptr, nullptr, kN);
        pair(both.out.data(), both.in[0].data(), both.in[1].data(), nullptr, kN);
        EXPECT_TRUE(same_bits(d, after.out.data(), both.out.data(), kN)) << op_info(first).name << " " << op_info(second).name;
        // Into an operand's place.
        pair(both.in[1].data(), both.in[0].data(), both.in[1].data(), nullptr, kN);
        EXPECT_TRUE(same_bits(d, after.out.data(), both.in[1].data(), kN))
            << op_info(first).name << " " << op_info(second).name;
      }
}

TEST(Loops, RunTheLogisticFunctionAsOne) {
  const LoopTable& t = loops();
  for (const DType d : {DType::f4, DType::f8}) {
    Case e = make_case(Op::exp, d), sum = make_case(Op::add, d), quotient = make_case(Op::divide, d);
    call(loop(t, Op::exp, d), e);
    Bytes whole = quotient.out;
    const LoopFn logistic = t.logistic[static_cast<int>(d)];
    ASSERT_NE(logistic, nullptr);
    logistic(whole.data(), e.in[0].data(), sum.in[1].data(), quotient.in[0].data(), kN);
    loop(t, Op::add, d)(sum.out.data(), sum.in[1].data(), e.out.data(), nullptr, kN);
    loop(t, Op::divide, d)(quotient.out.data(), quotient.in[0].data(), sum.out.data(), nullptr, kN);
    EXPECT_TRUE(same_bits(d, quotient.out.data(), whole.data(), kN));
  }
}

TEST(Loops, RunAnOpBesideAFunction) {
  const LoopTable& t = loops();
  const DType d = DType::f8;
  const auto memory = [](Bytes& b) { return reinterpret_cast<char*>(b.data()); };
  for (const Op what : {Op::sqrt, Op::divide})
    for (const Op function : {Op::exp, Op::log})
      for (const Op first : {Op::none, Op::add, Op::subtract, Op::multiply})
        for (const int64_t n : {int64_t{3}, kN, kStripBytes / item_size(d)}) {
          SCOPED_TRACE(std::string(op_info(first).name) + " " + op_info(function).name + " beside " + op_info(what).name);
          Case argument = make_case(first == Op::none ? function : first, d), after = make_case(function, d),
               other = make_case(what, d);
          Bytes both = after.out, beside = other.out;
          const void* x = argument.in[0].data();
          Bytes left = argument.in[0], right = argument.in[1], p = other.in[0], q = other.in[what == Op::divide ? 1 : 0];
          if (first != Op::none) {
            loop(t, first, d)(argument.out.data(), argument.in[0].data(), argument.in[1].data(), nullptr, n);
            x = argument.out.data();
          }
          loop(t, function, d)(after.out.data(), x, nullptr, nullptr, n);
          loop(t, what, d)(other.out.data(), p.data(), q.data(), nullptr, n);
          const int form = first == Op::none ? 0 : 1 + pair_index(first);
          const BesideFn f = t.beside[beside_index(what)][pair_index(function) - kPairFirst][form][static_cast<int>(d)];
          ASSERT_NE(f, nullptr);
          char* apart[] = {memory(both), memory(left), memory(right), memory(beside), memory(p), memory(q)};
          f(apart, n);
          EXPECT_TRUE(same_bits(d, after.out.data(), both.data(), n));
          EXPECT_TRUE(same_bits(d, other.out.data(), beside.data(), n));
          // The function over an operand of its own, and over the other's.
          char* over[] = {memory(left), memory(left), memory(right), memory(beside), memory(p), memory(q)};
          f(over, n);
          EXPECT_TRUE(same_bits(d, after.out.data(), left.data(), n));
          left = argument.in[0];
          char* across[] = {memory(p), memory(left), memory(right), memory(beside), memory(p), memory(q)};
          f(across, n);
          EXPECT_TRUE(same_bits(d, after.out.data(), p.data(), n));
          EXPECT_TRUE(same_bits(d, other.out.data(), beside.data(), n));
        }
}

// The length of a strip has a form of its own, which must give what any other length gives.
TEST(Loops, GiveTheSameForTheLengthOfAStrip) {
  for_each_loop([](Op op, DType d) {
    if (op_info(op).nin > 2 || (d != DType::f4 && d != DType::f8)) return;
    const auto n = kStripBytes / item_size(d);
    Case some = make_case(op, d);
    Bytes in[2], whole(static_cast<size_t>(n * item_size(op_output_type(op, d))));
    Bytes parts = whole;
    for (int k = 0; k < op_info(op).nin; ++k) {
      const auto size = static_cast<size_t>(item_size(op_input_type(op, d, k)));
      for (int64_t i = 0; i < n; ++i) {
        const auto* at = some.in[k].data() + static_cast<size_t>(i % kN) * size;
        in[k].insert(in[k].end(), at, at + size);
      }
    }
    loop(loops(), op, d)(whole.data(), in[0].data(), in[1].data(), nullptr, n);
    const int64_t half = n / 2 - 3, out = item_size(op_output_type(op, d));
    const auto from = [&](int k) {
      return in[k].data() + (op_info(op).nin > k ? half * item_size(op_input_type(op, d, k)) : 0);
    };
    loop(loops(), op, d)(parts.data(), in[0].data(), in[1].data(), nullptr, half);
    loop(loops(), op, d)(parts.data() + half * out, from(0), from(1), nullptr, n - half);
    EXPECT_TRUE(same_bits(op_output_type(op, d), whole.data(), parts.data(), n)) << op_info(op).name;
  });
}

template <class F> double reference(const double* p, int64_t n, F f) {
  if (n < 8) {
    double r = p[0];
    for (int64_t i = 1; i < n; ++i) r = f(r, p[i]);
    return r;
  }
  if (n <= 128) {
    double r[8];
    for (int j = 0; j < 8; ++j) r[j] = p[j];
    int64_t i = 8;
    for (; i < n - n % 8; ++i) r[i % 8] = f(r[i % 8], p[i]);
    double s = f(f(f(r[0], r[1]), f(r[2], r[3])), f(f(r[4], r[5]), f(r[6], r[7])));
    for (; i < n; ++i) s = f(s, p[i]);
    return s;
  }
  const int64_t half = n / 2 - n / 2 % 8;
  return f(reference(p, half, f), reference(p + half, n - half, f));
}
double reference_sum(const double* p, int64_t n) {
  return reference(p, n, [](double a, double b) { return a + b; });
}

// Which NaN, and which zero.
TEST(Loops, FindExtremesInTheContractsOrder) {
  std::mt19937_64 random(9);
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> palettes[] = {{0.0, -0.0},
                                          {-0.0, 0.0, -1, -2},
                                          {-0.0, 0.0, 1, 2},
                                          {std::nan("1"), -std::nan("2")},
                                          {std::nan("1"), -inf},
                                          {std::nan("1"), inf, -inf, 3, -5},
                                          {std::nan("1"), -1, -2, -0.0, 0.0},
                                          {1, 2, 3, -4},
                                          {inf, -inf}};
  for (const Op op : {Op::maximum, Op::minimum, Op::fmax, Op::fmin})
    for (const auto& palette : palettes)
      for (const int64_t n : {1, 7, 63, 64, 65, 129, 500, 4099}) {
        std::vector<double> v(static_cast<size_t>(n));
        for (double& x : v) x = palette[random() % palette.size()];
        double got = 0;
        loops().reduce[static_cast<int>(op)][static_cast<int>(DType::f8)](&got, v.data(), n);
        const double want = reference(v.data(), n, [&](double a, double b) {
          double r = 0;
          loop(loops(), op, DType::f8)(&r, &a, &b, nullptr, 1);
          return r;
        });
        EXPECT_EQ(std::memcmp(&got, &want, sizeof got), 0) << op_info(op).name << " of " << n << ": " << got << ", " << want;
      }
}

TEST(Loops, ReduceInTheContractsOrder) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  const auto& reduce = loops().reduce;
  for (int64_t n : {1, 2, 7, 8, 9, 63, 127, 128, 129, 255, 257, 1000, 4099, 100003}) {
    std::vector<double> v(static_cast<size_t>(n));
    for (double& x : v) x = normal(random);
    double sum = 0, most = 0;
    reduce[static_cast<int>(Op::add)][static_cast<int>(DType::f8)](&sum, v.data(), n);
    EXPECT_EQ(sum, reference_sum(v.data(), n)) << n;
    reduce[static_cast<int>(Op::maximum)][static_cast<int>(DType::f8)](&most, v.data(), n);
    EXPECT_EQ(most, *std::max_element(v.begin(), v.end()));
    v[static_cast<size_t>(n / 2)] = std::nan("");
    reduce[static_cast<int>(Op::maximum)][static_cast<int>(DType::f8)](&most, v.data(), n);
    EXPECT_TRUE(std::isnan(most)) << n;
    std::vector<int8_t> small(static_cast<size_t>(n), 100);
    int8_t wrapped = 0;
    reduce[static_cast<int>(Op::add)][static_cast<int>(DType::i1)](&wrapped, small.data(), n);
    EXPECT_EQ(wrapped, static_cast<int8_t>(100 * n));
  }
}

TEST(Loops, AddRowsInTurn) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  int set = 0;
  for (int o = 1; o < kOps; ++o) {
    const RowsFn rows = loops().rows[o][static_cast<int>(DType::f8)];
    if (!rows) continue;
    ++set;
    for (const int64_t width : {1, 7, 8, 33, 1000})
      for (int64_t n = 0; n < 10; ++n) {
        const int64_t pitch = width + 3;
        std::vector<double> v(static_cast<size_t>((n + 1) * pitch)), want(static_cast<size_t>(width)), got(want);
        for (double& x : v) x = normal(random);
        if (n > 0) v[static_cast<size_t>(pitch)] = std::nan("");
        std::copy_n(v.begin(), width, want.begin());
        for (int64_t k = 1; k <= n; ++k)
          loop(loops(), static_cast<Op>(o), DType::f8)(want.data(), want.data(), v.data() + k * pitch, nullptr, width);
        rows(got.data(), v.data(), v.data() + pitch, pitch * 8, n, width);
        EXPECT_EQ(std::memcmp(got.data(), want.data(), width * 8), 0)
            << op_info(static_cast<Op>(o)).name << " " << n << " x " << width;
        std::copy_n(v.begin(), width, got.begin());  // first may be dst
        rows(got.data(), got.data(), v.data() + pitch, pitch * 8, n, width);
        EXPECT_EQ(std::memcmp(got.data(), want.data(), width * 8), 0) << op_info(static_cast<Op>(o)).name << " in place";
      }
  }
  EXPECT_EQ(set, 3);
}

TEST(Loops, ReduceBoolsThatAreAnyByte) {
  const struct {
    Op op;
    bool (*exact)(int, int);
  } kinds[] = {
      {Op::logical_or, [](int some, int) { return some > 0; }},
      {Op::logical_and, [](int some, int all) { return some == all; }},
      {Op::logical_xor, [](int some, int) { return some % 2 != 0; }},
      {Op::maximum, [](int some, int) { return some > 0; }},
      {Op::minimum, [](int some, int all) { return some == all; }},
  };
  std::mt19937_64 random(5);
  for (const int n : {1, 2, 63, 64, 65, 200, 1025})
    for (const int share : {0, 1, 50, 99, 100})
      for (const auto& kind : kinds) {
        std::vector<uint8_t> v(static_cast<size_t>(n));
        int some = 0;
        for (uint8_t& x : v) {
          x = static_cast<int>(random() % 100) < share ? static_cast<uint8_t>(1 + random() % 255) : uint8_t{0};
          some += x != 0;
        }
        uint8_t got = 7;
        loops().reduce[static_cast<int>(kind.op)][static_cast<int>(DType::b1)](&got, v.data(), n);
        EXPECT_EQ(got, kind.exact(some, n) ? 1 : 0) << op_info(kind.op).name << " of " << n;
      }
}

TEST(Loops, SumOfNegativeZerosIsZeroAsInNumPy) {
  const double zeros[3] = {-0.0, -0.0, -0.0};
  double sum = 1;
  loops().reduce[static_cast<int>(Op::add)][static_cast<int>(DType::f8)](&sum, zeros, 3);
  EXPECT_EQ(sum, 0);
  EXPECT_FALSE(std::signbit(sum));
}

TEST(Loops, DefineWhatProcessorsDoNot) {
  const int64_t low = std::numeric_limits<int64_t>::min();
  const int64_t a[6] = {low, low, 7, -7, 7, 1}, b[6] = {-1, 0, 0, 2, -2, 64};
  int64_t out[6];
  const auto run = [&](Op op) { loop(loops(), op, DType::i8)(out, a, b, nullptr, 6); };
  run(Op::floor_divide);
  EXPECT_EQ(std::vector<int64_t>(out, out + 5), (std::vector<int64_t>{low, 0, 0, -4, -4}));
  run(Op::remainder);
  EXPECT_EQ(std::vector<int64_t>(out, out + 5), (std::vector<int64_t>{0, 0, 0, 1, -1}));
  run(Op::left_shift);
  EXPECT_EQ(out[5], 0);
  EXPECT_EQ(out[0], 0);  // by -1
  run(Op::right_shift);
  EXPECT_EQ(out[0], -1);
  EXPECT_EQ(out[5], 0);

  const double d[6] = {NAN, INFINITY, -1.5, 3e9, 1e10, 1.9e19};
  const auto cast = [&](DType to, void* o) {
    loops().cast[static_cast<int>(DType::f8)][static_cast<int>(to)](o, d, nullptr, nullptr, 6);
  };
  int32_t i4[6];
  cast(DType::i4, i4);
  EXPECT_EQ(i4[0], std::numeric_limits<int32_t>::min());
  EXPECT_EQ(i4[2], -1);
  EXPECT_EQ(i4[3], std::numeric_limits<int32_t>::min());
  uint32_t u4[6];
  cast(DType::u4, u4);
  EXPECT_EQ(u4[3], 3000000000u);
  EXPECT_EQ(u4[4], 1410065408u);  // 1e10 modulo 2**32: the scalar loop's answer
  uint64_t u8[6];
  cast(DType::u8, u8);
  EXPECT_EQ(u8[0], 0x8000000000000000u);
  EXPECT_EQ(u8[2], 0xffffffffffffffffu);
}

uint8_t warnings(Op op, std::vector<double> a, std::vector<double> b = {}) {
  std::vector<double> out(a.size());
  loop(loops(), op, DType::f8)(out.data(), a.data(), b.data(), nullptr, static_cast<int64_t>(a.size()));
  const void* in[3] = {a.data(), b.data(), nullptr};
  const int64_t step[3] = {8, 8, 0};
  return warn_check(op, DType::f8, out.data(), in, step, static_cast<int64_t>(a.size()));
}

TEST(Warnings, AreNumPys) {
  const double inf = INFINITY, nan = NAN;
  EXPECT_EQ(warnings(Op::divide, {1}, {0}), kWarnDivide);
  EXPECT_EQ(warnings(Op::divide, {0}, {0}), kWarnInvalid);
  EXPECT_EQ(warnings(Op::divide, {inf, nan, 1}, {0, 0, inf}), 0);
  EXPECT_EQ(warnings(Op::divide, {1e300}, {1e-300}), kWarnOver);
  EXPECT_EQ(warnings(Op::log, {0}), kWarnDivide);
  EXPECT_EQ(warnings(Op::log, {-1}), kWarnInvalid);
  EXPECT_EQ(warnings(Op::exp, {1000}), kWarnOver);
  EXPECT_EQ(warnings(Op::exp, {inf, -inf, nan}), 0);
  EXPECT_EQ(warnings(Op::sqrt, {-1}), kWarnInvalid);
  EXPECT_EQ(warnings(Op::power, {0}, {-1}), kWarnDivide);
  EXPECT_EQ(warnings(Op::power, {-1}, {0.5}), kWarnInvalid);
  EXPECT_EQ(warnings(Op::power, {10}, {400}), kWarnOver);
  EXPECT_EQ(warnings(Op::subtract, {inf}, {inf}), kWarnInvalid);
  EXPECT_EQ(warnings(Op::maximum, {nan}, {1}), 0);
}

}  // namespace
}  // namespace numloom
