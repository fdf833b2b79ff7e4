#include "api/record.h"

#include <xmmintrin.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "array/axis_order.h"
#include "array/by_item.h"
#include "backend/cpu/loops.h"
#include "base/environment.h"
#include "runtime/host_pool.h"

namespace numloom {

std::string shape_text(Shape shape) {
  std::string s = "(";
  for (size_t i = 0; i < shape.size(); ++i) s += (i ? "," : "") + std::to_string(shape[i]);
  return s + (shape.size() == 1 ? ",)" : ")");
}

std::string describe(const Array& a) { return std::string(dtype_name(a.dtype)) + " " + shape_text(a.layout.dims()); }

namespace {

[[gnu::noinline]] void check_large(int64_t bytes, const Layout& layout, DType dtype) {
  const auto text = [&] { return unable_to_allocate(layout.dims(), dtype_name(dtype), item_size(dtype)); };
  if (bytes > host_memory())
    throw memory_error(text(), {layout.shape, layout.shape + layout.ndim}, std::string(dtype_name(dtype)));
  if (const int64_t most = Engine::get().device_limit(); most && bytes > most)
    throw memory_error(text() + " on the device",
                       "the device has " + std::to_string(most >> 20) + " MiB; numloom.set_device('cpu') computes on the host");
}

}  // namespace

Array make_result(const Layout& layout, DType dtype) {
  int64_t n = item_size(dtype);
  bool fits = true;
  for (const int64_t length : layout.dims()) fits &= !__builtin_mul_overflow(n, length, &n);
  if (!fits && std::count(layout.shape, layout.shape + layout.ndim, 0) == 0)
    throw value_error("array is too big; `arr.size * arr.dtype.itemsize` is larger than the maximum possible size.");
  // Asking what there is takes a while, so only what could not be is asked about.
  if (constexpr int64_t kLarge = 64 << 20; n > kLarge) check_large(n, layout, dtype);
  // Small results are written at once on the CPU, so they have memory from the start.
  return Array(n == 0 || runs_now(n) ? Buffer::make_host(n) : Buffer::make(n), dtype, layout);
}

Layout result_layout(Shape shape, int item, std::span<const Array* const> inputs, char order) {
  const int nd = static_cast<int>(shape.size());
  if (nd < 2 || order == 'C') return Layout::contiguous(shape, item);
  if (order == 'F') return Layout::contiguous(shape, item, true);
  bool all_c = true, all_f = true, any = false;
  for (const Array* a : inputs) {
    if (a->ndim() < 2) continue;
    all_c &= a->layout.c_contiguous(a->item());
    all_f &= a->layout.f_contiguous(a->item());
    any = true;
  }
  if (!any || all_c) return Layout::contiguous(shape, item);
  if (order == 'A') return Layout::contiguous(shape, item, all_f);
  // 'K': axes by stride, in the steps of NumPy's iterator: from the last axis on, each moves before the slower ones.
  int perm[kMaxDims];
  for (int d = 0; d < nd; ++d) perm[d] = nd - 1 - d;
  const auto stride = [&](const Array& a, int d) {
    const int e = d - (nd - a.ndim());
    return e < 0 || a.layout.shape[e] == 1 ? int64_t{0} : std::abs(a.layout.strides[e]);
  };
  sort_axes(perm, nd, [&](int axis, int faster) {
    AxisVerdict verdict;
    for (const Array* a : inputs)
      if (stride(*a, axis) != 0 && stride(*a, faster) != 0) verdict.note(stride(*a, faster) > stride(*a, axis));
    return verdict.order();
  });
  std::reverse(perm, perm + nd);
  return dense_layout(shape, item, perm);
}

int64_t run_now_bytes() {
  static const int64_t n = environment_number("NUMLOOM_RUN_NOW", 16384);
  return n;
}

bool runs_now(int64_t bytes) { return bytes <= run_now_bytes() && Engine::get().placement != Placement::cuda; }
bool ready_here(const Array& a) { return a.buf->readable() && a.buf->host; }
bool writable_here(const Array& a) { return a.buf->idle() && a.buf->host && a.buf->host_valid; }

bool in_shared_bytes(const Array& a, const Array& b) {
  if (a.buf == b.buf || !a.buf->shared() || !b.buf->shared()) return false;
  int64_t low_a, high_a, low_b, high_b;
  a.layout.extent(a.item(), low_a, high_a);
  b.layout.extent(b.item(), low_b, high_b);
  const auto meet = [&](const char* p, const char* q) { return p && q && p + high_a > q + low_b && q + high_b > p + low_a; };
  return meet(a.buf->host, b.buf->host) || meet(a.buf->device, b.buf->device);
}

Array without_overlap(const Array& a, const Array& out) {
  if (a.buf != out.buf) return in_shared_bytes(a, out) ? copy(a) : a;
  return relate(a.layout, a.item(), out.layout, out.item()) == Relation::overlap ? copy(a) : a;
}

DType meet_weak(DType t, Scalar::Weak weak) {
  switch (weak) {
    case Scalar::Weak::integer: return t == DType::b1 ? DType::i8 : t;
    case Scalar::Weak::floating: return is_inexact(t) ? t : DType::f8;
    case Scalar::Weak::complex: return is_complex(t) ? t : t == DType::f4 || t == DType::f2 ? DType::c8 : DType::c16;
    default: return t;
  }
}

void check_weak(const Scalar& s, DType t) {
  if (s.weak != Scalar::Weak::integer || !is_integer(t)) return;
  const int bits = item_size(t) * 8;
  if (s.dtype == DType::u8 && s.u > INT64_MAX) {
    if (t == DType::u8) return;
    throw overflow_error("Python int too large to convert to C long");
  }
  const bool fits = kind_of(t) == DKind::sint ? s.i >= (bits == 64 ? INT64_MIN : -(int64_t{1} << (bits - 1))) &&
                                                    s.i <= (bits == 64 ? INT64_MAX : (int64_t{1} << (bits - 1)) - 1)
                                              : s.i >= 0 && (bits == 64 || s.i < (int64_t{1} << bits));
  if (!fits) throw overflow_error("Python integer " + std::to_string(s.i) + " out of bounds for " + std::string(dtype_name(t)));
}

int normalize_axis(int64_t axis, int ndim, const char* argument) {
  if (axis < -ndim || axis >= ndim) throw axis_error(axis, ndim, argument);
  return static_cast<int>(axis < 0 ? axis + ndim : axis);
}

namespace {

// Elements of a view, in C order, as `type` at `dst`.
template <class T>
void pack(T* dst, const char* src, const Layout& l, int d) {
  if (d == l.ndim) {
    *dst = *reinterpret_cast<const T*>(src);
    return;
  }
  const int64_t n = l.shape[d], s = l.strides[d];
  if (d == l.ndim - 1) {
    for (int64_t i = 0; i < n; ++i) dst[i] = *reinterpret_cast<const T*>(src + i * s);
    return;
  }
  int64_t inner = 1;
  for (int e = d + 1; e < l.ndim; ++e) inner *= l.shape[e];
  for (int64_t i = 0; i < n; ++i) pack(dst + i * inner, src + i * s, l, d + 1);
}
template <class T>
void unpack(char* dst, const T* src, const Layout& l, int d) {
  if (d == l.ndim) {
    *reinterpret_cast<T*>(dst) = *src;
    return;
  }
  const int64_t n = l.shape[d], s = l.strides[d];
  if (d == l.ndim - 1) {
    for (int64_t i = 0; i < n; ++i) *reinterpret_cast<T*>(dst + i * s) = src[i];
    return;
  }
  int64_t inner = 1;
  for (int e = d + 1; e < l.ndim; ++e) inner *= l.shape[e];
  for (int64_t i = 0; i < n; ++i) unpack(dst + i * s, src + i * inner, l, d + 1);
}
struct alignas(64) Scratch {
  std::vector<char> memory[4];
  char* get(int k, int64_t n) {
    if (static_cast<int64_t>(memory[k].size()) < n + 64) memory[k].resize(n + 64);
    char* p = memory[k].data();
    return p + (64 - reinterpret_cast<uintptr_t>(p) % 64) % 64;
  }
};
thread_local Scratch scratch;

// The small path: the loops themselves, on host memory.
void run_map_now(Op op, DType type, const Array& out, std::span<const Arg> in, const Layout* const* layouts) {
  const LoopTable& t = loops();
  const int64_t n = out.size();
  if (n == 0) return;
  const int nin = static_cast<int>(in.size());
  const void* p[3] = {};
  int64_t step[3] = {};
  Scalar scalars[3];
  int single = -1;
  for (int k = 0; k < nin; ++k) {
    const DType want = op_input_type(op, type, k);
    const int item = item_size(want);
    if (!in[k].array) {
      scalars[k] = cast_scalar(in[k].scalar, want);
      p[k] = scalars[k].raw;
      if (single < 0 && nin == 2) single = k;
      else single = 3;
      continue;
    }
    const Array& a = *in[k].array;
    const char* base = a.buf->host + layouts[k]->offset;
    step[k] = item;
    if (layouts[k]->c_contiguous(a.item()) && a.dtype == want) {
      p[k] = base;
      continue;
    }
    char* d = scratch.get(k, n * std::max(item, a.item()));
    char* packed = a.dtype == want ? d : scratch.get(3, n * std::max(item, a.item()));
    by_item(a.item(), [&](auto tag) { pack(reinterpret_cast<decltype(tag)*>(packed), base, *layouts[k], 0); });
    if (a.dtype != want) t.cast[static_cast<int>(a.dtype)][static_cast<int>(want)](d, packed, nullptr, nullptr, n);
    p[k] = d;
  }
  const int o = static_cast<int>(op), ty = static_cast<int>(type);
  LoopFn fn = t.op[o][ty];
  LoopFn with_scalar = single == 0 ? t.op_sv[o][ty] : single == 1 ? t.op_vs[o][ty] : nullptr;
  if (with_scalar && n > 1) {
    fn = with_scalar;
  } else {
    for (int k = 0; k < nin; ++k) {
      if (in[k].array) continue;
      const int item = item_size(op_input_type(op, type, k));
      char* d = scratch.get(k, n * item);
      by_item(item, [&](auto tag) {
        std::fill_n(reinterpret_cast<decltype(tag)*>(d), n, *reinterpret_cast<const decltype(tag)*>(scalars[k].raw));
      });
      p[k] = d;
      step[k] = item;
    }
  }
  const DType result = op_output_type(op, type);
  const bool direct = out.dtype == result && out.layout.c_contiguous(out.item());
  const uint8_t wanted = warnings_of(op, type) & wanted_warnings();
  char* dst = out.buf->host + out.layout.offset;
  // A warning is found from the operands, so they must outlive the loop.
  char* to = direct && !(wanted && (p[0] == dst || p[1] == dst || p[2] == dst))
                 ? dst
                 : scratch.get(3, n * std::max(item_size(result), out.item()));
  if (wanted) _MM_SET_EXCEPTION_STATE(0);
  fn(to, p[0], p[1], p[2], n);
  constexpr unsigned kFlags = _MM_EXCEPT_INVALID | _MM_EXCEPT_DIV_ZERO | _MM_EXCEPT_OVERFLOW;
  if (wanted && (!is_inexact(type) || warn_possible(op, type, to, n, (_MM_GET_EXCEPTION_STATE() & kFlags) != 0)))
    if (const uint8_t met = warn_check(op, type, to, p, step, n) & wanted)
      queue_warning(hooks().site ? hooks().site() : 0, met, called_as ? called_as : op_info(op).name);
  if (to != dst) {
    const char* from = to;
    if (out.dtype != result) {
      char* cast = scratch.get(0, n * out.item());
      const bool check = cast_may_warn(result, out.dtype) && wanted_warnings();
      const bool always = !cast_raises_flags(result, out.dtype);
      if (check) _MM_SET_EXCEPTION_STATE(0);
      t.cast[static_cast<int>(result)][static_cast<int>(out.dtype)](cast, to, nullptr, nullptr, n);
      if (check && (always || (_MM_GET_EXCEPTION_STATE() & (_MM_EXCEPT_INVALID | _MM_EXCEPT_OVERFLOW))))
        if (const uint8_t met = warn_check_cast(result, out.dtype, cast, to, n) & wanted_warnings())
          queue_warning(hooks().site ? hooks().site() : 0, met, "cast");
      from = cast;
    }
    by_item(out.item(), [&](auto tag) { unpack(dst, reinterpret_cast<const decltype(tag)*>(from), out.layout, 0); });
  }
  out.buf->changed();
  ++Engine::get().counters.run_now;
}

void set_operand(Operand& o, const Array& a, const Layout& layout) {
  o.buf = a.buf;
  o.dtype = a.dtype;
  o.layout = layout;
}

void set_scalar(Operand& o, const Scalar& s, DType type) {
  o.buf = nullptr;
  o.dtype = type;
  o.scalar = cast_scalar(s, type);
}

}  // namespace

void record(Kind kind, Op op, DType type, const Seen& out, std::initializer_list<Seen> in, AlongAxes along) {
  {
    const EngineLock lock;
    Engine& e = Engine::get();
    Instr& i = e.draft();
    i.kind = kind;
    i.op = op;
    i.type = type;
    i.nin = static_cast<uint8_t>(in.size());
    i.axis = along.axis;
    i.axes = along.axes;
    set_operand(i.out, out.array, out.layout);
    Operand* to = i.in;
    for (const Seen& x : in) set_operand(*to++, x.array, x.layout);
    e.commit();
  }
  issue_warnings();
}

void record_map(Op op, DType type, const Array& out, std::span<const Arg> in) {
  const int nin = static_cast<int>(in.size());
  const int64_t size = out.size();
  Layout spread[3];
  const Layout* layouts[3];
  bool small = runs_now(size * std::max(out.item(), item_size(type))) && writable_here(out);
  for (int k = 0; k < nin; ++k)
    if (const Array* a = in[k].array) {
      layouts[k] = same_shape(a->layout, out.layout) ? &a->layout : &(spread[k] = broadcast_to(a->layout, out.layout.dims()));
      small = small && ready_here(*a);
    }
  if (small) {
    run_map_now(op, type, out, in, layouts);
    issue_warnings();
    return;
  }
  if (size == 0) return;
  {
    const EngineLock lock;
    Engine& e = Engine::get();
    Instr& i = e.draft();
    i.kind = Kind::map;
    i.op = op;
    i.type = type;
    i.nin = static_cast<uint8_t>(nin);
    set_operand(i.out, out, out.layout);
    for (int k = 0; k < nin; ++k)
      if (in[k].array) set_operand(i.in[k], *in[k].array, *layouts[k]);
      else set_scalar(i.in[k], in[k].scalar, op_input_type(op, type, k));
    e.commit();
  }
  issue_warnings();
}

}  // namespace numloom
