#include "runtime/buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "numloom/error.h"
#include "runtime/host_pool.h"

namespace numloom {
namespace {

TEST(Buffer, SmallOnesHaveMemoryAtOnce) {
  Buffer* b = Buffer::make_host(80);
  ASSERT_NE(b->host, nullptr);
  EXPECT_TRUE(b->idle());
  std::memset(b->host, 1, 80);
  EXPECT_EQ(b->handles(), 1);
  b->retain_handle();
  EXPECT_EQ(b->handles(), 2);
  b->release_handle();
  b->retain();  // the program's: no handle
  b->release_handle();
  EXPECT_EQ(b->handles(), 0);
  b->release();
}

TEST(Buffer, MemoryComesWithTheFirstWrite) {
  const auto before = host_pool_statistics().in_use;
  Buffer* b = Buffer::make(1 << 20);
  EXPECT_EQ(b->host, nullptr);
  EXPECT_EQ(host_pool_statistics().in_use, before);
  EXPECT_NE(b->ensure_host(), nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(b->host) % 64, 0u);
  EXPECT_GE(host_pool_statistics().in_use, before + (1 << 20));
  b->release_handle();
  EXPECT_EQ(host_pool_statistics().in_use, before);
}

TEST(Buffer, WrappedMemoryGoesBackToItsOwner) {
  static int released;
  released = 0;
  double values[4] = {};
  Buffer* b = Buffer::wrap(values, sizeof values, &released, [](void* p) { ++*static_cast<int*>(p); }, true);
  EXPECT_TRUE(b->shared());
  EXPECT_EQ(b->host, reinterpret_cast<char*>(values));
  b->retain_handle();
  b->release_handle();
  EXPECT_EQ(released, 0);
  b->release_handle();
  EXPECT_EQ(released, 1);
}

TEST(Buffer, CountsFromManyThreads) {
  Buffer* b = Buffer::make_host(8);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([b] {
      for (int k = 0; k < 10000; ++k) {
        b->retain_handle();
        b->release_handle();
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(b->handles(), 1);
  b->release_handle();
}

TEST(HostPool, ReusesAndTrims) {
  void* p = host_alloc(3 << 20);
  std::memset(p, 0, 3 << 20);
  host_free(p, 3 << 20);
  void* q = host_alloc(3 << 20);
  EXPECT_EQ(p, q);
  host_free(q, 3 << 20);
  host_trim();
  EXPECT_EQ(host_pool_statistics().cached, 0);
}

TEST(HostPool, MakesRoomForOthersNowAndThen) {
  host_trim();
  host_make_room();  // with nothing to give, which is no reason to wait
  const auto cache = [](int64_t bytes) { host_free(host_alloc(bytes), bytes); };
  for (const int64_t bytes : {int64_t{5000}, int64_t{200} << 10, int64_t{64} << 20}) cache(bytes);
  const int64_t all = host_pool_statistics().cached;
  host_make_room();
  EXPECT_EQ(host_pool_statistics().cached, 0);
  cache(all);
  host_make_room();
  EXPECT_GE(host_pool_statistics().cached, all);
  host_trim();
}

TEST(HostPool, AlignsWhatItMaps) {
  for (const int64_t bytes : {int64_t{100} << 10, int64_t{128} << 10, int64_t{5} << 20, (int64_t{9} << 20) + 5}) {
    auto* p = static_cast<char*>(host_alloc(bytes));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(p) % (bytes < 4 << 20 ? 64 : 2 << 20), 0u);
    std::memset(p, 1, bytes);
    host_free(p, bytes);
  }
  host_trim();
}

TEST(HostPool, SaysWhatItCouldNotAllocate) {
  try {
    host_alloc(int64_t{1} << 60);
    FAIL();
  } catch (const memory_error& e) {
    EXPECT_NE(std::string(e.what()).find("Unable to allocate"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace numloom
