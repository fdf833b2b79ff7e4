// Flushes: what runs, what waits, what is tried again. The instructions that failed, and those that conflict with them, live
// apart from what is recorded, so that they are planned, tried and paid for only when someone asks for their values.
#include "engine/engine.h"
#include "numloom/error.h"

namespace numloom {
namespace {

// Whether it leaves nothing of what its buffer held before.
bool overwrites(const Instr& i) {
  if (i.kind == Kind::scatter) return false;
  for (int k = 0; k < i.nin; ++k)
    if (i.in[k].buf == i.out.buf) return false;
  return i.out.layout.size() * item_size(i.out.dtype) == i.out.buf->nbytes &&
         (i.out.layout.c_contiguous(item_size(i.out.dtype)) || i.out.layout.f_contiguous(item_size(i.out.dtype)));
}

// The error with what the user needs to find its cause: it is raised where the value is wanted, not where it was computed.
[[noreturn]] void raise(const Instr& i) {
  std::string note = "computing " + Program::describe(i);
  if (hooks().place)
    if (const std::string place = hooks().place(i.site); !place.empty()) note += ", asked for at " + place;
  try {
    std::rethrow_exception(i.error);
  } catch (memory_error& e) {
    e.add_note(note);
    e.add_note("delete arrays that are no longer needed, or work on smaller parts; everything else stays usable");
    throw;
  } catch (error& e) {
    e.add_note(note);
    throw;
  } catch (const std::bad_alloc&) { throw memory_error("Unable to allocate memory", note); }
}

}  // namespace

// Drops from failed_ what nobody can see any more.
void Engine::drop_dead() {
  if (failed_.empty()) return;
  struct Use {
    int32_t operands = 0;
    bool wanted = false;
  };
  std::unordered_map<const Buffer*, Use> uses;
  for (int n = 0; n < failed_.size(); ++n) {
    const Instr& i = failed_[n];
    ++uses[i.out.buf].operands;
    for (int k = 0; k < i.nin; ++k)
      if (i.in[k].buf) ++uses[i.in[k].buf].operands;
  }
  for (auto& [b, use] : uses)  // NOLINT(bugprone-nondeterministic-pointer-iteration-order): each for itself
    use.wanted = b->handles() > 0 || b->shared() || b->pending_reads.load() + b->pending_writes.load() > use.operands;
  bool any = false;
  for (int n = failed_.size() - 1; n >= 0; --n) {
    const Instr& i = failed_[n];
    if (!uses[i.out.buf].wanted) {
      failed_.complete(n);
      any = true;
      continue;
    }
    if (overwrites(i)) uses[i.out.buf].wanted = false;
    for (int k = 0; k < i.nin; ++k)
      if (i.in[k].buf) uses[i.in[k].buf].wanted = true;
  }
  if (any) failed_.compact();
}

// Moves what conflicts with failed_ out of program_, to `aside`.
void Engine::set_aside(Program& aside) {
  if (failed_.empty()) return;
  Touched touched;
  for (int n = 0; n < failed_.size(); ++n) touched.add(failed_[n]);
  std::vector<bool> take(program_.size());
  bool any = false;
  for (int n = 0; n < program_.size(); ++n) {
    if (!touched.conflicts(program_[n])) continue;
    touched.add(program_[n]);
    take[n] = any = true;
  }
  if (any) program_.move(take, aside);
}

// Runs a program, leaving in it what failed and what waits for that. False where it paused: leaves all that is unrun.
bool Engine::attempt(Program& program) {
  try {
    const bool ended = run(program);
    program.compact();
    return ended;
  } catch (...) {
    program.compact();
    throw;
  }
}

// False where it paused: what had not run is recorded, and so it is where this throws.
bool Engine::run_recorded(FlushReason reason) {
  Program rest;
  if (reason != FlushReason::soft_limit) cuts_.restart();
  else if (const int at = repetition ? cuts_.cut(program_.size(), soft_instructions) : program_.size(); at < program_.size())
    program_.split(at, rest);
  drop_dead();
  Program aside;
  set_aside(aside);
  bool ended = false;
  const auto sort_out = [&] {
    // What failed now goes before what is aside: no instruction that was tried comes after one that it conflicts with.
    std::vector<bool> take(program_.size(), true);
    for (int n = 0; n < program_.size() && !ended; ++n) take[n] = program_[n].error != nullptr;
    if (!program_.empty()) program_.move(take, failed_);
    (ended ? failed_ : program_).append(std::move(aside));
    program_.append(std::move(rest));
  };
  try {
    ended = program_.empty() || attempt(program_);
  } catch (...) {
    sort_out();
    throw;
  }
  sort_out();
  return ended;
}

void Engine::flush(FlushReason reason) {
  if (program_.empty()) return;
  ++counters.flushes[static_cast<int>(reason)];
  while (!run_recorded(reason)) {
    if (poll_outside()) throw interrupted("interrupted");
    if (reason != FlushReason::soft_limit) continue;
    // What is left meets the limit again, or need not.
    cuts_.restart();
    return;
  }
}

// Tries again those of failed_ for which `wanted` holds, and what they wait for. Throws the first error among them.
template <class Wanted>
void Engine::retry(Wanted wanted) {
  drop_dead();
  Touched touched;
  std::vector<bool> take(failed_.size());
  for (int n = failed_.size() - 1; n >= 0; --n) {
    // What is to run must see what came before it: its inputs, and what reads or writes what it overwrites.
    if (!wanted(failed_[n]) && !touched.conflicts(failed_[n])) continue;
    touched.add(failed_[n]);
    take[n] = true;
  }
  Program again;
  failed_.move(take, again);
  // What is left goes back in front: nothing that stayed behind has to come before it.
  const auto put_back = [&] {
    again.append(std::move(failed_));
    failed_ = std::move(again);
  };
  const auto attempt_again = [&] {
    try {
      if (!again.empty()) attempt(again);
    } catch (...) {
      on_cpu_ = retrying_ = false;
      put_back();
      throw;
    }
  };
  retrying_ = true;
  attempt_again();
  if (!again.empty() && placement == Placement::automatic) {
    on_cpu_ = true;
    attempt_again();
    on_cpu_ = false;
  }
  retrying_ = false;
  const int left = again.size();
  put_back();
  for (int n = 0; n < left; ++n)
    if (failed_[n].error) raise(failed_[n]);
}

void Engine::demand(FlushReason reason, std::span<Buffer* const> buffers, bool write) {
  flush(reason);
  if (failed_.empty()) return;
  const auto waits = [&](const Buffer* b) {
    for (const Buffer* d : buffers)
      if (b == d) return true;
    return false;
  };
  retry([&](const Instr& i) {
    bool w = waits(i.out.buf);
    for (int k = 0; write && k < i.nin; ++k) w |= i.in[k].buf && waits(i.in[k].buf);
    return w;
  });
}

void Engine::demand_all(FlushReason reason) {
  flush(reason);
  if (!failed_.empty()) retry([](const Instr&) { return true; });
}

void Engine::host_ready(Buffer& b, FlushReason reason, bool write) {
  Buffer* const wanted = &b;
  if (b.pending_writes.load(std::memory_order_relaxed) || (write && b.pending_reads.load(std::memory_order_relaxed)))
    demand(reason, {&wanted, 1}, write);
  ready(b, cpu_backend(), true);
  if (write) b.device_valid = false;
  b.host_valid = true;  // never written: its contents are what the allocation held
  // Others may write there at any time: what was fetched is good for this once.
  if (!write && b.device_home() && b.device_valid) b.host_valid = false;
}

// Drops an instruction whose call raises.
void Engine::forget(const Instr* i) {
  for (Program* p : {&program_, &failed_})
    for (int n = 0; n < p->size(); ++n)
      if (&(*p)[n] == i) {
        p->complete(n);
        p->compact();
        return;
      }
}

}  // namespace numloom
