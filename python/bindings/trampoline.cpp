// Calls of NumPy's functions on views of our arrays: the function objects that make them, and the short ways that ask no Python.
#include "trampoline.h"

#include <numpy/ufuncobject.h>
#include <structmember.h>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/record.h"
#include "calls.h"
#include "convert.h"
#include "draw.h"
#include "engine/hooks.h"
#include "loans.h"
#include "ndarray.h"
#include "runtime/host_pool.h"

namespace numloom::python {
namespace {

// What is looked at before `begin` is asked. Large requests of random numbers are ours (draw.h).
enum class Mode : int {
  always,  // nothing: every call is a lent call
  draws,  // a generator's drawing function: plain arguments go straight to `real`, fresh arrays become ours
  method,  // the same as a method: its first argument is the generator
  shared,  // the same of NumPy's Generator
  lends,  // a library's function: calls without an array of ours go straight to `real`
  native,  // one of ours: `begin` is the compiled function itself, which this only gives a name and a signature
  direct,  // the same for one of ours in Python: `begin` takes the call as it is
  settles,  // what is recorded runs first, then `real`
};

constexpr int kModes = 8;

struct Function {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* real;
  PyObject* begin;  // (args, kwargs or None) -> a lent call
  PyObject* dict;
  PyObject* weakrefs;
  Mode mode;
  const Distribution* distribution;  // of a drawing function; null: always NumPy's
  PyObject* generator;  // that a drawing function is bound to
  // What a Lending says. Set by the package once it knows the function; until then calls do not take the short way.
  char quick;
  // Of one of ours in Python: 1, NumPy does calls of numbers alone; 2, those on small arrays, too (script mode).
  char small;
  char counted;
};

Function* function_of(PyObject* o) { return reinterpret_cast<Function*>(o); }

// What NumPy's generators take that can neither be nor hold one of our arrays.
bool is_plain(PyObject* o) {
  PyTypeObject* t = Py_TYPE(o);
  if (t == &PyLong_Type || t == &PyFloat_Type || o == Py_None || t == &PyUnicode_Type || t == &PyType_Type) return true;
  if (t != &PyTuple_Type) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(o); ++i)
    if (!PyLong_Check(PyTuple_GET_ITEM(o, i))) return false;
  return true;
}

// Whether an array of ours may be among the elements of an array of objects. Only its first object is looked at: such arrays hold
// arrays alone, and those of numbers or words may be long. Records with objects in them are seldom, and left to the slow way.
bool has_ours_as_elements(PyObject* o) {
  auto* a = reinterpret_cast<PyArrayObject*>(o);
  if (PyArray_TYPE(a) == NPY_VOID) return PyDataType_REFCHK(PyArray_DESCR(a));
  if (PyArray_TYPE(a) != NPY_OBJECT || PyArray_NDIM(a) == 0) return false;
  char* at = PyArray_BYTES(a);
  for (npy_intp i = 0; i < PyArray_DIM(a, 0) && PyArray_SIZE(a); ++i, at += PyArray_STRIDE(a, 0)) {
    PyObject* first = *reinterpret_cast<PyObject**>(at);
    if (first && first != Py_None) return is_ours(first);
  }
  return false;
}

// Whether an array of ours is among the arguments, or in a list, tuple, dict or array of objects that is.
constexpr int kDepth = 4;  // of lists in lists: what is written as JSON is seldom deeper
bool holds_ours(PyObject* o, int depth = kDepth) {
  if (is_ours(o)) return true;
  if (PyArray_CheckExact(o)) return has_ours_as_elements(o);
  if (depth == 0) return false;
  if (PyTuple_CheckExact(o) || PyList_CheckExact(o)) {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i)
      if (holds_ours(PySequence_Fast_GET_ITEM(o, i), depth - 1)) return true;
  } else if (PyDict_CheckExact(o)) {
    PyObject *key, *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(o, &at, &key, &value))
      if (holds_ours(value, depth - 1)) return true;
  }
  return false;
}

// ---- the short way of a fallback -----------------------------------------------------------------------------------
// What Target.begin and its ending do, for arguments that are our arrays, to be read, and plain values: programs call sort, norm
// and the like on three numbers, where NumPy takes less than a microsecond.

bool quick_allowed = false;  // the policy is silent

struct Tally {
  int64_t calls = 0;
  uint64_t ticks = 0;
};
std::map<std::pair<uint32_t, PyObject*>, Tally> tallies;  // by site and function, ours or a ufunc of NumPy's (owned)

// Ticks of the processor's clock, which costs a third of what the system's costs to read, and what one lasts.
uint64_t ticks() { return __builtin_ia32_rdtsc(); }
double tick_seconds() {
  using Clock = std::chrono::steady_clock;
  static const auto start = std::make_pair(ticks(), Clock::now());  // REQUIRES: called once before anything is timed
  const double seconds = std::chrono::duration<double>(Clock::now() - start.second).count();
  const uint64_t passed = ticks() - start.first;
  return passed ? seconds / static_cast<double>(passed) : 0;
}

// Notes a call under `function` that began at `start`.
void count(PyObject* function, uint64_t start) {
  const auto key = std::make_pair(hooks().site ? hooks().site() : 0u, function);
  auto at = tallies.find(key);
  if (at == tallies.end()) {
    Py_INCREF(function);
    at = tallies.emplace(key, Tally()).first;
  }
  ++at->second.calls;
  at->second.ticks += ticks() - start;
}

// What neither is nor holds an array of ours, as far as Loan looks (convert.py).
bool is_leaf(PyObject* o) {
  return is_plain(o) || PyBool_Check(o) || PyArray_CheckExact(o) ||
         (PyArray_IsScalar(o, Generic) && !PyArray_IsScalar(o, Void)) || PyArray_DescrCheck(o) || PyComplex_CheckExact(o) ||
         PyBytes_CheckExact(o) || PyByteArray_CheckExact(o) || o == no_value || o == Py_Ellipsis || PySlice_Check(o) ||
         PyRange_Check(o) || PyGen_CheckExact(o);
}

// What is known of a callable of NumPy's that may be called the short way.
struct Lending {
  PyObject* real = nullptr;
  PyObject* counted = nullptr;  // what such calls are noted under as fallbacks; null: they are none
};

constexpr Py_ssize_t kQuickArgs = 8;
constexpr int kQuickDepth = 3;

// Arrays of ours and plain values, or lists and tuples of such.
bool is_lendable(PyObject* o, int depth = kQuickDepth) {
  if (is_ours(o)) return !array_of(o).is_scalar;
  if (is_leaf(o)) return true;
  if (depth == 0 || !(PyTuple_CheckExact(o) || PyList_CheckExact(o))) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i)
    if (!is_lendable(PySequence_Fast_GET_ITEM(o, i), depth - 1)) return false;
  return true;
}

bool takes_short_way(const Lending& f, PyObject* const* args, Py_ssize_t all) {
  if (!f.real || all > kQuickArgs || !quick_allowed || device() == Device::cuda) return false;
  for (Py_ssize_t i = 0; i < all; ++i)
    if (!is_lendable(args[i])) return false;
  return true;
}

// Whether a list or tuple holds arrays of ours. Where NumPy may write such a list the package sees to it.
bool hides_ours(PyObject* const* args, Py_ssize_t n) {
  for (Py_ssize_t i = 0; i < n; ++i)
    if (!is_ours(args[i]) && holds_ours(args[i], kQuickDepth)) return true;
  return false;
}

// The views lent in a call (owned), and whose they are.
struct Loans {
  PyObject* views[16];
  PyObject* owners[16];
  int count = 0;
  void end() {
    while (count) take_back(views[--count]);
  }
};

// New reference: `o` with views in place of our arrays.
PyObject* lend(PyObject* o, Loans& loans) {
  if (is_ours(o)) {
    PyObject* view = lend_view(o);
    if (!view) return nullptr;
    if (loans.count < 16) {
      loans.views[loans.count] = Py_NewRef(view);
      loans.owners[loans.count++] = o;
    }
    return view;
  }
  const bool sequence = PyTuple_CheckExact(o) || PyList_CheckExact(o);
  if (!sequence || !holds_ours(o, kQuickDepth)) return Py_NewRef(o);  // NumPy sees to the elements of arrays of objects
  const bool tuple = PyTuple_CheckExact(o);
  Ref items(tuple ? Py_NewRef(o) : PyList_AsTuple(o));  // lending lets other threads run
  if (!items) return nullptr;
  const Py_ssize_t n = PyTuple_GET_SIZE(items.get());
  Ref made(tuple ? PyTuple_New(n) : PyList_New(n));
  if (!made) return nullptr;
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = lend(PyTuple_GET_ITEM(items.get(), i), loans);
    if (!item) return nullptr;
    if (tuple) PyTuple_SET_ITEM(made.get(), i, item);
    else PyList_SET_ITEM(made.get(), i, item);
  }
  return made.release();
}

// REQUIRES: takes_short_way. The result becomes ours if it is to be `taken`; an argument that is given back is the caller's in any case.
PyObject* call_quickly(const Lending& f, PyObject* const* args, Py_ssize_t n, Py_ssize_t all, PyObject* kwnames,
                       bool taken = true) {
  PyObject* room[kQuickArgs + 1] = {};
  PyObject** lent = room + 1;  // NumPy may use the place before
  Loans loans;
  Py_ssize_t ready = 0;
  for (; ready < all; ++ready) {
    lent[ready] = lend(args[ready], loans);
    if (!lent[ready]) break;
  }
  PyObject* result = nullptr;
  const uint64_t start = f.counted ? ticks() : 0;
  if (ready == all) result = PyObject_Vectorcall(f.real, lent, n | PY_VECTORCALL_ARGUMENTS_OFFSET, kwnames);
  if (f.counted) count(f.counted, start);
  PyObject* same = nullptr;  // NumPy gave an argument back
  for (int i = 0; result && i < loans.count; ++i)
    if (result == loans.views[i]) same = loans.owners[i];
  for (Py_ssize_t i = 0; i < ready; ++i) Py_DECREF(lent[i]);
  loans.end();
  if (!result) return nullptr;
  if (same) {
    Py_INCREF(same);  // the view may be the last that keeps it
    Py_DECREF(result);
    return same;
  }
  if (!taken) return result;
  if (PyArray_CheckExact(result) || PyTuple_Check(result) || PyList_CheckExact(result)) return wrap_result(result);
  if (PyArray_IsScalar(result, Generic) || PyFloat_CheckExact(result) || PyLong_CheckExact(result) || PyBool_Check(result) ||
      PyBytes_CheckExact(result) || result == Py_None || !package_hooks.from_host) {
    return result;
  }
  PyObject* as_ours = PyObject_CallOneArg(package_hooks.from_host, result);
  Py_DECREF(result);
  return as_ours;
}

PyObject* call_function(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  Function* f = function_of(self);
  const Py_ssize_t n = PyVectorcall_NARGS(nargsf);
  const Py_ssize_t keywords = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  if (f->distribution && (f->generator || n > 0)) {
    const Py_ssize_t first = f->generator ? 0 : 1;
    PyObject* drawn = draw_call(*f->distribution, first ? args[0] : f->generator, args + first, n - first, kwnames);
    if (drawn || PyErr_Occurred()) return drawn;
  }
  if (f->mode == Mode::draws || f->mode == Mode::method || f->mode == Mode::shared) {
    bool plain = true;
    for (Py_ssize_t i = f->mode != Mode::draws; plain && i < n + keywords; ++i) plain = is_plain(args[i]);
    if (plain) {
      PyObject* drawn = PyObject_Vectorcall(f->real, args, nargsf, kwnames);
      return drawn && PyArray_CheckExact(drawn) ? wrap_result(drawn) : drawn;
    }
    const Py_ssize_t first = f->mode != Mode::draws, all = n + keywords;
    const Lending drawing{f->real};
    if (n >= first && all <= kQuickArgs && takes_short_way(drawing, args + first, all - first) &&
        !hides_ours(args + first, all - first))
      return call_quickly(drawing, args, n, all, kwnames);
  } else if (f->mode == Mode::lends) {
    bool ours = false;
    for (Py_ssize_t i = 0; !ours && i < n + keywords; ++i) ours = holds_ours(args[i]);
    if (!ours) return PyObject_Vectorcall(f->real, args, nargsf, kwnames);
    const Lending lending{f->real};
    if (takes_short_way(lending, args, n + keywords) && !hides_ours(args, n + keywords))
      return call_quickly(lending, args, n, n + keywords, kwnames, false);
  } else if (f->quick) {
    const Lending lending{f->real, f->counted ? self : nullptr};
    if (takes_short_way(lending, args, n + keywords)) return call_quickly(lending, args, n, n + keywords, kwnames);
  }
  Ref positional(PyTuple_New(n));
  if (!positional) return nullptr;
  for (Py_ssize_t i = 0; i < n; ++i) PyTuple_SET_ITEM(positional.get(), i, Py_NewRef(args[i]));
  Ref named = Ref::borrow(Py_None);
  if (keywords) {
    named = Ref(PyDict_New());
    if (!named) return nullptr;
    for (Py_ssize_t i = 0; i < keywords; ++i)
      if (PyDict_SetItem(named.get(), PyTuple_GET_ITEM(kwnames, i), args[n + i]) < 0) return nullptr;
  }
  PyObject* pair[] = {positional.get(), named.get()};
  return run_lent(PyObject_Vectorcall(f->begin, pair, 2, nullptr));
}

PyObject* call_native(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  PyObject* native = function_of(self)->begin;
  const auto entry = reinterpret_cast<_PyCFunctionFastWithKeywords>(reinterpret_cast<void*>(PyCFunction_GET_FUNCTION(native)));
  return entry(PyCFunction_GET_SELF(native), args, PyVectorcall_NARGS(nargsf), kwnames);
}

// Whether `o`, or an item of a list or tuple, is of a class that decides about NumPy's functions and is no array.
bool decides(PyObject* o, bool inside = false) {
  PyTypeObject* type = Py_TYPE(o);
  if (is_ours(o) || type == &PyLong_Type || type == &PyFloat_Type || type == &PyUnicode_Type || type == &PyBool_Type ||
      o == Py_None)
    return false;
  if (type == &PyList_Type || type == &PyTuple_Type) {
    for (Py_ssize_t i = 0; !inside && i < PySequence_Fast_GET_SIZE(o); ++i)
      if (decides(PySequence_Fast_GET_ITEM(o, i), true)) return true;
    return false;
  }
  if (PyArray_Check(o)) return false;
  static PyObject* name = PyUnicode_InternFromString("__array_function__");
  return _PyType_Lookup(type, name) != nullptr;
}

// Whether an argument is small work: an array that is ready and takes few bytes, a count that is low.
constexpr int64_t kSmallBytes = 1024, kSmallCount = 256;
bool is_small(PyObject* o, bool arrays, int depth = kQuickDepth) {
  if (is_ours(o)) return arrays && array_of(o).size() * array_of(o).item() <= kSmallBytes && ready_here(array_of(o));
  if (PyArray_CheckExact(o)) return PyArray_NBYTES(reinterpret_cast<PyArrayObject*>(o)) <= kSmallBytes;
  if (PyLong_Check(o)) {
    int overflow;
    const long v = PyLong_AsLongAndOverflow(o, &overflow);
    return !overflow && std::abs(v) < kSmallCount;
  }
  if (PyTuple_CheckExact(o) || PyList_CheckExact(o)) {
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
    bool small = depth > 0 && n < kSmallCount;
    for (Py_ssize_t i = 0; small && i < n; ++i) small = is_small(PySequence_Fast_GET_ITEM(o, i), arrays, depth - 1);
    return small;
  }
  return !PyArray_IsScalar(o, Integer);
}

PyObject* call_direct(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  if (const Function* f = function_of(self); f->small && script_mode) {
    const Py_ssize_t n = PyVectorcall_NARGS(nargsf), all = n + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
    const Lending lending{f->real};
    bool small = takes_short_way(lending, args, all);
    for (Py_ssize_t i = 0; small && i < all; ++i) small = is_small(args[i], f->small > 1);
    if (small) return call_quickly(lending, args, n, all, kwnames);
  }
  // An array of a dtype that the engine lacks: what begins with it is NumPy's.
  if (const Function* f = function_of(self);
      PyVectorcall_NARGS(nargsf) > 0 && PyArray_CheckExact(args[0]) &&
      dtype_of_descr(PyArray_DESCR(reinterpret_cast<PyArrayObject*>(args[0]))) == kNoDType) {
    const Py_ssize_t n = PyVectorcall_NARGS(nargsf), all = n + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
    const Lending lending{f->real, self};
    if (takes_short_way(lending, args, all)) return call_quickly(lending, args, n, all, kwnames);
  }
  // Such a class is told of the call as it was made.
  const Py_ssize_t total = PyVectorcall_NARGS(nargsf) + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
  for (Py_ssize_t i = 0; i < total; ++i)
    if (decides(args[i])) return PyObject_Vectorcall(function_of(self)->real, args, nargsf, kwnames);
  return PyObject_Vectorcall(function_of(self)->begin, args, nargsf, kwnames);
}

PyObject* call_settled(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  try {
    settle();
  } catch (...) { return raise_current(); }
  return PyObject_Vectorcall(function_of(self)->real, args, nargsf, kwnames);
}

PyObject* new_function(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"real", "begin", "mode", nullptr};
  static const char* modes[] = {"always", "draws", "method", "shared", "lends", "native", "direct", "settles"};
  PyObject *real, *begin;
  const char* text = modes[0];
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|s", const_cast<char**>(names), &real, &begin, &text)) return nullptr;
  int mode = 0;
  while (mode < kModes && std::strcmp(text, modes[mode])) ++mode;
  if (mode == kModes) return PyErr_Format(PyExc_ValueError, "unknown mode %s", text);
  const bool native = static_cast<Mode>(mode) == Mode::native;
  if (native && (!PyCFunction_CheckExact(begin) || PyCFunction_GET_FLAGS(begin) != (METH_FASTCALL | METH_KEYWORDS)))
    return PyErr_Format(PyExc_TypeError, "%R is not a native function", begin);
  PyObject* o = type->tp_alloc(type, 0);
  if (!o) return nullptr;
  Function* f = function_of(o);
  f->vectorcall = native                                     ? call_native
                  : static_cast<Mode>(mode) == Mode::direct  ? call_direct
                  : static_cast<Mode>(mode) == Mode::settles ? call_settled
                                                             : call_function;
  f->real = Py_NewRef(real);
  f->begin = Py_NewRef(begin);
  f->mode = static_cast<Mode>(mode);
  if (f->mode == Mode::shared || f->mode == Mode::method || f->mode == Mode::draws) {
    Ref name(PyObject_GetAttrString(real, "__name__"));
    const char* text = name ? PyUnicode_AsUTF8(name.get()) : nullptr;
    if (text) f->distribution = distribution(text, f->mode == Mode::shared ? Draws::generator : Draws::random_state);
    if (f->distribution && f->mode == Mode::draws) {
      f->generator = PyObject_GetAttrString(real, "__self__");
      if (!f->generator) f->distribution = nullptr;
    }
    PyErr_Clear();
  }
  return o;
}

int traverse_function(PyObject* o, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(o));
  Py_VISIT(function_of(o)->real);
  Py_VISIT(function_of(o)->begin);
  Py_VISIT(function_of(o)->generator);
  Py_VISIT(function_of(o)->dict);
  return 0;
}

int clear_function(PyObject* o) {
  Py_CLEAR(function_of(o)->real);
  Py_CLEAR(function_of(o)->begin);
  Py_CLEAR(function_of(o)->generator);
  Py_CLEAR(function_of(o)->dict);
  return 0;
}

void free_function(PyObject* o) {
  PyTypeObject* type = Py_TYPE(o);
  PyObject_GC_UnTrack(o);
  if (function_of(o)->weakrefs) PyObject_ClearWeakRefs(o);
  clear_function(o);
  type->tp_free(o);
  Py_DECREF(type);
}

PyObject* bind_function(PyObject* self, PyObject* instance, PyObject*) {
  return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

// A function counts as NumPy's own wherever functions are compared or looked up: user code may meet either.
PyTypeObject* function_types[2] = {};
PyObject* real_of(PyObject* o) {
  return Py_TYPE(o) == function_types[0] || Py_TYPE(o) == function_types[1] ? function_of(o)->real : o;
}
PyObject* compare_function(PyObject* x, PyObject* y, int how) {
  if (how != Py_EQ && how != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  return PyObject_RichCompare(real_of(x), real_of(y), how);
}
Py_hash_t hash_function(PyObject* self) { return PyObject_Hash(function_of(self)->real); }

PyObject* show_function(PyObject* self) {
  Ref name(PyObject_GetAttrString(self, "__name__"));
  return name ? PyUnicode_FromFormat("<function %S at %p>", name.get(), self) : nullptr;
}

// What it has not is NumPy's: signatures, the protocol's implementation.
PyObject* get_attribute(PyObject* self, PyObject* name) {
  PyObject* r = PyObject_GenericGetAttr(self, name);
  if (r || !PyErr_ExceptionMatches(PyExc_AttributeError)) return r;
  PyErr_Clear();
  return PyObject_GetAttr(function_of(self)->real, name);
}

PyMemberDef function_members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(Function, vectorcall), READONLY, nullptr},
                                  {"__dictoffset__", T_PYSSIZET, offsetof(Function, dict), READONLY, nullptr},
                                  {"__weaklistoffset__", T_PYSSIZET, offsetof(Function, weakrefs), READONLY, nullptr},
                                  {"quick", T_BOOL, offsetof(Function, quick), 0, nullptr},
                                  {"small", T_BYTE, offsetof(Function, small), 0, nullptr},
                                  {"counted", T_BOOL, offsetof(Function, counted), 0, nullptr},
                                  {nullptr, 0, 0, 0, nullptr}};
PyGetSetDef function_attributes[] = {{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
                                     {nullptr, nullptr, nullptr, nullptr, nullptr}};
// What binds to instances comes first: what NumPy makes in C does not (`class A: make = np.array` calls it without the instance).
PyType_Slot function_slots[] = {{Py_tp_descr_get, reinterpret_cast<void*>(bind_function)},
                                {Py_tp_new, reinterpret_cast<void*>(new_function)},
                                {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                                {Py_tp_dealloc, reinterpret_cast<void*>(free_function)},
                                {Py_tp_traverse, reinterpret_cast<void*>(traverse_function)},
                                {Py_tp_clear, reinterpret_cast<void*>(clear_function)},
                                {Py_tp_repr, reinterpret_cast<void*>(show_function)},
                                {Py_tp_richcompare, reinterpret_cast<void*>(compare_function)},
                                {Py_tp_getattro, reinterpret_cast<void*>(get_attribute)},
                                {Py_tp_hash, reinterpret_cast<void*>(hash_function)},
                                {Py_tp_members, function_members},
                                {Py_tp_getset, function_attributes},
                                {0, nullptr}};
constexpr unsigned kCallable = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL;
PyType_Spec function_spec = {"numloom._core.function", sizeof(Function), 0, kCallable | Py_TPFLAGS_METHOD_DESCRIPTOR,
                             function_slots};
PyType_Spec builtin_spec = {"numloom._core.builtin_function", sizeof(Function), 0, kCallable, function_slots + 1};

// ---- functions of compiled modules -----------------------------------------------------------------------------------
// C code that finds such a function again reads it without asking for its class (SWIG does), so what replaces it is one. It carries
// the lending Function where its module stands: in an object of a class of modules, so that it pickles by name.

PyTypeObject* carrier_type = nullptr;
PyObject*& carried(PyObject* carrier) {
  return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(carrier) + PyModule_Type.tp_basicsize);
}

PyObject* call_carried(PyObject* carrier, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  return call_function(carried(carrier), args, static_cast<size_t>(n), kwnames);
}

}  // namespace

PyObject* run_lent(PyObject* owned) noexcept {
  if (!owned) return nullptr;
  Ref lent(owned);
  if (!PyTuple_CheckExact(owned) || PyTuple_GET_SIZE(owned) != 4 || !PyTuple_Check(PyTuple_GET_ITEM(owned, 1))) {
    PyErr_SetString(PyExc_SystemError, "a fallback hook returned something other than a lent call");
    return nullptr;
  }
  PyObject* kwargs = PyTuple_GET_ITEM(owned, 2);
  Ref finish = Ref::borrow(PyTuple_GET_ITEM(owned, 3));
  host_make_room();  // NumPy takes its memory elsewhere
  PyObject* result =
      PyObject_Call(PyTuple_GET_ITEM(owned, 0), PyTuple_GET_ITEM(owned, 1), kwargs == Py_None ? nullptr : kwargs);
  lent = Ref();  // the loans end here but for what `finish` keeps
  if (!result) {
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    Ref ended(PyObject_CallOneArg(finish.get(), Py_None));
    if (!ended) PyErr_Clear();
    PyErr_Restore(type, value, trace);
    return nullptr;
  }
  Ref box(PyList_New(1));
  if (!box) {
    Py_DECREF(result);
    return nullptr;
  }
  PyList_SET_ITEM(box.get(), 0, result);
  return PyObject_CallOneArg(finish.get(), box.get());
}

namespace {

// Both keep their objects for good, and no more than kMaxReasons of a function, since reasons may name shapes.
struct Declined {
  std::string reason;
  Lending lending;
};
constexpr size_t kMaxReasons = 8;
std::unordered_map<const char*, std::deque<Declined>> declined;  // by the literal that names a native function
std::map<std::pair<PyObject*, std::string>, Lending> ufunc_methods;

const Lending* lending_of(const char* name, const char* reason) {
  std::deque<Declined>& known = declined[name];
  for (const Declined& d : known)
    if (d.reason == reason) return &d.lending;
  if (known.size() >= kMaxReasons || !package_hooks.lending) return nullptr;
  Ref told(PyObject_CallFunction(package_hooks.lending, "ss", name, reason));
  Lending l;
  if (!told || !PyArg_ParseTuple(told.get(), "OO", &l.real, &l.counted)) return nullptr;
  Py_INCREF(l.real);
  l.counted = l.counted == Py_None ? nullptr : Py_NewRef(l.counted);
  return &known.emplace_back(Declined{reason, l}).lending;
}

const Lending* lending_of_ufunc(PyObject* real, const char* method) {
  const auto [at, fresh] = ufunc_methods.try_emplace({real, method});
  Lending& l = at->second;
  if (!fresh) return &l;
  const bool call = !std::strcmp(method, "__call__");
  l.real = call ? Py_NewRef(real) : PyObject_GetAttrString(real, method);
  l.counted = l.real;
  Py_INCREF(real);
  return &l;
}

bool lend_quickly(const Lending* f, PyObject* const* args, Py_ssize_t n, PyObject* kwnames, PyObject** result) {
  const Py_ssize_t all = n + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
  if (!f || !takes_short_way(*f, args, all)) return false;
  *result = call_quickly(*f, args, n, all, kwnames);
  return true;
}

}  // namespace

QuickWork::QuickWork(const char* name, const char* reason) : counted_(nullptr), start_(ticks()) {
  if (const Lending* f = lending_of(name, reason)) counted_ = f->counted;
  else if (PyErr_Occurred()) throw python_error{};
}
QuickWork::~QuickWork() {
  if (counted_) count(counted_, start_);
}
bool QuickWork::allowed() { return quick_allowed; }

bool call_ufunc_quickly(PyObject* real, const char* method, PyObject* const* args, Py_ssize_t n, PyObject* kwnames,
                        PyObject** result) {
  // What is known of a ufunc is kept for good: of those that np.frompyfunc made, which come and go, nothing is.
  if (reinterpret_cast<PyUFuncObject*>(real)->obj) return false;
  return lend_quickly(lending_of_ufunc(real, method), args, n, kwnames, result);
}

bool decline_quickly(const char* name, const char* reason, PyObject* const* args, Py_ssize_t n, PyObject* kwnames,
                     PyObject** result) {
  const Lending* f = lending_of(name, reason);
  if (!f && PyErr_Occurred()) {
    *result = nullptr;
    return true;
  }
  return lend_quickly(f, args, n, kwnames, result);
}

PyObject* as_builtin(PyObject* function) {
  if (Py_TYPE(function) != function_types[0] && Py_TYPE(function) != function_types[1])
    return PyErr_Format(PyExc_TypeError, "%R is not a function of ours", function);
  PyObject* real = function_of(function)->real;
  if (!PyCFunction_CheckExact(real)) return PyErr_Format(PyExc_TypeError, "%R is not a builtin function", real);
  const auto* old = reinterpret_cast<PyCFunctionObject*>(real);
  Ref carrier(PyObject_CallFunction(reinterpret_cast<PyObject*>(carrier_type), "s", old->m_ml->ml_name));
  if (!carrier || PyObject_SetAttrString(carrier.get(), "function", function) < 0) return nullptr;
  carried(carrier.get()) = function;
  const auto entry = reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(call_carried));
  // Lives as long as the process, as modules' functions do.
  auto* definition = new PyMethodDef{old->m_ml->ml_name, entry, METH_FASTCALL | METH_KEYWORDS, old->m_ml->ml_doc};
  return PyCFunction_NewEx(definition, carrier.get(), old->m_module);
}

void allow_quick_fallbacks(bool on) { quick_allowed = on; }

PyObject* quick_fallbacks() {
  Ref list(PyList_New(0));
  if (!list) return nullptr;
  for (const auto& [key, tally] : tallies) {
    Ref place = site_place(key.first);
    Ref row(Py_BuildValue("(OOLd)", place.get(), key.second, static_cast<long long>(tally.calls),
                          static_cast<double>(tally.ticks) * tick_seconds()));
    if (!row || PyList_Append(list.get(), row.get()) < 0) return nullptr;
  }
  return list.release();
}

void clear_quick_fallbacks() {
  const auto dead = std::exchange(tallies, {});
  for (const auto& [key, tally] : dead) Py_DECREF(key.second);
}

void init_trampoline(PyObject* module) {
  PyType_Slot no_slots[] = {{0, nullptr}};
  PyType_Spec carrier_spec = {"numloom._core.carrier", static_cast<int>(PyModule_Type.tp_basicsize + sizeof(PyObject*)), 0,
                              Py_TPFLAGS_DEFAULT, no_slots};
  Ref bases(PyTuple_Pack(1, &PyModule_Type));
  carrier_type = reinterpret_cast<PyTypeObject*>(checked(PyType_FromSpecWithBases(&carrier_spec, bases.get())).release());
  tick_seconds();
  PyTypeObject** kept = function_types;
  for (PyType_Spec* spec : {&function_spec, &builtin_spec}) {
    Ref type = checked(PyType_FromSpec(spec));
    check(PyModule_AddType(module, reinterpret_cast<PyTypeObject*>(type.get())));
    *kept++ = reinterpret_cast<PyTypeObject*>(type.release());
  }
}

}  // namespace numloom::python
