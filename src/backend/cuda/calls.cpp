#include "backend/cuda/calls.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "backend/cuda/device/block.h"
#include "backend/cuda/library.h"
#include "numloom/error.h"

namespace numloom::cuda {
namespace {

const LibraryName kName = {"cuBLAS",
                           {"libcublas.so.13", "libcublas.so.12"},
                           {"cu13", "cublas"},
                           "Install it with: pip install nvidia-cublas-cu12 (without it matrix products use a simple kernel)."};

// cuBLAS's enumerators that are used here.
enum { kR16F = 2, kR32F = 0, kR64F = 1, kC32F = 4, kC64F = 5 };
enum { kCompute32F = 68, kCompute64F = 70 };
enum { kAsIs = 0, kTransposed = 1 };

struct Cublas {
  Library library{kName};
  int (*create)(void**) = nullptr;
  int (*set_stream)(void*, CUstream) = nullptr;
  int (*gemm)(void*, int, int, int, int, int, const void*, const void*, int, int, long long, const void*, int, int, long long,
              const void*, void*, int, int, long long, int, int, int) = nullptr;
  bool ok = false;
  Cublas() {
    ok = library.ok() && library.load(create, "cublasCreate_v2") && library.load(set_stream, "cublasSetStream_v2") &&
         library.load(gemm, "cublasGemmStridedBatchedEx");
  }
};
Cublas& cublas_library() {
  static auto* c = new Cublas;
  return *c;
}

// A product of nothing in particular: a process's first loads cuBLAS's kernels, which takes 35 to 100 ms.
void first_product(void* handle) {
  constexpr int kSide = 16;
  constexpr size_t kBytes = kSide * kSide * sizeof(double);
  const double one = 1, zero = 0;
  Driver& d = Driver::get();
  CUdeviceptr at = 0;
  if (d.cuMemAlloc_(&at, 3 * kBytes) != CUDA_SUCCESS) return;
  void* const a = reinterpret_cast<void*>(at);
  void* const b = reinterpret_cast<void*>(at + kBytes);
  void* const c = reinterpret_cast<void*>(at + 2 * kBytes);
  cublas_library().gemm(handle, kAsIs, kAsIs, kSide, kSide, kSide, &one, a, kR64F, kSide, 0, b, kR64F, kSide, 0, &zero, c,
                        kR64F, kSide, 0, 1, kCompute64F, -1);
  d.cuMemFree_(at);  // waits for it
}

// Null where there is none. `early`: on another thread than the one that will use it.
void* cublas_handle(bool early = false) {
  static std::mutex mutex;
  static void* handle = nullptr;
  const std::lock_guard lock(mutex);
  Cublas& lib = cublas_library();
  if (handle || !lib.ok) return handle;
  if (lib.create(&handle) != 0) handle = nullptr;
  if (handle && early) first_product(handle);
  return handle;
}

struct Matrix {
  const DeviceView& view;
  int64_t rows, cols, row, col;  // strides in bytes
  explicit Matrix(const DeviceView& v)
      : view(v),
        rows(v.layout.shape[v.layout.ndim - 2]),
        cols(v.layout.shape[v.layout.ndim - 1]),
        row(v.layout.strides[v.layout.ndim - 2]),
        col(v.layout.strides[v.layout.ndim - 1]) {}
};

// As BLAS can take it: `transposed` where columns are contiguous. False where neither way fits.
bool leading_dimension(const Matrix& m, bool& transposed, int64_t& ld) {
  const int64_t item = item_size(m.view.dtype);
  if ((m.col == item || m.cols == 1) && (m.rows == 1 || (m.row % item == 0 && m.row >= m.cols * item))) {
    transposed = false;
    ld = m.rows == 1 ? m.cols : m.row / item;
    return ld <= INT32_MAX;
  }
  if ((m.row == item || m.rows == 1) && (m.cols == 1 || (m.col % item == 0 && m.col >= m.rows * item))) {
    transposed = true;
    ld = m.cols == 1 ? m.rows : m.col / item;
    return ld <= INT32_MAX;
  }
  return false;
}

// The leading axes as one step, in bytes; false where they are not.
bool uniform(const Layout& l, int64_t& step) {
  step = 0;
  int64_t next = 0;
  bool first = true;
  for (int d = l.ndim - 3; d >= 0; --d) {
    if (l.shape[d] == 1) continue;
    if (first) step = l.strides[d];
    else if (l.strides[d] != next) return false;
    first = false;
    next = l.strides[d] * l.shape[d];
  }
  return true;
}

int operation(Op op) {
  switch (op) {
    case Op::add: return 0;
    case Op::multiply: return 1;
    case Op::minimum: return 2;
    case Op::maximum: return 3;
    default: throw runtime_error("CUDA has no scan of this operation");
  }
}

std::string code(DType t) { return std::string(dtype_code(t)); }

Lines lines_of(const CallArgs& call) {
  Lines a;
  std::memset(&a, 0, sizeof a);
  const Layout &in = call.in[0].layout, &out = call.out.layout;
  a.in = reinterpret_cast<uint64_t>(call.in[0].base);
  a.out = reinterpret_cast<uint64_t>(call.out.base);
  a.n = in.shape[call.axis];
  a.in_step = in.strides[call.axis];
  a.out_step = out.strides[call.axis];
  a.lines = 1;
  for (int d = 0; d < in.ndim; ++d) {
    if (d == call.axis) continue;
    a.shape[a.ndim] = in.shape[d];
    a.in_strides[a.ndim] = in.strides[d];
    a.out_strides[a.ndim++] = out.strides[d];
    a.lines *= in.shape[d];
  }
  a.op = operation(call.op);
  // Long lines are cut into chunks where the lines alone do not fill the device.
  const bool cut = a.lines < 512 && a.n > 16384;
  a.nchunks = cut ? std::clamp<int64_t>((a.n + 8191) / 8192, 1, 4096) : 1;
  a.chunk = (a.n + a.nchunks - 1) / a.nchunks;
  if (a.chunk > 0) a.nchunks = std::max<int64_t>(1, (a.n + a.chunk - 1) / a.chunk);
  return a;
}

constexpr int64_t kLongestTurn = 8192;

// Whether each line is best done by one thread: many lines, short or side by side in memory.
bool serial(const Lines& a, DType t) {
  return a.lines >= 1024 && (a.n <= 32 || (a.nchunks == 1 && std::abs(a.in_step) != item_size(t)));
}

}  // namespace

void prepare_products() {
  Driver::get().enter();
  cublas_handle(true);
}

void Calls::launch(const std::string& name, int64_t x, int64_t y, int64_t z, int threads, void* argument, int* flag) {
  void* params[] = {argument, flag};
  check(Driver::get().cuLaunchKernel_(images_.function("calls", name), static_cast<unsigned>(x), static_cast<unsigned>(y),
                                      static_cast<unsigned>(z), static_cast<unsigned>(threads), 1, 1, 0, stream_, params,
                                      nullptr),
        name.c_str());
  ++own_calls;
}

void Calls::run(const CallArgs& call) {
  switch (call.call) {
    case Call::matmul: return matmul(call);
    case Call::cumulate: return cumulate(call);
    case Call::argreduce: return argreduce(call);
    case Call::scatter: return scatter(call);
    case Call::compact: return compact(call);
    case Call::order: return order(call);
    case Call::bincount: return bincount(call);
    case Call::none: return;
  }
}

bool Calls::cublas(const CallArgs& call) {
  const DType t = call.out.dtype;
  if (!(t == DType::f2 || t == DType::f4 || t == DType::f8 || t == DType::c8 || t == DType::c16)) return false;
  if (call.in[0].dtype != t || call.in[1].dtype != t) return false;
  const Matrix a(call.in[0]), b(call.in[1]), c(call.out);
  bool ta, tb, tc;
  int64_t la, lb, lc;
  if (a.cols == 0 || !leading_dimension(a, ta, la) || !leading_dimension(b, tb, lb) || !leading_dimension(c, tc, lc) || tc)
    return false;
  if (std::max({c.rows, c.cols, a.cols}) > INT32_MAX) return false;
  Cublas& lib = cublas_library();
  if (!handle_) {
    void* const handle = cublas_handle();
    if (!handle || lib.set_stream(handle, stream_) != 0) return false;
    handle_ = handle;
  }
  const int item = item_size(t), nbatch_axes = call.out.layout.ndim - 2;
  int64_t batch = 1, sa, sb, sc;
  for (int d = 0; d < nbatch_axes; ++d) batch *= call.out.layout.shape[d];
  const bool one = uniform(a.view.layout, sa) && uniform(b.view.layout, sb) && uniform(c.view.layout, sc) && batch <= INT32_MAX;
  const float one_f[2] = {1, 0}, zero_f[2] = {0, 0};
  const double one_d[2] = {1, 0}, zero_d[2] = {0, 0};
  const bool wide = t == DType::f8 || t == DType::c16;
  const int type = t == DType::f2 ? kR16F : t == DType::f4 ? kR32F : t == DType::f8 ? kR64F : t == DType::c8 ? kC32F : kC64F;
  const int64_t calls = one ? 1 : batch;
  for (int64_t i = 0; i < calls; ++i) {
    const char *pa = a.view.base, *pb = b.view.base;
    char* pc = c.view.base;
    if (!one) {
      int64_t rest = i;
      for (int d = nbatch_axes - 1; d >= 0; --d) {
        const int64_t n = call.out.layout.shape[d], at = rest % n;
        rest /= n;
        pa += at * a.view.layout.strides[d];
        pb += at * b.view.layout.strides[d];
        pc += at * c.view.layout.strides[d];
      }
      sa = sb = sc = 0;
    }
    // Row-major C = A B is column-major C' = B' A'.
    const int rc = lib.gemm(handle_, tb ? kTransposed : kAsIs, ta ? kTransposed : kAsIs, static_cast<int>(c.cols),
                            static_cast<int>(c.rows), static_cast<int>(a.cols), wide ? static_cast<const void*>(one_d) : one_f,
                            pb, type, static_cast<int>(lb), sb / item, pa, type, static_cast<int>(la), sa / item,
                            wide ? static_cast<const void*>(zero_d) : zero_f, pc, type, static_cast<int>(lc), sc / item,
                            static_cast<int>(one ? batch : 1), wide ? kCompute64F : kCompute32F, -1);
    if (rc != 0) {
      if (i == 0) return false;
      throw runtime_error("cuBLAS failed with status " + std::to_string(rc));
    }
  }
  ++cublas_calls;
  return true;
}

void Calls::matmul(const CallArgs& call) {
  if (call.out.layout.size() == 0) return;
  if (cublas(call)) return;
  const Matrix a(call.in[0]), b(call.in[1]), c(call.out);
  Matmul p;
  std::memset(&p, 0, sizeof p);
  p.out = reinterpret_cast<uint64_t>(c.view.base);
  p.a = reinterpret_cast<uint64_t>(a.view.base);
  p.b = reinterpret_cast<uint64_t>(b.view.base);
  p.m = c.rows, p.n = c.cols, p.k = a.cols;
  p.out_row = c.row, p.out_col = c.col, p.a_row = a.row, p.a_col = a.col, p.b_row = b.row, p.b_col = b.col;
  p.ndim = call.out.layout.ndim - 2;
  p.batch = 1;
  for (int d = 0; d < p.ndim; ++d) {
    p.shape[d] = call.out.layout.shape[d];
    p.batch *= p.shape[d];
    p.out_strides[d] = c.view.layout.strides[d];
    p.a_strides[d] = a.view.layout.strides[d];
    p.b_strides[d] = b.view.layout.strides[d];
  }
  const int64_t rows = (p.m + 15) / 16;
  if (rows > 65535) {
    // The grid's second axis ends there: in slices.
    Matmul part = p;
    for (int64_t at = 0; at < p.m; at += 65535 * 16) {
      part.m = std::min<int64_t>(65535 * 16, p.m - at);
      part.a = p.a + static_cast<uint64_t>(at * p.a_row);
      part.out = p.out + static_cast<uint64_t>(at * p.out_row);
      launch("matmul_" + code(call.out.dtype), (p.n + 15) / 16, (part.m + 15) / 16, std::min<int64_t>(p.batch, 65535), 256,
             &part, nullptr);
    }
    return;
  }
  launch("matmul_" + code(call.out.dtype), (p.n + 15) / 16, rows, std::min<int64_t>(p.batch, 65535), 256, &p, nullptr);
}

void Calls::cumulate(const CallArgs& call) {
  Lines a = lines_of(call);
  if (a.lines == 0 || a.n == 0) return;
  const std::string t = code(call.out.dtype);
  int flag = 0;
  if (serial(a, call.in[0].dtype)) {
    flag = kSerialPass;
    launch("scan_" + t, (a.lines + 63) / 64, 1, 1, 64, &a, &flag);
    return;
  }
  // As on the CPU, bit for bit, as long as one thread is done with it in some 50 us. float16 rounds after each step, so that another
  // order would show in more than the last bits.
  if (is_inexact(call.out.dtype) && (a.n <= kLongestTurn || call.out.dtype == DType::f2)) {
    flag = kTurnPass;
    launch("scan_" + t, a.lines, 1, 1, 256, &a, &flag);
    return;
  }
  if (a.nchunks == 1) {
    launch("scan_" + t, a.lines, 1, 1, 256, &a, &flag);
    return;
  }
  void* partial = pool_.alloc(a.lines * a.nchunks * item_size(call.out.dtype));
  a.partial = reinterpret_cast<uint64_t>(partial);
  launch("scan_" + t, a.lines * a.nchunks, 1, 1, 256, &a, &flag);
  launch("totals_" + t, (a.lines + 31) / 32, 1, 1, 32, &a, nullptr);
  flag = 1;
  launch("scan_" + t, a.lines * a.nchunks, 1, 1, 256, &a, &flag);
  pool_.free(partial);
}

void Calls::argreduce(const CallArgs& call) {
  Lines a = lines_of(call);
  if (a.lines == 0 || a.n == 0) return;
  const std::string name = "extremum_" + code(call.in[0].dtype);
  int flag = 0;
  if (serial(a, call.in[0].dtype)) {
    flag = kSerialPass;
    launch(name, (a.lines + 63) / 64, 1, 1, 64, &a, &flag);
    return;
  }
  if (a.nchunks == 1) {
    launch(name, a.lines, 1, 1, 256, &a, &flag);
    return;
  }
  void* partial = pool_.alloc(a.lines * a.nchunks * 8);
  a.partial = reinterpret_cast<uint64_t>(partial);
  launch(name, a.lines * a.nchunks, 1, 1, 256, &a, &flag);
  flag = 1;
  launch(name, a.lines, 1, 1, 256, &a, &flag);
  pool_.free(partial);
}

void Calls::scatter(const CallArgs& call) {
  Scatter s;
  std::memset(&s, 0, sizeof s);
  const Layout &in = call.in[0].layout, &where = call.in[1].layout;
  s.out = reinterpret_cast<uint64_t>(call.out.base);
  s.in = reinterpret_cast<uint64_t>(call.in[0].base);
  s.where = reinterpret_cast<uint64_t>(call.in[1].base);
  s.item = item_size(call.out.dtype);
  s.ndim = in.ndim;
  s.size = in.size();
  if (s.size == 0) return;
  for (int d = 0; d < in.ndim; ++d) {
    s.shape[d] = in.shape[d];
    s.in_strides[d] = in.strides[d];
    s.where_strides[d] = where.strides[d];
    s.out_strides[d] = call.out.layout.strides[d];
  }
  int64_t entries = 64;
  while (entries < 2 * s.size) entries *= 2;
  s.mask = entries - 1;
  char* table = static_cast<char*>(pool_.alloc(entries * 16));
  s.keys = reinterpret_cast<uint64_t>(table);
  s.winners = s.keys + static_cast<uint64_t>(entries) * 8;
  Driver& d = Driver::get();
  check(d.cuMemsetD8Async_(s.keys, 0xff, static_cast<size_t>(entries) * 8, stream_), "clearing a table");
  check(d.cuMemsetD8Async_(s.winners, 0, static_cast<size_t>(entries) * 8, stream_), "clearing a table");
  const int64_t blocks = std::min<int64_t>((s.size + 255) / 256, 65536);
  for (int second = 0; second < 2; ++second) launch("scatter", blocks, 1, 1, 256, &s, &second);
  pool_.free(table);
}

void Calls::compact(const CallArgs& call) {
  Compact c{};
  c.mask = reinterpret_cast<uint64_t>(call.in[0].base);
  c.counts = reinterpret_cast<uint64_t>(call.in[1].base);
  c.out = reinterpret_cast<uint64_t>(call.out.base);
  c.n = call.in[0].layout.size();
  c.count_item = item_size(call.in[1].dtype);
  if (c.n > 0) launch("compact", std::min<int64_t>((c.n + 255) / 256, 65536), 1, 1, 256, &c, nullptr);
}

void Calls::order(const CallArgs& call) {
  const Layout &in = call.in[0].layout, &out = call.out.layout;
  const std::string t = code(call.in[0].dtype);
  const int item = item_size(call.in[0].dtype);
  const int64_t count = out.shape[1];
  constexpr int64_t kLines = 1024;  // at a time
  Order o{};
  o.n = in.shape[1];
  o.count = count;
  o.chunk = std::clamp<int64_t>(o.n / 1024, 2048, 65536);
  o.nchunks = (o.n + o.chunk - 1) / o.chunk;
  const int64_t most = std::min(kLines, in.shape[0]);
  const int64_t bytes = most * (kOrderRanks * (kOrderBins * 4 + static_cast<int64_t>(sizeof(OrderState))) + 8);
  char* const scratch = static_cast<char*>(pool_.alloc(bytes));
  o.state = reinterpret_cast<uint64_t>(scratch);
  o.nans = o.state + static_cast<uint64_t>(most) * kOrderRanks * sizeof(OrderState);
  o.counts = o.nans + static_cast<uint64_t>(most) * 8;
  Driver& d = Driver::get();
  for (int64_t line = 0; line < in.shape[0]; line += kLines) {
    o.lines = std::min(kLines, in.shape[0] - line);
    o.in = reinterpret_cast<uint64_t>(call.in[0].base) + static_cast<uint64_t>(line * o.n * item);
    for (int64_t first = 0; first < count; first += kOrderRanks) {
      o.ranks = reinterpret_cast<uint64_t>(call.in[1].base) + static_cast<uint64_t>(first) * 8;
      o.out = reinterpret_cast<uint64_t>(call.out.base) + static_cast<uint64_t>((line * count + first) * item);
      o.group = static_cast<int>(std::min<int64_t>(kOrderRanks, count - first));
      for (int pass = 0; pass < item; ++pass) {
        // The counts, and at first what is said of NaN, which lies before them.
        const int64_t cleared = o.lines * kOrderRanks * kOrderBins * 4;
        check(d.cuMemsetD8Async_(o.counts, 0, static_cast<size_t>(cleared), stream_), "clearing counts");
        if (pass == 0) check(d.cuMemsetD8Async_(o.nans, 0, static_cast<size_t>(o.lines * 8), stream_), "clearing flags");
        launch("count_" + t, o.nchunks, o.lines, 1, 256, &o, &pass);
        launch("narrow_" + t, o.lines, 1, 1, kOrderRanks, &o, &pass);
      }
    }
  }
  pool_.free(scratch);
}

void Calls::bincount(const CallArgs& call) {
  Bincount c{};
  c.in = reinterpret_cast<uint64_t>(call.in[0].base);
  c.out = reinterpret_cast<uint64_t>(call.out.base);
  c.n = call.in[0].layout.size();
  c.bins = call.out.layout.size();
  Driver& d = Driver::get();
  check(d.cuMemsetD8Async_(c.out, 0, static_cast<size_t>(c.bins) * 8, stream_), "clearing counts");
  // So few blocks that adding up their counts is a small part of the work.
  const int64_t blocks = std::clamp<int64_t>(c.n / std::max<int64_t>(4096, 4 * c.bins), 1, d.processors * int64_t{4});
  if (c.n > 0)
    launch("bincount", c.bins <= kSharedBins ? blocks : std::min<int64_t>((c.n + 255) / 256, 65536), 1, 1, 256, &c, nullptr);
}

namespace {

// Axes of length 1 dropped, neighbours merged, and bytes taken together as far as both sides allow.
void simplify(const Transfer& c, Transfers::Part& part) {
  part.to = reinterpret_cast<uint64_t>(c.to.base);
  part.from = reinterpret_cast<uint64_t>(c.from.base);
  part.unit = item_size(c.to.dtype);
  part.ndim = 0;
  for (int d = 0; d < c.to.layout.ndim; ++d) {
    const int64_t n = c.to.layout.shape[d], to = c.to.layout.strides[d], from = c.from.layout.strides[d];
    if (n == 1) continue;
    const int last = part.ndim - 1;
    const bool merge = last >= 0 && part.to_strides[last] == to * n && part.from_strides[last] == from * n;
    const int at = merge ? last : part.ndim++;
    part.shape[at] = merge ? part.shape[at] * n : n;
    part.to_strides[at] = to;
    part.from_strides[at] = from;
  }
  const int inner = part.ndim - 1;
  if (inner < 0 || part.to_strides[inner] != part.unit || part.from_strides[inner] != part.unit) return;
  uint64_t bits = part.to | part.from;  // what all addresses and runs are multiples of
  for (int d = 0; d < inner; ++d) bits |= static_cast<uint64_t>(part.to_strides[d] | part.from_strides[d]);
  while (part.unit < 16 && part.shape[inner] % 2 == 0 && bits % (2 * static_cast<uint64_t>(part.unit)) == 0) {
    part.unit *= 2;
    part.shape[inner] /= 2;
  }
  part.to_strides[inner] = part.from_strides[inner] = part.unit;
}

}  // namespace

void Calls::transfer(std::span<const Transfer> transfers) {
  Transfers c;
  std::memset(&c, 0, sizeof c);
  const auto send = [&] {
    if (c.size > 0) launch("transfer", std::min<int64_t>((c.size + 255) / 256, 65536), 1, 1, 256, &c, nullptr);
    c.size = c.count = 0;
  };
  for (const Transfer& t : transfers) {
    if (t.to.layout.size() == 0) continue;
    Transfers::Part& part = c.part[c.count++];
    simplify(t, part);
    part.first = c.size;
    int64_t units = 1;
    for (int d = 0; d < part.ndim; ++d) units *= part.shape[d];
    c.size += units;
    if (c.count == kMaxTransfers) send();
  }
  send();
}

}  // namespace numloom::cuda
