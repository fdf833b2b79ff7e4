// Plan misses of loops, counted through the public API with nothing run at the call: what a loop costs in planning.
#include <gtest/gtest.h>
#include <numloom/numloom.h>

#include <functional>
#include <string>

#include "mode.h"

namespace numloom {
namespace {

double counter(const std::string& name) {
  for (const auto& [n, v] : counters())
    if (n == name) return v;
  ADD_FAILURE() << "no counter " << name;
  return -1;
}

// Misses after the loop's third flush (or turn `settled`, whichever is later) of `turns` turns.
double late_misses(int turns, const std::function<void(int)>& turn, int settled = 3) {
  synchronize();
  reset_counters();
  double start = -1;
  for (int t = 0; t < turns; ++t) {
    turn(t);
    const double flushes = counter("plan_hits") + counter("plan_misses");
    if (start < 0 && t + 1 >= settled && flushes >= 3) start = counter("plan_misses");
  }
  synchronize();
  // The last program is what was left over: a cut elsewhere.
  EXPECT_GE(start, 0) << "too few flushes to say";
  EXPECT_GT(counter("plan_hits"), 0);
  return counter("plan_misses") - start;
}

class Repetition : public ::testing::TestWithParam<int> {};

TEST_P(Repetition, SteadyLoopIsPlannedNoMore) {
  if (rerun_with({{"NUMLOOM_RUN_NOW", "0"}, {"NUMLOOM_SOFT_INSTRUCTIONS", "64"}})) return;
  const int length = GetParam();
  array x = ones({100}), y = full({100}, 0.5);
  const int turns = std::max(6, 1000 / length + 3);
  const double misses = late_misses(
      turns,
      [&](int) {
        for (int k = 0; k < length; ++k) {
          // No two bodies of one length have a shorter period inside.
          if (k == 0) x = sqrt(x);
          else if (k % 2) x = x * y;
          else x = x + y;
        }
        // A body longer than the limit may be taken for another period once before it is known: a turn later.
      },
      length > 64 ? 4 : 3);
  EXPECT_LE(misses, 1) << "body of " << length;  // one for what was left over at the end
}
INSTANTIATE_TEST_SUITE_P(Bodies, Repetition,
                         ::testing::Values(1, 2, 3, 5, 7, 10, 13, 21, 22, 30, 33, 50, 63, 64, 65, 80, 100, 130, 200));

TEST(Repetition, LoopInLoop) {
  if (rerun_with({{"NUMLOOM_RUN_NOW", "0"}, {"NUMLOOM_SOFT_INSTRUCTIONS", "64"}})) return;
  array p = ones({50, 50}), q = zeros({50, 50});
  const slice inside(1, -1), after(2, none), before(none, -2);
  const double misses = late_misses(60, [&](int) {
    q = q + p * 0.5;
    for (int k = 0; k < 7; ++k) {
      const array old = p.copy();
      p(inside, inside) = 0.25 * (old(inside, after) + old(inside, before) + old(after, inside) + old(before, inside));
      p(0, slice()) = p(1, slice());
    }
    q(inside, inside) -= p(inside, after) * 0.25;
  });
  EXPECT_LE(misses, 1);
}

TEST(Repetition, SlidingOffsets) {
  if (rerun_with({{"NUMLOOM_RUN_NOW", "0"}, {"NUMLOOM_SOFT_INSTRUCTIONS", "64"}})) return;
  array a = ones({600, 20});
  const double misses = late_misses(500, [&](int t) { a(t + 1) = a(t) * 0.5 + 1.0; });
  EXPECT_LE(misses, 1);
}

TEST(Repetition, LuOfShrinkingTurns) {
  if (rerun_with({{"NUMLOOM_RUN_NOW", "0"}, {"NUMLOOM_SOFT_INSTRUCTIONS", "64"}})) return;
  const int n = 502;
  array a = eye(n) * 100.0 + cos(arange(n)) * sin(arange(n).reshape({n, 1}));
  const array given = a.copy();
  synchronize();
  reset_counters();
  for (int k = 0; k < 500; ++k) {
    a(slice(k + 1, none), k) /= a(k, k);
    a(slice(k + 1, none), slice(k + 1, none)) -= outer(a(slice(k + 1, none), k), a(k, slice(k + 1, none)));
  }
  synchronize();
  EXPECT_LE(counter("plan_misses"), 6);
  // It is an LU decomposition: L U gives back the matrix.
  const array row = arange(n).reshape({n, 1}), column = arange(n);
  a(slice(501, none), 500) /= a(500, 500);
  a(slice(501, none), slice(501, none)) -= outer(a(slice(501, none), 500), a(500, slice(501, none)));
  const array lower = where(row > column, a, 0.0) + eye(n), upper = where(row <= column, a, 0.0);
  EXPECT_TRUE(allclose(matmul(lower, upper), given, 1e-9, 1e-9));
}

TEST(Repetition, FlushForAValueFindsItsPlanToo) {
  if (rerun_with({{"NUMLOOM_RUN_NOW", "0"}})) return;
  array x = ones({1000});
  const double misses = late_misses(50, [&](int) {
    x = x * 0.9 + 0.05;
    EXPECT_GT(sum(x).item<double>(), 0);
  });
  EXPECT_EQ(misses, 0);
}

}  // namespace
}  // namespace numloom
