// where, clip, take, round: elementwise work that is no ufunc; and the remaining methods of the array object.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>

#include "backend/cpu/loops.h"
#include "native.h"
#include "ufunc.h"

namespace numloom::python {

namespace {

PyObject* where_of(const Call& call) {
  if (call.kwnames || (call.n != 1 && call.n != 3)) return call.decline("arguments");
  Operand c, x, y;
  if (!to_array(call.args[0], c)) return call.decline("operands of this kind");
  if (call.n == 1) {
    if (c.array->ndim() == 0) return call.decline("a 0-d array");
    return nonzero_tuple(*c.array);
  }
  if (!to_operand(call.args[1], x) || !to_operand(call.args[2], y)) return call.decline("operands of this kind");
  // A Python integer that an integer type cannot hold wraps here in NumPy before 2.5; else it is refused, as everywhere.
  static const bool wraps = [] {
    Ref numpy = checked(PyImport_ImportModule("numpy"));
    Ref version = checked(PyObject_GetAttrString(numpy.get(), "__version__"));
    int major = 0, minor = 0;
    std::sscanf(PyUnicode_AsUTF8(version.get()), "%d.%d", &major, &minor);
    return major == 2 && minor < 5;
  }();
  for (auto [one, other] : {std::pair(&x, &y), std::pair(&y, &x)}) {
    if (!wraps || one->array || !other->array || one->scalar.weak != Scalar::Weak::integer || !is_integer(other->array->dtype))
      continue;
    one->scalar = cast_scalar(one->scalar, other->array->dtype);
    one->scalar.weak = Scalar::Weak::no;
  }
  return make_array(select(*c.array, x.arg(), y.arg()));
}

PyObject* clip_with(const Call& call, PyObject* a_arg, PyObject* low, PyObject* high, PyObject* out) {
  Operand a, lo, hi, target;
  if (!to_array(a_arg, a)) return call.decline("operands of this kind");
  const bool has_low = given_some(low), has_high = given_some(high);
  if ((!has_low && !has_high) || (has_low && !to_operand(low, lo)) || (has_high && !to_operand(high, hi)))
    return call.decline("bounds");
  MapOptions options;
  if (given_some(out)) {
    if (!is_ours(out)) return call.decline("out");
    options.out = &array_of(out);
    if (!options.out->writeable) raise(PyExc_ValueError, "output array is read-only");
  }
  const bool acts = errstate_needs_numpy();
  const auto suits = [](const Operand& o) { return !o.array || Attempt::suits(*o.array); };
  if (acts && (options.out || !suits(a) || !suits(lo) || !suits(hi))) return call.decline("errstate");
  try {
    auto run = [&] {
      if (has_low && has_high) {
        const Arg args[3] = {Arg(*a.array), lo.arg(), hi.arg()};
        return apply(Op::clip, args, options);
      }
      const Arg args[2] = {Arg(*a.array), has_low ? lo.arg() : hi.arg()};
      return apply(has_low ? Op::maximum : Op::minimum, args, options);
    };
    if (acts) {
      const Attempt quietly;
      PyObject* result = quietly.kept(result_of(run));
      return result ? result : call.decline("errstate");
    }
    if (!options.out) return result_of(run);
    run();
    return Py_NewRef(out);
  } catch (const overflow_error&) {
    // NumPy lets bounds outside an integer type pass.
    return call.decline("bounds outside the type");
  }
}

PyObject* clip_of(const Call& call) {
  static const Signature signature({"a", "a_min", "a_max", "out", "min", "max"}, 4);
  PyObject* v[6];
  if (!signature.parse(call, v)) return call.decline("arguments");
  PyObject* low = v[1] ? v[1] : v[4];
  PyObject* high = v[2] ? v[2] : v[5];
  if ((v[1] || v[2]) && (v[4] || v[5])) return call.decline("arguments");
  if (!v[1] != !v[2]) return call.decline("arguments");  // NumPy misses the other bound
  return clip_with(call, v[0], low, high, v[3]);
}

PyObject* clip_method(const Call& call) {
  static const Signature signature({"self", "min", "max", "out"}, 4, 1);
  PyObject* v[4];
  if (!signature.parse(call, v)) return call.decline("arguments");
  return clip_with(call, v[0], v[1], v[2], v[3]);
}

PyObject* take_of(const Call& call) {
  static const Signature signature({"a", "indices", "axis", "out", "mode"}, 5);
  PyObject* v[5];
  if (!signature.parse(call, v, 2)) return call.decline("arguments");
  Operand a, indices;
  if (!to_array(v[0], a) || !to_array(v[1], indices) || !is_integer(indices.array->dtype))
    return call.decline("operands of this kind");
  char mode = 'r';
  if (given_some(v[4])) {
    if (!PyUnicode_Check(v[4])) return call.decline("mode");
    if (PyUnicode_CompareWithASCIIString(v[4], "wrap") == 0) mode = 'w';
    else if (PyUnicode_CompareWithASCIIString(v[4], "clip") == 0) mode = 'c';
    else if (PyUnicode_CompareWithASCIIString(v[4], "raise") != 0) return call.decline("mode");
  }
  std::optional<int> axis;
  if (given_some(v[2])) {
    if (a.array->ndim() == 0) return call.decline("a 0-d array");
    axis = to_axis(v[2], a.array->ndim());
  }
  if (!given_some(v[3])) return result_of([&] { return take(*a.array, *indices.array, axis, mode); });
  PyObject* written = written_to(v[3], take(*a.array, *indices.array, axis, mode));
  return written ? written : call.decline("out= of another form");
}

PyObject* round_of(const Call& call) {
  static const Signature signature({"a", "decimals", "out"}, 3);
  PyObject* v[3];
  Operand a;
  if (!signature.parse(call, v) || given_some(v[2]) || !to_array(v[0], a)) return call.decline("arguments");
  const int64_t decimals = v[1] ? to_int64(v[1]) : 0;
  const DType t = a.array->dtype;
  if (is_integer(t) && decimals >= 0) return result_of([&] { return copy(*a.array, 'K'); });
  if (!is_float(t) || std::abs(decimals) > 300) return call.decline("a dtype that the engine lacks");
  if (errstate_needs_numpy()) return call.decline("errstate");
  if (decimals == 0) {
    const Arg args[1] = {Arg(*a.array)};
    return result_of([&] { return apply(Op::rint, args); });
  }
  // NumPy scales, rounds and scales back.
  Scalar factor;
  factor.dtype = DType::f8;
  factor.weak = Scalar::Weak::floating;
  factor.f = std::pow(10.0, static_cast<double>(std::abs(decimals)));
  const Arg scale[2] = {Arg(*a.array), Arg(factor)};
  const Array scaled = apply(decimals > 0 ? Op::multiply : Op::divide, scale);
  const Arg to_round[1] = {Arg(scaled)};
  const Array rounded = apply(Op::rint, to_round);
  const Arg back[2] = {Arg(rounded), Arg(factor)};
  return result_of([&] { return apply(decimals > 0 ? Op::divide : Op::multiply, back); });
}

// A number that `dtype` holds, or rounds, without a word from NumPy.
bool is_plain_number(const Scalar& s, DType dtype) {
  if (s.dtype == dtype) return true;
  if (s.weak == Scalar::Weak::integer) return (dtype == DType::f4 || dtype == DType::f8) && std::abs(s.i) < int64_t{1} << 53;
  return s.weak == Scalar::Weak::floating && dtype == DType::f4 && !(std::abs(s.f) > 1e38);
}

// Fewer elements than this NumPy copies faster than a call of ours begins.
constexpr int64_t kFew = 512;

// np.copyto(dst, src, where=mask) for what needs no cast that could warn or fail; null without an error where it is NumPy's.
PyObject* copied_where(const Call& call, const Array& to, PyObject* from, PyObject* where) {
  Operand source, mask;
  if (!to_operand(from, source) || !to_array(where, mask) || mask.array->dtype != DType::b1)
    return call.decline("operands of this kind");
  if (!to.writeable) return call.decline("a read-only array");
  if (device() == Device::cpu && to.size() < kFew) return call.decline("few elements");
  if (source.array ? source.array->dtype != to.dtype : !is_plain_number(source.scalar, to.dtype)) return call.decline("a cast");
  const auto spreads = [&](const Array& a) {
    int64_t joined[kMaxDims];
    int n = 0;
    return broadcast_shapes(a.layout.dims(), to.layout.dims(), joined, n) && n == to.ndim() &&
           std::equal(joined, joined + n, to.layout.shape);
  };
  if (!spreads(*mask.array) || (source.array && !spreads(*source.array))) return call.decline("shapes");
  assign(to, Arg(select(*mask.array, source.arg(), Arg(to))));
  Py_RETURN_NONE;
}

PyObject* copyto_of(const Call& call) {
  static const Signature signature({"dst", "src", "casting", "where"}, 4);
  PyObject* v[4];
  Casting casting = Casting::same_kind;
  if (!signature.parse(call, v, 2) || !is_ours(v[0]) || !to_casting(v[2], casting)) return call.decline("arguments");
  if (given(v[3]) && v[3] != Py_True)
    return given(v[2]) ? call.decline("casting=") : copied_where(call, array_of(v[0]), v[1], v[3]);
  Operand source;
  if (!to_operand(v[1], source) || !source.array) return call.decline("operands of this kind");
  const Array& destination = array_of(v[0]);
  if (!destination.writeable) raise(PyExc_ValueError, "assignment destination is read-only");
  if (is_complex(source.array->dtype) && !is_complex(destination.dtype))
    return call.decline("complex values into a real array");
  if (cast_may_warn(source.array->dtype, destination.dtype) && errstate_needs_numpy()) return call.decline("errstate");
  assign(destination, source.arg(), casting);
  Py_RETURN_NONE;
}

PyObject* copy_function(const Call& call) {
  static const Signature signature({"a", "order", "subok"}, 3);
  PyObject* v[3];
  Operand a;
  char order = 'K';
  if (!signature.parse(call, v) || !to_order(v[1], order)) return call.decline("arguments");
  if (!is_ours(v[0])) return call_numpy("copy", call);
  return make_array(copy(array_of(v[0]), order));
}

// ---- methods of the array ------------------------------------------------------------------------------------------

PyObject* copy_method(const Call& call) {
  static const Signature signature({"self", "order"}, 2, 1);
  PyObject* v[2];
  char order = 'C';
  if (!signature.parse(call, v) || !to_order(v[1], order)) return call.decline("arguments");
  const Array& a = array_of(v[0]);
  return a.is_scalar ? make_result(copy(a)) : make_array(copy(a, order));
}

PyObject* astype_method(const Call& call) {
  static const Signature signature({"self", "dtype", "order", "casting", "subok", "copy"}, 6, 1);
  PyObject* v[6];
  DType t;
  char order = 'K';
  Casting casting = Casting::unsafe;
  if (!signature.parse(call, v, 2) || !to_order(v[2], order) || !to_casting(v[3], casting)) return call.decline("arguments");
  if (!to_dtype(v[1], t, DType::f8)) return call.decline("a dtype that the engine lacks");
  const Array& a = array_of(v[0]);
  if (!can_cast(a.dtype, t, casting)) return call.decline("a cast that the rule forbids");
  if (is_complex(a.dtype) && !is_complex(t) && t != DType::b1) return call.decline("complex values into a real array");
  if (cast_may_warn(a.dtype, t) && errstate_needs_numpy()) return call.decline("errstate");
  if (v[5] && !PyBool_Check(v[5])) return call.decline("copy=");
  const bool force = v[5] != Py_False;
  if (!force && t == a.dtype &&
      (order == 'K' || order == 'A' || (order == 'C' ? a.layout.c_contiguous(a.item()) : a.layout.f_contiguous(a.item())))) {
    return Py_NewRef(v[0]);
  }
  Array r = t == a.dtype ? copy(a, order) : astype(a, t, order);
  return a.is_scalar ? make_result(std::move(r)) : make_array(std::move(r));
}

PyObject* view_method(const Call& call) {
  static const Signature signature({"self", "dtype", "type"}, 3, 1);
  PyObject* v[3];
  if (!signature.parse(call, v) || v[2]) return call.decline("arguments");
  const Array& a = array_of(v[0]);
  if (!v[1] || v[1] == reinterpret_cast<PyObject*>(ndarray_type)) return make_view(v[0], Array(a));
  if (v[1] == Py_None || PyType_Check(v[1])) {
    // A subclass of NumPy's array, or a type that stands for a dtype.
    if (v[1] == Py_None || PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(v[1]), &PyArray_Type))
      return call.decline("a view as another class");
  }
  DType t;
  if (!to_dtype(v[1], t, DType::f8)) return call.decline("a dtype that the engine lacks");
  std::optional<Array> seen = view_as(a, t);
  if (!seen) return call.decline("a view that NumPy refuses");
  const int64_t aligned = item_size(real_of(t));
  bool misaligned = seen->layout.offset % aligned != 0;
  for (int d = 0; d < seen->ndim(); ++d) misaligned |= seen->layout.shape[d] > 1 && seen->layout.strides[d] % aligned != 0;
  if (misaligned) return call.decline("a view that is not aligned");
  if (t == DType::b1 && a.dtype != t) return call.decline("bytes as bools");  // which may be neither 0 nor 1
  return make_view(v[0], std::move(*seen));
}

// Raises what NumPy raises for an array that others refer to; its words differ between versions.
void refuse_resize(bool weakly) {
  Ref real = checked(PyObject_CallFunction(numpy_function("zeros"), "i", 2));
  Ref other(weakly ? PyWeakref_NewRef(real.get(), nullptr) : Py_NewRef(real.get()));
  Ref another = Ref::borrow(real.get());
  checked(PyObject_CallMethod(real.get(), "resize", "i", 3));
  raise(PyExc_ValueError, "cannot resize an array that references or is referenced by another array");
}

// a.resize(2, 3), a.resize((2, 3), refcheck=False): new storage, so only where nobody else can see the old one.
PyObject* resize_method(const Call& call) {
  PyObject* self = call.args[0];
  bool refcheck = true;
  for (Py_ssize_t k = 0; k < call.keywords(); ++k) {
    PyObject* name = PyTuple_GET_ITEM(call.kwnames, k);
    if (PyUnicode_CompareWithASCIIString(name, "refcheck") != 0) {
      // The words for it are Python's, and differ between its versions: NumPy's own method says them.
      Ref real = checked(PyObject_CallFunction(numpy_function("zeros"), "i", 2));
      Ref resize = checked(PyObject_GetAttrString(real.get(), "resize"));
      Ref shape = checked(Py_BuildValue("(i)", 2)), keywords = checked(Py_BuildValue("{OO}", name, Py_None));
      checked(PyObject_Call(resize.get(), shape.get(), keywords.get()));
      raise(PyExc_TypeError, "resize takes no keyword but 'refcheck'");
    }
    refcheck = to_int64(call.args[call.n + k]) != 0;
  }
  if (call.n == 1 || (call.n == 2 && call.args[1] == Py_None)) Py_RETURN_NONE;
  ShapeArg shape;
  if (!to_shape(call.args + 1, call.n - 1, shape)) return call.decline("arguments");
  int64_t size = 1;
  for (int d = 0; d < shape.ndim; ++d) {
    if (shape.dims[d] < 0) raise(PyExc_ValueError, "negative dimensions not allowed");
    size *= shape.dims[d];
  }
  Array& a = array_of(self);
  const bool c = a.layout.c_contiguous(a.item()), f = a.layout.f_contiguous(a.item());
  if (!c && !f) raise(PyExc_ValueError, "resize only works on single-segment arrays");
  const Layout fresh = Layout::contiguous(shape.span(), a.item());
  if (size == a.size()) {
    const int64_t offset = a.layout.offset;
    a.layout = fresh;
    a.layout.offset = offset;
    Py_RETURN_NONE;
  }
  auto* o = reinterpret_cast<NdArray*>(self);
  if (o->base) raise(PyExc_ValueError, "cannot resize this array: it does not own its data");
  if (o->weakrefs || (refcheck && Py_REFCNT(self) > 2)) refuse_resize(o->weakrefs != nullptr);
  Scalar zero;
  zero.dtype = a.dtype;
  std::memset(zero.raw, 0, sizeof zero.raw);
  Array made = full(shape.span(), a.dtype, zero);
  const int64_t kept = std::min(size, a.size());
  if (kept) {
    const int64_t all[1] = {-1};
    const auto first = [&](const Array& x, char order) {
      const Array flat = reshape(x, all, order);
      Layout l = flat.layout;
      l.shape[0] = kept;
      return flat.with(flat.dtype, l);
    };
    assign(first(made, 'C'), first(a, c ? 'C' : 'F'));
  }
  Py_CLEAR(o->pinned);
  a = made;
  Py_RETURN_NONE;
}

PyObject* fill_method(const Call& call) {
  if (call.n != 2 || call.kwnames) return call.decline("arguments");
  check(PyObject_SetItem(call.args[0], Py_Ellipsis, call.args[1]));
  Py_RETURN_NONE;
}

PyObject* python_number(const char* p, DType t) {
  switch (t) {
    case DType::b1: return PyBool_FromLong(*p);
    case DType::i8: {
      int64_t v;
      std::memcpy(&v, p, 8);
      return PyLong_FromLongLong(v);
    }
    case DType::f8: {
      double v;
      std::memcpy(&v, p, 8);
      return PyFloat_FromDouble(v);
    }
    default: break;
  }
  Scalar s;
  s.dtype = t;
  std::memcpy(s.raw, p, item_size(t));
  switch (kind_of(t)) {
    case DKind::sint: return PyLong_FromLongLong(cast_scalar(s, DType::i8).i);
    case DKind::uint: return PyLong_FromUnsignedLongLong(cast_scalar(s, DType::u8).u);
    case DKind::floating: return PyFloat_FromDouble(cast_scalar(s, DType::f8).f);
    default: break;
  }
  const Scalar c = cast_scalar(s, DType::c16);
  return PyComplex_FromDoubles(c.c[0], c.c[1]);
}

PyObject* item_method(const Call& call) {
  const Array& a = array_of(call.args[0]);
  if (call.kwnames) return call.decline("arguments");
  if (call.n > 1 && call.n == a.ndim() + 1) {  // an index for each axis
    Array one = a;
    one.layout.ndim = 0;
    for (int d = 0; d < a.ndim(); ++d) {
      if (!PyLong_CheckExact(call.args[d + 1])) return call.decline("arguments");
      int64_t at = to_int64(call.args[d + 1]);
      if (at < 0) at += a.layout.shape[d];
      if (at < 0 || at >= a.layout.shape[d]) return call.decline("an index out of bounds");
      one.layout.offset += at * a.layout.strides[d];
    }
    const Scalar s = cast_scalar(item_value(one), a.dtype);
    return python_number(reinterpret_cast<const char*>(s.raw), a.dtype);
  }
  if (call.n != 1 || a.size() != 1) return call.decline("arguments");
  const Scalar s = cast_scalar(item_value(a), a.dtype);
  return python_number(reinterpret_cast<const char*>(s.raw), a.dtype);
}

PyObject* nested_list(const char* p, const Array& a, int axis) {
  if (axis == a.ndim()) return checked(python_number(p, a.dtype)).release();
  const int64_t n = a.layout.shape[axis], step = a.layout.strides[axis];
  Ref list = checked(PyList_New(n));
  const bool last = axis + 1 == a.ndim();
  for (int64_t i = 0; i < n; ++i, p += step) {
    PyObject* item = last ? python_number(p, a.dtype) : nested_list(p, a, axis + 1);
    if (!item) throw python_error{};
    PyList_SET_ITEM(list.get(), i, item);
  }
  return list.release();
}

PyObject* tobytes_method(const Call& call) {
  const Array a = on_host(array_of(call.args[0]));  // its memory stays while it is read
  if (call.n != 1 || call.kwnames || !a.layout.c_contiguous(a.item())) return call.decline("arguments");
  const int64_t n = a.size() * a.item();
  return PyBytes_FromStringAndSize(n ? host_data(a) : nullptr, n);
}

PyObject* tolist_method(const Call& call) {
  if (call.n != 1 || call.kwnames) return call.decline("arguments");
  const Array a = on_host(array_of(call.args[0]));  // its memory stays while numbers are made
  return nested_list(a.size() ? host_data(a) : nullptr, a, 0);
}

PyObject* conjugate_method(const Call& call) {
  if (call.n != 1 || call.kwnames) return call.decline("arguments");
  if (!is_complex(array_of(call.args[0]).dtype)) return Py_NewRef(call.args[0]);
  return apply_unary(Op::conjugate, call.args[0]);
}

PyObject* complex_method(const Call& call) {
  if (array_of(call.args[0]).ndim() != 0) return call.decline("not a scalar");
  const Scalar c = cast_scalar(item_value(array_of(call.args[0])), DType::c16);
  return PyComplex_FromDoubles(c.c[0], c.c[1]);
}

// round(x) of a scalar; arrays have none.
PyObject* round_builtin(const Call& call) {
  if (!array_of(call.args[0]).is_scalar) raise(PyExc_TypeError, "type numpy.ndarray doesn't define __round__ method");
  Ref scalar(scalar_result(array_of(call.args[0])));
  Ref name = checked(PyUnicode_InternFromString("__round__"));
  std::vector<PyObject*> args(call.args, call.args + call.n + call.keywords());
  args[0] = scalar.get();
  return PyObject_VectorcallMethod(name.get(), args.data(), call.n, call.kwnames);
}

}  // namespace

PyMethodDef select_functions[] = {
    NUMLOOM_FUNCTION("where", where_of),     NUMLOOM_FUNCTION("clip", clip_of),
    NUMLOOM_FUNCTION("take", take_of),       NUMLOOM_FUNCTION("round", round_of),
    NUMLOOM_FUNCTION("around", round_of),    NUMLOOM_FUNCTION("copyto", copyto_of),
    NUMLOOM_FUNCTION("copy", copy_function), kEnd,
};

PyMethodDef select_methods[] = {
    NUMLOOM_METHOD("clip", clip_method),
    NUMLOOM_METHOD("take", take_of),
    NUMLOOM_METHOD("round", round_of),
    kEnd,
};

PyMethodDef array_methods[] = {
    NUMLOOM_METHOD("copy", copy_method),
    NUMLOOM_METHOD("astype", astype_method),
    NUMLOOM_METHOD("view", view_method),
    NUMLOOM_METHOD("fill", fill_method),
    NUMLOOM_METHOD("resize", resize_method),
    NUMLOOM_METHOD("item", item_method),
    NUMLOOM_METHOD("tobytes", tobytes_method),
    NUMLOOM_METHOD("tolist", tolist_method),
    NUMLOOM_METHOD("conj", conjugate_method),
    NUMLOOM_METHOD("conjugate", conjugate_method),
    NUMLOOM_METHOD("__complex__", complex_method),
    NUMLOOM_METHOD("__round__", round_builtin),
    {"__array_ufunc__", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(array_ufunc)), METH_VARARGS | METH_KEYWORDS,
     nullptr},
    kEnd,
};

}  // namespace numloom::python
