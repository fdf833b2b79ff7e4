// The order in which a reduction accumulates: one function of the number of elements alone, the same on every device,
// interpreter and JIT, thread count and block size. It is the order of NumPy's contiguous loops, over the logical C
// order of the reduced axes. Freestanding: also compiled by NVRTC. Thread safety: pure functions.
//
// Of n elements:   n < 8     in turn, from the left
//                  n <= 128  8 lanes, lane j taking elements j, j+8, j+16, ... below n - n % 8, folded as
//                            ((0+1)+(2+3)) + ((4+5)+(6+7)); the n % 8 last elements are then added in turn
//                  above     split at n/2 rounded down to a multiple of 8; left + right
// Ops for which order cannot matter (minimum of integers, ...) may be done in any.
#ifndef NUMLOOM_REDUCTION_H
#define NUMLOOM_REDUCTION_H

#ifdef __CUDACC_RTC__
#define NL_REDUCE_FN __device__ inline
#else
#define NL_REDUCE_FN inline
#endif

namespace numloom::reduction {

using Int = long long;

constexpr Int kLeaf = 128;  // at most this many elements are a leaf of the tree

NL_REDUCE_FN Int left_size(Int n) {
  const Int half = n / 2;
  return half - half % 8;
}

// Levels of splitting below a node of n elements; 0 for a leaf. Right children are never smaller than left ones, and
// differ by less than 16, so the rightmost path is the deepest.
NL_REDUCE_FN int depth(Int n) {
  int d = 0;
  for (; n > kLeaf; n -= left_size(n)) ++d;
  return d;
}

// The elements under the node at `level` whose path from the root is the bits of `path`, most significant first (1:
// right). A node that is a leaf above `level` is reached by the path with zeros only below it; the other paths through
// it have count 0: their results are absent, and a parent with one child passes that child through.
struct Range { Int begin, count; };
NL_REDUCE_FN Range node(Int n, int level, Int path) {
  Range r{0, n};
  for (int l = level - 1; l >= 0; --l) {
    const bool right = (path >> l) & 1;
    if (r.count <= kLeaf) {
      if (right) return {r.begin + r.count, 0};
      continue;
    }
    const Int half = left_size(r.count);
    if (right) {
      r.begin += half;
      r.count -= half;
    } else {
      r.count = half;
    }
  }
  return r;
}

// One leaf: get(i) is element i (0 <= i < n, 1 <= n <= kLeaf), f the accumulation.
template <class T, class Get, class F>
NL_REDUCE_FN T leaf(Int n, Get get, F f) {
  if (n < 8) {
    T acc = get(0);
    for (Int i = 1; i < n; ++i) acc = f(acc, get(i));
    return acc;
  }
  T lane[8];
  for (int j = 0; j < 8; ++j) lane[j] = get(j);
  Int i = 8;
  for (; i + 8 <= n; i += 8)
    for (int j = 0; j < 8; ++j) lane[j] = f(lane[j], get(i + j));
  T acc = f(f(f(lane[0], lane[1]), f(lane[2], lane[3])), f(f(lane[4], lane[5]), f(lane[6], lane[7])));
  for (; i < n; ++i) acc = f(acc, get(i));
  return acc;
}

#ifndef __CUDACC_RTC__
// The whole of it, recursively: the definition that the parallel forms are tested against.
template <class T, class Get, class F>
T tree(Int begin, Int n, Get get, F f) {
  if (n <= kLeaf) return leaf<T>(n, [&](Int i) { return get(begin + i); }, f);
  const Int half = left_size(n);
  const T left = tree<T>(begin, half, get, f);
  return f(left, tree<T>(begin + half, n - half, get, f));
}
#endif

}  // namespace numloom::reduction

#endif
