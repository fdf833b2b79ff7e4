// A long flush pauses between its steps: signal handlers and other threads compute then, and nothing is lost.
#include <gtest/gtest.h>
#include <numloom/numloom.h>

#include <functional>
#include <utility>

#include "engine/fake_device.h"

namespace numloom {
namespace {

constexpr std::int64_t kLong = 1 << 17;

double at(const array& a, std::int64_t i) { return a(i).item<double>(); }

std::function<bool()> handler;
int calls = 0;

// A front whose signal handler is `handler`, and a device whose every kernel takes longer than a flush may keep it waiting.
class OnSlowDevice {
 public:
  OnSlowDevice() : before_(hooks()) {
    device->seconds = 0.25;
    calls = 0;
    hooks().poll = [] {
      ++calls;
      return handler && handler();
    };
    hooks().release_lock = []() -> void* { return nullptr; };
    hooks().reacquire_lock = [](void*) {};
  }
  ~OnSlowDevice() {
    hooks() = before_;
    device->seconds = 0;
    handler = nullptr;
  }
  OnFakeDevice device;

 private:
  Hooks before_;
};

struct Three {
  array x = full({kLong}, 2.0).eval();
  array a = x * 3.0, b = full({kLong + 1}, 5.0) + 1.0, c = full({kLong + 2}, 7.0) - 1.0;  // three nests
};

TEST(Pause, HandlersCompute) {
  OnSlowDevice slow;
  Three t;
  double seen = 0, made = 0;
  handler = [&] {
    if (calls > 1) return false;
    seen = at(t.c, 1) + at(t.b, 1);  // these wait in the program whose flush has paused
    t.x += 1.0;
    made = at(t.x * 10.0, 0);
    return false;
  };
  EXPECT_EQ(at(t.a, 5), 6);
  EXPECT_GE(calls, 1);
  EXPECT_EQ(seen, 12);
  EXPECT_EQ(made, 30);
  EXPECT_EQ(at(t.a, 6), 6) << "a was computed from what x held before";
  EXPECT_EQ(at(t.x, 6), 3);
}

TEST(Pause, RaisingLeavesTheRestRecorded) {
  OnSlowDevice slow;
  Three t;
  handler = [] { return calls == 1; };
  EXPECT_THROW(
      {
        EngineLock lock;
        Engine::get().flush(FlushReason::eval);
      },
      interrupted);
  EXPECT_FALSE(EngineLock::held());
  EXPECT_EQ(at(t.a, 5) + at(t.b, 5) + at(t.c, 5), 18);
}

TEST(Pause, WhatFailedIsNotTriedAgain) {
  OnSlowDevice slow;
  Three t;
  slow.device->lacks = {Op::multiply};
  EXPECT_EQ(at(t.b, 5) + at(t.c, 5), 12);
  EXPECT_EQ(slow.device->refused, 1);
  slow.device->lacks = {};
  EXPECT_EQ(at(t.a, 5), 6);
}

}  // namespace
}  // namespace numloom
