// Products through BLAS; integers, bools and float16 through a plain loop.
#include <algorithm>
#include <complex>
#include <vector>

#include "backend/cpu/calls.h"
#include "backend/cpu/loops.h"
#include "runtime/threads.h"

// OpenBLAS as its wheel exports it: 32-bit integers, names with the prefix scipy_.
extern "C" {
void scipy_cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc);
void scipy_cblas_dgemm(int order, int ta, int tb, int m, int n, int k, double alpha, const double* a, int lda, const double* b, int ldb, double beta, double* c, int ldc);
void scipy_cblas_cgemm(int order, int ta, int tb, int m, int n, int k, const void* alpha, const void* a, int lda, const void* b, int ldb, const void* beta, void* c, int ldc);
void scipy_cblas_zgemm(int order, int ta, int tb, int m, int n, int k, const void* alpha, const void* a, int lda, const void* b, int ldb, const void* beta, void* c, int ldc);
void scipy_cblas_sgemv(int order, int ta, int m, int n, float alpha, const float* a, int lda, const float* x, int incx, float beta, float* y, int incy);
void scipy_cblas_dgemv(int order, int ta, int m, int n, double alpha, const double* a, int lda, const double* x, int incx, double beta, double* y, int incy);
}

namespace numloom::cpu {
namespace {

constexpr int kRowMajor = 101, kNoTrans = 111, kTrans = 112;

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

struct Sizes {
  int64_t m, n, k;
};

void blas(DType t, const Sizes& s, const char* a, int64_t ars, int64_t acs, const char* b, int64_t brs, int64_t bcs, char* out, int64_t ors, int64_t ocs) {
  const int item = item_size(t);
  const int m = static_cast<int>(s.m), n = static_cast<int>(s.n), k = static_cast<int>(s.k);
  const Matrix A = view(a, s.m, s.k, ars, acs, item), B = view(b, s.k, s.n, brs, bcs, item);
  std::vector<char> scratch;
  char* c = out;
  int ldc = static_cast<int>(std::max<int64_t>(s.n, 1));
  const bool direct = (ocs == item || s.n == 1) && (s.m == 1 || (ors % item == 0 && ors / item >= std::max<int64_t>(s.n, 1)));
  if (direct) {
    if (s.m > 1) ldc = static_cast<int>(ors / item);
  } else {
    scratch.resize(s.m * s.n * item);
    c = scratch.data();
  }
  const int ta = A.transposed ? kTrans : kNoTrans, tb = B.transposed ? kTrans : kNoTrans;
  const int lda = std::max(A.ld, 1), ldb = std::max(B.ld, 1);
  static constexpr double kOne[2] = {1, 0}, kZero[2] = {0, 0};
  static constexpr float kOnef[2] = {1, 0}, kZerof[2] = {0, 0};
  if (n == 1 && ldc == 1 && B.ld >= 1 && (t == DType::f8 || t == DType::f4)) {
    // A column: gemv. The matrix as stored is m x k, or k x m when transposed.
    const int incx = B.transposed || B.packed.size() ? 1 : B.ld;
    const int sm = A.transposed ? k : m, sn = A.transposed ? m : k;
    if (t == DType::f8)
      scipy_cblas_dgemv(kRowMajor, ta, sm, sn, 1, reinterpret_cast<const double*>(A.data), lda, reinterpret_cast<const double*>(B.data), incx, 0, reinterpret_cast<double*>(c), 1);
    else
      scipy_cblas_sgemv(kRowMajor, ta, sm, sn, 1, reinterpret_cast<const float*>(A.data), lda, reinterpret_cast<const float*>(B.data), incx, 0, reinterpret_cast<float*>(c), 1);
  } else {
    switch (t) {
      case DType::f4: scipy_cblas_sgemm(kRowMajor, ta, tb, m, n, k, 1, reinterpret_cast<const float*>(A.data), lda, reinterpret_cast<const float*>(B.data), ldb, 0, reinterpret_cast<float*>(c), ldc); break;
      case DType::f8: scipy_cblas_dgemm(kRowMajor, ta, tb, m, n, k, 1, reinterpret_cast<const double*>(A.data), lda, reinterpret_cast<const double*>(B.data), ldb, 0, reinterpret_cast<double*>(c), ldc); break;
      case DType::c8: scipy_cblas_cgemm(kRowMajor, ta, tb, m, n, k, kOnef, A.data, lda, B.data, ldb, kZerof, c, ldc); break;
      default: scipy_cblas_zgemm(kRowMajor, ta, tb, m, n, k, kOne, A.data, lda, B.data, ldb, kZero, c, ldc); break;
    }
  }
  if (!direct)
    for (int64_t i = 0; i < s.m; ++i)
      for (int64_t j = 0; j < s.n; ++j) std::copy_n(c + (i * s.n + j) * item, item, out + i * ors + j * ocs);
}

// Row i of the result, by multiplying rows of b with elements of a and adding, in the loops of the type.
void plain(DType t, const Sizes& s, const char* a, int64_t ars, int64_t acs, const char* b, int64_t brs, int64_t bcs, char* out, int64_t ors, int64_t ocs) {
  const int item = item_size(t);
  // float16 accumulates in float32, as NumPy's loop does.
  const DType acc = t == DType::f2 ? DType::f4 : t;
  const int wide = item_size(acc);
  const LoopFn mul = loops().op[static_cast<int>(Op::multiply)][static_cast<int>(acc)];
  const LoopFn add = loops().op[static_cast<int>(t == DType::b1 ? Op::logical_or : Op::add)][static_cast<int>(acc)];
  const LoopFn widen = loops().cast[static_cast<int>(t)][static_cast<int>(acc)];
  const LoopFn narrow = loops().cast[static_cast<int>(acc)][static_cast<int>(t)];
  const int64_t n = s.n;
  std::vector<char> packed(s.k * n * wide);
  for (int64_t l = 0; l < s.k; ++l)
    for (int64_t j = 0; j < n; ++j) widen(packed.data() + (l * n + j) * wide, b + l * brs + j * bcs, nullptr, nullptr, 1);
  const auto row = [&](int64_t i) {
    std::vector<char> sum(n * wide), product(n * wide), factor(n * wide);
    for (int64_t l = 0; l < s.k; ++l) {
      for (int64_t j = 0; j < n; ++j) widen(factor.data() + j * wide, a + i * ars + l * acs, nullptr, nullptr, 1);
      char* p = l ? product.data() : sum.data();
      mul(p, factor.data(), packed.data() + l * n * wide, nullptr, n);
      if (l) add(sum.data(), sum.data(), p, nullptr, n);
    }
    for (int64_t j = 0; j < n; ++j) narrow(out + i * ors + j * ocs, sum.data() + j * wide, nullptr, nullptr, 1);
  };
  (void)item;
  if (s.m * n * s.k > 1 << 16)
    parallel_for(s.m, [&](int64_t i, int) { row(i); });
  else
    for (int64_t i = 0; i < s.m; ++i) row(i);
}

}  // namespace

void matmul(const CallArgs& c) {
  const DeviceView &a = c.in[0], &b = c.in[1], &o = c.out;
  const int nd = o.layout.ndim, lead = nd - 2;
  const Sizes s{o.layout.shape[nd - 2], o.layout.shape[nd - 1], a.layout.shape[nd - 1]};
  int64_t batches = 1;
  for (int d = 0; d < lead; ++d) batches *= o.layout.shape[d];
  const DType t = o.dtype;
  const bool by_blas = is_inexact(t) && t != DType::f2 && std::max({s.m, s.n, s.k}) < (int64_t{1} << 31);
  for (int64_t batch = 0; batch < batches; ++batch) {
    const char *pa = a.base, *pb = b.base;
    char* po = o.base;
    int64_t rest = batch;
    for (int d = lead - 1; d >= 0; --d) {
      const int64_t i = rest % o.layout.shape[d];
      rest /= o.layout.shape[d];
      pa += i * a.layout.strides[d];
      pb += i * b.layout.strides[d];
      po += i * o.layout.strides[d];
    }
    (by_blas ? blas : plain)(t, s, pa, a.layout.strides[nd - 2], a.layout.strides[nd - 1], pb, b.layout.strides[nd - 2],
                             b.layout.strides[nd - 1], po, o.layout.strides[nd - 2], o.layout.strides[nd - 1]);
  }
}

}  // namespace numloom::cpu
