// The spine: records instructions and, when their values are needed, plans and runs them.
// Thread safety: everything here happens under the engine lock, which EngineLock takes; whoever waits for it lets go of
// the front's interpreter lock first, so a thread that runs a flush can always take that one to poll signals.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "engine/cuts.h"
#include "engine/hooks.h"
#include "plan/plan.h"
#include "program/program.h"

namespace numloom {

enum class FlushReason : uint8_t { value, shared, soft_limit, eval, exported, shape, device, fork };
inline constexpr int kFlushReasons = 8;
const char* flush_reason_name(FlushReason r);

enum class Placement : uint8_t { cpu, cuda, automatic };

struct Counters {
  int64_t flushes[kFlushReasons] = {};
  int64_t instructions = 0, run_now = 0, kernels = 0, calls = 0, fused = 0, dead = 0, warnings = 0;
  int64_t refusals[kRefusals] = {};
  int64_t contracted = 0, contracted_bytes = 0;  // buffers that were never stored
  int64_t stored_bytes = 0;
  int64_t bytes_to_device = 0, bytes_to_host = 0;
  double seconds_cpu = 0, seconds_cuda = 0, seconds_planning = 0;
};

class EngineLock {
 public:
  EngineLock();
  ~EngineLock();
  EngineLock(const EngineLock&) = delete;
  EngineLock& operator=(const EngineLock&) = delete;
};

class Engine {
 public:
  static Engine& get();

  // REQUIRES below: the caller holds an EngineLock.
  Instr& draft() { return program_.draft(); }
  // Records the draft. Runs it now where its memory is shared; flushes at the soft limit.
  void commit();
  void flush(FlushReason reason);
  // Flushes where an unrun instruction writes b (or reads it, for `write`), and brings its values home.
  void host_ready(Buffer& b, FlushReason reason, bool write);
  // The values that b holds now, pending work aside, on the host.
  const char* home(Buffer& b);

  Placement placement = Placement::cpu;
  Counters counters;
  PlanCache plans;
  const Program& program() const { return program_; }
  std::string last_plan;      // text of the last plan that ran, where keep_plans
  bool keep_plans = false;

  // What a test mode may change.
  int64_t soft_instructions = 256;
  int64_t soft_bytes = int64_t{64} << 20;  // of memory that only the program keeps
  bool repetition = true;

 private:
  Engine();
  void run(Program& program);
  void execute(const Facts& facts, const Plan& plan, Program& program);
  Backend& choose(const Facts& facts);
  char* ready(Buffer& b, Backend& backend, bool read, bool write);

  Program program_;
  Cuts cuts_;
  Facts facts_;
};

// Warnings that flushes met; issued by the front's hook, without the engine lock. Throws interrupted where it raised.
void issue_warnings();
void queue_warning(uint32_t site, uint8_t mask, const char* name);

}  // namespace numloom
