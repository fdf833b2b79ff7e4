// The array handle that both fronts hold: a buffer, an element type and a layout. Copying it is cheap; copies alias.
// Thread safety: as a NumPy array: distinct handles may be used from distinct threads.
#pragma once
#include <span>
#include <utility>
#include <vector>

#include "array/dtype.h"
#include "array/layout.h"
#include "ops_table.h"
#include "runtime/buffer.h"

namespace numloom {

struct Array;
// A writable copy of a scalar: what NumPy makes of one wherever it needs an array.
Array unaliased(const Array& scalar);

struct Array {
  Buffer* buf = nullptr;  // owns one handle
  DType dtype = DType::f8;
  bool writeable = true;
  // What NumPy returns as a scalar: 0-d, immutable (library mode).
  bool is_scalar = false;
  Layout layout;

  Array() = default;
  // Takes over one handle of `b`.
  Array(Buffer* b, DType t, const Layout& l) : buf(b), dtype(t), layout(l) {}
  Array(const Array& o) : buf(o.buf), dtype(o.dtype), writeable(o.writeable), is_scalar(o.is_scalar), layout(o.layout) {
    if (buf) buf->retain_handle();
  }
  Array(Array&& o) noexcept
      : buf(std::exchange(o.buf, nullptr)), dtype(o.dtype), writeable(o.writeable), is_scalar(o.is_scalar), layout(o.layout) {}
  Array& operator=(Array o) noexcept {
    std::swap(buf, o.buf);
    dtype = o.dtype;
    writeable = o.writeable;
    is_scalar = o.is_scalar;
    layout = o.layout;
    return *this;
  }
  ~Array() {
    if (buf) buf->release_handle();
  }

  int64_t size() const { return layout.size(); }
  int ndim() const { return layout.ndim; }
  int item() const { return item_size(dtype); }
  // Another view of the same buffer. Scalars are immutable and have no views: of one, a view of a copy.
  Array with(DType t, const Layout& l) const;
};

inline Array Array::with(DType t, const Layout& l) const {
  Array v = is_scalar ? unaliased(*this) : Array(*this);
  const int64_t moved = v.layout.offset - layout.offset;
  v.dtype = t;
  v.layout = l;
  v.layout.offset += moved;
  return v;
}

// An operand: an array, or a scalar not yet of any array's type.
struct Arg {
  const Array* array = nullptr;
  Scalar scalar;
  Arg(const Array& a) : array(&a) {}   // NOLINT: an operand is written as the thing itself
  Arg(const Scalar& s) : scalar(s) {}  // NOLINT
};

using Shape = std::span<const int64_t>;

}  // namespace numloom
