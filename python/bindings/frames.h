// What recording asks of the interpreter at every call: the innermost Python frame, read without making a frame object of it,
// and whether a dict changed. The interpreter's own layout, per version; CPython keeps it within a minor version.
#pragma once
#include <Python.h>

#include <cstdint>

namespace numloom::python {

using CodeUnit = uint16_t;

#if PY_VERSION_HEX < 0x030B0000 || PY_VERSION_HEX >= 0x030E0000
#error "frames.h knows Python 3.11, 3.12 and 3.13"
#endif

#if PY_VERSION_HEX < 0x030C0000
struct InterpreterFrame {
  PyObject* function;
  PyObject* globals;
  PyObject* builtins;
  PyObject* locals;
  PyObject* code;
  PyObject* frame_object;
  InterpreterFrame* previous;
  CodeUnit* instruction;
  int stacktop;
  bool is_entry;
  char owner;
};
#else
struct InterpreterFrame {
  PyObject* code;
  InterpreterFrame* previous;
  PyObject* function;
  PyObject* globals;
  PyObject* builtins;
  PyObject* locals;
  PyObject* frame_object;
  CodeUnit* instruction;
  int stacktop;
  uint16_t return_offset;
  char owner;
};
#endif

inline InterpreterFrame* innermost_frame() {
  PyThreadState* t = PyThreadState_GET();
#if PY_VERSION_HEX < 0x030D0000
  return reinterpret_cast<InterpreterFrame*>(t->cframe->current_frame);
#else
  return reinterpret_cast<InterpreterFrame*>(t->current_frame);
#endif
}

// A frame of C code between Python frames has no code object of a function.
inline bool is_python_frame(const InterpreterFrame* f) { return f->owner != 3 && f->code && PyCode_Check(f->code); }

// Differs after every change of the dict (3.12 names it deprecated, since 3.14 has none).
inline uint64_t dict_version(PyObject* dict) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  return reinterpret_cast<PyDictObject*>(dict)->ma_version_tag;
#pragma GCC diagnostic pop
}

// In code units from the start of the code.
inline int instruction_index(const InterpreterFrame* f) {
  auto* code = reinterpret_cast<PyCodeObject*>(f->code);
  return static_cast<int>(f->instruction - reinterpret_cast<CodeUnit*>(code->co_code_adaptive));
}

}  // namespace numloom::python
