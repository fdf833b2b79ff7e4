// From a kernel and its launch arguments to the smallest loop nest that does the same work: axes of length 1 dropped,
// kept axes reordered so that memory is walked forwards and densely, neighbours merged where every slot permits.
// Both interpreters and both JITs run the nest, never the raw axes. Thread safety: pure functions.
//
// Invariants of a Nest:
//  1. The last `nreduced` axes are the reduced ones, in the kernel's C order (merged at most): walking them in order is
//     walking the logical C order that codegen/reduction.h speaks of. They are never flipped or reordered.
//  2. Kept axes may be reordered, flipped or merged (no order among them is observable), but an axis whose coordinate an
//     `index` instruction reads is an axis of its own, unflipped.
//  3. An empty axis makes size 0; nothing then needs to run but the identities of the reductions.
#pragma once
#include <cstdint>
#include <vector>

#include "plan/kernel.h"

namespace numloom {

// How a slot moves through the whole nest. Order matters: a layout class may be served by any later one.
enum class Access : uint8_t {
  broadcast,  // one element for all
  linear,     // element i of the nest is at base + i * item
  row,        // stride along the innermost axis is item
  repeat,     // stride along the innermost axis is 0
  general,
};

struct Nest {
  int ndim = 0;      // axes in all; 0 for a single element
  int nreduced = 0;
  int64_t size = 1;  // iterations in all
  int64_t shape[kMaxDims];
  // Axis of the nest that carries the coordinate of the kernel's axis d. -1: the axis has length 1 (the coordinate
  // is 0), or no instruction reads it.
  int axis_of[kMaxDims];
  std::vector<KSlotArgs> slots;   // strides per axis of the nest, bytes
  std::vector<Access> access;     // per slot

  int nkept() const { return ndim - nreduced; }
  int64_t kept_size() const {
    int64_t n = 1;
    for (int d = 0; d < nkept(); ++d) n *= shape[d];
    return n;
  }
  int64_t reduced_size() const {
    int64_t n = 1;
    for (int d = nkept(); d < ndim; ++d) n *= shape[d];
    return n;
  }
};

// `out` may be one used before: its vectors keep their capacity, so a steady loop allocates nothing.
void collapse(const Kernel& kernel, const KernelArgs& args, Nest& out);

}  // namespace numloom
