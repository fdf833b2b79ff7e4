// Memory on the GPU shared with other libraries (exchange.cpp).
#pragma once
#include "ndarray.h"

namespace numloom::python {

// The attribute __cuda_array_interface__.
PyObject* cuda_interface(PyObject* self, void*);
// A copy of the values of an object that has it; false where it has none, or one of a kind that we do not know.
bool from_cuda_interface(PyObject* source, Array& out);

}  // namespace numloom::python
