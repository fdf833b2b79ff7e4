// Large requests of NumPy's generators, drawn by all threads with NumPy's own functions: the numbers, and the state left behind,
// are what NumPy gives. Thread safety: the GIL; the generator's lock is taken, as NumPy takes it.
#pragma once
#include <cstdint>

#include "python_api.h"

namespace numloom::python {

struct Distribution;

// That of the method `name` of NumPy's Generator or RandomState; null where it is always NumPy's to draw. Sets no error.
enum class Draws : uint8_t { generator, random_state };
const Distribution* distribution(const char* name, Draws of);

// The call of the method of `generator` as an array of ours. Null without an error: NumPy is to draw, and nothing was.
PyObject* draw_call(const Distribution& d, PyObject* generator, PyObject* const* args, Py_ssize_t n,
                    PyObject* kwnames) noexcept;

// Adds `add_bit_generator(type, multiplier)`: the class of a bit generator which is congruential (runtime/draw.h), or with the
// multiplier 0 the Mersenne Twister (runtime/twister.h).
void init_draw(PyObject* module);

}  // namespace numloom::python
