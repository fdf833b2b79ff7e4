// The order of axes in memory, as NumPy chooses it for results. Pure functions.
#pragma once
#include <algorithm>

#include "array/layout.h"

namespace numloom {

enum class AxisOrder : uint8_t { undecided, stays, swaps };

// Compares two axes operand by operand: `note(mine, other)` for each that tells them apart, where `mine` is the axis being
// placed. It swaps if it should for all of them; where operands disagree, the axes stay in C order.
class AxisVerdict {
 public:
  void note(bool swap) { order_ = swap && order_ != AxisOrder::stays ? AxisOrder::swaps : AxisOrder::stays; }
  AxisOrder order() const { return order_; }

 private:
  AxisOrder order_ = AxisOrder::undecided;
};

// An insertion sort in NumPy's steps: an axis moves before those that it swaps with; those that nothing tells apart from it
// keep their places and are looked past. `compare(axis, other)` gives an AxisOrder.
template <class Compare>
void sort_axes(int* perm, int n, Compare&& compare) {
  for (int i = 1; i < n; ++i) {
    const int axis = perm[i];
    int to = i;
    for (int j = i - 1; j >= 0; --j) {
      const AxisOrder order = compare(axis, perm[j]);
      if (order == AxisOrder::stays) break;
      if (order == AxisOrder::swaps) to = j;
    }
    std::copy_backward(perm + to, perm + i, perm + i + 1);
    perm[to] = axis;
  }
}

// Elements without gaps, the axes from the slowest to the fastest as in `perm`.
inline Layout dense_layout(Shape shape, int item, const int* perm) {
  Layout l;
  l.ndim = static_cast<int>(shape.size());
  int64_t stride = item;
  for (int k = l.ndim - 1; k >= 0; --k) {
    l.shape[perm[k]] = shape[perm[k]];
    l.strides[perm[k]] = stride;
    stride *= std::max<int64_t>(shape[perm[k]], 1);
  }
  return l;
}

}  // namespace numloom
