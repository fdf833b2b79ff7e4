// sum, mean, argmax, cumsum and the like: as functions and as methods.
#include <cmath>

#include "native.h"

namespace numloom::python {

PyObject* nonzero_tuple(const Array& a) {
  std::vector<Array> found = nonzero(a);
  Ref t = checked(PyTuple_New(static_cast<Py_ssize_t>(found.size())));
  for (size_t i = 0; i < found.size(); ++i) PyTuple_SET_ITEM(t.get(), i, make_array(std::move(found[i])));
  return t.release();
}

bool Reduction::parse(Op op, PyObject* a, PyObject* axis, PyObject* dtype, PyObject* out, PyObject* keepdims, PyObject* initial,
                      PyObject* where) {
  if (!to_array(a, array)) return false;
  options.axes = to_axes(axis, array.array->ndim());
  if (!to_dtype(dtype, options.dtype, kNoDType)) return false;
  if (given_some(out)) {
    if (!is_ours(out)) return false;
    options.out = &array_of(out);
    if (!options.out->writeable) raise(PyExc_ValueError, "output array is read-only");
  }
  if (!to_flag(keepdims, options.keepdims)) return false;
  if (given(initial)) {
    if (!to_scalar(initial, start)) return false;
    // The one start that the identity would swallow.
    if (op == Op::add && is_inexact(start.dtype) && std::signbit(cast_scalar(start, DType::f8).f) &&
        cast_scalar(start, DType::f8).f == 0)
      return false;
    options.initial = &start;
  }
  if (given(where) && where != Py_True) {
    if (!to_array(where, mask) || mask.array->dtype != DType::b1) return false;
    options.where = mask.array;
  }
  return true;
}

namespace {

template <class F>
PyObject* into(PyObject* out, F&& f) {
  if (!given_some(out)) return result_of(f);
  f();
  return Py_NewRef(out);
}

// The same under the error modes that stand; `warns`: it can go wrong at all.
template <class F>
PyObject* in_errstate(const Call& call, bool warns, Op op, const Reduction& r, PyObject* out, F&& f) {
  if (!warns || !errstate_needs_numpy()) return into(out, f);
  const bool plain = !given_some(out) && !r.options.initial && !r.options.where && r.options.dtype == kNoDType;
  if (plain && Attempt::suits(op) && Attempt::suits(*r.array.array)) {
    const Attempt quietly;
    if (PyObject* result = quietly.kept(result_of(f))) return result;
  }
  return call.decline("errstate");
}

template <Op op>
PyObject* fold(const Call& call) {
  // min and max have no dtype; any and all neither, nor an initial value.
  constexpr bool typed = op == Op::add || op == Op::multiply;
  constexpr bool logical = op == Op::logical_and || op == Op::logical_or;
  static const Signature signature = typed     ? Signature({"a", "axis", "dtype", "out", "keepdims", "initial", "where"}, 7)
                                     : logical ? Signature({"a", "axis", "out", "keepdims", "where"}, 4)
                                               : Signature({"a", "axis", "out", "keepdims", "initial", "where"}, 6);
  PyObject* v[7];
  if (!signature.parse(call, v)) return call.decline("arguments");
  if constexpr (!typed) {
    if constexpr (logical) {
      v[6] = v[4];
      v[5] = nullptr;
    } else {
      v[6] = v[5];
      v[5] = v[4];
    }
    v[4] = v[3];
    v[3] = v[2];
    v[2] = nullptr;
  }
  Reduction r;
  if (!r.parse(op, v[0], v[1], v[2], v[3], v[4], v[5], v[6])) return call.decline("operands of this kind");
  return in_errstate(call, op_info(op).warns, op, r, v[3], [&] { return reduce(op, *r.array.array, r.options); });
}

PyObject* mean_of(const Call& call) {
  static const Signature signature({"a", "axis", "dtype", "out", "keepdims", "where"}, 5);
  PyObject* v[6];
  if (!signature.parse(call, v)) return call.decline("arguments");
  Reduction r;
  if (!r.parse(Op::add, v[0], v[1], v[2], v[3], v[4], nullptr, v[5])) return call.decline("operands of this kind");
  const Array& a = *r.array.array;
  if (a.ndim() == 0 && given_some(v[1])) return call.decline("an axis of a 0-d array");
  if (a.size() == 0) return call.decline("an empty array");
  return in_errstate(call, true, Op::add, r, v[3], [&] { return mean(a, r.options); });
}

template <bool root>
PyObject* spread(const Call& call) {
  static const Signature signature({"a", "axis", "dtype", "out", "ddof", "keepdims", "where", "mean", "correction"}, 6);
  PyObject* v[9];
  if (!signature.parse(call, v)) return call.decline("arguments");
  Operand given_mean;
  Reduction r;
  if (!r.parse(Op::add, v[0], v[1], v[2], v[3], v[5], nullptr, v[6])) return call.decline("operands of this kind");
  const Array& a = *r.array.array;
  if (a.ndim() == 0 && given_some(v[1])) return call.decline("an axis of a 0-d array");
  if (given(v[4]) && given(v[8])) return call.decline("ddof and correction");
  PyObject* delta = given(v[8]) ? v[8] : v[4];
  double ddof = 0;
  if (given(delta)) {
    ddof = PyFloat_AsDouble(delta);
    if (ddof == -1 && PyErr_Occurred()) throw python_error{};
  }
  if (a.size() == 0) return call.decline("an empty array");
  if (given(v[7]) && (!is_ours(v[7]) || !to_array(v[7], given_mean) || given_mean.array->dtype != a.dtype ||
                      given_mean.array->ndim() != a.ndim() || !is_float(a.dtype)))
    return call.decline("mean=");
  return in_errstate(call, true, Op::add, r, v[3],
                     [&] { return variance(a, ddof, root, r.options, given(v[7]) ? given_mean.array : nullptr); });
}

template <Op op>
PyObject* arg_of(const Call& call) {
  static const Signature signature({"a", "axis", "out", "keepdims"}, 3);
  PyObject* v[4];
  if (!signature.parse(call, v)) return call.decline("arguments");
  Operand a;
  if (!to_array(v[0], a)) return call.decline("operands of this kind");
  const bool keepdims = given(v[3]) && to_bool(v[3]);
  std::optional<int> axis;
  if (given_some(v[1])) {
    if (a.array->ndim() == 0) return call.decline("an axis of a 0-d array");
    axis = to_axis(v[1], a.array->ndim());
  }
  if (!given_some(v[2])) return result_of([&] { return argreduce(op, *a.array, axis, keepdims); });
  PyObject* written = written_to(v[2], argreduce(op, *a.array, axis, keepdims));
  return written ? written : call.decline("out= of another form");
}

template <Op op>
PyObject* running(const Call& call) {
  static const Signature signature({"a", "axis", "dtype", "out"}, 4);
  PyObject* v[4];
  if (!signature.parse(call, v)) return call.decline("arguments");
  Operand a;
  DType dtype;
  if (!to_array(v[0], a) || !to_dtype(v[2], dtype, kNoDType)) return call.decline("operands of this kind");
  if (given_some(v[3]) && !is_ours(v[3])) return call.decline("out");
  std::optional<int> axis;
  if (given_some(v[1])) {
    if (a.array->ndim() == 0) return call.decline("an axis of a 0-d array");
    axis = to_axis(v[1], a.array->ndim());
  }
  if (errstate_needs_numpy()) return call.decline("errstate");
  if (!given_some(v[3])) return make_array(cumulate(op, *a.array, axis, dtype));
  cumulate(op, *a.array, axis, dtype, &array_of(v[3]));
  return Py_NewRef(v[3]);
}

PyObject* count_nonzero_of(const Call& call) {
  static const Signature signature({"a", "axis", "keepdims"}, 2);
  PyObject* v[3];
  if (!signature.parse(call, v)) return call.decline("arguments");
  Reduction r;
  if (!r.parse(Op::add, v[0], v[1], nullptr, nullptr, v[2], nullptr, nullptr)) return call.decline("operands of this kind");
  const auto count = [&] { return count_nonzero(*r.array.array, r.options); };
  if (PyArray_RUNTIME_VERSION < kNumpy23 && !given_some(v[1]) && !r.options.keepdims)  // a Python integer
    return PyLong_FromLongLong(cast_scalar(item_value(count()), DType::i8).i);
  return result_of(count);
}

PyObject* bincount_of(const Call& call) {
  static const Signature signature({"x", "weights", "minlength"}, 3);
  PyObject* v[3];
  Operand a;
  if (!signature.parse(call, v) || given_some(v[1]) || !to_array(v[0], a)) return call.decline("arguments");
  if (v[2] && !PyLong_CheckExact(v[2])) return call.decline("minlength of this kind");
  const int64_t at_least = v[2] ? to_int64(v[2]) : 0;
  if (at_least < 0) return call.decline("a negative minlength");
  return make_array(bincount(*a.array, at_least));
}

PyObject* nonzero_of(const Call& call) {
  static const Signature signature({"a"}, 1);
  PyObject* v[1];
  Operand a;
  if (!signature.parse(call, v) || !to_array(v[0], a) || a.array->ndim() == 0) return call.decline("arguments");
  return nonzero_tuple(*a.array);
}

PyObject* flatnonzero_of(const Call& call) {
  static const Signature signature({"a"}, 1);
  PyObject* v[1];
  Operand a;
  if (!signature.parse(call, v) || !to_array(v[0], a)) return call.decline("arguments");
  const int64_t all[1] = {-1};
  return make_array(Array(nonzero(reshape(*a.array, all)).at(0)));
}

}  // namespace

PyMethodDef reduction_functions[] = {
    NUMLOOM_FUNCTION("sum", fold<Op::add>),
    NUMLOOM_FUNCTION("prod", fold<Op::multiply>),
    NUMLOOM_FUNCTION("min", fold<Op::minimum>),
    NUMLOOM_FUNCTION("amin", fold<Op::minimum>),
    NUMLOOM_FUNCTION("max", fold<Op::maximum>),
    NUMLOOM_FUNCTION("amax", fold<Op::maximum>),
    NUMLOOM_FUNCTION("any", fold<Op::logical_or>),
    NUMLOOM_FUNCTION("all", fold<Op::logical_and>),
    NUMLOOM_FUNCTION("mean", mean_of),
    NUMLOOM_FUNCTION("var", spread<false>),
    NUMLOOM_FUNCTION("std", spread<true>),
    NUMLOOM_FUNCTION("argmin", arg_of<Op::minimum>),
    NUMLOOM_FUNCTION("argmax", arg_of<Op::maximum>),
    NUMLOOM_FUNCTION("cumsum", running<Op::add>),
    NUMLOOM_FUNCTION("cumprod", running<Op::multiply>),
    NUMLOOM_FUNCTION("count_nonzero", count_nonzero_of),
    NUMLOOM_FUNCTION("bincount", bincount_of),
    NUMLOOM_FUNCTION("nonzero", nonzero_of),
    NUMLOOM_FUNCTION("flatnonzero", flatnonzero_of),
    kEnd,
};

PyMethodDef reduction_methods[] = {
    NUMLOOM_METHOD("sum", fold<Op::add>),
    NUMLOOM_METHOD("prod", fold<Op::multiply>),
    NUMLOOM_METHOD("min", fold<Op::minimum>),
    NUMLOOM_METHOD("max", fold<Op::maximum>),
    NUMLOOM_METHOD("any", fold<Op::logical_or>),
    NUMLOOM_METHOD("all", fold<Op::logical_and>),
    NUMLOOM_METHOD("mean", mean_of),
    NUMLOOM_METHOD("var", spread<false>),
    NUMLOOM_METHOD("std", spread<true>),
    NUMLOOM_METHOD("argmin", arg_of<Op::minimum>),
    NUMLOOM_METHOD("argmax", arg_of<Op::maximum>),
    NUMLOOM_METHOD("cumsum", running<Op::add>),
    NUMLOOM_METHOD("cumprod", running<Op::multiply>),
    NUMLOOM_METHOD("nonzero", nonzero_of),
    kEnd,
};

}  // namespace numloom::python
