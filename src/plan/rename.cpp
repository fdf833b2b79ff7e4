#include "plan/rename.h"

#include <cstring>

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

void copy_outside(const Box& b, int d, int64_t span, const char* from, char* to) {
  const int64_t s = b.stride[d], first = b.low[d] * s, end = b.high[d] * s;
  if (first) std::memcpy(to, from, first);
  if (d + 1 < b.ndim)
    for (int64_t at = first; at < end; at += s) copy_outside(b, d + 1, s, from + at, to + at);
  if (end < span) std::memcpy(to + end, from + end, span - end);
}

}  // namespace

bool nearly_all(const Operand& o) {
  Box box;
  return o.layout.size() * item_size(o.dtype) >= o.buf->nbytes - o.buf->nbytes / 4 && box_of(o, box);
}

void copy_rest(const Operand& o, const char* from, char* to) {
  Box box;
  if (box_of(o, box)) copy_outside(box, 0, o.buf->nbytes, from, to);
}

}  // namespace numloom
