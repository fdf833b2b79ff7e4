// The engine's hooks: where in the user's program a call is, warnings issued there, errstate, signals, the GIL.
#include <dlfcn.h>
#include <xmmintrin.h>

#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/record.h"
#include "calls.h"
#include "engine/hooks.h"
#include "frames.h"
#include "ops_table.h"

namespace numloom::python {

namespace {

// ---- sites ---------------------------------------------------------------------------------------------------------

struct Site {
  PyCodeObject* code;  // owned
  int instruction;
  PyObject* globals;   // owned: the module whose registry remembers the warning
};
std::vector<Site> sites(1);

// Open addressing over (code, instruction); sizes are powers of two, at most half full.
std::vector<uint32_t> table(1024, 0);
std::unordered_map<PyObject*, bool> ours_by_code;  // whether a code object is the package's own; owned
std::string package_folder;

size_t slot_of(const PyObject* code, int instruction) {
  uint64_t h = reinterpret_cast<uintptr_t>(code) >> 4;
  h = (h ^ static_cast<uint64_t>(instruction) << 40) * 0x9E3779B97F4A7C15ull;
  return h >> 32;
}

void grow_table() {
  std::vector<uint32_t> bigger(table.size() * 2, 0);
  for (uint32_t id : table) {
    if (!id) continue;
    size_t i = slot_of(reinterpret_cast<PyObject*>(sites[id].code), sites[id].instruction) & (bigger.size() - 1);
    while (bigger[i]) i = (i + 1) & (bigger.size() - 1);
    bigger[i] = id;
  }
  table.swap(bigger);
}

bool is_package_code(PyObject* code) {
  const auto known = ours_by_code.find(code);
  if (known != ours_by_code.end()) return known->second;
  const char* file = PyUnicode_AsUTF8(reinterpret_cast<PyCodeObject*>(code)->co_filename);
  if (!file) PyErr_Clear();
  const bool inside = file && !package_folder.empty() && std::strncmp(file, package_folder.c_str(), package_folder.size()) == 0;
  Py_INCREF(code);
  ours_by_code.emplace(code, inside);
  return inside;
}

// Programs that make code without end (exec in a loop) share the last ids.
constexpr size_t kMaxSites = 1 << 20;

uint32_t site() {
  const InterpreterFrame* f = innermost_frame();
  for (; f; f = f->previous) {
    if (!is_python_frame(f)) continue;
    const int at = instruction_index(f);
    size_t i = slot_of(f->code, at) & (table.size() - 1);
    for (; table[i]; i = (i + 1) & (table.size() - 1)) {
      const Site& s = sites[table[i]];
      if (reinterpret_cast<PyObject*>(s.code) == f->code && s.instruction == at) return table[i];
    }
    if (is_package_code(f->code)) continue;
    if (sites.size() >= kMaxSites) return 0;
    Py_INCREF(f->code);
    Py_INCREF(f->globals);
    sites.push_back({reinterpret_cast<PyCodeObject*>(f->code), at, f->globals});
    const auto id = static_cast<uint32_t>(sites.size() - 1);
    table[i] = id;
    if (sites.size() * 2 > table.size()) grow_table();
    return id;
  }
  return 0;
}

// ---- warnings ------------------------------------------------------------------------------------------------------

const char* phrase(uint8_t category) {
  return category == kWarnDivide  ? "divide by zero"
         : category == kWarnOver  ? "overflow"
         : category == kWarnUnder ? "underflow"
                                  : "invalid value";
}

bool warn_at(uint32_t id, uint8_t category, const char* ufunc) {
  Ref text(PyUnicode_FromFormat("%s encountered in %s", phrase(category), ufunc));
  if (!text) return false;
  if (id == 0 || id >= sites.size()) return PyErr_WarnEx(PyExc_RuntimeWarning, PyUnicode_AsUTF8(text.get()), 1) == 0;
  const Site& s = sites[id];
  const int line = PyCode_Addr2Line(s.code, s.instruction * static_cast<int>(sizeof(CodeUnit)));
  PyObject* module = PyDict_GetItemString(s.globals, "__name__");
  PyObject* registry = PyDict_GetItemString(s.globals, "__warningregistry__");
  Ref made;
  if (!registry) {
    made = Ref(PyDict_New());
    if (!made || PyDict_SetItemString(s.globals, "__warningregistry__", made.get()) < 0) return false;
    registry = made.get();
  }
  return PyErr_WarnExplicitObject(PyExc_RuntimeWarning, text.get(), s.code->co_filename, line, module, registry) == 0;
}

bool warn(uint32_t id, uint8_t category, const char* ufunc) {
  const PyGILState_STATE gil = PyGILState_Ensure();
  // An error that is on its way out is not to be lost.
  const bool busy = PyErr_Occurred() != nullptr;
  bool ok = true;
  if (!busy) {
    ok = warn_at(id, category, ufunc);
    if (!ok) error_left = true;
  }
  PyGILState_Release(gil);
  return ok;
}

// ---- errstate ------------------------------------------------------------------------------------------------------

PyObject* errstate_variable = nullptr;
PyObject* default_errstate = nullptr;  // borrowed from the variable
PyObject* geterr = nullptr;
PyObject* seen_errstate = nullptr;     // owned: the identity stays its own
uint8_t seen_mask = 0;
bool seen_needs_numpy = false;
constexpr uint8_t kDefaultMask = kWarnDivide | kWarnOver | kWarnInvalid;
thread_local uint8_t current_mask = kDefaultMask;  // of the call that this thread is in

// The kinds of errors, and the bits that stand for them in the number that a state begins with: learnt from states made for it.
struct ErrorKind {
  const char* name;
  uint8_t warning;
  int any = 0, warn = 0;
};
ErrorKind error_kinds[] = {{"divide", kWarnDivide}, {"over", kWarnOver}, {"under", kWarnUnder}, {"invalid", kWarnInvalid}};
bool errstate_known = false;  // NumPy's states are what this says

// That number; -1 where the state is something else.
int errstate_bits(PyObject* state) {
  constexpr const char* kName = "numpy.ufunc.extobj";
  return PyCapsule_IsValid(state, kName) ? *static_cast<const int*>(PyCapsule_GetPointer(state, kName)) : -1;
}

// Learns the bits of each kind: true where all that NumPy makes is understood.
bool learn_errstate(PyObject* umath) {
  Ref make(PyObject_GetAttrString(umath, "_make_extobj"));
  if (!make) return false;
  const auto bits = [&](const char* name, const char* mode) {
    Ref none(PyTuple_New(0)), modes(Py_BuildValue("{s:s,s:s}", "all", "ignore", name, mode));
    Ref state(none && modes ? PyObject_Call(make.get(), none.get(), modes.get()) : nullptr);
    return state ? errstate_bits(state.get()) : -1;
  };
  int all = 0;
  for (ErrorKind& kind : error_kinds) {
    kind.any = 0;
    if (bits(kind.name, "ignore") != 0) return false;
    for (const char* mode : {"warn", "raise", "call", "print", "log"}) {
      const int one = bits(kind.name, mode);
      if (one <= 0 || (one & all)) return false;
      kind.any |= one;
    }
    kind.warn = bits(kind.name, "warn");
    all |= kind.any;
  }
  return true;
}

void read_errstate(PyObject* state) {
  uint8_t mask = 0;
  bool acts = false;
  // Nothing here looks for underflow: who asks for it gets NumPy.
  const auto take = [&](const ErrorKind& kind, bool warns, bool ignores) {
    if (warns && kind.warning != kWarnUnder) mask |= kind.warning;
    else if (!ignores) acts = true;
  };
  if (const int bits = errstate_known ? errstate_bits(state) : -1; bits >= 0) {
    for (const ErrorKind& kind : error_kinds) take(kind, (bits & kind.any) == kind.warn, (bits & kind.any) == 0);
  } else {
    Ref modes = checked(PyObject_CallNoArgs(geterr));
    for (const ErrorKind& kind : error_kinds)
      if (PyObject* mode = PyDict_GetItemString(modes.get(), kind.name))
        take(kind, PyUnicode_CompareWithASCIIString(mode, "warn") == 0, PyUnicode_CompareWithASCIIString(mode, "ignore") == 0);
  }
  Py_INCREF(state);
  Py_XSETREF(seen_errstate, state);
  seen_mask = mask;
  seen_needs_numpy = acts;
}

uint8_t warn_mask() { return current_mask; }

// ---- warning filters -----------------------------------------------------------------------------------------------

PyObject* warnings_dict = nullptr;  // of the module warnings
PyObject* filters_name = nullptr;
// What was judged: the list, its length and its first entry. Filters are put in front, or the list is replaced.
uint64_t seen_version = 0;  // of the dict, when it held the list
PyObject* seen_filters = nullptr;  // owned, and so is the entry: the identities stay their own
PyObject* seen_first = nullptr;
Py_ssize_t seen_count = -1;
bool seen_raises = false;

// Whether the first filter that concerns every RuntimeWarning, or one before it, raises.
bool filters_raise(PyObject* filters) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(filters); ++i) {
    PyObject* entry = PyList_GET_ITEM(filters, i);  // (action, message, category, module, line)
    if (!PyTuple_Check(entry) || PyTuple_GET_SIZE(entry) != 5) continue;
    const int concerned = PyObject_IsSubclass(PyExc_RuntimeWarning, PyTuple_GET_ITEM(entry, 2));
    if (concerned < 0) PyErr_Clear();
    if (concerned <= 0) continue;
    PyObject* action = PyTuple_GET_ITEM(entry, 0);
    if (PyUnicode_Check(action) && PyUnicode_CompareWithASCIIString(action, "error") == 0) return true;
    if (PyTuple_GET_ITEM(entry, 1) == Py_None && PyTuple_GET_ITEM(entry, 3) == Py_None) return false;
  }
  return false;
}

bool warnings_raise() {
  const uint64_t version = dict_version(warnings_dict);
  PyObject* filters = version == seen_version ? seen_filters : PyDict_GetItemWithError(warnings_dict, filters_name);
  if (!filters || !PyList_Check(filters)) return false;
  PyObject* first = PyList_GET_SIZE(filters) ? PyList_GET_ITEM(filters, 0) : nullptr;
  if (filters == seen_filters && first == seen_first && PyList_GET_SIZE(filters) == seen_count) {
    seen_version = version;
    return seen_raises;
  }
  seen_raises = filters_raise(filters);
  seen_count = PyList_GET_SIZE(filters);
  Py_XINCREF(first);
  Py_XSETREF(seen_first, first);
  Py_INCREF(filters);
  Py_XSETREF(seen_filters, filters);
  seen_version = version;
  return seen_raises;
}

// ---- signals and the GIL -------------------------------------------------------------------------------------------

bool poll() {
  const PyGILState_STATE gil = PyGILState_Ensure();
  const bool raised = PyErr_CheckSignals() != 0;
  PyGILState_Release(gil);
  return raised;
}

void* release_lock() { return PyGILState_Check() ? PyEval_SaveThread() : nullptr; }
void reacquire_lock(void* state) {
  if (state) PyEval_RestoreThread(static_cast<PyThreadState*>(state));
}

}  // namespace

bool errstate_needs_numpy() {
  PyObject* state = nullptr;
  if (PyContextVar_Get(errstate_variable, nullptr, &state) < 0) throw python_error{};
  const Ref held(state);
  if (state == default_errstate) {
    current_mask = kDefaultMask;
    return warnings_raise();
  }
  if (state != seen_errstate) read_errstate(state);
  current_mask = seen_mask;
  return seen_needs_numpy || (seen_mask && warnings_raise());
}

Attempt::Attempt() {
  current_mask = 0;
  _MM_SET_EXCEPTION_STATE(0);
}

bool Attempt::spoilt() const {
  constexpr unsigned kFlags = _MM_EXCEPT_INVALID | _MM_EXCEPT_DIV_ZERO | _MM_EXCEPT_OVERFLOW | _MM_EXCEPT_UNDERFLOW;
  return (_MM_GET_EXCEPTION_STATE() & kFlags) != 0;
}

PyObject* Attempt::kept(PyObject* result) const {
  if (!result || !spoilt()) return result;
  Py_DECREF(result);
  return nullptr;
}

bool Attempt::suits(Op op) {
  switch (op) {
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::negative:
    case Op::absolute:
    case Op::square:
    case Op::sqrt:
    case Op::maximum:
    case Op::minimum:
    case Op::clip: return true;
    default: return false;
  }
}

bool Attempt::suits(const Array& a) {
  const DType t = a.dtype;
  return (t == DType::f8 || t == DType::f4 || is_integer(t) || t == DType::b1) && ready_here(a) && runs_now(a.size() * 16);
}

std::string place(uint32_t id) {
  if (id == 0 || id >= sites.size()) return {};
  const Site& s = sites[id];
  const char* file = PyUnicode_AsUTF8(s.code->co_filename);
  if (!file) {
    PyErr_Clear();
    return {};
  }
  return std::string(file) + ":" + std::to_string(PyCode_Addr2Line(s.code, s.instruction * static_cast<int>(sizeof(CodeUnit))));
}

void install_hooks() {
  Hooks& h = hooks();
  h.site = site;
  h.place = place;
  h.warn = warn;
  h.poll = poll;
  h.release_lock = release_lock;
  h.reacquire_lock = reacquire_lock;
  h.warn_mask = warn_mask;
}

Ref site_place(uint32_t id) {
  if (id == 0 || id >= sites.size()) return Ref::borrow(Py_None);
  const Site& s = sites[id];
  return checked(
      Py_BuildValue("(Oi)", s.code->co_filename, PyCode_Addr2Line(s.code, s.instruction * static_cast<int>(sizeof(CodeUnit)))));
}

void init_sites() {
  Ref umath = checked(PyImport_ImportModule("numpy._core._multiarray_umath"));
  errstate_variable = checked(PyObject_GetAttrString(umath.get(), "_extobj_contextvar")).release();
  check(PyContextVar_Get(errstate_variable, nullptr, &default_errstate));
  errstate_known = learn_errstate(umath.get());
  PyErr_Clear();
  Ref warnings = checked(PyImport_ImportModule("warnings"));
  warnings_dict = Py_NewRef(PyModule_GetDict(warnings.get()));
  filters_name = checked(PyUnicode_InternFromString("filters")).release();
  Ref numpy = checked(PyImport_ImportModule("numpy"));
  Ref public_geterr = checked(PyObject_GetAttrString(numpy.get(), "geterr"));
  // What that one copies from.
  geterr = PyObject_GetAttrString(umath.get(), "_get_extobj_dict");
  if (!geterr) {
    PyErr_Clear();
    geterr = Py_NewRef(public_geterr.get());
  }
  // Imported under a changed errstate, the value now is not the default: read it as any other.
  Ref modes = checked(PyObject_CallNoArgs(public_geterr.get()));
  Ref standard =
      checked(Py_BuildValue("{s:s,s:s,s:s,s:s}", "divide", "warn", "over", "warn", "under", "ignore", "invalid", "warn"));
  const int same = PyObject_RichCompareBool(modes.get(), standard.get(), Py_EQ);
  check(same);
  if (!same) default_errstate = nullptr;
  // This very file lies in the package's folder.
  Dl_info where;
  if (dladdr(reinterpret_cast<void*>(&install_hooks), &where) && where.dli_fname) {
    package_folder = where.dli_fname;
    package_folder.erase(package_folder.find_last_of('/') + 1);
  }
  ours_by_code.reserve(1024);
}

}  // namespace numloom::python
