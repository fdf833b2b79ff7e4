#include "engine/engine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>

#include "base/environment.h"
#include "numloom/error.h"

namespace numloom {
namespace {

std::mutex engine_mutex;

struct PendingWarning {
  uint32_t site;
  uint8_t mask;
  const char* name;
};
std::mutex warning_mutex;
std::vector<PendingWarning> pending_warnings;
std::atomic<bool> any_warning{false};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// From this many elements in a flush on, other threads of the front may run meanwhile.
constexpr int64_t kLongFlush = 1 << 17;
constexpr double kPollSeconds = 0.05;
// automatic: work on at least this much memory goes to the GPU.
constexpr int64_t kWorthwhileBytes = 4 << 20;

const char* reported_name(const Instr& i) {
  return i.kind == Kind::reduce ? "reduce" : i.op == Op::copy ? "cast" : op_info(i.op).name;
}

}  // namespace

Hooks& hooks() {
  static Hooks h;
  return h;
}

const char* flush_reason_name(FlushReason r) {
  static constexpr const char* kNames[] = {"value", "shared", "soft_limit", "eval", "exported", "shape", "device", "fork"};
  return kNames[static_cast<int>(r)];
}

EngineLock::EngineLock() {
  if (engine_mutex.try_lock()) return;
  if (hooks().release_lock) {
    void* state = hooks().release_lock();
    engine_mutex.lock();
    hooks().reacquire_lock(state);
  } else {
    engine_mutex.lock();
  }
}
EngineLock::~EngineLock() { engine_mutex.unlock(); }

Engine& Engine::get() {
  static auto* e = new Engine;  // work that nobody can see is dropped at exit, with the process
  return *e;
}

Engine::Engine() {
  soft_instructions = environment_number("NUMLOOM_SOFT_INSTRUCTIONS", soft_instructions);
  soft_bytes = environment_number("NUMLOOM_SOFT_BYTES", soft_bytes);
  plans.enabled = environment_number("NUMLOOM_PLAN_CACHE", 1) != 0;
  repetition = environment_number("NUMLOOM_REPETITION", 1) != 0;
}

void Engine::commit() {
  Instr& d = program_.draft();
  if (hooks().site) d.site = hooks().site();
  bool shared = d.out.buf->shared();
  for (int k = 0; k < d.nin; ++k) shared |= d.in[k].buf && d.in[k].buf->shared();
  program_.commit();
  ++counters.instructions;
  if (repetition) cuts_.recorded(program_.forms().back());
#ifdef NUMLOOM_VERIFY
  program_.verify();
#endif
  if (shared) flush(FlushReason::shared);
  else if (program_.size() >= cuts_.limit(soft_instructions) ||
           (program_.bytes() >= soft_bytes && program_.kept_bytes() >= soft_bytes))
    flush(FlushReason::soft_limit);
}

void Engine::flush(FlushReason reason) {
  if (program_.empty()) return;
  ++counters.flushes[static_cast<int>(reason)];
  Program rest;
  if (reason != FlushReason::soft_limit) cuts_.restart();
  else if (const int at = repetition ? cuts_.cut(program_.size(), soft_instructions) : program_.size(); at < program_.size())
    program_.split(at, rest);
  try {
    run(program_);
  } catch (...) {
    program_.compact();
    program_.append(std::move(rest));
    throw;
  }
  program_.compact();
  program_.append(std::move(rest));
}

void Engine::run(Program& program) {
  const double start = now();
  analyse(program, facts_);
  const int64_t misses = plans.misses;
  const Plan& plan = plans.find(facts_);
  if (plans.misses != misses)
    for (int r = 0; r < kRefusals; ++r) counters.refusals[r] += plan.refusals[r];
  if (keep_plans) last_plan = plan.print();
  counters.seconds_planning += now() - start;
  for (int16_t i : plan.dead) program.complete(i);
  counters.dead += static_cast<int64_t>(plan.dead.size());
  counters.fused += plan.fused;
  counters.contracted += static_cast<int64_t>(plan.contracted.size());
  for (int16_t b : plan.contracted) counters.contracted_bytes += facts_.buffers[b].buffer->nbytes;
  if (!hooks().verify_begin) return execute(facts_, plan, program);
  void* const state = hooks().verify_begin(program);
  try {
    execute(facts_, plan, program);
  } catch (...) {
    hooks().verify_end(state, false);
    throw;
  }
  hooks().verify_end(state, true);
}

const char* Engine::home(Buffer& b) { return ready(b, cpu_backend(), true, false); }

Backend& Engine::choose(const Facts& facts) {
  if (placement == Placement::cpu) return cpu_backend();
  if (placement == Placement::cuda) return cuda_backend();
  int64_t bytes = 0;
  bool resident = false;
  for (const BufferFacts& b : facts.buffers) {
    bytes += b.buffer->nbytes;
    resident |= b.buffer->device_valid && !b.buffer->host_valid;
  }
  return (resident || bytes >= kWorthwhileBytes) && cuda_available() ? cuda_backend() : cpu_backend();
}

namespace {

// Device memory of buffers that died: on whatever thread, so it waits here for the next allocation under the engine lock.
std::mutex dead_mutex;
std::vector<std::pair<char*, int64_t>> dead_memory;

void bury(char* p, int64_t nbytes) {
  std::lock_guard lock(dead_mutex);
  dead_memory.emplace_back(p, nbytes);
}

char* device_alloc(Backend& backend, int64_t nbytes) {
  free_device_memory = bury;
  std::vector<std::pair<char*, int64_t>> dead;
  {
    std::lock_guard lock(dead_mutex);
    dead.swap(dead_memory);
  }
  for (auto [p, n] : dead) backend.free(p, n);
  return static_cast<char*>(backend.alloc(nbytes));
}

}  // namespace

// The address of b's memory for this backend, holding its values where they are read.
char* Engine::ready(Buffer& b, Backend& backend, bool read, bool write) {
  if (&backend == &cpu_backend()) {
    b.ensure_host();
    if (read && !b.host_valid && b.device_valid) {
      cuda_backend().download(b.host, b.device, b.nbytes);
      counters.bytes_to_host += b.nbytes;
      b.host_valid = true;
    }
    if (write) {
      b.host_valid = true;
      b.device_valid = false;
    }
    return b.host;
  }
  if (!b.device) b.device = device_alloc(backend, b.nbytes);
  if (read && !b.device_valid && b.host_valid) {
    backend.upload(b.device, b.host, b.nbytes);
    counters.bytes_to_device += b.nbytes;
    b.device_valid = true;
  }
  if (write) {
    b.device_valid = true;
    b.host_valid = false;
  }
  return b.device;
}

void Engine::execute(const Facts& facts, const Plan& plan, Program& program) {
  Backend& backend = choose(facts);
  const bool on_cpu = &backend == &cpu_backend();
  const uint8_t mask = hooks().warn_mask ? hooks().warn_mask() : 0;
  int64_t elements = 0;
  for (const Step& s : plan.steps) elements += program[s.instr].space().size();
  struct Unlocked {
    void* state = nullptr;
    bool on;
    explicit Unlocked(bool o) : on(o && hooks().release_lock) {
      if (on) state = hooks().release_lock();
    }
    ~Unlocked() {
      if (on) hooks().reacquire_lock(state);
    }
  } unlocked(elements >= kLongFlush);

  std::vector<FloatEvent> events;
  KernelArgs args;
  const double start = now();
  double polled = start;
  for (const Step& step : plan.steps) {
    if (unlocked.on && hooks().poll && now() - polled > kPollSeconds) {
      hooks().reacquire_lock(unlocked.state);
      const bool raised = hooks().poll();
      unlocked.state = hooks().release_lock();
      polled = now();
      if (raised) throw interrupted("interrupted");
    }
    events.clear();
    const auto whole = [](const Operand& o) {
      return o.layout.size() * item_size(o.dtype) == o.buf->nbytes && o.layout.offset == 0 &&
             !self_overlaps(o.layout, item_size(o.dtype));
    };
    if (step.is_call) {
      const Instr& i = program[step.instr];
      CallArgs c;
      c.op = i.op;
      c.axis = i.axis;
      c.call = i.kind == Kind::matmul      ? Call::matmul
               : i.kind == Kind::cumulate  ? Call::cumulate
               : i.kind == Kind::argreduce ? Call::argreduce
                                           : Call::scatter;
      for (int k = 0; k < i.nin; ++k)
        c.in[k] = {ready(*i.in[k].buf, backend, true, false) + i.in[k].layout.offset, i.in[k].dtype, i.in[k].layout};
      c.out = {ready(*i.out.buf, backend, i.kind == Kind::scatter || !whole(i.out), true) + i.out.layout.offset, i.out.dtype,
               i.out.layout};
      backend.run(c, mask ? &events : nullptr);
      ++counters.calls;
    } else {
      const Kernel& k = step.kernel;
      const Layout& space = program[step.instr].space();
      args.ndim = space.ndim;
      std::copy_n(space.shape, space.ndim, args.shape);
      args.slots.resize(k.slots.size());
      args.scalars.resize(step.scalars.size());
      for (size_t s = 0; s < step.slots.size(); ++s) {
        const Instr& i = program[step.slots[s].instr];
        const int n = step.slots[s].operand;
        const Operand& o = n == 0 ? i.out : i.in[n - 1];
        const bool write = k.slots[s].stored;
        char* base = ready(*o.buf, backend, k.slots[s].loaded || (write && (i.kind == Kind::reduce || !whole(o))), write);
        args.slots[s].base = base + o.layout.offset;
        std::copy_n(o.layout.strides, o.layout.ndim, args.slots[s].strides);
        if (write) counters.stored_bytes += std::min(o.layout.size() * item_size(o.dtype), o.buf->nbytes);
      }
      for (size_t s = 0; s < step.scalars.size(); ++s) {
        args.scalars[s] = program[step.scalars[s].instr].in[step.scalars[s].operand - 1].scalar;
      }
      backend.run(k, args, mask ? &events : nullptr);
      ++counters.kernels;
    }
    for (const FloatEvent& e : events)
      if (e.origin >= 0 && (e.mask & mask))
        queue_warning(program[e.origin].site, e.mask & mask, reported_name(program[e.origin]));
    for (int16_t i : step.instrs) {
      Buffer& out = *program[i].out.buf;
      if (!on_cpu && out.shared() && out.device_valid) {
        backend.download(out.ensure_host(), out.device, out.nbytes);
        counters.bytes_to_host += out.nbytes;
        out.host_valid = true;
      }
      // Others may write shared memory from now on: a copy on the device is good for one step.
      const auto forget = [](Buffer* b) {
        if (b && b->shared() && b->host_valid) b->device_valid = false;
      };
      if (!on_cpu) {
        forget(&out);
        for (int k = 0; k < program[i].nin; ++k) forget(program[i].in[k].buf);
      }
      program.complete(i);
    }
  }
  (on_cpu ? counters.seconds_cpu : counters.seconds_cuda) += now() - start;
}

void Engine::host_ready(Buffer& b, FlushReason reason, bool write) {
  if (b.pending_writes.load(std::memory_order_relaxed) || (write && b.pending_reads.load(std::memory_order_relaxed)))
    flush(reason);
  ready(b, cpu_backend(), true, write);
  if (!write) b.host_valid = true;  // never written: its contents are what the allocation held
}

void queue_warning(uint32_t site, uint8_t mask, const char* name) {
  std::lock_guard lock(warning_mutex);
  for (uint8_t bit = 1; bit <= kWarnInvalid; bit <<= 1) {
    if (!(mask & bit)) continue;
    bool known = false;
    for (const PendingWarning& w : pending_warnings) known |= w.site == site && w.mask == bit && w.name == name;
    if (!known) pending_warnings.push_back({site, bit, name});
  }
  any_warning = true;
}

void issue_warnings() {
  if (!any_warning.load(std::memory_order_relaxed)) return;
  std::vector<PendingWarning> list;
  {
    std::lock_guard lock(warning_mutex);
    list.swap(pending_warnings);
    any_warning = false;
  }
  for (const PendingWarning& w : list)
    if (hooks().warn && !hooks().warn(w.site, w.mask, w.name)) throw interrupted("a warning became an error");
}

}  // namespace numloom
