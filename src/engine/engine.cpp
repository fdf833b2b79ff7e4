#include "engine/engine.h"

#include <atomic>
#include <mutex>

#include "base/environment.h"
#include "numloom/error.h"

namespace numloom {
namespace {

std::mutex engine_mutex;
thread_local bool holds_engine = false;

// `held`: this thread's holds_engine, whose address costs a call.
void take_engine(bool& held) {
  if (!engine_mutex.try_lock()) {
    if (hooks().release_lock) {
      void* state = hooks().release_lock();
      engine_mutex.lock();
      hooks().reacquire_lock(state);
    } else {
      engine_mutex.lock();
    }
  }
  held = true;
}

void leave_engine(bool& held) {
  held = false;
  engine_mutex.unlock();
}

struct PendingWarning {
  uint32_t site;
  uint8_t mask;
  const char* name;
};
std::mutex warning_mutex;
std::vector<PendingWarning> pending_warnings;
std::atomic<bool> any_news{false};  // warnings, or values to verify

}  // namespace

constinit Hooks installed_hooks;

const char* flush_reason_name(FlushReason r) {
  static constexpr const char* kNames[] = {"value", "shared", "soft_limit", "eval",  "exported",
                                           "shape", "device", "fork",       "memory"};
  return kNames[static_cast<int>(r)];
}

EngineLock::EngineLock() : held_(holds_engine ? nullptr : &holds_engine) {
  if (held_) take_engine(*held_);
  else if (Engine::get().keeping_) throw runtime_error("no array can be computed while the values of a flush are kept");
}
EngineLock::~EngineLock() {
  if (held_) leave_engine(*held_);
}
bool EngineLock::held() { return holds_engine; }

bool Engine::poll_outside() {
  leave_engine(holds_engine);
  const bool raised = hooks().poll && hooks().poll();
  take_engine(holds_engine);
  return raised;
}

Engine& Engine::get() {
  static auto* e = new Engine;  // work that nobody can see is dropped at exit, with the process
  return *e;
}

Engine::Engine() {
  soft_instructions = environment_number("NUMLOOM_SOFT_INSTRUCTIONS", soft_instructions);
  soft_bytes = environment_number("NUMLOOM_SOFT_BYTES", soft_bytes);
  plans.enabled = environment_number("NUMLOOM_PLAN_CACHE", 1) != 0;
  repetition = environment_number("NUMLOOM_REPETITION", 1) != 0;
  fail_every = environment_number("NUMLOOM_FAIL_EVERY", 0);
  // What the program keeps alive is given back by running it. Under the lock that is under way already.
  reclaim_host_memory = [] {
    if (EngineLock::held()) return false;
    const EngineLock lock;
    if (get().program_.empty()) return false;
    get().flush(FlushReason::memory);
    return true;
  };
}

void Engine::commit() {
  Instr& d = program_.draft();
  if (hooks().site) d.site = hooks().site();
  d.warns = hooks().warn_mask ? hooks().warn_mask() : 0;
  d.called = called_as;
  Buffer* const out = d.out.buf;
  bool shared = out->shared();
  for (int k = 0; k < d.nin; ++k) shared |= d.in[k].buf && d.in[k].buf->shared();
  program_.commit();
  ++counters.instructions;
  if (repetition) cuts_.recorded(d.form);
#ifdef NUMLOOM_VERIFY
  program_.verify();
#endif
  const bool full = program_.size() >= cuts_.limit(soft_instructions) ||
                    (program_.bytes() >= soft_bytes && program_.kept_bytes() >= soft_bytes);
  if (!shared && !full) return;
  try {
    if (shared) demand(FlushReason::shared, {&out, 1});
    else flush(FlushReason::soft_limit);
    // So much waits for what failed that the caller is to know.
    if (failed_.size() > soft_instructions) demand_all(FlushReason::soft_limit);
  } catch (const interrupted&) { throw; } catch (...) {
    forget(&d);  // its call raises, so it was not done
    throw;
  }
}

thread_local constinit const char* called_as = nullptr;

void queue_warning(uint32_t site, uint8_t mask, const char* name) {
  std::lock_guard lock(warning_mutex);
  for (uint8_t bit = 1; bit <= kWarnInvalid; bit <<= 1) {
    if (!(mask & bit)) continue;
    bool known = false;
    for (const PendingWarning& w : pending_warnings) known |= w.site == site && w.mask == bit && w.name == name;
    if (!known) pending_warnings.push_back({site, bit, name});
  }
  any_news = true;
}

void queue_verification() { any_news = true; }

namespace {
thread_local int warnings_wait = 0;
}
WarningsWait::WarningsWait() { ++warnings_wait; }
WarningsWait::~WarningsWait() { --warnings_wait; }

void issue_warnings() {
  if (!any_news.load(std::memory_order_relaxed) || warnings_wait) return;
  std::vector<PendingWarning> list;
  {
    std::lock_guard lock(warning_mutex);
    list.swap(pending_warnings);
    any_news = false;
  }
  if (hooks().verify) hooks().verify();
  for (const PendingWarning& w : list)
    if (hooks().warn && !hooks().warn(w.site, w.mask, w.name)) throw interrupted("a warning became an error");
}

}  // namespace numloom
