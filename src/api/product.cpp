#include <algorithm>

#include "api/record.h"

namespace numloom {
namespace {

// out[..., m, n] = a @ b with equal leading axes.
void record_matmul(const Array& a, const Array& b, const Array& out) {
  if (out.size() == 0) return;
  if (a.layout.shape[a.ndim() - 1] == 0) {
    Scalar zero;
    zero.dtype = out.dtype;
    assign(out, zero);
    return;
  }
  if (runs_now((a.size() + b.size() + out.size()) * out.item()) && ready_here(a) && ready_here(b) && writable_here(out)) {
    const EngineLock lock;
    CallArgs c;
    c.call = Call::matmul;
    c.in[0] = here(a);
    c.in[1] = here(b);
    c.out = here(out);
    cpu_backend().run(c, nullptr);
    out.buf->changed();
    return;
  }
  record(Kind::matmul, Op::none, out.dtype, out, {a, b});
}

Array with_axis(const Array& a, int at) {
  Layout l = a.layout;
  for (int d = l.ndim; d > at; --d) l.shape[d] = l.shape[d - 1], l.strides[d] = l.strides[d - 1];
  l.shape[at] = 1;
  l.strides[at] = 0;
  ++l.ndim;
  return a.with(a.dtype, l);
}

}  // namespace

Array matmul(const Array& x, const Array& y, const Array* given) {
  for (int k = 0; k < 2; ++k)
    if ((k ? y : x).ndim() == 0)
      throw value_error(
          "matmul: Input operand " + std::to_string(k) +
          " does not have enough dimensions (has 0, gufunc core with signature (n?,k),(k,m?)->(n?,m?) requires 1)");
  Array a = x.ndim() == 1 ? with_axis(x, 0) : x;
  Array b = y.ndim() == 1 ? with_axis(y, 1) : y;
  const int na = a.ndim(), nb = b.ndim();
  const int64_t k = a.layout.shape[na - 1], kb = b.layout.shape[nb - 2];
  if (k != kb)
    throw value_error(
        "matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) (size " +
        std::to_string(kb) + " is different from " + std::to_string(k) + ")");
  const DType type = promote(a.dtype, b.dtype);
  int64_t shape[kMaxDims];
  int lead;
  if (!broadcast_shapes({a.layout.shape, size_t(na - 2)}, {b.layout.shape, size_t(nb - 2)}, shape, lead))
    throw value_error(
        "operands could not be broadcast together with remapped shapes [original->remapped]: " + shape_text(x.layout.dims()) +
        "->(" + "newaxis,newaxis) " + shape_text(y.layout.dims()) + "->(newaxis,newaxis)");
  const auto spread = [&](const Array& m, int64_t rows, int64_t cols) {
    int64_t s[kMaxDims];
    std::copy_n(shape, lead, s);
    s[lead] = rows;
    s[lead + 1] = cols;
    const Array typed = m.dtype == type ? m : astype(m, type);
    return typed.with(type, broadcast_to(typed.layout, {s, size_t(lead + 2)}));
  };
  const int64_t m = a.layout.shape[na - 2], n = b.layout.shape[nb - 1];
  a = spread(a, m, k);
  b = spread(b, k, n);
  int64_t full[kMaxDims];
  std::copy_n(shape, lead, full);
  full[lead] = m;
  full[lead + 1] = n;
  // Matrices are contiguous; how they follow each other is the operands' memory order.
  Layout laid = Layout::contiguous({full, size_t(lead + 2)}, item_size(type));
  if (lead > 1) {
    Array outer[2] = {x.ndim() > 2 ? x : a, y.ndim() > 2 ? y : b};
    const Array* both[2] = {&outer[0], &outer[1]};
    for (Array& o : outer) o.layout.ndim -= 2;
    const Layout order = result_layout({shape, size_t(lead)}, 1, both, 'K');
    for (int d = 0; d < lead; ++d) laid.strides[d] = order.strides[d] * std::max<int64_t>(m * n, 1) * item_size(type);
  }
  Array out = make_result(laid, type);
  record_matmul(a, b, out);
  // Axes that vectors lent are taken away again.
  if (x.ndim() == 1) out.layout.remove_axis(lead);
  if (y.ndim() == 1) out.layout.remove_axis(out.ndim() - 1);
  if (!given) return out;
  if (!same_shape(given->layout, out.layout)) throw not_native("out= of another shape");
  assign(*given, out, Casting::same_kind);
  return *given;
}

Array dot(const Array& a, const Array& b) {
  const int na = a.ndim(), nb = b.ndim();
  if (na == 0 || nb == 0) {
    // NumPy casts both first, which decides the order that is kept; it leaves matrices of BLAS's types to BLAS, in C order, and
    // multiplies the rest.
    const DType type = promote(a.dtype, b.dtype);
    const Array x = astype(a, type, 'K', false), y = astype(b, type, 'K', false);
    const Arg args[2] = {x, y};
    MapOptions options;
    const DKind kind = kind_of(type);
    if (na <= 2 && nb <= 2 && type != DType::f2 && (kind == DKind::floating || kind == DKind::complex)) options.order = 'C';
    return apply(Op::multiply, args, options);
  }
  const int kb = nb == 1 ? 0 : nb - 2;
  if (a.layout.shape[na - 1] != b.layout.shape[kb])
    throw value_error("shapes " + shape_text(a.layout.dims()) + " and " + shape_text(b.layout.dims()) +
                      " not aligned: " + std::to_string(a.layout.shape[na - 1]) + " (dim " + std::to_string(na - 1) +
                      ") != " + std::to_string(b.layout.shape[kb]) + " (dim " + std::to_string(kb) + ")");
  if (nb <= 2 && na <= 2) return matmul(a, b);
  // Rows of a against columns of b, whatever other axes there are.
  int64_t shape[kMaxDims];
  int n = 0;
  int64_t rows = 1, cols = 1;
  const int64_t k = a.layout.shape[na - 1];
  for (int d = 0; d < na - 1; ++d) rows *= shape[n++] = a.layout.shape[d];
  for (int d = 0; d < nb; ++d)
    if (d != kb) {
      if (n == kMaxDims) throw not_native("more dimensions than are native");
      cols *= shape[n++] = b.layout.shape[d];
    }
  const int64_t sa[2] = {rows, k}, sb[2] = {k, cols};
  int axes[kMaxDims];
  int at = 0;
  axes[at++] = kb;
  for (int d = 0; d < nb; ++d)
    if (d != kb) axes[at++] = d;
  const Array left = reshape(a, sa), right = reshape(transpose(b, {axes, size_t(nb)}), sb);
  return reshape(matmul(left, right), {shape, size_t(n)});
}

}  // namespace numloom
