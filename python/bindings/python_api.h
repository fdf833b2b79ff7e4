// The one place that includes Python's and NumPy's C APIs, and the smallest tools to use them safely.
// Everything in python/bindings runs with the GIL held unless it says otherwise.
#pragma once
#include <Python.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL numloom_numpy_api
#define PY_UFUNC_UNIQUE_SYMBOL numloom_ufunc_api
#ifndef NUMLOOM_IMPORTS_NUMPY
#define NO_IMPORT_ARRAY
#define NO_IMPORT_UFUNC
#endif
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include <utility>

namespace numloom::python {

// What PyArray_RUNTIME_VERSION is from NumPy 2.1 and 2.3 on: before them some results were others, and then are here.
constexpr int kNumpy21 = 0x13, kNumpy23 = 0x14;

// A Python exception is set; unwinds to the entry point, which returns it to the interpreter.
struct python_error {};

// An owned reference, or none.
class Ref {
 public:
  Ref() = default;
  explicit Ref(PyObject* owned) : p_(owned) {}
  Ref(Ref&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Ref(const Ref&) = delete;
  Ref& operator=(Ref o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Ref() { Py_XDECREF(p_); }
  static Ref borrow(PyObject* p) {
    Py_XINCREF(p);
    return Ref(p);
  }
  PyObject* get() const { return p_; }
  PyObject* release() { return std::exchange(p_, nullptr); }
  explicit operator bool() const { return p_ != nullptr; }

 private:
  PyObject* p_ = nullptr;
};

// The result of a call that returns a new reference; throws where it failed.
inline Ref checked(PyObject* owned) {
  if (!owned) throw python_error{};
  return Ref(owned);
}
inline void check(int status) {
  if (status < 0) throw python_error{};
}
// An attribute, or none where there is none, without making an error of that; throws where looking for it failed.
inline Ref optional_attribute(PyObject* o, PyObject* name) {
  PyObject* found = nullptr;
#if PY_VERSION_HEX >= 0x030d0000
  check(PyObject_GetOptionalAttr(o, name, &found));
#else
  check(_PyObject_LookupAttr(o, name, &found));
#endif
  return Ref(found);
}
// The items of a sequence as PySequence_Fast gives them, which stay these and alive whatever other code does to a list meanwhile.
inline Ref items_of(PyObject* sequence, const char* refusal) {
  return checked(PyList_Check(sequence) ? PyList_AsTuple(sequence) : PySequence_Fast(sequence, refusal));
}
[[noreturn]] inline void raise(PyObject* type, const char* text) {
  PyErr_SetString(type, text);
  throw python_error{};
}

}  // namespace numloom::python
