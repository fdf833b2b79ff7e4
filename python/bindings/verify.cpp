// --verify: every flush is also described to the package, which computes it with NumPy on copies and compares. Describing and
// copying happen in the flush and run no Python; comparing comes after it, when signal handlers and other threads may compute.
// Thread safety: the engine lock and the GIL.
#include <cstring>
#include <deque>
#include <unordered_map>

#include "calls.h"
#include "convert.h"
#include "engine/engine.h"
#include "ndarray.h"
#include "verify.h"

namespace numloom::python {
namespace {

PyObject* check_callback = nullptr;

struct Checked {
  std::unordered_map<Buffer*, PyObject*> shadows;  // retained, but by no handle: planning must not see us -> owned copy
  Ref steps;
};

struct Kept { Ref steps, memories; };
std::deque<Kept> kept;  // flushes to be compared

// A copy of what the buffer holds before the flush, as bytes.
PyObject* shadow_of(Checked& c, Buffer* b) {
  auto found = c.shadows.find(b);
  if (found != c.shadows.end()) return found->second;
  npy_intp size = b->nbytes;
  Ref bytes = checked(PyArray_ZEROS(1, &size, NPY_UINT8, 0));
  if (b->host_valid || b->device_valid)
    std::memcpy(PyArray_DATA(reinterpret_cast<PyArrayObject*>(bytes.get())), Engine::get().home(*b), b->nbytes);
  b->retain();
  return c.shadows.emplace(b, bytes.release()).first->second;
}

// (bytes, dtype, offset, shape, strides), or (None, dtype, value).
Ref describe_operand(Checked& c, const numloom::Operand& o) {
  PyObject* descr = reinterpret_cast<PyObject*>(descr_of(o.dtype));
  if (!o.buf) {
    Array held = scalar_array(o.scalar);
    Ref value = checked(make_scalar(host_data(held), held.dtype));
    return checked(Py_BuildValue("(OOO)", Py_None, descr, value.get()));
  }
  Ref shape = checked(shape_tuple(o.layout.shape, o.layout.ndim)),
      strides = checked(shape_tuple(o.layout.strides, o.layout.ndim));
  return checked(Py_BuildValue("(OOLOO)", shadow_of(c, o.buf), descr, static_cast<long long>(o.layout.offset), shape.get(),
                               strides.get()));
}

Ref describe_instruction(Checked& c, const Instr& i) {
  Ref in = checked(PyTuple_New(i.nin)), types = checked(PyTuple_New(i.nin));
  for (int k = 0; k < i.nin; ++k) {
    PyTuple_SET_ITEM(in.get(), k, describe_operand(c, i.in[k]).release());
    const DType t = i.kind == Kind::map ? op_input_type(i.op, i.type, k) : kNoDType;
    PyObject* d = t == kNoDType ? Py_None : reinterpret_cast<PyObject*>(descr_of(t));
    PyTuple_SET_ITEM(types.get(), k, Py_NewRef(d));
  }
  Ref out = describe_operand(c, i.out), place = site_place(i.site);
  const char* op = i.op == Op::none ? "" : op_info(i.op).name;
  return checked(Py_BuildValue("(ssOiIOOOO)", kind_name(i.kind), op, reinterpret_cast<PyObject*>(descr_of(i.type)), i.axis,
                               i.axes, types.get(), out.get(), in.get(), place.get()));
}

// An error of the callback is shown and forgotten, but for Ctrl-C, which is raised when the call has ended.
void leave_error() {
  const bool interrupted = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt);
  if (!interrupted) return PyErr_WriteUnraisable(check_callback);
  PyErr_Clear();
  PyErr_SetInterrupt();
}

void* verify_begin(const Program& program) {
  const PyGILState_STATE gil = PyGILState_Ensure();
  auto* c = new Checked;
  try {
    Ref steps = checked(PyList_New(0));
    for (int i = 0; i < program.size(); ++i) {
      if (program.completed(i)) continue;
      Ref step = describe_instruction(*c, program[i]);
      check(PyList_Append(steps.get(), step.get()));
    }
    c->steps = std::move(steps);
  } catch (...) { leave_error(); }
  PyGILState_Release(gil);
  return c;
}

void verify_end(void* state, bool ran) {
  const PyGILState_STATE gil = PyGILState_Ensure();
  auto* c = static_cast<Checked*>(state);
  try {
    Ref pairs = checked(PyList_New(0));
    for (auto& [buffer, shadow] : c->shadows) {
      // What no name can reach need not have been stored.
      if (!ran || !c->steps || buffer->handles() == 0 || !(buffer->host_valid || buffer->device_valid)) continue;
      npy_intp size = buffer->nbytes;
      Ref actual = checked(PyArray_EMPTY(1, &size, NPY_UINT8, 0));
      std::memcpy(PyArray_DATA(reinterpret_cast<PyArrayObject*>(actual.get())), Engine::get().home(*buffer), buffer->nbytes);
      Ref pair = checked(Py_BuildValue("(OO)", shadow, actual.get()));
      check(PyList_Append(pairs.get(), pair.get()));
    }
    if (ran && c->steps) kept.push_back({std::move(c->steps), std::move(pairs)});
  } catch (...) { leave_error(); }
  for (auto& [buffer, shadow] : c->shadows) {
    Py_DECREF(shadow);
    buffer->release();
  }
  delete c;
  PyGILState_Release(gil);
}

void compare_kept() {
  const PyGILState_STATE gil = PyGILState_Ensure();
  while (!kept.empty()) {
    const Kept next = std::move(kept.front());
    kept.pop_front();
    const Ref done(PyObject_CallFunctionObjArgs(check_callback, next.steps.get(), next.memories.get(), nullptr));
    if (!done) leave_error();
  }
  PyGILState_Release(gil);
}

// set_verify(check): check(steps, [(before, after), ...]) computes with NumPy on the memory before, and compares.
PyObject* set_verify(PyObject*, PyObject* check) {
  Py_XSETREF(check_callback, Py_NewRef(check));
  hooks().verify_begin = verify_begin;
  hooks().verify_end = verify_end;
  hooks().verify = compare_kept;
  Py_RETURN_NONE;
}

PyMethodDef set_verify_def = {"set_verify", set_verify, METH_O, "Check every flush with this callback."};

}  // namespace

void init_verify(PyObject* module) {
  Ref f = checked(PyCFunction_New(&set_verify_def, nullptr));
  check(PyModule_AddObjectRef(module, "set_verify", f.get()));
}

}  // namespace numloom::python
