// Products through BLAS; what it lacks is in product.h.
#include <algorithm>
#include <complex>
#include <vector>

#include "array/by_item.h"
#include "backend/cpu/calls.h"
#include "backend/cpu/loops.h"
#include "backend/cpu/product.h"
#include "runtime/threads.h"

// OpenBLAS as its wheel exports it: 32-bit integers, names with the prefix scipy_.
extern "C" {
void scipy_openblas_set_num_threads(int);
void scipy_cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float* a, int lda, const float* b,
                       int ldb, float beta, float* c, int ldc);
void scipy_cblas_dgemm(int order, int ta, int tb, int m, int n, int k, double alpha, const double* a, int lda, const double* b,
                       int ldb, double beta, double* c, int ldc);
void scipy_cblas_cgemm(int order, int ta, int tb, int m, int n, int k, const void* alpha, const void* a, int lda, const void* b,
                       int ldb, const void* beta, void* c, int ldc);
void scipy_cblas_zgemm(int order, int ta, int tb, int m, int n, int k, const void* alpha, const void* a, int lda, const void* b,
                       int ldb, const void* beta, void* c, int ldc);
void scipy_cblas_sgemv(int order, int ta, int m, int n, float alpha, const float* a, int lda, const float* x, int incx,
                       float beta, float* y, int incy);
void scipy_cblas_dgemv(int order, int ta, int m, int n, double alpha, const double* a, int lda, const double* x, int incx,
                       double beta, double* y, int incy);
void scipy_cblas_cgemv(int order, int ta, int m, int n, const void* alpha, const void* a, int lda, const void* x, int incx,
                       const void* beta, void* y, int incy);
void scipy_cblas_zgemv(int order, int ta, int m, int n, const void* alpha, const void* a, int lda, const void* x, int incx,
                       const void* beta, void* y, int incy);
void scipy_cblas_ssyrk(int order, int upper, int ta, int n, int k, float alpha, const float* a, int lda, float beta, float* c,
                       int ldc);
void scipy_cblas_dsyrk(int order, int upper, int ta, int n, int k, double alpha, const double* a, int lda, double beta,
                       double* c, int ldc);
void scipy_cblas_csyrk(int order, int upper, int ta, int n, int k, const void* alpha, const void* a, int lda, const void* beta,
                       void* c, int ldc);
void scipy_cblas_zsyrk(int order, int upper, int ta, int n, int k, const void* alpha, const void* a, int lda, const void* beta,
                       void* c, int ldc);
float scipy_cblas_sdot(int n, const float* x, int incx, const float* y, int incy);
double scipy_cblas_ddot(int n, const double* x, int incx, const double* y, int incy);
void scipy_cblas_cdotu_sub(int n, const void* x, int incx, const void* y, int incy, void* out);
void scipy_cblas_zdotu_sub(int n, const void* x, int incx, const void* y, int incy, void* out);
}

namespace numloom::cpu {
namespace {

constexpr int kRowMajor = 101, kNoTrans = 111, kTrans = 112, kUpper = 121;

// One matrix as BLAS can read it: in place when one axis is dense, else a packed copy.
struct Matrix {
  const char* data;
  int ld;
  bool transposed;
  std::vector<char> packed;
};

Matrix view(const char* base, int64_t rows, int64_t cols, int64_t rs, int64_t cs, int item) {
  const auto fits = [&](int64_t dense, int64_t other, int64_t len) {
    return dense == item && other % item == 0 && other / item >= std::max<int64_t>(len, 1) && other / item < (int64_t{1} << 31);
  };
  if (rows == 1 && cs == item) return {base, static_cast<int>(cols), false, {}};
  if (cols == 1 && rs == item) return {base, static_cast<int>(rows), true, {}};
  if (fits(cs, rs, cols)) return {base, static_cast<int>(rs / item), false, {}};
  if (fits(rs, cs, rows)) return {base, static_cast<int>(cs / item), true, {}};
  Matrix m{nullptr, static_cast<int>(std::max<int64_t>(cols, 1)), false, std::vector<char>(rows * cols * item)};
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j) std::copy_n(base + i * rs + j * cs, item, m.packed.data() + (i * cols + j) * item);
  m.data = m.packed.data();
  return m;
}

struct Sizes { int64_t m, n, k; };

// A vector as BLAS can read it: in place when it runs forward, else a packed copy.
struct Vector {
  const char* data;
  int step;
  std::vector<char> packed;

  Vector(const char* base, int64_t length, int64_t stride, int item) : data(base), step(1) {
    if (length <= 1) return;
    if (stride > 0 && stride % item == 0 && stride / item < (int64_t{1} << 31)) {
      step = static_cast<int>(stride / item);
      return;
    }
    packed.resize(static_cast<size_t>(length * item));
    for (int64_t i = 0; i < length; ++i) std::copy_n(base + i * stride, item, packed.data() + i * item);
    data = packed.data();
  }
};

constexpr double kOne[2] = {1, 0}, kZero[2] = {0, 0};
constexpr float kOnef[2] = {1, 0}, kZerof[2] = {0, 0};

template <class T>
const T* as(const char* p) {
  return reinterpret_cast<const T*>(p);
}

// Two vectors, by the call that NumPy makes, so that the bits are its, too.
void inner(DType t, int64_t length, const char* a, int64_t as_, const char* b, int64_t bs, char* out) {
  const int item = item_size(t), n = static_cast<int>(length);
  const Vector x(a, length, as_, item), y(b, length, bs, item);
  switch (t) {
    case DType::f4:
      *reinterpret_cast<float*>(out) = scipy_cblas_sdot(n, as<float>(x.data), x.step, as<float>(y.data), y.step);
      break;
    case DType::f8:
      *reinterpret_cast<double*>(out) = scipy_cblas_ddot(n, as<double>(x.data), x.step, as<double>(y.data), y.step);
      break;
    case DType::c8: scipy_cblas_cdotu_sub(n, x.data, x.step, y.data, y.step, out); break;
    default: scipy_cblas_zdotu_sub(n, x.data, x.step, y.data, y.step, out); break;
  }
}

// A matrix, `rows` x `cols` as it is stored, transposed or not, by a vector; `c` is dense.
void gemv(DType t, bool transposed, int rows, int cols, const Matrix& A, const Vector& x, char* c) {
  const int ta = transposed ? kTrans : kNoTrans, lda = std::max(A.ld, 1);
  switch (t) {
    case DType::f4:
      scipy_cblas_sgemv(kRowMajor, ta, rows, cols, 1, as<float>(A.data), lda, as<float>(x.data), x.step, 0,
                        reinterpret_cast<float*>(c), 1);
      break;
    case DType::f8:
      scipy_cblas_dgemv(kRowMajor, ta, rows, cols, 1, as<double>(A.data), lda, as<double>(x.data), x.step, 0,
                        reinterpret_cast<double*>(c), 1);
      break;
    case DType::c8: scipy_cblas_cgemv(kRowMajor, ta, rows, cols, kOnef, A.data, lda, x.data, x.step, kZerof, c, 1); break;
    default: scipy_cblas_zgemv(kRowMajor, ta, rows, cols, kOne, A.data, lda, x.data, x.step, kZero, c, 1); break;
  }
}

void blas(DType t, const Sizes& s, const char* a, int64_t ars, int64_t acs, const char* b, int64_t brs, int64_t bcs, char* out,
          int64_t ors, int64_t ocs) {
  const int item = item_size(t);
  const int m = static_cast<int>(s.m), n = static_cast<int>(s.n), k = static_cast<int>(s.k);
  if (m == 1 && n == 1) return inner(t, s.k, a, acs, b, brs, out);
  std::vector<char> scratch;
  char* c = out;
  int ldc = static_cast<int>(std::max<int64_t>(s.n, 1));
  const bool row = s.m == 1, column = s.n == 1;
  const bool direct =
      column ? ors == item : ocs == item && (row || (ors % item == 0 && ors / item >= std::max<int64_t>(s.n, 1)));
  if (!direct) {
    scratch.resize(s.m * s.n * item);
    c = scratch.data();
  } else if (!row && !column) {
    ldc = static_cast<int>(ors / item);
  }
  if (row) {
    const Matrix B = view(b, s.k, s.n, brs, bcs, item);
    gemv(t, !B.transposed, B.transposed ? n : k, B.transposed ? k : n, B, Vector(a, s.k, acs, item), c);
  } else if (column) {
    const Matrix A = view(a, s.m, s.k, ars, acs, item);
    gemv(t, A.transposed, A.transposed ? k : m, A.transposed ? m : k, A, Vector(b, s.k, brs, item), c);
  } else {
    const Matrix A = view(a, s.m, s.k, ars, acs, item), B = view(b, s.k, s.n, brs, bcs, item);
    const int ta = A.transposed ? kTrans : kNoTrans, tb = B.transposed ? kTrans : kNoTrans;
    const int lda = std::max(A.ld, 1), ldb = std::max(B.ld, 1);
    switch (t) {
      case DType::f4:
        scipy_cblas_sgemm(kRowMajor, ta, tb, m, n, k, 1, reinterpret_cast<const float*>(A.data), lda,
                          reinterpret_cast<const float*>(B.data), ldb, 0, reinterpret_cast<float*>(c), ldc);
        break;
      case DType::f8:
        scipy_cblas_dgemm(kRowMajor, ta, tb, m, n, k, 1, reinterpret_cast<const double*>(A.data), lda,
                          reinterpret_cast<const double*>(B.data), ldb, 0, reinterpret_cast<double*>(c), ldc);
        break;
      case DType::c8: scipy_cblas_cgemm(kRowMajor, ta, tb, m, n, k, kOnef, A.data, lda, B.data, ldb, kZerof, c, ldc); break;
      default: scipy_cblas_zgemm(kRowMajor, ta, tb, m, n, k, kOne, A.data, lda, B.data, ldb, kZero, c, ldc); break;
    }
  }
  if (!direct)
    for (int64_t i = 0; i < s.m; ++i)
      for (int64_t j = 0; j < s.n; ++j) std::copy_n(c + (i * s.n + j) * item, item, out + i * ors + j * ocs);
}

// The upper triangle of a matrix, n x k, by its own transpose; `c` is dense.
void syrk(DType t, int64_t n, int64_t k, const char* a, int64_t ars, int64_t acs, char* c) {
  const Matrix A = view(a, n, k, ars, acs, item_size(t));
  const int ta = A.transposed ? kTrans : kNoTrans, lda = std::max(A.ld, 1), order = static_cast<int>(n);
  const int length = static_cast<int>(k);
  switch (t) {
    case DType::f4:
      scipy_cblas_ssyrk(kRowMajor, kUpper, ta, order, length, 1, as<float>(A.data), lda, 0, reinterpret_cast<float*>(c), order);
      break;
    case DType::f8:
      scipy_cblas_dsyrk(kRowMajor, kUpper, ta, order, length, 1, as<double>(A.data), lda, 0, reinterpret_cast<double*>(c),
                        order);
      break;
    case DType::c8: scipy_cblas_csyrk(kRowMajor, kUpper, ta, order, length, kOnef, A.data, lda, kZerof, c, order); break;
    default: scipy_cblas_zsyrk(kRowMajor, kUpper, ta, order, length, kOne, A.data, lda, kZero, c, order); break;
  }
}

// The strides of one product, in bytes.
struct Strides { int64_t ar, ac, br, bc, outr, outc; };

// BLAS on our own threads: each part is a product by one thread. BLAS's threads wait for each other by spinning, which
// on a busy machine costs more than the product. How it is split depends on the sizes alone, so results do not depend
// on the number of threads.
constexpr double kPartWork = 1 << 21;  // multiply-adds below which a part is not worth a thread
constexpr int64_t kMostParts = 16, kFewest = 16;

int64_t part(int64_t parts, int64_t length, int64_t i) { return length * i / parts; }

// Long and thin: the sums are split, and added in order. `product(from, to, c)` is the part of c, dense, from those terms.
template <class F>
std::vector<char> split_sums(DType t, const Sizes& s, int64_t parts, F&& product) {
  const int64_t size = s.m * s.n, bytes = size * item_size(t);
  std::vector<char> sums(static_cast<size_t>(parts * bytes));
  parallel_for(parts, [&](int64_t i, int) { product(part(parts, s.k, i), part(parts, s.k, i + 1), sums.data() + i * bytes); });
  const LoopFn add = loops().op[static_cast<int>(Op::add)][static_cast<int>(t)];
  for (int64_t i = 1; i < parts; ++i) add(sums.data(), sums.data(), sums.data() + i * bytes, nullptr, size);
  return sums;
}

// A symmetric matrix from its upper triangle, which may lie in `to`.
template <class T>
void mirror(int64_t n, const char* from, int64_t from_row, int64_t from_column, char* to, int64_t row, int64_t column) {
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = i; j < n; ++j) {
      const T v = *reinterpret_cast<const T*>(from + i * from_row + j * from_column);
      if (from != to) *reinterpret_cast<T*>(to + i * row + j * column) = v;
      *reinterpret_cast<T*>(to + j * row + i * column) = v;
    }
}

// A matrix by its own transpose: half the work, and as symmetric as NumPy's.
void gram(DType t, const Sizes& s, const char* a, char* out, const Strides& d, int64_t wanted) {
  const int64_t n = s.n;
  if (const int64_t parts = std::min(wanted, n / kFewest); parts > 1 && n * 8 >= s.k) {
    // Rows from the diagonal on, the longest ones first.
    parallel_for(parts, [&](int64_t i, int) {
      const int64_t from = part(parts, n, i), to = part(parts, n, i + 1);
      blas(t, {to - from, n - from, s.k}, a + from * d.ar, d.ar, d.ac, a + from * d.ar, d.ac, d.ar,
           out + from * (d.outr + d.outc), d.outr, d.outc);
    });
    return by_item(item_size(t), [&](auto tag) { mirror<decltype(tag)>(n, out, d.outr, d.outc, out, d.outr, d.outc); });
  }
  const int64_t item = item_size(t);
  std::vector<char> scratch;
  char* sums = out;
  if (wanted > 1) {
    scratch = split_sums(t, s, wanted,
                         [&](int64_t from, int64_t to, char* c) { syrk(t, n, to - from, a + from * d.ac, d.ar, d.ac, c); });
    sums = scratch.data();
  } else {
    if (d.outc != item || d.outr != n * item) {
      scratch.resize(static_cast<size_t>(n * n * item));
      sums = scratch.data();
    }
    syrk(t, n, s.k, a, d.ar, d.ac, sums);
  }
  by_item(item, [&](auto tag) { mirror<decltype(tag)>(n, sums, n * item, item, out, d.outr, d.outc); });
}

void parallel_blas(DType t, const Sizes& s, const char* a, const char* b, char* out, const Strides& d) {
  const double work = double(s.m) * double(s.n) * double(s.k);
  const int64_t wanted = std::min<int64_t>(kMostParts, static_cast<int64_t>(work / kPartWork));
  if (a == b && s.m == s.n && s.m > 1 && d.ar == d.bc && d.ac == d.br) {
    gram(t, s, a, out, d, wanted);
  } else if (const int64_t rows = std::min(wanted, s.m / kFewest); rows > 1 && s.m >= s.n) {
    parallel_for(rows, [&](int64_t i, int) {
      const int64_t from = part(rows, s.m, i), to = part(rows, s.m, i + 1);
      blas(t, {to - from, s.n, s.k}, a + from * d.ar, d.ar, d.ac, b, d.br, d.bc, out + from * d.outr, d.outr, d.outc);
    });
  } else if (const int64_t columns = std::min(wanted, s.n / kFewest); columns > 1 && std::max(s.m, s.n) * 8 >= s.k) {
    parallel_for(columns, [&](int64_t i, int) {
      const int64_t from = part(columns, s.n, i), to = part(columns, s.n, i + 1);
      blas(t, {s.m, to - from, s.k}, a, d.ar, d.ac, b + from * d.bc, d.br, d.bc, out + from * d.outc, d.outr, d.outc);
    });
  } else if (wanted > 1 && s.k > 8 * std::max(s.m, s.n)) {
    const int item = item_size(t);
    const std::vector<char> sums = split_sums(t, s, wanted, [&](int64_t from, int64_t to, char* c) {
      blas(t, {s.m, s.n, to - from}, a + from * d.ac, d.ar, d.ac, b + from * d.br, d.br, d.bc, c, s.n * item, item);
    });
    for (int64_t r = 0; r < s.m; ++r)
      for (int64_t j = 0; j < s.n; ++j) std::copy_n(sums.data() + (r * s.n + j) * item, item, out + r * d.outr + j * d.outc);
  } else {
    blas(t, s, a, d.ar, d.ac, b, d.br, d.bc, out, d.outr, d.outc);
  }
}

}  // namespace

void matmul(const CallArgs& c) {
  [[maybe_unused]] static const bool once = (scipy_openblas_set_num_threads(1), true);
  const DeviceView &a = c.in[0], &b = c.in[1], &o = c.out;
  const int nd = o.layout.ndim, lead = nd - 2;
  const Sizes s{o.layout.shape[nd - 2], o.layout.shape[nd - 1], a.layout.shape[nd - 1]};
  const Strides d{a.layout.strides[nd - 2], a.layout.strides[nd - 1], b.layout.strides[nd - 2],
                  b.layout.strides[nd - 1], o.layout.strides[nd - 2], o.layout.strides[nd - 1]};
  int64_t batches = 1;
  for (int ax = 0; ax < lead; ++ax) batches *= o.layout.shape[ax];
  const DType t = o.dtype;
  const bool by_blas = is_inexact(t) && t != DType::f2 && std::max({s.m, s.n, s.k}) < (int64_t{1} << 31);
  const auto one = [&](int64_t batch, bool split) {
    const char *pa = a.base, *pb = b.base;
    char* po = o.base;
    int64_t rest = batch;
    for (int ax = lead - 1; ax >= 0; --ax) {
      const int64_t i = rest % o.layout.shape[ax];
      rest /= o.layout.shape[ax];
      pa += i * a.layout.strides[ax];
      pb += i * b.layout.strides[ax];
      po += i * o.layout.strides[ax];
    }
    if (by_blas && split) parallel_blas(t, s, pa, pb, po, d);
    else if (by_blas) blas(t, s, pa, d.ar, d.ac, pb, d.br, d.bc, po, d.outr, d.outc);
    else product(t, {s.m, s.n, s.k, pa, d.ar, d.ac, pb, d.br, d.bc, po, d.outr, d.outc});
  };
  constexpr int64_t kManyBatches = 8;
  if (by_blas && batches >= kManyBatches && double(s.m) * double(s.n) * double(s.k) * double(batches) > 1 << 18)
    parallel_for(batches, [&](int64_t batch, int) { one(batch, false); });
  else
    for (int64_t batch = 0; batch < batches; ++batch) one(batch, true);
}

}  // namespace numloom::cpu
