// Python and NumPy values as the engine's, and back.
#pragma once
#include <optional>
#include <vector>

#include "api/functions.h"
#include "ndarray.h"

namespace numloom::python {

// An operand of an elementwise function: one of our arrays, a scalar, or a real array that we see as ours.
struct Operand {
  const Array* array = nullptr;
  Scalar scalar;
  Array held;
  Arg arg() const { return array ? Arg(*array) : Arg(scalar); }
};
// False without an error: the engine has no such values and NumPy must decide. Lists are left to NumPy unless `lists`.
bool to_operand(PyObject* o, Operand& out, bool lists = true);
// Whether an `__array__` written in Python makes an array of it: it may be one of ours, which NumPy would refuse.
bool gives_arrays(PyObject* source);
// Whether it is, or holds in lists and tuples, an array of ours or an object that may give one.
bool may_give_ours(PyObject* o, int depth = kMaxDims);
// Whether NumPy's error, which is cleared then, may be due to an array of ours among the values, which it does not take for one of
// its own: it gets views and says what it says of those. What Python code raised has a traceback, and stands. (Looking into every
// list before the call would cost more than most calls.)
bool refused_ours(PyObject* source);
// The same as to_operand with scalars made 0-d arrays.
bool to_array(PyObject* o, Operand& out);
// The array that NumPy makes of a number, of lists of numbers, one or two deep, or of a list of arrays of ours that are alike; of
// type `want` unless that is kNoDType. False: NumPy must make it, or say what is wrong.
bool from_values(PyObject* source, DType want, Array& out);
// Python and NumPy scalars alone.
bool to_scalar(PyObject* o, Scalar& out);

// kNoDType: not one of ours.
DType dtype_of_descr(const PyArray_Descr* d);
PyArray_Descr* descr_of(DType t);  // borrowed
// Anything NumPy takes as a dtype; None gives `otherwise`. False: not one of ours.
bool to_dtype(PyObject* o, DType& out, DType otherwise);

// At most kMaxDims sizes from an integer or a sequence of them. False: more than that.
struct ShapeArg {
  int ndim = 0;
  int64_t dims[kMaxDims];
  Shape span() const { return {dims, static_cast<size_t>(ndim)}; }
};
bool to_shape(PyObject* o, ShapeArg& out);
// The same given one by one or as one sequence: a.reshape(2, 3), a.reshape((2, 3)).
bool to_shape(PyObject* const* args, Py_ssize_t n, ShapeArg& out);
PyObject* shape_tuple(const int64_t* dims, int n);

int64_t to_int64(PyObject* o);
bool to_bool(PyObject* o);
// What NumPy's reductions take as a flag: an integer. False: it decides.
bool to_flag(PyObject* o, bool& out);
// An axis counted from the front; raises AxisError.
int to_axis(PyObject* o, int ndim);
// None, an axis or a tuple of them, as a mask.
std::optional<uint32_t> to_axes(PyObject* o, int ndim);
// The arguments of a reduction by `op`, as np.sum and ufunc.reduce take them; holds what `options` points to.
struct Reduction {
  Operand array, mask;
  Scalar start;
  ReduceOptions options;
  // False: NumPy must decide.
  bool parse(Op op, PyObject* a, PyObject* axis, PyObject* dtype, PyObject* out, PyObject* keepdims, PyObject* initial,
             PyObject* where);
};
bool to_order(PyObject* o, char& out);  // 'C', 'F', 'A', 'K'
bool to_casting(PyObject* o, Casting& out);

// NumPy's default for an argument not given: absent, or its marker.
extern PyObject* no_value;
inline bool given(PyObject* o) { return o && o != no_value; }
inline bool given_some(PyObject* o) { return given(o) && o != Py_None; }

void init_convert();
void init_scalars();  // scalars.cpp; after init_ndarray

}  // namespace numloom::python
