// Large requests of NumPy's generators, drawn by all threads with NumPy's own functions: the numbers, and the state left behind,
// are what NumPy gives. Thread safety: the GIL; the generator's lock is taken, as NumPy takes it.
#pragma once
#include "python_api.h"

namespace numloom::python {

struct Distribution;

// That of the method `name` of NumPy's Generator; null where it is always NumPy's to draw. Sets no error.
const Distribution* distribution(const char* name);

// The call of a Generator's method (`args[0]` is the generator) as an array of ours. Null without an error: NumPy is to draw, and
// nothing was.
PyObject* draw_call(const Distribution& d, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) noexcept;

// Adds `add_bit_generator(type, multiplier)`: the class of a bit generator which is congruential (runtime/draw.h).
void init_draw(PyObject* module);

}  // namespace numloom::python
