// The ufunc object: NumPy's calling convention over the rows of the op table.
#pragma once
#include "calls.h"
#include "convert.h"

namespace numloom::python {

struct Ufunc {
  PyObject_HEAD vectorcallfunc vectorcall;
  enum class Kind : uint8_t { map, pair, matmul } kind;
  Op op, second;     // pair: the two results, in turn
  const char* name;  // NumPy's
  int nin;
  PyObject* real;  // NumPy's
  PyObject* dict;
};

extern PyTypeObject* ufunc_type;
// By op, for operators that NumPy must finish. Borrowed.
PyObject* real_ufunc(Op op);
PyObject* real_ufunc(const char* name);
// Ours for NumPy's, or null without an error. Borrowed.
Ufunc* ufunc_for(PyObject* real);

// op(x, y) where nothing but the operands is given; null and no error: NumPy must do it.
PyObject* apply_unary(Op op, PyObject* x);
PyObject* apply_binary(Op op, PyObject* x, PyObject* y);
// An Attempt (calls.h) at op of x, or of x and y. Null without an error: NumPy must do it.
PyObject* attempt(Op op, PyObject* x, PyObject* y);
PyObject* attempt_product(const Array& a, const Array& b, Array (*product)(const Array&, const Array&));

// The two results of `first` and `second` on the same operands, as one function that NumPy calls `name`.
PyObject* apply_pair(Op first, Op second, std::span<const Arg> in, const MapOptions& options, const char* name);

PyObject* array_ufunc(PyObject* self, PyObject* args, PyObject* kwargs);  // ndarray.__array_ufunc__
void init_ufunc(PyObject* module);

}  // namespace numloom::python
