// cuda_selftest: the CUDA backend against the scalar evaluator, bit for bit, and its speed.
//   cuda_selftest [test|bench|all] [seed] [programs]
// Needs a device, or the emulator's folder first in LD_LIBRARY_PATH. NUMLOOM_JIT=0 tests the interpreter, sync the JIT.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstdio>
#include <cstring>
#include <functional>
#include <random>

#include "backend/backend.h"
#include "backend/cuda/control.h"
#include "codegen/reduction.h"
#include "numloom/error.h"
#include "ops/samples.h"
#include "reference_eval.h"

using namespace numloom;

namespace {

std::mt19937_64 rng;
int failures = 0;
int64_t checks = 0;
int64_t pick(int64_t low, int64_t high) { return low + static_cast<int64_t>(rng() % static_cast<uint64_t>(high - low + 1)); }

struct Builder {
  Kernel k;
  std::vector<Scalar> scalars;
  int16_t value(DType t) {
    k.value_types.push_back(t);
    return static_cast<int16_t>(k.value_types.size() - 1);
  }
  int16_t add(KCode code, DType type, DType result, int a = -1, int b = -1, int c = -1, int aux = -1, Op op = Op::none) {
    KInstr in{};
    in.code = code;
    in.type = type;
    in.op = op;
    in.a = static_cast<int16_t>(a), in.b = static_cast<int16_t>(b), in.c = static_cast<int16_t>(c),
    in.aux = static_cast<int16_t>(aux);
    in.dst = value(result);
    in.origin = 0;
    k.code.push_back(in);
    return in.dst;
  }
  int slot(DType t, bool stored) {
    k.slots.push_back({t, stored, !stored});
    return static_cast<int>(k.slots.size() - 1);
  }
  int load(DType t) { return add(KCode::load, t, t, -1, -1, -1, slot(t, false)); }
  int scalar(Scalar s) {
    scalars.push_back(s);
    k.nscalars = static_cast<int>(scalars.size());
    return add(KCode::scalar, s.dtype, s.dtype, -1, -1, -1, k.nscalars - 1);
  }
  int op(Op o, DType compute, int a, int b = -1, int c = -1) {
    return add(KCode::op, compute, op_output_type(o, compute), a, b, c, -1, o);
  }
  int cast(DType to, int a) { return k.value_types[static_cast<size_t>(a)] == to ? a : add(KCode::cast, to, to, a); }
  void store(int v) {
    const int s = slot(k.value_types[static_cast<size_t>(v)], true);
    k.stores.push_back({static_cast<int16_t>(v), static_cast<int16_t>(s)});
  }
  void reduce(Op o, int v) {
    const DType t = k.value_types[static_cast<size_t>(v)];
    k.reduces.push_back({o, t, static_cast<int16_t>(v), static_cast<int16_t>(slot(t, true))});
  }
};

void random_element(DType t, char* at) {
  const double d = pick(0, 40) == 0   ? (pick(0, 1) ? INFINITY : NAN)
                   : pick(0, 10) == 0 ? 0.0
                                      : static_cast<double>(pick(-4000, 4000)) / 257.0;
  Scalar s;
  s.dtype = DType::c16;
  s.c[0] = d;
  s.c[1] = static_cast<double>(pick(-300, 300)) / 77.0;
  if (kind_of(t) != DKind::complex) {
    s.dtype = DType::f8;
    s.f = is_float(t) ? d : static_cast<double>(pick(t == DType::u8 || kind_of(t) == DKind::uint ? 0 : -100, 100));
    if (t == DType::b1) s.f = static_cast<double>(pick(0, 1));
  }
  const Scalar r = cast_scalar(s, t);
  std::memcpy(at, r.raw, static_cast<size_t>(item_size(t)));
}

struct Buffer {
  std::vector<char> host;
  char* device = nullptr;
  DType type;
};

// Runs `b`'s kernel over `shape` with a random layout for each slot, on the device and in the evaluator.
void compare(Builder& b, const std::vector<int64_t>& shape, const char* what, int64_t gather_range = 0) {
  Backend& cuda = cuda_backend();
  b.k.finish();
  b.k.verify();
  const int nd = static_cast<int>(shape.size());
  KernelArgs args, dargs;
  args.ndim = nd;
  for (int d = 0; d < nd; ++d) args.shape[d] = shape[static_cast<size_t>(d)];
  args.scalars = b.scalars;
  dargs = args;
  std::vector<Buffer> buffers;
  for (size_t s = 0; s < b.k.slots.size(); ++s) {
    const DType t = b.k.slots[s].dtype;
    const bool out = b.k.slots[s].stored;
    bool reduced_slot = false;
    for (const KReduce& r : b.k.reduces) reduced_slot |= r.slot == static_cast<int>(s);
    KSlotArgs slot;
    std::memset(slot.strides, 0, sizeof slot.strides);
    // Axes in a random order, some broadcast (inputs), some backwards, some with gaps.
    std::vector<int> order(static_cast<size_t>(nd));
    for (int d = 0; d < nd; ++d) order[static_cast<size_t>(d)] = d;
    const int64_t style = pick(0, 4);
    if (style >= 3) std::shuffle(order.begin(), order.end(), rng);
    int64_t step = item_size(t), low = 0;
    if (style == 4) step *= pick(1, 3);
    for (int i = nd - 1; i >= 0; --i) {
      const int d = order[static_cast<size_t>(i)];
      if (reduced_slot && (b.k.reduced_axes >> d & 1)) continue;
      if (!out && style >= 2 && pick(0, 3) == 0) continue;
      int64_t stride = step;
      if (style == 4 && pick(0, 3) == 0) stride = -stride;
      slot.strides[d] = stride;
      if (stride < 0) low += stride * std::max<int64_t>(0, args.shape[d] - 1);
      step *= std::max<int64_t>(1, args.shape[d]) + (style == 4 ? pick(0, 1) : 0);
    }
    Buffer buffer;
    buffer.type = t;
    buffer.host.resize(static_cast<size_t>(step + gather_range * item_size(t) + 64));
    for (size_t i = 0; i + static_cast<size_t>(item_size(t)) <= buffer.host.size(); i += static_cast<size_t>(item_size(t)))
      random_element(t, &buffer.host[i]);
    const int64_t shift = style == 1 ? item_size(t) : 0;  // misaligned for vectors
    buffer.device = static_cast<char*>(cuda.alloc(static_cast<int64_t>(buffer.host.size())));
    cuda.upload(buffer.device, buffer.host.data(), static_cast<int64_t>(buffer.host.size()));
    slot.base = buffer.device - low + shift;
    dargs.slots.push_back(slot);
    buffers.push_back(std::move(buffer));
    slot.base = buffers.back().host.data() - low + shift;
    args.slots.push_back(slot);
  }
  cuda.run(b.k, dargs, nullptr);
  reference_run(b.k, args);
  bool bad = false;
  for (size_t s = 0; s < buffers.size(); ++s) {
    Buffer& buffer = buffers[s];
    std::vector<char> got(buffer.host.size());
    cuda.download(got.data(), buffer.device, static_cast<int64_t>(got.size()));
    cuda.free(buffer.device, static_cast<int64_t>(got.size()));
    if (!b.k.slots[s].stored) continue;
    const auto item = static_cast<size_t>(item_size(buffer.type));
    for (size_t i = 0; i + item <= got.size() && !bad; i += item)
      if (!testing::same_bits(buffer.type, &got[i], &buffer.host[i], 1)) {
        bad = true;
        std::printf("MISMATCH in %s: slot %zu (%s), element %zu of memory: got %016llx, want %016llx\n", what, s,
                    std::string(dtype_name(buffer.type)).c_str(), i / item, *reinterpret_cast<unsigned long long*>(&got[i]),
                    *reinterpret_cast<unsigned long long*>(&buffer.host[i]));
      }
  }
  ++checks;
  if (!bad) return;
  ++failures;
  if (failures > 5) return;
  std::printf("shape");
  for (int64_t n : shape) std::printf(" %lld", static_cast<long long>(n));
  std::printf(", reduced axes %x\n", b.k.reduced_axes);
  for (size_t s = 0; s < args.slots.size(); ++s) {
    std::printf("  slot %zu strides", s);
    for (int d = 0; d < nd; ++d) std::printf(" %lld", static_cast<long long>(args.slots[s].strides[d]));
    std::printf("\n");
  }
  std::printf("%s%s\n", b.k.print().c_str(), cuda.bytecode(b.k, args).c_str());
}

std::vector<int64_t> random_shape() {
  static const int64_t lengths[] = {0, 1, 1, 2, 3, 5, 7, 8, 9, 17, 40, 129, 300, 1000};
  std::vector<int64_t> s(static_cast<size_t>(pick(0, 4)));
  int64_t size = 1;
  for (int64_t& n : s) {
    n = lengths[pick(pick(0, 20) ? 1 : 0, 13)];
    if (size * n > 20000) n = 3;
    size *= n;
  }
  return s;
}

// Values of random types by random ops over loads, scalars, coordinates and gathers.
int random_program(Builder& b, int nd, bool deep) {
  std::vector<int> values;
  std::vector<DType> types;
  const DType few[3] = {static_cast<DType>(pick(0, 13)), static_cast<DType>(pick(0, 13)), pick(0, 1) ? DType::f4 : DType::f8};
  for (int64_t i = pick(1, deep ? 12 : 4); i > 0; --i) values.push_back(b.load(few[pick(0, 2)]));
  if (pick(0, 1)) {
    const DType t = few[pick(0, 2)];
    Scalar s;
    s.dtype = t;
    std::memset(s.raw, 0, 16);
    random_element(t, reinterpret_cast<char*>(s.raw));
    values.push_back(b.scalar(s));
  }
  if (nd > 0 && pick(0, 3) == 0)
    values.push_back(b.add(KCode::index, DType::i8, DType::i8, -1, -1, -1, static_cast<int>(pick(0, nd - 1))));
  if (pick(0, 5) == 0) {
    // Offsets within 16 elements: (x & 15) * item.
    const DType t = few[pick(0, 2)];
    Scalar mask, item;
    mask.dtype = item.dtype = DType::i8;
    mask.i = 15;
    item.i = item_size(t);
    const int v = b.cast(DType::i8, values[0]);
    const int masked = b.op(Op::bitwise_and, DType::i8, v, b.scalar(mask));
    values.push_back(
        b.add(KCode::gather, t, t, b.op(Op::multiply, DType::i8, masked, b.scalar(item)), -1, -1, b.slot(t, false)));
  }
  for (int64_t i = pick(1, deep ? 60 : 8); i > 0; --i) {
    const auto op = static_cast<Op>(pick(1, kOps - 1));
    const DType t = few[pick(0, 2)];
    if (!op_supports(op, t)) continue;
    int args[3] = {-1, -1, -1};
    for (int o = 0; o < op_info(op).nin; ++o)
      args[o] = b.cast(op_input_type(op, t, o),
                       values[static_cast<size_t>(pick(std::max<int64_t>(0, static_cast<int64_t>(values.size()) - 12),
                                                       static_cast<int64_t>(values.size()) - 1))]);
    values.push_back(b.op(op, t, args[0], args[1], args[2]));
  }
  return values.back();
}

void test_elementwise(int programs) {
  for (int i = 0; i < programs; ++i) {
    Builder b;
    const std::vector<int64_t> shape = random_shape();
    const int v = random_program(b, static_cast<int>(shape.size()), i % 8 == 0);
    b.store(v);
    if (pick(0, 2) == 0) b.store(static_cast<int>(pick(0, v)));
    compare(b, shape, "elementwise", 16);
  }
}

// Every op on every type, once: the cases of the interpreter.
void test_every_op() {
  for (int o = 1; o < kOps; ++o)
    for (int t = 0; t < kDTypes; ++t) {
      const auto op = static_cast<Op>(o);
      const auto type = static_cast<DType>(t);
      if (!op_supports(op, type)) continue;
      Builder b;
      int args[3] = {-1, -1, -1};
      for (int i = 0; i < op_info(op).nin; ++i) args[i] = b.load(op_input_type(op, type, i));
      b.store(b.op(op, type, args[0], args[1], args[2]));
      compare(b, {200}, op_info(op).name);
    }
  for (int f = 0; f < kDTypes; ++f)
    for (int t = 0; t < kDTypes; ++t) {
      Builder b;
      b.store(b.cast(static_cast<DType>(t), b.load(static_cast<DType>(f))));
      compare(b, {200}, "cast");
    }
}

void test_reductions(int programs) {
  for (int i = 0; i < programs; ++i) {
    Builder b;
    std::vector<int64_t> shape = random_shape();
    if (shape.empty()) shape = {pick(1, 700)};
    if (i % 10 == 0) shape = {pick(1, 3), pick(20000, 60000)};
    if (i % 10 == 1) shape = {pick(2000, 9000), pick(1, 40)};
    const int nd = static_cast<int>(shape.size());
    b.k.reduced_axes = static_cast<uint32_t>(pick(1, (1 << nd) - 1));
    int v = pick(0, 1) ? b.load(static_cast<DType>(pick(0, 13))) : random_program(b, nd, false);
    const DType t = b.k.value_types[static_cast<size_t>(v)];
    static const Op ops[] = {Op::add, Op::multiply, Op::minimum, Op::maximum, Op::fmax};
    for (int64_t n = pick(1, 2); n > 0; --n) {
      const Op op = ops[pick(0, 4)];
      int64_t reduced = 1;
      for (int d = 0; d < nd; ++d)
        if (b.k.reduced_axes >> d & 1) reduced *= shape[static_cast<size_t>(d)];
      if (reduced == 0 && op_info(op).identity == kNoIdentity) continue;
      if (op_supports(op, t) && op_output_type(op, t) == t) b.reduce(op, v);
    }
    if (b.k.reduces.empty()) b.reduce(Op::add, b.cast(DType::f8, v));
    if (pick(0, 6) == 0) b.store(v);
    compare(b, shape, "reduction", 16);
  }
}

template <class T>
char* to_device(const std::vector<T>& v) {
  const auto n = static_cast<int64_t>(v.size() * sizeof(T));
  char* p = static_cast<char*>(cuda_backend().alloc(n));
  cuda_backend().upload(p, v.data(), n);
  return p;
}
template <class T>
std::vector<T> from_device(const char* p, size_t n) {
  std::vector<T> v(n);
  cuda_backend().download(v.data(), p, static_cast<int64_t>(n * sizeof(T)));
  return v;
}
void expect(bool ok, const char* what) {
  ++checks;
  if (ok) return;
  ++failures;
  std::printf("FAILED: %s\n", what);
}
DeviceView view(char* base, DType t, std::vector<int64_t> shape) { return {base, t, Layout::contiguous(shape, item_size(t))}; }

void test_calls() {
  Backend& cuda = cuda_backend();
  // Scans along both axes, short and long lines.
  for (const auto& [rows, cols] : std::vector<std::pair<int64_t, int64_t>>{{3, 5}, {90, 33}, {2, 20001}, {1100, 2}}) {
    std::vector<int64_t> x(static_cast<size_t>(rows * cols));
    for (int64_t& e : x) e = pick(-50, 50);
    char* in = to_device(x);
    char* out = to_device(x);
    for (int axis = 0; axis < 2; ++axis) {
      CallArgs call{};
      call.call = Call::cumulate;
      call.op = Op::add;
      call.axis = axis;
      call.in[0] = view(in, DType::i8, {rows, cols});
      call.out = view(out, DType::i8, {rows, cols});
      cuda.run(call, nullptr);
      std::vector<int64_t> want = x;
      for (int64_t i = axis == 0 ? cols : 0; axis == 0 && i < rows * cols; ++i)
        want[static_cast<size_t>(i)] += want[static_cast<size_t>(i - cols)];
      for (int64_t i = 0; axis == 1 && i < rows * cols; ++i)
        if (i % cols) want[static_cast<size_t>(i)] += want[static_cast<size_t>(i - 1)];
      expect(from_device<int64_t>(out, want.size()) == want, "cumulate");
      const int64_t lines = axis == 0 ? cols : rows;
      for (const Op op : {Op::minimum, Op::maximum}) {
        CallArgs arg{};
        arg.call = Call::argreduce;
        arg.op = op;
        arg.axis = axis;
        arg.in[0] = view(in, DType::i8, {rows, cols});
        arg.out = view(out, DType::i8, axis == 0 ? std::vector<int64_t>{1, cols} : std::vector<int64_t>{rows, 1});
        cuda.run(arg, nullptr);
        std::vector<int64_t> first;
        for (int64_t l = 0; l < lines; ++l) {
          const int64_t n = axis == 0 ? rows : cols;
          int64_t best = 0;
          const auto at = [&](int64_t i) { return x[static_cast<size_t>(axis == 0 ? i * cols + l : l * cols + i)]; };
          for (int64_t i = 1; i < n; ++i)
            if (op == Op::minimum ? at(i) < at(best) : at(i) > at(best)) best = i;
          first.push_back(best);
        }
        expect(from_device<int64_t>(out, first.size()) == first, "argreduce");
      }
    }
    cuda.free(in, 0);
    cuda.free(out, 0);
  }
  // Of duplicates the last wins.
  {
    const int64_t n = 20000;
    std::vector<float> values(n), target(500, -1.0f), want = target;
    std::vector<int64_t> offsets(n);
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = pick(0, 499);
      values[static_cast<size_t>(i)] = static_cast<float>(i);
      offsets[static_cast<size_t>(i)] = at * 4;
      want[static_cast<size_t>(at)] = static_cast<float>(i);
    }
    char *v = to_device(values), *o = to_device(offsets), *t = to_device(target);
    CallArgs call{};
    call.call = Call::scatter;
    call.in[0] = view(v, DType::f4, {n});
    call.in[1] = view(o, DType::i8, {n});
    call.out = view(t, DType::f4, {n});
    call.out.layout.strides[0] = 0;
    cuda.run(call, nullptr);
    expect(from_device<float>(t, want.size()) == want, "scatter");
    for (char* p : {v, o, t}) cuda.free(p, 0);
  }
  // Where bools are true.
  for (const int64_t n : {int64_t{1}, int64_t{255}, int64_t{70001}}) {
    std::vector<uint8_t> mask(static_cast<size_t>(n));
    std::vector<int32_t> counts(mask.size());
    std::vector<int64_t> want;
    for (int64_t i = 0; i < n; ++i) {
      mask[static_cast<size_t>(i)] = i == 0 || pick(0, 2) == 0;
      if (mask[static_cast<size_t>(i)]) want.push_back(i);
      counts[static_cast<size_t>(i)] = static_cast<int32_t>(want.size());
    }
    char *m = to_device(mask), *k = to_device(counts), *t = to_device(std::vector<int64_t>(want.size(), -1));
    CallArgs call{};
    call.call = Call::compact;
    call.in[0] = view(m, DType::b1, {n});
    call.in[1] = view(k, DType::i4, {n});
    call.out = view(t, DType::i8, {static_cast<int64_t>(want.size())});
    cuda.run(call, nullptr);
    expect(from_device<int64_t>(t, want.size()) == want, "compact");
    for (char* p : {m, k, t}) cuda.free(p, 0);
  }
  // How many there are of each; what is out of bounds is left out.
  for (const int64_t n : {int64_t{1}, int64_t{255}, int64_t{70001}})
    for (const int64_t bins : {int64_t{1}, int64_t{1000}, int64_t{4096}, int64_t{4097}}) {
      std::vector<int64_t> in(static_cast<size_t>(n)), want(static_cast<size_t>(bins));
      for (int64_t& x : in) {
        x = pick(-1, static_cast<int>(bins));
        if (x >= 0 && x < bins) ++want[static_cast<size_t>(x)];
      }
      char *a = to_device(in), *t = to_device(std::vector<int64_t>(want.size(), -1));
      CallArgs call{};
      call.call = Call::bincount;
      call.in[0] = view(a, DType::i8, {n});
      call.out = view(t, DType::i8, {bins});
      cuda.run(call, nullptr);
      expect(from_device<int64_t>(t, want.size()) == want, "bincount");
      for (char* p : {a, t}) cuda.free(p, 0);
    }
  // Products: small integers, so every order gives the same.
  for (const DType t : {DType::i4, DType::f4, DType::f8}) {
    const int64_t batch = 3, m = 37, n = 50, k = 41;
    std::vector<double> a(static_cast<size_t>(batch * m * k)), b(static_cast<size_t>(batch * k * n));
    for (double& e : a) e = static_cast<double>(pick(-9, 9));
    for (double& e : b) e = static_cast<double>(pick(-9, 9));
    const auto convert = [&](const std::vector<double>& x) -> char* {
      if (t == DType::i4) return to_device(std::vector<int32_t>(x.begin(), x.end()));
      if (t == DType::f4) return to_device(std::vector<float>(x.begin(), x.end()));
      return to_device(x);
    };
    std::vector<double> want(static_cast<size_t>(batch * m * n), 0.0);
    for (int64_t z = 0; z < batch; ++z)
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j)
          for (int64_t l = 0; l < k; ++l)
            want[static_cast<size_t>((z * m + i) * n + j)] +=
                a[static_cast<size_t>((z * m + i) * k + l)] * b[static_cast<size_t>((z * k + l) * n + j)];
    char *da = convert(a), *db = convert(b), *dc = convert(want);
    CallArgs call{};
    call.call = Call::matmul;
    call.in[0] = view(da, t, {batch, m, k});
    call.in[1] = view(db, t, {batch, k, n});
    call.out = view(dc, t, {batch, m, n});
    cuda.run(call, nullptr);
    std::vector<double> got;
    if (t == DType::i4) {
      auto g = from_device<int32_t>(dc, want.size());
      got.assign(g.begin(), g.end());
    } else if (t == DType::f4) {
      auto g = from_device<float>(dc, want.size());
      got.assign(g.begin(), g.end());
    } else got = from_device<double>(dc, want.size());
    expect(got == want, "matmul");
    for (char* p : {da, db, dc}) cuda.free(p, 0);
  }
}

// Some copies at a time, of views that are dense, have gaps, repeat, or run backwards, by units from one byte to sixteen.
void test_transfers() {
  Backend& cuda = cuda_backend();
  for (int round = 0; round < 30; ++round) {
    std::vector<char> memory(static_cast<size_t>(1) << 17), want;
    for (char& c : memory) c = static_cast<char>(rng());
    want = memory;
    char* const device = to_device(memory);
    std::vector<Transfer> transfers;
    int64_t at = 0;
    for (int64_t n = pick(1, 11); n > 0; --n) {
      static const DType types[] = {DType::u1, DType::f2, DType::f4, DType::f8, DType::c16};
      Transfer t;
      t.to.dtype = t.from.dtype = types[pick(0, 4)];
      Layout &to = t.to.layout, &from = t.from.layout;
      const int item = item_size(t.to.dtype);
      to.ndim = from.ndim = static_cast<int>(pick(0, 3));
      int64_t to_step = item, from_step = item, low = 0;
      for (int d = to.ndim - 1; d >= 0; --d) {
        to.shape[d] = from.shape[d] = pick(0, 15) ? pick(1, 8) : 0;
        const int64_t style = pick(0, 6);
        to.strides[d] = to_step;
        from.strides[d] = style == 0 ? 0 : style == 1 ? -from_step : from_step;
        if (style == 1) low += from_step * std::max<int64_t>(0, from.shape[d] - 1);
        to_step *= to.shape[d] + pick(0, 2) / 2;
        if (style != 0) from_step *= from.shape[d] + pick(0, 2) / 2;
      }
      at = (at + 15) / 16 * 16 + (pick(0, 2) ? 0 : item % 16);
      const int64_t source = (1 << 16) + (pick(0, 4000) * 16 + low + 15) / 16 * 16 % (1 << 15);
      t.to.base = device + at;
      t.from.base = device + source;
      for (int64_t i = 0; i < to.size(); ++i) {
        int64_t rest = i, a = at, b = source;
        for (int d = to.ndim - 1; d >= 0; --d) {
          a += rest % to.shape[d] * to.strides[d];
          b += rest % to.shape[d] * from.strides[d];
          rest /= to.shape[d];
        }
        std::memcpy(&want[static_cast<size_t>(a)], &memory[static_cast<size_t>(b)], static_cast<size_t>(item));
      }
      at += to_step + item;
      if (at > (1 << 15)) break;
      transfers.push_back(t);
    }
    cuda.transfer(transfers);
    expect(from_device<char>(device, memory.size()) == want, "transfers");
    cuda.free(device, 0);
  }
}

// What is being loaded may be overwritten by a store that needs none of it.
void test_stores_wait() {
  Builder b;
  const int place = b.add(KCode::index, DType::i8, DType::i8, -1, -1, -1, 0);
  const int x = b.load(DType::i8);
  b.store(b.op(Op::add, DType::i8, x, place));
  b.k.stores.push_back({static_cast<int16_t>(place), b.k.code[1].aux});
  b.k.slots[static_cast<size_t>(b.k.code[1].aux)].stored = true;
  b.k.finish();
  KernelArgs args{1, {64}, {}, {}};
  for (size_t s = 0; s < b.k.slots.size(); ++s) {
    KSlotArgs slot{};
    slot.strides[0] = 8;
    args.slots.push_back(slot);
  }
  const std::string text = cuda_backend().bytecode(b.k, args);
  expect(text.find("wait") < text.find("store"), "a store waits for loads");
}

void test_memory() {
  Backend& cuda = cuda_backend();
  std::vector<std::pair<char*, int64_t>> blocks;
  for (int i = 0; i < 400; ++i) {
    const int64_t n = pick(0, 3) ? pick(1, 5000) : pick(1, 9000000);
    blocks.emplace_back(static_cast<char*>(cuda.alloc(n)), n);
    if (pick(0, 2) == 0) {
      const size_t at = static_cast<size_t>(pick(0, static_cast<int64_t>(blocks.size()) - 1));
      cuda.free(blocks[at].first, blocks[at].second);
      blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  std::vector<std::pair<char*, int64_t>> sorted = blocks;
  std::sort(sorted.begin(), sorted.end());
  bool apart = true;
  for (size_t i = 1; i < sorted.size(); ++i) apart &= sorted[i - 1].first + sorted[i - 1].second <= sorted[i].first;
  expect(apart, "blocks of the pool lie apart");
  for (const auto& [p, n] : blocks) cuda.free(p, n);
  std::vector<char> data(static_cast<size_t>(19) << 20), back(data.size());
  for (char& c : data) c = static_cast<char>(rng());
  char* p = static_cast<char*>(cuda.alloc(static_cast<int64_t>(data.size())));
  cuda.upload(p, data.data(), static_cast<int64_t>(data.size()));
  cuda.download(back.data(), p, static_cast<int64_t>(back.size()));
  expect(back == data, "a large copy there and back");
  cuda.free(p, 0);
  bool thrown = false;
  try {
    cuda.alloc(int64_t{1} << 50);
  } catch (const memory_error& e) { thrown = !e.note().empty(); }
  expect(thrown, "out of memory says how the pool stands");
  cuda.free(cuda.alloc(100), 100);
  cuda::free_all_blocks();
}

// Quotients and roots of any bits are those of the processor: in registers of both widths, of numbers of all exponents and of
// usual ones (which take the form without branches; see ops/scalar/quick.h).
template <class T, class U>
void test_quotients(DType t) {
  Backend& cuda = cuda_backend();
  const int64_t n = (int64_t{1} << (std::getenv("SELFTEST_SMALL") ? 12 : 22)) + 5;
  for (const bool usual : {false, true}) {
    std::vector<T> a(static_cast<size_t>(n)), b(a.size());
    for (std::vector<T>* v : {&a, &b})
      for (T& x : *v) {
        U bits = static_cast<U>(rng());
        std::memcpy(&x, &bits, sizeof x);
        if (usual) {
          int exponent = 0;
          x = std::ldexp(std::frexp(std::isfinite(x) ? x : T(1), &exponent), static_cast<int>(pick(-20, 20)));
        }
      }
    Builder k;
    const int x = k.load(t), y = k.load(t);
    k.store(k.op(Op::divide, t, x, y));
    k.store(k.op(Op::sqrt, t, k.op(Op::absolute, t, x)));
    k.store(k.op(Op::reciprocal, t, y));
    k.k.finish();
    std::vector<T> want[3];
    for (std::vector<T>& w : want) w.resize(a.size());
    for (size_t i = 0; i < a.size(); ++i)
      want[0][i] = a[i] / b[i], want[1][i] = std::sqrt(std::fabs(a[i])), want[2][i] = 1 / b[i];
    KernelArgs args;
    args.ndim = 1;
    args.shape[0] = n;
    std::vector<char*> memory;
    for (int s = 0; s < 5; ++s) {
      memory.push_back(static_cast<char*>(cuda.alloc(n * static_cast<int64_t>(sizeof(T)))));
      if (s < 2) cuda.upload(memory.back(), (s ? b : a).data(), n * static_cast<int64_t>(sizeof(T)));
      KSlotArgs slot;
      slot.base = memory.back();
      slot.strides[0] = sizeof(T);
      args.slots.push_back(slot);
    }
    cuda.run(k.k, args, nullptr);
    for (size_t r = 0; r < 3; ++r) {
      std::vector<T> got(a.size());
      cuda.download(got.data(), memory[2 + r], n * static_cast<int64_t>(sizeof(T)));
      size_t wrong = 0;
      for (size_t i = 0; i < got.size(); ++i) wrong += !testing::same_bits(t, &got[i], &want[r][i], 1);
      expect(wrong == 0, r == 0 ? "quotients" : r == 1 ? "square roots" : "reciprocals");
    }
    for (char* p : memory) cuda.free(p, 0);
  }
}

// So large that eight threads do several leaves each, and of no regular size: the sum of rows, and of everything.
void test_large_reductions() {
  Backend& cuda = cuda_backend();
  const bool small = std::getenv("SELFTEST_SMALL") != nullptr;
  for (const int64_t rows : {int64_t{1}, int64_t{3}, int64_t{977}}) {
    const int64_t n = (small ? 200017 : 50000017) / rows;
    std::vector<float> x(static_cast<size_t>(n * rows));
    for (float& v : x) v = static_cast<float>(pick(-1000, 1000)) / 77.0f;
    std::vector<float> want(static_cast<size_t>(rows)), got(want.size());
    for (int64_t r = 0; r < rows; ++r)
      want[static_cast<size_t>(r)] = reduction::tree<float>(
          0, n, [&](int64_t i) { return x[static_cast<size_t>(r * n + i)]; }, [](float a, float b) { return a + b; });
    Builder b;
    b.reduce(Op::add, b.load(DType::f4));
    b.k.reduced_axes = 2;
    b.k.finish();
    KernelArgs args;
    args.ndim = 2;
    args.shape[0] = rows, args.shape[1] = n;
    args.slots.resize(2);
    args.slots[0].base = static_cast<char*>(cuda.alloc(n * rows * 4));
    args.slots[0].strides[0] = n * 4, args.slots[0].strides[1] = 4;
    args.slots[1].base = static_cast<char*>(cuda.alloc(rows * 4));
    args.slots[1].strides[0] = 4, args.slots[1].strides[1] = 0;
    cuda.upload(args.slots[0].base, x.data(), n * rows * 4);
    cuda.run(b.k, args, nullptr);
    cuda.download(got.data(), args.slots[1].base, rows * 4);
    expect(std::memcmp(got.data(), want.data(), want.size() * 4) == 0, "a large reduction");
    for (const KSlotArgs& s : args.slots) cuda.free(s.base, 0);
  }
}

#include "selftest_bench.inc"

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "all";
  rng.seed(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
  const int programs = argc > 3 ? std::atoi(argv[3]) : 300;
  std::string why;
  if (!cuda_available(&why)) {
    std::printf("no CUDA: %s\n", why.c_str());
    return 77;
  }
  std::printf("%s\n", cuda::device_description().c_str());
  if (mode != "bench") {
    test_memory();
    test_calls();
    test_transfers();
    test_stores_wait();
    std::printf("memory and calls: %lld checks, %d failures\n", static_cast<long long>(checks), failures);
    test_quotients<float, uint32_t>(DType::f4);
    test_quotients<double, uint64_t>(DType::f8);
    test_large_reductions();
    if (programs >= 100) test_every_op();
    std::printf("every op: %lld checks, %d failures\n", static_cast<long long>(checks), failures);
    test_elementwise(programs);
    std::printf("elementwise: %lld checks, %d failures\n", static_cast<long long>(checks), failures);
    test_reductions(programs);
    std::printf("%lld checks, %d failures\n", static_cast<long long>(checks), failures);
  }
  if (mode != "test") bench();
  for (const auto& [name, value] : cuda_backend().statistics()) std::printf("  %s %.6g\n", name.c_str(), value);
  return failures ? 1 : 0;
}
