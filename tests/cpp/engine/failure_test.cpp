// What becomes of the program when an instruction fails: for want of memory, or because a backend cannot do it.
#include <gtest/gtest.h>
#include <numloom/numloom.h>

#include <sstream>

#include "engine/fake_device.h"
#include "mode.h"

namespace numloom {
namespace {

constexpr std::int64_t kN = 1000;

double at(const array& a, std::int64_t i) { return a(i).item<double>(); }
void settle_now() {
  EngineLock lock;
  Engine::get().flush(FlushReason::eval);
}
int waiting() {
  EngineLock lock;
  Engine::get().flush(FlushReason::eval);
  return Engine::get().failed().size();
}

TEST(Failure, LaterWorkRuns) {
  OnFakeDevice device;
  device->lacks = {Op::sin};
  const array x = full({kN}, 2.0);
  const array bad = sin(x);
  const array good = x * 3.0;
  EXPECT_EQ(at(good, 1), 6);
  const array later = sqrt(good + 3.0);
  EXPECT_EQ(at(later, 2), 3);
  EXPECT_EQ(waiting(), 1);
}

TEST(Failure, IsRaisedWhereItsValueIsWanted) {
  OnFakeDevice device;
  device->lacks = {Op::sin};
  const array x = full({kN}, 2.0);
  const array bad = sin(x);
  settle_now();
  const int tried = device->refused;
  settle_now();
  EXPECT_EQ(at(x + 1.0, 0), 3);
  EXPECT_EQ(device->refused, tried) << "tried again though nobody asked";
  for (int turn = 0; turn < 2; ++turn) {
    try {
      bad.eval();
      ADD_FAILURE() << "no error";
    } catch (const runtime_error& e) {
      EXPECT_STREQ(e.what(), "the fake device lacks sin");
      EXPECT_NE(e.note().find("computing sin of float64 (1000,) into float64 (1000,)"), std::string::npos) << e.note();
    }
  }
  EXPECT_GT(device->refused, tried);
  device->lacks = {};
  EXPECT_DOUBLE_EQ(at(bad, 7), std::sin(2.0));
  EXPECT_EQ(waiting(), 0);
}

TEST(Failure, WhatDependsOnItFailsToo) {
  OnFakeDevice device;
  device->lacks = {Op::sin};
  const array x = full({kN}, 2.0);
  const array bad = sin(x);
  settle_now();
  const array sum = bad + x;
  const array other = x + 1.0;
  const array last = sum * other;
  settle_now();
  EXPECT_THROW(at(last, 0), runtime_error);
  EXPECT_EQ(at(other, 0), 3);
  device->lacks = {};
  EXPECT_DOUBLE_EQ(at(last, 0), (std::sin(2.0) + 2) * 3);
}

TEST(Failure, OfOneFusedOpLeavesTheOthersToBeHad) {
  OnFakeDevice device;
  device->lacks = {Op::sin};
  const array x = full({kN}, 2.0);
  const array bad = sin(x), good = x * 5.0;  // one kernel
  EXPECT_EQ(at(good, 3), 10);
  EXPECT_THROW(bad.eval(), runtime_error);
  EXPECT_EQ(at(good, 4), 10);
}

TEST(Failure, FailedWriteLeavesTheBuffer) {
  OnFakeDevice device;
  array x = arange(static_cast<double>(kN)).eval();
  device->lacks = {Op::sin};
  x(slice(0, 10)) = sin(x(slice(0, 10)));
  settle_now();
  EXPECT_THROW(at(x, 500), runtime_error);  // any read of the buffer must see the write
  EXPECT_THROW(at(x + 1.0, 500), runtime_error);
  x(slice(5, 8)) += 1.0;  // waits behind it
  EXPECT_THROW(at(x, 500), runtime_error);
  device->lacks = {};
  EXPECT_DOUBLE_EQ(at(x, 4), std::sin(4.0));
  EXPECT_DOUBLE_EQ(at(x, 5), std::sin(5.0) + 1);
  EXPECT_EQ(at(x, 20), 20);
}

TEST(Failure, InPlaceRunsOnce) {
  OnFakeDevice device;
  array x = full({kN}, 2.0);
  array y = full({kN}, 1.0).eval();
  device->lacks = {Op::sin};
  y += 1.0;
  const array bad = sin(y);
  y *= 3.0;  // must not run before sin has read y
  settle_now();
  EXPECT_THROW(at(y, 0), runtime_error);
  device->lacks = {};
  EXPECT_EQ(at(y, 0), 6);
  EXPECT_DOUBLE_EQ(at(bad, 0), std::sin(2.0));
}

TEST(Failure, IsForgottenWithItsValue) {
  OnFakeDevice device;
  device->lacks = {Op::sin};
  array x = full({kN}, 2.0).eval();
  {
    const array bad = sin(x);
    x += 1.0;  // waits for it
    EXPECT_EQ(waiting(), 2);
  }
  EXPECT_EQ(at(x, 0), 3);
  EXPECT_EQ(waiting(), 0);
}

TEST(Failure, OverwrittenValueIsForgotten) {
  OnFakeDevice device;
  array x = full({kN}, 2.0).eval();
  device->lacks = {Op::sin};
  x(slice()) = sin(x);
  EXPECT_GE(waiting(), 1);
  x(slice()) = 4.0;
  EXPECT_EQ(at(x, 9), 4);
}

TEST(Failure, OfACall) {
  OnFakeDevice device;
  device->lacks_calls = true;
  const array a = ones({8, 8}), b = full({8, 8}, 2.0);
  const array c = matmul(a, b);
  const array d = a + b;
  EXPECT_EQ(d(3, 3).item<double>(), 3);
  EXPECT_THROW(c(0, 0).item<double>(), runtime_error);
  device->lacks_calls = false;
  EXPECT_EQ(c(0, 0).item<double>(), 16);
}

TEST(Failure, OnSharedMemoryRaisesAtTheCallAndIsNotRepeated) {
  OnFakeDevice device;
  array x = arange(static_cast<double>(kN)).eval();
  const auto span = x.data<double>();
  device->lacks = {Op::sin};
  EXPECT_THROW(x += sin(x), runtime_error);
  EXPECT_EQ(span.data()[3], 3);
  device->lacks = {};
  x += 1.0;
  EXPECT_EQ(span.data()[3], 4);
  EXPECT_EQ(waiting(), 0);
}

TEST(Failure, EverythingWaitingIsRaisedAtTheSoftLimit) {
  OnFakeDevice device;
  device->lacks = {Op::sin};
  array x = sin(full({kN}, 2.0));
  bool raised = false;
  int turns = 0;
  for (; turns < 5000 && !raised; ++turns) {
    try {
      x = x + 1.0;
    } catch (const runtime_error&) { raised = true; }
  }
  EXPECT_TRUE(raised);
  device->lacks = {};
  EXPECT_DOUBLE_EQ(at(x, 0), std::sin(2.0) + turns - 1);  // the statement that raised did nothing
}

TEST(Failure, DeviceMemoryMakesRoom) {
  OnFakeDevice device;
  const std::int64_t bytes = kN * 8;
  device->limit = 4 * bytes;
  std::vector<array> kept;
  for (int k = 0; k < 10; ++k) {
    kept.push_back(full({kN}, static_cast<double>(k)) * 2.0);
    settle_now();
  }
  EXPECT_LE(device->in_use, device->limit);
  EXPECT_GT(device->downloads, 0);
  for (int k = 0; k < 10; ++k) EXPECT_EQ(at(kept[static_cast<size_t>(k)] + 1.0, 5), 2.0 * k + 1);
  EXPECT_EQ(waiting(), 0);
}

TEST(Failure, NoDeviceMemory) {
  OnFakeDevice device;
  const std::int64_t bytes = kN * 8;
  const array a = full({kN}, 1.0).eval(), b = full({kN}, 2.0).eval();
  device->limit = 2 * bytes;
  const array sum = a + b;  // its operands and its result are three
  const array twice = a * 2.0;
  EXPECT_EQ(at(twice, 0), 2);
  try {
    sum.eval();
    ADD_FAILURE() << "no error";
  } catch (const memory_error& e) {
    EXPECT_NE(std::string(e.what()).find("Unable to allocate 7.81 KiB for an array with shape (1000,) and data type float64"),
              std::string::npos)
        << e.what();
    EXPECT_NE(e.note().find("bytes in use"), std::string::npos) << e.note();
    EXPECT_NE(e.note().find("computing add of"), std::string::npos) << e.note();
  }
  EXPECT_EQ(at(twice + 1.0, 0), 3);
  device->limit = 3 * bytes;
  EXPECT_EQ(at(sum, 0), 3);
}

TEST(Failure, TooLargeForTheDeviceRaisesAtTheCall) {
  OnFakeDevice device;
  device->limit = 100 << 20;
  const array row = full({20000}, 1.0);
  EXPECT_THROW(row.reshape({20000, 1}) + row, memory_error);
  EXPECT_EQ(at(row, 0), 1);
}

TEST(Failure, HostMemoryRunsOut) {
  if (rerun_with({{"NUMLOOM_HOST_LIMIT", std::to_string(40 << 20)}})) return;
  const std::int64_t n = 1 << 20;  // 8 MiB each
  std::vector<array> kept;
  for (int k = 0; k < 4; ++k) kept.push_back(full({n}, static_cast<double>(k)).eval());
  const array a = kept[0] + 1.0, b = kept[1] + 1.0;
  const array small = kept[2](slice(0, 5)) * 2.0;
  EXPECT_THROW(
      {
        a.eval();
        b.eval();
      },
      memory_error);
  EXPECT_EQ(at(small, 0), 4);
  EXPECT_EQ(at(a, 0), 1);
  EXPECT_THROW(at(b, 0), memory_error);
  kept.pop_back();
  EXPECT_EQ(at(b, 0), 2);
}

}  // namespace
}  // namespace numloom
