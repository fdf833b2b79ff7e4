// Checking flushes against NumPy (`--verify`). Thread safety: the GIL.
#pragma once
#include "python_api.h"

namespace numloom::python {

// Adds `set_verify(begin, end)` to the module.
void init_verify(PyObject* module);

}  // namespace numloom::python
