// `a.flags`: what the layout allowed when it was asked for. What is set is set for the array.
#include <string_view>

#include "calls.h"
#include "describe.h"

namespace numloom::python {

namespace {

struct Flags {
  PyObject_HEAD PyObject* array;
  int bits;  // NumPy's
};
PyTypeObject *flags_type = nullptr, *numpys_type = nullptr;

int bits_of(PyObject* o) { return reinterpret_cast<Flags*>(o)->bits; }

constexpr int kC = NPY_ARRAY_C_CONTIGUOUS, kF = NPY_ARRAY_F_CONTIGUOUS, kAligned = NPY_ARRAY_ALIGNED,
              kWriteable = NPY_ARRAY_WRITEABLE;

enum class Flag : intptr_t { c, f, own, writeable, aligned, writeback, fnc, forc, behaved, carray, farray };

bool value_of(int bits, Flag flag) {
  const bool behaved = (bits & kAligned) && (bits & kWriteable);
  switch (flag) {
    case Flag::c: return bits & kC;
    case Flag::f: return bits & kF;
    case Flag::own: return bits & NPY_ARRAY_OWNDATA;
    case Flag::writeable: return bits & kWriteable;
    case Flag::aligned: return bits & kAligned;
    case Flag::writeback: return bits & NPY_ARRAY_WRITEBACKIFCOPY;
    case Flag::fnc: return (bits & kF) && !(bits & kC);
    case Flag::forc: return bits & (kF | kC);
    case Flag::behaved: return behaved;
    case Flag::carray: return behaved && (bits & kC);
    case Flag::farray: return (bits & (kAligned | kWriteable | kF)) && !(bits & kC);  // NumPy's: any of the three
  }
  return false;
}

// What `a.flags[key]` knows.
struct Key {
  std::string_view text;
  Flag flag;
};
constexpr Key kKeys[] = {
    {"C", Flag::c},
    {"CONTIGUOUS", Flag::c},
    {"C_CONTIGUOUS", Flag::c},
    {"F", Flag::f},
    {"FORTRAN", Flag::f},
    {"F_CONTIGUOUS", Flag::f},
    {"O", Flag::own},
    {"OWNDATA", Flag::own},
    {"W", Flag::writeable},
    {"WRITEABLE", Flag::writeable},
    {"A", Flag::aligned},
    {"ALIGNED", Flag::aligned},
    {"X", Flag::writeback},
    {"WRITEBACKIFCOPY", Flag::writeback},
    {"B", Flag::behaved},
    {"BEHAVED", Flag::behaved},
    {"CA", Flag::carray},
    {"CARRAY", Flag::carray},
    {"FA", Flag::farray},
    {"FARRAY", Flag::farray},
    {"FNC", Flag::fnc},
    {"FORC", Flag::forc},
};

const Key* find(PyObject* key) {
  Ref bytes = PyUnicode_Check(key) ? Ref(PyUnicode_AsASCIIString(key)) : PyBytes_Check(key) ? Ref::borrow(key) : Ref();
  if (!bytes && PyErr_Occurred()) return nullptr;
  const std::string_view text =
      bytes ? std::string_view(PyBytes_AS_STRING(bytes.get()), PyBytes_GET_SIZE(bytes.get())) : std::string_view();
  for (const Key& k : kKeys)
    if (k.text == text) return &k;
  PyErr_SetString(PyExc_KeyError, "Unknown flag");
  return nullptr;
}

PyObject* get(PyObject* self, void* flag) {
  return PyBool_FromLong(value_of(bits_of(self), static_cast<Flag>(reinterpret_cast<intptr_t>(flag))));
}

int set_named(PyObject* self, const char* parameter, PyObject* value) {
  if (array_of(reinterpret_cast<Flags*>(self)->array).is_scalar) {
    PyErr_SetString(PyExc_ValueError, "Cannot set flags on array scalars.");
    return -1;
  }
  const int on = PyObject_IsTrue(value);
  if (on < 0) return -1;
  Ref method(PyObject_GetAttrString(reinterpret_cast<Flags*>(self)->array, "setflags"));
  Ref none(PyTuple_New(0)), named(Py_BuildValue("{s:O}", parameter, on ? Py_True : Py_False));
  return method && none && named && Ref(PyObject_Call(method.get(), none.get(), named.get())) ? 0 : -1;
}

int set(PyObject* self, PyObject* value, void* flag) {
  const auto which = static_cast<Flag>(reinterpret_cast<intptr_t>(flag));
  if (!value) {
    PyErr_Format(PyExc_AttributeError, "Cannot delete flags %s attribute",
                 which == Flag::writeable ? "writeable"
                 : which == Flag::aligned ? "aligned"
                                          : "writebackifcopy");
    return -1;
  }
  return set_named(self, which == Flag::writeable ? "write" : which == Flag::aligned ? "align" : "uic", value);
}

// Kept for NumPy's checks alone: writes of such arrays do not warn here (docs/differences.md).
int set_warn_on_write(PyObject* self, PyObject* value, void*) {
  if (!value) {
    PyErr_SetString(PyExc_AttributeError, "Cannot delete flags _warn_on_write attribute");
    return -1;
  }
  const int on = PyObject_IsTrue(value);
  if (on > 0 && array_of(reinterpret_cast<Flags*>(self)->array).writeable) return 0;
  if (on >= 0) {
    PyErr_SetString(PyExc_ValueError, on ? "cannot set '_warn_on_write' flag when 'writable' is False"
                                         : "cannot clear '_warn_on_write', set writeable True to clear this private flag");
  }
  return -1;
}

PyObject* get_num(PyObject* self, void*) { return PyLong_FromLong(bits_of(self)); }

PyObject* subscript(PyObject* self, PyObject* key) {
  const Key* k = find(key);
  return k ? PyBool_FromLong(value_of(bits_of(self), k->flag)) : nullptr;
}

int assign_subscript(PyObject* self, PyObject* key, PyObject* value) {
  const Key* k = find(key);
  if (!k) return -1;
  if (k->flag != Flag::writeable && k->flag != Flag::aligned && k->flag != Flag::writeback) {
    PyErr_SetString(PyExc_KeyError, "Unknown flag");
    return -1;
  }
  return set(self, value, reinterpret_cast<void*>(static_cast<intptr_t>(k->flag)));
}

PyObject* compare(PyObject* self, PyObject* other, int how) {
  if ((how != Py_EQ && how != Py_NE) || (Py_TYPE(other) != flags_type && Py_TYPE(other) != numpys_type))
    Py_RETURN_NOTIMPLEMENTED;
  Ref num(PyObject_GetAttrString(other, "num"));
  const long bits = num ? PyLong_AsLong(num.get()) : -1;
  if (PyErr_Occurred()) return nullptr;
  return PyBool_FromLong((bits == bits_of(self)) == (how == Py_EQ));
}

PyObject* show(PyObject* self) {
  const auto text = [&](Flag flag) { return value_of(bits_of(self), flag) ? "True" : "False"; };
  return PyUnicode_FromFormat(
      "  C_CONTIGUOUS : %s\n  F_CONTIGUOUS : %s\n  OWNDATA : %s\n  WRITEABLE : %s\n  ALIGNED : %s\n  WRITEBACKIFCOPY : %s\n",
      text(Flag::c), text(Flag::f), text(Flag::own), text(Flag::writeable), text(Flag::aligned), text(Flag::writeback));
}

void dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  Py_DECREF(reinterpret_cast<Flags*>(self)->array);
  PyObject_Free(self);
  Py_DECREF(type);
}

PyGetSetDef attribute(const char* name, Flag flag, setter change = nullptr) {
  return {name, get, change, nullptr, reinterpret_cast<void*>(static_cast<intptr_t>(flag))};
}
PyGetSetDef attributes[] = {
    attribute("contiguous", Flag::c),
    attribute("c_contiguous", Flag::c),
    attribute("f_contiguous", Flag::f),
    attribute("fortran", Flag::f),
    attribute("owndata", Flag::own),
    attribute("writeable", Flag::writeable, set),
    attribute("_writeable_no_warn", Flag::writeable, set),
    attribute("aligned", Flag::aligned, set),
    attribute("writebackifcopy", Flag::writeback, set),
    attribute("fnc", Flag::fnc),
    attribute("forc", Flag::forc),
    attribute("behaved", Flag::behaved),
    attribute("carray", Flag::carray),
    attribute("farray", Flag::farray),
    {"_warn_on_write", nullptr, set_warn_on_write, nullptr, nullptr},
    {"num", get_num, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace

PyObject* get_flags(PyObject* self, void*) {
  const Array& a = array_of(self);
  Flags* f = PyObject_New(Flags, flags_type);
  if (!f) return nullptr;
  f->array = Py_NewRef(self);
  f->bits = kAligned | (a.layout.c_contiguous(a.item()) ? kC : 0) | (a.layout.f_contiguous(a.item()) ? kF : 0) |
            (reinterpret_cast<NdArray*>(self)->base ? 0 : NPY_ARRAY_OWNDATA) | (a.writeable ? kWriteable : 0);
  return reinterpret_cast<PyObject*>(f);
}

void init_flags(PyObject* module) {
  static PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                                {Py_tp_repr, reinterpret_cast<void*>(show)},
                                {Py_tp_richcompare, reinterpret_cast<void*>(compare)},
                                {Py_tp_hash, reinterpret_cast<void*>(PyObject_HashNotImplemented)},
                                {Py_tp_getset, attributes},
                                {Py_mp_subscript, reinterpret_cast<void*>(subscript)},
                                {Py_mp_ass_subscript, reinterpret_cast<void*>(assign_subscript)},
                                {0, nullptr}};
  // The interpreter's own messages name it as NumPy's.
  static PyType_Spec spec = {"numpy._core.multiarray.flagsobj", sizeof(Flags), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  Ref real = checked(PyArray_SimpleNew(0, nullptr, NPY_DOUBLE));
  numpys_type = Py_TYPE(checked(PyObject_GetAttrString(real.get(), "flags")).get());
  Ref type = checked(PyType_FromModuleAndSpec(module, &spec, nullptr));
  check(PyModule_AddObjectRef(module, "flagsobj", type.get()));
  flags_type = reinterpret_cast<PyTypeObject*>(type.release());
}

}  // namespace numloom::python
