// Views and copies of another shape: reshape, transpose, ravel, broadcast_to; joining and products.
#include <algorithm>
#include <climits>
#include <cmath>

#include "native.h"
#include "ufunc.h"

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
    if (!made && refused_ours(o)) return nullptr;
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

PyObject* reshaped(const Call& call, PyObject* self, const ShapeArg& shape, PyObject* order_arg, PyObject* copy_arg) {
  char order = 'C';
  if (!to_order(order_arg, order) || order == 'K' || given_some(copy_arg)) return call.decline("arguments");
  const Array& a = array_of(self);
  if (order == 'A') order = a.layout.f_contiguous(a.item()) && !a.layout.c_contiguous(a.item()) ? 'F' : 'C';
  return shown(self, reshape(a, shape.span(), order));
}

PyObject* reshape_function(const Call& call) {
  static const Signature signature({"a", "shape", "order", "copy"}, 3);
  const Arguments<4> v(call, signature, 2);
  ShapeArg shape;
  if (!v.self || !to_shape(v[1], shape)) return call.decline("operands of this kind");
  return reshaped(call, v.self, shape, v[2], v[3]);
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
  ShapeArg shape;
  if (call.n < 2 || call.args[1] == Py_None || !to_shape(call.args + 1, call.n - 1, shape)) return call.decline("arguments");
  return reshaped(call, call.args[0], shape, order, copy);
}

PyObject* transposed(PyObject* self, const ShapeArg* axes) {
  const Array& a = array_of(self);
  if (!axes) return shown(self, transpose(a, {}));
  if (axes->ndim != a.ndim()) raise(PyExc_ValueError, "axes don't match array");
  int order[kMaxDims];
  for (int d = 0; d < axes->ndim; ++d) order[d] = normalize_axis(axes->dims[d], a.ndim());
  return shown(self, transpose(a, {order, static_cast<size_t>(axes->ndim)}));
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
  if (!to_shape(call.args + 1, call.n - 1, axes)) return call.decline("axes");
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
  const int64_t* end = a.layout.shape + a.ndim();
  if (!given_some(v[1]) && std::find(a.layout.shape, end, 1) == end) return Py_NewRef(v.self);  // nothing to drop
  return shown(v.self, squeeze(a, to_axes(v[1], a.ndim())));
}

// Axes as an array: some of NumPy's functions take them, some do not.
bool is_array(PyObject* axes) { return axes && (is_ours(axes) || PyArray_Check(axes)); }

// np.atleast_1d, np.atleast_2d: each argument with axes of length 1 put before its own.
template <int N>
PyObject* at_least(const Call& call) {
  if (call.kwnames) return call.decline("arguments");
  const auto widened = [](PyObject* o) -> Ref {
    Ref hold;
    PyObject* self = viewable(o, hold);
    if (!self) {
      Operand value;
      if (!to_array(o, value)) return Ref();
      hold = checked(make_array(Array(*value.array)));
      self = hold.get();
    }
    const Array& a = array_of(self);
    if (a.ndim() >= N) return Ref::borrow(self);
    const int64_t ones[2] = {1, 1};
    return checked(make_view(self, a.ndim() == 0 ? reshape(a, {ones, N}) : expand_dims(a, 1u)));
  };
  if (call.n == 1) {
    Ref one = widened(call.args[0]);
    return one ? one.release() : call.decline("operands of this kind");
  }
  Ref all = checked(PyTuple_New(call.n));
  for (Py_ssize_t i = 0; i < call.n; ++i) {
    Ref one = widened(call.args[i]);
    if (!one) return call.decline("operands of this kind");
    PyTuple_SET_ITEM(all.get(), i, one.release());
  }
  return all.release();
}

PyObject* expand_dims_of(const Call& call) {
  static const Signature signature({"a", "axis"}, 2);
  const Arguments<2> v(call, signature, 2);
  if (!v.self) return call.decline("operands of this kind");
  const Array& a = array_of(v.self);
  ShapeArg axes;
  if (is_array(v[1]) || !to_shape(v[1], axes) || a.ndim() + axes.ndim > kMaxDims) return call.decline("axis");
  uint32_t fresh = 0;
  for (int i = 0; i < axes.ndim; ++i) {
    const uint32_t bit = uint32_t{1} << normalize_axis(axes.dims[i], a.ndim() + axes.ndim);
    if (fresh & bit) raise(PyExc_ValueError, "repeated axis");
    fresh |= bit;
  }
  return shown(v.self, expand_dims(a, fresh));
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
  return shown(v.self, swapaxes(a, i, j));
}

PyObject* moveaxis_of(const Call& call) {
  static const Signature signature({"a", "source", "destination"}, 3);
  const Arguments<3> v(call, signature, 3);
  ShapeArg from, to;
  if (!v.self || !to_shape(v[1], from) || !to_shape(v[2], to)) return call.decline("arguments");
  return shown(v.self, moveaxis(array_of(v.self), from.span(), to.span()));
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
  if (a.ndim() == 0 && given_some(v[1])) return call.decline("an axis of a 0-d array");
  const std::optional<uint32_t> axes = to_axes(v[1], a.ndim());
  if (a.ndim() == 0) return make_result(copy(a));  // NumPy's m[()]
  return shown(v.self, flip(a, axes));
}

// ---- joining and products ------------------------------------------------------------------------------------------

bool gather_arrays(PyObject* sequence, std::vector<Array>& out) {
  if (is_ours(sequence)) return false;
  Ref items = items_of(sequence, "arrays to concatenate must be a sequence");
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(items.get());
  if (n > INT_MAX) {
    PyErr_Format(PyExc_ValueError, "concatenate() only supports up to %d arrays but got %zd.", INT_MAX, n);
    throw python_error{};
  }
  out.reserve(n);
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* o = PySequence_Fast_GET_ITEM(items.get(), i);
    Operand a;
    if (!to_array(o, a)) return false;
    out.push_back(*a.array);
  }
  return n > 0;
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

// The arguments of concatenate and stack; `arrays` has one at least.
struct Joining {
  PyObject *axis, *out;
  std::vector<Array> arrays;
  DType type;
  // False: decline.
  bool parse(const Call& call) {
    static const Signature signature({"arrays", "axis", "out", "dtype", "casting"}, 3);
    PyObject* v[5];
    if (!signature.parse(call, v) || given(v[4]) || !joined_type(v[2], v[3], type)) return false;
    axis = v[1];
    out = v[2];
    return gather_arrays(v[0], arrays);
  }
};

PyObject* concatenate_of(const Call& call) {
  Joining join;
  if (!join.parse(call)) return call.decline("operands of this kind");
  std::vector<Array>& arrays = join.arrays;
  int axis = 0;
  if (join.axis == Py_None) {
    const int64_t all[1] = {-1};
    const int64_t none[1] = {0};
    for (Array& a : arrays) a = reshape(a, a.size() ? Shape(all) : Shape(none));
  } else {
    if (arrays[0].ndim() == 0) raise(PyExc_ValueError, "zero-dimensional arrays cannot be concatenated");
    axis = join.axis ? to_axis(join.axis, arrays[0].ndim()) : 0;
  }
  return joined(call, join.out, concatenate(arrays, axis, join.type));
}

PyObject* stack_of(const Call& call) {
  Joining join;
  if (!join.parse(call)) return call.decline("operands of this kind");
  std::vector<Array>& arrays = join.arrays;
  const int n = arrays[0].ndim() + 1;
  if (n > kMaxDims) return call.decline("dimensions");
  const int axis = join.axis ? to_axis(join.axis, n) : 0;
  for (const Array& a : arrays) {
    if (!same_shape(a.layout, arrays[0].layout)) raise(PyExc_ValueError, "all input arrays must have the same shape");
  }
  for (Array& a : arrays) a = expand_dims(a, uint32_t{1} << axis);
  return joined(call, join.out, concatenate(arrays, axis, join.type));
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
    const auto whole = [](const Operand& x) { return x.array ? *x.array : scalar_array(x.scalar); };
    return result_of([&] { return dot(whole(a), whole(b)); });
  }
  if (errstate_needs_numpy()) {
    PyObject* result = given_some(v[2]) ? nullptr : attempt_product(*a.array, *b.array, dot);
    return result ? result : call.decline("errstate");
  }
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
    NUMLOOM_FUNCTION("atleast_1d", at_least<1>),
    NUMLOOM_FUNCTION("atleast_2d", at_least<2>),
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
