// Reads a program; writes Facts. Leaves true: view numbers and relations describe every pair that fusing may ask about.
#include <algorithm>
#include <atomic>

#include "plan/plan.h"
#include "plan/rename.h"

namespace numloom {
namespace {

bool same_view(const Operand& a, const Operand& b) {
  if (a.dtype != b.dtype || a.layout.ndim != b.layout.ndim || a.layout.offset != b.layout.offset) return false;
  for (int d = 0; d < a.layout.ndim; ++d)
    if (a.layout.shape[d] != b.layout.shape[d] || a.layout.strides[d] != b.layout.strides[d]) return false;
  return true;
}

// Writes the key, over the memory that earlier programs needed.
class Key {
 public:
  explicit Key(std::vector<uint32_t>& words) : words_(words) { words_.resize(words_.capacity()); }
  void finish() { words_.resize(size_); }
  // Before so many push().
  void reserve(size_t more) {
    if (size_ + more > words_.size()) words_.resize(2 * (size_ + more));
  }
  void push(uint32_t word) { words_[size_++] = word; }

 private:
  std::vector<uint32_t>& words_;
  size_t size_ = 0;
};

// Four chains side by side: a multiplication waits for the one before it.
uint64_t hash_of(const std::vector<uint32_t>& key) {
  constexpr uint64_t kFactor = 0xff51afd7ed558ccdull;
  uint64_t h[4] = {0x9e3779b97f4a7c15ull, 2, 3, key.size()};
  size_t i = 0;
  const auto mix = [&](int lane, uint32_t word) {
    h[lane] = (h[lane] ^ word) * kFactor;
    h[lane] ^= h[lane] >> 32;
  };
  for (; i + 4 <= key.size(); i += 4)
    for (int lane = 0; lane < 4; ++lane) mix(lane, key[i + static_cast<size_t>(lane)]);
  for (; i < key.size(); ++i) mix(0, key[i]);
  for (int lane = 1; lane < 4; ++lane) h[0] = (h[0] ^ h[lane]) * kFactor, h[0] ^= h[0] >> 32;
  return h[0];
}

// Sizes enter the key by order of first appearance; 0 and 1 as they are.
struct Sizes {
  int64_t seen[256];
  int count = 0;
  uint32_t number(int64_t n) {
    if (n <= 1) return static_cast<uint32_t>(n);
    for (int i = count - 1; i >= 0; --i)
      if (seen[i] == n) return static_cast<uint32_t>(i + 2);
    if (count == 256) return static_cast<uint32_t>(n) | 0x80000000u;
    seen[count] = n;
    return static_cast<uint32_t>(count++ + 2);
  }
};

}  // namespace

bool Facts::overlap(int16_t a, int16_t b) const {
  if (a > b) std::swap(a, b);
  return std::binary_search(overlapping.begin(), overlapping.end(), std::array<int16_t, 2>{a, b});
}

bool Facts::minor(int16_t a, int16_t b) const {
  const auto bytes = [&](int16_t v) {
    const Operand& o = *views[v].operand;
    int64_t n = item_size(o.dtype);
    for (int d = 0; d < o.layout.ndim; ++d)
      if (o.layout.strides[d] != 0) n *= o.layout.shape[d];
    return n;
  };
  return views[a].read && views[b].written && bytes(a) <= bytes(b) / 16;
}

void analyse(const Program& program, Facts& f) {
  static std::atomic<uint64_t> epochs{0};
  const uint64_t epoch = ++epochs;
  const int n = program.size();
  f.program = &program;
  f.buffers.clear();
  f.views.clear();
  f.next_view.clear();
  f.overlapping.clear();
  f.view_of.resize(n);
  f.shared = false;
  Sizes sizes;
  Key key(f.key);

  const auto visit = [&](const Operand& o, bool write, bool anywhere) -> int16_t {
    Buffer* b = o.buf;
    if (b->epoch != epoch) {
      b->epoch = epoch;
      b->number = static_cast<int32_t>(f.buffers.size());
      const bool shared = b->shared();
      f.shared |= shared;
      f.buffers.push_back({b, shared || b->handles() > 0, !b->host_valid && !b->device_valid, false, b->movable(), 0, -1});
    }
    BufferFacts& bf = f.buffers[b->number];
    bf.written |= write;
    ++bf.uses;
    int16_t v = bf.first_view;
    for (; v >= 0; v = f.next_view[v])
      if (same_view(*f.views[v].operand, o)) break;
    if (v >= 0) {
      key.push(0x20000000u | static_cast<uint32_t>(v));
    } else {
      v = static_cast<int16_t>(f.views.size());
      f.views.push_back({static_cast<int16_t>(b->number), &o, false, false, false, false});
      f.next_view.push_back(bf.first_view);
      bf.first_view = v;
      key.push(0x10000000u | static_cast<uint32_t>(o.layout.ndim) << 20 | static_cast<uint32_t>(o.dtype) << 16 |
               static_cast<uint32_t>(b->number));
      for (int d = 0; d < o.layout.ndim; ++d) key.push(sizes.number(o.layout.shape[d]));
    }
    (write ? f.views[v].written : f.views[v].read) = true;
    f.views[v].anywhere |= anywhere;
    if (write && bf.movable && nearly_all(o)) f.views[v].nearly_all = true;
    return v;
  };

  for (int i = 0; i < n; ++i) {
    const Instr& in = program[i];
    key.reserve(2 + 4 * (1 + kMaxDims));
    key.push(0x40000000u | static_cast<uint32_t>(in.kind) << 24 | static_cast<uint32_t>(in.op) << 12 |
             static_cast<uint32_t>(in.type) << 4 | in.nin);
    key.push(static_cast<uint32_t>(in.axis) << 20 | in.axes);
    auto& views = f.view_of[i];
    views = {-1, -1, -1, -1};
    for (int k = 0; k < in.nin; ++k) {
      if (in.in[k].buf) views[k + 1] = visit(in.in[k], false, in.kind == Kind::gather && k == 0);
      else key.push(0x30000000u | static_cast<uint32_t>(in.in[k].dtype));
    }
    views[0] = visit(in.out, true, in.kind == Kind::scatter);
  }
  for (BufferFacts& bf : f.buffers) {
    // Unrun instructions outside of this program see it too.
    bf.live_out |= bf.buffer->pending_reads.load() + bf.buffer->pending_writes.load() > bf.uses;
    key.reserve(1 + f.views.size());
    key.push(0x50000000u | (bf.live_out ? 1u : 0u) | (bf.fresh ? 2u : 0u) | (bf.movable ? 4u : 0u));
    if (!bf.written) continue;
    if (bf.movable)
      for (int16_t x = bf.first_view; x >= 0; x = f.next_view[x]) key.push(0x60000000u | (f.views[x].nearly_all ? 1u : 0u));
    for (int16_t x = bf.first_view; x >= 0; x = f.next_view[x])
      for (int16_t y = f.next_view[x]; y >= 0; y = f.next_view[y]) {
        const Operand &a = *f.views[x].operand, &c = *f.views[y].operand;
        // Distinct views that reach the same bytes in the same order still differ in how they are indexed.
        if (f.views[x].anywhere || f.views[y].anywhere ||
            relate(a.layout, item_size(a.dtype), c.layout, item_size(c.dtype)) != Relation::disjoint)
          f.overlapping.push_back({std::min(x, y), std::max(x, y)});
      }
  }
  std::sort(f.overlapping.begin(), f.overlapping.end());
  key.reserve(f.overlapping.size());
  for (auto [x, y] : f.overlapping)
    key.push(static_cast<uint32_t>(x) << 16 | static_cast<uint32_t>(y) | (f.minor(x, y) ? 0x8000u : 0u) |
             (f.minor(y, x) ? 0x80000000u : 0u));
  key.finish();
  f.hash = hash_of(f.key);
}

}  // namespace numloom
