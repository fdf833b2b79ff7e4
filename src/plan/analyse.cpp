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

void analyse(const Program& program, Facts& f, bool rename) {
  static std::atomic<uint64_t> epochs{0};
  const uint64_t epoch = ++epochs;
  const int n = program.size();
  f.program = &program;
  f.buffers.clear();
  f.views.clear();
  f.next_view.clear();
  f.overlapping.clear();
  f.key.clear();
  f.view_of.resize(n);
  Sizes sizes;

  const auto visit = [&](const Operand& o, bool write, bool anywhere) -> int16_t {
    Buffer* b = o.buf;
    if (b->epoch != epoch) {
      b->epoch = epoch;
      b->number = static_cast<int32_t>(f.buffers.size());
      f.buffers.push_back(
          {b, b->handles() > 0 || b->shared(), !b->host_valid && !b->device_valid, false, rename && b->movable(), 0, -1});
    }
    BufferFacts& bf = f.buffers[b->number];
    bf.written |= write;
    ++bf.uses;
    int16_t v = bf.first_view;
    for (; v >= 0; v = f.next_view[v])
      if (same_view(*f.views[v].operand, o)) break;
    if (v < 0) {
      v = static_cast<int16_t>(f.views.size());
      f.views.push_back({static_cast<int16_t>(b->number), &o, false, false});
      f.next_view.push_back(bf.first_view);
      bf.first_view = v;
      f.key.push_back(0x10000u | static_cast<uint32_t>(b->number));
      f.key.push_back(static_cast<uint32_t>(o.dtype) | static_cast<uint32_t>(o.layout.ndim) << 8);
      for (int d = 0; d < o.layout.ndim; ++d) f.key.push_back(sizes.number(o.layout.shape[d]));
    }
    f.views[v].anywhere |= anywhere;
    if (write && bf.movable && nearly_all(o)) f.views[v].nearly_all = true;
    f.key.push_back(0x20000u | static_cast<uint32_t>(v));
    return v;
  };

  for (int i = 0; i < n; ++i) {
    const Instr& in = program[i];
    f.key.push_back(0x40000000u | static_cast<uint32_t>(in.kind) << 24 | static_cast<uint32_t>(in.op) << 12 |
                    static_cast<uint32_t>(in.type) << 4 | in.nin);
    f.key.push_back(static_cast<uint32_t>(in.axis) << 20 | in.axes);
    auto& views = f.view_of[i];
    for (int k = 0; k < 3; ++k) {
      views[k + 1] = -1;
      if (k >= in.nin) continue;
      if (in.in[k].buf) views[k + 1] = visit(in.in[k], false, in.kind == Kind::gather && k == 0);
      else f.key.push_back(0x30000u | static_cast<uint32_t>(in.in[k].dtype));
    }
    views[0] = visit(in.out, true, in.kind == Kind::scatter);
  }
  for (BufferFacts& bf : f.buffers) {
    // Unrun instructions outside of this program see it too.
    bf.live_out |= bf.buffer->pending_reads.load() + bf.buffer->pending_writes.load() > bf.uses;
    f.key.push_back(0x50000u | (bf.live_out ? 1u : 0u) | (bf.fresh ? 2u : 0u) | (bf.movable ? 4u : 0u));
    if (!bf.written) continue;
    if (bf.movable)
      for (int16_t x = bf.first_view; x >= 0; x = f.next_view[x]) f.key.push_back(0x60000u | (f.views[x].nearly_all ? 1u : 0u));
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
  for (auto [x, y] : f.overlapping) f.key.push_back(static_cast<uint32_t>(x) << 16 | static_cast<uint32_t>(y));

  uint64_t h = 0x9e3779b97f4a7c15ull;
  for (uint32_t k : f.key) {
    h = (h ^ k) * 0xff51afd7ed558ccdull;
    h ^= h >> 32;
  }
  f.hash = h;
}

}  // namespace numloom
