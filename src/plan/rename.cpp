#include "plan/rename.h"

#include <utility>

namespace numloom {
namespace {

// The box by axis, outermost first: steps [low, high) of `stride` bytes; what an outer step spans, the inner axes divide.
struct Box {
  int ndim = 0;
  int64_t stride[kMaxDims], low[kMaxDims], high[kMaxDims];
};

bool box_of(const Operand& o, Box& box) {
  int64_t span = o.buf->nbytes, offset = o.layout.offset;
  for (int d = 0; d < o.layout.ndim; ++d) {
    const int64_t n = o.layout.shape[d], s = o.layout.strides[d];
    if (n == 1) continue;
    if (s <= 0 || n <= 0 || span < s) return false;
    const int64_t low = offset / s;
    if ((low + n) * s > span) return false;
    box.stride[box.ndim] = s;
    box.low[box.ndim] = low;
    box.high[box.ndim++] = low + n;
    offset %= s;
    span = s;
  }
  return box.ndim > 0 && span == item_size(o.dtype) && offset == 0;
}

}  // namespace

bool nearly_all(const Operand& o) {
  Box box;
  return o.layout.size() * item_size(o.dtype) >= o.buf->nbytes - o.buf->nbytes / 4 && box_of(o, box);
}

std::vector<Layout> rest_of(const Operand& o) {
  std::vector<Layout> rest;
  Box box;
  if (!box_of(o, box)) return rest;
  // The steps of the outer axes that are inside; of each the bytes before the box and those after it.
  Layout outer;
  int64_t span = o.buf->nbytes;
  for (int d = 0; d < box.ndim; ++d) {
    const int64_t s = box.stride[d];
    for (const auto& [from, to] : {std::pair{int64_t{0}, box.low[d] * s}, std::pair{box.high[d] * s, span}}) {
      if (from == to) continue;
      Layout part = outer;
      part.offset += from;
      part.shape[part.ndim] = to - from;
      part.strides[part.ndim++] = 1;
      rest.push_back(part);
    }
    outer.offset += box.low[d] * s;
    outer.shape[outer.ndim] = box.high[d] - box.low[d];
    outer.strides[outer.ndim++] = s;
    span = s;
  }
  return rest;
}

}  // namespace numloom
