// a[key] and a[key] = value. Elements and views (integers, slices, None, ...) are done here, because programs do them by the
// million; index arrays and masks are the engine's; keys of other kinds are NumPy's, which raises for them.
#include <cmath>
#include <string>
#include <vector>

#include "backend/cpu/loops.h"
#include "calls.h"
#include "convert.h"
#include "describe.h"
#include "ndarray.h"

namespace numloom::python {

namespace {

[[noreturn]] void raise_bounds(int64_t index, int axis, int64_t size) {
  PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for axis %d with size %lld", static_cast<long long>(index), axis,
               static_cast<long long>(size));
  throw python_error{};
}

int64_t checked_index(int64_t index, int axis, int64_t size) {
  if (index < -size || index >= size) raise_bounds(index, axis, size);
  return index < 0 ? index + size : index;
}

// An integer that fits: the common case without an error state.
bool plain_int(PyObject* o, int64_t& value) {
  if (!PyLong_CheckExact(o)) return false;
  int overflow;
  value = PyLong_AsLongLongAndOverflow(o, &overflow);
  return !overflow;
}

// Whether `key` names one element by plain integers; then its byte offset in the buffer.
bool element_offset(const Array& a, PyObject* key, int64_t& offset) {
  const Layout& l = a.layout;
  int64_t index;
  if (PyTuple_CheckExact(key)) {
    if (PyTuple_GET_SIZE(key) != l.ndim) return false;
    int64_t at = l.offset;
    for (int d = 0; d < l.ndim; ++d) {
      if (!plain_int(PyTuple_GET_ITEM(key, d), index)) return false;
      at += checked_index(index, d, l.shape[d]) * l.strides[d];
    }
    offset = at;
    return true;
  }
  if (l.ndim != 1 || !plain_int(key, index)) return false;
  offset = l.offset + checked_index(index, 0, l.shape[0]) * l.strides[0];
  return true;
}

PyObject* element(const Array& a, int64_t offset) {
  if (a.buf->readable() && a.buf->host) {
    const char* p = a.buf->host + offset;
    if (script_mode) return make_scalar(p, a.dtype);
    Scalar s;
    s.dtype = a.dtype;
    std::memcpy(s.raw, p, item_size(a.dtype));
    return make_result(scalar_array(s));
  }
  Layout l;
  l.ndim = 0;
  l.offset = offset;
  const Array one = a.with(a.dtype, l);
  if (script_mode) return scalar_result(one);
  return make_result(copy(one));
}

// A key taken apart. `arrays`: it holds index arrays, and only `parts` is meaningful; else `view` is the result.
struct Key {
  Layout view;
  bool arrays = false;
  bool ellipsis = false;
  bool copies = false;  // an array without dimensions stood for an integer: NumPy then copies
  std::vector<Index> parts;
  std::vector<Operand> held;
};

enum class Part { integer, slice, newaxis, ellipsis, array, unknown };

// What one item of a key is. Integers are given in `value`; arrays in `array`.
Part classify(PyObject* o, int64_t& value, Operand& array, bool& from_array) {
  if (plain_int(o, value)) return Part::integer;
  if (PySlice_Check(o)) return Part::slice;
  if (o == Py_None) return Part::newaxis;
  if (o == Py_Ellipsis) return Part::ellipsis;
  if (PyBool_Check(o) || PyArray_IsScalar(o, Bool)) return to_array(o, array) ? Part::array : Part::unknown;
  if (is_ours(o) || PyArray_CheckExact(o) || PyList_CheckExact(o) || PyTuple_CheckExact(o)) {
    if (!to_operand(o, array) || !array.array) return Part::unknown;
    if (PyList_CheckExact(o) && array.array->size() == 0 && !is_integer(array.array->dtype)) {
      array.held = empty(array.array->layout.dims(), DType::i8);
    }
    const DType t = array.array->dtype;
    if (t != DType::b1 && !is_integer(t))
      raise(PyExc_IndexError, "arrays used as indices must be of integer (or boolean) type");
    if (array.array->ndim() == 0 && t != DType::b1) {
      value = cast_scalar(item_value(*array.array), DType::i8).i;
      from_array = !array.array->is_scalar;
      return Part::integer;
    }
    return Part::array;
  }
  if (PyIndex_Check(o) && !PyArray_Check(o)) {
    value = PyNumber_AsSsize_t(o, PyExc_IndexError);
    if (value == -1 && PyErr_Occurred()) {
      PyErr_Clear();
      return Part::unknown;
    }
    return Part::integer;
  }
  return Part::unknown;
}

// False: NumPy must decide.
bool parse_key(const Array& a, PyObject* key, Key& out) {
  PyObject* const* items = &key;
  Py_ssize_t n = 1;
  if (PyTuple_CheckExact(key)) {
    n = PyTuple_GET_SIZE(key);
    items = &PyTuple_GET_ITEM(key, 0);
  } else if (PyTuple_Check(key)) {
    return false;
  }
  const Layout& l = a.layout;
  // How many axes the items use, to know what an ellipsis stands for.
  Py_ssize_t used = 0;
  bool ellipsis = false;
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (items[i] == Py_Ellipsis) {
      if (ellipsis) raise(PyExc_IndexError, "an index can only have a single ellipsis ('...')");
      ellipsis = true;
    } else if (items[i] != Py_None) {
      ++used;
    }
  }
  Layout& v = out.view;
  v.ndim = 0;
  v.offset = l.offset;
  int axis = 0;
  bool any_array = false;
  for (Py_ssize_t i = 0; i < n; ++i) {
    int64_t value = 0;
    Operand array;
    bool from_array = false;
    const Part part = classify(items[i], value, array, from_array);
    if (part == Part::unknown) return false;
    if (part == Part::array) {
      any_array = true;
      break;
    }
    if (v.ndim == kMaxDims && part != Part::integer) return false;
    if (part == Part::newaxis) {
      v.shape[v.ndim] = 1;
      v.strides[v.ndim++] = 0;
      continue;
    }
    if (part == Part::ellipsis) {
      out.ellipsis = true;
      for (Py_ssize_t k = l.ndim - used; k > 0; --k, ++axis) {
        if (v.ndim == kMaxDims) return false;
        v.shape[v.ndim] = l.shape[axis];
        v.strides[v.ndim++] = l.strides[axis];
      }
      continue;
    }
    if (axis >= l.ndim) {
      if (any_array) break;
      // Index arrays further on (masks use several axes) change the count: let the engine say it.
      for (Py_ssize_t k = i + 1; k < n; ++k)
        any_array |= is_ours(items[k]) || PyArray_Check(items[k]) || PyList_Check(items[k]);
      if (any_array) break;
      PyErr_Format(PyExc_IndexError, "too many indices for array: array is %d-dimensional, but %zd were indexed", l.ndim, used);
      throw python_error{};
    }
    if (part == Part::integer) {
      v.offset += checked_index(value, axis, l.shape[axis]) * l.strides[axis];
      out.copies |= from_array;
    } else {
      Py_ssize_t start, stop, step;
      if (PySlice_Unpack(items[i], &start, &stop, &step) < 0) {
        // NumPy looks at every item before it complains about one.
        if (!PyErr_ExceptionMatches(PyExc_TypeError) || n == 1) throw python_error{};
        PyErr_Clear();
        return false;
      }
      const Py_ssize_t count = PySlice_AdjustIndices(l.shape[axis], &start, &stop, step);
      v.offset += count > 0 ? start * l.strides[axis] : 0;
      v.shape[v.ndim] = count;
      v.strides[v.ndim++] = step * l.strides[axis];
    }
    ++axis;
  }
  if (!any_array) {
    for (; axis < l.ndim; ++axis) {
      if (v.ndim == kMaxDims) return false;
      v.shape[v.ndim] = l.shape[axis];
      v.strides[v.ndim++] = l.strides[axis];
    }
    return true;
  }

  out.arrays = true;
  out.parts.resize(n);
  out.held.resize(n);
  for (Py_ssize_t i = 0; i < n; ++i) {
    int64_t value = 0;
    bool from_array = false;
    Index& x = out.parts[i];
    switch (classify(items[i], value, out.held[i], from_array)) {
      case Part::integer:
        x.kind = Index::Kind::integer;
        x.start = value;
        break;
      case Part::slice: {
        auto* s = reinterpret_cast<PySliceObject*>(items[i]);
        Py_ssize_t start, stop, step;
        check(PySlice_Unpack(items[i], &start, &stop, &step));
        x.kind = Index::Kind::slice;
        x.start = start;
        x.stop = stop;
        x.step = step;
        x.has = (s->start != Py_None) | (s->stop != Py_None) << 1 | (s->step != Py_None) << 2;
        break;
      }
      case Part::newaxis: x.kind = Index::Kind::newaxis; break;
      case Part::ellipsis: x.kind = Index::Kind::ellipsis; break;
      case Part::array:
        x.kind = Index::Kind::array;
        x.array = out.held[i].array;
        break;
      case Part::unknown: return false;
    }
  }
  return true;
}

PyObject* decline_get(PyObject* self, PyObject* key, const char* reason) {
  PyObject* args[2] = {self, key};
  return fall_back("ndarray.__getitem__", args, 2, nullptr, reason);
}

// A key that is one index array: ours, or a list of numbers. Null for any other, or where NumPy must look at it.
const Array* lone_array(PyObject* key, Operand& held) {
  if (is_ours(key)) return &array_of(key);
  if (PyList_CheckExact(key) && to_operand(key, held)) return held.array;
  return nullptr;
}

PyObject* subscript(PyObject* self, PyObject* key) {
  try {
    const Array& a = array_of(self);
    int64_t offset;
    if (element_offset(a, key, offset)) return element(a, offset);
    Operand held;
    Array rows;
    if (const Array* x = lone_array(key, held); x && get_rows_now(a, *x, rows)) return make_array(std::move(rows));
    Key k;
    if (!parse_key(a, key, k)) return decline_get(self, key, "a key of this kind");
    if (k.arrays) {
      Array r = get_item(a, k.parts);
      if (r.buf == a.buf && r.ndim()) return make_view(self, std::move(r));
      return checked_result(r.ndim() ? make_array(std::move(r)) : make_result(std::move(r)));
    }
    if (k.view.ndim == 0 && !k.ellipsis) return checked_result(element(a, k.view.offset));
    Array view = a.with(a.dtype, k.view);
    if (k.copies) return make_array(copy(view));
    return make_view(self, std::move(view));
  } catch (const not_native& e) { return decline_get(self, key, e.what()); } catch (...) {
    return raise_current();
  }
}

PyObject* sequence_item(PyObject* self, Py_ssize_t i) {
  try {
    const Array& a = array_of(self);
    const Layout& l = a.layout;
    if (l.ndim == 0) raise(PyExc_IndexError, "too many indices for array: array is 0-dimensional, but 1 were indexed");
    if (i < 0 || i >= l.shape[0]) {  // the end of every loop over an array: no C++ exception for it
      PyErr_Format(PyExc_IndexError, "index %zd is out of bounds for axis 0 with size %lld", i,
                   static_cast<long long>(l.shape[0]));
      return nullptr;
    }
    const int64_t offset = l.offset + i * l.strides[0];
    if (l.ndim == 1) return checked_result(element(a, offset));
    Layout v;
    v.ndim = l.ndim - 1;
    v.offset = offset;
    for (int d = 1; d < l.ndim; ++d) {
      v.shape[d - 1] = l.shape[d];
      v.strides[d - 1] = l.strides[d];
    }
    return make_view(self, a.with(a.dtype, v));
  } catch (...) { return raise_current(); }
}

Py_ssize_t length(PyObject* self) {
  const Layout& l = array_of(self).layout;
  if (l.ndim == 0) {
    PyErr_SetString(PyExc_TypeError, "len() of unsized object");
    return -1;
  }
  return l.shape[0];
}

// ---- writing -------------------------------------------------------------------------------------------------------

// Whether assigning `s` to `t` is a plain conversion; NumPy raises or warns for the rest.
bool plain_conversion(const Scalar& s, DType t) {
  const DKind from = kind_of(s.dtype), to = kind_of(t);
  if (from == DKind::complex && to != DKind::complex) return false;
  if (to == DKind::boolean) return true;
  if (to == DKind::floating || to == DKind::complex) {
    if (real_of(t) == DType::f8) return true;
    // A finite number that becomes infinite warns.
    const double limit = real_of(t) == DType::f4 ? 0x1.ffffffp127 : 65520.0;
    if (from == DKind::complex) {
      const Scalar wide = cast_scalar(s, DType::c16);
      return !((std::isfinite(wide.c[0]) && std::abs(wide.c[0]) >= limit) ||
               (std::isfinite(wide.c[1]) && std::abs(wide.c[1]) >= limit));
    }
    const double v = s.dtype == DType::f8 ? s.f : cast_scalar(s, DType::f8).f;
    return !(std::abs(v) >= limit) || std::isinf(v);
  }
  if (from == DKind::floating) {
    const double v = s.dtype == DType::f8 ? s.f : cast_scalar(s, DType::f8).f;
    const double limit = std::ldexp(1.0, 8 * item_size(t) - (to == DKind::sint ? 1 : 0));
    return v < limit && (to == DKind::sint ? v >= -limit : v > -1);
  }
  if (s.weak == Scalar::Weak::no) return true;
  if (s.dtype == DType::u8 && s.u > INT64_MAX) return t == DType::u8;
  const int bits = 8 * item_size(t) - (to == DKind::sint ? 1 : 0);
  if (bits >= 63) return to == DKind::sint || s.i >= 0;
  return s.i < (int64_t{1} << bits) && s.i >= (to == DKind::sint ? -(int64_t{1} << bits) : 0);
}

// Memory that may be written by a plain store.
bool plainly_writable(const Array& a) { return a.buf->idle() && a.buf->host && a.buf->host_valid && !a.buf->device_valid; }

int decline_set(PyObject* self, PyObject* key, PyObject* value, const char* reason) {
  PyObject* args[3] = {self, key, value};
  PyObject* r = fall_back("ndarray.__setitem__", args, 3, nullptr, reason);
  Py_XDECREF(r);
  return r ? 0 : -1;
}

void store(const Array& a, int64_t offset, const Scalar& s) {
  char* p = a.buf->host + offset;
  a.buf->changed();
  if (a.dtype == DType::f8 && s.dtype == DType::f8) {
    std::memcpy(p, &s.f, 8);
  } else if (a.dtype == DType::i8 && s.dtype == DType::i8) {
    std::memcpy(p, &s.i, 8);
  } else {
    const Scalar c = cast_scalar(s, a.dtype);
    std::memcpy(p, c.raw, item_size(a.dtype));
  }
}

// Whether assigning an array of `from` to `to` is ours: NumPy warns of lost imaginary parts, and acts on errors at the call.
bool plain_assignment(DType from, DType to) {
  if (is_complex(from) && !is_complex(to)) return false;
  return from == to || !cast_may_warn(from, to) || !errstate_needs_numpy();
}

// Whether NumPy refuses to put a scalar of `from` into an element of `to` where its value does not fit: signed elements take a
// scalar's integer, unsigned ones what is left of it.
bool must_fit(DType from, DType to) {
  if (kind_of(to) != DKind::sint || from == to) return false;
  return is_float(from) || (is_integer(from) && item_size(from) >= item_size(to));
}

int assign_subscript(PyObject* self, PyObject* key, PyObject* value) {
  if (!value) {
    PyErr_SetString(PyExc_ValueError, "cannot delete array elements");
    return -1;
  }
  try {
    const Array& a = array_of(self);
    if (a.is_scalar) raise(PyExc_TypeError, "a NumPy scalar does not support item assignment");
    if (!a.writeable) raise(PyExc_ValueError, "assignment destination is read-only");
    Operand v;
    int64_t offset;
    if (element_offset(a, key, offset)) {
      if (is_ours(value)) {
        const Array& one = array_of(value);
        if (one.ndim() == 0 && one.dtype == a.dtype && one.buf->readable() && one.buf->host && plainly_writable(a)) {
          std::memmove(a.buf->host + offset, one.buf->host + one.layout.offset, item_size(a.dtype));
          a.buf->changed();
          return 0;
        }
      }
      if (to_scalar(value, v.scalar) && plain_conversion(v.scalar, a.dtype)) {
        if (plainly_writable(a)) {
          store(a, offset, v.scalar);
          return 0;
        }
      } else if (!is_ours(value) || array_of(value).ndim() != 0 || !plain_assignment(array_of(value).dtype, a.dtype)) {
        return decline_set(self, key, value, "a value that needs NumPy's conversion");
      } else if (array_of(value).is_scalar && must_fit(array_of(value).dtype, a.dtype)) {
        v.scalar = item_value(array_of(value));
        if (is_integer(v.scalar.dtype)) {
          if (v.scalar.dtype != DType::u8) v.scalar = cast_scalar(v.scalar, DType::i8);
          v.scalar.weak = Scalar::Weak::integer;
        }
        if (!plain_conversion(v.scalar, a.dtype)) return decline_set(self, key, value, "a value that needs NumPy's conversion");
      } else {
        v.array = &array_of(value);
      }
      Layout l;
      l.ndim = 0;
      l.offset = offset;
      assign(a.with(a.dtype, l), v.arg());
      return error_left ? (checked_result(Py_NewRef(Py_None)) ? 0 : -1) : 0;
    }
    // NumPy checks a list's numbers against a narrow type one by one.
    const bool list = PyList_CheckExact(value) || PyTuple_CheckExact(value);
    if (list && is_integer(a.dtype) && item_size(a.dtype) < 8)
      return decline_set(self, key, value, "a list into a narrow integer type");
    Operand held;
    if (const Array* x = lone_array(key, held)) {
      Operand rows;
      if (to_operand(value, rows) && (rows.array || plain_conversion(rows.scalar, a.dtype)) && set_rows_now(a, *x, rows.arg()))
        return 0;
    }
    Key k;
    if (!parse_key(a, key, k) || !to_operand(value, v)) return decline_set(self, key, value, "a key or a value of this kind");
    if (v.array ? !plain_assignment(v.array->dtype, a.dtype) : !plain_conversion(v.scalar, a.dtype)) {
      return decline_set(self, key, value, "a value that needs NumPy's conversion");
    }
    if (list && is_integer(a.dtype) && v.array && !is_integer(v.array->dtype)) {
      return decline_set(self, key, value, "a value that needs NumPy's conversion");
    }
    if (k.arrays) {
      set_item(a, k.parts, v.arg());
    } else if (k.view.ndim == 0 && !v.array && plainly_writable(a)) {
      store(a, k.view.offset, v.scalar);
    } else {
      const Array view = a.with(a.dtype, k.view);
      if (k.view.ndim == 0 && v.array && v.array->ndim() != 0)
        return decline_set(self, key, value, "a sequence for an element");
      assign(view, v.arg());
    }
    return error_left ? (checked_result(Py_NewRef(Py_None)) ? 0 : -1) : 0;
  } catch (const not_native& e) { return decline_set(self, key, value, e.what()); } catch (...) {
    raise_current();
    return -1;
  }
}

int assign_item(PyObject* self, Py_ssize_t index, PyObject* value) {
  // A negative index has the length added by now.
  const Layout& l = array_of(self).layout;
  if (index < 0 && value && l.ndim > 0) {
    PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for axis 0 with size %lld",
                 static_cast<long long>(index - l.shape[0]), static_cast<long long>(l.shape[0]));
    return -1;
  }
  Ref key(PyLong_FromSsize_t(index));
  return key ? assign_subscript(self, key.get(), value) : -1;
}

int contains(PyObject* self, PyObject* value) {
  Ref equal(PyObject_RichCompare(self, value, Py_EQ));
  if (!equal) return -1;
  if (!is_ours(equal.get())) {
    Ref any(PyObject_CallMethod(equal.get(), "any", nullptr));
    return any ? PyObject_IsTrue(any.get()) : -1;
  }
  try {
    return cast_scalar(item_value(reduce(Op::logical_or, array_of(equal.get()))), DType::b1).raw[0] != 0;
  } catch (...) {
    raise_current();
    return -1;
  }
}

}  // namespace

bool store_number(const Array& a, int64_t offset, PyObject* value) {
  Scalar s;
  if (!plainly_writable(a) || !to_scalar(value, s) || !plain_conversion(s, a.dtype)) return false;
  if (s.weak == Scalar::Weak::no && s.dtype != a.dtype && a.dtype != DType::f8) return false;
  store(a, offset, s);
  return true;
}

void fill_indexing_slots(PyType_Slot*& s) {
  auto add = [&s](int slot, auto* f) { *s++ = {slot, reinterpret_cast<void*>(f)}; };
  add(Py_mp_subscript, subscript);
  add(Py_mp_ass_subscript, assign_subscript);
  add(Py_mp_length, length);
  add(Py_sq_length, length);
  add(Py_sq_item, sequence_item);
  add(Py_sq_ass_item, assign_item);
  add(Py_sq_contains, contains);
}

}  // namespace numloom::python
