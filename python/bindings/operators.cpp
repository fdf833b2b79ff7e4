// The operators of the array object. What is not plain arithmetic between arrays and scalars goes where NumPy's operator
// would take it: to the other operand, or to the ufunc in NumPy.
#include <cmath>
#include <string>

#include "api/functions.h"
#include "api/record.h"
#include "calls.h"
#include "convert.h"
#include "engine/engine.h"
#include "ndarray.h"
#include "ufunc.h"

namespace numloom::python {

namespace {

PyObject* interned_array_ufunc() {
  static PyObject* name = PyUnicode_InternFromString("__array_ufunc__");
  return name;
}

// NumPy's rule for leaving an operation to the other operand; asked for operands that we do not know.
bool leave_to(PyObject* other, bool inplace) {
  PyTypeObject* type = Py_TYPE(other);
  if (type == &PyUnicode_Type || type == &PyBytes_Type || other == Py_None || type == &PyList_Type || type == &PyTuple_Type ||
      type == &PyLong_Type || type == &PyFloat_Type || PyArray_CheckExact(other) || PyArray_CheckScalar(other)) {
    return false;
  }
  Ref protocol(PyObject_GetAttr(reinterpret_cast<PyObject*>(type), interned_array_ufunc()));
  if (protocol && !PyArray_Check(other)) return !inplace && protocol.get() == Py_None;
  PyErr_Clear();
  if (PyArray_Check(other)) return !inplace;  // a subclass: its own operator takes ours as an array
  Ref priority(PyObject_GetAttrString(reinterpret_cast<PyObject*>(type), "__array_priority__"));
  if (!priority) {
    PyErr_Clear();
    return false;
  }
  const double p = PyFloat_AsDouble(priority.get());
  if (PyErr_Occurred()) {
    PyErr_Clear();
    return false;
  }
  return p > 0;
}

// Whether `o` is of a class derived from NumPy's.
bool is_derived(PyObject* o) { return PyArray_Check(o) && !PyArray_CheckExact(o); }

// The operator itself; `y` is null for one operand.
PyObject* operate(Op op, PyObject* x, PyObject* y) {
  switch (op) {
    case Op::negative: return PyNumber_Negative(x);
    case Op::absolute: return PyNumber_Absolute(x);
    case Op::add: return PyNumber_Add(x, y);
    case Op::subtract: return PyNumber_Subtract(x, y);
    case Op::multiply: return PyNumber_Multiply(x, y);
    case Op::divide: return PyNumber_TrueDivide(x, y);
    case Op::floor_divide: return PyNumber_FloorDivide(x, y);
    case Op::remainder: return PyNumber_Remainder(x, y);
    case Op::power: return PyNumber_Power(x, y, Py_None);
    case Op::left_shift: return PyNumber_Lshift(x, y);
    case Op::right_shift: return PyNumber_Rshift(x, y);
    case Op::bitwise_and: return PyNumber_And(x, y);
    case Op::bitwise_or: return PyNumber_Or(x, y);
    case Op::bitwise_xor: return PyNumber_Xor(x, y);
    default: return PyNumber_MatrixMultiply(x, y);
  }
}

// x op y where x has left us y: what a derived class's operator would have done with NumPy's array.
PyObject* again_with_real(Op op, PyObject* x, PyObject* y) {
  Ref real = checked(to_numpy(y));
  return operate(op, x, real.get());
}

// What NumPy's operator does with operands that are not ours alone. `op`: which one (Op::none: matrix product).
PyObject* binary_elsewhere(PyObject* real, PyObject* x, PyObject* y, bool inplace = false, Op op = Op::none) {
  if (!inplace && is_derived(x) && real != real_ufunc("divmod")) return again_with_real(op, x, y);
  PyObject* other = is_ours(x) ? y : x;
  if (leave_to(other, inplace)) {
    // As above: it may know NumPy's arrays alone.
    if (other == x && !inplace && real != real_ufunc("divmod")) return again_with_real(op, x, y);
    return Py_NewRef(Py_NotImplemented);
  }
  if (inplace) {
    PyObject* args[3] = {x, y, x};
    static PyObject* names = Py_BuildValue("(s)", "out");
    return fall_back_ufunc(real, "__call__", args, 2, names);
  }
  PyObject* args[2] = {x, y};
  return fall_back_ufunc(real, "__call__", args, 2, nullptr);
}

// The value of a float64 that needs no conversion: a scalar of ours that is at hand, a number.
bool plain_double(PyObject* o, double& value, bool& ours) {
  if (is_ours(o)) {
    const Array& a = array_of(o);
    if (!a.is_scalar || a.dtype != DType::f8 || !a.buf->readable() || !a.buf->host) return false;
    std::memcpy(&value, a.buf->host + a.layout.offset, 8);
    return ours = true;
  }
  if (PyFloat_CheckExact(o) || Py_TYPE(o) == &PyDoubleArrType_Type) {
    value = PyFloat_AS_DOUBLE(o);
    return true;
  }
  if (!PyLong_CheckExact(o)) return false;
  int overflow;
  const long v = PyLong_AsLongAndOverflow(o, &overflow);
  value = static_cast<double>(v);
  return !overflow && v < (1L << 53) && v > -(1L << 53);
}

// Arithmetic on float64 scalars of the library mode, which programs do between elements; null where it is something else, or where
// the result is one that may need a warning.
template <Op op>
PyObject* scalar_arithmetic(PyObject* x, PyObject* y) {
  double a, b;
  bool ours = false;
  if (!plain_double(x, a, ours) || !plain_double(y, b, ours) || !ours) return nullptr;
  Scalar r;
  r.dtype = DType::f8;
  if constexpr (op == Op::add) r.f = a + b;
  else if constexpr (op == Op::subtract) r.f = a - b;
  else if constexpr (op == Op::multiply) r.f = a * b;
  else r.f = a / b;
  if (!std::isnormal(r.f)) return nullptr;
  return make_result(scalar_array(r));
}

// `[0] * n` with a scalar of the library mode: lists, tuples and texts repeat themselves, if it is an integer.
bool repeats(PyObject* sequence, PyObject* n) {
  const PyTypeObject* type = Py_TYPE(sequence);
  return type->tp_as_sequence && type->tp_as_sequence->sq_repeat && !(type->tp_as_number && type->tp_as_number->nb_multiply) &&
         is_ours(n) && array_of(n).is_scalar;
}

// Integers that need no conversion and are at hand.
bool integer_at_hand(PyObject* o) {
  if (!is_ours(o)) return PyLong_CheckExact(o) || PyArray_IsScalar(o, Integer);
  const Array& a = array_of(o);
  return a.is_scalar && is_integer(a.dtype) && a.buf->readable() && a.buf->host;
}

// NumPy's scalars of these types look for overflow, which its arrays do not.
PyObject* integer_arithmetic(Op op, PyObject* x, PyObject* y) {
  const auto real = [](PyObject* o) { return Ref(o && is_ours(o) ? checked(to_numpy(o)) : Ref::borrow(o)); };
  const Ref a = real(x), b = real(y);
  Ref r = checked(operate(op, a.get(), b.get()));
  Scalar value;
  return to_scalar(r.get(), value) ? make_result(scalar_array(value)) : r.release();
}

// Whether NumPy has scalars on both sides, whose arithmetic is not that of arrays: its warnings say "scalar divide". (Its booleans
// have none of their own.)
bool both_scalars(PyObject* x, PyObject* y) {
  bool any = false;
  const auto scalar = [&any](PyObject* o) {
    if (is_ours(o)) {
      any |= array_of(o).dtype != DType::b1;
      return array_of(o).is_scalar;
    }
    if (PyFloat_CheckExact(o) || PyLong_CheckExact(o) || PyBool_Check(o) || PyComplex_CheckExact(o)) return true;
    any |= PyArray_IsScalar(o, Number);
    return PyArray_IsScalar(o, Generic) != 0;
  };
  return scalar(x) && scalar(y) && any;
}

template <Op op>
const char* scalar_name() {
  static const std::string name = std::string("scalar ") + op_info(op).name;
  return name.c_str();
}

template <Op op>
PyObject* binary_arrays(PyObject* x, PyObject* y) {
  try {
    if (PyObject* r = apply_binary(op, x, y)) return checked_result(r);
    return binary_elsewhere(real_ufunc(op), x, y, false, op);
  } catch (const not_native&) { return binary_elsewhere(real_ufunc(op), x, y, false, op); } catch (...) {
    return raise_current();
  }
}

template <Op op>
PyObject* binary_scalars(PyObject* x, PyObject* y) {
  try {
    if constexpr (op == Op::add || op == Op::subtract || op == Op::multiply || op == Op::divide)
      if (PyObject* r = scalar_arithmetic<op>(x, y)) return r;
    if constexpr (op == Op::add || op == Op::subtract || op == Op::multiply)
      if (integer_at_hand(x) && integer_at_hand(y)) return integer_arithmetic(op, x, y);
    const CalledAs called(scalar_name<op>());
    return binary_arrays<op>(x, y);
  } catch (...) { return raise_current(); }
}

template <Op op>
PyObject* binary(PyObject* x, PyObject* y) {
  if (script_mode) return binary_arrays<op>(x, y);
  if (both_scalars(x, y)) return binary_scalars<op>(x, y);
  if (op == Op::multiply && (repeats(x, y) || repeats(y, x))) return Py_NewRef(Py_NotImplemented);
  return binary_arrays<op>(x, y);
}

template <Op op>
PyObject* unary(PyObject* x) {
  try {
    if constexpr (op == Op::negative || op == Op::absolute)
      if (array_of(x).is_scalar && integer_at_hand(x)) return integer_arithmetic(op, x, nullptr);
    if (PyObject* r = apply_unary(op, x)) return checked_result(r);
  } catch (const not_native&) {
  } catch (...) { return raise_current(); }
  return fall_back_ufunc(real_ufunc(op), "__call__", &x, 1, nullptr);
}

// x op= y. A scalar of the library mode is immutable: the name is bound to the result instead.
PyObject* apply_inplace(Op op, PyObject* x, const Operand* y) {
  Array& a = array_of(x);
  if (!a.writeable) raise(PyExc_ValueError, "output array is read-only");
  MapOptions options;
  options.out = &a;
  if (y) {
    const Arg args[2] = {Arg(a), y->arg()};
    apply(op, args, options);
  } else {
    const Arg args[1] = {Arg(a)};
    apply(op, args, options);
  }
  return checked_result(Py_NewRef(x));
}

// x op= y as an Attempt: into an array of its own, which is copied where all went well.
PyObject* attempt_inplace(Op op, PyObject* x, PyObject* y) {
  Array& a = array_of(x);
  if (!a.writeable || a.ndim() == 0 || !writable_here(a)) return nullptr;
  const Ref made(attempt(op, x, y));
  if (!made || !is_ours(made.get())) return nullptr;
  const Array& value = array_of(made.get());
  if (value.dtype != a.dtype || !same_shape(value.layout, a.layout)) return nullptr;
  assign(a, value);
  return Py_NewRef(x);
}

template <Op op>
PyObject* inplace(PyObject* x, PyObject* y) {
  if (!is_ours(x) || array_of(x).is_scalar) return binary<op>(x, y);
  try {
    Operand b;
    if (to_operand(y, b)) {
      if (!(op_info(op).warns && errstate_needs_numpy())) return apply_inplace(op, x, &b);
      if (PyObject* r = attempt_inplace(op, x, y)) return r;
    }
  } catch (const not_native&) {
  } catch (...) { return raise_current(); }
  return binary_elsewhere(real_ufunc(op), x, y, true);
}

// The exponents which NumPy computes by another function: none is for the rest.
Op power_shortcut(PyObject* x, PyObject* y) {
  if (!is_ours(x)) return Op::none;
  const DType t = array_of(x).dtype;
  if (PyLong_CheckExact(y)) {
    int overflow;
    const long e = PyLong_AsLongAndOverflow(y, &overflow);
    if (overflow) return Op::none;
    if (e == 2) return t == DType::b1 ? Op::none : Op::square;
    if (e == -1 && is_inexact(t)) return Op::reciprocal;
  } else if (PyFloat_CheckExact(y)) {
    const double e = PyFloat_AS_DOUBLE(y);
    if (e == 0.5 && is_inexact(t)) return Op::sqrt;
    if (e == 2.0 && is_float(t)) return Op::square;
  }
  return Op::none;
}

// NumPy names a power by the function that computes it; by itself where its own loop squares, as it does for floats since 2.3.
const char* power_name(PyObject* x, PyObject* y) {
  if (!script_mode && both_scalars(x, y)) return scalar_name<Op::power>();
  return PyFloat_CheckExact(y) && PyFloat_AS_DOUBLE(y) == 2.0 && PyArray_RUNTIME_VERSION >= kNumpy23 ? "power" : nullptr;
}

PyObject* power(PyObject* x, PyObject* y, PyObject* modulo) {
  if (modulo != Py_None) return Py_NewRef(Py_NotImplemented);
  const Op shortcut = power_shortcut(x, y);
  const char* name = power_name(x, y);
  const CalledAs called(name);
  try {
    if (shortcut != Op::none) {
      if (PyObject* r = apply_unary(shortcut, x)) return checked_result(r);
      if (!name) return fall_back_ufunc(real_ufunc(shortcut), "__call__", &x, 1, nullptr);
    } else if (PyObject* r = apply_binary(Op::power, x, y)) {
      return checked_result(r);
    }
  } catch (const not_native&) {
  } catch (...) { return raise_current(); }
  return binary_elsewhere(real_ufunc(Op::power), x, y, false, Op::power);
}

PyObject* inplace_power(PyObject* x, PyObject* y, PyObject*) {
  if (!is_ours(x) || array_of(x).is_scalar) return power(x, y, Py_None);
  const Op shortcut = power_shortcut(x, y);
  if (shortcut == Op::none) return inplace<Op::power>(x, y);
  const CalledAs called(power_name(x, y));
  try {
    if (!errstate_needs_numpy()) return apply_inplace(shortcut, x, nullptr);
  } catch (const not_native&) {
  } catch (...) { return raise_current(); }
  return binary_elsewhere(real_ufunc(Op::power), x, y, true);
}

PyObject* divide_modulo(PyObject* x, PyObject* y) {
  try {
    Operand a, b;
    if (to_operand(x, a) && to_operand(y, b) && !errstate_needs_numpy()) {
      const Arg args[2] = {a.arg(), b.arg()};
      const char* name = !script_mode && both_scalars(x, y) ? "scalar divmod" : "divmod";
      return checked_result(apply_pair(Op::floor_divide, Op::remainder, args, {}, name));
    }
  } catch (const not_native&) {
  } catch (...) { return raise_current(); }
  return binary_elsewhere(real_ufunc("divmod"), x, y);
}

PyObject* matrix_multiply(PyObject* x, PyObject* y) {
  try {
    Operand a, b;
    if (to_operand(x, a) && to_operand(y, b) && a.array && b.array) {
      if (!errstate_needs_numpy()) return checked_result(result_of([&] { return matmul(*a.array, *b.array); }));
      if (PyObject *r = attempt_product(*a.array, *b.array, [](const Array& p, const Array& q) { return matmul(p, q); }))
        return checked_result(r);
    }
  } catch (const not_native&) {
  } catch (...) { return raise_current(); }
  return binary_elsewhere(real_ufunc("matmul"), x, y);
}

PyObject* inplace_matrix_multiply(PyObject* x, PyObject* y) {
  try {
    Operand b;
    if (is_ours(x) && array_of(x).ndim() >= 2 && to_operand(y, b) && b.array && b.array->ndim() >= 2 &&
        !errstate_needs_numpy()) {
      Array& a = array_of(x);
      if (!a.writeable) raise(PyExc_ValueError, "output array is read-only");
      if (promote(a.dtype, b.array->dtype) == a.dtype) {
        const Array product = matmul(a, *b.array);
        if (same_shape(product.layout, a.layout)) {
          assign(a, product);
          return checked_result(Py_NewRef(x));
        }
      }
    }
  } catch (const not_native&) {
  } catch (...) { return raise_current(); }
  if (!is_ours(x)) return binary_elsewhere(real_ufunc("matmul"), x, y);
  PyObject* args[2] = {x, y};
  return fall_back("ndarray.__imatmul__", args, 2, nullptr, "operands of this kind");
}

PyObject* compare(PyObject* x, PyObject* y, int how) {
  constexpr Op kOps[] = {Op::less, Op::less_equal, Op::equal, Op::not_equal, Op::greater, Op::greater_equal};
  const Op op = kOps[how];
  try {
    if (PyObject* r = apply_binary(op, x, y)) return checked_result(r);
  } catch (const not_native&) {
  } catch (...) { return raise_current(); }
  if (leave_to(y, false)) return Py_NewRef(Py_NotImplemented);
  // NumPy's own operator: it knows what `a == None` and `a < "x"` are.
  constexpr const char* kNames[] = {"ndarray.__lt__", "ndarray.__le__", "ndarray.__eq__",
                                    "ndarray.__ne__", "ndarray.__gt__", "ndarray.__ge__"};
  PyObject* args[2] = {x, y};
  return fall_back(kNames[how], args, 2, nullptr, "comparison with an object");
}

int truth(PyObject* self) {
  const Array& a = array_of(self);
  try {
    const int64_t n = a.size();
    if (n == 0) {  // an error since NumPy 2.2
      npy_intp none = 0;
      return PyObject_IsTrue(checked(PyArray_SimpleNew(1, &none, NPY_DOUBLE)).get());
    }
    if (n > 1)
      raise(PyExc_ValueError, "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()");
    return cast_scalar(item_value(a), DType::b1).raw[0] != 0;
  } catch (...) {
    raise_current();
    return -1;
  }
}

// float(a) and the like: 0-d arrays here; NumPy refuses the rest in its own words.
PyObject* convert_number(PyObject* self, PyObject* (*how)(PyObject*)) {
  try {
    if (array_of(self).ndim() == 0) {
      Ref scalar(scalar_result(array_of(self)));
      return how(scalar.get());
    }
  } catch (...) { return raise_current(); }
  Ref real(to_numpy(self));
  return real ? how(real.get()) : nullptr;
}
PyObject* as_float(PyObject* self) { return convert_number(self, PyNumber_Float); }
PyObject* as_int(PyObject* self) { return convert_number(self, PyNumber_Long); }
PyObject* as_index(PyObject* self) {
  const Array& a = array_of(self);
  if (a.ndim() != 0 || !is_integer(a.dtype)) {
    PyErr_SetString(PyExc_TypeError, "only integer scalar arrays can be converted to a scalar index");
    return nullptr;
  }
  return convert_number(self, PyNumber_Long);
}

}  // namespace

void fill_number_slots(PyType_Slot*& s) {
  auto add = [&s](int slot, auto* f) { *s++ = {slot, reinterpret_cast<void*>(f)}; };
  add(Py_nb_add, binary<Op::add>);
  add(Py_nb_subtract, binary<Op::subtract>);
  add(Py_nb_multiply, binary<Op::multiply>);
  add(Py_nb_true_divide, binary<Op::divide>);
  add(Py_nb_floor_divide, binary<Op::floor_divide>);
  add(Py_nb_remainder, binary<Op::remainder>);
  add(Py_nb_lshift, binary<Op::left_shift>);
  add(Py_nb_rshift, binary<Op::right_shift>);
  add(Py_nb_and, binary<Op::bitwise_and>);
  add(Py_nb_or, binary<Op::bitwise_or>);
  add(Py_nb_xor, binary<Op::bitwise_xor>);
  add(Py_nb_power, power);
  add(Py_nb_divmod, divide_modulo);
  add(Py_nb_matrix_multiply, matrix_multiply);
  add(Py_nb_inplace_add, inplace<Op::add>);
  add(Py_nb_inplace_subtract, inplace<Op::subtract>);
  add(Py_nb_inplace_multiply, inplace<Op::multiply>);
  add(Py_nb_inplace_true_divide, inplace<Op::divide>);
  add(Py_nb_inplace_floor_divide, inplace<Op::floor_divide>);
  add(Py_nb_inplace_remainder, inplace<Op::remainder>);
  add(Py_nb_inplace_lshift, inplace<Op::left_shift>);
  add(Py_nb_inplace_rshift, inplace<Op::right_shift>);
  add(Py_nb_inplace_and, inplace<Op::bitwise_and>);
  add(Py_nb_inplace_or, inplace<Op::bitwise_or>);
  add(Py_nb_inplace_xor, inplace<Op::bitwise_xor>);
  add(Py_nb_inplace_power, inplace_power);
  add(Py_nb_inplace_matrix_multiply, inplace_matrix_multiply);
  add(Py_nb_negative, unary<Op::negative>);
  add(Py_nb_positive, unary<Op::positive>);
  add(Py_nb_absolute, unary<Op::absolute>);
  add(Py_nb_invert, unary<Op::invert>);
  add(Py_nb_bool, truth);
  add(Py_nb_float, as_float);
  add(Py_nb_int, as_int);
  add(Py_nb_index, as_index);
  add(Py_tp_richcompare, compare);
}

}  // namespace numloom::python
