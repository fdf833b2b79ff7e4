// Calls into NumPy with no Python frame of ours on the stack: warnings then name the user's line,
// and tracebacks show what they show under NumPy.
//
// A *lent call* is what the package's hooks return for a call that NumPy has to do: the tuple
// (function, args, kwargs or None, finish). It is run from here, and `finish([result])` gives what the caller sees;
// after an error `finish(None)` is called and the error stands.
// Thread safety: the GIL.
#pragma once
#include <cstdint>

#include "python_api.h"

namespace numloom::python {

// Runs a lent call. New reference, or null with an error. Takes over `lent`, which may be null (an error is set).
PyObject* run_lent(PyObject* lent) noexcept;

// Calls a method of NumPy's ufunc (`__call__` included) without asking the package, where the arguments are arrays of ours and plain
// values, or lists of such: false where they are not. Sets `result` as run_lent returns it. `kwnames` may be null.
bool call_ufunc_quickly(PyObject* real, const char* method, PyObject* const* args, Py_ssize_t n, PyObject* kwnames,
                        PyObject** result);
// The same for what the native function `name`, a literal, declines. The package is asked once for each name and reason.
bool decline_quickly(const char* name, const char* reason, PyObject* const* args, Py_ssize_t n, PyObject* kwnames,
                     PyObject** result);

// Notes what a native function has NumPy's loops do, as decline_quickly would note the call: made before the work, and only for work
// that is done. `name` and `reason` are literals.
class QuickWork {
 public:
  QuickWork(const char* name, const char* reason);
  ~QuickWork();
  QuickWork(const QuickWork&) = delete;
  QuickWork& operator=(const QuickWork&) = delete;
  // Whether fallbacks may run without asking the package: see allow_quick_fallbacks.
  static bool allowed();

 private:
  PyObject* counted_;
  uint64_t start_;
};

// A builtin function that calls `function`, a lending one whose `real` is a builtin function. New reference.
PyObject* as_builtin(PyObject* function);

// Whether fallbacks on plain arguments may run without asking the package; only while the policy is silent.
void allow_quick_fallbacks(bool on);
// What they cost so far: a list of ((file, line) or None, function, calls, seconds).
PyObject* quick_fallbacks();
void clear_quick_fallbacks();

// Adds to the module: `function(real, begin, mode)`, a function that runs as a lent call, and `builtin_function`, the same for one
// that does not bind to instances.
void init_trampoline(PyObject* module);

}  // namespace numloom::python
