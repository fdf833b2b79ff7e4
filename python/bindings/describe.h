// What `a.flat` and `a.flags` give.
#pragma once
#include "ndarray.h"

namespace numloom::python {

PyObject* get_flat(PyObject* self, void*);  // flat.cpp
int set_flat(PyObject* self, PyObject* values, void*);
PyObject* get_flags(PyObject* self, void*);  // flags.cpp

void init_flat(PyObject* module);
void init_flags(PyObject* module);

// Writes the element at that offset where it can be done by a plain store and NumPy would convert `value` without a word; false
// without an error where not. indexing.cpp
bool store_number(const Array& a, int64_t offset, PyObject* value);

}  // namespace numloom::python
