#include "convert.h"

#include <cstring>
#include <string>

#include "calls.h"

namespace numloom::python {

PyObject* no_value = nullptr;

namespace {

PyArray_Descr* descrs[kDTypes];
PyTypeObject* scalar_types[kDTypes];
PyObject* real_asarray = nullptr;
PyObject* type_names = nullptr;  // str -> which of our types

constexpr int kTypeNumbers[kDTypes] = {NPY_BOOL,   NPY_INT8,   NPY_INT16, NPY_INT32, NPY_INT64,  NPY_UINT8,  NPY_UINT16,
                                       NPY_UINT32, NPY_UINT64, NPY_HALF,  NPY_FLOAT, NPY_DOUBLE, NPY_CFLOAT, NPY_CDOUBLE};

DType by_number(int num) {
  switch (num) {
    case NPY_BOOL: return DType::b1;
    case NPY_BYTE: return DType::i1;
    case NPY_SHORT: return DType::i2;
    case NPY_INT: return DType::i4;
    // A second type of the same width has its own scalar class and character: such arrays stay NumPy's.
    case NPY_LONG: return sizeof(long) == 8 ? DType::i8 : kNoDType;
    case NPY_LONGLONG: return sizeof(long) == 8 ? kNoDType : DType::i8;
    case NPY_UBYTE: return DType::u1;
    case NPY_USHORT: return DType::u2;
    case NPY_UINT: return DType::u4;
    case NPY_ULONG: return sizeof(long) == 8 ? DType::u8 : kNoDType;
    case NPY_ULONGLONG: return sizeof(long) == 8 ? kNoDType : DType::u8;
    case NPY_HALF: return DType::f2;
    case NPY_FLOAT: return DType::f4;
    case NPY_DOUBLE: return DType::f8;
    case NPY_CFLOAT: return DType::c8;
    case NPY_CDOUBLE: return DType::c16;
    default: return kNoDType;
  }
}

// A NumPy scalar's value. `t` is its type.
void read_numpy_scalar(PyObject* o, DType t, Scalar& out) {
  out.dtype = t;
  out.weak = Scalar::Weak::no;
  std::memset(out.raw, 0, sizeof out.raw);
  PyArray_ScalarAsCtype(o, out.raw);
}

}  // namespace

DType dtype_of_descr(const PyArray_Descr* d) {
  const DType t = by_number(d->type_num);
  if (t == kNoDType || d == descrs[static_cast<int>(t)]) return t;
  if (d->byteorder == '>' || PyDataType_HASFIELDS(d) || PyDataType_METADATA(d)) return kNoDType;
  return t;
}

PyArray_Descr* descr_of(DType t) { return descrs[static_cast<int>(t)]; }

bool to_scalar(PyObject* o, Scalar& out) {
  PyTypeObject* type = Py_TYPE(o);
  if (type == &PyFloat_Type) {
    out.dtype = DType::f8;
    out.weak = Scalar::Weak::floating;
    out.f = PyFloat_AS_DOUBLE(o);
    return true;
  }
  if (type == &PyLong_Type) {
    int overflow;
    const long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
    out.weak = Scalar::Weak::integer;
    if (!overflow) {
      out.dtype = DType::i8;
      out.i = v;
      return true;
    }
    if (overflow < 0) return false;
    const unsigned long long u = PyLong_AsUnsignedLongLong(o);
    if (PyErr_Occurred()) {
      PyErr_Clear();
      return false;
    }
    out.dtype = DType::u8;
    out.u = u;
    return true;
  }
  if (type == &PyBool_Type) {
    out.dtype = DType::b1;
    out.weak = Scalar::Weak::no;
    out.u = o == Py_True;
    return true;
  }
  if (type == &PyComplex_Type) {
    out.dtype = DType::c16;
    out.weak = Scalar::Weak::complex;
    const Py_complex c = PyComplex_AsCComplex(o);
    out.c[0] = c.real;
    out.c[1] = c.imag;
    return true;
  }
  // The commonest first.
  if (type == scalar_types[static_cast<int>(DType::f8)]) {
    out.dtype = DType::f8;
    out.weak = Scalar::Weak::no;
    out.f = PyArrayScalar_VAL(o, Double);
    return true;
  }
  if (type == scalar_types[static_cast<int>(DType::i8)]) {
    out.dtype = DType::i8;
    out.weak = Scalar::Weak::no;
    out.i = PyArrayScalar_VAL(o, Int64);
    return true;
  }
  for (int t = 0; t < kDTypes; ++t) {
    if (type == scalar_types[t]) {
      read_numpy_scalar(o, static_cast<DType>(t), out);
      return true;
    }
  }
  if (PyArray_IsScalar(o, LongLong) || PyArray_IsScalar(o, ULongLong)) {
    read_numpy_scalar(o, PyArray_IsScalar(o, LongLong) ? DType::i8 : DType::u8, out);
    return true;
  }
  return false;
}

bool gives_arrays(PyObject* source) {
  if (PyArray_Check(source) || PyList_CheckExact(source) || PyTuple_CheckExact(source) || PyArray_CheckScalar(source))
    return false;
  static PyObject* name = PyUnicode_InternFromString("__array__");
  PyObject* method = _PyType_Lookup(Py_TYPE(source), name);  // borrowed
  return method && PyFunction_Check(method);
}

bool may_give_ours(PyObject* source, int depth) {
  if (is_ours(source) || gives_arrays(source)) return true;
  if (depth == 0 || !(PyList_CheckExact(source) || PyTuple_CheckExact(source))) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(source); ++i)
    if (may_give_ours(PySequence_Fast_GET_ITEM(source, i), depth - 1)) return true;
  return false;
}

bool refused_ours(PyObject* source) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  if (trace || !PyErr_GivenExceptionMatches(type, PyExc_Exception) || !may_give_ours(source)) {
    PyErr_Restore(type, value, trace);
    return false;
  }
  Py_XDECREF(type);
  Py_XDECREF(value);
  return true;
}

bool to_operand(PyObject* o, Operand& out, bool lists) {
  if (is_ours(o)) {
    out.array = &array_of(o);
    return true;
  }
  if (to_scalar(o, out.scalar)) return true;
  if (PyArray_CheckExact(o)) {
    PyObject* base = nullptr;
    if (!array_from_numpy(o, false, out.held, &base)) return false;
    Py_XDECREF(base);
    out.array = &out.held;
    return true;
  }
  if (lists && (PyList_CheckExact(o) || PyTuple_CheckExact(o))) {
    if (from_values(o, kNoDType, out.held)) {
      out.array = &out.held;
      return true;
    }
    PyObject* args[1] = {o};
    PyObject* made = PyObject_Vectorcall(real_asarray, args, 1, nullptr);
    if (!made && refused_ours(o)) return false;
    if (!made) throw python_error{};
    PyObject* base = nullptr;
    if (!PyArray_CheckExact(made) || !array_from_numpy(made, true, out.held, &base)) {
      Py_DECREF(made);
      return false;
    }
    Py_XDECREF(base);
    out.array = &out.held;
    return true;
  }
  return false;
}

bool to_array(PyObject* o, Operand& out) {
  if (!to_operand(o, out)) return false;
  if (!out.array) {
    out.scalar.weak = Scalar::Weak::no;
    out.held = scalar_array(cast_scalar(out.scalar, out.scalar.dtype));
    out.array = &out.held;
  }
  return true;
}

bool to_dtype(PyObject* o, DType& out, DType otherwise) {
  if (!given_some(o)) {
    out = otherwise;
    return true;
  }
  for (int t = 0; t < kDTypes; ++t) {
    if (o == reinterpret_cast<PyObject*>(descrs[t]) || o == reinterpret_cast<PyObject*>(scalar_types[t])) {
      out = static_cast<DType>(t);
      return true;
    }
  }
  if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) return out = DType::f8, true;
  if (o == reinterpret_cast<PyObject*>(&PyLong_Type)) return out = DType::i8, true;
  if (o == reinterpret_cast<PyObject*>(&PyBool_Type)) return out = DType::b1, true;
  if (o == reinterpret_cast<PyObject*>(&PyComplex_Type)) return out = DType::c16, true;
  // Objects and records.
  if (o == reinterpret_cast<PyObject*>(&PyBaseObject_Type) || PyList_CheckExact(o) || PyDict_CheckExact(o)) return false;
  if (PyUnicode_CheckExact(o)) {  // NumPy reads all others, once: some of them it warns of
    PyObject* t = PyDict_GetItemWithError(type_names, o);
    out = t ? static_cast<DType>(PyLong_AsLong(t)) : kNoDType;
    return t != nullptr;
  }
  PyArray_Descr* d = nullptr;
  if (!PyArray_DescrConverter(o, &d)) throw python_error{};
  out = dtype_of_descr(d);
  Py_DECREF(d);
  return out != kNoDType;
}

int64_t to_int64(PyObject* o) {
  if (PyLong_CheckExact(o)) {
    const int64_t v = PyLong_AsLongLong(o);
    if (v == -1 && PyErr_Occurred()) throw python_error{};
    return v;
  }
  const int64_t v = PyNumber_AsSsize_t(o, PyExc_OverflowError);
  if (v == -1 && PyErr_Occurred()) throw python_error{};
  return v;
}

bool to_bool(PyObject* o) {
  const int truth = PyObject_IsTrue(o);
  check(truth);
  return truth != 0;
}

bool to_flag(PyObject* o, bool& out) {
  if (!given(o)) return true;
  if (!PyLong_Check(o)) return false;
  out = to_bool(o);
  return true;
}

namespace {
// A size of a dimension; false: too large for any, and NumPy says so.
bool to_dimension(PyObject* o, int64_t& out) {
  if (PyBool_Check(o)) return false;
  const int64_t v = PyLong_CheckExact(o) ? PyLong_AsLongLong(o) : PyNumber_AsSsize_t(o, PyExc_OverflowError);
  if (v == -1 && PyErr_Occurred()) {
    if (!PyErr_ExceptionMatches(PyExc_OverflowError)) throw python_error{};
    PyErr_Clear();
    return false;
  }
  out = v;
  return true;
}
}  // namespace

bool to_shape(PyObject* o, ShapeArg& out) {
  const bool sequence = PyTuple_CheckExact(o) || PyList_CheckExact(o);
  const bool array =
      (is_ours(o) && array_of(o).ndim() > 0) || (PyArray_Check(o) && PyArray_NDIM(reinterpret_cast<PyArrayObject*>(o)) > 0);
  if (!sequence && !array && PyIndex_Check(o)) {
    out.ndim = 1;
    return to_dimension(o, out.dims[0]);
  }
  if (!PySequence_Check(o)) {
    PyErr_Format(PyExc_TypeError, "expected a sequence of integers or a single integer, got '%.100R'", o);
    throw python_error{};
  }
  Ref items = items_of(o, "expected a sequence of integers or a single integer");
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(items.get());
  if (n > kMaxDims) return false;
  out.ndim = static_cast<int>(n);
  for (Py_ssize_t d = 0; d < n; ++d) {
    if (!to_dimension(PySequence_Fast_GET_ITEM(items.get(), d), out.dims[d])) return false;
  }
  return true;
}

bool to_shape(PyObject* const* args, Py_ssize_t n, ShapeArg& out) {
  if (n == 1) return to_shape(args[0], out);
  if (n > kMaxDims) return false;
  out.ndim = static_cast<int>(n);
  for (Py_ssize_t d = 0; d < n; ++d)
    if (!to_dimension(args[d], out.dims[d])) return false;
  return true;
}

PyObject* shape_tuple(const int64_t* dims, int n) {
  PyObject* t = PyTuple_New(n);
  if (!t) return nullptr;
  for (int d = 0; d < n; ++d) {
    PyObject* v = PyLong_FromLongLong(dims[d]);
    if (!v) {
      Py_DECREF(t);
      return nullptr;
    }
    PyTuple_SET_ITEM(t, d, v);
  }
  return t;
}

int to_axis(PyObject* o, int ndim) {
  if (!PyIndex_Check(o) || PyBool_Check(o)) throw not_native("axis is not an integer");
  return normalize_axis(to_int64(o), ndim);
}

std::optional<uint32_t> to_axes(PyObject* o, int ndim) {
  if (!given_some(o)) return std::nullopt;
  if (!PyTuple_Check(o)) {
    // NumPy lets axis 0 and -1 of an array without dimensions pass.
    if (ndim == 0 && PyIndex_Check(o) && !PyBool_Check(o)) {
      const int64_t axis = to_int64(o);
      if (axis == 0 || axis == -1) return 0u;
    }
    return uint32_t{1} << to_axis(o, ndim);
  }
  uint32_t mask = 0;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(o); ++i) {
    const uint32_t bit = uint32_t{1} << to_axis(PyTuple_GET_ITEM(o, i), ndim);
    if (mask & bit) raise(PyExc_ValueError, "duplicate value in 'axis'");
    mask |= bit;
  }
  return mask;
}

bool to_order(PyObject* o, char& out) {
  if (!given_some(o)) return true;
  if (!PyUnicode_Check(o) || PyUnicode_GET_LENGTH(o) != 1) return false;
  const Py_UCS4 c = PyUnicode_READ_CHAR(o, 0) & ~Py_UCS4{0x20};
  if (c != 'C' && c != 'F' && c != 'A' && c != 'K') return false;
  out = static_cast<char>(c);
  return true;
}

bool to_casting(PyObject* o, Casting& out) {
  if (!given_some(o)) return true;
  if (!PyUnicode_Check(o)) return false;
  const char* text = PyUnicode_AsUTF8(o);
  if (!text) throw python_error{};
  const std::string_view s(text);
  if (s == "no" || s == "equiv") out = Casting::no;
  else if (s == "safe") out = Casting::safe;
  else if (s == "same_kind") out = Casting::same_kind;
  else if (s == "unsafe") out = Casting::unsafe;
  else return false;
  return true;
}

void init_convert() {
  for (int t = 0; t < kDTypes; ++t) {
    descrs[t] = PyArray_DescrFromType(kTypeNumbers[t]);
    if (!descrs[t]) throw python_error{};
    scalar_types[t] = descrs[t]->typeobj;
  }
  Ref numpy = checked(PyImport_ImportModule("numpy"));
  type_names = checked(PyDict_New()).release();
  for (int t = 0; t < kDTypes; ++t) {
    Ref number = checked(PyLong_FromLong(t));
    const std::string code = descrs[t]->kind + std::to_string(item_size(static_cast<DType>(t)));
    for (const std::string& name : {std::string(1, descrs[t]->type), code, "<" + code, "=" + code, "|" + code})
      check(PyDict_SetItemString(type_names, name.c_str(), number.get()));
  }
  Ref names = checked(PyObject_GetAttrString(numpy.get(), "sctypeDict"));
  PyObject *name, *type;
  for (Py_ssize_t at = 0; PyDict_Next(names.get(), &at, &name, &type);)
    for (int t = 0; t < kDTypes; ++t)
      if (type == reinterpret_cast<PyObject*>(scalar_types[t]))
        check(PyDict_SetItem(type_names, name, checked(PyLong_FromLong(t)).get()));
  real_asarray = checked(PyObject_GetAttrString(numpy.get(), "asarray")).release();
  no_value = checked(PyObject_GetAttrString(numpy.get(), "_NoValue")).release();
}

}  // namespace numloom::python
