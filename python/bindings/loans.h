// Real arrays lent for the length of one call.
// Thread safety: the GIL.
#pragma once
#include "python_api.h"

namespace numloom::python {

// What to_numpy(ours) gives, for a caller who hands it to take_back when the call is done. New reference, or null with an error.
PyObject* lend_view(PyObject* ours);
// Takes over the reference. The loan ends, unless the call kept the view.
void take_back(PyObject* view);

}  // namespace numloom::python
