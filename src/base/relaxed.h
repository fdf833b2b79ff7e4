// A value that is changed under a lock and looked at by threads that do not hold it. It orders nothing: whoever goes on to read
// what the value tells of needs an order from elsewhere.
#pragma once
#include <atomic>

namespace numloom {

template <class T>
class Relaxed {
 public:
  constexpr Relaxed(T v) : value_(v) {}
  Relaxed(const Relaxed& o) : value_(o) {}
  Relaxed& operator=(const Relaxed& o) { return *this = static_cast<T>(o); }
  Relaxed& operator=(T v) {
    value_.store(v, std::memory_order_relaxed);
    return *this;
  }
  operator T() const { return value_.load(std::memory_order_relaxed); }
  // No locked instruction: of two threads that count at the same time one may be lost.
  void operator++() { *this = static_cast<T>(*this) + 1; }

 private:
  std::atomic<T> value_;
};

}  // namespace numloom
