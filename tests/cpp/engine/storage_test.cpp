// Statements that overwrite what they read at other positions: new storage, or operands copied first; on the CPU and on a device.
#include <gtest/gtest.h>
#include <numloom/numloom.h>

#include <functional>
#include <optional>
#include <random>

#include "engine/fake_device.h"
#include "runtime/host_pool.h"

namespace numloom {
namespace {

constexpr std::int64_t kN = 90;
const slice kIn(1, -1), kUp(2, none), kDown(none, -2), kAll;

class Storage : public testing::TestWithParam<bool> {
 protected:
  Storage() {
    if (GetParam()) device_.emplace();
  }
  struct Did {
    std::int64_t kernels, renamed, copied;
    bool operator==(const Did&) const = default;
  };
  static Did did(const std::function<void()>& program) {
    synchronize();
    const Counters before = Engine::get().counters;
    program();
    synchronize();
    const Counters& after = Engine::get().counters;
    return {after.kernels - before.kernels, after.renamed - before.renamed, after.copied - before.copied};
  }
  std::optional<OnFakeDevice> device_;
};

// Smooth in no direction, so that a value read from the wrong place shows.
array grid() { return (sin(arange(static_cast<double>(kN * kN)) * 12.9898) * 43758.5453).reshape({kN, kN}).copy().eval(); }

TEST_P(Storage, StencilWritesNewStorageAndKeepsTheBorder) {
  array u = grid();
  const array old = u.copy().eval();
  const array want = (old(kIn, kIn) + 0.1 * (old(kUp, kIn) + old(kDown, kIn) + old(kIn, kUp) + old(kIn, kDown))).eval();
  const Did d = did([&] { u(kIn, kIn) += 0.1 * (u(kUp, kIn) + u(kDown, kIn) + u(kIn, kUp) + u(kIn, kDown)); });
  EXPECT_EQ(d, (Did{1, 1, 0}));
  EXPECT_TRUE(array_equal(u(kIn, kIn), want));
  EXPECT_TRUE(array_equal(u(0), old(0)) && array_equal(u(-1), old(-1)));
  EXPECT_TRUE(array_equal(u(kAll, 0), old(kAll, 0)) && array_equal(u(kAll, -1), old(kAll, -1)));
}

TEST_P(Storage, ManyTurnsKeepNoMemory) {
  array u = grid();
  const auto turn = [&] { u(kIn, kIn) = 0.25 * (u(kUp, kIn) + u(kDown, kIn) + u(kIn, kUp) + u(kIn, kDown)); };
  turn();
  synchronize();
  const int64_t before = device_ ? (*device_)->in_use : host_pool_statistics().in_use;
  for (int i = 0; i < 20; ++i) {
    turn();
    synchronize();
  }
  EXPECT_EQ(device_ ? (*device_)->in_use : host_pool_statistics().in_use, before);
}

TEST_P(Storage, RowAndColumnAreCopiedFirst) {
  array d = grid();
  const array old = d.copy().eval();
  const array want = minimum(old, old(kAll, slice(7, 8)) + old(slice(7, 8), kAll)).eval();
  const Did did_turn = did([&] { d(kAll, kAll) = minimum(d, d(kAll, slice(7, 8)) + d(slice(7, 8), kAll)); });
  EXPECT_EQ(did_turn, (Did{1, 0, 2}));
  EXPECT_TRUE(array_equal(d, want));
}

TEST_P(Storage, SharedMemoryStaysWhereItIs) {
  array u = grid();
  const array old = u.copy().eval();
  const auto lent = u.data<double>();
  const double* const address = lent.data();
  EXPECT_EQ(did([&] { u(kIn, kIn) += u(kUp, kIn); }).renamed, 0);
  EXPECT_EQ(did([&] { u -= u(3); }).renamed, 0);
  EXPECT_EQ(lent.data(), address);
  const array changed = old.copy();
  changed(kIn, kIn) += old(kUp, kIn);
  const array want = (changed - changed(3)).eval();
  EXPECT_EQ(address[5 * kN + 5], want(5, 5).item<double>());
  EXPECT_TRUE(array_equal(u, want));
}

// Half of the buffer: too little to move for; what it reads is as large, so it is not copied either.
TEST_P(Storage, NeitherForHalfOfABuffer) {
  array u = grid();
  const array old = u.copy().eval();
  const Did d = did([&] { u(slice(1, kN / 2)) += u(slice(0, kN / 2 - 1)); });
  EXPECT_EQ(d.renamed + d.copied, 0);
  EXPECT_TRUE(array_equal(u(slice(1, kN / 2)), old(slice(1, kN / 2)) + old(slice(0, kN / 2 - 1))));
  EXPECT_TRUE(array_equal(u(slice(kN / 2, none)), old(slice(kN / 2, none))));
}

INSTANTIATE_TEST_SUITE_P(On, Storage, testing::Bool(), [](const auto& info) { return info.param ? "Device" : "Cpu"; });

TEST(StorageOfADevice, NoRoomForItLeavesTheValues) {
  OnFakeDevice device;
  array u = grid();
  const array old = u.copy().eval();
  device->limit = kN * kN * 8 * 3 / 2;  // the rest can go home
  array v = u;
  v(kIn, kIn) = 0.25 * (v(kUp, kIn) + v(kDown, kIn) + v(kIn, kUp) + v(kIn, kDown));
  EXPECT_THROW(v.eval(), memory_error);
  device->limit = int64_t{1} << 40;
  EXPECT_TRUE(array_equal(u(0), old(0)));
  EXPECT_TRUE(array_equal(u(kIn, kIn), 0.25 * (old(kUp, kIn) + old(kDown, kIn) + old(kIn, kUp) + old(kIn, kDown))));
}

// Whatever lies between: axes of any order, some repeated at the source, some backwards.
TEST(Transfer, CopiesViewsOfAnyLayout) {
  std::mt19937 random(5);
  const auto pick = [&](int low, int high) { return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1)); };
  for (int round = 0; round < 200; ++round) {
    Layout from, to;
    const int ndim = pick(0, 4);
    from.ndim = to.ndim = ndim;
    const DType type = pick(0, 1) ? DType::f8 : DType::u1;
    const int item = item_size(type);
    std::int64_t to_step = item, from_step = item, low = 0;
    for (int d = ndim - 1; d >= 0; --d) {
      from.shape[d] = to.shape[d] = pick(0, 9) ? pick(1, 6) : 0;
      to.strides[d] = to_step;
      to_step *= from.shape[d] + pick(0, 3) / 3;
      const int style = pick(0, 5);
      from.strides[d] = style == 0 ? 0 : style == 1 ? -from_step : from_step;
      if (style == 1) low += from_step * (from.shape[d] - 1);
      if (style != 0) from_step *= from.shape[d] + pick(0, 3) / 3;
    }
    std::vector<unsigned char> source(static_cast<std::size_t>(from_step + 64)),
        target(static_cast<std::size_t>(to_step + 64), 7);
    for (unsigned char& c : source) c = static_cast<unsigned char>(random());
    std::vector<unsigned char> want = target;
    unsigned char* const start = source.data() + std::max<std::int64_t>(low, 0);
    std::vector<std::int64_t> at(static_cast<std::size_t>(ndim));
    for (std::int64_t n = 0; n < to.size(); ++n) {
      std::int64_t rest = n, t = 0, f = 0;
      for (int d = ndim - 1; d >= 0; --d) {
        t += rest % to.shape[d] * to.strides[d];
        f += rest % to.shape[d] * from.strides[d];
        rest /= to.shape[d];
      }
      std::memcpy(&want[static_cast<std::size_t>(t)], start + f, static_cast<std::size_t>(item));
    }
    const Transfer one{{reinterpret_cast<char*>(target.data()), type, to}, {reinterpret_cast<char*>(start), type, from}};
    cpu_backend().transfer({&one, 1});
    ASSERT_EQ(target, want) << "round " << round;
  }
}

}  // namespace
}  // namespace numloom
