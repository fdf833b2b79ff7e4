// How a view lies in its buffer: byte offset, shape, byte strides. No memory, no devices.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>

namespace numloom {

// More dimensions than this stay with NumPy.
inline constexpr int kMaxDims = 16;

struct Layout {
  int32_t ndim = 0;
  int64_t offset = 0;           // bytes from the start of the buffer
  int64_t shape[kMaxDims];      // only the first ndim entries are meaningful, here and below
  int64_t strides[kMaxDims];    // bytes; may be 0 or negative

  Layout() {}
  Layout(const Layout& o) { *this = o; }
  Layout& operator=(const Layout& o) {
    ndim = o.ndim;
    offset = o.offset;
    // Most have one or two axes, and of a loop compilers make two calls of memcpy.
    if (ndim > 0) shape[0] = o.shape[0], strides[0] = o.strides[0];
    if (ndim > 1) shape[1] = o.shape[1], strides[1] = o.strides[1];
    if (ndim > 2) copy_axes(o, 2);
    return *this;
  }

  int64_t size() const {
    int64_t n = 1;
    for (int d = 0; d < ndim; ++d) n *= shape[d];
    return n;
  }
  std::span<const int64_t> dims() const { return {shape, static_cast<size_t>(ndim)}; }

  // NumPy's flags: dimensions of length 1 do not count, an array without elements is both.
  bool c_contiguous(int item) const;
  bool f_contiguous(int item) const;

  // The bytes reached, as [low, high) from the buffer's start; low == high where there are no elements.
  void extent(int item, int64_t& low, int64_t& high) const;

  static Layout contiguous(std::span<const int64_t> shape, int item, bool fortran = false);

  void remove_axis(int axis);

 private:
  void copy_axes(const Layout& o, int first);
};

inline bool same_shape(const Layout& a, const Layout& b) {
  bool same = a.ndim == b.ndim;
  for (int d = 0; same && d < a.ndim; ++d) same = a.shape[d] == b.shape[d];
  return same;
}

// numpy.broadcast_shapes of two; false where they do not fit. `out` may alias neither.
bool broadcast_shapes(std::span<const int64_t> a, std::span<const int64_t> b, int64_t* out, int& out_ndim);

// `a` seen with `shape` (strides 0 where repeated). REQUIRES: it broadcasts.
Layout broadcast_to(const Layout& a, std::span<const int64_t> shape);

// The same elements, in C order, under another shape, without a copy; false where that needs one. REQUIRES: equal sizes.
bool reshape_view(const Layout& a, int item, std::span<const int64_t> shape, Layout& out);

// How two views of one buffer relate. `overlap` is also the answer where deciding would cost too much.
enum class Relation : uint8_t { identical, disjoint, overlap };
Relation relate(const Layout& a, int item_a, const Layout& b, int item_b);

// Whether two indices of one view can reach the same byte (broadcast or overlapping windows).
bool self_overlaps(const Layout& a, int item);

}  // namespace numloom
