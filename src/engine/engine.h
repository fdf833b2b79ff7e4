// The spine: records instructions and, when their values are needed, plans and runs them.
// Thread safety: everything here happens under the engine lock, which EngineLock takes; whoever waits for it lets go of
// the front's interpreter lock first, so a thread that runs a flush can always take that one. A long flush lets go of the
// engine lock now and then, between kernels, with all that is unrun recorded: what the front does then (signal handlers), and
// other threads, may compute, too.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "engine/cuts.h"
#include "engine/hooks.h"
#include "plan/plan.h"
#include "program/program.h"

namespace numloom {

enum class FlushReason : uint8_t { value, shared, soft_limit, eval, exported, shape, device, fork, memory };
inline constexpr int kFlushReasons = 9;
const char* flush_reason_name(FlushReason r);

enum class Placement : uint8_t { cpu, cuda, automatic };

struct Counters {
  int64_t flushes[kFlushReasons] = {};
  Relaxed<int64_t> run_now = 0;  // counted without the engine lock
  int64_t instructions = 0, kernels = 0, calls = 0, fused = 0, dead = 0, warnings = 0;
  int64_t refusals[kRefusals] = {};
  int64_t contracted = 0, contracted_bytes = 0;  // buffers that were never stored
  int64_t stored_bytes = 0;
  int64_t bytes_to_device = 0, bytes_to_host = 0;
  int64_t failed = 0, evicted_bytes = 0;
  int64_t renamed = 0;  // buffers given new storage
  int64_t copied = 0;   // operands copied, as what they reach was overwritten
  double seconds_cpu = 0, seconds_cuda = 0, seconds_planning = 0;
};

// May be taken again by the thread that holds it.
class EngineLock {
 public:
  EngineLock();
  ~EngineLock();
  EngineLock(const EngineLock&) = delete;
  EngineLock& operator=(const EngineLock&) = delete;
  static bool held();  // by this thread

 private:
  bool* const held_;  // of this thread; null where it held the lock before
};

// The last plan that ran while Engine::keep_plans; its own copies, since the cache may forget the plan.
struct LastPlan {
  struct Launch {
    Kernel kernel;
    KernelArgs args;
    bool ran = false;
  };
  std::string text;
  std::vector<Launch> kernels;
  Backend* backend = nullptr;  // that ran it; null where it came to no step
};

inline constexpr int64_t kForkHome = int64_t{1} << 30;

class Engine {
 public:
  static Engine& get();

  // REQUIRES below: the caller holds an EngineLock.
  Instr& draft() { return program_.draft(); }
  // Records the draft. Runs it now where its memory is shared; flushes at the soft limit. Where it throws, the draft is gone.
  void commit();
  // Runs what is recorded, as far as it goes. What fails, and what depends on it, stays aside until its value is demanded.
  // Throws `interrupted` only; what had not run stays recorded. At the soft limit a part may stay recorded, too.
  void flush(FlushReason reason);
  // Runs what these buffers' values wait for (`write`: and what reads them), trying again what failed; throws what it fails
  // with. A buffer that a failed instruction writes holds what it held before.
  void demand(FlushReason reason, std::span<Buffer* const> buffers, bool write = false);
  // The same for everything recorded.
  void demand_all(FlushReason reason);
  // The address of b's values on the device, which others may read and write from now on: for good, or while b has device_leases.
  char* share_device(Buffer& b, bool for_good);
  // b is memory of others on the device.
  void take_in(Buffer& b);
  // Memory on the device for b, whose values are still to come.
  char* device_room(Buffer& b) { return ready(b, device_backend(), false); }
  // Demands b where an unrun instruction writes it (or reads it, for `write`), and brings its values home.
  void host_ready(Buffer& b, FlushReason reason, bool write);
  // The values of b, which has none yet, made now, in order, into memory where they will be used.
  void fill(Buffer& b, const Backend::Produce& produce);
  // Values of b alone, into `out`, which lies as `to` says: where only the device has them, and they are so few, and were so
  // few so far, that this costs less than to bring all of b home. False where it is not done.
  bool read_part(Buffer& b, DType dtype, const Layout& from, Buffer& out, const Layout& to);
  // The values that b holds now, pending work aside, on the host.
  const char* home(Buffer& b);

  Relaxed<Placement> placement = Placement::cpu;
  Counters counters;
  PlanCache plans;
  const Program& program() const { return program_; }
  const Program& failed() const { return failed_; }
  // Brings home what only the device holds, the smallest first, kForkHome bytes at most: CUDA does not survive a fork.
  void before_fork();
  void after_fork_child();
  // Until the device has ended what was handed to it.
  void wait();
  // Bytes that the device could ever hold, where everything runs there; 0: no limit known. May be called without the lock.
  int64_t device_limit();
  // Where `cuda` and `automatic` work runs. Tests put their own in place of cuda_backend(), which is null here.
  Backend* device = nullptr;
  LastPlan last_plan;
  bool keep_plans = false;

  // What a test mode may change.
  int64_t soft_instructions = 256;
  int64_t soft_bytes = int64_t{64} << 20;  // of memory that only the program keeps
  bool repetition = true;
  int64_t fail_every = 0;  // of so many steps one fails, but not when it is tried again (NUMLOOM_FAIL_EVERY)

 private:
  friend class EngineLock;
  Engine();
  // Lets the front's signal handlers run without the engine lock: true where one raised.
  bool poll_outside();
  // flush.cpp
  bool attempt(Program& program);
  bool run_recorded(FlushReason reason);
  void set_aside(Program& aside);
  void drop_dead();
  template <class Wanted>
  void retry(Wanted wanted);
  void forget(const Instr* i);
  // execute.cpp
  bool run(Program& program);
  bool execute(const Facts& facts, const Plan& plan, Program& program);
  void run_step(const Step& step, Program& program, Backend& backend, std::vector<FloatEvent>* events);
  void fail(const Step& step, Program& program, Backend& backend);
  void share(const Step& step, Program& program);
  Backend& choose(const Facts& facts);
  Backend& chosen_for(int64_t bytes);  // work on so much memory which is nowhere yet
  // residence.cpp
  Backend& device_backend() { return device ? *device : cuda_backend(); }
  char* ready(Buffer& b, Backend& backend, bool read);
  char* device_memory(Backend& backend, int64_t nbytes);
  // Memory for the backend that belongs to no buffer yet, to be freed by it.
  char* room(Backend& backend, int64_t nbytes);
  // Makes it the buffer's, in place of the memory there that it has. REQUIRES: b.movable().
  void move(Buffer& b, Backend& backend, char* memory);
  int64_t evict(int64_t nbytes);

  Program program_;                   // recorded, not tried yet
  Program failed_;                    // what failed, and what waits for it; all of it may run before all of program_
  Cuts cuts_;
  Facts facts_;
  KernelArgs args_;
  std::vector<Buffer*> in_use_;       // of the step that is being run: not to be evicted
  const Operand* binding_ = nullptr;  // the operand whose memory is being made ready
  int64_t tried_ = 0;                 // steps, for fail_every
  bool retrying_ = false;
  bool verifying_ = false;            // the program that runs, so it runs as a whole
  bool keeping_ = false;              // what is to be verified: this thread must not touch the program
  bool forked_ = false;               // the device is out of reach
  bool on_cpu_ = false;               // what failed on the device is tried on the CPU
};

// What flushes left to be told without the engine lock: warnings, and values to verify, for the front's hooks. Throws
// interrupted where a warning raised.
void issue_warnings();
void queue_verification();
void queue_warning(uint32_t site, uint8_t mask, const char* name);

// While one lives, this thread issues no warnings: those of a call that several instructions make are told once each, by the
// issue_warnings() that follows.
class WarningsWait {
 public:
  WarningsWait();
  ~WarningsWait();
  WarningsWait(const WarningsWait&) = delete;
  WarningsWait& operator=(const WarningsWait&) = delete;
};

// What NumPy calls the function that this thread is in, where it computes by another op: `x ** 2.0` is "power", arithmetic on
// scalars "scalar divide". Warnings name it. Null: the op's own name.
extern thread_local constinit const char* called_as;
class CalledAs {
 public:
  explicit CalledAs(const char* name) : before_(called_as) { called_as = name; }
  ~CalledAs() { called_as = before_; }
  CalledAs(const CalledAs&) = delete;
  CalledAs& operator=(const CalledAs&) = delete;

 private:
  const char* before_;
};

}  // namespace numloom
