// Thread safety: the GIL.
#pragma once
#include "python_api.h"

namespace numloom::python {

// Sets an attribute of a class, also of one that C code made and Python cannot change. REQUIRES: `name` has no slot in the class,
// or is `__call__` or `__init__`.
void set_in_class(PyObject* type, PyObject* name, PyObject* value);

}  // namespace numloom::python
