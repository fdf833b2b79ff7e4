// The tables of native functions and methods, by file. Each ends with a null name.
#pragma once
#include "calls.h"
#include "convert.h"

namespace numloom::python {

extern PyMethodDef creation_functions[], inquiry_functions[];
extern PyMethodDef reduction_functions[], reduction_methods[];
extern PyMethodDef shape_functions[], shape_methods[];
extern PyMethodDef select_functions[], select_methods[];
extern PyMethodDef sorting_functions[], sorting_methods[];
extern PyMethodDef array_methods[];
extern PyMethodDef exchange_functions[], exchange_methods[];

#define NUMLOOM_FUNCTION(NAME, F)                                                                            \
  {NAME, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(::numloom::python::function_entry<NAME, F>)), \
   METH_FASTCALL | METH_KEYWORDS, nullptr}
#define NUMLOOM_METHOD(NAME, F)                                                                                       \
  {NAME, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(::numloom::python::method_entry<"ndarray." NAME, F>)), \
   METH_FASTCALL | METH_KEYWORDS, nullptr}

inline constexpr PyMethodDef kEnd = {nullptr, nullptr, 0, nullptr};

// What np.nonzero gives.
PyObject* nonzero_tuple(const Array& a);
// One of NumPy's own functions, looked up once. Borrowed.
PyObject* numpy_function(const char* name);
// NumPy's own function; arrays in the result become ours. Declines where there are arrays of ours among the arguments.
PyObject* call_numpy(const char* name, const Call& call);
// `result` written into the caller's `out=`; null where `out` is no writeable array of ours of its shape and dtype.
PyObject* written_to(PyObject* out, const Array& result);

}  // namespace numloom::python
