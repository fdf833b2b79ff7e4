// The Python objects: `ndarray`, and `Export`, which keeps an array leased while NumPy can reach its memory.
//
// Thread safety: the GIL.
// Invariants: `base` is never an ndarray that itself has a base (NumPy's rule: the chain is collapsed), and keeps what
// owns the memory alive. `pinned` is a real array over the same memory, there once foreign code was given a bare address:
// its lease then lasts as long as the object.
#pragma once
#include "api/array.h"
#include "python_api.h"

namespace numloom::python {

struct NdArray {
  PyObject_HEAD PyObject* weakrefs;
  PyObject* base;
  PyObject* pinned;
  Array a;
};

struct Export {
  PyObject_HEAD NdArray* owner;
  Buffer* leased;
};

extern PyTypeObject* ndarray_type;
extern PyTypeObject* export_type;
// Whether what NumPy returns as a scalar is NumPy's scalar (script mode) or a 0-d array.
extern bool script_mode;

inline bool is_ours(PyObject* o) { return Py_TYPE(o) == ndarray_type; }
inline Array& array_of(PyObject* o) { return reinterpret_cast<NdArray*>(o)->a; }

// An object whose Array is not made yet: construct it in place or give it back with drop_raw.
NdArray* allocate_raw();
void drop_raw(NdArray* o);

PyObject* make_array(Array&& a, PyObject* base = nullptr);
// A view made of `parent`: shares its base where it shares its memory.
PyObject* make_view(PyObject* parent, Array&& a);
// What a ufunc, a reduction or an element read returns: a scalar where `a` has no dimensions.
PyObject* make_result(Array&& a);
PyObject* finish_result(NdArray* made);
// make_result around a call that returns an Array, built in place.
template <class F>
PyObject* result_of(F&& call) {
  NdArray* o = allocate_raw();
  try {
    new (&o->a) Array(call());
  } catch (...) {
    drop_raw(o);
    throw;
  }
  return finish_result(o);
}

// NumPy's scalar of the element at `p`.
PyObject* make_scalar(const void* p, DType dtype);
// The one element of a 0-d array (script mode: NumPy's scalar, after running what it needs).
PyObject* scalar_result(const Array& a);

// How NumPy sees arrays of ours, and they its arrays: views.cpp.
//
// A real array over the same memory, leased while it lives; NumPy's scalar where `a` is one in library mode.
PyObject* to_numpy(PyObject* ours);
// `real` (exactly NumPy's ndarray) as ours: our own memory as a view of it, the memory of an array that nobody else holds
// adopted, any other shared. `mine`: the caller owns a reference and gives it up; `lent` more are those of a caller who will
// drop them unused. Null without an error: the engine has no such arrays, and `real` is still the caller's.
PyObject* from_numpy(PyObject* real, bool mine, int lent = 0);
// The same without a Python object around it.
bool array_from_numpy(PyObject* real, bool mine, Array& out, PyObject** base, int lent = 0);
// A result of NumPy's: arrays that can be ours become ours, in lists and tuples too. Takes over the reference.
PyObject* wrap_result(PyObject* result, int lent = 0);

void init_ndarray(PyObject* module);
void init_views(PyObject* module);
// Drops the object whose memory a buffer used; any thread, with or without the GIL.
void release_owner(void* owner);

// Type slots and method tables by topic; init_ndarray joins them.
void fill_number_slots(PyType_Slot*& slot);    // operators.cpp
void fill_indexing_slots(PyType_Slot*& slot);  // indexing.cpp
PyMethodDef* method_table();                   // module.cpp: ends with a null name

}  // namespace numloom::python
