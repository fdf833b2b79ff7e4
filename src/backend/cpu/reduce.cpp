// Reductions at the end of a nest, in the order of codegen/reduction.h.
//
// Two ways through the same tree. Along rows: the reduced axes are walked in C order, block by block, each block a subtree; for
// short reductions a block holds many of them. Across rows: where memory is dense along a kept axis instead, a row of
// kept elements takes the place of an element, and the tree is over rows.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>

#include "backend/cpu/interpreter.h"
#include "backend/cpu/strided.h"
#include "codegen/reduction.h"
#include "runtime/threads.h"

#include <xmmintrin.h>

namespace numloom::cpu {
namespace {

using Accumulator = Scalar;  // 16 bytes of it are used

constexpr int64_t kAcrossLeast = 256, kAcrossMost = 1024;  // kept elements side by side
constexpr int64_t kUntouched = 8;  // times as long are blocks that need no registers
constexpr int64_t kParallelWork = 400000;  // as for maps

class Reducer {
 public:
  Reducer(const BlockProgram& p, const Nest& nest, const std::vector<Scalar>& scalars, bool check)
      : p_(p),
        k_(p.kernel),
        nest_(nest),
        scalars_(scalars),
        check_(check),
        kept_(nest.nkept()),
        kept_size_(nest.kept_size()),
        n_(nest.reduced_size()),
        nr_(static_cast<int>(p.kernel.reduces.size())),
        met_(p.kernel.reduces.size()) {
    for (const KReduce& r : k_.reduces) {
      reduce_.push_back(loops().reduce[static_cast<int>(r.op)][static_cast<int>(r.type)]);
      combine_.push_back(loops().op[static_cast<int>(r.op)][static_cast<int>(r.type)]);
      rows_.push_back(loops().rows[static_cast<int>(r.op)][static_cast<int>(r.type)]);
      asks_.push_back(check && is_inexact(r.type) && op_info(r.op).warns);
    }
  }

  void run(std::vector<FloatEvent>* events) {
    const bool parallel = nest_.size * p_.weight >= kParallelWork && thread_count() > 1;
    if (goes_across()) across(parallel, events);
    else if (n_ * 2 <= block_elements(p_)) many(parallel, events);
    else along(parallel, events);
    for (int r = 0; r < nr_; ++r)
      if (const uint8_t mask = met_[r]) events->push_back({static_cast<int32_t>(k_.code.size()) + r, mask});
  }

 private:
  // Runs f, which accumulates of reduction r; its loops raise the hardware's flags as the sums and products themselves do.
  template <class F>
  void accumulate(int r, F&& f) {
    if (!asks_[r]) return f();
    _MM_SET_EXCEPTION_STATE(0);
    f();
    const unsigned flags = _MM_GET_EXCEPTION_STATE();
    if (!(flags & (_MM_EXCEPT_OVERFLOW | _MM_EXCEPT_INVALID))) return;
    const int mask = (flags & _MM_EXCEPT_OVERFLOW ? kWarnOver : 0) | (flags & _MM_EXCEPT_INVALID ? kWarnInvalid : 0);
    met_[r].fetch_or(static_cast<uint8_t>(mask), std::memory_order_relaxed);
  }

  // Whether memory is dense along the last kept axis rather than along the last reduced one.
  bool goes_across() const {
    if (kept_ == 0 || nest_.nreduced == 0 || nest_.shape[kept_ - 1] < 8 || n_ < 2) return false;
    int votes = 0;
    for (size_t s = 0; s < k_.slots.size(); ++s) {
      if (!k_.slots[s].loaded) continue;
      const int64_t a = std::abs(nest_.slots[s].strides[kept_ - 1]), b = std::abs(nest_.slots[s].strides[nest_.ndim - 1]);
      if (a != b) votes += a != 0 && (a < b || b == 0) ? 1 : -1;
    }
    return votes > 0;
  }

  bool all_linear() const {
    for (size_t s = 0; s < k_.slots.size(); ++s)
      if (k_.slots[s].loaded && nest_.access[s] != Access::linear) return false;
    return true;
  }

  void store(int r, const Cursor& c, const void* value) {
    const KReduce& reduce = k_.reduces[r];
    std::memcpy(nest_.slots[reduce.slot].base + c.offset(nest_.slots[reduce.slot], 0, kept_), value, item_size(reduce.type));
  }

  std::vector<int64_t> shift(const Cursor& c, int upto) const {
    std::vector<int64_t> o(nest_.slots.size());
    for (size_t s = 0; s < o.size(); ++s) o[s] = c.offset(nest_.slots[s], 0, upto);
    return o;
  }

  // ---- along: one reduction of many elements -------------------------------------------------------------------------
  // The subtree over [begin, begin + n) of the reduced elements, for the kept element at `c`.
  void subtree(Frame& f, Cursor c, const std::vector<int64_t>& shift, int64_t begin, int64_t n, int64_t block,
               Accumulator* out) {
    if (n <= block) {
      c.seek(nest_, kept_, nest_.ndim, begin);
      f.evaluate(c, kept_, nest_.ndim, n, &shift);
      for (int r = 0; r < nr_; ++r) accumulate(r, [&] { reduce_[r](out[r].raw, f.value(k_.reduces[r].value), n); });
      return;
    }
    const int64_t left = reduction::left_size(n);
    std::vector<Accumulator> right(nr_);
    subtree(f, c, shift, begin, left, block, out);
    subtree(f, c, shift, begin + left, n - left, block, right.data());
    join(out, right.data());
  }
  void join(Accumulator* left, const Accumulator* right) {
    for (int r = 0; r < nr_; ++r) accumulate(r, [&] { combine_[r](left[r].raw, left[r].raw, right[r].raw, nullptr, 1); });
  }

  void along(bool parallel, std::vector<FloatEvent>* events) {
    // A leaf of the tree is the least a block may be. Where the elements are reduced where they lie no register is touched, and what
    // a block costs pays off over more of them.
    const int64_t least = std::max<int64_t>(block_elements(p_), reduction::kLeaf);
    const int64_t block = p_.loops == 0 && p_.straight && all_linear() ? least * kUntouched : least;
    std::mutex mutex;
    const auto whole = [&](Frame& f, int64_t kept) {
      Cursor c;
      c.seek(nest_, 0, kept_, kept);
      std::vector<Accumulator> acc(nr_);
      subtree(f, c, shift(c, kept_), 0, n_, block, acc.data());
      for (int r = 0; r < nr_; ++r) store(r, c, acc[r].raw);
    };
    const int threads = thread_count();
    if (!parallel || kept_size_ >= threads * 4) {
      const int64_t parts = parallel ? std::min<int64_t>(kept_size_, threads * 8) : 1;
      parallel_for(parts, [&](int64_t part, int) {
        Frame f(p_, nest_, scalars_, block, check_);
        for (int64_t i = kept_size_ * part / parts, end = kept_size_ * (part + 1) / parts; i < end; ++i) whole(f, i);
        std::lock_guard lock(mutex);
        collect(p_, f, events);
      });
      return;
    }
    // Few reductions: split each at the nodes of one level of its tree.
    int level = 0;
    while ((int64_t{1} << level) < threads * 8 && (n_ >> (level + 1)) >= 4 * least) ++level;
    const int64_t nodes = int64_t{1} << level;
    for (int64_t i = 0; i < kept_size_; ++i) {
      Cursor c;
      c.seek(nest_, 0, kept_, i);
      const std::vector<int64_t> o = shift(c, kept_);
      std::vector<Accumulator> acc(nodes * nr_);
      parallel_for(nodes, [&](int64_t node, int) {
        const reduction::Range range = reduction::node(n_, level, node);
        Frame f(p_, nest_, scalars_, block, check_);
        subtree(f, c, o, range.begin, range.count, block, &acc[node * nr_]);
        std::lock_guard lock(mutex);
        collect(p_, f, events);
      });
      for (int64_t width = nodes; width > 1; width /= 2)
        for (int64_t node = 0; node < width / 2; ++node) {
          std::copy_n(&acc[2 * node * nr_], nr_, &acc[node * nr_]);
          join(&acc[node * nr_], &acc[(2 * node + 1) * nr_]);
        }
      for (int r = 0; r < nr_; ++r) store(r, c, acc[r].raw);
    }
  }

  // ---- many: reductions of few elements, several to a block ----------------------------------------------------------
  void many(bool parallel, std::vector<FloatEvent>* events) {
    const int64_t rows = std::max<int64_t>(1, block_elements(p_) / n_);
    const int64_t block = rows * n_;
    const int64_t blocks = (kept_size_ + rows - 1) / rows;
    const int64_t parts = parallel ? std::min<int64_t>(blocks, thread_count() * 8) : 1;
    std::mutex mutex;
    parallel_for(parts, [&](int64_t part, int) {
      Frame f(p_, nest_, scalars_, block, check_);
      for (int64_t b = blocks * part / parts, end = blocks * (part + 1) / parts; b < end; ++b) {
        const int64_t first = b * rows, count = std::min(rows, kept_size_ - first);
        Cursor c;
        c.seek(nest_, 0, nest_.ndim, first * n_);
        f.evaluate(c, 0, nest_.ndim, count * n_);
        for (int r = 0; r < nr_; ++r) {
          const int item = item_size(k_.reduces[r].type);
          const char* v = f.value(k_.reduces[r].value);
          Cursor at = c;
          accumulate(r, [&] {
            for (int64_t i = 0; i < count; ++i) {
              Accumulator acc;
              reduce_[r](acc.raw, v + i * n_ * item, n_);
              store(r, at, acc.raw);
              at.step(nest_, 0, kept_);
            }
          });
        }
      }
      std::lock_guard lock(mutex);
      collect(p_, f, events);
    });
  }

  // ---- across: rows of kept elements ---------------------------------------------------------------------------------
  struct Rows {
    Frame& f;
    Cursor c;  // the first kept element
    std::vector<int64_t> shift;  // scratch
    int64_t width;
  };
  // The slot that reduction r reads, where nothing is computed nor stored and rows lie densely at one stride; else -1.
  int source(int r) const {
    if (p_.loops != 0 || !k_.stores.empty() || !p_.straight || nest_.nreduced != 1 || !rows_[r]) return -1;
    for (const BlockInstr& b : p_.code)
      if (b.code == Code::load && b.dst == k_.reduces[r].value)
        return nest_.slots[b.aux].strides[kept_ - 1] == item_size(k_.slots[b.aux].dtype) ? b.aux : -1;
    return -1;
  }
  using Bank = std::vector<std::vector<char>>;  // per reduction: a row of accumulators
  Bank bank(int64_t width) const {
    Bank b(nr_);
    for (int r = 0; r < nr_; ++r) b[r].resize(width * item_size(k_.reduces[r].type));
    return b;
  }
  void add(Rows& w, Bank& to, const char* from, int r) {
    accumulate(r, [&] { combine_[r](to[r].data(), to[r].data(), from, nullptr, w.width); });
  }
  void evaluate_row(Rows& w, int64_t i) {
    w.c.seek(nest_, kept_, nest_.ndim, i);
    for (size_t s = 0; s < w.shift.size(); ++s)
      w.shift[s] = w.c.offset(nest_.slots[s], 0, kept_ - 1) + w.c.offset(nest_.slots[s], kept_, nest_.ndim);
    w.f.evaluate(w.c, kept_ - 1, kept_, w.width, &w.shift);
  }
  void set_row(Rows& w, Bank& to, int64_t i) {
    evaluate_row(w, i);
    for (int r = 0; r < nr_; ++r) std::memcpy(to[r].data(), w.f.value(k_.reduces[r].value), to[r].size());
  }
  void add_row(Rows& w, Bank& to, int64_t i) {
    evaluate_row(w, i);
    for (int r = 0; r < nr_; ++r) add(w, to, w.f.value(k_.reduces[r].value), r);
  }
  // At most reduction::kLeaf rows where they lie: the same, lane by lane.
  void leaf(Rows& w, int64_t begin, int64_t n, Bank& out, std::vector<Bank>& lanes) {
    for (int r = 0; r < nr_; ++r) {
      const KSlotArgs& slot = nest_.slots[source_[r]];
      const int64_t stride = slot.strides[kept_];
      const char* rows = slot.base + w.c.offset(slot, 0, kept_) + begin * stride;
      accumulate(r, [&] {
        if (n < 8) return rows_[r](out[r].data(), rows, rows + stride, stride, n - 1, w.width);
        for (int j = 0; j < 8; ++j)
          rows_[r](lanes[j][r].data(), rows + j * stride, rows + (8 + j) * stride, 8 * stride, n / 8 - 1, w.width);
      });
    }
    if (n < 8) return;
    fold(w, out, lanes);
    for (int r = 0; r < nr_; ++r) {
      const KSlotArgs& slot = nest_.slots[source_[r]];
      const char* rows = slot.base + w.c.offset(slot, 0, kept_) + (begin + n - n % 8) * slot.strides[kept_];
      accumulate(r, [&] { rows_[r](out[r].data(), out[r].data(), rows, slot.strides[kept_], n % 8, w.width); });
    }
  }
  // The eight lanes to one.
  void fold(Rows& w, Bank& out, std::vector<Bank>& lanes) {
    for (int step = 1; step < 8; step *= 2)
      for (int j = 0; j < 8; j += 2 * step)
        for (int r = 0; r < nr_; ++r) add(w, lanes[j], lanes[j + step][r].data(), r);
    out.swap(lanes[0]);
  }
  void tree(Rows& w, int64_t begin, int64_t n, Bank& out, std::vector<Bank>& lanes) {
    if (n > reduction::kLeaf) {
      const int64_t left = reduction::left_size(n);
      tree(w, begin, left, out, lanes);
      Bank right = bank(w.width);
      tree(w, begin + left, n - left, right, lanes);
      for (int r = 0; r < nr_; ++r) add(w, out, right[r].data(), r);
      return;
    }
    if (direct_) return leaf(w, begin, n, out, lanes);
    int64_t i = 1;
    if (n < 8) {
      set_row(w, out, begin);
    } else {
      for (i = 0; i < 8; ++i) set_row(w, lanes[i], begin + i);
      for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; ++j) add_row(w, lanes[j], begin + i + j);
      fold(w, out, lanes);
    }
    for (; i < n; ++i) add_row(w, out, begin + i);
  }

  void across(bool parallel, std::vector<FloatEvent>* events) {
    for (int r = 0; r < nr_; ++r) source_.push_back(source(r));
    direct_ = std::count(source_.begin(), source_.end(), -1) == 0;
    const int64_t inner = nest_.shape[kept_ - 1];
    const int64_t share = inner / (parallel ? thread_count() : 1);
    const int64_t width = std::min(inner, std::clamp(share, kAcrossLeast, kAcrossMost)), per_row = (inner + width - 1) / width;
    const int64_t chunks = kept_size_ / inner * per_row;
    const int64_t parts = parallel ? std::min<int64_t>(chunks, thread_count() * 8) : 1;
    std::mutex mutex;
    parallel_for(parts, [&](int64_t part, int) {
      Frame f(p_, nest_, scalars_, width, check_);
      for (int64_t chunk = chunks * part / parts, end = chunks * (part + 1) / parts; chunk < end; ++chunk) {
        const int64_t start = chunk % per_row * width;
        Rows w{f, {}, std::vector<int64_t>(nest_.slots.size()), std::min(width, inner - start)};
        w.c.seek(nest_, 0, kept_, chunk / per_row * inner + start);
        Bank out = bank(w.width);
        std::vector<Bank> lanes;
        for (int j = 0; j < 8 && n_ >= 8; ++j) lanes.push_back(bank(w.width));
        tree(w, 0, n_, out, lanes);
        // The kept elements of a chunk lie in one row.
        for (int r = 0; r < nr_; ++r) {
          const KSlotArgs& slot = nest_.slots[k_.reduces[r].slot];
          char* to = slot.base + w.c.offset(slot, 0, kept_);
          by_item(item_size(k_.reduces[r].type), [&](auto tag) {
            store_run(to, reinterpret_cast<const decltype(tag)*>(out[r].data()), w.width, slot.strides[kept_ - 1]);
          });
        }
      }
      std::lock_guard lock(mutex);
      collect(p_, f, events);
    });
  }

  const BlockProgram& p_;
  const Kernel& k_;
  const Nest& nest_;
  const std::vector<Scalar>& scalars_;
  const bool check_;
  const int kept_;
  const int64_t kept_size_, n_;
  const int nr_;
  std::vector<ReduceFn> reduce_;
  std::vector<LoopFn> combine_;
  std::vector<RowsFn> rows_;
  std::vector<int> source_;  // across: see source()
  bool direct_ = false;  // across: all reductions have one
  std::vector<bool> asks_;  // by reduction: whether it can warn, and is asked
  std::vector<std::atomic<uint8_t>> met_;
};

}  // namespace

void run_reduce(const BlockProgram& p, const Nest& nest, const std::vector<Scalar>& scalars, std::vector<FloatEvent>* events) {
  if (nest.size == 0) return;
  Reducer(p, nest, scalars, events != nullptr).run(events);
}

}  // namespace numloom::cpu
