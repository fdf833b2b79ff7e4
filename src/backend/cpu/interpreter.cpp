// A nest is run as blocks of consecutive elements in its C order. A slot that is dense over the block is used where it
// lies; others are gathered into a register first, or scattered from one at the end. Rows that are long make blocks of their
// own, so that a slot which is dense along rows only (a slice of a matrix) is dense over the block too.
#include "backend/cpu/interpreter.h"

#include <xmmintrin.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <new>

#include "base/environment.h"
#include "runtime/threads.h"

namespace numloom::cpu {
namespace {

constexpr int64_t kLongRow = 96;          // rows from this length on make blocks of their own
constexpr int64_t kRegisterBytes =
    65536;  // registers of one frame: they live in the second-level cache, half of the time in the first
constexpr int64_t kRegisterMost = 16384;   // of one register
constexpr int kHeavy = 16;                 // weight from which on memory can be fetched while a strip computes
constexpr int64_t kAheadBytes = 1 << 19;   // what is smaller is in a cache anyway
constexpr int64_t kAheadStrips = 2;
constexpr int kAheadLines = 4;             // asked for together
constexpr int64_t kStretch = 1 << 16;  // elements that run in strips before the flags are asked, where no slot needs more care
constexpr int64_t kParallelWork = 400000;  // elements times weight (some 30 us), for a second thread to pay

constexpr unsigned kFlags = _MM_EXCEPT_INVALID | _MM_EXCEPT_DIV_ZERO | _MM_EXCEPT_OVERFLOW;

int64_t forced_block() {
  static const int64_t forced = std::max<int64_t>(0, environment_number("NUMLOOM_BLOCK", 0));
  return forced;
}

int64_t strip_elements(const BlockProgram& p) {
  if (p.loops > 1) return kStripBytes / p.item;
  // Registers that scalars fill are read by every strip, from the first-level cache if they are short.
  return p.filled.empty() ? kRegisterMost : 4 * kStripBytes / p.item;
}

// Whether running a block twice would find other operands. Views of one buffer are identical or disjoint.
bool writes_what_it_reads(const Kernel& k, const Nest& nest) {
  for (size_t s = 0; s < k.slots.size(); ++s)
    for (size_t r = 0; r < k.slots.size(); ++r)
      if (k.slots[s].stored && k.slots[r].loaded && nest.slots[s].base == nest.slots[r].base) return true;
  return false;
}

// Register memory of this thread, grown as needed and never cleared.
char* register_memory(int64_t bytes) {
  struct Memory {
    char* p = nullptr;
    int64_t size = 0;
    ~Memory() { std::free(p); }
  };
  thread_local Memory m;
  if (m.size < bytes) {
    std::free(m.p);
    m.size = (bytes + 4095) / 4096 * 4096;
    m.p = static_cast<char*>(std::aligned_alloc(64, m.size));
    if (!m.p) {
      m.size = 0;
      throw std::bad_alloc();
    }
  }
  return m.p;
}

}  // namespace

int64_t block_elements(const BlockProgram& p) {
  if (const int64_t forced = forced_block()) return forced;
  const int64_t n = kRegisterBytes / (p.item * std::max(1, p.nregs));
  return std::clamp<int64_t>(n / 64 * 64, 128, kRegisterMost / p.item);
}

Frame::Frame(const BlockProgram& p, const Nest& nest, const std::vector<Scalar>& scalars, int64_t block, bool check)
    : events(check ? p.code.size() : 0), p_(p), nest_(nest), block_(block) {
  if (check) _MM_SET_EXCEPTION_STATE(0);
  for (Access a : nest.access) linear_ &= a == Access::linear;
  unasked_ = p.straight && (!check || (p.askable && !writes_what_it_reads(p.kernel, nest)));
  // A reduction takes whole blocks of values.
  strip_ = unasked_ && p.kernel.reduces.empty() ? std::min(block, strip_elements(p)) : block;
  ahead_ = unasked_ && linear_ && strip_ < block && p.weight >= kHeavy && nest.size * p.item >= kAheadBytes;

  const auto rounded = [&](int64_t n) { return (n * p.item + 63) / 64 * 64; };
  const int64_t size = rounded(block), small = strip_ < block ? rounded(strip_) : 0;
  char* base = register_memory((size + small) * p.nregs);
  for (int r = 0; r < p.nregs; ++r) {
    reg_.push_back(base + r * size);
    if (small) strip_reg_.push_back(base + p.nregs * size + r * small);
  }
  at_.resize(p.reg.size());
  scalars_.resize(p.reg.size());
  for (size_t v = 0; v < at_.size(); ++v)
    if (p.reg[v] >= 0) at_[v] = reg_[p.reg[v]];
  for (size_t s = 0; s < scalars.size(); ++s) {
    const int16_t v = p.scalar_value[s];
    if (v < 0) continue;
    scalars_[v] = scalars[s];
    if (p.reg[v] < 0) at_[v] = reinterpret_cast<char*>(scalars_[v].raw);
  }
  if (small)
    for (int16_t v : p.filled) fill(v, strip_reg_[p.reg[v]], 0, strip_);
}

void Frame::fill(int16_t v, char* to, int64_t begin, int64_t end) const {
  by_item(item_size(p_.kernel.value_types[v]), [&](auto tag) {
    using T = decltype(tag);
    load_run(reinterpret_cast<T*>(to) + begin, reinterpret_cast<const char*>(scalars_[v].raw), end - begin, 0);
  });
}

void Frame::fill_block(int64_t n) {
  if (n <= filled_) return;
  for (int16_t v : p_.filled) fill(v, reg_[p_.reg[v]], filled_, n);
  filled_ = n;
}

char* Frame::dense(int s, const Cursor& c, int from, int to, int64_t n, const std::vector<int64_t>* shift) const {
  const int last = to - 1;
  const bool one_row = to > from && c.at[last] + n <= nest_.shape[last];
  if (n == 1 || (nest_.access[s] == Access::linear && to == nest_.ndim) ||
      (one_row && nest_.slots[s].strides[last] == item_size(p_.kernel.slots[s].dtype)))
    return memory(s, c, from, to, shift);
  return nullptr;
}

bool Frame::all_dense(const Cursor& c, int from, int to, int64_t n) const {
  if (linear_ && to == nest_.ndim) return true;
  for (size_t s = 0; s < nest_.slots.size(); ++s)
    if (!dense(static_cast<int>(s), c, from, to, n, nullptr)) return false;
  return true;
}

bool Frame::run_strips(const Cursor& c, int from, int to, int64_t n, const std::vector<int64_t>* shift) {
  item_.assign(at_.size(), 0);
  for (int16_t v : p_.filled) at_[v] = strip_reg_[p_.reg[v]];
  steps_.clear();
  for (const BlockInstr& b : p_.code) {
    const int slot = b.code == Code::load ? b.aux : p_.direct_slot[b.dst];
    at_[b.dst] = slot >= 0 ? memory(slot, c, from, to, shift) : strip_reg_[p_.reg[b.dst]];
    if (slot >= 0) item_[b.dst] = item_size(p_.kernel.value_types[b.dst]);
    if (b.code == Code::load || b.taken) continue;
    Step& s = steps_.emplace_back();
    const bool paired = b.first >= 0;
    s.weight = b.weight;
    for (int16_t other : {b.first, b.inner, b.beside})
      if (other >= 0) s.weight += p_.code[other].weight;
    s.fn = paired ? b.pair : b.fn;
    s.asks = !events.empty() && b.results_tell ? static_cast<int32_t>(&b - p_.code.data()) : -1;
    int16_t value[6] = {b.dst, paired ? b.with[0] : b.a, paired ? b.with[1] : b.b, paired ? b.with[2] : b.c, -1, -1};
    if (b.beside >= 0) {
      const BlockInstr& d = p_.code[b.beside];
      s.both = b.both;
      value[3] = d.dst, value[4] = d.a, value[5] = d.b >= 0 ? d.b : d.a;
    }
    for (int j = 0; j < 6; ++j)
      if (value[j] >= 0) {
        s.at[j] = at_[value[j]];
        s.by[j] = item_[value[j]] * strip_;
      }
  }
  if (ahead_) spread_ahead(c, from, to, shift);

  bool met = false;
  for (int64_t done = 0; done < n; done += strip_) {
    const int64_t m = std::min(strip_, n - done);
    Ahead* ahead = aheads_.data();
    for (Step& s : steps_) {
      if (s.both) s.both(s.at, m);
      else s.fn(s.at[0], s.at[1], s.at[2], s.at[3], m);
      for (Ahead* const end = ahead + s.aheads; ahead != end; ++ahead) {
        // Into the second-level cache: the first is full of registers.
        for (int line = 0; line < kAheadLines; ++line) __builtin_prefetch(ahead->at + line * 64, 0, 2);
        ahead->at += ahead->by;
      }
      if (s.asks >= 0) met |= p_.code[s.asks].special(s.at[0], m * p_.code[s.asks].parts);
      for (int j = 0; j < 6; ++j) s.at[j] += s.by[j];
    }
    for (const KStore& k : p_.copies) {
      const int64_t item = item_size(p_.kernel.slots[k.slot].dtype);
      char* to_memory = memory(k.slot, c, from, to, shift) + done * item;
      const char* value = at_[k.value] + done * item_[k.value];
      if (to_memory != value) std::memcpy(to_memory, value, m * item);
    }
  }
  for (int16_t v : p_.filled) at_[v] = reg_[p_.reg[v]];
  if (events.empty() || (!met && !(_MM_GET_EXCEPTION_STATE() & kFlags))) return true;
  _MM_SET_EXCEPTION_STATE(0);
  return false;
}

// Between the loops of a strip, so that memory works while they compute: more of it after those that take longer, because few lines
// can be under way at a time.
void Frame::spread_ahead(const Cursor& c, int from, int to, const std::vector<int64_t>* shift) {
  aheads_.clear();
  for (size_t slot = 0; slot < nest_.slots.size(); ++slot) {
    const int64_t bytes = item_size(p_.kernel.slots[slot].dtype) * strip_;
    for (int64_t at = 0; at < bytes; at += kAheadLines * 64)
      aheads_.push_back({memory(static_cast<int>(slot), c, from, to, shift) + kAheadStrips * bytes + at, bytes});
  }
  int64_t all = 0, sum = 0;
  for (const Step& s : steps_) all += s.weight;
  for (Step& s : steps_) {
    const int64_t before = static_cast<int64_t>(aheads_.size()) * sum / all;
    sum += s.weight;
    s.aheads = static_cast<int32_t>(static_cast<int64_t>(aheads_.size()) * sum / all - before);
  }
}

void Frame::run_straight(const Cursor& c, int from, int to, int64_t n, const std::vector<int64_t>* shift) {
  char** at = at_.data();
  for (const BlockInstr& b : p_.code) {
    if (b.code == Code::load) {
      at[b.dst] = memory(b.aux, c, from, to, shift);
      continue;
    }
    const int s = p_.direct_slot[b.dst];
    char* dst = s >= 0 ? memory(s, c, from, to, shift) : reg_[p_.reg[b.dst]];
    if (b.warns && !events.empty()) checked(b, dst, n);
    else b.fn(dst, b.a >= 0 ? at[b.a] : nullptr, b.b >= 0 ? at[b.b] : nullptr, b.c >= 0 ? at[b.c] : nullptr, n);
    at[b.dst] = dst;
  }
  for (const KStore& s : p_.copies) {
    char* m = memory(s.slot, c, from, to, shift);
    if (m != at[s.value]) std::memcpy(m, at[s.value], n * item_size(p_.kernel.slots[s.slot].dtype));
  }
}

void Frame::evaluate_all(int64_t begin, int64_t end) {
  Cursor c;
  const int64_t stretch = linear_ && unasked_ && strip_ < block_ ? std::max(block_, kStretch / block_ * block_) : block_;
  for (int64_t at = begin; at < end; at += stretch) {
    const int64_t n = std::min(stretch, end - at);
    if (n > block_ && !wary_) {
      c.seek(nest_, 0, nest_.ndim, at);
      if (run_strips(c, 0, nest_.ndim, n, nullptr)) continue;
    }
    for (int64_t done = 0; done < n; done += block_) {
      c.seek(nest_, 0, nest_.ndim, at + done);
      evaluate(c, 0, nest_.ndim, std::min(block_, n - done));
    }
  }
}

void Frame::evaluate(const Cursor& c, int from, int to, int64_t n, const std::vector<int64_t>* shift) {
  if (p_.straight && all_dense(c, from, to, n)) {
    if (n > strip_ && unasked_ && !wary_ && run_strips(c, from, to, n, shift)) return;
    wary_ = false;
    fill_block(n);
    return run_straight(c, from, to, n, shift);
  }
  fill_block(n);
  const auto base = [&](int s) { return nest_.slots[s].base + (shift ? (*shift)[s] : 0); };
  for (const BlockInstr& b : p_.code) {
    switch (b.code) {
      case Code::loop: {
        char* dst = p_.reg[b.dst] >= 0 ? reg_[p_.reg[b.dst]] : nullptr;
        if (const int s = p_.direct_slot[b.dst]; s >= 0)
          if (char* m = dense(s, c, from, to, n, shift)) dst = m;
        if (b.warns && !events.empty()) {
          checked(b, dst, n);
          at_[b.dst] = dst;
          break;
        }
        at_[b.dst] = dst;
        b.fn(dst, b.a >= 0 ? at_[b.a] : nullptr, b.b >= 0 ? at_[b.b] : nullptr, b.c >= 0 ? at_[b.c] : nullptr, n);
        break;
      }
      case Code::load: {
        if (char* m = b.held ? nullptr : dense(b.aux, c, from, to, n, shift)) {
          at_[b.dst] = m;
          break;
        }
        char* const stored = b.into >= 0 ? dense(b.into, c, from, to, n, shift) : nullptr;
        char* const dst = at_[b.dst] = stored ? stored : reg_[p_.reg[b.dst]];
        const char* from_memory = base(b.aux);
        by_item(b.item, [&](auto tag) {
          using T = decltype(tag);
          for_runs(nest_, nest_.slots[b.aux], c, from, to, n, [&](int64_t o, int64_t run, int64_t stride, int64_t done) {
            load_run(reinterpret_cast<T*>(dst) + done, from_memory + o, run, stride);
          });
        });
        break;
      }
      case Code::gather: {
        char* dst = at_[b.dst] = reg_[p_.reg[b.dst]];
        const auto* index = reinterpret_cast<const int64_t*>(at_[b.a]);
        const char* from_memory = base(b.aux);
        by_item(b.item, [&](auto tag) {
          using T = decltype(tag);
          for_runs(nest_, nest_.slots[b.aux], c, from, to, n, [&](int64_t o, int64_t run, int64_t stride, int64_t done) {
            const char* m = from_memory + o;
            T* d = reinterpret_cast<T*>(dst) + done;
            for (int64_t i = 0; i < run; ++i) d[i] = *reinterpret_cast<const T*>(m + i * stride + index[done + i]);
          });
        });
        break;
      }
      case Code::index: {
        auto* dst = reinterpret_cast<int64_t*>(at_[b.dst] = reg_[p_.reg[b.dst]]);
        const int axis = nest_.axis_of[b.aux];
        if (axis < 0) {
          std::fill(dst, dst + n, 0);
        } else if (axis < from || axis >= to) {
          std::fill(dst, dst + n, c.at[axis]);
        } else {
          Cursor at = c;
          const int last = to - 1;
          for (int64_t i = 0, run; i < n; i += run, at.step(nest_, from, to)) {
            run = std::min(nest_.shape[last] - at.at[last], n - i);
            const int64_t first = at.at[axis], step = axis == last;
            for (int64_t k = 0; k < run; ++k) dst[i + k] = first + k * step;
            at.at[last] += run - 1;
          }
        }
        break;
      }
    }
  }
  const auto store = [&](int16_t v, int s) {
    const int item = item_size(p_.kernel.slots[s].dtype);
    if (char* m = dense(s, c, from, to, n, shift)) {
      if (m != at_[v]) std::memcpy(m, at_[v], n * item);
      return;
    }
    char* to_memory = base(s);
    by_item(item, [&](auto tag) {
      using T = decltype(tag);
      for_runs(nest_, nest_.slots[s], c, from, to, n, [&](int64_t o, int64_t run, int64_t stride, int64_t done) {
        store_run(to_memory + o, reinterpret_cast<const T*>(at_[v]) + done, run, stride);
      });
    });
  };
  for (int16_t v : p_.direct) store(v, p_.direct_slot[v]);
  for (const KStore& s : p_.copies) store(s.value, s.slot);
}

void Frame::checked(const BlockInstr& b, char* dst, int64_t n) {
  const char* x = b.a >= 0 ? at_[b.a] : nullptr;
  const char* y = b.b >= 0 ? at_[b.b] : nullptr;
  const char* z = b.c >= 0 ? at_[b.c] : nullptr;
  // The operands must outlive the loop.
  char* result = dst == x || dst == y || dst == z ? reg_.back() : dst;
  b.fn(result, x, y, z, n);
  const bool flagged = _MM_GET_EXCEPTION_STATE() & kFlags;
  bool ask = b.always_ask || flagged || b.results_tell;
  if (ask && b.special) ask = b.special(result, n * b.parts);
  if (__builtin_expect(ask, 0)) {
    wary_ = true;
    uint8_t& met = events[&b - p_.code.data()];
    const KInstr& k = *b.source;
    if ((met & b.warns) != b.warns) {
      const int16_t value[3] = {b.a, b.b, b.c};
      const void* in[3] = {x, y, z};
      int64_t step[3] = {};
      for (int j = 0; j < 3; ++j)
        if (value[j] >= 0 && p_.reg[value[j]] >= 0) step[j] = item_size(p_.kernel.value_types[value[j]]);
      met |= k.code == KCode::cast ? warn_check_cast(p_.kernel.value_types[k.a], k.type, result, in[0], n)
                                   : warn_check(k.op, k.type, result, in, step, n);
    }
  }
  if (flagged) _MM_SET_EXCEPTION_STATE(0);
  if (result != dst) std::memcpy(dst, result, n * item_size(p_.kernel.value_types[b.dst]));
}

void collect(const BlockProgram& p, const Frame& f, std::vector<FloatEvent>* events) {
  if (!events) return;
  for (size_t i = 0; i < f.events.size(); ++i)
    if (f.events[i]) events->push_back({static_cast<int32_t>(p.code[i].source - p.kernel.code.data()), f.events[i]});
}

void run_map(const BlockProgram& p, const Nest& nest, const std::vector<Scalar>& scalars, std::vector<FloatEvent>* events) {
  if (nest.size == 0) return;
  int64_t block = block_elements(p);
  // Strips do not care how long a block is, and what is worked out for each pays off over more of them.
  if (p.straight && !forced_block()) block = std::clamp(nest.size / (thread_count() * 16) / 64 * 64, block, block * 8);
  const int nd = nest.ndim;
  const int64_t row = nd ? nest.shape[nd - 1] : 1;
  bool all_linear = true;
  for (Access a : nest.access) all_linear &= a == Access::linear || a == Access::broadcast;
  const bool by_row = !all_linear && row >= kLongRow;
  if (by_row) block = std::min(block, row);
  const int64_t per_row = by_row ? (row + block - 1) / block : 0;
  const int64_t blocks = by_row ? nest.size / row * per_row : (nest.size + block - 1) / block;
  const auto work = [&](Frame& f, int64_t begin, int64_t end) {
    if (!by_row) return f.evaluate_all(begin * block, std::min(end * block, nest.size));
    for (int64_t b = begin; b < end; ++b) {
      const int64_t start = b % per_row * block;
      Cursor c;
      c.seek(nest, 0, nd, b / per_row * row + start);
      f.evaluate(c, 0, nd, std::min(block, row - start));
    }
  };
  if (nest.size * p.weight < kParallelWork || blocks < 2 || thread_count() == 1) {
    Frame f(p, nest, scalars, std::min(block, nest.size), events);
    work(f, 0, blocks);
    collect(p, f, events);
    return;
  }
  // Parts of several blocks each: enough to balance, few enough to share a frame's set-up.
  const int64_t parts = std::min<int64_t>(blocks, thread_count() * 8);
  std::mutex mutex;
  parallel_for(parts, [&](int64_t part, int) {
    Frame f(p, nest, scalars, block, events);
    work(f, blocks * part / parts, blocks * (part + 1) / parts);
    std::lock_guard lock(mutex);
    collect(p, f, events);
  });
}

}  // namespace numloom::cpu
