// What stands in for `__import__` and `__build_class__` in user code.
#include "import_hooks.h"

#include <structmember.h>

#include <cstddef>
#include <cstring>

#include "calls.h"

namespace numloom::python {

namespace {

struct Hook {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* original;
  PyObject* handler;
};

constexpr unsigned kCallable = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL;

// Whether `name` is `package` or a module in it.
bool in_package(const char* name, const char* package) {
  const size_t n = std::strlen(package);
  return std::strncmp(name, package, n) == 0 && (name[n] == 0 || name[n] == '.');
}

PyObject* call_import(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  auto* hook = reinterpret_cast<Hook*>(self);
  PyObject* target = hook->original;
  // `from .numpy import x` names a module of the importing package.
  const Py_ssize_t n = PyVectorcall_NARGS(nargsf);
  const bool relative = n > 4 && PyLong_Check(args[4]) && PyObject_IsTrue(args[4]) == 1;
  if (n > 0 && !relative && PyUnicode_Check(args[0])) {
    const char* name = PyUnicode_AsUTF8(args[0]);
    if (!name) PyErr_Clear();
    if (name && in_package(name, "numpy")) target = hook->handler;
  }
  return PyObject_Vectorcall(target, args, nargsf, kwnames);
}

// `__build_class__`: a class that speaks one of NumPy's protocols is shown to `handler` once it is made.
PyObject* call_build_class(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  auto* hook = reinterpret_cast<Hook*>(self);
  PyObject* made = PyObject_Vectorcall(hook->original, args, nargsf, kwnames);
  if (!made || !PyType_Check(made)) return made;
  static PyObject* names[] = {PyUnicode_InternFromString("__array__"), PyUnicode_InternFromString("__array_ufunc__"),
                              PyUnicode_InternFromString("__array_function__")};
  PyObject* body = reinterpret_cast<PyTypeObject*>(made)->tp_dict;
  bool speaks = false;
  for (PyObject* name : names) speaks |= body && PyDict_Contains(body, name) == 1;
  if (!speaks) return made;
  Ref done(PyObject_CallOneArg(hook->handler, made));
  if (done) return made;
  Py_DECREF(made);
  return nullptr;
}

template <vectorcallfunc Call>
PyObject* new_hook(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject *original, *handler;
  if (!PyArg_ParseTuple(args, "OO", &original, &handler)) return nullptr;
  PyObject* o = type->tp_alloc(type, 0);
  if (!o) return nullptr;
  auto* hook = reinterpret_cast<Hook*>(o);
  hook->vectorcall = Call;
  hook->original = Py_NewRef(original);
  hook->handler = Py_NewRef(handler);
  return o;
}

int traverse_hook(PyObject* o, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(o));
  Py_VISIT(reinterpret_cast<Hook*>(o)->original);
  Py_VISIT(reinterpret_cast<Hook*>(o)->handler);
  return 0;
}

int clear_hook(PyObject* o) {
  Py_CLEAR(reinterpret_cast<Hook*>(o)->original);
  Py_CLEAR(reinterpret_cast<Hook*>(o)->handler);
  return 0;
}

void free_hook(PyObject* o) {
  PyTypeObject* type = Py_TYPE(o);
  PyObject_GC_UnTrack(o);
  clear_hook(o);
  type->tp_free(o);
  Py_DECREF(type);
}

PyMemberDef hook_members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(Hook, vectorcall), READONLY, nullptr},
                              {nullptr, 0, 0, 0, nullptr}};
template <vectorcallfunc Call>
PyType_Slot hook_slots[] = {{Py_tp_new, reinterpret_cast<void*>(new_hook<Call>)},
                            {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                            {Py_tp_dealloc, reinterpret_cast<void*>(free_hook)},
                            {Py_tp_traverse, reinterpret_cast<void*>(traverse_hook)},
                            {Py_tp_clear, reinterpret_cast<void*>(clear_hook)},
                            {Py_tp_members, hook_members},
                            {0, nullptr}};
PyType_Spec import_hook_spec = {"numloom._core.import_hook", sizeof(Hook), 0, kCallable, hook_slots<call_import>};
PyType_Spec class_hook_spec = {"numloom._core.class_hook", sizeof(Hook), 0, kCallable, hook_slots<call_build_class>};

}  // namespace

void init_import_hooks(PyObject* module) {
  for (PyType_Spec* spec : {&import_hook_spec, &class_hook_spec}) {
    Ref type = checked(PyType_FromSpec(spec));
    check(PyModule_AddType(module, reinterpret_cast<PyTypeObject*>(type.get())));
  }
}

}  // namespace numloom::python
