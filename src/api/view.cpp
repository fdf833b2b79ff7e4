#include <algorithm>
#include <bit>
#include <numeric>

#include "api/record.h"
#include "array/axis_order.h"

namespace numloom {

Array reshape(const Array& a, Shape asked, char order) {
  int64_t shape[kMaxDims];
  const int n = static_cast<int>(asked.size());
  if (n > kMaxDims) throw not_native("more dimensions than are native");
  std::copy(asked.begin(), asked.end(), shape);
  const int64_t size = a.size();
  const auto refuse = [&] {
    // NumPy writes an unknown length as "newaxis", and leaves it out in front.
    std::string text;
    for (const int64_t length : asked) {
      if (length < 0 && text.empty()) continue;
      text += (text.empty() ? "" : ",") + (length < 0 ? std::string("newaxis") : std::to_string(length));
    }
    if (asked.size() == 1 && asked[0] >= 0) text += ',';
    throw value_error("cannot reshape array of size " + std::to_string(size) + " into shape (" + text + ")");
  };
  int unknown = -1;
  int64_t known = 1;
  for (int d = 0; d < n; ++d) {
    if (shape[d] < 0) {
      if (unknown >= 0) throw value_error("can only specify one unknown dimension");
      unknown = d;
    } else {
      if (__builtin_mul_overflow(known, shape[d], &known) && std::count(shape + d + 1, shape + n, 0) == 0) refuse();
    }
  }
  if (unknown >= 0) {
    if (known == 0 || size % known) refuse();
    shape[unknown] = size / known;
    known *= shape[unknown];
  }
  if (known != size) refuse();
  Layout l;
  if (order == 'F') {
    // The transpose, reshaped in C order to the reversed shape, transposed back.
    const Array t = transpose(a, {});
    std::reverse(shape, shape + n);
    return transpose(reshape(t, {shape, size_t(n)}), {});
  }
  if (reshape_view(a.layout, a.item(), {shape, size_t(n)}, l)) return a.with(a.dtype, l);
  const Array c = copy(a, 'C');
  reshape_view(c.layout, c.item(), {shape, size_t(n)}, l);
  return c.with(c.dtype, l);
}

Array transpose(const Array& a, std::span<const int> axes) {
  Layout l;
  const int n = l.ndim = a.ndim();
  l.offset = a.layout.offset;
  if (axes.empty()) {
    for (int d = 0; d < n; ++d) l.shape[d] = a.layout.shape[n - 1 - d], l.strides[d] = a.layout.strides[n - 1 - d];
    return a.with(a.dtype, l);
  }
  if (static_cast<int>(axes.size()) != n) throw value_error("axes don't match array");
  bool seen[kMaxDims] = {};
  for (int d = 0; d < n; ++d) {
    const int from = normalize_axis(axes[d], n);
    if (seen[from]) throw value_error("repeated axis in transpose");
    seen[from] = true;
    l.shape[d] = a.layout.shape[from];
    l.strides[d] = a.layout.strides[from];
  }
  return a.with(a.dtype, l);
}

Array swapaxes(const Array& a, int axis1, int axis2) {
  Layout l = a.layout;
  axis1 = normalize_axis(axis1, l.ndim);
  axis2 = normalize_axis(axis2, l.ndim);
  std::swap(l.shape[axis1], l.shape[axis2]);
  std::swap(l.strides[axis1], l.strides[axis2]);
  return a.with(a.dtype, l);
}

Array moveaxis(const Array& a, std::span<const int64_t> source, std::span<const int64_t> destination) {
  const int n = a.ndim();
  const auto mask_of = [n](std::span<const int64_t> axes, const char* argument) {
    uint32_t mask = 0;
    bool repeated = false;
    for (const int64_t axis : axes) {
      const uint32_t bit = uint32_t{1} << normalize_axis(axis, n, argument);
      repeated |= (mask & bit) != 0;
      mask |= bit;
    }
    if (repeated) throw value_error(std::string("repeated axis in `") + argument + "` argument");
    return mask;
  };
  const uint32_t from = mask_of(source, "source"), to = mask_of(destination, "destination");
  if (source.size() != destination.size())
    throw value_error("`source` and `destination` arguments must have the same number of elements");
  int order[kMaxDims];
  for (size_t i = 0; i < source.size(); ++i) order[normalize_axis(destination[i], n)] = normalize_axis(source[i], n);
  for (int d = 0, s = 0; d < n; ++d) {
    if (to >> d & 1) continue;
    while (from >> s & 1) ++s;
    order[d] = s++;
  }
  return transpose(a, {order, static_cast<size_t>(n)});
}

Array squeeze(const Array& a, std::optional<uint32_t> axes) {
  Layout l;
  l.ndim = 0;
  l.offset = a.layout.offset;
  for (int d = 0; d < a.ndim(); ++d) {
    const int64_t n = a.layout.shape[d];
    if (axes ? *axes >> d & 1 : n == 1) {
      if (n != 1) throw value_error("cannot select an axis to squeeze out which has size not equal to one");
      continue;
    }
    l.shape[l.ndim] = n;
    l.strides[l.ndim++] = a.layout.strides[d];
  }
  return a.with(a.dtype, l);
}

Array expand_dims(const Array& a, uint32_t axes) {
  Layout l;
  l.ndim = a.ndim() + std::popcount(axes);
  if (l.ndim > kMaxDims) throw not_native("more dimensions than are native");
  l.offset = a.layout.offset;
  for (int d = 0, from = 0; d < l.ndim; ++d) {
    const bool added = axes >> d & 1;
    l.shape[d] = added ? 1 : a.layout.shape[from];
    l.strides[d] = added ? 0 : a.layout.strides[from++];
  }
  return a.with(a.dtype, l);
}

Array flip(const Array& a, std::optional<uint32_t> axes) {
  Layout l = a.layout;
  for (int d = 0; d < l.ndim; ++d) {
    if (axes && !(*axes >> d & 1)) continue;
    if (l.shape[d] > 0) l.offset += (l.shape[d] - 1) * l.strides[d];
    l.strides[d] = -l.strides[d];
  }
  return a.with(a.dtype, l);
}

Array broadcast(const Array& a, Shape shape) {
  int64_t joined[kMaxDims];
  int n;
  if (shape.size() > kMaxDims) throw not_native("more dimensions than are native");
  if (std::any_of(shape.begin(), shape.end(), [](int64_t n) { return n < 0; }))
    throw value_error("all elements of broadcast shape must be non-negative");
  if (shape.empty() && a.ndim() > 0) throw value_error("cannot broadcast a non-scalar to a scalar array");
  if (!broadcast_shapes(a.layout.dims(), shape, joined, n) || n != static_cast<int>(shape.size()) ||
      !std::equal(joined, joined + n, shape.begin()))
    throw value_error("operands could not be broadcast together with remapped shapes [original->remapped]: " +
                      shape_text(a.layout.dims()) + "  and requested shape " + shape_text(shape));
  Array v = a.with(a.dtype, broadcast_to(a.layout, shape));
  v.writeable = false;
  return v;
}

Array real_view(const Array& a) { return is_complex(a.dtype) ? a.with(real_of(a.dtype), a.layout) : a; }

Array imag_view(const Array& a) {
  if (!is_complex(a.dtype)) throw not_native("the imaginary part of a real array");
  Layout l = a.layout;
  l.offset += a.item() / 2;
  return a.with(real_of(a.dtype), l);
}

std::optional<Array> view_as(const Array& a, DType dtype) {
  const int from = a.item(), to = item_size(dtype);
  Layout l = a.layout;
  if (from == to) return a.with(dtype, l);
  if (l.ndim == 0) return {};
  const int d = l.ndim - 1;
  const int64_t n = a.layout.shape[d];
  if (n != 1 && a.layout.strides[d] != from && l.size() != 0) return {};
  if (n * from % to) return {};
  l.shape[d] = n * from / to;
  l.strides[d] = to;
  return a.with(dtype, l);
}

Array diagonal_view(const Array& a, int64_t offset, int axis1, int axis2) {
  const int n = a.ndim();
  if (n < 2) throw value_error("diag requires an array of at least two dimensions");
  axis1 = normalize_axis(axis1, n);
  axis2 = normalize_axis(axis2, n);
  if (axis1 == axis2) throw value_error("axis1 and axis2 cannot be the same");
  Layout l;
  l.ndim = n - 1;
  l.offset = a.layout.offset;
  int k = 0;
  for (int d = 0; d < n; ++d)
    if (d != axis1 && d != axis2) l.shape[k] = a.layout.shape[d], l.strides[k++] = a.layout.strides[d];
  int64_t rows = a.layout.shape[axis1], cols = a.layout.shape[axis2];
  if (offset >= 0) {
    cols = std::max<int64_t>(0, cols - offset);
    if (cols) l.offset += offset * a.layout.strides[axis2];
  } else {
    rows = std::max<int64_t>(0, rows + offset);
    if (rows) l.offset -= offset * a.layout.strides[axis1];
  }
  l.shape[k] = std::min(rows, cols);
  l.strides[k] = a.layout.strides[axis1] + a.layout.strides[axis2];
  Array v = a.with(a.dtype, l);
  v.writeable = false;
  return v;
}

namespace {

// The memory order of joined arrays: axes by falling stride, in the steps of NumPy's sort of several arrays' strides.
Layout joined_layout(std::span<const Array> arrays, Shape shape, int item) {
  const int nd = static_cast<int>(shape.size());
  int perm[kMaxDims];
  std::iota(perm, perm + nd, 0);
  sort_axes(perm, nd, [&](int axis, int slower) {
    AxisVerdict verdict;
    for (const Array& a : arrays)
      if (a.layout.shape[axis] != 1 && a.layout.shape[slower] != 1)
        verdict.note(std::abs(a.layout.strides[axis]) > std::abs(a.layout.strides[slower]));
    return verdict.order();
  });
  return dense_layout(shape, item, perm);
}

}  // namespace

Array concatenate(std::span<const Array> arrays, int axis, DType dtype) {
  if (arrays.empty()) throw value_error("need at least one array to concatenate");
  const int nd = arrays[0].ndim();
  if (nd == 0) throw value_error("zero-dimensional arrays cannot be concatenated");
  axis = normalize_axis(axis, nd);
  int64_t shape[kMaxDims];
  std::copy_n(arrays[0].layout.shape, nd, shape);
  DType type = arrays[0].dtype;
  for (size_t k = 1; k < arrays.size(); ++k) {
    const Array& a = arrays[k];
    if (a.ndim() != nd)
      throw value_error("all the input arrays must have same number of dimensions, but the array at index 0 has " +
                        std::to_string(nd) + " dimension(s) and the array at index " + std::to_string(k) + " has " +
                        std::to_string(a.ndim()) + " dimension(s)");
    for (int d = 0; d < nd; ++d)
      if (d != axis && a.layout.shape[d] != shape[d])
        throw value_error(
            "all the input array dimensions except for the concatenation axis must match exactly, but along dimension " +
            std::to_string(d) + ", the array at index 0 has size " + std::to_string(shape[d]) + " and the array at index " +
            std::to_string(k) + " has size " + std::to_string(a.layout.shape[d]));
    shape[axis] += a.layout.shape[axis];
    type = promote(type, a.dtype);
  }
  if (dtype != kNoDType) type = dtype;
  const Array out = make_result(joined_layout(arrays, {shape, size_t(nd)}, item_size(type)), type);
  int64_t at = 0;
  for (const Array& a : arrays) {
    Layout l = out.layout;
    l.offset += at * out.layout.strides[axis];
    l.shape[axis] = a.layout.shape[axis];
    at += a.layout.shape[axis];
    assign(out.with(type, l), a, Casting::same_kind);
  }
  return out;
}

}  // namespace numloom
