// Plans of recorded programs: how many kernels, what was refused and why, what is never stored.
#include "plan/plan.h"

#include <gtest/gtest.h>
#include <numloom/numloom.h>

#include <functional>
#include <string>

#include "mode.h"

namespace numloom {
namespace {

// What planning one program did. Nothing runs before its end: arrays are large, limits far away.
class Planned {
 public:
  explicit Planned(const std::function<void()>& program) {
    synchronize();
    reset_counters();
    program();
    synchronize();
    for (const auto& [n, v] : counters()) values_.emplace_back(n, v);
  }
  double operator[](const std::string& name) const {
    for (const auto& [n, v] : values_)
      if (n == name) return v;
    ADD_FAILURE() << "no counter " << name;
    return -1;
  }

 private:
  std::vector<std::pair<std::string, double>> values_;
};

constexpr std::int64_t kMany = 1 << 14;

TEST(Plan, ChainIsOneKernelAndStoresItsEndOnly) {
  const array a = full({kMany}, 2.0).eval();
  array c;
  const Planned p([&] { c = sqrt(a * a + a) * 3.0; });
  EXPECT_EQ(p["kernels"], 1);
  EXPECT_EQ(p["fused_ops"], 4);
  EXPECT_EQ(p["temporaries_elided"], 3);
  EXPECT_EQ(p["stored_bytes"], kMany * 8);
  EXPECT_DOUBLE_EQ(c(5).item<double>(), 3 * std::sqrt(6.0));
}

TEST(Plan, NamedTemporaryIsStored) {
  const array a = full({kMany}, 2.0).eval();
  array b, c;
  const Planned p([&] {
    b = a * a;
    c = b + a;
  });
  EXPECT_EQ(p["kernels"], 1);
  EXPECT_EQ(p["stored_bytes"], 2 * kMany * 8);
}

TEST(Plan, ReductionJoinsWhatFeedsIt) {
  const array x = ones({128, 128}).eval(), y = (ones({128, 128}) * 3.0).eval();
  array s;
  const Planned p([&] { s = sum((x - y) * (x - y)); });
  EXPECT_EQ(p["kernels"], 1);
  EXPECT_EQ(p["stored_bytes"], 8);
  EXPECT_EQ(s.item<double>(), 4.0 * 128 * 128);
}

TEST(Plan, DeadWorkDoesNotRun) {
  const array a = full({kMany}, 2.0).eval();
  array c;
  const Planned p([&] {
    const array unused = exp(a) + 1.0;
    c = a + 1.0;
  });
  EXPECT_EQ(p["dead_ops"], 2);
  EXPECT_EQ(p["fused_ops"], 1);
}

TEST(Plan, OverwrittenResultIsDead) {
  array a = full({kMany}, 2.0).eval();
  const Planned p([&] {
    array b = a + 1.0;
    b = a + 2.0;
    a = b;
  });
  EXPECT_EQ(p["dead_ops"], 1);
}

TEST(Plan, OtherShapesAreOtherKernels) {
  const array a = ones({kMany}).eval(), b = ones({kMany + 1}).eval();
  array x, y;
  const Planned p([&] {
    x = a + 1.0;
    y = b + 1.0;
  });
  EXPECT_EQ(p["kernels"], 2);
  EXPECT_EQ(p["refused_shape"], 1);
}

TEST(Plan, StencilInPlaceGetsNewStorage) {
  const std::int64_t n = 70;
  array u = arange(static_cast<double>(n * n)).reshape({n, n}).copy().eval();
  const array before = u.copy().eval();
  const slice in(1, -1), up(2, none), down(none, -2);
  const Planned p([&] { u(in, in) = 0.25 * (u(in, up) + u(in, down) + u(up, in) + u(down, in)) + u(in, in); });
  EXPECT_EQ(p["kernels"], 1);
  EXPECT_EQ(p["renamed"], 1);
  EXPECT_TRUE(array_equal(u(in, in), 2.0 * before(in, in)));  // the mean of a linear function's neighbours is its value
  EXPECT_TRUE(array_equal(u(0), before(0)) && array_equal(u(-1), before(-1)));
  EXPECT_TRUE(array_equal(u(slice(), 0), before(slice(), 0)) && array_equal(u(slice(), -1), before(slice(), -1)));
}

TEST(Plan, NoNewStorageForSharedMemoryNorForALittleOfABuffer) {
  array u = arange(0.0, static_cast<double>(kMany)).eval();
  {
    const auto lent = u.data<double>();
    const Planned p([&] { u(slice(1, none)) += u(slice(none, -1)); });
    EXPECT_EQ(p["renamed"], 0);
    EXPECT_EQ(lent.data()[2], 3);
  }
  const Planned small([&] { u(slice(1, kMany / 2)) += u(slice(0, kMany / 2 - 1)); });
  EXPECT_EQ(small["renamed"], 0);
  EXPECT_EQ(u(2).item<double>(), 4);
  const Planned large([&] { u(slice(1, none)) += u(slice(none, -1)); });
  EXPECT_EQ(large["renamed"], 1);
  EXPECT_EQ(u(0).item<double>(), 0);
  EXPECT_EQ(u(2).item<double>(), 5);
}

TEST(Plan, ShiftedWriteIsAHazard) {
  array a = arange(0.0, static_cast<double>(kMany)).eval();
  array y;
  const Planned p([&] {
    y = a(slice(1, none)) * 2.0;  // reads what the next statement overwrites, shifted
    a(slice(none, -1)) = y + 1.0;
    y = a(slice(1, none)) - 1.0;
  });
  EXPECT_GE(p["refused_hazard"], 1);
  EXPECT_EQ(a(0).item<double>(), 3.0);
  EXPECT_EQ(y(0).item<double>(), 2 * 2.0 + 1 - 1);
}

TEST(Plan, WhatOneLaterNestUsesIsMadeThere) {
  array p = arange(0.0, static_cast<double>(kMany)).eval();
  const array f = ones({kMany}).eval();
  const slice from(none, -1), to(1, none);
  const Planned plan([&] {
    for (int turn = 0; turn < 4; ++turn) {
      const array old = p.copy();
      p(to) = old(from) + f(from) * 2.0;  // four times the same value: in the nests of their turns, not in memory
    }
  });
  EXPECT_EQ(plan["temporaries_elided"], 8);  // f * 2 and the sum, of each turn
  EXPECT_EQ(p(0).item<double>(), 0);
  EXPECT_EQ(p(1).item<double>(), 2);
  EXPECT_EQ(p(-1).item<double>(), kMany - 5 + 8.0);
}

TEST(Plan, SinkingMindsWritesBetween) {
  array a = ones({kMany}).eval(), b = full({kMany}, 5.0).eval();
  const slice from(none, -1), to(1, none);
  const Planned plan([&] {
    const array t = b(from) * 2.0;  // must read b before the next statement
    b(slice()) = a * 3.0;
    a(to) = b(from) + a(to);
    a(from) = a(to) + t;
  });
  EXPECT_EQ(a(0).item<double>(), 3 + 1 + 10);
  EXPECT_EQ(b(0).item<double>(), 3);
}

TEST(Plan, InPlaceOverlapGivesWhatNumPyGives) {
  array a = arange(0.0, static_cast<double>(kMany)).eval();
  a(slice(1, none)) += a(slice(none, -1));
  EXPECT_EQ(a(0).item<double>(), 0);
  EXPECT_EQ(a(5).item<double>(), 9);
  EXPECT_EQ(a(-1).item<double>(), 2.0 * kMany - 3);
  array b = arange(0.0, static_cast<double>(kMany)).eval();
  b(slice()) = flip(b);
  EXPECT_EQ(b(0).item<double>(), kMany - 1.0);
  EXPECT_EQ(b(-1).item<double>(), 0);
}

TEST(Plan, OtherAxesOfReductionsAreOtherKernels) {
  const array a = ones({128, 128}).eval();
  array r, c;
  const Planned p([&] {
    r = sum(a, 0);
    c = sum(a, 1);
  });
  EXPECT_EQ(p["kernels"], 2);
  EXPECT_EQ(p["refused_axes"], 1);
}

TEST(Plan, WithoutFusionEachOpIsAKernel) {
  if (rerun_with({{"NUMLOOM_FUSE", "0"}})) return;
  const array a = full({kMany}, 2.0).eval();
  array c;
  const Planned p([&] { c = sqrt(a * a + a); });
  EXPECT_EQ(p["kernels"], 3);
}

TEST(PlanCache, SizesOffsetsAndScalarsAreArguments) {
  const array a = arange(0.0, 3.0 * kMany).eval();
  array c;
  const auto program = [&](std::int64_t from, std::int64_t n, double s) {
    return [=, &a, &c] { c = exp(a(slice(from, from + n)) * s) + a(slice(from + 1, from + n + 1)); };
  };
  const Planned first(program(0, kMany, 1e-6));
  const Planned again(program(0, kMany, 1e-6)), moved(program(77, kMany, 1e-6)), smaller(program(5, kMany - 100, 2e-6));
  EXPECT_EQ(again["plan_misses"], 0);
  EXPECT_EQ(moved["plan_misses"], 0);
  EXPECT_EQ(smaller["plan_misses"], 0);
  EXPECT_EQ(smaller["plan_hits"], 1);
  EXPECT_DOUBLE_EQ(c(0).item<double>(), std::exp(5 * 2e-6) + 6);
}

TEST(PlanCache, WhatLivesIsPartOfTheKey) {
  const array a = ones({kMany}).eval();
  array b, c;
  const Planned kept([&] {
    b = a * 7.0;
    c = b + 7.0;
  });
  const Planned dropped([&] { c = a * 7.0 + 7.0; });
  EXPECT_EQ(dropped["plan_misses"], 1);
  EXPECT_EQ(dropped["stored_bytes"], kMany * 8);
}

TEST(PlanCache, OverlapIsPartOfTheKey) {
  const auto run = [](std::int64_t shift) {
    array a = arange(0.0, 4.0 * kMany).eval();
    const array x = a(slice(0, kMany)), y = a(slice(shift, shift + kMany));
    array z = y * 2.0;
    array w = a(slice(0, kMany));
    w += 1.0;
    array q = y + 0.0;
    return std::pair(z(0).item<double>(), q(0).item<double>());
  };
  EXPECT_EQ(run(2 * kMany), std::pair(4.0 * kMany, 2.0 * kMany));
  EXPECT_EQ(run(1), std::pair(2.0, 2.0));
  EXPECT_EQ(run(0), std::pair(0.0, 1.0));
}

}  // namespace
}  // namespace numloom
