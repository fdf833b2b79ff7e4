// How a native function receives its arguments, how it declines, and how errors leave it.
//
// A native function is `PyObject* f(const Call&)`. It parses with a Signature, works, and where it cannot (an argument it
// does not know, a dtype the engine lacks) returns `call.decline(reason)`: NumPy then does the whole call. Whether to
// decline is decided before anything is written; `not_native` thrown by the engine means the same.
#pragma once
#include <array>
#include <initializer_list>
#include <vector>

#include "api/functions.h"
#include "python_api.h"

namespace numloom::python {

struct Call {
  const char* name;  // "sum", "ndarray.sum"
  PyObject* const* args;
  Py_ssize_t n;
  PyObject* kwnames;
  Py_ssize_t keywords() const { return kwnames ? PyTuple_GET_SIZE(kwnames) : 0; }
  PyObject* decline(const char* reason) const;
};

// Parameter names in NumPy's order; the first `positional` may be given by position. Parameters before `from` have no
// keyword (the array of a method).
class Signature {
 public:
  Signature(std::initializer_list<const char*> names, int positional, int from = 0);
  // Fills `out` (absent: null). False where NumPy would raise TypeError: decline, and it will.
  bool parse(const Call& call, PyObject** out, int required = 1) const;

 private:
  std::vector<PyObject*> names_;
  int positional_, from_;
};

// Sets the Python error for the C++ exception in flight. Returns null.
PyObject* raise_current() noexcept;
// What `f` returns; null where it throws, with that error set.
template <class F>
PyObject* guarded(F&& f) noexcept {
  try {
    return f();
  } catch (...) { return raise_current(); }
}

template <size_t N>
struct FixedString {
  char text[N];
  constexpr FixedString(const char (&s)[N]) {
    for (size_t i = 0; i < N; ++i) text[i] = s[i];
  }
};

// What a hook of the engine (a warning turned into an error) left behind: checked where a call returns.
extern bool error_left;
inline PyObject* checked_result(PyObject* r) {
  if (__builtin_expect(error_left, 0)) {
    error_left = false;
    if (PyErr_Occurred()) {
      Py_XDECREF(r);
      return nullptr;
    }
  }
  return r;
}

template <PyObject* (*F)(const Call&)>
PyObject* guarded(const Call& call) noexcept {
  try {
    return checked_result(F(call));
  } catch (const not_native& e) { return call.decline(e.what()); } catch (...) {
    return raise_current();
  }
}

// The METH_FASTCALL entry of a function, and of the same function as a method.
template <FixedString Name, PyObject* (*F)(const Call&)>
PyObject* function_entry(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  return guarded<F>(Call{Name.text, args, n, kwnames});
}
inline constexpr int kMaxMethodArgs = 24;
template <FixedString Name, PyObject* (*F)(const Call&)>
PyObject* method_entry(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  const Py_ssize_t total = n + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
  if (total + 1 <= kMaxMethodArgs) {
    PyObject* all[kMaxMethodArgs];
    all[0] = self;
    for (Py_ssize_t i = 0; i < total; ++i) all[i + 1] = args[i];
    return guarded<F>(Call{Name.text, all, n + 1, kwnames});
  }
  std::vector<PyObject*> all{self};
  all.insert(all.end(), args, args + total);
  return guarded<F>(Call{Name.text, all.data(), n + 1, kwnames});
}

// What the package installs. Owned; null until set.
struct PackageHooks {
  PyObject* fallback = nullptr;        // (name, args, kwargs, reason)
  PyObject* fallback_ufunc = nullptr;  // (real_ufunc, method, args, kwargs)
  PyObject* lending = nullptr;  // (name, reason) -> (NumPy's, what it is counted under or None)
  PyObject* from_host = nullptr;  // (a result of NumPy's) -> ours
  PyObject* lent_method = nullptr;  // (an object of NumPy's, method, args) -> a lent call of it
};
extern PackageHooks package_hooks;

PyObject* fall_back(const char* name, PyObject* const* args, Py_ssize_t n, PyObject* kwnames, const char* reason);
// `args` holds the keyword values after the n positional ones.
PyObject* fall_back_ufunc(PyObject* real, const char* method, PyObject* const* args, Py_ssize_t n, PyObject* kwnames);

// Classes of NumPy's that errors need.
void init_errors();

// ---- sites.cpp -----------------------------------------------------------------------------------------------------
// Reads NumPy's errstate for this thread and the warning filters. True where NumPy must do the operation, because what goes
// wrong in it acts at once: an error mode that raises or calls, a filter that turns the warning into an error.
bool errstate_needs_numpy();

// The exception to that. A small operation that rounds as the hardware does raises the flags which NumPy looks at. It is tried
// here in silence; where a flag rose the result is dropped, and NumPy does the whole call and says what went wrong. Make one after
// errstate_needs_numpy() was true, and look at `spoilt` when the work is done. Nothing that the user can reach may be written.
class Attempt {
 public:
  Attempt();
  bool spoilt() const;
  // `result` where it may be kept; else null, and the reference is dropped.
  PyObject* kept(PyObject* result) const;
  // Whether an operation, reductions by it included, is such; whether an operand is.
  static bool suits(Op op);
  static bool suits(const Array& a);
};
// (file, line) of a site, or None where it is unknown.
Ref site_place(uint32_t id);
void install_hooks();
void init_sites();

}  // namespace numloom::python
