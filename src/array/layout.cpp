#include "array/layout.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace numloom {

bool Layout::c_contiguous(int item) const {
  int64_t expect = item;
  for (int d = ndim - 1; d >= 0; --d) {
    if (shape[d] == 0) return true;
    if (shape[d] != 1 && strides[d] != expect) {
      for (int e = d - 1; e >= 0; --e)
        if (shape[e] == 0) return true;
      return false;
    }
    expect *= shape[d];
  }
  return true;
}

bool Layout::f_contiguous(int item) const {
  int64_t expect = item;
  for (int d = 0; d < ndim; ++d) {
    if (shape[d] == 0) return true;
    if (shape[d] != 1 && strides[d] != expect) {
      for (int e = d + 1; e < ndim; ++e)
        if (shape[e] == 0) return true;
      return false;
    }
    expect *= shape[d];
  }
  return true;
}

void Layout::extent(int item, int64_t& low, int64_t& high) const {
  low = high = offset;
  for (int d = 0; d < ndim; ++d) {
    if (shape[d] == 0) {
      low = high = offset;
      return;
    }
    const int64_t reach = (shape[d] - 1) * strides[d];
    (reach < 0 ? low : high) += reach;
  }
  high += item;
}

void Layout::remove_axis(int axis) {
  --ndim;
  for (int d = axis; d < ndim; ++d) shape[d] = shape[d + 1], strides[d] = strides[d + 1];
}

void Layout::copy_axes(const Layout& o, int first) {
  for (int d = first; d < o.ndim; ++d) {
    shape[d] = o.shape[d];
    strides[d] = o.strides[d];
  }
}

Layout Layout::contiguous(std::span<const int64_t> shape, int item, bool fortran) {
  Layout l;
  l.ndim = static_cast<int>(shape.size());
  // Of a shape too large for any memory they wrap: making the array is what refuses it.
  auto s = static_cast<uint64_t>(item);
  for (int k = 0; k < l.ndim; ++k) {
    const int d = fortran ? k : l.ndim - 1 - k;
    l.shape[d] = shape[d];
    l.strides[d] = static_cast<int64_t>(s);
    s *= static_cast<uint64_t>(std::max<int64_t>(shape[d], 1));
  }
  return l;
}

bool broadcast_shapes(std::span<const int64_t> a, std::span<const int64_t> b, int64_t* out, int& out_ndim) {
  const int na = static_cast<int>(a.size()), nb = static_cast<int>(b.size()), n = std::max(na, nb);
  out_ndim = n;
  for (int k = 1; k <= n; ++k) {
    const int64_t x = k <= na ? a[na - k] : 1, y = k <= nb ? b[nb - k] : 1;
    if (x != y && x != 1 && y != 1) return false;
    out[n - k] = x == 1 ? y : x;
  }
  return true;
}

Layout broadcast_to(const Layout& a, std::span<const int64_t> shape) {
  Layout l;
  l.ndim = static_cast<int>(shape.size());
  l.offset = a.offset;
  const int lead = l.ndim - a.ndim;
  for (int d = 0; d < l.ndim; ++d) {
    l.shape[d] = shape[d];
    l.strides[d] = d < lead || (a.shape[d - lead] == 1 && shape[d] != 1) ? 0 : a.strides[d - lead];
  }
  return l;
}

bool reshape_view(const Layout& a, int item, std::span<const int64_t> shape, Layout& out) {
  const int n = static_cast<int>(shape.size());
  if (a.size() == 0 || a.c_contiguous(item)) {
    out = Layout::contiguous(shape, item);
    out.offset = a.offset;
    return true;
  }
  // Axes of length 1 say nothing. Groups of old axes must match groups of new ones, and each old group be mergeable.
  int64_t old_shape[kMaxDims], old_strides[kMaxDims];
  int m = 0;
  for (int d = 0; d < a.ndim; ++d)
    if (a.shape[d] != 1) {
      old_shape[m] = a.shape[d];
      old_strides[m++] = a.strides[d];
    }
  Layout l;
  l.ndim = n;
  l.offset = a.offset;
  std::copy(shape.begin(), shape.end(), l.shape);
  int oi = 0, ni = 0;
  while (oi < m && ni < n) {
    int oj = oi + 1, nj = ni + 1;
    int64_t np = shape[ni], op = old_shape[oi];
    while (np != op) {
      if (np < op) np *= shape[nj++];
      else op *= old_shape[oj++];
    }
    for (int k = oi; k + 1 < oj; ++k)
      if (old_strides[k] != old_shape[k + 1] * old_strides[k + 1]) return false;
    l.strides[nj - 1] = old_strides[oj - 1];
    for (int k = nj - 1; k > ni; --k) l.strides[k - 1] = l.strides[k] * shape[k];
    oi = oj;
    ni = nj;
  }
  const int64_t last = ni ? l.strides[ni - 1] : item;
  for (; ni < n; ++ni) l.strides[ni] = last;  // trailing ones
  out = l;
  return true;
}

namespace {

struct Axis { int64_t stride, count; };

// The distinct |stride| > 0 axes of two views over the common lattice; negative strides are turned round.
int collect(const Layout& l, Axis* out, int64_t& low) {
  int n = 0;
  low = l.offset;
  for (int d = 0; d < l.ndim; ++d) {
    if (l.shape[d] <= 1 || l.strides[d] == 0) continue;
    const int64_t s = l.strides[d];
    if (s < 0) low += s * (l.shape[d] - 1);
    out[n++] = {s < 0 ? -s : s, l.shape[d]};
  }
  std::sort(out, out + n, [](const Axis& x, const Axis& y) { return x.stride > y.stride; });
  return n;
}

// Views that are boxes of one lattice (same strides, largest first; each stride holds all that the smaller ones reach)
// are disjoint exactly when their coordinate ranges are, along some axis.
bool boxes_disjoint(const Axis* strides, int n, int64_t low_a, const int64_t* count_a, int item_a, int64_t low_b,
                    const int64_t* count_b, int item_b) {
  int64_t delta = low_b - low_a;
  for (int k = 0; k < n; ++k) {
    const int64_t s = strides[k].stride;
    // Floor division leaves a rest in [0, s) for the finer axes; the rest must lie within what they reach.
    int64_t q = delta / s, r = delta % s;
    if (r < 0) {
      r += s;
      --q;
    }
    int64_t reach_a = item_a, reach_b = item_b;
    for (int j = k + 1; j < n; ++j) {
      reach_a += strides[j].stride * (count_a[j] - 1);
      reach_b += strides[j].stride * (count_b[j] - 1);
    }
    if (reach_a > s || reach_b > s) return false;  // finer axes reach past this one: coordinates are no digits
    // A rest close to s belongs to the next multiple, seen from below. Both readings must be ruled out.
    const bool meets_here = r < reach_a;          // b starts inside a's finer run
    const bool meets_next = s - r < reach_b;      // b's finer run reaches a's next one
    const auto apart = [&](int64_t shift) { return shift >= count_a[k] || -shift >= count_b[k]; };
    if (!meets_here && !meets_next) return true;
    if ((!meets_here || apart(q)) && (!meets_next || apart(q + 1))) return true;
    if (meets_here && meets_next) return false;   // undecided: say overlap
    delta = meets_here ? r : r - s;
  }
  return !(delta < item_a && -delta < item_b);
}

}  // namespace

Relation relate(const Layout& a, int item_a, const Layout& b, int item_b) {
  int64_t la, ha, lb, hb;
  a.extent(item_a, la, ha);
  b.extent(item_b, lb, hb);
  if (la == ha || lb == hb || ha <= lb || hb <= la) return Relation::disjoint;
  if (item_a == item_b && a.offset == b.offset && same_shape(a, b)) {
    bool same = true;
    for (int d = 0; d < a.ndim && same; ++d) same = a.shape[d] == 1 || a.strides[d] == b.strides[d];
    if (same) return Relation::identical;
  }
  Axis xa[kMaxDims], xb[kMaxDims], all[2 * kMaxDims];
  int64_t low_a, low_b;
  const int na = collect(a, xa, low_a), nb = collect(b, xb, low_b);
  // The union of both lattices' strides.
  int n = 0;
  int64_t count_a[2 * kMaxDims], count_b[2 * kMaxDims];
  for (int i = 0, j = 0; i < na || j < nb;) {
    const int64_t s = std::max(i < na ? xa[i].stride : 0, j < nb ? xb[j].stride : 0);
    int64_t ca = 1, cb = 1;
    if (i < na && xa[i].stride == s) ca = xa[i++].count;
    if (j < nb && xb[j].stride == s) cb = xb[j++].count;
    if ((i < na && xa[i].stride == s) || (j < nb && xb[j].stride == s)) return Relation::overlap;
    all[n] = {s, 0};
    count_a[n] = ca;
    count_b[n++] = cb;
  }
  // Each stride must be a multiple of the next, so that coordinates are digits.
  for (int k = 0; k + 1 < n; ++k)
    if (all[k].stride % all[k + 1].stride) return Relation::overlap;
  return boxes_disjoint(all, n, low_a, count_a, item_a, low_b, count_b, item_b) ? Relation::disjoint : Relation::overlap;
}

bool self_overlaps(const Layout& a, int item) {
  Axis x[kMaxDims];
  int64_t low;
  for (int d = 0; d < a.ndim; ++d)
    if (a.shape[d] > 1 && a.strides[d] == 0) return true;
  if (a.size() == 0) return false;
  const int n = collect(a, x, low);
  int64_t reach = item;
  for (int k = n - 1; k >= 0; --k) {
    if (x[k].stride < reach) return true;
    reach += x[k].stride * (x[k].count - 1);
  }
  return false;
}

}  // namespace numloom
