// The block interpreter against straightforward loops: layouts, reductions in NumPy's order, any block size, one thread.
#include <gtest/gtest.h>
#include <numloom/numloom.h>

#include <cmath>
#include <cstring>
#include <random>

#include "codegen/reduction.h"
#include "mode.h"

namespace numloom {
namespace {

std::vector<double> noise(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> some(-1, 1);
  std::vector<double> out(n);
  for (double& v : out) v = some(random) * std::exp(10 * some(random));
  return out;
}

// NumPy's pairwise sum, as its documentation and source describe it, written plainly.
template <class T>
T pairwise(const T* p, std::int64_t n) {
  if (n < 8) {
    T s = p[0];
    for (std::int64_t i = 1; i < n; ++i) s += p[i];
    return s;
  }
  if (n <= 128) {
    T r[8];
    for (int k = 0; k < 8; ++k) r[k] = p[k];
    std::int64_t i = 8;
    for (; i < n - n % 8; i += 8)
      for (int k = 0; k < 8; ++k) r[k] += p[i + k];
    T s = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < n; ++i) s += p[i];
    return s;
  }
  std::int64_t half = n / 2;
  half -= half % 8;
  return pairwise(p, half) + pairwise(p + half, n - half);
}

const std::vector<std::int64_t> kLengths = {1,   2,   7,   8,    9,    15,   16,   127,   128,   129,
                                            136, 255, 257, 1000, 1023, 4096, 4099, 10007, 65536, 100003};

void sums_in_numpys_order() {
  for (std::int64_t n : kLengths) {
    const auto v = noise(static_cast<std::size_t>(n), static_cast<unsigned>(n));
    const array a(v);
    ASSERT_EQ(sum(a).item<double>(), pairwise(v.data(), n)) << n;
    // Fused with what feeds it, the same bits.
    std::vector<double> w(v);
    for (double& x : w) x = x * x + 1.0;
    ASSERT_EQ(sum(a * a + 1.0).item<double>(), pairwise(w.data(), n)) << n;
    const std::vector<float> f(v.begin(), v.end());
    ASSERT_EQ(sum(array(f)).item<float>(), pairwise(f.data(), n)) << n;
    // Over views: the order is that of the elements, not of memory.
    std::vector<double> back(v.rbegin(), v.rend());
    ASSERT_EQ(sum(flip(a)).item<double>(), pairwise(back.data(), n)) << n;
  }
}

void sums_along_axes() {
  const std::int64_t n = 150, m = 37, k = 11;
  const auto v = noise(static_cast<std::size_t>(n * m * k), 5);
  const array a(std::span<const double>(v), {n, m, k});
  const auto at = [&](std::int64_t i, std::int64_t j, std::int64_t l) {
    return v[static_cast<std::size_t>((i * m + j) * k + l)];
  };
  const auto rows = sum(a, 0).to_vector<double>(), inner = sum(a, 2).to_vector<double>(),
             outer_axes = sum(a, {0, 2}).to_vector<double>();
  const auto turned = sum(a.T(), {0, 2}).to_vector<double>();
  std::vector<double> line;
  for (std::int64_t j = 0; j < m; ++j) {
    for (std::int64_t l = 0; l < k; ++l) {
      line.clear();
      for (std::int64_t i = 0; i < n; ++i) line.push_back(at(i, j, l));
      ASSERT_EQ(rows[static_cast<std::size_t>(j * k + l)], pairwise(line.data(), n));
    }
    line.clear();
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t l = 0; l < k; ++l) line.push_back(at(i, j, l));
    ASSERT_EQ(outer_axes[static_cast<std::size_t>(j)], pairwise(line.data(), n * k));
    line.clear();
    for (std::int64_t l = 0; l < k; ++l)
      for (std::int64_t i = 0; i < n; ++i) line.push_back(at(i, j, l));
    ASSERT_EQ(turned[static_cast<std::size_t>(j)], pairwise(line.data(), n * k));
  }
  for (std::int64_t i = 0; i < n * m; ++i) ASSERT_EQ(inner[static_cast<std::size_t>(i)], pairwise(v.data() + i * k, k));
}

void layouts() {
  const std::int64_t n = 67, m = 45;
  const auto v = noise(static_cast<std::size_t>(n * m), 9), r = noise(static_cast<std::size_t>(m), 10);
  const array a(std::span<const double>(v), {n, m}), row(r);
  const auto at = [&](std::int64_t i, std::int64_t j) { return v[static_cast<std::size_t>(i * m + j)]; };
  const slice back(none, none, -1), third(1, none, 3);
  const auto broadcast = (a * row + a(slice(), slice(3, 4))).to_vector<double>();
  const auto reversed = (a(back, back) - a).to_vector<double>();
  const auto strided = (a(third, third) * 2.0 + a(slice(0, -1, 3), slice(0, -2, 3))(slice(), slice())).shape();
  const auto turned = (a.T() + 1.0).to_vector<double>();
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < m; ++j) {
      const auto k = static_cast<std::size_t>(i * m + j);
      ASSERT_EQ(broadcast[k], at(i, j) * r[static_cast<std::size_t>(j)] + at(i, 3));
      ASSERT_EQ(reversed[k], at(n - 1 - i, m - 1 - j) - at(i, j));
      ASSERT_EQ(turned[static_cast<std::size_t>(j * n + i)], at(i, j) + 1.0);
    }
  ASSERT_EQ(strided, (extents{22, 15}));

  // Writing through views, mixed types, and a step that leaves others alone.
  array w = zeros({n, m}, float32);
  w(slice(none, none, 2), back) = a(slice(none, none, 2)) * 3;
  w(slice(1, none, 2)) += arange(m);
  const auto written = w.to_vector<float>();
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < m; ++j)
      ASSERT_EQ(written[static_cast<std::size_t>(i * m + j)],
                i % 2 ? static_cast<float>(j) : static_cast<float>(at(i, m - 1 - j) * 3))
          << i << " " << j;

  // Gathers and scatters.
  const array rows_wanted = (arange(200) * 31) % n;
  const auto picked = (a.get({rows_wanted}) + 1.0).to_vector<double>();
  for (std::int64_t i = 0; i < 200; ++i)
    for (std::int64_t j = 0; j < m; ++j) ASSERT_EQ(picked[static_cast<std::size_t>(i * m + j)], at(i * 31 % n, j) + 1.0);
  array bins = zeros({10});
  bins.set({arange(5000) % 10}, arange(0.0, 5000.0));
  ASSERT_EQ(bins.to_vector<double>(), (std::vector<double>{4990, 4991, 4992, 4993, 4994, 4995, 4996, 4997, 4998, 4999}));
}

void everything() {
  sums_in_numpys_order();
  sums_along_axes();
  layouts();
}

TEST(Cpu, SumsInNumPysOrder) { sums_in_numpys_order(); }
TEST(Cpu, SumsAlongAxesInNumPysOrder) { sums_along_axes(); }
TEST(Cpu, Layouts) { layouts(); }
TEST(Cpu, BlocksOfOne) {
  if (!rerun_with({{"NUMLOOM_BLOCK", "1"}, {"NUMLOOM_RUN_NOW", "0"}})) everything();
}
TEST(Cpu, BlocksOfTwo) {
  if (!rerun_with({{"NUMLOOM_BLOCK", "2"}, {"NUMLOOM_RUN_NOW", "0"}})) everything();
}
TEST(Cpu, AllRecorded) {
  if (!rerun_with({{"NUMLOOM_RUN_NOW", "0"}})) everything();
}
TEST(Cpu, AllAtTheCall) {
  if (!rerun_with({{"NUMLOOM_RUN_NOW", "inf"}})) everything();
}
TEST(Cpu, OneThread) {
  if (!rerun_with({{"NUMLOOM_NUM_THREADS", "1"}})) everything();
}
TEST(Cpu, ManyThreads) {
  if (!rerun_with({{"NUMLOOM_NUM_THREADS", "7"}})) everything();
}
TEST(Cpu, LevelV3) {
  if (!rerun_with({{"NUMLOOM_CPU_LEVEL", "v3"}})) everything();
}
TEST(Cpu, PoisonedMemory) {
  if (!rerun_with({{"NUMLOOM_POISON", "1"}})) everything();
}

// The order of codegen/reduction.h itself, in its parallel form: nodes cover [0, n) once, in order.
TEST(ReductionOrder, NodesCoverEverything) {
  for (std::int64_t n : kLengths)
    for (int level = 0; level <= reduction::depth(n); ++level) {
      std::int64_t next = 0;
      for (std::int64_t path = 0; path < std::int64_t{1} << level; ++path) {
        const auto r = reduction::node(n, level, path);
        ASSERT_EQ(r.begin, next) << n << " " << level;
        next += r.count;
      }
      ASSERT_EQ(next, n);
    }
}

TEST(ReductionOrder, TreeIsPairwise) {
  for (std::int64_t n : kLengths) {
    const auto v = noise(static_cast<std::size_t>(n), 3);
    const double s = reduction::tree<double>(
        0, n, [&](std::int64_t i) { return v[static_cast<std::size_t>(i)]; }, [](double x, double y) { return x + y; });
    ASSERT_EQ(s, pairwise(v.data(), n));
  }
}

}  // namespace
}  // namespace numloom
