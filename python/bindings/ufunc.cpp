#include "ufunc.h"

#include <structmember.h>

#include <string>
#include <unordered_map>

#include "api/record.h"
#include "engine/engine.h"
#include "ops_table.h"

namespace numloom::python {

PyTypeObject* ufunc_type = nullptr;

namespace {

PyObject* real_by_op[kOps];
PyObject* numpy_module = nullptr;
PyObject* ufuncs = nullptr;                          // name -> ours
std::unordered_map<PyObject*, Ufunc*> ours_by_real;  // all live as long as the module

// Keyword names, interned.
PyObject *kw_out, *kw_where, *kw_dtype, *kw_casting, *kw_order, *kw_subok;

bool same_name(PyObject* given_name, PyObject* known) {
  return given_name == known || PyUnicode_Compare(given_name, known) == 0;
}

// The arguments of a call beside its operands.
struct Given {
  PyObject* out[2] = {nullptr, nullptr};
  PyObject* where = nullptr;
  PyObject* dtype = nullptr;
  PyObject* casting = nullptr;
  PyObject* order = nullptr;
  bool any_out() const { return out[0] || out[1]; }
};

// False: something here is NumPy's business (or its TypeError).
bool parse_given(const Ufunc* u, PyObject* const* args, Py_ssize_t n, PyObject* kwnames, Given& g) {
  const int nout = u->kind == Ufunc::Kind::pair ? 2 : 1;
  if (n > u->nin + nout) return false;
  for (Py_ssize_t i = u->nin; i < n; ++i) {
    if (args[i] != Py_None) g.out[i - u->nin] = args[i];
  }
  const Py_ssize_t nkw = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t i = 0; i < nkw; ++i) {
    PyObject* name = PyTuple_GET_ITEM(kwnames, i);
    PyObject* value = args[n + i];
    if (same_name(name, kw_out)) {
      if (n > u->nin) return false;
      if (value == Py_None) continue;
      if (PyTuple_CheckExact(value)) {
        if (PyTuple_GET_SIZE(value) != nout) return false;
        for (int k = 0; k < nout; ++k) {
          if (PyTuple_GET_ITEM(value, k) != Py_None) g.out[k] = PyTuple_GET_ITEM(value, k);
        }
      } else if (nout == 1) {
        g.out[0] = value;
      } else {
        return false;
      }
    } else if (same_name(name, kw_where)) {
      if (value != Py_True) g.where = value;
    } else if (same_name(name, kw_dtype)) {
      if (value != Py_None) g.dtype = value;
    } else if (same_name(name, kw_casting)) {
      g.casting = value;
    } else if (same_name(name, kw_order)) {
      g.order = value;
    } else if (same_name(name, kw_subok)) {
      if (value != Py_True && value != Py_False) return false;
    } else {
      return false;
    }
  }
  return true;
}

PyObject* call_slow(Ufunc* u, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  auto elsewhere = [&] { return fall_back_ufunc(u->real, "__call__", args, n, kwnames); };
  Given g;
  if (n < u->nin || !parse_given(u, args, n, kwnames, g)) return elsewhere();
  // A third argument by position looks like a third operand there: NumPy says so.
  if (n > u->nin && (u->op == Op::maximum || u->op == Op::minimum)) return elsewhere();
  Operand in[3], out[2], where;
  bool any_array = g.any_out() || g.where != nullptr;
  for (int i = 0; i < u->nin; ++i) {
    if (!to_operand(args[i], in[i])) return elsewhere();
    any_array |= in[i].array != nullptr;
  }
  // Scalars alone: NumPy's scalars are the answer.
  if (!any_array) return PyObject_Vectorcall(u->real, args, n, kwnames);

  MapOptions options;
  for (int k = 0; k < 2; ++k) {
    if (!g.out[k]) continue;
    if (!is_ours(g.out[k]) && !PyArray_CheckExact(g.out[k])) return elsewhere();
    if (!to_operand(g.out[k], out[k])) return elsewhere();
    if (!out[k].array->writeable) raise(PyExc_ValueError, "output array is read-only");
  }
  if (g.where) {
    if (!g.any_out()) return elsewhere();  // NumPy warns: there is nothing to keep where the mask is false
    if (!to_array(g.where, where) || where.array->dtype != DType::b1) return elsewhere();
    options.where = where.array;
  }
  if (g.dtype) {
    // dtype= is that of the result; where that is not the type of the computation NumPy's resolution is intricate.
    if (!to_dtype(g.dtype, options.dtype, kNoDType)) return elsewhere();
    if (u->kind == Ufunc::Kind::matmul || u->op == Op::ldexp || op_output_type(u->op, options.dtype) != options.dtype)
      return elsewhere();
  }
  if (!to_casting(g.casting, options.casting) || !to_order(g.order, options.order)) return elsewhere();
  if (op_info(u->op).warns && errstate_needs_numpy()) return elsewhere();

  Arg operands[3] = {Arg(in[0].scalar), Arg(in[1].scalar), Arg(in[2].scalar)};
  for (int i = 0; i < u->nin; ++i) operands[i] = in[i].arg();
  auto one = [&](Op op, int k) -> PyObject* {
    options.out = g.out[k] ? out[k].array : nullptr;
    if (!options.out) return result_of([&] { return apply(op, {operands, static_cast<size_t>(u->nin)}, options); });
    apply(op, {operands, static_cast<size_t>(u->nin)}, options);
    return Py_NewRef(g.out[k]);
  };
  switch (u->kind) {
    case Ufunc::Kind::map: return one(u->op, 0);
    case Ufunc::Kind::pair: {
      // The second result must not see the first written over an operand.
      if (g.any_out()) return elsewhere();
      return apply_pair(u->op, u->second, {operands, static_cast<size_t>(u->nin)}, options, u->name);
    }
    case Ufunc::Kind::matmul: break;
  }
  if (!in[0].array || !in[1].array || g.where || g.dtype || g.casting || g.order || errstate_needs_numpy()) return elsewhere();
  // NumPy casts its result under the rules of ufuncs.
  if (g.out[0] && out[0].array->dtype != promote(in[0].array->dtype, in[1].array->dtype)) return elsewhere();
  if (!g.out[0]) return result_of([&] { return matmul(*in[0].array, *in[1].array); });
  matmul(*in[0].array, *in[1].array, out[0].array);
  return Py_NewRef(g.out[0]);
}

// A number for which NumPy's ufunc gives the answer at once.
bool is_number(PyObject* o) {
  return PyFloat_CheckExact(o) || PyLong_CheckExact(o) || PyArray_IsScalar(o, Number) || PyBool_Check(o) ||
         PyComplex_CheckExact(o);
}

PyObject* call(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  auto* u = reinterpret_cast<Ufunc*>(self);
  const Py_ssize_t n = PyVectorcall_NARGS(nargsf);
  try {
    if (n == u->nin && !kwnames && u->kind == Ufunc::Kind::map && n <= 2) {
      if (n == 1 && is_ours(args[0])) {
        if (PyObject* r = apply_unary(u->op, args[0])) return checked_result(r);
      } else if (n == 2 && (is_ours(args[0]) || is_ours(args[1]))) {
        if (PyObject* r = apply_binary(u->op, args[0], args[1])) return checked_result(r);
      } else if (is_number(args[0]) && (n == 1 || is_number(args[1]))) {
        return PyObject_Vectorcall(u->real, args, nargsf, nullptr);
      }
    }
    return checked_result(call_slow(u, args, n, kwnames));
  } catch (const not_native&) { return fall_back_ufunc(u->real, "__call__", args, n, kwnames); } catch (...) {
    return raise_current();
  }
}

// floor, ceil and trunc before NumPy 2.1, which gave them loops over integers: what is not of floats is NumPy's to do.
PyObject* call_on_floats(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  const Py_ssize_t n = PyVectorcall_NARGS(nargsf);
  if (n > 0 && is_ours(args[0]) && is_inexact(array_of(args[0]).dtype)) return call(self, args, nargsf, kwnames);
  return fall_back_ufunc(reinterpret_cast<Ufunc*>(self)->real, "__call__", args, n, kwnames);
}

// ---- reduce, accumulate, outer -------------------------------------------------------------------------------------

struct Method {
  Ufunc* u;
  const char* name;
  PyObject* const* args;
  Py_ssize_t n;
  PyObject* kwnames;
  PyObject* elsewhere() const { return fall_back_ufunc(u->real, name, args, n, kwnames); }
  Call call() const { return {name, args, n, kwnames}; }
};

bool reduces(const Ufunc* u) { return u->kind == Ufunc::Kind::map && op_info(u->op).reduces; }

PyObject* unwrap_out(PyObject* out) {
  return out && PyTuple_CheckExact(out) && PyTuple_GET_SIZE(out) == 1 ? PyTuple_GET_ITEM(out, 0) : out;
}

PyObject* reduce_method(const Method& m) {
  static const Signature signature({"array", "axis", "dtype", "out", "keepdims", "initial", "where"}, 7);
  PyObject* v[7];
  if (!reduces(m.u) || !signature.parse(m.call(), v)) return m.elsewhere();
  v[3] = unwrap_out(v[3]);
  static PyObject* first = PyLong_FromLong(0);
  Reduction r;
  if (!r.parse(m.u->op, v[0], v[1] ? v[1] : first, v[2], v[3], v[4], v[5], v[6])) return m.elsewhere();
  const Array& a = *r.array.array;
  if (!v[1] && a.ndim() == 0) return m.elsewhere();
  if (op_info(m.u->op).warns && errstate_needs_numpy()) return m.elsewhere();
  const auto& axes = r.options.axes;
  if (axes && a.ndim() > 1 && __builtin_popcount(*axes) > 1 && !op_info(m.u->op).commutative) return m.elsewhere();
  if (!r.options.out) return result_of([&] { return reduce(m.u->op, a, r.options); });
  reduce(m.u->op, a, r.options);
  return Py_NewRef(v[3]);
}

PyObject* accumulate_method(const Method& m) {
  static const Signature signature({"array", "axis", "dtype", "out"}, 4);
  PyObject* v[4];
  if (!reduces(m.u) || !signature.parse(m.call(), v)) return m.elsewhere();
  v[3] = unwrap_out(v[3]);
  Operand a;
  if (!to_array(v[0], a) || a.array->ndim() == 0 || (given_some(v[3]) && !is_ours(v[3]))) return m.elsewhere();
  DType dtype;
  if (v[1] == Py_None || !to_dtype(v[2], dtype, kNoDType)) return m.elsewhere();
  if (op_info(m.u->op).warns && errstate_needs_numpy()) return m.elsewhere();
  const int axis = v[1] ? to_axis(v[1], a.array->ndim()) : 0;
  const Array* out = given_some(v[3]) ? &array_of(v[3]) : nullptr;
  if (!out) return make_array(cumulate(m.u->op, *a.array, axis, dtype));
  cumulate(m.u->op, *a.array, axis, dtype, out);
  return Py_NewRef(v[3]);
}

PyObject* outer_method(const Method& m) {
  if (m.n != 2 || m.kwnames || m.u->nin != 2 || m.u->kind != Ufunc::Kind::map) return m.elsewhere();
  Operand a, b;
  if (!to_array(m.args[0], a) || !to_array(m.args[1], b)) return m.elsewhere();
  if (op_info(m.u->op).warns && errstate_needs_numpy()) return m.elsewhere();
  Layout l = a.array->layout;
  if (l.ndim + b.array->ndim() > kMaxDims) return m.elsewhere();
  for (int d = 0; d < b.array->ndim(); ++d) {
    l.shape[l.ndim] = 1;
    l.strides[l.ndim++] = 0;
  }
  const Array left = a.array->with(a.array->dtype, l);
  const Arg args[2] = {Arg(left), Arg(*b.array)};
  return result_of([&] { return apply(m.u->op, args); });
}

PyObject* other_method(const Method& m) { return m.elsewhere(); }

template <FixedString Name, PyObject* (*F)(const Method&)>
PyObject* method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  const Method m{reinterpret_cast<Ufunc*>(self), Name.text, args, n, kwnames};
  try {
    return checked_result(F(m));
  } catch (const not_native&) { return m.elsewhere(); } catch (...) {
    return raise_current();
  }
}

#define NUMLOOM_METHOD(NAME, F) \
  {NAME, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(method<NAME, F>)), METH_FASTCALL | METH_KEYWORDS, nullptr}
PyObject* reduce_pickle(PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__name__"); }

PyMethodDef methods[] = {
    NUMLOOM_METHOD("reduce", reduce_method), NUMLOOM_METHOD("accumulate", accumulate_method),
    NUMLOOM_METHOD("outer", outer_method),   NUMLOOM_METHOD("reduceat", other_method),
    NUMLOOM_METHOD("at", other_method),      {"__reduce__", reduce_pickle, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
#undef NUMLOOM_METHOD

// Everything else that a ufunc has is NumPy's: nin, types, identity, __doc__, __name__.
PyObject* getattr(PyObject* self, PyObject* name) {
  PyObject* r = PyObject_GenericGetAttr(self, name);
  if (r || !PyErr_ExceptionMatches(PyExc_AttributeError)) return r;
  PyErr_Clear();
  return PyObject_GetAttr(reinterpret_cast<Ufunc*>(self)->real, name);
}
PyObject* get_doc(PyObject* self, void*) { return PyObject_GetAttrString(reinterpret_cast<Ufunc*>(self)->real, "__doc__"); }
int set_doc(PyObject* self, PyObject* value, void*) {
  return PyObject_SetAttrString(reinterpret_cast<Ufunc*>(self)->real, "__doc__", value);
}
PyObject* repr(PyObject* self) { return PyObject_Repr(reinterpret_cast<Ufunc*>(self)->real); }

// As functions (trampoline.cpp): equal to NumPy's own, which user code may meet in its protocols.
PyObject* real_or_self(PyObject* o) { return Py_TYPE(o) == ufunc_type ? reinterpret_cast<Ufunc*>(o)->real : o; }
PyObject* compare(PyObject* x, PyObject* y, int how) {
  if (how != Py_EQ && how != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  return PyObject_RichCompare(real_or_self(x), real_or_self(y), how);
}
Py_hash_t hash(PyObject* self) { return PyObject_Hash(real_or_self(self)); }

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Ufunc, vectorcall), READONLY, nullptr},
    {"__dictoffset__", T_PYSSIZET, offsetof(Ufunc, dict), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
PyGetSetDef getset[] = {
    {"__doc__", get_doc, set_doc, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

void add_ufunc(const char* name, Ufunc::Kind kind, Op op, Op second) {
  PyObject* real = PyObject_GetAttrString(numpy_module, name);
  if (!real) {  // an alias that this NumPy does not have
    PyErr_Clear();
    return;
  }
  auto known = ours_by_real.find(real);
  if (known == ours_by_real.end()) {
    auto* u = reinterpret_cast<Ufunc*>(checked(ufunc_type->tp_alloc(ufunc_type, 0)).release());
    const bool rounds = op == Op::floor || op == Op::ceil || op == Op::trunc;
    u->vectorcall = rounds && PyArray_RUNTIME_VERSION < kNumpy21 ? call_on_floats : call;
    u->kind = kind;
    u->op = op;
    u->second = second;
    u->name = name;
    u->nin = static_cast<int>(PyLong_AsLong(checked(PyObject_GetAttrString(real, "nin")).get()));
    u->real = real;
    known = ours_by_real.emplace(real, u).first;
    if (kind == Ufunc::Kind::map) real_by_op[static_cast<int>(op)] = real;
  }
  check(PyDict_SetItemString(ufuncs, name, reinterpret_cast<PyObject*>(known->second)));
}

}  // namespace

PyObject* real_ufunc(Op op) { return real_by_op[static_cast<int>(op)]; }
PyObject* real_ufunc(const char* name) {
  PyObject* ours = PyDict_GetItemString(ufuncs, name);
  return ours ? reinterpret_cast<Ufunc*>(ours)->real : Py_None;
}
Ufunc* ufunc_for(PyObject* real) {
  const auto at = ours_by_real.find(real);
  return at == ours_by_real.end() ? nullptr : at->second;
}

PyObject* attempt(Op op, PyObject* x, PyObject* y) {
  if (!Attempt::suits(op)) return nullptr;
  Operand in[2];
  Arg args[2] = {Scalar{}, Scalar{}};
  const size_t n = y ? 2 : 1;
  int64_t size = 1;
  for (size_t k = 0; k < n; ++k) {
    if (!to_operand(k ? y : x, in[k])) return nullptr;
    if (const Array* a = in[k].array; a ? !Attempt::suits(*a) : is_complex(in[k].scalar.dtype)) return nullptr;
    if (in[k].array) size *= in[k].array->size();
    args[k] = in[k].arg();
  }
  // Operands of one shape make a result of that shape; others may spread to the product of their sizes.
  const bool alike = n == 1 || !in[0].array || !in[1].array || same_shape(in[0].array->layout, in[1].array->layout);
  if (!alike && !runs_now(size * 16)) return nullptr;
  const Attempt quietly;
  return quietly.kept(result_of([&] { return apply(op, {args, n}); }));
}

PyObject* attempt_product(const Array& a, const Array& b, Array (*product)(const Array&, const Array&)) {
  if (a.ndim() == 0 || a.ndim() > 2 || b.ndim() == 0 || b.ndim() > 2 || !Attempt::suits(a) || !Attempt::suits(b))
    return nullptr;
  const int64_t length = std::max<int64_t>(1, a.layout.shape[a.ndim() - 1]);
  if (!runs_now((a.size() + b.size() + (a.size() / length) * (b.size() / length)) * 8)) return nullptr;
  const Attempt quietly;
  return quietly.kept(result_of([&] { return product(a, b); }));
}

PyObject* apply_unary(Op op, PyObject* x) {
  if (op_info(op).warns && errstate_needs_numpy()) return attempt(op, x, nullptr);
  if (is_ours(x)) {
    const Arg args[1] = {Arg(array_of(x))};
    return result_of([&] { return apply(op, args); });
  }
  Operand a;
  if (!to_array(x, a)) return nullptr;
  const Arg args[1] = {Arg(*a.array)};
  return result_of([&] { return apply(op, args); });
}

PyObject* apply_binary(Op op, PyObject* x, PyObject* y) {
  if (op_info(op).warns && errstate_needs_numpy()) return attempt(op, x, y);
  if (is_ours(x) && is_ours(y)) {
    const Arg args[2] = {Arg(array_of(x)), Arg(array_of(y))};
    return result_of([&] { return apply(op, args); });
  }
  Operand a, b;
  if (!to_operand(x, a) || !to_operand(y, b)) return nullptr;
  // NumPy's loop of power squares where the exponent is one 2.
  if (op == Op::power && !b.array && b.scalar.weak != Scalar::Weak::no && is_float(a.array ? a.array->dtype : a.scalar.dtype) &&
      a.array && cast_scalar(b.scalar, DType::f8).f == 2.0 && b.scalar.weak != Scalar::Weak::complex) {
    const CalledAs called("power");
    const Arg args[1] = {a.arg()};
    return result_of([&] { return apply(Op::square, args); });
  }
  const Arg args[2] = {a.arg(), b.arg()};
  return result_of([&] { return apply(op, args); });
}

PyObject* apply_pair(Op first, Op second, std::span<const Arg> in, const MapOptions& options, const char* name) {
  Ref a, b;
  {
    const CalledAs called(name);
    const WarningsWait together;
    a = checked(result_of([&] { return apply(first, in, options); }));
    b = checked(result_of([&] { return apply(second, in, options); }));
  }
  issue_warnings();
  return PyTuple_Pack(2, a.get(), b.get());
}

PyObject* array_ufunc(PyObject*, PyObject* args, PyObject* kwargs) {
  const Py_ssize_t n = PyTuple_GET_SIZE(args);
  if (n < 2 || !PyUnicode_Check(PyTuple_GET_ITEM(args, 1))) {
    PyErr_SetString(PyExc_TypeError, "__array_ufunc__ takes a ufunc, a method and operands");
    return nullptr;
  }
  PyObject* real = PyTuple_GET_ITEM(args, 0);
  const char* name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(args, 1));
  if (!name) return nullptr;
  std::vector<PyObject*> all;
  for (Py_ssize_t i = 2; i < n; ++i) all.push_back(PyTuple_GET_ITEM(args, i));
  Ref names;
  if (kwargs && PyDict_GET_SIZE(kwargs)) {
    names = Ref(PyTuple_New(PyDict_GET_SIZE(kwargs)));
    if (!names) return nullptr;
    PyObject *key, *value;
    Py_ssize_t at = 0, k = 0;
    while (PyDict_Next(kwargs, &at, &key, &value)) {
      PyTuple_SET_ITEM(names.get(), k++, Py_NewRef(key));
      all.push_back(value);
    }
  }
  Ufunc* u = ufunc_for(real);
  if (!u) return fall_back_ufunc(real, name, all.data(), n - 2, names.get());
  if (std::strcmp(name, "__call__") == 0) return u->vectorcall(reinterpret_cast<PyObject*>(u), all.data(), n - 2, names.get());
  for (const PyMethodDef& m : methods) {
    if (m.ml_name && std::strcmp(m.ml_name, name) == 0 && (m.ml_flags & METH_FASTCALL)) {
      auto* f = reinterpret_cast<PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*)>(
          reinterpret_cast<void*>(m.ml_meth));
      return f(reinterpret_cast<PyObject*>(u), all.data(), n - 2, names.get());
    }
  }
  return fall_back_ufunc(real, name, all.data(), n - 2, names.get());
}

void init_ufunc(PyObject* module) {
  kw_out = PyUnicode_InternFromString("out");
  kw_where = PyUnicode_InternFromString("where");
  kw_dtype = PyUnicode_InternFromString("dtype");
  kw_casting = PyUnicode_InternFromString("casting");
  kw_order = PyUnicode_InternFromString("order");
  kw_subok = PyUnicode_InternFromString("subok");

  static PyType_Slot slots[] = {
      {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
      {Py_tp_getattro, reinterpret_cast<void*>(getattr)},
      {Py_tp_repr, reinterpret_cast<void*>(repr)},
      {Py_tp_richcompare, reinterpret_cast<void*>(compare)},
      {Py_tp_hash, reinterpret_cast<void*>(hash)},
      {Py_tp_methods, methods},
      {Py_tp_members, members},
      {Py_tp_getset, getset},
      {0, nullptr},
  };
  static PyType_Spec spec = {"numloom._core.ufunc", sizeof(Ufunc), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  ufunc_type = reinterpret_cast<PyTypeObject*>(checked(PyType_FromModuleAndSpec(module, &spec, nullptr)).release());
  numpy_module = checked(PyImport_ImportModule("numpy")).release();
  ufuncs = checked(PyDict_New()).release();

  for (int i = 1; i < kOps; ++i) {
    const Op op = static_cast<Op>(i);
    if (kOpInfo[i].is_public) add_ufunc(kOpInfo[i].name, Ufunc::Kind::map, op, Op::none);
  }
  add_ufunc("divmod", Ufunc::Kind::pair, Op::floor_divide, Op::remainder);
  add_ufunc("modf", Ufunc::Kind::pair, Op::modf_fraction, Op::modf_integral);
  add_ufunc("frexp", Ufunc::Kind::pair, Op::frexp_mantissa, Op::frexp_exponent);
  add_ufunc("matmul", Ufunc::Kind::matmul, Op::multiply, Op::none);
  // NumPy's other names are the same objects: found by identity, among what it holds now (asking for every name that it lists
  // would import the modules that it leaves for later).
  PyObject *key, *value;
  for (Py_ssize_t at = 0; PyDict_Next(PyModule_GetDict(numpy_module), &at, &key, &value);) {
    const char* name = PyUnicode_AsUTF8(key);
    if (!name || PyDict_GetItemString(ufuncs, name) || name[0] == '_') continue;
    if (Ufunc* u = ufunc_for(value)) check(PyDict_SetItemString(ufuncs, name, reinterpret_cast<PyObject*>(u)));
  }
  check(PyModule_AddObjectRef(module, "ufunc", reinterpret_cast<PyObject*>(ufunc_type)));
  check(PyModule_AddObjectRef(module, "ufuncs", ufuncs));
}

}  // namespace numloom::python
