// Where the engine reaches up to the front that embeds it. All may be null. Set once, before other threads exist.
#pragma once
#include <cstdint>
#include <string>

namespace numloom {

class Program;

struct Hooks {
  // The place in the user's program that is calling, interned: 0 is "unknown". Called while recording, cheap.
  uint32_t (*site)() = nullptr;
  // "file:line" of such a place, for messages; empty where it is not known. Called without the engine's threads running.
  std::string (*place)(uint32_t site) = nullptr;
  // A floating-point warning: `category` is one bit of kWarn*, `ufunc` NumPy's name for the op.
  // Called after a flush, without the engine lock. False: it raised; the caller stops issuing.
  bool (*warn)(uint32_t site, uint8_t category, const char* ufunc) = nullptr;
  // Now and then in a long flush, without the engine lock: true where a signal handler raised. The flush then throws
  // numloom::interrupted.
  bool (*poll)() = nullptr;
  // Around anything that may block or run long (the interpreter lock): release returns what reacquire takes.
  void* (*release_lock)() = nullptr;
  void (*reacquire_lock)(void*) = nullptr;
  // Whether floating-point warnings are wanted at all now (errstate): mask of kWarn*.
  uint8_t (*warn_mask)() = nullptr;
  // Check what a flush computes. These two keep what it reads and what it wrote, under the engine lock, and must not compute
  // with arrays; begin returns what end takes, end learns whether it ran.
  void* (*verify_begin)(const Program& program) = nullptr;
  void (*verify_end)(void* state, bool ran) = nullptr;
  // Compares what they kept. Called after the flush, without the engine lock.
  void (*verify)() = nullptr;
};

extern Hooks installed_hooks;
inline Hooks& hooks() { return installed_hooks; }

// The front's lock, let go of while something runs long.
class FrontUnlocked {
 public:
  explicit FrontUnlocked(bool on) : on(on && hooks().release_lock) {
    if (this->on) state_ = hooks().release_lock();
  }
  ~FrontUnlocked() {
    if (on) hooks().reacquire_lock(state_);
  }
  FrontUnlocked(const FrontUnlocked&) = delete;
  FrontUnlocked& operator=(const FrontUnlocked&) = delete;
  const bool on;

 private:
  void* state_ = nullptr;
};

}  // namespace numloom
