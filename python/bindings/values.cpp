// Arrays of numbers in Python's lists, read without NumPy.
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <vector>

#include "api/record.h"
#include "calls.h"
#include "convert.h"

namespace numloom::python {

namespace {

// As bits, so that what a list holds is the union of what its items are.
enum NumberKind : unsigned { kOther = 0, kTruth = 1, kInteger = 2, kReal = 4, kComplex = 8 };

unsigned number_kind(PyObject* o) {
  PyTypeObject* type = Py_TYPE(o);
  if (type == &PyFloat_Type || type == &PyDoubleArrType_Type) return kReal;
  if (type == &PyLong_Type) {
    int overflow;
    PyLong_AsLongLongAndOverflow(o, &overflow);
    return overflow ? kOther : kInteger;
  }
  if (type == &PyInt64ArrType_Type) return kInteger;
  if (type == &PyBool_Type || type == &PyBoolArrType_Type) return kTruth;
  if (type == &PyComplex_Type || type == &PyCDoubleArrType_Type) return kComplex;
  return kOther;
}

// REQUIRES of all three: the item is of that kind, or of one before it but for truth values.
int64_t integer_of(PyObject* o) { return PyLong_CheckExact(o) ? PyLong_AsLongLong(o) : PyArrayScalar_VAL(o, Int64); }
double real_of(PyObject* o) {
  // NumPy's float64 is Python's with another name, and so is its complex128.
  return PyFloat_Check(o) ? PyFloat_AS_DOUBLE(o) : static_cast<double>(integer_of(o));
}
std::complex<double> complex_of(PyObject* o) {
  if (!PyComplex_Check(o)) return real_of(o);
  const Py_complex c = PyComplex_AsCComplex(o);
  return {c.real, c.imag};
}
uint8_t truth_of(PyObject* o) { return o == Py_True || (o != Py_False && PyArrayScalar_VAL(o, Bool)); }

bool is_sequence(PyObject* o) { return PyList_CheckExact(o) || PyTuple_CheckExact(o); }

// Whether `t` has the value, which NumPy then gives without a word; real values lose their fraction.
bool has_value(const Scalar& s, DType t) {
  constexpr double kExact = 9007199254740992;  // 2^53
  if (s.dtype == DType::b1 || t == DType::b1) return true;
  if (s.dtype == DType::c16 || t == DType::f2 || t == DType::c8) return false;
  if (s.dtype == DType::i8) {
    if (!is_integer(t)) return std::abs(static_cast<double>(s.i)) <= kExact;
    return (kind_of(t) == DKind::sint || s.i >= 0) && cast_scalar(cast_scalar(s, t), DType::i8).i == s.i;
  }
  if (is_integer(t)) {
    if (!(std::abs(s.f) <= kExact)) return false;
    Scalar whole;
    whole.dtype = DType::i8;
    whole.i = static_cast<int64_t>(s.f);
    return has_value(whole, t);
  }
  return t != DType::f4 || std::isinf(s.f) || !std::isinf(static_cast<float>(s.f));
}

// The sequences at the end of `source`, which is one or two deep and even, and its shape.
struct Rows {
  PyObject* const* items;  // of the sequence, or of the one outside
  int ndim = 1;
  int64_t shape[2] = {};

  bool read(PyObject* source) {
    items = PySequence_Fast_ITEMS(source);
    shape[0] = PySequence_Fast_GET_SIZE(source);
    if (shape[0] == 0 || !is_sequence(items[0])) return true;
    ndim = 2;
    shape[1] = PySequence_Fast_GET_SIZE(items[0]);
    for (int64_t i = 0; i < shape[0]; ++i)
      if (!is_sequence(items[i]) || PySequence_Fast_GET_SIZE(items[i]) != shape[1]) return false;
    return shape[1] != 0;
  }
  // Calls visit(item) for each, in order, while it gives true.
  template <class Visit>
  bool each(Visit visit) const {
    const auto row = [&](PyObject* const* at, int64_t n) {
      for (int64_t i = 0; i < n; ++i)
        if (!visit(at[i])) return false;
      return true;
    };
    if (ndim == 1) return row(items, shape[0]);
    for (int64_t i = 0; i < shape[0]; ++i)
      if (!row(PySequence_Fast_ITEMS(items[i]), shape[1])) return false;
    return true;
  }
};

// Making `out` may have let other threads change what `source` holds: false where it is not `rows` of those kinds any more.
template <class T, class Read>
bool fill(PyObject* source, const Rows& rows, unsigned kinds, Array& out, Read read) {
  char* to = host_data_for_write(out);
  Rows now;
  if (!now.read(source) || now.ndim != rows.ndim || !std::equal(rows.shape, rows.shape + 2, now.shape)) return false;
  return now.each([&](PyObject* o) {
    const unsigned kind = number_kind(o);
    if (kind == kOther || (kind & ~kinds) != 0) return false;
    const T v = read(o);
    std::memcpy(to, &v, sizeof v);
    to += sizeof v;
    return true;
  });
}

// More than so many arrays that wait to be computed are NumPy's to read.
constexpr int64_t kJoined = 64;

bool from_arrays(PyObject* const* items, int64_t n, DType want, Array& out) {
  const Array first = array_of(items[0]);
  if ((want != kNoDType && want != first.dtype) || first.ndim() + 1 > kMaxDims) return false;
  bool ready = true;
  std::vector<Array> arrays;  // held: what follows may let other threads change the list
  for (int64_t i = 0; i < n; ++i) {
    if (!is_ours(items[i])) return false;
    const Array& a = arrays.emplace_back(array_of(items[i]));
    if (a.dtype != first.dtype || !same_shape(a.layout, first.layout)) return false;
    ready &= ready_here(a) && a.layout.c_contiguous(a.item());
  }
  if (ready) {
    Layout shape = first.layout;
    std::copy_backward(shape.shape, shape.shape + shape.ndim, shape.shape + shape.ndim + 1);
    shape.shape[0] = n;
    ++shape.ndim;
    out = empty(shape.dims(), first.dtype);
    const auto size = static_cast<size_t>(first.size() * first.item());
    char* to = host_data_for_write(out);
    for (int64_t i = 0; size && i < n; ++i, to += size) std::memcpy(to, host_data(arrays[static_cast<size_t>(i)]), size);
    return true;
  }
  if (n > kJoined) return false;
  for (Array& a : arrays) a = expand_dims(a, 1u);
  out = concatenate(arrays, 0);
  return out.layout.c_contiguous(out.item());
}

}  // namespace

bool from_values(PyObject* source, DType want, Array& out) {
  if (!is_sequence(source)) {
    Scalar s;
    // The types that are another's twin have arrays of their own dtype.
    if (want != kNoDType || PyArray_IsScalar(source, LongLong) || PyArray_IsScalar(source, ULongLong) || !to_scalar(source, s))
      return false;
    out = scalar_array(cast_scalar(s, s.dtype));
    return true;
  }
  Rows rows;
  if (!rows.read(source)) return false;
  if (rows.ndim == 1 && rows.shape[0] && is_ours(rows.items[0])) return from_arrays(rows.items, rows.shape[0], want, out);
  unsigned kinds = kOther;
  const bool numbers = rows.each([&](PyObject* o) {
    const unsigned kind = number_kind(o);
    kinds |= kind;
    return kind != kOther;
  });
  if (!numbers || ((kinds & kTruth) && kinds != kTruth)) return false;
  if (want == DType::f8 && kinds == kInteger) kinds |= kReal;
  const DType own = kinds & kComplex          ? DType::c16
                    : kinds & kReal || !kinds ? DType::f8
                    : kinds & kInteger        ? DType::i8
                                              : DType::b1;
  if (!kinds) {
    out = empty({rows.shape, 1}, want == kNoDType ? own : want);
    out.layout.strides[0] = 0;  // as NumPy's
    return true;
  }
  Array made = empty({rows.shape, static_cast<size_t>(rows.ndim)}, own);
  const bool filled = own == DType::c16  ? fill<std::complex<double>>(source, rows, kinds, made, complex_of)
                      : own == DType::f8 ? fill<double>(source, rows, kinds, made, real_of)
                      : own == DType::i8 ? fill<int64_t>(source, rows, kinds, made, integer_of)
                                         : fill<uint8_t>(source, rows, kinds, made, truth_of);
  if (!filled) return false;
  if (want == kNoDType || want == own) {
    out = std::move(made);
    return true;
  }
  out = empty({rows.shape, static_cast<size_t>(rows.ndim)}, want);
  const char* from = host_data(made);
  char* to = host_data_for_write(out);
  const int step = made.item(), item = out.item();
  for (int64_t i = 0; i < made.size(); ++i, from += step, to += item) {
    Scalar s;
    s.dtype = own;
    s.weak = Scalar::Weak::no;
    std::memcpy(s.raw, from, static_cast<size_t>(step));
    if (!has_value(s, want)) return false;
    std::memcpy(to, cast_scalar(s, want).raw, static_cast<size_t>(item));
  }
  return true;
}

}  // namespace numloom::python
