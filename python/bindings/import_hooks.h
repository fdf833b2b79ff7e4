// Hooks of script mode that add no Python frame of ours to the stack. Thread safety: the GIL.
#pragma once
#include "python_api.h"

namespace numloom::python {

// Adds to the module: `import_hook(original, handler)`, an `__import__` that hands NumPy's names to `handler`, and
// `class_hook(original, handler)`, a `__build_class__` that shows `handler` the classes which speak NumPy's protocols.
void init_import_hooks(PyObject* module);

}  // namespace numloom::python
