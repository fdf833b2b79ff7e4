// Argument parsing and the ways out of a native function: NumPy, or an exception.
#include "calls.h"

#include <new>
#include <string>

#include "convert.h"
#include "trampoline.h"

namespace numloom::python {

PackageHooks package_hooks;
bool error_left = false;

Signature::Signature(std::initializer_list<const char*> names, int positional, int from)
    : positional_(positional), from_(from) {
  for (const char* n : names) names_.push_back(PyUnicode_InternFromString(n));
}

bool Signature::parse(const Call& call, PyObject** out, int required) const {
  const int total = static_cast<int>(names_.size());
  if (call.n > positional_) return false;
  for (Py_ssize_t i = 0; i < call.n; ++i) out[i] = call.args[i];
  for (Py_ssize_t i = call.n; i < total; ++i) out[i] = nullptr;
  if (!call.kwnames) return call.n >= required;
  for (Py_ssize_t k = 0; k < call.keywords(); ++k) {
    PyObject* name = PyTuple_GET_ITEM(call.kwnames, k);
    int at = -1;
    for (int i = from_; i < total && at < 0; ++i) {
      if (names_[i] == name) at = i;
    }
    for (int i = from_; i < total && at < 0; ++i) {
      if (PyUnicode_Compare(names_[i], name) == 0) at = i;
    }
    if (at < 0 || out[at]) return false;
    out[at] = call.args[call.n + k];
  }
  for (int i = 0; i < required; ++i) {
    if (!out[i]) return false;
  }
  return true;
}

namespace {

Ref positional_tuple(PyObject* const* args, Py_ssize_t n) {
  PyObject* t = PyTuple_New(n);
  for (Py_ssize_t i = 0; t && i < n; ++i) PyTuple_SET_ITEM(t, i, Py_NewRef(args[i]));
  return Ref(t);
}

Ref keyword_dict(PyObject* const* values, PyObject* kwnames) {
  PyObject* d = PyDict_New();
  for (Py_ssize_t i = 0; d && kwnames && i < PyTuple_GET_SIZE(kwnames); ++i) {
    if (PyDict_SetItem(d, PyTuple_GET_ITEM(kwnames, i), values[i]) < 0) {
      Py_DECREF(d);
      return Ref();
    }
  }
  return Ref(d);
}

PyObject* missing_hook() {
  PyErr_SetString(PyExc_RuntimeError, "numloom._core: the package has installed no fallback (import numloom first)");
  return nullptr;
}

}  // namespace

PyObject* Call::decline(const char* reason) const { return fall_back(name, args, n, kwnames, reason); }

PyObject* fall_back(const char* name, PyObject* const* args, Py_ssize_t n, PyObject* kwnames, const char* reason) {
  if (!package_hooks.fallback) return missing_hook();
  PyObject* result;
  if (decline_quickly(name, reason, args, n, kwnames, &result)) return result;
  Ref name_object(PyUnicode_InternFromString(name)), why(PyUnicode_FromString(reason));
  Ref positional = positional_tuple(args, n), keywords = keyword_dict(args + n, kwnames);
  if (!name_object || !why || !positional || !keywords) return nullptr;
  PyObject* all[4] = {name_object.get(), positional.get(), keywords.get(), why.get()};
  return run_lent(PyObject_Vectorcall(package_hooks.fallback, all, 4, nullptr));
}

PyObject* fall_back_ufunc(PyObject* real, const char* method, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  if (!package_hooks.fallback_ufunc) return missing_hook();
  PyObject* result;
  if (call_ufunc_quickly(real, method, args, n, kwnames, &result)) return result;
  Ref name(PyUnicode_InternFromString(method));
  Ref positional = positional_tuple(args, n), keywords = keyword_dict(args + n, kwnames);
  if (!name || !positional || !keywords) return nullptr;
  PyObject* all[4] = {real, name.get(), positional.get(), keywords.get()};
  return run_lent(PyObject_Vectorcall(package_hooks.fallback_ufunc, all, 4, nullptr));
}

}  // namespace numloom::python
