// Functions of the C++ API that are made of others.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "api/cpp_handle.h"
#include "api/record.h"

namespace numloom {
namespace {

// a[:, ..., at, ...] with `at` on this axis.
array along(const array& a, int axis, const index& at) {
  std::vector<index> entries(static_cast<std::size_t>(axis), index(slice()));
  entries.push_back(at);
  return a.view(entries);
}

std::int64_t product(const extents& lengths) {
  return std::accumulate(lengths.begin(), lengths.end(), std::int64_t{1}, std::multiplies<>());
}

array from_vector(const std::vector<std::int64_t>& values) { return array(values); }

}  // namespace

// ---- creation -------------------------------------------------------------------------------------------------------

std::vector<array> indices(const extents& shape, dtype type) {
  std::vector<array> out;
  out.reserve(shape.size());
  for (std::size_t d = 0; d < shape.size(); ++d)
    out.push_back(checked([&] { return handle(indices_along(Shape(shape), static_cast<int>(d))); }).astype(type));
  return out;
}

std::vector<array> meshgrid(const std::vector<array>& vectors, indexing order) {
  const std::size_t n = vectors.size();
  std::vector<std::size_t> axis(n);
  std::iota(axis.begin(), axis.end(), std::size_t{0});
  if (order == indexing::xy && n > 1) std::swap(axis[0], axis[1]);
  extents grid(n);
  for (std::size_t k = 0; k < n; ++k) grid[axis[k]] = vectors[k].size();
  std::vector<array> out;
  for (std::size_t k = 0; k < n; ++k) {
    extents wide(n, 1);
    wide[axis[k]] = -1;
    out.push_back(broadcast_to(vectors[k].reshape(wide), grid).copy());
  }
  return out;
}

// ---- parts ----------------------------------------------------------------------------------------------------------

std::vector<array> split(const array& a, const extents& places, int axis) {
  const int d = normalize_axis(axis, a.ndim());
  std::vector<array> out;
  for (std::size_t k = 0; k <= places.size(); ++k) {
    const slice part(k == 0 ? slice::bound(0) : slice::bound(places[k - 1]),
                     k == places.size() ? slice::bound(none) : slice::bound(places[k]));
    out.push_back(along(a, d, part));
  }
  return out;
}

std::vector<array> split(const array& a, std::int64_t sections, int axis) {
  const int d = normalize_axis(axis, a.ndim());
  if (sections <= 0) throw value_error("number sections must be larger than 0.");
  const std::int64_t n = a.shape()[d];
  if (n % sections != 0) throw value_error("array split does not result in an equal division");
  extents places;
  for (std::int64_t k = 1; k < sections; ++k) places.push_back(k * (n / sections));
  return split(a, places, d);
}

// ---- repeating and moving -------------------------------------------------------------------------------------------

array tile(const array& a, const extents& times) {
  if (std::any_of(times.begin(), times.end(), [](std::int64_t n) { return n < 0; }))
    throw value_error("negative dimensions are not allowed");
  const std::size_t n = std::max(times.size(), a.shape().size());
  extents shape(n - a.shape().size(), 1), counts(n - times.size(), 1);
  for (std::int64_t length : a.shape()) shape.push_back(length);
  counts.insert(counts.end(), times.begin(), times.end());
  // Each axis as (time, element).
  extents single, paired, whole;
  for (std::size_t d = 0; d < n; ++d) {
    single.insert(single.end(), {1, shape[d]});
    paired.insert(paired.end(), {counts[d], shape[d]});
    whole.push_back(counts[d] * shape[d]);
  }
  return broadcast_to(a.reshape(single), paired).copy().reshape(whole);
}

array repeat(const array& a, std::int64_t times, std::optional<int> axis) {
  if (times < 0) throw value_error("repeats may not contain negative values.");
  if (!axis) return repeat(ravel(a), times, 0);
  const int d = normalize_axis(*axis, a.ndim());
  extents wide = a.shape(), whole = a.shape();
  wide.insert(wide.begin() + d + 1, times);
  whole[d] *= times;
  return broadcast_to(expand_dims(a, d + 1), wide).copy().reshape(whole);
}

array roll(const array& a, std::int64_t shift, std::optional<int> axis) {
  if (!axis) return roll(ravel(a), shift, 0).reshape(a.shape());
  const int d = normalize_axis(*axis, a.ndim());
  const std::int64_t n = a.shape()[d];
  if (n == 0) return a.copy();
  const std::int64_t by = (shift % n + n) % n;
  return concatenate({along(a, d, slice(n - by, none)), along(a, d, slice(none, n - by))}, d);
}

array pad(const array& a, const std::vector<std::array<std::int64_t, 2>>& widths, pad_mode mode, const operand& value) {
  const int ndim = a.ndim();
  if (widths.size() != 1 && widths.size() != static_cast<std::size_t>(ndim))
    throw value_error("operands could not be broadcast together with remapped shapes",
                      "pad takes one pair of widths, or one for each of the " + std::to_string(ndim) + " axes");
  const auto width = [&](int d) { return widths.size() == 1 ? widths[0] : widths[static_cast<std::size_t>(d)]; };
  for (int d = 0; d < ndim; ++d)
    if (width(d)[0] < 0 || width(d)[1] < 0) throw value_error("index can't contain negative values");
  if (mode == pad_mode::constant) {
    extents shape = a.shape();
    std::vector<index> middle;
    for (int d = 0; d < ndim; ++d) {
      const auto [before, after] = width(d);
      middle.emplace_back(slice(before, before + shape[d]));
      shape[d] += before + after;
    }
    array out = full(shape, value, a.dtype());
    out.view(middle).assign(a);
    return out;
  }
  array out = a.copy();
  for (int d = 0; d < ndim; ++d) {
    const auto [before, after] = width(d);
    const std::int64_t n = a.shape()[d];
    if (before + after == 0) continue;
    if (n == 0)
      throw value_error("can't extend empty axis " + std::to_string(d) + " using modes other than 'constant' or 'empty'");
    std::vector<std::int64_t> from;
    for (std::int64_t i = -before; i < n + after; ++i) {
      const std::int64_t period = mode == pad_mode::wrap        ? n
                                  : mode == pad_mode::symmetric ? 2 * n
                                                                : std::max<std::int64_t>(2 * n - 2, 1);
      const std::int64_t turned = (i % period + period) % period;
      from.push_back(mode == pad_mode::edge        ? std::clamp<std::int64_t>(i, 0, n - 1)
                     : turned < n                  ? turned
                     : mode == pad_mode::symmetric ? period - 1 - turned
                                                   : period - turned);
    }
    out = take(out, from_vector(from), d);
  }
  return out;
}

// ---- products -------------------------------------------------------------------------------------------------------

array tensordot(const array& a, const array& b, const std::vector<int>& axes_a, const std::vector<int>& axes_b) {
  const extents sa = a.shape(), sb = b.shape();
  std::vector<int> order_a, order_b, over_a, over_b;
  for (int d : axes_a) over_a.push_back(normalize_axis(d, a.ndim()));
  for (int d : axes_b) over_b.push_back(normalize_axis(d, b.ndim()));
  bool fits = over_a.size() == over_b.size();
  for (std::size_t k = 0; fits && k < over_a.size(); ++k) fits = sa[over_a[k]] == sb[over_b[k]];
  if (!fits) throw value_error("shape-mismatch for sum", "tensordot of shapes " + describe(of(a)) + " and " + describe(of(b)));
  extents shape, rows, columns, inner;
  const auto kept = [](const std::vector<int>& over, int d) { return std::find(over.begin(), over.end(), d) == over.end(); };
  for (int d = 0; d < a.ndim(); ++d)
    if (kept(over_a, d)) order_a.push_back(d), rows.push_back(sa[d]);
  for (int d : over_a) order_a.push_back(d), inner.push_back(sa[d]);
  for (int d : over_b) order_b.push_back(d);
  for (int d = 0; d < b.ndim(); ++d)
    if (kept(over_b, d)) order_b.push_back(d), columns.push_back(sb[d]);
  const array left = transpose(a, order_a).reshape({product(rows), product(inner)});
  const array right = transpose(b, order_b).reshape({product(inner), product(columns)});
  shape = rows;
  shape.insert(shape.end(), columns.begin(), columns.end());
  return matmul(left, right).reshape(shape);
}

array tensordot(const array& a, const array& b, int axes) {
  if (axes < 0 || axes > a.ndim() || axes > b.ndim()) throw value_error("shape-mismatch for sum");
  std::vector<int> last(static_cast<std::size_t>(axes)), first(static_cast<std::size_t>(axes));
  std::iota(last.begin(), last.end(), a.ndim() - axes);
  std::iota(first.begin(), first.end(), 0);
  return tensordot(a, b, last, first);
}

namespace {

// An operand of einsum with one letter for each axis, none twice.
struct Labelled {
  array values;
  std::string labels;
};

int axis_of(const Labelled& x, char label) { return static_cast<int>(x.labels.find(label)); }
bool has(const std::string& labels, char label) { return labels.find(label) != std::string::npos; }

Labelled summed(const Labelled& x, const std::string& keep) {
  std::vector<int> axes_out;
  std::string left;
  uint32_t mask = 0;
  for (std::size_t d = 0; d < x.labels.size(); ++d) {
    if (has(keep, x.labels[d])) left += x.labels[d];
    else mask |= uint32_t{1} << d;
  }
  if (mask == 0) return x;
  ReduceOptions options;
  options.axes = mask;
  options.dtype = of(x.values).dtype;
  return {checked([&] { return handle(reduce(Op::add, of(x.values), options)); }), left};
}

// A letter that stands twice is the diagonal of its axes.
Labelled without_repeats(Labelled x) {
  for (std::size_t d = 0; d < x.labels.size();) {
    const char label = x.labels[d];
    const std::size_t again = x.labels.find(label, d + 1);
    if (again == std::string::npos) {
      ++d;
      continue;
    }
    x.values = diagonal(x.values, 0, static_cast<int>(d), static_cast<int>(again));  // becomes the last axis
    x.labels.erase(again, 1);
    x.labels.erase(d, 1);
    x.labels += label;
    d = 0;
  }
  return x;
}

// With an axis for each letter of `order`, of length 1 where x lacks it.
array spread(const Labelled& x, const std::string& order) {
  std::vector<int> axes_in;
  extents shape;
  for (char label : order) {
    const bool there = has(x.labels, label);
    if (there) axes_in.push_back(axis_of(x, label));
    shape.push_back(there ? x.values.shape()[axis_of(x, label)] : 1);
  }
  return axes_in.empty() ? x.values.reshape(shape) : transpose(x.values, axes_in).reshape(shape);
}

// The product of two, summed over the letters that are not in `keep`: by a matrix product where there is one in it.
Labelled contract(Labelled a, Labelled b, const std::string& keep) {
  a = summed(a, keep + b.labels);
  b = summed(b, keep + a.labels);
  std::string batch, inner, rows, columns;
  for (char label : a.labels) (has(b.labels, label) ? has(keep, label) ? batch : inner : rows) += label;
  for (char label : b.labels)
    if (!has(a.labels, label)) columns += label;
  if (inner.empty() || (!batch.empty() && (rows.empty() || columns.empty()))) {
    const std::string order = batch + rows + columns + inner;
    return summed({spread(a, order) * spread(b, order), order}, batch + rows + columns);
  }
  std::map<char, std::int64_t> length;
  for (const Labelled* x : {&a, &b})
    for (std::size_t d = 0; d < x->labels.size(); ++d) length[x->labels[d]] = x->values.shape()[d];
  const auto shape = [&](const std::string& labels) {
    extents out;
    for (char label : labels) out.push_back(length[label]);
    return out;
  };
  const auto flat = [&](const Labelled& x, const std::string& first, const std::string& second) {
    std::vector<int> axes_in;
    for (char label : batch + first + second) axes_in.push_back(axis_of(x, label));
    extents to = shape(batch);
    to.push_back(product(shape(first)));
    to.push_back(product(shape(second)));
    return transpose(x.values, axes_in).reshape(to);
  };
  const array made = matmul(flat(a, rows, inner), flat(b, inner, columns));
  const std::string labels = batch + rows + columns;
  return {made.reshape(shape(labels)), labels};
}

}  // namespace

array einsum(const std::string& subscripts, const std::vector<array>& operands) {
  std::string text;
  std::copy_if(subscripts.begin(), subscripts.end(), std::back_inserter(text), [](char c) { return c != ' '; });
  const std::size_t arrow = text.find("->");
  std::vector<std::string> inputs(1);
  for (char c : text.substr(0, arrow)) {
    if (c == ',') inputs.emplace_back();
    else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) inputs.back() += c;
    else
      throw value_error(
          std::string("invalid subscript '") + c + "' in einstein sum subscripts string, subscripts must be letters",
          "the C++ einsum takes no ellipsis: name every axis");
  }
  if (operands.empty()) throw value_error("must specify the einstein sum subscripts string and at least one operand");
  if (inputs.size() > operands.size()) throw value_error("more operands were expected than provided to einstein sum function");
  if (inputs.size() < operands.size())
    throw value_error("more operands provided to einstein sum function than specified in the subscripts string");
  const std::string joined = std::accumulate(inputs.begin(), inputs.end(), std::string());
  std::string result;
  if (arrow != std::string::npos) result = text.substr(arrow + 2);
  else
    for (char c : std::set<char>(joined.begin(), joined.end()))
      if (std::count(joined.begin(), joined.end(), c) == 1) result += c;
  for (char c : result) {
    if (std::count(result.begin(), result.end(), c) > 1)
      throw value_error(std::string("einstein sum subscripts string includes output subscript '") + c + "' multiple times");
    if (!has(joined, c))
      throw value_error(std::string("einstein sum subscripts string included output subscript '") + c +
                        "' which never appeared in an input");
  }

  dtype type = operands[0].dtype();
  for (const array& a : operands) type = promote_types(type, a.dtype());
  // Where a sum would leave the type: computed wider, cast at the end.
  const dtype wide = type == bool_ ? int64 : type == float16 ? float32 : type;
  std::map<char, std::int64_t> length;
  std::vector<Labelled> list;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    Labelled x{operands[k].astype(wide), inputs[k]};
    if (x.labels.size() != static_cast<std::size_t>(x.values.ndim()))
      throw value_error("einstein sum subscripts string contains too " +
                        std::string(x.labels.size() > static_cast<std::size_t>(x.values.ndim()) ? "many" : "few") +
                        " subscripts for operand " + std::to_string(k));
    for (std::size_t d = 0; d < x.labels.size(); ++d) {
      const std::int64_t n = x.values.shape()[d];
      if (const auto [at, is_new] = length.emplace(x.labels[d], n); !is_new && at->second != n)
        throw value_error("operands could not be broadcast together with remapped shapes",
                          std::string("einsum: '") + x.labels[d] + "' is " + std::to_string(at->second) + " long and " +
                              std::to_string(n) + " in operand " + std::to_string(k));
    }
    list.push_back(without_repeats(std::move(x)));
  }
  Labelled total = list[0];
  for (std::size_t k = 1; k < list.size(); ++k) {
    std::string keep = result;
    for (std::size_t later = k + 1; later < list.size(); ++later) keep += list[later].labels;
    total = contract(total, list[k], keep);
  }
  total = summed(total, result);
  std::vector<int> order;
  for (char label : result) order.push_back(axis_of(total, label));
  const array turned = order.empty() ? total.values : transpose(total.values, order);
  return wide == type ? turned : turned.astype(type);
}

}  // namespace numloom
