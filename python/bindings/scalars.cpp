// NumPy's scalars to the left of our arrays. `x[i] * v` with x[i] a numpy.float64 is in the inner loop of many a program; NumPy's
// slot would go through its ufunc machinery and __array_ufunc__ back to us, at three times the cost of the operation.
//
// So the number slots of NumPy's scalar types look first whether the right operand is ours. For everything else they are
// NumPy's own, called with the same arguments.
#include <array>
#include <utility>

#include "convert.h"
#include "ndarray.h"

namespace numloom::python {

namespace {

constexpr binaryfunc PyNumberMethods::* kSlots[] = {
    &PyNumberMethods::nb_add,         &PyNumberMethods::nb_subtract,     &PyNumberMethods::nb_multiply,
    &PyNumberMethods::nb_true_divide, &PyNumberMethods::nb_floor_divide, &PyNumberMethods::nb_remainder,
};
constexpr int kBinary = std::size(kSlots);

binaryfunc originals[kDTypes][kBinary];
ternaryfunc original_power[kDTypes];
richcmpfunc original_compare[kDTypes];

template <int Type, int Slot>
PyObject* binary(PyObject* x, PyObject* y) {
  if (is_ours(y) && !is_ours(x)) return (ndarray_type->tp_as_number->*kSlots[Slot])(x, y);
  return originals[Type][Slot](x, y);
}

template <int Type>
PyObject* power(PyObject* x, PyObject* y, PyObject* modulo) {
  if (is_ours(y) && !is_ours(x)) return ndarray_type->tp_as_number->nb_power(x, y, modulo);
  return original_power[Type](x, y, modulo);
}

// x < y is y > x: our slot has the array on its left.
template <int Type>
PyObject* compare(PyObject* x, PyObject* y, int how) {
  constexpr int kMirrored[] = {Py_GT, Py_GE, Py_EQ, Py_NE, Py_LT, Py_LE};
  if (is_ours(y)) return ndarray_type->tp_richcompare(y, x, kMirrored[how]);
  return original_compare[Type](x, y, how);
}

template <int Type, int... Slot>
void replace(PyTypeObject* type, std::integer_sequence<int, Slot...>) {
  PyNumberMethods* n = type->tp_as_number;
  ((originals[Type][Slot] = n->*kSlots[Slot], n->*kSlots[Slot] = binary<Type, Slot>), ...);
  original_power[Type] = n->nb_power;
  n->nb_power = power<Type>;
  original_compare[Type] = type->tp_richcompare;
  type->tp_richcompare = compare<Type>;
}

// Booleans keep NumPy's: they have no number methods of their own to replace safely.
template <int... Type>
void replace_all(std::integer_sequence<int, Type...>) {
  (replace<Type + 1>(descr_of(static_cast<DType>(Type + 1))->typeobj, std::make_integer_sequence<int, kBinary>()), ...);
}

}  // namespace

void init_scalars() { replace_all(std::make_integer_sequence<int, kDTypes - 1>()); }

}  // namespace numloom::python
