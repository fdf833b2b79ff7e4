#include "runtime/threads.h"

#include <gtest/gtest.h>
#include <numloom/numloom.h>

#include <atomic>
#include <new>
#include <thread>
#include <vector>

namespace numloom {
namespace {

TEST(Threads, EveryPartRunsOnce) {
  for (int count : {1, 2, 5}) {
    const int before = thread_count();
    set_thread_count(count);
    for (int64_t parts : {0, 1, 2, 3, 17, 1000}) {
      std::vector<std::atomic<int>> ran(static_cast<size_t>(parts));
      std::atomic<bool> in_range{true};
      parallel_for(parts, [&](int64_t part, int thread) {
        ++ran[static_cast<size_t>(part)];
        if (thread < 0 || thread >= thread_count()) in_range = false;
      });
      for (auto& n : ran) ASSERT_EQ(n, 1);
      EXPECT_TRUE(in_range);
    }
    set_thread_count(before);
  }
}

TEST(Threads, RegionInsideARegionRunsOnTheCaller) {
  std::atomic<int> total{0};
  parallel_for(8, [&](int64_t, int) { parallel_for(8, [&](int64_t, int) { ++total; }); });
  EXPECT_EQ(total, 64);
}

TEST(Threads, ExceptionOfAPartIsThrownToTheCaller) {
  const int before = thread_count();
  set_thread_count(4);
  for (int turn = 0; turn < 100; ++turn) {
    EXPECT_THROW(parallel_for(64,
                              [&](int64_t part, int) {
                                if (part % 16 == turn % 16) throw std::bad_alloc();
                              }),
                 std::bad_alloc);
    std::atomic<int> ran{0};
    parallel_for(64, [&](int64_t, int) { ++ran; });
    ASSERT_EQ(ran, 64);
  }
  set_thread_count(before);
}

// Threads that record, read and write the same arrays: each sees what it and nobody else may change.
TEST(Threads, ShareArrays) {
  const array common = arange(0.0, 20000.0);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int k = 0; k < 50; ++k) {
        array mine = common * static_cast<double>(t + 1);
        mine(slice(0, 10)) += 1.0;
        if (mine(100).item<double>() != 100.0 * (t + 1) || mine(9).item<double>() != 9.0 * (t + 1) + 1) ++wrong;
        if (sum(common).item<double>() != 199990000.0) ++wrong;
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

// One thread records, another needs the value.
TEST(Threads, AnotherThreadsPendingWorkIsRun) {
  array made;
  std::thread([&] { made = arange(0.0, 20000.0) * 2.0; }).join();
  EXPECT_EQ(made(-1).item<double>(), 39998);
}

}  // namespace
}  // namespace numloom
