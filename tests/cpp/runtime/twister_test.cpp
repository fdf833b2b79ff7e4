#include "runtime/twister.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "runtime/threads.h"

namespace numloom {
namespace {

using Form = TwisterSampler::Form;

// The standard library's, and ours in the state that it begins in.
struct Pair {
  std::mt19937 theirs{19650218u};
  Twister ours;
  Pair() {
    uint32_t x = 19650218u;
    for (int i = 0; i < Twister::kWords; ++i) {
      ours.words[i] = x;
      x = 1812433253u * (x ^ x >> 30) + static_cast<uint32_t>(i) + 1;
    }
    ours.at = Twister::kWords;
  }
  double unit() {
    const uint32_t high = static_cast<uint32_t>(theirs()) >> 5, low = static_cast<uint32_t>(theirs()) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }
};

TEST(Twister, Words) {
  Pair p;
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(p.ours.next(), p.theirs()) << i;
}

class TwisterDraws : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { set_thread_count(GetParam()); }
  void TearDown() override { set_thread_count(before_); }
  const int before_ = thread_count();
};

constexpr int64_t kSizes[] = {1, 2, 311, 312, 313, 7488, 65'536, 70'001};

TEST_P(TwisterDraws, Uniform) {
  Pair p;
  TwisterSampler s{.form = Form::uniform, .a = -1, .b = 3};
  for (int64_t n : kSizes) {
    std::vector<double> got(static_cast<size_t>(n));
    draw(p.ours, s, got.data(), n);
    for (double x : got) ASSERT_EQ(x, -1 + 3 * p.unit());
    ASSERT_EQ(p.ours.next(), p.theirs());
  }
}

TEST_P(TwisterDraws, Bounded) {
  Pair p;
  const TwisterSampler s{.form = Form::bounded, .low = -7, .range = 1000};
  for (int64_t n : kSizes) {
    std::vector<int64_t> got(static_cast<size_t>(n));
    draw(p.ours, s, got.data(), n);
    for (int64_t x : got) {
      uint32_t word = 0;
      do word = static_cast<uint32_t>(p.theirs()) & 1023;
      while (word > 1000);
      ASSERT_EQ(x, int64_t{word} - 7);
    }
    ASSERT_EQ(p.ours.next(), p.theirs());
  }
}

TEST_P(TwisterDraws, Normal) {
  Pair p;
  TwisterSampler s{.form = Form::normal, .a = 5, .b = 2};
  bool has_left = false;
  double left = 0;
  for (int64_t n : kSizes) {
    std::vector<double> got(static_cast<size_t>(n));
    draw(p.ours, s, got.data(), n);
    for (double g : got) {
      double sample = left;
      if (!has_left) {
        double x = 0, y = 0, r = 0;
        do {
          x = 2 * p.unit() - 1;
          y = 2 * p.unit() - 1;
          r = x * x + y * y;
        } while (r >= 1 || r == 0);
        const double f = std::sqrt(-2 * std::log(r) / r);
        left = f * x;
        sample = f * y;
      }
      has_left = !has_left;
      ASSERT_EQ(g, 5 + 2 * sample);
    }
    ASSERT_EQ(s.has_left, has_left);
    ASSERT_EQ(p.ours.next(), p.theirs());
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, TwisterDraws, testing::Values(1, 2, 7));

}  // namespace
}  // namespace numloom
