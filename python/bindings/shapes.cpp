// Views and copies of another shape: reshape, transpose, ravel, broadcast_to; joining and products.
#include <algorithm>
#include <cmath>

#include "native.h"

namespace numloom::python {

namespace {

// The array of a function that returns a view of it. Null and no error: decline. Lists become arrays of ours first.
PyObject* viewable(PyObject* o, Ref& hold) {
  if (is_ours(o)) return o;
  if (PyArray_CheckExact(o)) {
    hold = Ref(from_numpy(o, false));
  } else if (PyList_CheckExact(o) || PyTuple_CheckExact(o)) {
    PyObject* args[1] = {o};
    PyObject* made = PyObject_Vectorcall(numpy_function("asarray"), args, 1, nullptr);
    if (!made) throw python_error{};
    hold = Ref(wrap_result(made));
  }
  return hold.get() && is_ours(hold.get()) ? hold.get() : nullptr;
}

// The arguments of a function that returns a view of its first one; `self` is null where NumPy must do the call.
template <size_t N>
struct Arguments {
  PyObject* given[N];
  Ref hold;
  PyObject* self = nullptr;
  Arguments(const Call& call, const Signature& signature, int required = 1) {
    if (signature.parse(call, given, required)) self = viewable(given[0], hold);
  }
  PyObject* operator[](size_t i) const { return given[i]; }
};

// A view where it shares memory with `parent`, else an array of its own; of a scalar a scalar.
PyObject* shown(PyObject* parent, Array&& a) {
  if (a.ndim() == 0 && array_of(parent).is_scalar) return make_result(std::move(a));
  return make_view(parent, std::move(a));
}

PyObject* reshaped(const Call& call, PyObject* self, PyObject* shape_arg, PyObject* order_arg, PyObject* copy_arg) {
  ShapeArg shape;
  char order = 'C';
  if (!to_shape(shape_arg, shape) || !to_order(order_arg, order) || order == 'K') return call.decline("arguments");
  const Array& a = array_of(self);
  if (order == 'A') order = a.layout.f_contiguous(a.item()) && !a.layout.c_contiguous(a.item()) ? 'F' : 'C';
  if (given_some(copy_arg)) return call.decline("copy=");
  return shown(self, reshape(a, shape.span(), order));
}

PyObject* reshape_function(const Call& call) {
  static const Signature signature({"a", "shape", "order", "copy"}, 3);
  const Arguments<4> v(call, signature, 2);
  return v.self ? reshaped(call, v.self, v[1], v[2], v[3]) : call.decline("operands of this kind");
}

// a.reshape(2, 3), a.reshape((2, 3)), order and copy by name.
PyObject* reshape_method(const Call& call) {
  PyObject *order = nullptr, *copy = nullptr;
  for (Py_ssize_t k = 0; k < call.keywords(); ++k) {
    PyObject* name = PyTuple_GET_ITEM(call.kwnames, k);
    if (PyUnicode_CompareWithASCIIString(name, "order") == 0) order = call.args[call.n + k];
    else if (PyUnicode_CompareWithASCIIString(name, "copy") == 0) copy = call.args[call.n + k];
    else return call.decline("arguments");
  }
  if (call.n == 2) {
    if (call.args[1] == Py_None) return call.decline("arguments");
    return reshaped(call, call.args[0], call.args[1], order, copy);
  }
  if (call.n < 2 || call.n - 1 > kMaxDims) return call.decline("arguments");
  ShapeArg shape;
  shape.ndim = static_cast<int>(call.n) - 1;
  for (int d = 0; d < shape.ndim; ++d) {
    if (!PyIndex_Check(call.args[d + 1]) || PyBool_Check(call.args[d + 1])) return call.decline("arguments");
    shape.dims[d] = to_int64(call.args[d + 1]);
  }
  char o = 'C';
  if (!to_order(order, o) || o == 'K' || o == 'A' || given_some(copy)) return call.decline("arguments");
  return shown(call.args[0], reshape(array_of(call.args[0]), shape.span(), o));
}

PyObject* transposed(PyObject* self, const ShapeArg* axes) {
  const Array& a = array_of(self);
  const int n = a.ndim();
  Layout l;
  l.ndim = n;
  l.offset = a.layout.offset;
  if (axes && axes->ndim != n) raise(PyExc_ValueError, "axes don't match array");
  uint32_t seen = 0;
  for (int d = 0; d < n; ++d) {
    const int from = axes ? normalize_axis(axes->dims[d], n) : n - 1 - d;
    if (seen >> from & 1) raise(PyExc_ValueError, "repeated axis in transpose");
    seen |= uint32_t{1} << from;
    l.shape[d] = a.layout.shape[from];
    l.strides[d] = a.layout.strides[from];
  }
  return shown(self, a.with(a.dtype, l));
}

PyObject* transpose_function(const Call& call) {
  static const Signature signature({"a", "axes"}, 2);
  const Arguments<2> v(call, signature);
  if (!v.self) return call.decline("operands of this kind");
  ShapeArg axes;
  if (given_some(v[1]) && !to_shape(v[1], axes)) return call.decline("axes");
  return transposed(v.self, given_some(v[1]) ? &axes : nullptr);
}

PyObject* transpose_method(const Call& call) {
  if (call.kwnames) return call.decline("arguments");
  if (call.n == 1 || (call.n == 2 && call.args[1] == Py_None)) return transposed(call.args[0], nullptr);
  ShapeArg axes;
  if (call.n == 2) {
    if (!to_shape(call.args[1], axes)) return call.decline("axes");
  } else {
    if (call.n - 1 > kMaxDims) return call.decline("axes");
    axes.ndim = static_cast<int>(call.n) - 1;
    for (int d = 0; d < axes.ndim; ++d) axes.dims[d] = to_int64(call.args[d + 1]);
  }
  return transposed(call.args[0], &axes);
}

PyObject* raveled(const Call& call, bool always_copy) {
  static const Signature signature({"a", "order"}, 2);
  const Arguments<2> v(call, signature);
  char order = 'C';
  if (!v.self || !to_order(v[1], order)) return call.decline("arguments");
  const Array& a = array_of(v.self);
  const bool c = a.layout.c_contiguous(a.item()), f = a.layout.f_contiguous(a.item());
  if (order == 'A') order = f && !c ? 'F' : 'C';
  if (order == 'K') {
    if (!c && !f) return call.decline("order 'K' of a strided array");
    order = c ? 'C' : 'F';
  }
  const int64_t all[1] = {-1};
  const int64_t none[1] = {0};
  const Shape flat = a.size() ? Shape(all) : Shape(none);
  if (always_copy) {
    Array r = reshape(a, flat, order);
    return make_array(r.buf == a.buf ? copy(r, 'C') : std::move(r));
  }
  // A ravel of an array that is not contiguous is a copy even where strides would do.
  if (order == 'C' ? c : f) return shown(v.self, reshape(a, flat, order));
  Array fresh = order == 'C' ? copy(a, 'C') : copy(a, 'F');
  return make_array(reshape(fresh, flat, order));
}
PyObject* ravel_of(const Call& call) { return raveled(call, false); }
PyObject* flatten_of(const Call& call) { return raveled(call, true); }

PyObject* squeeze_of(const Call& call) {
  static const Signature signature({"a", "axis"}, 2);
  const Arguments<2> v(call, signature);
  if (!v.self) return call.decline("operands of this kind");
  const Array& a = array_of(v.self);
  const std::optional<uint32_t> axes = to_axes(v[1], a.ndim());
  Layout l;
  l.ndim = 0;
  l.offset = a.layout.offset;
  for (int d = 0; d < a.ndim(); ++d) {
    const int64_t n = a.layout.shape[d];
    const bool drop = axes ? *axes >> d & 1 : n == 1;
    if (drop && n != 1) raise(PyExc_ValueError, "cannot select an axis to squeeze out which has size not equal to one");
    if (drop) continue;
    l.shape[l.ndim] = n;
    l.strides[l.ndim++] = a.layout.strides[d];
  }
  if (!axes && l.ndim == a.ndim()) return Py_NewRef(v.self);  // nothing to drop: the array itself, as in NumPy
  return shown(v.self, a.with(a.dtype, l));
}

// Axes as an array: some of NumPy's functions take them, some do not.
bool is_array(PyObject* axes) { return axes && (is_ours(axes) || PyArray_Check(axes)); }

PyObject* expand_dims_of(const Call& call) {
  static const Signature signature({"a", "axis"}, 2);
  const Arguments<2> v(call, signature, 2);
  if (!v.self) return call.decline("operands of this kind");
  const Array& a = array_of(v.self);
  ShapeArg axes;
  if (is_array(v[1]) || !to_shape(v[1], axes) || a.ndim() + axes.ndim > kMaxDims) return call.decline("axis");
  Layout l;
  l.ndim = a.ndim() + axes.ndim;
  l.offset = a.layout.offset;
  uint32_t fresh = 0;
  for (int i = 0; i < axes.ndim; ++i) {
    const int d = normalize_axis(axes.dims[i], l.ndim);
    if (fresh >> d & 1) raise(PyExc_ValueError, "repeated axis");
    fresh |= uint32_t{1} << d;
  }
  for (int d = 0, from = 0; d < l.ndim; ++d) {
    const bool added = fresh >> d & 1;
    l.shape[d] = added ? 1 : a.layout.shape[from];
    l.strides[d] = added ? 0 : a.layout.strides[from++];
  }
  return shown(v.self, a.with(a.dtype, l));
}

PyObject* broadcast_to_of(const Call& call) {
  static const Signature signature({"array", "shape", "subok"}, 3);
  const Arguments<3> v(call, signature, 2);
  ShapeArg shape;
  if (!v.self || !to_shape(v[1], shape)) return call.decline("operands of this kind");
  Array r = broadcast(array_of(v.self), shape.span());
  r.writeable = false;
  return make_view(v.self, std::move(r));
}

PyObject* swapaxes_of(const Call& call) {
  static const Signature signature({"a", "axis1", "axis2"}, 3);
  const Arguments<3> v(call, signature, 3);
  if (!v.self) return call.decline("operands of this kind");
  const Array& a = array_of(v.self);
  const auto axis_named = [&](PyObject* axis, const char* name) {
    if (!PyIndex_Check(axis)) throw not_native("axis is not an integer");
    return normalize_axis(to_int64(axis), a.ndim(), name);
  };
  const int i = axis_named(v[1], "axis1"), j = axis_named(v[2], "axis2");
  Layout l = a.layout;
  std::swap(l.shape[i], l.shape[j]);
  std::swap(l.strides[i], l.strides[j]);
  return shown(v.self, a.with(a.dtype, l));
}

PyObject* moveaxis_of(const Call& call) {
  static const Signature signature({"a", "source", "destination"}, 3);
  const Arguments<3> v(call, signature, 3);
  ShapeArg from, to, order;
  if (!v.self || !to_shape(v[1], from) || !to_shape(v[2], to) || from.ndim != to.ndim) return call.decline("arguments");
  const int n = array_of(v.self).ndim();
  uint32_t taken_from = 0, taken_to = 0;
  order.ndim = n;
  for (int i = 0; i < from.ndim; ++i) {
    const int s = normalize_axis(from.dims[i], n, "source"), d = normalize_axis(to.dims[i], n, "destination");
    if (taken_from >> s & 1 || taken_to >> d & 1) return call.decline("a repeated axis");
    taken_from |= uint32_t{1} << s;
    taken_to |= uint32_t{1} << d;
    order.dims[d] = s;
  }
  for (int d = 0, s = 0; d < n; ++d) {
    if (taken_to >> d & 1) continue;
    while (taken_from >> s & 1) ++s;
    order.dims[d] = s++;
  }
  return transposed(v.self, &order);
}

PyObject* diagonal_of(const Call& call) {
  static const Signature signature({"a", "offset", "axis1", "axis2"}, 4);
  const Arguments<4> v(call, signature);
  if (!v.self) return call.decline("operands of this kind");
  const Array& a = array_of(v.self);
  if (a.ndim() < 2) raise(PyExc_ValueError, "diag requires an array of at least two dimensions");
  const int i = v[2] ? to_axis(v[2], a.ndim()) : 0, j = v[3] ? to_axis(v[3], a.ndim()) : 1;
  if (i == j) raise(PyExc_ValueError, "axis1 and axis2 cannot be the same");
  Array r = diagonal_view(a, v[1] ? to_int64(v[1]) : 0, i, j);
  r.writeable = false;
  return shown(v.self, std::move(r));
}

// np.flip: every axis, or those given, backwards.
PyObject* flip_of(const Call& call) {
  static const Signature signature({"m", "axis"}, 2);
  const Arguments<2> v(call, signature);
  if (!v.self) return call.decline("operands of this kind");
  if (is_array(v[1])) return call.decline("axis");
  const Array& a = array_of(v.self);
  if (a.ndim() == 0 && given_some(v[1]) && PyIndex_Check(v[1])) to_axis(v[1], 0);  // raises; a reduction would let it pass
  const std::optional<uint32_t> axes = to_axes(v[1], a.ndim());
  if (a.ndim() == 0) return make_result(copy(a));  // NumPy's m[()]
  Layout l = a.layout;
  for (int d = 0; d < l.ndim; ++d) {
    if (axes && !(*axes >> d & 1)) continue;
    if (l.shape[d] > 0) l.offset += (l.shape[d] - 1) * l.strides[d];
    l.strides[d] = -l.strides[d];
  }
  return shown(v.self, a.with(a.dtype, l));
}

// ---- joining and products ------------------------------------------------------------------------------------------

bool gather_arrays(PyObject* sequence, std::vector<Array>& out) {
  if (is_ours(sequence)) return false;
  Ref items(PySequence_Fast(sequence, "arrays to concatenate must be a sequence"));
  if (!items) throw python_error{};
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(items.get());
  bool any_ours = false;
  out.reserve(n);
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* o = PySequence_Fast_GET_ITEM(items.get(), i);
    any_ours |= is_ours(o) || PyArray_CheckExact(o);
    Operand a;
    if (!to_array(o, a)) return false;
    out.push_back(*a.array);
  }
  return n > 0 && any_ours;
}

// The dtype of a joined array: the one asked for, or that of `out`, to which the parts are cast. False: decline.
bool joined_type(PyObject* out, PyObject* dtype, DType& t) {
  if (!to_dtype(dtype, t, kNoDType)) return false;
  if (!given_some(out)) return true;
  if (given_some(dtype) || !is_ours(out)) return false;
  t = array_of(out).dtype;
  return true;
}

PyObject* joined(const Call& call, PyObject* out, Array&& result) {
  if (!given_some(out)) return make_array(std::move(result));
  PyObject* written = written_to(out, result);
  return written ? written : call.decline("out= of another shape");
}

PyObject* concatenate_of(const Call& call) {
  static const Signature signature({"arrays", "axis", "out", "dtype", "casting"}, 3);
  PyObject* v[5];
  std::vector<Array> arrays;
  DType t;
  if (!signature.parse(call, v) || given(v[4]) || !joined_type(v[2], v[3], t)) return call.decline("arguments");
  if (!gather_arrays(v[0], arrays)) return call.decline("operands of this kind");
  int axis = 0;
  if (v[1] == Py_None) {
    const int64_t all[1] = {-1};
    const int64_t none[1] = {0};
    for (Array& a : arrays) a = reshape(a, a.size() ? Shape(all) : Shape(none));
  } else {
    if (arrays[0].ndim() == 0) raise(PyExc_ValueError, "zero-dimensional arrays cannot be concatenated");
    axis = v[1] ? to_axis(v[1], arrays[0].ndim()) : 0;
  }
  return joined(call, v[2], concatenate(arrays, axis, t));
}

PyObject* stack_of(const Call& call) {
  static const Signature signature({"arrays", "axis", "out", "dtype", "casting"}, 3);
  PyObject* v[5];
  std::vector<Array> arrays;
  DType t;
  if (!signature.parse(call, v) || given(v[4]) || !joined_type(v[2], v[3], t)) return call.decline("arguments");
  if (!gather_arrays(v[0], arrays)) return call.decline("operands of this kind");
  const int n = arrays[0].ndim() + 1;
  if (n > kMaxDims) return call.decline("dimensions");
  const int axis = v[1] ? to_axis(v[1], n) : 0;
  for (const Array& a : arrays) {
    if (!same_shape(a.layout, arrays[0].layout)) raise(PyExc_ValueError, "all input arrays must have the same shape");
  }
  for (Array& a : arrays) {
    Layout l = a.layout;
    for (int d = n - 1; d > axis; --d) {
      l.shape[d] = a.layout.shape[d - 1];
      l.strides[d] = a.layout.strides[d - 1];
    }
    l.ndim = n;
    l.shape[axis] = 1;
    l.strides[axis] = 0;
    a = a.with(a.dtype, l);
  }
  return joined(call, v[2], concatenate(arrays, axis, t));
}

PyObject* dot_of(const Call& call) {
  static const Signature signature({"a", "b", "out"}, 3);
  PyObject* v[3];
  Operand a, b;
  if (!signature.parse(call, v, 2)) return call.decline("arguments");
  if (!to_operand(v[0], a) || !to_operand(v[1], b)) return call.decline("operands of this kind");
  if (!a.array || !b.array) {
    // A product with a number; the number's type counts fully here.
    if (!a.array && !b.array) return call_numpy("dot", call);
    if (given_some(v[2])) return call.decline("out= of a product with a number");
    a.scalar.weak = b.scalar.weak = Scalar::Weak::no;
    const Arg args[2] = {a.arg(), b.arg()};
    return result_of([&] { return apply(Op::multiply, args); });
  }
  if (errstate_needs_numpy()) return call.decline("errstate");
  if (!given_some(v[2])) return result_of([&] { return dot(*a.array, *b.array); });
  // NumPy takes rows in memory only.
  const bool fits = is_ours(v[2]) && array_of(v[2]).layout.c_contiguous(array_of(v[2]).item());
  PyObject* written = fits ? written_to(v[2], dot(*a.array, *b.array)) : nullptr;
  return written ? written : call.decline("out= of another form");
}

}  // namespace

PyMethodDef shape_functions[] = {
    NUMLOOM_FUNCTION("reshape", reshape_function),
    NUMLOOM_FUNCTION("transpose", transpose_function),
    NUMLOOM_FUNCTION("permute_dims", transpose_function),
    NUMLOOM_FUNCTION("ravel", ravel_of),
    NUMLOOM_FUNCTION("squeeze", squeeze_of),
    NUMLOOM_FUNCTION("expand_dims", expand_dims_of),
    NUMLOOM_FUNCTION("broadcast_to", broadcast_to_of),
    NUMLOOM_FUNCTION("swapaxes", swapaxes_of),
    NUMLOOM_FUNCTION("moveaxis", moveaxis_of),
    NUMLOOM_FUNCTION("diagonal", diagonal_of),
    NUMLOOM_FUNCTION("flip", flip_of),
    NUMLOOM_FUNCTION("concatenate", concatenate_of),
    NUMLOOM_FUNCTION("concat", concatenate_of),
    NUMLOOM_FUNCTION("stack", stack_of),
    NUMLOOM_FUNCTION("dot", dot_of),
    kEnd,
};

PyMethodDef shape_methods[] = {
    NUMLOOM_METHOD("reshape", reshape_method),
    NUMLOOM_METHOD("transpose", transpose_method),
    NUMLOOM_METHOD("ravel", ravel_of),
    NUMLOOM_METHOD("flatten", flatten_of),
    NUMLOOM_METHOD("squeeze", squeeze_of),
    NUMLOOM_METHOD("swapaxes", swapaxes_of),
    NUMLOOM_METHOD("diagonal", diagonal_of),
    NUMLOOM_METHOD("dot", dot_of),
    kEnd,
};

}  // namespace numloom::python
