#include "api/debug.h"

#include <algorithm>
#include <optional>

#include "api/record.h"
#include "backend/cuda/control.h"
#include "runtime/threads.h"

namespace numloom {
namespace {

void bring_home(const Array& a, FlushReason reason, bool write) {
  Buffer& b = *a.buf;
  if ((write ? b.idle() : b.readable()) && b.host && b.host_valid && !(write && b.device_valid)) return;
  {
    EngineLock lock;
    Engine::get().host_ready(b, reason, write);
  }
  issue_warnings();
}

}  // namespace

void eval(std::span<const Array> arrays) {
  if (arrays.empty()) return;
  std::vector<Buffer*> buffers;
  for (const Array& a : arrays) buffers.push_back(a.buf);
  {
    EngineLock lock;
    Engine::get().demand(FlushReason::eval, buffers);
  }
  issue_warnings();
}

void eval_all() {
  {
    EngineLock lock;
    Engine::get().demand_all(FlushReason::eval);
  }
  issue_warnings();
}

void settle() {
  {
    EngineLock lock;
    Engine::get().flush(FlushReason::eval);
  }
  issue_warnings();
}

namespace {

void wait_for_device() {
  EngineLock lock;
  Engine::get().wait();
}

}  // namespace

void synchronize() {
  eval_all();
  wait_for_device();
}

char* host_data(const Array& a) {
  bring_home(a, FlushReason::value, false);
  return a.buf->host + a.layout.offset;
}

Array on_host(const Array& a) {
  const Buffer& b = *a.buf;
  const int64_t bytes = a.size() * a.item();
  if (bytes == 0 || bytes > b.nbytes / 4 || (b.readable() && b.host)) return a;
  const bool fortran = a.layout.f_contiguous(a.item()) && !a.layout.c_contiguous(a.item());
  const Array part = make_result(Layout::contiguous(a.layout.dims(), a.item(), fortran), a.dtype);
  bool done;
  {
    EngineLock lock;
    done = Engine::get().read_part(*a.buf, a.dtype, a.layout, *part.buf, part.layout);
  }
  issue_warnings();
  return done ? part : a;
}

char* host_data_for_write(const Array& a) {
  bring_home(a, FlushReason::value, true);
  a.buf->changed();
  return a.buf->host + a.layout.offset;
}

void lease(const Array& a) {
  // Also what only reads it must have run: foreign code may write.
  bring_home(a, FlushReason::exported, true);
  a.buf->changed();
  a.buf->retain_handle();
  a.buf->leases.fetch_add(1);
}

void unlease(Buffer* b) {
  b->leases.fetch_sub(1);
  b->release_handle();
}

Scalar item_value(const Array& a) {
  if (a.size() != 1) throw value_error("can only convert an array of size 1 to a Python scalar");
  Scalar s;
  s.dtype = a.dtype;
  const auto read = [&](const Array& held) { std::copy_n(host_data(held), a.item(), reinterpret_cast<char*>(s.raw)); };
  if (a.buf->readable()) read(a);
  else read(on_host(a));
  return s;
}

void set_device(Device d) {
  if (d == Device::cuda) {
    std::string why;
    if (!cuda_available(&why))
      throw runtime_error("the device 'cuda' cannot be used: " + why, "use 'auto' or 'cpu', or install what is missing");
  }
  EngineLock lock;
  Engine& e = Engine::get();
  e.flush(FlushReason::device);
  e.placement = d == Device::cpu ? Placement::cpu : d == Device::cuda ? Placement::cuda : Placement::automatic;
}

Device device() {
  switch (Engine::get().placement) {
    case Placement::cpu: return Device::cpu;
    case Placement::cuda: return Device::cuda;
    default: return Device::automatic;
  }
}

std::vector<std::pair<std::string, double>> counters() {
  EngineLock lock;
  const Engine& e = Engine::get();
  const Counters& c = e.counters;
  std::vector<std::pair<std::string, double>> out = {{"instructions", double(c.instructions)},
                                                     {"run_now", double(c.run_now)},
                                                     {"kernels", double(c.kernels)},
                                                     {"calls", double(c.calls)},
                                                     {"fused_ops", double(c.fused)},
                                                     {"dead_ops", double(c.dead)},
                                                     {"temporaries_elided", double(c.contracted)},
                                                     {"temporaries_elided_bytes", double(c.contracted_bytes)},
                                                     {"stored_bytes", double(c.stored_bytes)},
                                                     {"bytes_to_device", double(c.bytes_to_device)},
                                                     {"bytes_to_host", double(c.bytes_to_host)},
                                                     {"failed", double(c.failed)},
                                                     {"evicted_bytes", double(c.evicted_bytes)},
                                                     {"renamed", double(c.renamed)},
                                                     {"copied", double(c.copied)},
                                                     {"plan_hits", double(e.plans.hits)},
                                                     {"plan_misses", double(e.plans.misses)},
                                                     {"time_cpu", c.seconds_cpu},
                                                     {"time_cuda", c.seconds_cuda},
                                                     {"time_planning", c.seconds_planning}};
  for (int r = 0; r < kFlushReasons; ++r)
    out.emplace_back(std::string("flush_") + flush_reason_name(static_cast<FlushReason>(r)), double(c.flushes[r]));
  static constexpr const char* kWhy[] = {"", "hazard", "shape", "axes", "size"};
  for (int r = 1; r < kRefusals; ++r) out.emplace_back(std::string("refused_") + kWhy[r], double(c.refusals[r]));
  for (auto& s : cpu_backend().statistics()) out.push_back(s);
  if (e.placement != Placement::cpu && cuda_available())
    for (auto& s : cuda_backend().statistics()) out.push_back(s);
  return out;
}

void reset_counters() {
  EngineLock lock;
  Engine& e = Engine::get();
  e.counters = {};
  e.plans.hits = e.plans.misses = 0;
}

namespace {

// One string for each kernel of the last plan.
template <class Show>
std::vector<std::string> of_last_kernels(Show show) {
  EngineLock lock;
  const LastPlan& plan = Engine::get().last_plan;
  std::vector<std::string> out;
  out.reserve(plan.kernels.size());
  for (const LastPlan::Launch& l : plan.kernels) out.push_back(l.ran ? show(*plan.backend, l.kernel, l.args) : std::string());
  return out;
}

}  // namespace

std::string debug_program() {
  EngineLock lock;
  const Engine& e = Engine::get();
  return e.program().print() + (e.failed().empty() ? "" : "failed, or waiting for what failed:\n" + e.failed().print());
}

std::string debug_plan() {
  EngineLock lock;
  return Engine::get().last_plan.text;
}

std::vector<std::string> debug_bytecode() {
  return of_last_kernels([](Backend& backend, const auto&... launch) { return backend.bytecode(launch...); });
}

std::vector<std::string> debug_texts() {
  return of_last_kernels([](Backend& backend, const auto&... launch) { return backend.text(launch...); });
}

void debug_keep(bool on) {
  EngineLock lock;
  Engine::get().keep_plans = on;
}

namespace {
// Held across a fork: a flush that another thread is in the middle of would never end in the child. Of the thread that forks:
// another one may come to the same point and wait there.
thread_local std::optional<EngineLock> fork_lock;
}  // namespace

void before_fork() {
  cuda::end_start();
  settle();
  fork_lock.emplace();
  Engine::get().before_fork();
}

void after_fork_parent() { fork_lock.reset(); }

void after_fork_child() {
  fork_lock.reset();
  threads_after_fork();
  Engine::get().after_fork_child();
}

void before_exit() {
  cuda::end_start();
  cuda::stop_compiling();
}

}  // namespace numloom
