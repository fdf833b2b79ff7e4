#include <emmintrin.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "api/record.h"
#include "array/by_item.h"

namespace numloom {
namespace {

// An index, resolved against an array: a view by the basic parts, and what index arrays do to it.
struct Resolved {
  Layout view;                // after slices, new axes and integers; axes of index arrays still as they are
  std::vector<Array> arrays;  // integer index arrays
  std::vector<int> axes;      // of `view`, one per array
  bool adjacent = true;       // nothing but index arrays and integers between the first and the last
  bool advanced() const { return !arrays.empty(); }
};

int64_t index_error_at(int64_t i, int axis, int64_t size) {
  throw index_error("index " + std::to_string(i) + " is out of bounds for axis " + std::to_string(axis) + " with size " +
                    std::to_string(size));
}

void slice_bounds(const Index& s, int64_t n, int64_t& start, int64_t& count, int64_t& step) {
  step = s.has & 4 ? s.step : 1;
  if (step == 0) throw value_error("slice step cannot be zero");
  const int64_t low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;
  const auto clip = [&](int64_t v) {
    if (v < 0) v += n;
    return v < low ? low : v > high ? high : v;
  };
  start = s.has & 1 ? clip(s.start) : (step < 0 ? high : low);
  const int64_t stop = s.has & 2 ? clip(s.stop) : (step < 0 ? low : high);
  count = step < 0 ? (stop < start ? (start - stop - 1) / -step + 1 : 0) : (start < stop ? (stop - start - 1) / step + 1 : 0);
}

Resolved resolve(const Array& a, std::span<const Index> index) {
  Resolved r;
  const int nd = a.ndim();
  int consumed = 0, ellipses = 0, extra = 0;
  bool any_array = false;
  for (const Index& i : index) {
    switch (i.kind) {
      case Index::Kind::ellipsis: ++ellipses; break;
      case Index::Kind::newaxis: ++extra; break;
      case Index::Kind::array:
        any_array = true;
        if (i.array->dtype == DType::b1) {
          if (i.array->ndim() == 0) throw not_native("a boolean scalar as an index");
          consumed += i.array->ndim();
        } else {
          if (!is_integer(i.array->dtype)) throw index_error("arrays used as indices must be of integer (or boolean) type");
          ++consumed;
        }
        break;
      default: ++consumed;
    }
  }
  if (ellipses > 1) throw index_error("an index can only have a single ellipsis ('...')");
  if (consumed > nd)
    throw index_error("too many indices for array: array is " + std::to_string(nd) + "-dimensional, but " +
                      std::to_string(consumed) + " were indexed");
  if (nd + extra > kMaxDims) throw not_native("more dimensions than are native");

  Layout& v = r.view;
  v.ndim = 0;
  v.offset = a.layout.offset;
  int d = 0, last_array = -2, position = 0;
  const auto keep = [&](int64_t n, int64_t stride) {
    v.shape[v.ndim] = n;
    v.strides[v.ndim++] = stride;
  };
  const auto pass = [&](int n) {
    for (; n > 0; --n, ++d) keep(a.layout.shape[d], a.layout.strides[d]);
  };
  // `position` counts what stands in the index; index arrays with a gap between them put their axes first.
  const auto note_array = [&] {
    if (last_array >= 0 && last_array != position - 1) r.adjacent = false;
    last_array = position;
  };
  for (const Index& i : index) {
    switch (i.kind) {
      case Index::Kind::integer: {
        const int64_t n = a.layout.shape[d];
        if (i.start < -n || i.start >= n) index_error_at(i.start, d, n);
        const int64_t at = i.start < 0 ? i.start + n : i.start;
        if (any_array) {
          // Beside index arrays an integer is one of them.
          note_array();
          Scalar s;
          s.dtype = DType::i8;
          s.i = at;
          r.arrays.push_back(scalar_array(s));
          r.arrays.back().buf->remember_range(static_cast<uint8_t>(DType::i8), at, at);
          r.axes.push_back(v.ndim);
          keep(n, a.layout.strides[d]);
        } else {
          v.offset += at * a.layout.strides[d];
        }
        ++d;
        break;
      }
      case Index::Kind::slice: {
        int64_t start, count, step;
        slice_bounds(i, a.layout.shape[d], start, count, step);
        if (count > 0) v.offset += start * a.layout.strides[d];
        keep(count, step * a.layout.strides[d]);
        ++d;
        break;
      }
      case Index::Kind::newaxis: keep(1, 0); break;
      case Index::Kind::ellipsis: pass(nd - consumed); break;
      case Index::Kind::array:
        note_array();
        if (i.array->dtype == DType::b1) {
          const Array& m = *i.array;
          for (int k = 0; k < m.ndim(); ++k)
            if (m.layout.shape[k] != a.layout.shape[d + k] && m.layout.shape[k] > 0)  // NumPy lets empty axes pass
              throw index_error("boolean index did not match indexed array along axis " + std::to_string(d + k) +
                                "; size of axis is " + std::to_string(a.layout.shape[d + k]) +
                                " but size of corresponding boolean axis is " + std::to_string(m.layout.shape[k]));
          for (Array& x : nonzero(m)) {
            r.arrays.push_back(std::move(x));
            r.axes.push_back(v.ndim);
            keep(a.layout.shape[d], a.layout.strides[d]);
            ++d;
          }
        } else {
          r.arrays.push_back(*i.array);
          r.axes.push_back(v.ndim);
          keep(a.layout.shape[d], a.layout.strides[d]);
          ++d;
        }
        break;
    }
    ++position;
  }
  pass(nd - d);
  return r;
}

// The byte offsets, along an axis of n elements, that an index array names. Throws index_error where one is out of bounds. What
// is read is what was checked, whatever other threads write meanwhile: it is read once, in the state that was checked, and
// memory that others write without our knowing is copied first.
Array checked_offsets(const Array& index, int64_t n, int64_t stride, int axis) {
  Array x = index.buf->shared() ? astype(index, DType::i8) : index;
  for (;; x = astype(x, DType::i8)) {
    const uint32_t version = x.buf->version;
    const Range r = value_range(x);
    if (r.low < -n || r.high >= n) {
      // The first offender, as NumPy names it. There is none where the array was written since, or its numbers wrap as int64.
      const Array flat = astype(x, DType::i8, 'C');
      const auto* p = reinterpret_cast<const int64_t*>(host_data(flat));
      for (int64_t i = 0; i < flat.size(); ++i)
        if (p[i] < -n || p[i] >= n) index_error_at(p[i], axis, n);
      continue;
    }
    Scalar s;
    s.dtype = DType::i8;
    s.i = stride;
    Array at;
    const auto scaled = [&] {
      const Arg pair[2] = {at, s};
      at = apply(Op::multiply, pair);
    };
    const bool wraps = r.low < 0;
    if (!unchanged_since(version, x, [&] {
          at = wraps || x.dtype != DType::i8 ? astype(x, DType::i8) : x;
          if (!wraps) scaled();
        }))
      continue;
    if (wraps) {
      s.i = 0;
      const Arg test[2] = {at, s};
      const Array negative = apply(Op::less, test);
      s.i = n;
      const Arg moved[2] = {at, s};
      at = select(negative, apply(Op::add, moved), at);
      s.i = stride;
      scaled();
    }
    return at;
  }
}

struct Advanced {
  Array offsets;   // int64 byte offsets, of the broadcast shape of the index arrays
  Layout space;    // the result's shape with the source's strides: 0 along the index axes
  Layout at;       // `offsets` over that shape
};

Advanced resolve_advanced(const Resolved& r) {
  int64_t shape[kMaxDims];
  int nb = 0;
  for (size_t k = 0; k < r.arrays.size(); ++k) {
    int64_t joined[kMaxDims];
    int n;
    if (!broadcast_shapes({shape, size_t(nb)}, r.arrays[k].layout.dims(), joined, n)) {
      std::string text = "shape mismatch: indexing arrays could not be broadcast together with shapes ";
      for (const Array& x : r.arrays) text += shape_text(x.layout.dims()) + " ";
      throw index_error(text);
    }
    nb = n;
    std::copy_n(joined, n, shape);
  }
  int64_t total = 1;
  for (int d = 0; d < nb; ++d) {
    if (__builtin_mul_overflow(total, shape[d], &total)) throw value_error("iterator is too large");
  }
  Advanced out;
  for (size_t k = 0; k < r.arrays.size(); ++k) {
    // Where the result is empty, any index will do.
    const int64_t n = total > 0 ? r.view.shape[r.axes[k]] : INT64_MAX;
    const Array x = r.arrays[k].size() > 0 ? checked_offsets(r.arrays[k], n, r.view.strides[r.axes[k]], r.axes[k])
                                           : astype(r.arrays[k], DType::i8, 'K', false);
    if (k == 0) {
      out.offsets = x;
    } else {
      const Arg sum[2] = {out.offsets, x};
      out.offsets = apply(Op::add, sum);
    }
  }
  // Where the axes of the index go: in place of the first one, or to the front.
  const int first = r.adjacent ? r.axes[0] : 0;
  Layout &space = out.space, &at = out.at;
  space.ndim = at.ndim = 0;
  space.offset = r.view.offset;
  at.offset = out.offsets.layout.offset;
  if (nb + r.view.ndim - static_cast<int>(r.arrays.size()) > kMaxDims) throw not_native("more dimensions than are native");
  const Layout spread = broadcast_to(out.offsets.layout, {shape, size_t(nb)});
  const auto add_index_axes = [&] {
    for (int d = 0; d < nb; ++d) {
      space.shape[space.ndim] = at.shape[at.ndim] = shape[d];
      space.strides[space.ndim++] = 0;
      at.strides[at.ndim++] = spread.strides[d];
    }
  };
  bool placed = false;
  for (int d = 0; d <= r.view.ndim; ++d) {
    if (!placed && (d == first || (!r.adjacent && d == 0))) {
      add_index_axes();
      placed = true;
    }
    if (d == r.view.ndim || std::find(r.axes.begin(), r.axes.end(), d) != r.axes.end()) continue;
    space.shape[space.ndim] = at.shape[at.ndim] = r.view.shape[d];
    space.strides[space.ndim++] = r.view.strides[d];
    at.strides[at.ndim++] = 0;
  }
  return out;
}

// Elements of `a` at space + offsets, into `out`, on host memory, now.
template <class F>
void walk(const Layout& space, const Layout& at, const Layout& other, F&& f, int d = 0, int64_t o = 0, int64_t x = 0,
          int64_t y = 0) {
  if (d == space.ndim) {
    f(o, x, y);
    return;
  }
  for (int64_t i = 0; i < space.shape[d]; ++i)
    walk(space, at, other, f, d + 1, o + i * space.strides[d], x + i * at.strides[d], y + i * other.strides[d]);
}

// ---- one index array or mask on the first axes, everything at hand: the loops themselves ----------------------------

// The bytes of a[i], for an index i of the first `axes` axes, where they lie together; -1 where they do not.
int64_t row_bytes(const Array& a, int axes) {
  int64_t n = a.item();
  for (int d = a.ndim() - 1; d >= axes; --d) {
    if (a.layout.strides[d] != n) return -1;
    n *= a.layout.shape[d];
  }
  return n;
}

template <int64_t N>
using Count = std::integral_constant<int64_t, N>;

// Calls f(bytes) with a constant for the sizes of elements, which a copy of that many bytes wants.
template <class F>
void by_bytes(int64_t bytes, F&& f) {
  switch (bytes) {
    case 1: f(Count<1>()); break;
    case 2: f(Count<2>()); break;
    case 4: f(Count<4>()); break;
    case 8: f(Count<8>()); break;
    case 16: f(Count<16>()); break;
    default: f(bytes);
  }
}

// Moves n rows that lie together on both sides. Compilers copy what has a constant size by a string instruction, which is slow.
template <class Bytes, int64_t N>
void move_rows(char* to, const char* from, Bytes bytes, Count<N>) {
  if constexpr (std::is_same_v<Bytes, int64_t> || N == 1) {
    std::memcpy(to, from, bytes * N);
  } else {
    constexpr int64_t n = Bytes::value * N;
    for (int64_t k = 0; k + 16 <= n; k += 16)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + k), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + k)));
    std::memcpy(to + (n & -16), from + (n & -16), n & 15);
  }
}

// Whether `x` picks rows of `a` by int64 numbers or a mask of the first axes, as dense memory that may be read now.
struct Rows {
  int64_t bytes = -1;  // of each row
  int64_t stride = 0;
  int64_t count = 0;  // how many `x` can pick
  bool mask = false;
};
bool picks_rows(const Array& a, const Array& x, Rows& r) {
  r.mask = x.dtype == DType::b1;
  const int axes = r.mask ? x.ndim() : 1;
  if (axes == 0 || a.ndim() < axes || device() == Device::cuda || !ready_here(a) || !ready_here(x)) return false;
  r.bytes = row_bytes(a, axes);
  if (r.bytes < 0 || !x.layout.c_contiguous(x.item()) || a.layout.shape[0] == 0) return false;
  r.stride = a.layout.strides[axes - 1];
  r.count = x.size();
  if (!r.mask) return x.dtype == DType::i8 && x.ndim() + a.ndim() - 1 <= kMaxDims;
  for (int d = 0; d < axes; ++d) {
    if (x.layout.shape[d] != a.layout.shape[d]) return false;
    if (d > 0 && a.layout.strides[d - 1] != a.layout.strides[d] * a.layout.shape[d]) return false;
  }
  return true;
}

// Calls f(i, k) for each k true elements of a mask of n from i on, for `count` elements at most. k is a constant.
template <class F>
void for_true(const char* p, int64_t n, int64_t count, F&& f) {
  constexpr uint64_t kLow = 0x7f7f7f7f7f7f7f7f;
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t w;
    std::memcpy(&w, p + i, 8);
    if (w == 0) continue;
    w = (((w & kLow) + kLow) | w) & ~kLow;  // the high bit of each byte that is not 0
    const int found = __builtin_popcountll(w);
    if (found > count) break;
    count -= found;
    if (found == 8) {
      f(i, Count<8>());
    } else {
      for (; w != 0; w &= w - 1) f(i + (__builtin_ctzll(w) >> 3), Count<1>());
    }
  }
  for (; i < n && count > 0; ++i)
    if (p[i]) f(i, Count<1>()), --count;
}

// Calls f(byte offset, k) for each k rows that lie together, until `count` are picked. Bounds are checked before.
template <class F>
void for_rows(const Array& a, const Array& x, const Rows& r, int64_t count, F&& f) {
  const char* p = x.buf->host + x.layout.offset;
  const int64_t stride = r.stride;
  if (r.mask) {
    if (stride == r.bytes) {
      for_true(p, x.size(), count, [&](int64_t i, auto together) { f(i * stride, together); });
    } else {
      for_true(p, x.size(), count, [&](int64_t i, auto together) {
        for (int64_t k = 0; k < together; ++k) f((i + k) * stride, Count<1>());
      });
    }
    return;
  }
  const int64_t rows = a.layout.shape[0];
  const auto* at = reinterpret_cast<const int64_t*>(p);
  for (int64_t i = 0; i < count; ++i) f((at[i] < 0 ? at[i] + rows : at[i]) * stride, Count<1>());
}

// How many rows, after a check of the bounds.
int64_t count_rows(const Array& a, const Array& x) {
  const int64_t n = x.size(), rows = a.layout.shape[0];
  const char* p = x.buf->host + x.layout.offset;
  if (x.dtype == DType::b1) return count_true(p, n);
  const auto* at = reinterpret_cast<const int64_t*>(p);
  for (int64_t i = 0; i < n; ++i)
    if (at[i] < -rows || at[i] >= rows) index_error_at(at[i], 0, rows);
  return n;
}

// Masks run at the call whatever their size: their count is needed then.
bool is_small(const Rows& r) { return r.count * r.bytes <= run_now_bytes(); }

}  // namespace

bool get_rows_now(const Array& a, const Array& x, Array& out) {
  Rows r;
  if (!picks_rows(a, x, r) || !(r.mask || is_small(r))) return false;
  int64_t shape[kMaxDims];
  int nd = 0;
  const int64_t n = r.mask ? count_rows(a, x) : x.size();
  if (r.mask) shape[nd++] = n;
  else
    for (int d = 0; d < x.ndim(); ++d) shape[nd++] = x.layout.shape[d];
  for (int d = r.mask ? x.ndim() : 1; d < a.ndim(); ++d) shape[nd++] = a.layout.shape[d];
  out = make_result(Layout::contiguous({shape, size_t(nd)}, a.item()), a.dtype);
  char* to = out.buf->ensure_host();
  // Where memory is short, making the result let other threads run.
  if (!ready_here(a) || !ready_here(x) || count_rows(a, x) != n) return false;
  out.buf->host_valid = true;
  const char* from = a.buf->host + a.layout.offset;
  by_bytes(r.bytes, [&](auto bytes) {
    for_rows(a, x, r, n, [&](int64_t o, auto together) {
      move_rows(to, from + o, bytes, together);
      to += bytes * together;
    });
  });
  return true;
}

bool set_rows_now(const Array& a, const Array& x, const Arg& value) {
  Rows r;
  if (!writable_here(a) || !a.writeable || a.buf->device_valid || x.buf == a.buf || in_shared_bytes(x, a) ||
      !picks_rows(a, x, r))
    return false;
  if (!is_small(r) && !(r.mask && value.array)) return false;
  const int64_t n = count_rows(a, x);
  // One number into rows of one element, or as many rows as there are.
  Scalar s;
  std::vector<char> own;
  const char* from;
  const bool repeated = !value.array;
  if (repeated) {
    if (r.bytes != a.item()) return false;
    check_weak(value.scalar, a.dtype);
    s = cast_scalar(value.scalar, a.dtype);
    from = reinterpret_cast<const char*>(s.raw);
  } else {
    const Array& v = *value.array;
    if (v.dtype != a.dtype || !ready_here(v)) return false;
    const int picked = r.mask ? 1 : x.ndim(),
              axes = r.mask ? x.ndim() : 1;  // axes of the rows picked, and of those to pick from
    if (v.ndim() != picked + a.ndim() - axes || !v.layout.c_contiguous(v.item())) return false;
    for (int d = 0; d < v.ndim(); ++d) {
      const int64_t length = d >= picked ? a.layout.shape[d - picked + axes] : r.mask ? n : x.layout.shape[d];
      if (v.layout.shape[d] != length) return false;
    }
    from = v.buf->host + v.layout.offset;
    if (v.buf == a.buf || in_shared_bytes(v, a)) {  // read before anything is written
      own.assign(from, from + v.size() * v.item());
      from = own.data();
    }
  }
  char* to = a.buf->host + a.layout.offset;
  by_bytes(r.bytes, [&](auto bytes) {
    for_rows(a, x, r, n, [&](int64_t o, auto together) {
      if (repeated) {
        for (int64_t k = 0; k < together; ++k) std::memcpy(to + o + k * bytes, from, bytes);
      } else {
        move_rows(to + o, from, bytes, together);
        from += bytes * together;
      }
    });
  });
  a.buf->changed();
  return true;
}

Range value_range(const Array& a) {
  if (a.buf->has_range && a.buf->range_type == static_cast<uint8_t>(a.dtype)) return {a.buf->range_low, a.buf->range_high};
  const uint32_t version = a.buf->version;
  Range r;
  if (ready_here(a) && a.dtype == DType::i8 && a.layout.c_contiguous(8)) {
    const auto* p = reinterpret_cast<const int64_t*>(a.buf->host + a.layout.offset);
    const int64_t n = a.size();
    r.low = r.high = p[0];
    for (int64_t i = 1; i < n; ++i) r.low = std::min(r.low, p[i]), r.high = std::max(r.high, p[i]);
  } else {
    const Array low = reduce(Op::minimum, a), high = reduce(Op::maximum, a);  // one pass
    r.low = cast_scalar(item_value(low), DType::i8).i;
    r.high = cast_scalar(item_value(high), DType::i8).i;
    if (a.dtype == DType::u8 && r.high < 0) r.high = INT64_MAX;
  }
  // Foreign memory can change behind our back.
  if (a.size() * a.item() == a.buf->nbytes && !a.buf->shared() && is_integer(a.dtype) && a.buf->version == version)
    a.buf->remember_range(static_cast<uint8_t>(a.dtype), r.low, r.high);
  return r;
}

namespace {

// The mask that alone is the index; null where there is another index, and where arrays are not on the host.
const Array* lone_mask(std::span<const Index> index) {
  const bool lone = index.size() == 1 && index[0].kind == Index::Kind::array && index[0].array->dtype == DType::b1;
  return lone && device() != Device::cuda ? index[0].array : nullptr;
}

}  // namespace

Array get_item(const Array& a, std::span<const Index> index) {
  if (const Array* mask = lone_mask(index)) {
    const Array both[2] = {a, *mask};
    eval(both);
  }
  if (Array now; index.size() == 1 && index[0].kind == Index::Kind::array && get_rows_now(a, *index[0].array, now)) return now;
  Resolved r = resolve(a, index);
  if (!r.advanced()) return a.with(a.dtype, r.view);
  const Advanced x = resolve_advanced(r);
  Layout l = Layout::contiguous({x.space.shape, size_t(x.space.ndim)}, a.item());
  // In memory the index axes are slowest, and the others follow the source's order.
  const int nb = x.space.ndim - (r.view.ndim - static_cast<int>(r.arrays.size())), first = r.adjacent ? r.axes[0] : 0;
  int order[kMaxDims], n = 0;
  for (int d = 0; d < nb; ++d) order[n++] = first + d;
  for (int d = 0; d < x.space.ndim; ++d)
    if (d < first || d >= first + nb) order[n++] = d;
  // Axes of the index alone keep the memory order of the index arrays, as that of their sum tells.
  if (n == nb)
    std::stable_sort(order, order + nb, [&](int p, int q) { return std::abs(x.at.strides[p]) > std::abs(x.at.strides[q]); });
  std::stable_sort(order + nb, order + n,
                   [&](int p, int q) { return std::abs(x.space.strides[p]) > std::abs(x.space.strides[q]); });
  int64_t stride = a.item();
  for (int k = n - 1; k >= 0; --k) {
    l.strides[order[k]] = stride;
    stride *= std::max<int64_t>(1, l.shape[order[k]]);
  }
  const Array out = make_result(l, a.dtype);
  if (out.size() == 0) return out;
  if (runs_now(out.size() * out.item()) && ready_here(a) && ready_here(x.offsets) && writable_here(out)) {
    by_item(a.item(), [&](auto tag) {
      using T = decltype(tag);
      const char* from = a.buf->host + x.space.offset;
      const char* offsets = x.offsets.buf->host + x.at.offset;
      char* to = out.buf->host + out.layout.offset;
      walk(x.space, x.at, out.layout, [&](int64_t o, int64_t i, int64_t y) {
        *reinterpret_cast<T*>(to + y) = *reinterpret_cast<const T*>(from + o + *reinterpret_cast<const int64_t*>(offsets + i));
      });
    });
    return out;
  }
  record(Kind::gather, Op::none, a.dtype, out, {{a, x.space}, {x.offsets, x.at}});
  return out;
}

void set_item(const Array& a, std::span<const Index> index, const Arg& value) {
  if (!a.writeable) throw value_error("assignment destination is read-only");
  if (index.size() == 1 && index[0].kind == Index::Kind::array && set_rows_now(a, *index[0].array, value)) return;
  // A mask of the array's own shape and one value: no need to know where it holds.
  if (index.size() == 1 && index[0].kind == Index::Kind::array && index[0].array->dtype == DType::b1 &&
      same_shape(index[0].array->layout, a.layout) && a.ndim() > 0 && (!value.array || value.array->ndim() == 0)) {
    Array held, typed;
    Arg v = value;
    if (v.array) {
      typed = v.array->dtype == a.dtype ? *v.array : astype(*v.array, a.dtype);
      held = without_overlap(typed.with(typed.dtype, broadcast_to(typed.layout, a.layout.dims())), a);
      v = held;
    } else {
      check_weak(v.scalar, a.dtype);
      v.scalar = cast_scalar(v.scalar, a.dtype);
    }
    const Array mask = without_overlap(*index[0].array, a);
    const Arg triple[3] = {mask, v, a};
    record_map(Op::select, a.dtype, a, triple);
    return;
  }
  if (const Array* mask = lone_mask(index); mask && value.array) {
    const Array all[3] = {a, *mask, value.array->dtype == a.dtype ? *value.array : astype(*value.array, a.dtype)};
    eval(all);
    if (set_rows_now(a, *mask, all[2])) return;
  }
  Resolved r = resolve(a, index);
  if (!r.advanced()) {
    assign(a.with(a.dtype, r.view), value);
    return;
  }
  if (!value.array) check_weak(value.scalar, a.dtype);
  const Advanced x = resolve_advanced(r);
  const Shape shape{x.space.shape, size_t(x.space.ndim)};
  Array v;
  if (value.array) {
    v = *value.array;
    while (v.ndim() > x.space.ndim && v.layout.shape[0] == 1) v.layout.remove_axis(0);
    int64_t joined[kMaxDims];
    int n;
    if (!broadcast_shapes(v.layout.dims(), shape, joined, n) || n != x.space.ndim ||
        !std::equal(joined, joined + n, x.space.shape)) {
      const bool mask = index.size() == 1 && index[0].kind == Index::Kind::array && index[0].array->dtype == DType::b1;
      if (mask && value.array->ndim() == 1 && x.space.ndim == 1)
        throw value_error("NumPy boolean array indexing assignment cannot assign " + std::to_string(value.array->size()) +
                          " input values to the " + std::to_string(x.space.shape[0]) + " output values where the mask is true");
      throw value_error("shape mismatch: value array of shape " + shape_text(value.array->layout.dims()) +
                        " could not be broadcast to indexing result of shape " + shape_text(shape));
    }
    if (v.dtype != a.dtype) v = astype(v, a.dtype);
    if (v.buf == a.buf || in_shared_bytes(v, a)) v = copy(v);
  } else {
    Scalar s = cast_scalar(value.scalar, a.dtype);
    v = scalar_array(s);
  }
  if (x.space.size() == 0) return;
  const Layout from = broadcast_to(v.layout, shape);
  if (runs_now(x.space.size() * a.item()) && ready_here(v) && ready_here(x.offsets) && writable_here(a)) {
    CallArgs c;
    c.call = Call::scatter;
    c.out = here({a, x.space});
    c.in[0] = here({v, from});
    c.in[1] = here({x.offsets, x.at});
    EngineLock lock;
    cpu_backend().run(c, nullptr);
    a.buf->changed();
    return;
  }
  record(Kind::scatter, Op::none, a.dtype, {a, x.space}, {{v, from}, {x.offsets, x.at}});
}

Array take(const Array& input, const Array& indices, std::optional<int> axis, char mode) {
  Array a = input;
  const int64_t flat[1] = {a.size()};
  if (!axis) a = reshape(a, flat);
  if (a.ndim() == 0) a = reshape(a, flat);
  const int d = axis ? normalize_axis(*axis, a.ndim()) : 0;
  if (!is_integer(indices.dtype)) throw not_native("indices that are not integers");
  const int64_t n = a.layout.shape[d];
  if (n == 0 && indices.size() > 0) throw index_error("cannot do a non-empty take from an empty axes.");
  Array x = indices;
  Scalar s;
  s.dtype = DType::i8;
  if (mode == 'w') {
    if (x.dtype != DType::i8) x = astype(x, DType::i8);
    s.i = n;
    const Arg args[2] = {x, s};
    x = apply(Op::remainder, args);
  } else if (mode == 'c') {
    if (x.dtype != DType::i8) x = astype(x, DType::i8);
    Scalar low;
    low.dtype = DType::i8;
    low.i = 0;
    s.i = n - 1;
    const Arg args[3] = {x, low, s};
    x = apply(Op::clip, args);
  }
  std::vector<Index> index(d + 1);
  for (int k = 0; k < d; ++k) index[k].kind = Index::Kind::slice;
  index[d].kind = Index::Kind::array;
  index[d].array = &x;
  const Array r = get_item(a, index);
  return r.layout.c_contiguous(r.item()) ? r : copy(r, 'C');
}

}  // namespace numloom
