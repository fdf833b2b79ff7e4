#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "api/record.h"
#include "array/by_item.h"
#include "backend/cpu/loops.h"

namespace numloom {
namespace {

uint32_t all_axes(int ndim) { return ndim ? (uint32_t{1} << ndim) - 1 : 0; }

// The result's layout: memory order follows the operand's, as NumPy's iterator has it.
Layout reduced_layout(const Array& a, uint32_t axes, bool keepdims, int item) {
  Layout kept;
  kept.ndim = 0;
  for (int d = 0; d < a.ndim(); ++d) {
    const bool reduced = axes >> d & 1;
    if (reduced && !keepdims) continue;
    kept.shape[kept.ndim] = reduced ? 1 : a.layout.shape[d];
    kept.strides[kept.ndim++] = reduced ? 0 : a.layout.strides[d];
  }
  Array shadow(nullptr, a.dtype, kept);
  const Array* in[1] = {&shadow};
  return result_layout(kept.dims(), item, in, a.size() ? 'K' : 'C');
}

// `out` over the iteration space of `a`: stride 0 along the reduced axes.
Layout over_space(const Layout& out, const Layout& a, uint32_t axes, bool keepdims) {
  Layout l;
  l.ndim = a.ndim;
  l.offset = out.offset;
  int k = 0;
  for (int d = 0; d < a.ndim; ++d) {
    l.shape[d] = a.shape[d];
    const bool reduced = axes >> d & 1;
    l.strides[d] = reduced ? 0 : out.strides[k];
    if (!reduced || keepdims) ++k;
  }
  return l;
}

template <class T>
void gather_line(T* dst, const char* src, const Layout& l, uint32_t axes, int d) {
  // Elements of the reduced axes, in C order.
  while (d < l.ndim && !(axes >> d & 1)) ++d;
  if (d == l.ndim) {
    *dst = *reinterpret_cast<const T*>(src);
    return;
  }
  int64_t inner = 1;
  for (int e = d + 1; e < l.ndim; ++e)
    if (axes >> e & 1) inner *= l.shape[e];
  for (int64_t i = 0; i < l.shape[d]; ++i) gather_line(dst + i * inner, src + i * l.strides[d], l, axes, d + 1);
}

// Small reductions on host memory, at the call.
void reduce_now(Op op, DType type, const Array& a, uint32_t axes, const Array& out, const Layout& space) {
  const ReduceFn fn = loops().reduce[static_cast<int>(op)][static_cast<int>(type)];
  const LoopFn cast_in = a.dtype == type ? nullptr : loops().cast[static_cast<int>(a.dtype)][static_cast<int>(type)];
  const LoopFn cast_out = out.dtype == type ? nullptr : loops().cast[static_cast<int>(type)][static_cast<int>(out.dtype)];
  int64_t n = 1;
  for (int d = 0; d < a.ndim(); ++d)
    if (axes >> d & 1) n *= a.layout.shape[d];
  const uint8_t wanted = wanted_warnings() & (kWarnOver | kWarnInvalid);
  const bool ask = wanted && is_inexact(type) && op_info(op).warns;
  if (ask) _MM_SET_EXCEPTION_STATE(0);
  thread_local std::vector<char> line, wide;
  const bool whole = !cast_in && axes == all_axes(a.ndim()) && a.layout.c_contiguous(a.item());
  if (!whole) line.resize(n * a.item());
  if (cast_in) wide.resize(n * item_size(type));
  int64_t at[kMaxDims] = {};
  uint8_t rounded = 0;
  for (;;) {
    const char* from = a.buf->host + a.layout.offset;
    char* to = out.buf->host + space.offset;
    for (int d = 0; d < a.ndim(); ++d) from += at[d] * a.layout.strides[d], to += at[d] * space.strides[d];
    const char* values = from;
    if (!whole) {
      by_item(a.item(), [&](auto tag) { gather_line(reinterpret_cast<decltype(tag)*>(line.data()), from, a.layout, axes, 0); });
      values = line.data();
    }
    if (cast_in) {
      cast_in(wide.data(), values, nullptr, nullptr, n);
      values = wide.data();
    }
    Scalar acc;
    fn(acc.raw, values, n);
    if (cast_out) {
      cast_out(to, acc.raw, nullptr, nullptr, 1);
      if (ask && cast_may_warn(type, out.dtype)) rounded |= warn_check_cast(type, out.dtype, to, acc.raw, 1);
    } else {
      std::memcpy(to, acc.raw, item_size(type));
    }
    int d = a.ndim() - 1;
    for (; d >= 0; --d) {
      if (axes >> d & 1) continue;
      if (++at[d] < a.layout.shape[d]) break;
      at[d] = 0;
    }
    if (d < 0) break;
  }
  if (ask) {
    const unsigned flags = _MM_GET_EXCEPTION_STATE();
    uint8_t met = rounded | (flags & _MM_EXCEPT_OVERFLOW ? kWarnOver : 0) | (flags & _MM_EXCEPT_INVALID ? kWarnInvalid : 0);
    if (op == Op::minimum || op == Op::maximum) met = 0;
    if (met & wanted) queue_warning(hooks().site ? hooks().site() : 0, met & wanted, "reduce");
  }
  out.buf->changed();
  ++Engine::get().counters.run_now;
}

void record_reduce(Op op, DType type, const Array& a, uint32_t axes, const Array& out, bool keepdims) {
  const Layout space = over_space(out.layout, a.layout, axes, keepdims);
  if (runs_now(a.size() * item_size(type)) && ready_here(a) && writable_here(out)) {
    reduce_now(op, type, a, axes, out, space);
    return;
  }
  // A reduction's slot has the accumulator's type.
  Array to = out;
  if (out.dtype != type) to = make_result(Layout::contiguous({out.layout.shape, size_t(out.ndim())}, item_size(type)), type);
  record(Kind::reduce, op, type, {to, over_space(to.layout, a.layout, axes, keepdims)}, {a}, {.axes = axes});
  if (out.dtype == type) return;
  const CalledAs rounding("reduce");  // what does not fit
  assign(out, to);
}

DType reduce_type(Op op, DType a, DType asked) {
  if (op == Op::logical_and || op == Op::logical_or || op == Op::logical_xor) return DType::b1;
  if (asked != kNoDType) return asked;
  if (op == Op::add || op == Op::multiply) {
    if (kind_of(a) == DKind::boolean || kind_of(a) == DKind::sint) return DType::i8;
    if (kind_of(a) == DKind::uint) return DType::u8;
  }
  return a;
}

Scalar identity_of(Op op, DType t) {
  Scalar s;
  s.dtype = DType::i8;
  s.i = op_info(op).identity;
  return cast_scalar(s, t);
}

bool any_true(const char* p, int64_t n) {
  constexpr int64_t kAtOnce = 4096;
  const ReduceFn reduce = loops().reduce[static_cast<int>(Op::logical_or)][static_cast<int>(DType::b1)];
  bool found = false;
  for (int64_t i = 0; i < n && !found; i += kAtOnce) reduce(&found, p + i, std::min(kAtOnce, n - i));
  return found;
}

// any, all and the count of bools that lie ready in a row: ended as soon as the answer is known.
bool reduce_bools_now(Op op, const Array& a, const Array& out) {
  const bool counts = op == Op::add && out.dtype == DType::i8;
  if (a.dtype != DType::b1 || (op != Op::logical_or && op != Op::logical_and && !counts) || out.size() != 1) return false;
  if (device() == Device::cuda || !ready_here(a) || !a.layout.c_contiguous(1) || !writable_here(out)) return false;
  const char* p = a.buf->host + a.layout.offset;
  char* to = out.buf->host + out.layout.offset;
  if (counts) {
    const int64_t count = count_true(p, a.size());
    std::memcpy(to, &count, 8);
  } else {
    if (out.dtype != DType::b1) return false;
    *to = op == Op::logical_or ? any_true(p, a.size()) : std::memchr(p, 0, a.size()) == nullptr;
  }
  out.buf->changed();
  return true;
}

}  // namespace

Array reduce(Op op, const Array& input, const ReduceOptions& options) {
  const OpInfo& info = op_info(op);
  Array a = input;
  uint32_t axes = options.axes ? *options.axes : all_axes(a.ndim());
  DType asked = options.dtype;
  // NumPy's loop is chosen by the operand and `out` together.
  if (asked == kNoDType && options.out) asked = promote(a.dtype, options.out->dtype);
  const DType result = reduce_type(op, a.dtype, asked);
  // float16 accumulates in float32 and is rounded once.
  const DType type = result == DType::f2 && (op == Op::add || op == Op::multiply) ? DType::f4 : result;
  if (!op_supports(op, type) || op_output_type(op, type) != type ||
      !loops().reduce[static_cast<int>(op)][static_cast<int>(type)])
    throw not_native("no reduction of this type");
  if (is_complex(a.dtype) && !is_complex(result) && result != DType::b1) throw not_native("a complex reduction to a real type");
  if (options.where) {
    if (info.identity == kNoIdentity) throw not_native("where= needs an initial value");
    a = select(*options.where, a, identity_of(op, a.dtype));
    if (a.ndim() != input.ndim() || !same_shape(a.layout, input.layout)) throw not_native("where= broadcasts the operand");
  }
  int64_t count = 1;
  for (int d = 0; d < a.ndim(); ++d)
    if (axes >> d & 1) count *= a.layout.shape[d];
  if (count == 0 && info.identity == kNoIdentity && !options.initial) {
    throw value_error("zero-size array to reduction operation " + std::string(info.name) + " which has no identity");
  }
  const Layout layout = reduced_layout(a, axes, options.keepdims, item_size(result));
  Array out;
  if (options.out) {
    out = *options.out;
    if (!out.writeable) throw value_error("output array is read-only");
    if (!same_shape(out.layout, layout)) throw not_native("out= of another shape");
    if (!can_cast(result, out.dtype, Casting::same_kind)) throw not_native("out= of another kind");
    a = without_overlap(a, out);
    if (a.buf == out.buf) a = copy(a);
  } else {
    out = make_result(layout, result);
  }
  if (count == 0) {
    assign(out, options.initial ? *options.initial : identity_of(op, result));
    return out;
  }
  if (axes == all_axes(a.ndim()) && !options.initial && reduce_bools_now(op, a, out)) return out;
  if (out.size() > 0) {
    if (axes == 0) assign(out, a);
    else record_reduce(op, type, a, axes, out, options.keepdims);
  }
  if (options.initial) {
    const Arg args[2] = {*options.initial, out};
    return apply(op, args, {.out = &out, .casting = Casting::unsafe});
  }
  issue_warnings();
  return out;
}

namespace {

// How many elements each sum adds: one number, or one for each sum where a mask decides.
struct Count {
  int64_t n = 1;
  std::optional<Array> masked;
};

Count count_reduced(const Array& a, const ReduceOptions& options, bool keepdims) {
  Count count;
  const uint32_t axes = options.axes ? *options.axes : all_axes(a.ndim());
  if (options.where) {
    int64_t joined[kMaxDims];
    int n;
    if (!broadcast_shapes(options.where->layout.dims(), a.layout.dims(), joined, n) || n != a.ndim() ||
        !std::equal(joined, joined + n, a.layout.shape))
      throw not_native("where= broadcasts the operand");
    ReduceOptions sum;
    sum.axes = axes;
    sum.keepdims = keepdims;
    count.masked = count_nonzero(broadcast(*options.where, a.layout.dims()), sum);
    return count;
  }
  for (int d = 0; d < a.ndim(); ++d)
    if (axes >> d & 1) count.n *= a.layout.shape[d];
  return count;
}

// NumPy warns where a count is at most `least`, and so lets it be NumPy's. With a mask this looks at values, and runs.
void require_more(const Count& count, double least, const char* what) {
  int64_t n = count.n;
  if (count.masked) {
    if (count.masked->size() == 0) throw not_native(what);
    n = item_value(reduce(Op::minimum, *count.masked)).i;
  }
  if (static_cast<double>(n) <= least) throw not_native(what);
}

// total / (count - ddof) in the type of `total`. NumPy divides by an int64 and so in float64, and rounds once to the type of
// `total`: the same quotient where the count has few enough bits for that type.
Array divided(const Array& total, const Count& count, double ddof) {
  const double n = static_cast<double>(count.n) - ddof;
  const bool narrow = count.masked || (n != std::floor(n)) || n > (total.dtype == DType::f2 ? 2048 : 1 << 24);
  Scalar number;
  number.dtype = DType::f8;
  number.f = n;
  if (!narrow) {
    number.weak = Scalar::Weak::floating;
    const Arg quotient[2] = {total, number};
    return apply(Op::divide, quotient);
  }
  if (!count.masked) {
    const Arg quotient[2] = {total, number};
    return astype(apply(Op::divide, quotient), total.dtype);
  }
  number.f = ddof;
  const Arg less[2] = {*count.masked, number};
  const Array freedom = ddof == 0 ? *count.masked : apply(Op::subtract, less);
  const Arg quotient[2] = {total, freedom};
  return astype(apply(Op::divide, quotient), total.dtype);
}

// The result of a composite: itself, or written into `out`, which it fits.
Array delivered(const Array& result, const Array* out) {
  if (!out) return result;
  if (!same_shape(out->layout, result.layout)) throw not_native("out= of another shape");
  assign(*out, result);
  return *out;
}

}  // namespace

Array mean(const Array& a, const ReduceOptions& options) {
  if (options.initial) throw not_native("a mean with an initial value");
  const Count count = count_reduced(a, options, options.keepdims);
  require_more(count, 0, "the mean of no elements");
  const bool half = a.dtype == DType::f2 && options.dtype == kNoDType;
  ReduceOptions sum = options;
  sum.out = nullptr;
  if (options.dtype == kNoDType) sum.dtype = is_inexact(a.dtype) ? (half ? DType::f4 : a.dtype) : DType::f8;
  if (!is_inexact(sum.dtype)) throw not_native("a mean in integers");
  if (options.out && options.out->dtype != (half ? DType::f2 : sum.dtype)) throw not_native("out= of another type");
  const Array result = divided(reduce(Op::add, a, sum), count, 0);
  return delivered(half ? astype(result, DType::f2) : result, options.out);
}

Array variance(const Array& a, double ddof, bool square_root, const ReduceOptions& options, const Array* given_mean) {
  if (options.initial) throw not_native("a variance with an initial value");
  if (options.dtype != kNoDType && (!is_inexact(options.dtype) || is_complex(options.dtype) || is_complex(a.dtype)))
    throw not_native("a variance in integers, or of complex numbers in a given type");
  const Count count = count_reduced(a, options, options.keepdims);
  require_more(count, ddof, "a variance with no degrees of freedom");
  ReduceOptions sum = options;
  sum.out = nullptr;
  if (options.dtype == kNoDType && !is_inexact(a.dtype)) sum.dtype = DType::f8;
  Array m;
  if (given_mean) {
    m = *given_mean;
  } else {
    ReduceOptions keep = sum;
    keep.keepdims = true;
    m = divided(reduce(Op::add, a, keep), options.keepdims ? count : count_reduced(a, options, true), 0);
  }
  const Arg difference[2] = {a, m};
  const Array x = apply(Op::subtract, difference);
  Array squares;
  if (is_complex(x.dtype)) {
    const Array re = real_view(x), im = imag_view(x);
    const Arg rr[2] = {re, re}, ii[2] = {im, im};
    const Array r2 = apply(Op::multiply, rr), i2 = apply(Op::multiply, ii);
    const Arg both[2] = {r2, i2};
    squares = apply(Op::add, both);
  } else {
    const Arg xx[2] = {x, x};
    squares = apply(Op::multiply, xx);
  }
  if (options.dtype == kNoDType) sum.dtype = squares.dtype;
  if (options.out && options.out->dtype != sum.dtype) throw not_native("out= of another type");
  Array var = divided(reduce(Op::add, squares, sum), count, ddof);
  const Arg root(var);
  return delivered(square_root ? apply(Op::sqrt, {&root, 1}) : var, options.out);
}

Array count_nonzero(const Array& a, const ReduceOptions& options) {
  const Array mask = a.dtype == DType::b1 ? a : astype(a, DType::b1);
  ReduceOptions o = options;
  o.dtype = DType::i8;
  return reduce(Op::add, mask, o);
}

namespace {

// Index arrays know the least and the greatest that they can hold, which spares looking.
void mark_range(const Array& a, int64_t high) {
  a.buf->remember_range(static_cast<uint8_t>(a.dtype), 0, std::max<int64_t>(0, high));
}

// Records a call along one axis; `out` and `a` have the same number of axes.
void record_along(Kind kind, Op op, const Array& a, int axis, const Array& out) {
  if (a.size() == 0) return;
  if (runs_now(a.size() * a.item()) && ready_here(a) && writable_here(out)) {
    const EngineLock lock;
    CallArgs c;
    c.call = kind == Kind::cumulate ? Call::cumulate : Call::argreduce;
    c.op = op;
    c.axis = axis;
    c.in[0] = here(a);
    c.out = here(out);
    const uint8_t wanted = wanted_warnings();
    std::vector<FloatEvent> events;
    cpu_backend().run(c, wanted ? &events : nullptr);
    for (const FloatEvent& met : events)
      if (met.mask & wanted) queue_warning(hooks().site ? hooks().site() : 0, met.mask & wanted, "accumulate");
    out.buf->changed();
    return;
  }
  record(kind, op, a.dtype, out, {a}, {.axis = axis});
}

}  // namespace

Array argreduce(Op op, const Array& input, std::optional<int> axis, bool keepdims) {
  Array a = input;
  int64_t flat[1] = {a.size()};
  if (!axis) a = reshape(a, flat);
  const int d = axis ? normalize_axis(*axis, a.ndim()) : 0;
  if (a.layout.shape[d] == 0)
    throw value_error(std::string("attempt to get arg") + (op == Op::minimum ? "min" : "max") + " of an empty sequence");
  Layout kept = a.layout;
  kept.shape[d] = 1;
  Array out = make_result(Layout::contiguous({kept.shape, size_t(kept.ndim)}, 8), DType::i8);
  record_along(Kind::argreduce, op, a, d, out);
  const int64_t high = a.layout.shape[d] - 1;
  Layout& l = out.layout;
  if (!keepdims) {
    l.remove_axis(d);
  } else if (!axis) {
    l.ndim = input.ndim();
    for (int k = 0; k < l.ndim; ++k) l.shape[k] = 1, l.strides[k] = 8;
  }
  mark_range(out, high);
  return out;
}

Array cumulate(Op op, const Array& input, std::optional<int> axis, DType dtype, const Array* given) {
  Array a = input;
  int64_t flat[1] = {a.size()};
  if (!axis) a = reshape(a, flat);
  const int d = axis ? normalize_axis(*axis, a.ndim()) : 0;
  const DType type = reduce_type(op, a.dtype, dtype);
  if (op_output_type(op, type) != type) throw not_native("a running reduction of this type");
  if (device() != Device::cpu && op != Op::add && op != Op::multiply && op != Op::minimum && op != Op::maximum)
    throw not_native("a running reduction that CUDA lacks");
  const Array* in[1] = {&input};
  const Layout layout = result_layout(a.layout.dims(), item_size(type),
                                      axis ? std::span<const Array* const>(in) : std::span<const Array* const>(), 'K');
  if (a.dtype != type) a = astype(a, type);
  Array out;
  if (given) {
    out = *given;
    if (!out.writeable) throw value_error("output array is read-only");
    if (!same_shape(out.layout, a.layout) || out.dtype != type) throw not_native("out= of another shape or type");
    if (a.buf == out.buf) a = copy(a);
  } else {
    out = make_result(layout, type);
  }
  record_along(Kind::cumulate, op, a, d, out);
  issue_warnings();
  return out;
}

namespace {

// nonzero of bools that are on the device and lie dense in C order: there, but for the count.
std::vector<Array> nonzero_there(const Array& mask) {
  const int64_t n[1] = {mask.size()};
  Array row = reshape(mask, n), flat;
  // What is written must be as much as was counted, whatever other threads do.
  if (row.buf->shared()) row = copy(row);
  for (;; row = copy(row)) {
    const uint32_t version = row.buf->version;
    const Array counts = cumulate(Op::add, row, 0, n[0] < INT32_MAX ? DType::i4 : DType::i8);
    Layout last;
    last.ndim = 0;
    last.offset = counts.layout.offset + (n[0] - 1) * counts.item();
    const int64_t found[1] = {item_value(counts.with(counts.dtype, last)).i};
    flat = make_result(Layout::contiguous(found, 8), DType::i8);
    if (unchanged_since(version, row, [&] {
          if (found[0] > 0) record(Kind::compact, Op::none, DType::i8, flat, {row, counts});
        }))
      break;
  }
  // Positions into coordinates.
  std::vector<Array> out(static_cast<size_t>(mask.ndim()), flat);
  Array rest = flat;
  for (int d = mask.ndim() - 1; d >= 0; --d) {
    Array& at = out[static_cast<size_t>(d)];
    at = rest;
    if (d > 0) {
      Scalar length;
      length.dtype = DType::i8;
      length.i = std::max<int64_t>(1, mask.layout.shape[d]);
      const Arg pair[2] = {rest, length};
      at = apply(Op::remainder, pair);
      rest = apply(Op::floor_divide, pair);
    }
    mark_range(at, mask.layout.shape[d] - 1);
  }
  return out;
}

}  // namespace

int64_t count_true(const char* p, int64_t n) {
  int64_t count = 0, i = 0;
  const __m128i zero = _mm_setzero_si128();
  while (i + 16 <= n) {
    // Sixteen bytes that count zeros, at most 255 each, then their sum.
    __m128i zeros = zero;
    const int64_t start = i;
    for (const int64_t end = std::min(n - 15, i + 16 * 255); i < end; i += 16)
      zeros = _mm_sub_epi8(zeros, _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i)), zero));
    const __m128i sums = _mm_sad_epu8(zeros, zero);
    count += i - start - _mm_cvtsi128_si32(sums) - _mm_extract_epi16(sums, 4);
  }
  for (; i < n; ++i) count += p[i] != 0;
  return count;
}

Array bincount(const Array& input, int64_t at_least) {
  if (input.ndim() != 1 || !(is_integer(input.dtype) || input.dtype == DType::b1) || input.dtype == DType::u8)
    throw not_native("bincount of other than a row of integers");
  int64_t bins[1] = {at_least};
  if (input.size() > 0) {
    const Range r = input.dtype == DType::b1 ? Range{0, item_value(reduce(Op::maximum, input)).i & 1} : value_range(input);
    if (r.low < 0) throw not_native("bincount of negative numbers");
    bins[0] = std::max(bins[0], r.high + 1);
  }
  const Array out = make_result(Layout::contiguous(bins, 8), DType::i8);
  if (input.size() == 0) {
    Scalar none;
    none.dtype = DType::i8;
    none.i = 0;
    assign(out, none);
    return out;
  }
  const Array a = input.layout.c_contiguous(8) && input.dtype == DType::i8 ? input : astype(input, DType::i8, 'C');
  if (runs_now((a.size() + out.size()) * 8) && ready_here(a) && writable_here(out)) {
    CallArgs c;
    c.call = Call::bincount;
    c.in[0] = here(a);
    c.out = here(out);
    const EngineLock lock;
    cpu_backend().run(c, nullptr);
  } else {
    record(Kind::bincount, Op::none, DType::i8, out, {a});
  }
  issue_warnings();
  return out;
}

std::vector<Array> nonzero(const Array& input) {
  const Array mask = input.dtype == DType::b1 ? input : astype(input, DType::b1);
  const Array a = mask.layout.c_contiguous(1) ? mask : copy(mask, 'C');
  if (device() != Device::cpu && a.ndim() > 0 && a.size() > 0) {
    eval({&a, 1});
    if (a.buf->device_valid && !a.buf->host_valid) return nonzero_there(a);
  }
  const char* p = host_data(a);
  const Layout& l = a.layout;
  const int nd = l.ndim;
  std::vector<Array> out;
  if (nd == 0) return out;
  const int64_t total = a.size();
  const int64_t count = count_true(p, total);
  const int64_t shape[1] = {count};
  int64_t* q[kMaxDims];
  for (int d = 0; d < nd; ++d) {
    Array x = empty(shape, DType::i8);
    q[d] = reinterpret_cast<int64_t*>(x.buf->ensure_host());
    x.buf->host_valid = true;
    mark_range(x, l.shape[d] - 1);
    out.push_back(std::move(x));
  }
  // Row by row: the last coordinate without branches, which random masks would mispredict; the others are constant in a row.
  const int64_t width = l.shape[nd - 1];
  int64_t* last = q[nd - 1];
  int64_t at[kMaxDims] = {}, k = 0;
  for (int64_t start = 0; start < total && k < count; start += width) {
    const char* row = p + start;
    const int64_t before = k;
    for (int64_t i = 0; i < width && k < count;) {
      uint64_t w;
      if (i + 8 <= width && (std::memcpy(&w, row + i, 8), w == 0)) {
        i += 8;
      } else if (i + 8 <= width && count - k >= 8) {
        for (int j = 0; j < 8; ++j) {
          last[k] = i + j;
          k += row[i + j] != 0;
        }
        i += 8;
      } else {
        if (row[i]) last[k++] = i;
        ++i;
      }
    }
    for (int d = 0; d < nd - 1; ++d) std::fill(q[d] + before, q[d] + k, at[d]);
    for (int d = nd - 2; d >= 0; --d) {
      if (++at[d] < l.shape[d]) break;
      at[d] = 0;
    }
  }
  // Somebody wrote the mask meanwhile: what was counted and is not there any more is no position out of bounds.
  for (int d = 0; d < nd; ++d) std::fill(q[d] + k, q[d] + count, 0);
  return out;
}

Array order_statistics(const Array& input, std::span<const int64_t> ranks) {
  if (!is_integer(input.dtype) && input.dtype != DType::f4 && input.dtype != DType::f8)
    throw not_native("order statistics of this type");
  const Array rows = input.layout.c_contiguous(input.item()) ? input : copy(input, 'C');
  const auto count = static_cast<int64_t>(ranks.size());
  Array at = empty({&count, 1}, DType::i8);
  std::copy(ranks.begin(), ranks.end(), reinterpret_cast<int64_t*>(at.buf->ensure_host()));
  at.buf->host_valid = true;
  const int64_t shape[2] = {rows.layout.shape[0], count};
  Array out = make_result(Layout::contiguous(shape, rows.item()), rows.dtype);
  if (out.size() > 0) record(Kind::order, Op::none, rows.dtype, out, {rows, at});
  return out;
}

}  // namespace numloom
