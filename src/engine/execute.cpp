// Runs a program: finds its plan and takes its steps on a backend. A step that fails leaves its buffers as they were; the
// steps that do not depend on it run all the same.
#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "engine/engine.h"
#include "numloom/error.h"
#include "plan/rename.h"
#include "runtime/host_pool.h"

namespace numloom {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// From this many elements in a flush on, other threads of the front may run meanwhile.
constexpr int64_t kLongFlush = 1 << 17;
// How long a flush may keep signal handlers and other threads waiting. What is left of it is then planned anew.
constexpr double kPauseSeconds = 0.2;
// automatic: work on at least this much memory goes to the GPU.
constexpr int64_t kWorthwhileBytes = 4 << 20;

const char* reported_name(const Instr& i) {
  return i.kind == Kind::reduce     ? "reduce"
         : i.kind == Kind::cumulate ? "accumulate"
         : i.called                 ? i.called
         : i.op == Op::copy         ? "cast"
                                    : op_info(i.op).name;
}

bool whole(const Operand& o) {
  return o.layout.size() * item_size(o.dtype) == o.buf->nbytes && o.layout.offset == 0 &&
         !self_overlaps(o.layout, item_size(o.dtype));
}

Call call_of(Kind k) {
  return k == Kind::matmul      ? Call::matmul
         : k == Kind::cumulate  ? Call::cumulate
         : k == Kind::argreduce ? Call::argreduce
         : k == Kind::compact   ? Call::compact
         : k == Kind::order     ? Call::order
         : k == Kind::bincount  ? Call::bincount
                                : Call::scatter;
}

// Memory of a step while it runs.
class Scratch {
 public:
  Scratch(Backend& backend, char* p, int64_t nbytes) : backend_(backend), p_(p), nbytes_(nbytes) {}
  Scratch(Scratch&& s) noexcept : backend_(s.backend_), p_(s.release()), nbytes_(s.nbytes_) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (p_) backend_.free(p_, nbytes_);
  }
  char* get() const { return p_; }
  char* release() { return std::exchange(p_, nullptr); }

 private:
  Backend& backend_;
  char* p_;
  int64_t nbytes_;
};

// A buffer that gets new storage: the view that is written there, and where the values are that it does not write.
struct Renamed {
  const Operand* written;
  char* from;
  Scratch to;
};

// As dense as a copy of it is, with no room for repetitions.
Layout compact(const Layout& l, int64_t& nbytes) {
  Layout dense = l;
  dense.offset = 0;
  for (int d = l.ndim - 1; d >= 0; --d) {
    if (l.strides[d] == 0) continue;
    dense.strides[d] = nbytes;
    nbytes *= l.shape[d];
  }
  return dense;
}

// One of each element that `l` repeats.
Layout without_repetition(Layout l) {
  for (int d = 0; d < l.ndim; ++d)
    if (l.strides[d] == 0) l.shape[d] = 1;
  return l;
}

}  // namespace

// False where it paused.
bool Engine::run(Program& program) {
  const double start = now();
  const Plan* plan = nullptr;
  try {
    analyse(program, facts_);
    const int64_t misses = plans.misses;
    plan = &plans.find(facts_);
    if (plans.misses != misses)
      for (int r = 0; r < kRefusals; ++r) counters.refusals[r] += plan->refusals[r];
  } catch (...) {
    // What cannot be planned together is tried in smaller parts, as far as it is demanded.
    for (int n = 0; n < program.size(); ++n) program.fail(n, std::current_exception());
    ++counters.failed;
    return true;
  }
  if (keep_plans) {
    last_plan = {plan->print(), {}, nullptr};
    for (const Step& step : plan->steps)
      if (!step.is_call) last_plan.kernels.push_back({step.kernel, {}});
  }
  counters.seconds_planning += now() - start;
  for (int16_t i : plan->dead) program.complete(i);
  counters.dead += static_cast<int64_t>(plan->dead.size());
  counters.fused += plan->fused;
  counters.contracted += static_cast<int64_t>(plan->contracted.size());
  for (int16_t b : plan->contracted) counters.contracted_bytes += facts_.buffers[b].buffer->nbytes;
  if (!hooks().verify_begin) return execute(facts_, *plan, program);
  void* state = nullptr;
  const auto keep = [&](auto what) {
    keeping_ = true;
    what();
    keeping_ = false;
  };
  verifying_ = true;
  keep([&] { state = hooks().verify_begin(program); });
  const int64_t failed = counters.failed;
  const auto end = [&](bool ran) {
    keep([&] { hooks().verify_end(state, ran); });
    verifying_ = false;
    queue_verification();
  };
  try {
    execute(facts_, *plan, program);
  } catch (...) {
    end(false);
    throw;
  }
  end(counters.failed == failed);
  return true;
}

Backend& Engine::choose(const Facts& facts) {
  if (on_cpu_ || placement != Placement::automatic) return chosen_for(0);
  int64_t bytes = 0;
  bool resident = false;
  for (const BufferFacts& b : facts.buffers) {
    bytes += b.buffer->nbytes;
    resident |= b.buffer->device_valid && !b.buffer->host_valid;
  }
  return resident && (device || cuda_available()) ? device_backend() : chosen_for(bytes);
}

Backend& Engine::chosen_for(int64_t bytes) {
  const bool there = !on_cpu_ && (placement == Placement::cuda || (placement == Placement::automatic &&
                                                                   bytes >= kWorthwhileBytes && (device || cuda_available())));
  return there ? device_backend() : cpu_backend();
}

// Binds the step's operands and runs it; then its outputs hold its values.
void Engine::run_step(const Step& step, Program& program, Backend& backend, std::vector<FloatEvent>* events) {
  const bool on_cpu = &backend == &cpu_backend();
  in_use_.clear();
  const auto bind = [&](const Operand& o, bool read) {
    binding_ = &o;
    char* const base = ready(*o.buf, backend, read);
    binding_ = nullptr;
    return base + o.layout.offset;
  };
  const auto test_failure = [&] {
    if (!fail_every || retrying_ || ++tried_ % fail_every) return;
    throw memory_error("a step failed for a test");
  };
  const auto wrote = [&](Buffer& b) { b.host_valid = on_cpu, b.device_valid = !on_cpu; };
  if (step.is_call) {
    const Instr& i = program[step.instr];
    in_use_.push_back(i.out.buf);
    for (int k = 0; k < i.nin; ++k) in_use_.push_back(i.in[k].buf);
    CallArgs c;
    c.op = i.op;
    c.axis = i.axis;
    c.call = call_of(i.kind);
    for (int k = 0; k < i.nin; ++k) c.in[k] = {bind(i.in[k], true), i.in[k].dtype, i.in[k].layout};
    c.out = {bind(i.out, i.kind == Kind::scatter || !whole(i.out)), i.out.dtype, i.out.layout};
    test_failure();
    backend.run(c, events);
    if (events)
      for (FloatEvent& e : *events) e.origin = step.instr;
    wrote(*i.out.buf);
    ++counters.calls;
    return;
  }
  const Kernel& k = step.kernel;
  const Layout& space = program[step.instr].space();
  args_.ndim = space.ndim;
  std::copy_n(space.shape, space.ndim, args_.shape);
  args_.slots.resize(k.slots.size());
  args_.scalars.resize(step.scalars.size());
  int64_t stored = 0;
  std::vector<Renamed> renamed;
  std::vector<Scratch> copies;
  std::vector<Transfer> transfers;
  const auto among = [](const std::vector<int16_t>& list, size_t s) {
    return std::find(list.begin(), list.end(), s) != list.end();
  };
  const auto scratch = [&](const Operand& o, int64_t nbytes) {
    binding_ = &o;
    Scratch memory(backend, room(backend, nbytes), nbytes);
    binding_ = nullptr;
    return memory;
  };
  const auto operand = [&](size_t s) -> const Operand& {
    const Instr& i = program[step.slots[s].instr];
    return step.slots[s].operand == 0 ? i.out : i.in[step.slots[s].operand - 1];
  };
  for (size_t s = 0; s < step.slots.size(); ++s) in_use_.push_back(operand(s).buf);
  for (size_t s = 0; s < step.slots.size(); ++s) {
    const Operand& o = operand(s);
    const bool write = k.slots[s].stored;
    args_.slots[s].base =
        bind(o, k.slots[s].loaded || (write && (program[step.slots[s].instr].kind == Kind::reduce || !whole(o))));
    std::copy_n(o.layout.strides, o.layout.ndim, args_.slots[s].strides);
    if (among(step.renamed, s)) {
      renamed.push_back({&o, args_.slots[s].base - o.layout.offset, scratch(o, o.buf->nbytes)});
      args_.slots[s].base = renamed.back().to.get() + o.layout.offset;
    } else if (among(step.copied, s)) {
      int64_t nbytes = item_size(o.dtype);
      const Layout dense = compact(o.layout, nbytes);
      copies.push_back(scratch(o, nbytes));
      transfers.push_back({{copies.back().get(), o.dtype, without_repetition(dense)},
                           {args_.slots[s].base, o.dtype, without_repetition(o.layout)}});
      args_.slots[s].base = copies.back().get();
      std::copy_n(dense.strides, dense.ndim, args_.slots[s].strides);
    }
    if (write) stored += std::min(o.layout.size() * item_size(o.dtype), o.buf->nbytes);
  }
  for (size_t s = 0; s < step.scalars.size(); ++s)
    args_.scalars[s] = program[step.scalars[s].instr].in[step.scalars[s].operand - 1].scalar;
  test_failure();
  if (!transfers.empty()) backend.transfer(transfers);
  backend.run(k, args_, events);
  transfers.clear();
  for (const Renamed& r : renamed)
    for (const Layout& part : rest_of(*r.written))
      transfers.push_back({{r.to.get() + part.offset, DType::u1, part}, {r.from + part.offset, DType::u1, part}});
  if (!transfers.empty()) backend.transfer(transfers);
  for (Renamed& r : renamed) move(*r.written->buf, backend, r.to.release());
  counters.renamed += static_cast<int64_t>(renamed.size());
  counters.copied += static_cast<int64_t>(copies.size());
  for (size_t s = 0; s < step.slots.size(); ++s)
    if (k.slots[s].stored) wrote(*operand(s).buf);
  counters.stored_bytes += stored;
  ++counters.kernels;
}

// The step did not run, the exception at hand says why.
void Engine::fail(const Step& step, Program& program, Backend& backend) {
  std::exception_ptr why = std::current_exception();
  if (binding_ && !binding_->buf->host_valid && !binding_->buf->device_valid) {
    // In NumPy's words.
    try {
      throw;
    } catch (const memory_error& e) {
      const std::span<const int64_t> shape = binding_->layout.dims();
      const std::string type(dtype_name(binding_->dtype));
      const std::string text = unable_to_allocate(shape, type, item_size(binding_->dtype));
      memory_error said = &backend == &cpu_backend() ? memory_error(text, {shape.begin(), shape.end()}, type)
                                                     : memory_error(text + " on the device", "");
      said.add_note(e.note());
      why = std::make_exception_ptr(said);
    } catch (...) {  // NOLINT(bugprone-empty-catch): `why` is it already
    }
  }
  binding_ = nullptr;
  // Memory that holds no values yet is worth more elsewhere.
  for (Buffer* b : in_use_) {
    if (!b->device_valid && !b->shared_on_device()) b->drop_device();
    if (!b->host_valid && !b->shared_on_host()) b->drop_host();
  }
  for (int16_t i : step.instrs) program.fail(i, why);
  ++counters.failed;
}

// After a step: memory that others can reach has its values where they look, and they may change them from now on.
void Engine::share(const Step& step, Program& program) {
  for (int16_t i : step.instrs) {
    Buffer& out = *program[i].out.buf;
    if (out.shared_on_device() && !out.device_valid) ready(out, device_backend(), true);
    if (out.shared_on_host() && out.device_valid && !out.host_valid) {
      device_backend().download(out.ensure_host(), out.device, out.nbytes);
      counters.bytes_to_host += out.nbytes;
      out.host_valid = true;
    }
    const auto forget = [](Buffer* b) {
      if (!b || !b->host_valid) return;
      if (b->shared_on_host()) b->device_valid = false;
      else if (b->shared_on_device()) b->host_valid = false;
    };
    forget(&out);
    for (int k = 0; k < program[i].nin; ++k) forget(program[i].in[k].buf);
  }
}

bool Engine::execute(const Facts& facts, const Plan& plan, Program& program) {
  Backend* backend = nullptr;
  int64_t elements = 0;
  for (const Step& s : plan.steps) elements += program[s.instr].space().size();
  FrontUnlocked unlocked(elements >= kLongFlush);

  std::vector<FloatEvent> events;
  Touched unrun;  // by what failed and what waits for it
  const double start = now();
  const auto count_time = [&] { (backend == &cpu_backend() ? counters.seconds_cpu : counters.seconds_cuda) += now() - start; };
  for (const Step& step : plan.steps) {
    if (unlocked.on && !verifying_ && !retrying_ && now() - start > kPauseSeconds) {
      count_time();
      return false;
    }
    bool run = unrun.empty();
    if (!run) {
      run = true;
      for (int16_t i : step.instrs) run &= !unrun.conflicts(program[i]);
    }
    events.clear();
    if (run) {
      try {
        if (!backend) {
          backend = &choose(facts);
          if (keep_plans) last_plan.backend = backend;
        }
        bool warns = false;
        for (int16_t i : step.instrs) warns |= program[i].warns != 0;
        const auto attempt = [&] { run_step(step, program, *backend, warns ? &events : nullptr); };
        try {
          attempt();
        } catch (const memory_error&) {
          // A backend's own scratch may be what did not fit.
          if (backend == &cpu_backend() || binding_ || evict(std::numeric_limits<int64_t>::max()) == 0) throw;
          attempt();
        }
      } catch (...) {
        fail(step, program, backend ? *backend : cpu_backend());
        run = false;
      }
    }
    if (!run) {
      for (int16_t i : step.instrs) unrun.add(program[i]);
      continue;
    }
    if (keep_plans && !step.is_call) {
      auto& kernels = last_plan.kernels;
      const auto waits = std::find_if(kernels.begin(), kernels.end(),
                                      [&](const LastPlan::Launch& l) { return !l.ran && l.kernel.hash == step.kernel.hash; });
      if (waits != kernels.end()) waits->args = args_, waits->ran = true;
    }
    for (const FloatEvent& e : events)
      if (const uint8_t mask = e.origin >= 0 ? e.mask & program[e.origin].warns : 0)
        queue_warning(program[e.origin].site, mask, reported_name(program[e.origin]));
    const auto complete = [&] {
      for (int16_t i : step.instrs) program.complete(i);
    };
    try {
      if (facts.shared) share(step, program);
    } catch (...) {
      complete();
      throw;
    }
    complete();
  }
  count_time();
  return true;
}

}  // namespace numloom
