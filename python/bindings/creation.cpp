// array, empty, zeros, arange and the like. Values that are not arrays of ours are NumPy's to read; its result is adopted.
#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_map>

#include "backend/cpu/loops.h"
#include "exchange.h"
#include "native.h"

namespace numloom::python {

PyObject* numpy_function(const char* name) {
  static PyObject* module = PyImport_ImportModule("numpy");
  if (!module) throw python_error{};
  // The names are literals: the address tells most of them.
  static std::unordered_map<const char*, PyObject*> known;
  PyObject*& f = known[name];
  if (!f) f = PyObject_GetAttrString(module, name);
  if (!f) throw python_error{};
  return f;
}

PyObject* call_numpy(const char* name, const Call& call) {
  for (Py_ssize_t i = 0; i < call.n + call.keywords(); ++i)
    if (may_give_ours(call.args[i])) return call.decline("an array among the arguments");
  PyObject* r = PyObject_Vectorcall(numpy_function(name), call.args, call.n, call.kwnames);
  return r ? wrap_result(r) : nullptr;
}

PyObject* written_to(PyObject* out, const Array& result) {
  if (!is_ours(out)) return nullptr;
  const Array& to = array_of(out);
  if (!to.writeable || to.dtype != result.dtype || !same_shape(to.layout, result.layout)) return nullptr;
  assign(to, result);
  return Py_NewRef(out);
}

namespace {

// What `copy=` asks for: always, never, or only where needed.
enum class CopyMode { always, never, if_needed };
CopyMode to_copy_mode(PyObject* o, CopyMode absent) {
  if (!o) return absent;
  if (o == Py_None) return CopyMode::if_needed;
  Ref value;
  static PyObject* modes = [] {
    Ref numpy = checked(PyImport_ImportModule("numpy"));
    return checked(PyObject_GetAttrString(numpy.get(), "_CopyMode")).release();
  }();
  if (reinterpret_cast<PyObject*>(Py_TYPE(o)) == modes) {
    value = checked(PyObject_GetAttrString(o, "value"));
    o = value.get();
    if (PyLong_CheckExact(o)) return CopyMode::if_needed;
  }
  return to_bool(o) ? CopyMode::always : CopyMode::never;
}

// `a` as asked: itself where nothing has to change and no copy was asked for.
PyObject* array_like(PyObject* source, PyObject* dtype, char order, CopyMode mode, int64_t ndmin, const Call& call) {
  const Array& a = array_of(source);
  DType t;
  if (!to_dtype(dtype, t, a.dtype)) return call.decline("a dtype that the engine lacks");
  const bool laid_out =
      order == 'K' || order == 'A' || (order == 'C' ? a.layout.c_contiguous(a.item()) : a.layout.f_contiguous(a.item()));
  PyObject* result;
  if (mode != CopyMode::always && !a.is_scalar && t == a.dtype &&
      laid_out) {  // a scalar's value is its own: an array of it is a copy
    result = Py_NewRef(source);
  } else {
    if (cast_may_warn(a.dtype, t) && errstate_needs_numpy()) return call.decline("errstate");
    if (mode == CopyMode::never)
      raise(PyExc_ValueError,
            "Unable to avoid copy while creating an array as requested.\nIf using `np.array(obj, copy=False)` replace it with "
            "`np.asarray(obj)` to allow a copy when needed (no behavior change in NumPy 1.x).\nFor more details, see "
            "https://numpy.org/devdocs/numpy_2_0_migration_guide.html#adapting-to-changes-in-the-copy-keyword.");
    result = make_array(t == a.dtype ? copy(a, order) : astype(a, t, order));
  }
  if (array_of(result).ndim() < ndmin) {
    Ref narrow(result);
    const Array& r = array_of(result);
    const int extra = static_cast<int>(ndmin) - r.ndim();
    Layout l;
    l.ndim = static_cast<int>(ndmin);
    l.offset = r.layout.offset;
    for (int d = 0; d < l.ndim; ++d) {
      l.shape[d] = d < extra ? 1 : r.layout.shape[d - extra];
      l.strides[d] = d < extra ? 0 : r.layout.strides[d - extra];
    }
    int64_t step = r.item();
    for (int d = l.ndim - 1; d >= extra; --d) step = std::max(step, l.shape[d] * std::abs(l.strides[d]));
    for (int d = 0; d < extra; ++d) l.strides[d] = step;
    return make_view(result, r.with(r.dtype, l));
  }
  return result;
}

bool holds_ours(const Call& call) {
  for (Py_ssize_t i = 0; i < call.n + call.keywords(); ++i) {
    if (is_ours(call.args[i])) return true;
  }
  return false;
}

// What is no array of ours. `dtype`: given, perhaps; `plain`: and nothing else. `order` and `ndmin`: what the function gives where
// it is asked for nothing.
PyObject* from_object(const char* name, const Call& call, PyObject* source, PyObject* dtype, bool plain, char order = 'K',
                      int64_t ndmin = 0) {
  if (call.keywords() && holds_ours(call)) return call.decline("an array among the options");
  Array numbers;
  DType want = kNoDType;
  if (plain && (!given_some(dtype) || to_dtype(dtype, want, kNoDType)) && from_values(source, want, numbers)) {
    Ref made = checked(make_array(std::move(numbers)));
    return array_like(made.get(), nullptr, order, CopyMode::if_needed, ndmin, call);
  }
  // Of a library on the GPU: the values stay there.
  if (from_cuda_interface(source, numbers)) {
    Ref copy = checked(make_array(std::move(numbers)));
    std::vector<PyObject*> args(call.args, call.args + call.n + call.keywords());
    args[0] = copy.get();
    Ref function = checked(PyObject_GetAttrString(checked(PyImport_ImportModule("numloom._core")).get(), name));
    return PyObject_Vectorcall(function.get(), args.data(), call.n, call.kwnames);
  }
  if (!script_mode && gives_arrays(source)) return call.decline("an object with __array__");
  PyObject* r = PyObject_Vectorcall(numpy_function(name), call.args, call.n, call.kwnames);
  if (!r && refused_ours(source)) return call.decline("an array among the values");
  if (!r) return nullptr;
  // np.asarray(real): the caller's own array, now shared with it.
  if (r == source && !PyArray_CheckExact(r)) return r;
  return wrap_result(r);
}

PyObject* array(const Call& call) {
  static const Signature signature({"object", "dtype", "copy", "order", "subok", "ndmin", "like"}, 2);
  PyObject* v[7];
  if (!signature.parse(call, v)) return call_numpy("array", call);
  if (!is_ours(v[0]) || given_some(v[6]))
    return from_object("array", call, v[0], v[1], std::all_of(v + 2, v + 7, std::logical_not()));
  char order = 'K';
  if (!to_order(v[3], order)) return call.decline("order");
  const CopyMode mode = to_copy_mode(v[2], CopyMode::always);
  const int64_t ndmin = v[5] ? to_int64(v[5]) : 0;
  if (ndmin > kMaxDims) return call.decline("ndmin");
  return array_like(v[0], v[1], order, mode, ndmin, call);
}

PyObject* as_array_named(const char* name, const Call& call) {
  if (call.n == 1 && !call.kwnames && is_ours(call.args[0]) && !array_of(call.args[0]).is_scalar)
    return Py_NewRef(call.args[0]);
  static const Signature signature({"a", "dtype", "order", "device", "copy", "like"}, 3);
  PyObject* v[6];
  if (!signature.parse(call, v)) return call_numpy(name, call);
  if (!is_ours(v[0]) || given_some(v[5]) || given_some(v[3]))
    return from_object(name, call, v[0], v[1], std::all_of(v + 2, v + 6, std::logical_not()));
  char order = 'K';
  if (!to_order(v[2], order)) return call.decline("order");
  return array_like(v[0], v[1], order, to_copy_mode(v[4], CopyMode::if_needed), 0, call);
}
PyObject* asarray(const Call& call) { return as_array_named("asarray", call); }
PyObject* asanyarray(const Call& call) { return as_array_named("asanyarray", call); }

PyObject* require_of(const Call& call) {
  if (call.n == 0 || call.n > 2 || call.kwnames || !is_ours(call.args[0])) return call.decline("arguments");
  return asanyarray(call);
}

PyObject* contiguous_named(const char* name, const Call& call, char order) {
  if (call.n == 1 && !call.kwnames && is_ours(call.args[0])) {
    const Array& a = array_of(call.args[0]);
    if (a.ndim() > 0 && (order == 'C' ? a.layout.c_contiguous(a.item()) : a.layout.f_contiguous(a.item())))
      return Py_NewRef(call.args[0]);
  }
  static const Signature signature({"a", "dtype", "like"}, 2);
  PyObject* v[3];
  if (!signature.parse(call, v)) return call_numpy(name, call);
  if (!is_ours(v[0]) || given_some(v[2])) return from_object(name, call, v[0], v[1], !v[2], order, 1);
  return array_like(v[0], v[1], order, CopyMode::if_needed, 1, call);
}
PyObject* ascontiguousarray(const Call& call) { return contiguous_named("ascontiguousarray", call, 'C'); }
PyObject* asfortranarray(const Call& call) { return contiguous_named("asfortranarray", call, 'F'); }

// ---- filled --------------------------------------------------------------------------------------------------------

Scalar number(double value, DType t) {
  Scalar s;
  s.dtype = DType::f8;
  s.f = value;
  return cast_scalar(s, t);
}

void check_shape(const ShapeArg& shape) {
  for (int d = 0; d < shape.ndim; ++d) {
    if (shape.dims[d] < 0) raise(PyExc_ValueError, "negative dimensions are not allowed");
  }
}

bool parse_fill(const Call& call, PyObject** v, ShapeArg& shape, DType& t, char& order, const Signature& signature, int fill) {
  if (!signature.parse(call, v, fill ? 2 : 1)) return false;
  PyObject* dtype = v[1 + fill];
  PyObject* order_given = v[2 + fill];
  if (given_some(v[3 + fill]) || given_some(v[4 + fill])) return false;
  if (!to_dtype(dtype, t, DType::f8) || !to_order(order_given, order) || (order != 'C' && order != 'F')) return false;
  if (!to_shape(v[0], shape)) return false;
  check_shape(shape);
  return true;
}

enum class Fill { none, zeros, ones };
template <Fill fill, FixedString Name>
PyObject* filled(const Call& call) {
  static const Signature signature({"shape", "dtype", "order", "device", "like"}, 3);
  PyObject* v[5];
  ShapeArg shape;
  DType t;
  char order = 'C';
  if (!parse_fill(call, v, shape, t, order, signature, 0)) return call_numpy(Name.text, call);
  if (fill == Fill::none) return make_array(empty(shape.span(), t, order == 'F'));
  return make_array(full(shape.span(), t, number(fill == Fill::ones, t), order == 'F'));
}

PyObject* full_of(const Call& call) {
  static const Signature signature({"shape", "fill_value", "dtype", "order", "device", "like"}, 4);
  PyObject* v[6];
  ShapeArg shape;
  DType t;
  char order = 'C';
  if (!parse_fill(call, v, shape, t, order, signature, 1)) return call_numpy("full", call);
  Scalar value;
  if (!to_scalar(v[1], value)) return call_numpy("full", call);
  if (!given_some(v[2])) t = value.dtype;
  // Conversions that NumPy refuses or warns about are its own.
  if (t != value.dtype && value.weak == Scalar::Weak::no && !can_cast(value.dtype, t, Casting::same_kind))
    return call_numpy("full", call);
  if (value.weak != Scalar::Weak::no && kind_of(t) != kind_of(value.dtype)) {
    const bool widens = is_inexact(t) && value.weak == Scalar::Weak::integer;
    if (!widens && !(is_complex(t) && value.weak == Scalar::Weak::floating)) return call_numpy("full", call);
  }
  if (value.weak == Scalar::Weak::integer && is_integer(t) && t != DType::i8) return call_numpy("full", call);
  return make_array(full(shape.span(), t, cast_scalar(value, t), order == 'F'));
}

template <Fill fill, FixedString Name>
PyObject* filled_like(const Call& call) {
  static const Signature signature({"a", "dtype", "order", "subok", "shape", "device"}, 5);
  PyObject* v[6];
  char order = 'K';
  DType t;
  ShapeArg shape;
  if (!signature.parse(call, v) || given_some(v[5])) return call.decline("arguments");
  Operand a;
  if (PyArray_CheckExact(v[0]) || is_ours(v[0]) ? !to_array(v[0], a) : true) return call_numpy(Name.text, call);
  if (!to_dtype(v[1], t, a.array->dtype) || !to_order(v[2], order)) return call.decline("a dtype that the engine lacks");
  const Layout& l = a.array->layout;
  const bool other_shape = given_some(v[4]);
  if (other_shape && !to_shape(v[4], shape)) return call.decline("shape");
  if (!other_shape) {
    shape.ndim = l.ndim;
    std::copy_n(l.shape, l.ndim, shape.dims);
  }
  check_shape(shape);
  const bool c = l.c_contiguous(a.array->item()), f = l.f_contiguous(a.array->item());
  if (order == 'A') order = f && !c ? 'F' : 'C';
  if (order == 'K') {
    if (c || l.ndim < 2 || (other_shape && shape.ndim != l.ndim)) order = 'C';
    else if (f) order = 'F';
    else
      return make_array(fill == Fill::none && !other_shape && t == a.array->dtype ? copy(*a.array, 'K') : [&] {
        // Any other order of the axes: the strides of a copy, filled anew.
        if (other_shape) throw not_native("order 'K' of a permuted array");
        Array r = astype(*a.array, t, 'K');
        if (fill != Fill::none) assign(r, number(fill == Fill::ones, t));
        return r;
      }());
  }
  if (fill == Fill::none) return make_array(empty(shape.span(), t, order == 'F'));
  return make_array(full(shape.span(), t, number(fill == Fill::ones, t), order == 'F'));
}

// ---- arange --------------------------------------------------------------------------------------------------------

bool plain_int(PyObject* o, int64_t& v) {
  if (!PyLong_CheckExact(o) && !PyArray_IsScalar(o, Int64)) return false;
  if (PyArray_IsScalar(o, Int64)) {
    v = PyArrayScalar_VAL(o, Int64);
  } else {
    int overflow;
    v = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (overflow) return false;
  }
  return v > -(int64_t{1} << 53) && v < int64_t{1} << 53;
}
bool plain_float(PyObject* o, double& v) {
  int64_t i;
  if (plain_int(o, i)) return v = static_cast<double>(i), true;
  if (PyFloat_CheckExact(o)) return v = PyFloat_AS_DOUBLE(o), true;
  if (PyArray_IsScalar(o, Double)) return v = PyArrayScalar_VAL(o, Double), true;
  return false;
}

PyObject* arange_of(const Call& call) {
  static const Signature signature({"start", "stop", "step", "dtype", "device", "like"}, 4);
  PyObject* v[6];
  auto elsewhere = [&] { return call_numpy("arange", call); };
  if (!signature.parse(call, v, 0) || given_some(v[4]) || given_some(v[5]) || (!v[0] && !v[1])) return elsewhere();
  if (call.n == 0 && !given_some(v[1])) return elsewhere();  // NumPy wants `stop` where `start` has a name
  static PyObject* zero = PyLong_FromLong(0);
  static PyObject* one = PyLong_FromLong(1);
  PyObject* start = v[0] ? v[0] : zero;
  PyObject* stop = given_some(v[1]) ? v[1] : nullptr;
  PyObject* step = given_some(v[2]) ? v[2] : one;
  if (!stop) {
    stop = start;
    start = zero;
  }
  if (start == Py_None) return elsewhere();
  int64_t i0, i1, di;
  DType t;
  if (plain_int(start, i0) && plain_int(stop, i1) && plain_int(step, di) && di != 0) {
    if (!to_dtype(v[3], t, DType::i8) || t == DType::b1) return elsewhere();
    const int64_t span = i1 - i0;
    const int64_t n = span == 0 || (span > 0) != (di > 0) ? 0 : (std::abs(span) - 1) / std::abs(di) + 1;
    if (is_integer(t)) {
      const int64_t last = n ? i0 + (n - 1) * di : 0;
      const int bits = 8 * item_size(t) - (kind_of(t) == DKind::sint ? 1 : 0);
      const int64_t high = bits >= 63 ? INT64_MAX : (int64_t{1} << bits) - 1,
                    low = kind_of(t) == DKind::sint ? (bits >= 63 ? INT64_MIN : -high - 1) : 0;
      if (n && (std::max(i0, last) > high || std::min(i0, last) < low || i0 + di > high || i0 + di < low)) return elsewhere();
      return make_array(arange_int(i0, di, n, t));
    }
    if (is_complex(t) || t == DType::f2) return elsewhere();
    return make_array(arange(static_cast<double>(i0), static_cast<double>(di), n, t));
  }
  double f0, f1, df;
  if (!plain_float(start, f0) || !plain_float(stop, f1) || !plain_float(step, df) || df == 0) return elsewhere();
  if (!to_dtype(v[3], t, DType::f8) || !is_float(t) || t == DType::f2) return elsewhere();
  const double count = std::ceil((f1 - f0) / df);
  // What underflows or is infinite has rules of its own.
  if (!(count < 1e15) || !std::isfinite(df) || (count == 0 && f1 != f0)) return elsewhere();
  return make_array(arange(f0, df, count > 0 ? static_cast<int64_t>(count) : 0, t));
}

}  // namespace

PyMethodDef creation_functions[] = {
    NUMLOOM_FUNCTION("array", array),
    NUMLOOM_FUNCTION("asarray", asarray),
    NUMLOOM_FUNCTION("asanyarray", asanyarray),
    NUMLOOM_FUNCTION("require", require_of),
    NUMLOOM_FUNCTION("ascontiguousarray", ascontiguousarray),
    NUMLOOM_FUNCTION("asfortranarray", asfortranarray),
    NUMLOOM_FUNCTION("empty", (filled<Fill::none, "empty">)),
    NUMLOOM_FUNCTION("zeros", (filled<Fill::zeros, "zeros">)),
    NUMLOOM_FUNCTION("ones", (filled<Fill::ones, "ones">)),
    NUMLOOM_FUNCTION("full", full_of),
    NUMLOOM_FUNCTION("empty_like", (filled_like<Fill::none, "empty_like">)),
    NUMLOOM_FUNCTION("zeros_like", (filled_like<Fill::zeros, "zeros_like">)),
    NUMLOOM_FUNCTION("ones_like", (filled_like<Fill::ones, "ones_like">)),
    NUMLOOM_FUNCTION("arange", arange_of),
    kEnd,
};

}  // namespace numloom::python
