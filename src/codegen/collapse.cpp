#include "codegen/collapse.h"

#include <cstdlib>
#include <utility>

namespace numloom {
namespace {

// Whether kernel axis `a` should be inside (vary faster than) axis `b`. Votes of the slots, stores counting double: a
// scattered store costs more than a scattered load. A tie keeps the C order.
bool belongs_inside(const Kernel& kernel, const KernelArgs& args, int a, int b) {
  int votes = 0;
  for (size_t s = 0; s < args.slots.size(); ++s) {
    const int64_t sa = std::llabs(args.slots[s].strides[a]), sb = std::llabs(args.slots[s].strides[b]);
    if (sa == sb) continue;
    const int weight = kernel.slots[s].stored ? 2 : 1;
    // A broadcast operand likes to be constant along the inner axis, but far less than the others dislike strides.
    if (sa == 0 || sb == 0) continue;
    votes += sa < sb ? weight : -weight;
  }
  return votes > 0;
}

Access classify(const Nest& nest, const KSlotArgs& slot, int item) {
  bool zero = true, linear = true;
  int64_t dense = item;
  for (int d = nest.ndim - 1; d >= 0; --d) {
    zero &= slot.strides[d] == 0;
    linear &= slot.strides[d] == dense;
    dense *= nest.shape[d];
  }
  if (linear) return Access::linear;
  if (zero) return Access::broadcast;
  const int64_t inner = slot.strides[nest.ndim - 1];
  return inner == item ? Access::row : inner == 0 ? Access::repeat : Access::general;
}

}  // namespace

void collapse(const Kernel& kernel, const KernelArgs& args, Nest& out) {
  uint32_t indexed = 0;
  for (const KInstr& in : kernel.code)
    if (in.code == KCode::index) indexed |= 1u << in.aux;

  // The order in which kernel axes appear: kept ones first. Insertion sort, stable, at most 16 axes.
  int order[kMaxDims], n = 0, kept = 0;
  for (int d = 0; d < args.ndim; ++d) {
    out.axis_of[d] = -1;
    if (args.shape[d] == 1 || (kernel.reduced_axes >> d & 1)) continue;
    int at = n++;
    for (; at > 0 && belongs_inside(kernel, args, order[at - 1], d); --at) order[at] = order[at - 1];
    order[at] = d;
  }
  kept = n;
  for (int d = 0; d < args.ndim; ++d)
    if (args.shape[d] != 1 && (kernel.reduced_axes >> d & 1)) order[n++] = d;

  const size_t nslots = args.slots.size();
  out.slots.resize(nslots);
  out.access.resize(nslots);
  for (size_t s = 0; s < nslots; ++s) out.slots[s].base = args.slots[s].base;

  out.ndim = 0;
  out.nreduced = 0;
  out.size = 1;
  for (int i = 0; i < n; ++i) {
    const int d = order[i];
    const int64_t length = args.shape[d];
    const bool reduced = i >= kept, named = indexed >> d & 1;
    out.size *= length;

    // Backwards in every slot that moves: walk it forwards instead.
    bool flip = !reduced && !named && length > 0, moves = false;
    for (size_t s = 0; s < nslots && flip; ++s) {
      flip = args.slots[s].strides[d] <= 0;
      moves |= args.slots[s].strides[d] != 0;
    }
    flip &= moves;

    const int last = out.ndim - 1;
    bool merge = last >= 0 && !named && i != kept && !(indexed >> order[i - 1] & 1);
    for (size_t s = 0; s < nslots && merge; ++s) {
      const int64_t stride = flip ? -args.slots[s].strides[d] : args.slots[s].strides[d];
      merge = out.slots[s].strides[last] == stride * length;
    }
    const int at = merge ? last : out.ndim++;
    out.shape[at] = merge ? out.shape[at] * length : length;
    if (!merge && reduced) ++out.nreduced;
    if (named) out.axis_of[d] = at;
    for (size_t s = 0; s < nslots; ++s) {
      const int64_t stride = args.slots[s].strides[d];
      if (flip) out.slots[s].base += stride * (length - 1);
      out.slots[s].strides[at] = flip ? -stride : stride;
    }
  }
  for (size_t s = 0; s < nslots; ++s) out.access[s] = classify(out, out.slots[s], item_size(kernel.slots[s].dtype));
}

}  // namespace numloom
