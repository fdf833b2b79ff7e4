#include "backend/cpu/calls.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "backend/cpu/loops.h"
#include "backend/cpu/strided.h"
#include "runtime/threads.h"

namespace numloom::cpu {
namespace {

// Calls f(offset of out, offset of in0, offset of in1) for each index of `shape` but for axis `skip`, in C order.
template <class F>
void for_lines(const Layout& shape, int skip, const Layout& out, const Layout& in0, const Layout* in1, F&& f) {
  int64_t at[kMaxDims] = {};
  for (int d = 0; d < shape.ndim; ++d)
    if (d != skip && shape.shape[d] == 0) return;
  for (;;) {
    int64_t o = 0, a = 0, b = 0;
    for (int d = 0; d < shape.ndim; ++d) {
      o += at[d] * out.strides[d];
      a += at[d] * in0.strides[d];
      if (in1) b += at[d] * in1->strides[d];
    }
    f(o, a, b);
    int d = shape.ndim - 1;
    for (; d >= 0; --d) {
      if (d == skip) continue;
      if (++at[d] < shape.shape[d]) break;
      at[d] = 0;
    }
    if (d < 0) return;
  }
}

template <class T>
T element(const char* p) {
  return *reinterpret_cast<const T*>(p);
}

// Better(a, b): a wins over b as the least or greatest so far; the first NaN wins over everything.
template <class T, bool kLeast>
int64_t first_best(const char* p, int64_t n, int64_t stride) {
  T best = element<T>(p);
  int64_t at = 0;
  if constexpr (std::is_floating_point_v<T>)
    if (best != best) return 0;
  for (int64_t i = 1; i < n; ++i) {
    const T v = element<T>(p + i * stride);
    if constexpr (std::is_floating_point_v<T>)
      if (v != v) return i;
    if (kLeast ? v < best : v > best) best = v, at = i;
  }
  return at;
}

// Where v first is in p[0, n), which has it: where there is a loop that compares with one element, many at a time.
template <class T>
int64_t first_equal(DType type, const T* p, T v, int64_t n) {
  constexpr int64_t kMany = 256;
  int64_t i = 0;
  if (const LoopFn equal = loops().op_vs[static_cast<int>(Op::equal)][static_cast<int>(type)]) {
    for (; i < n; i += kMany) {
      uint8_t same[kMany];
      const int64_t m = std::min(kMany, n - i);
      equal(same, p + i, &v, nullptr, m);
      if (const void* at = std::memchr(same, 1, m)) return i + (static_cast<const uint8_t*>(at) - same);
    }
  }
  while (p[i] != v) ++i;
  return i;
}

// Dense memory: the best of each block by the vectorised reduction, then where the best block has it.
template <class T>
int64_t first_best_dense(bool least, DType type, const T* p, int64_t n) {
  constexpr int64_t kBlock = 1024;
  const ReduceFn reduce = loops().reduce[static_cast<int>(least ? Op::minimum : Op::maximum)][static_cast<int>(type)];
  T best{};
  int64_t start = 0;
  for (int64_t i = 0; i < n; i += kBlock) {
    T v;
    reduce(&v, p + i, std::min(kBlock, n - i));
    if constexpr (std::is_floating_point_v<T>) {
      if (v != v) {  // the first NaN is in this block
        while (p[i] == p[i]) ++i;
        return i;
      }
    }
    if (i == 0 || (least ? v < best : v > best)) best = v, start = i;
  }
  return start + first_equal(type, p + start, best, n - start);
}

template <class T>
int64_t first_best(bool least, const char* p, int64_t n, int64_t stride) {
  if constexpr (!std::is_same_v<T, uint8_t>) {  // bools come as those
    if (stride == sizeof(T) && n >= 64) {
      constexpr bool sign = std::is_signed_v<T>;
      constexpr DType type = std::is_same_v<T, double>  ? DType::f8
                             : std::is_same_v<T, float> ? DType::f4
                             : sizeof(T) == 1           ? DType::i1
                             : sizeof(T) == 2           ? (sign ? DType::i2 : DType::u2)
                             : sizeof(T) == 4           ? (sign ? DType::i4 : DType::u4)
                                                        : (sign ? DType::i8 : DType::u8);
      return first_best_dense(least, type, reinterpret_cast<const T*>(p), n);
    }
  }
  return least ? first_best<T, true>(p, n, stride) : first_best<T, false>(p, n, stride);
}

// Complex order is by real part, then imaginary part; NaN in either part counts as NaN.
template <class R>
int64_t first_best_complex(bool least, const char* p, int64_t n, int64_t stride) {
  struct C { R re, im; };
  C best{};
  int64_t at = -1;
  for (int64_t i = 0; i < n; ++i) {
    const C v = element<C>(p + i * stride);
    if (v.re != v.re || v.im != v.im) return i;
    const bool wins = at < 0 || (least ? v.re < best.re || (v.re == best.re && v.im < best.im)
                                       : v.re > best.re || (v.re == best.re && v.im > best.im));
    if (wins) best = v, at = i;
  }
  return at;
}

}  // namespace

void argreduce(const CallArgs& c) {
  const DeviceView& in = c.in[0];
  const bool least = c.op == Op::minimum;
  const int64_t n = in.layout.shape[c.axis], stride = in.layout.strides[c.axis];
  const LoopFn widen = in.dtype == DType::f2 ? loops().cast[static_cast<int>(DType::f2)][static_cast<int>(DType::f4)] : nullptr;
  std::vector<char> wide;
  for_lines(in.layout, c.axis, c.out.layout, in.layout, nullptr, [&](int64_t o, int64_t a, int64_t) {
    const char* p = in.base + a;
    int64_t best = 0;
    switch (in.dtype) {
      case DType::b1:
      case DType::u1: best = first_best<uint8_t>(least, p, n, stride); break;
      case DType::i1: best = first_best<int8_t>(least, p, n, stride); break;
      case DType::i2: best = first_best<int16_t>(least, p, n, stride); break;
      case DType::i4: best = first_best<int32_t>(least, p, n, stride); break;
      case DType::i8: best = first_best<int64_t>(least, p, n, stride); break;
      case DType::u2: best = first_best<uint16_t>(least, p, n, stride); break;
      case DType::u4: best = first_best<uint32_t>(least, p, n, stride); break;
      case DType::u8: best = first_best<uint64_t>(least, p, n, stride); break;
      case DType::f4: best = first_best<float>(least, p, n, stride); break;
      case DType::f8: best = first_best<double>(least, p, n, stride); break;
      case DType::c8: best = first_best_complex<float>(least, p, n, stride); break;
      case DType::c16: best = first_best_complex<double>(least, p, n, stride); break;
      case DType::f2:
        wide.resize(n * 4);
        for (int64_t i = 0; i < n; ++i) widen(wide.data() + i * 4, p + i * stride, nullptr, nullptr, 1);
        best = first_best<float>(least, wide.data(), n, 4);
        break;
    }
    *reinterpret_cast<int64_t*>(c.out.base + o) = best;
  });
}

namespace {

// The warnings of a line of n running results, each of the one before and an operand. What is not finite stays so to the end.
uint8_t cumulate_warnings(Op op, DType t, const char* results, int64_t step, const char* operands, int64_t operand_step,
                          int64_t n) {
  const AskFn special = loops().special[static_cast<int>(real_of(t))];
  if (!special || !special(results + (n - 1) * step, is_complex(t) ? 2 : 1)) return 0;
  uint8_t met = 0;
  for (int64_t i = 1; i < n; ++i) {
    const void* const in[3] = {results + (i - 1) * step, operands + i * operand_step, nullptr};
    constexpr int64_t kOne[3] = {};
    met |= warn_check(op, t, results + i * step, in, kOne, 1);
  }
  return met;
}

}  // namespace

void cumulate(const CallArgs& c, std::vector<FloatEvent>* events) {
  const DeviceView& in = c.in[0];
  const int item = item_size(c.out.dtype);
  const LoopFn f = loops().op[static_cast<int>(c.op)][static_cast<int>(c.out.dtype)];
  const Layout& l = in.layout;
  const int64_t n = l.shape[c.axis];
  if (n == 0) return;
  // With a dense inner axis beside the one that runs, whole rows are added; else one element at a time.
  const int inner = l.ndim - 1;
  const bool rows = c.axis != inner && l.strides[inner] == item && c.out.layout.strides[inner] == item;
  Layout lines = l;
  if (rows) lines.shape[inner] = 1;
  const int64_t width = rows ? l.shape[inner] : 1;
  const int64_t is = l.strides[c.axis], os = c.out.layout.strides[c.axis];
  if (width == 0) return;
  const bool ask = events && is_inexact(c.out.dtype) && op_info(c.op).warns;
  uint8_t met = 0;
  for_lines(lines, c.axis, c.out.layout, l, nullptr, [&](int64_t o, int64_t a, int64_t) {
    const char* p = in.base + a;
    char* q = c.out.base + o;
    std::memcpy(q, p, item * width);
    if (!rows && c.op == Op::add && c.out.dtype == DType::f8) {
      double acc = *reinterpret_cast<double*>(q);
      for (int64_t i = 1; i < n; ++i)
        *reinterpret_cast<double*>(q + i * os) = acc += *reinterpret_cast<const double*>(p + i * is);
    } else {
      for (int64_t i = 1; i < n; ++i) f(q + i * os, q + (i - 1) * os, p + i * is, nullptr, width);
    }
    for (int64_t k = 0; ask && k < width; ++k)
      met |= cumulate_warnings(c.op, c.out.dtype, q + k * item, os, p + k * item, is, n);
  });
  if (met) events->push_back({.mask = met});
}

void scatter(const CallArgs& c) {
  const DeviceView &value = c.in[0], &index = c.in[1];
  by_item(item_size(c.out.dtype), [&](auto tag) {
    using T = decltype(tag);
    const Layout& l = c.out.layout;
    const int inner = l.ndim - 1;
    if (l.ndim == 0) {
      *reinterpret_cast<T*>(c.out.base + *reinterpret_cast<const int64_t*>(index.base)) =
          *reinterpret_cast<const T*>(value.base);
      return;
    }
    const int64_t n = l.shape[inner], so = l.strides[inner], sv = value.layout.strides[inner], si = index.layout.strides[inner];
    for_lines(l, inner, l, value.layout, &index.layout, [&](int64_t o, int64_t a, int64_t b) {
      const char *v = value.base + a, *x = index.base + b;
      for (int64_t i = 0; i < n; ++i)
        *reinterpret_cast<T*>(c.out.base + o + i * so + *reinterpret_cast<const int64_t*>(x + i * si)) =
            *reinterpret_cast<const T*>(v + i * sv);
    });
  });
}

void compact(const CallArgs& c) {
  const char* mask = c.in[0].base;
  int64_t* out = reinterpret_cast<int64_t*>(c.out.base);
  for (int64_t i = 0, k = 0, n = c.in[0].layout.size(); i < n; ++i)
    if (mask[i]) out[k++] = i;
}

void bincount(const CallArgs& c) {
  const auto* in = reinterpret_cast<const int64_t*>(c.in[0].base);
  auto* const out = reinterpret_cast<int64_t*>(c.out.base);
  const int64_t n = c.in[0].layout.size(), bins = c.out.layout.size();
  std::fill(out, out + bins, 0);
  const auto count = [&](int64_t* counts, int64_t from, int64_t to) {
    // Another thread of the program may be writing `in`: what it leaves is not trusted.
    for (int64_t i = from; i < to; ++i)
      if (const auto at = static_cast<uint64_t>(in[i]); at < static_cast<uint64_t>(bins)) ++counts[at];
  };
  // Parts with counts of their own, as long as these are a small part of the work.
  constexpr int64_t kPart = int64_t{1} << 16;
  const int64_t parts = std::min<int64_t>(n / std::max(kPart, 4 * bins), 64);
  if (parts <= 1) return count(out, 0, n);
  std::vector<int64_t> partial(static_cast<size_t>(parts * bins));
  parallel_for(parts, [&](int64_t p, int) { count(partial.data() + p * bins, n * p / parts, n * (p + 1) / parts); });
  for (int64_t p = 0; p < parts; ++p)
    for (int64_t i = 0; i < bins; ++i) out[i] += partial[static_cast<size_t>(p * bins + i)];
}

}  // namespace numloom::cpu
