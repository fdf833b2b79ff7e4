// `a.flat`: an iterator over the elements in C order, which can be indexed. Single elements are read and written here; the first
// call of another kind makes NumPy's own iterator, which from then on does everything.
#include "python_api.h"

#include <structmember.h>

#include <utility>

#include "calls.h"
#include "convert.h"
#include "describe.h"
#include "native.h"
#include "trampoline.h"

namespace numloom::python {

namespace {

struct Flat {
  PyObject_HEAD PyObject* array;
  PyObject* real;  // NumPy's, or none yet
  int64_t index;
  Array a;  // as it was when asked for, but for whether it may be written
};
PyTypeObject* flat_type = nullptr;

Flat* flat_of(PyObject* o) { return reinterpret_cast<Flat*>(o); }

// The array's own flag counts at each use, as NumPy's iterators look at their array's.
bool writeable(const Flat* f) { return array_of(f->array).writeable; }

int64_t offset_of(const Layout& l, int64_t index) {
  if (l.ndim == 1) return l.offset + index * l.strides[0];
  int64_t at = l.offset;
  for (int d = l.ndim - 1; d >= 0; --d) {
    at += index % l.shape[d] * l.strides[d];
    index /= l.shape[d];
  }
  return at;
}

PyObject* element(const Array& a, int64_t index) {
  if (!(a.buf->readable() && a.buf->host)) host_data(a);
  return make_scalar(a.buf->host + offset_of(a.layout, index), a.dtype);
}

// Whether `key` is an integer within bounds, counted from the front in `index`.
bool is_element(const Array& a, PyObject* key, int64_t& index) {
  int overflow = 0;
  if (PyLong_CheckExact(key)) index = PyLong_AsLongLongAndOverflow(key, &overflow);
  else if (PyArray_IsScalar(key, Int64)) index = PyArrayScalar_VAL(key, Int64);
  else return false;
  const int64_t size = a.size();
  if (overflow || index < -size || index >= size) return false;
  if (index < 0) index += size;
  return true;
}

// NumPy's iterator, where this one stands.
PyObject* real_of(Flat* f) {
  if (!f->real) {
    NdArray* owner = reinterpret_cast<NdArray*>(f->array);
    Ref same = checked(make_array(Array(f->a), owner->base ? owner->base : f->array));
    Ref view = checked(to_numpy(same.get()));
    Ref real = checked(PyArray_IterNew(view.get()));
    auto* it = reinterpret_cast<PyArrayIterObject*>(real.get());
    PyArray_ITER_GOTO1D(it, f->index);
    if (!f->real) f->real = real.release();  // to_numpy lets other threads run
  }
  PyArrayObject* shown = reinterpret_cast<PyArrayIterObject*>(f->real)->ao;
  if (writeable(f)) PyArray_ENABLEFLAGS(shown, NPY_ARRAY_WRITEABLE);
  else PyArray_CLEARFLAGS(shown, NPY_ARRAY_WRITEABLE);
  return f->real;
}

// Has NumPy's iterator do it, on views of the arrays among the arguments.
PyObject* call_real(PyObject* self, const char* method, PyObject* args) {
  return guarded([&]() -> PyObject* {
    Ref held(args);
    if (!args) throw python_error{};
    if (!package_hooks.lent_method) raise(PyExc_RuntimeError, "numloom._core: the package has installed no fallback");
    Ref name = checked(PyUnicode_InternFromString(method));
    PyObject* all[3] = {real_of(flat_of(self)), name.get(), args};
    return run_lent(PyObject_Vectorcall(package_hooks.lent_method, all, 3, nullptr));
  });
}

PyObject* subscript(PyObject* self, PyObject* key) {
  Flat* f = flat_of(self);
  int64_t index;
  if (f->real || !is_element(f->a, key, index)) return call_real(self, "__getitem__", PyTuple_Pack(1, key));
  f->index = 0;  // NumPy starts anew
  return guarded([&] { return element(f->a, index); });
}

int assign_subscript(PyObject* self, PyObject* key, PyObject* value) {
  Flat* f = flat_of(self);
  int64_t index;
  if (value && !f->real && writeable(f) && is_element(f->a, key, index) &&
      store_number(f->a, offset_of(f->a.layout, index), value)) {
    f->index = 0;
    return 0;
  }
  if (PyErr_Occurred()) return -1;
  return Ref(value ? call_real(self, "__setitem__", PyTuple_Pack(2, key, value))
                   : call_real(self, "__delitem__", PyTuple_Pack(1, key)))
             ? 0
             : -1;
}

PyObject* next(PyObject* self) {
  Flat* f = flat_of(self);
  if (f->real) return Py_TYPE(f->real)->tp_iternext(f->real);
  if (f->index >= f->a.size()) return nullptr;
  return guarded([&] { return element(f->a, f->index++); });
}

Py_ssize_t length(PyObject* self) { return flat_of(self)->a.size(); }

PyObject* compare(PyObject* self, PyObject* other, int how) {
  static const char* const names[] = {"__lt__", "__le__", "__eq__", "__ne__", "__gt__", "__ge__"};
  return call_real(self, names[how], PyTuple_Pack(1, other));
}

PyObject* copy_method(PyObject* self, PyObject*) { return call_real(self, "copy", PyTuple_New(0)); }

// For NumPy, which asks for its own arrays.
PyObject* as_array(PyObject* self, PyObject* args, PyObject* kwargs) {
  return guarded([&]() -> PyObject* {
    Ref method = checked(PyObject_GetAttrString(real_of(flat_of(self)), "__array__"));
    return PyObject_Call(method.get(), args, kwargs);
  });
}

PyObject* get_index(PyObject* self, void*) {
  Flat* f = flat_of(self);
  return f->real ? PyObject_GetAttrString(f->real, "index") : PyLong_FromLongLong(f->index);
}

PyObject* get_coords(PyObject* self, void*) {
  return guarded([&] { return PyObject_GetAttrString(real_of(flat_of(self)), "coords"); });
}

void dealloc(PyObject* self) {
  Flat* f = flat_of(self);
  PyTypeObject* type = Py_TYPE(self);
  Py_XDECREF(f->real);
  f->a.~Array();
  Py_DECREF(f->array);
  PyObject_Free(self);
  Py_DECREF(type);
}

PyMethodDef methods[] = {
    {"copy", copy_method, METH_NOARGS, "The elements as a new array of one dimension."},
    {"__array__", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(as_array)), METH_VARARGS | METH_KEYWORDS,
     "The elements as an array of NumPy's."},
    kEnd,
};
PyGetSetDef attributes[] = {{"index", get_index, nullptr, nullptr, nullptr},
                            {"coords", get_coords, nullptr, nullptr, nullptr},
                            {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMemberDef members[] = {{"base", T_OBJECT, offsetof(Flat, array), READONLY, nullptr}, {nullptr, 0, 0, 0, nullptr}};

// NumPy's own iterators take masks only as arrays of NumPy's: anything else of bools is an error there. So ours go to them as such.
binaryfunc real_subscript = nullptr;
objobjargproc real_assign_subscript = nullptr;

PyObject* subscript_of_real(PyObject* self, PyObject* key) {
  if (!is_ours(key)) return real_subscript(self, key);
  Ref view(to_numpy(key));
  return view ? real_subscript(self, view.get()) : nullptr;
}
int assign_subscript_of_real(PyObject* self, PyObject* key, PyObject* value) {
  if (!is_ours(key)) return real_assign_subscript(self, key, value);
  Ref view(to_numpy(key));
  return view ? real_assign_subscript(self, view.get(), value) : -1;
}

}  // namespace

PyObject* get_flat(PyObject* self, void*) {
  const Array& a = array_of(self);
  if (a.is_scalar) {  // NumPy's scalars have one over an array of their own
    Ref scalar(to_numpy(self));
    return scalar ? PyObject_GetAttrString(scalar.get(), "flat") : nullptr;
  }
  Flat* f = PyObject_New(Flat, flat_type);
  if (!f) return nullptr;
  f->array = Py_NewRef(self);
  f->real = nullptr;
  f->index = 0;
  new (&f->a) Array(a);
  return reinterpret_cast<PyObject*>(f);
}

int set_flat(PyObject* self, PyObject* values, void*) {
  if (!values) {
    PyErr_SetString(PyExc_AttributeError, "Cannot delete array flat iterator");
    return -1;
  }
  return Ref(guarded([&] {
    Ref real = checked(to_numpy(self)), name = checked(PyUnicode_InternFromString("__setattr__"));
    Ref args = checked(Py_BuildValue("(sO)", "flat", values));
    PyObject* all[3] = {real.get(), name.get(), args.get()};
    return run_lent(PyObject_Vectorcall(package_hooks.lent_method, all, 3, nullptr));
  }))
             ? 0
             : -1;
}

void init_flat(PyObject* module) {
  static PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                                {Py_tp_doc, const_cast<char*>(PyArrayIter_Type.tp_doc)},
                                {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                                {Py_tp_iternext, reinterpret_cast<void*>(next)},
                                {Py_tp_richcompare, reinterpret_cast<void*>(compare)},
                                {Py_tp_hash, reinterpret_cast<void*>(PyObject_HashNotImplemented)},
                                {Py_tp_methods, methods},
                                {Py_tp_getset, attributes},
                                {Py_tp_members, members},
                                {Py_mp_length, reinterpret_cast<void*>(length)},
                                {Py_mp_subscript, reinterpret_cast<void*>(subscript)},
                                {Py_mp_ass_subscript, reinterpret_cast<void*>(assign_subscript)},
                                {0, nullptr}};
  // The interpreter's own messages name it as NumPy's.
  static PyType_Spec spec = {"numpy.flatiter", sizeof(Flat), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  Ref type = checked(PyType_FromModuleAndSpec(module, &spec, nullptr));
  check(PyModule_AddObjectRef(module, "flatiter", type.get()));
  flat_type = reinterpret_cast<PyTypeObject*>(type.release());
  PyMappingMethods* of_real = PyArrayIter_Type.tp_as_mapping;
  real_subscript = std::exchange(of_real->mp_subscript, subscript_of_real);
  real_assign_subscript = std::exchange(of_real->mp_ass_subscript, assign_subscript_of_real);
}

}  // namespace numloom::python
