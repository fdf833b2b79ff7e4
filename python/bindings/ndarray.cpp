// Life and attributes of the array object; what NumPy sees of it is in views.cpp.
#include "ndarray.h"

#include <structmember.h>

#include <atomic>
#include <mutex>
#include <vector>

#include "backend/cpu/loops.h"
#include "calls.h"
#include "convert.h"
#include "describe.h"
#include "exchange.h"

namespace numloom::python {

PyTypeObject* ndarray_type = nullptr;
bool script_mode = false;

namespace {

// Arrays are made and dropped by the million in loops over small ones.
constexpr int kFreeObjects = 128;
NdArray* free_objects[kFreeObjects];
int n_free = 0;

// Objects whose memory an engine buffer used. Buffers die under the engine's lock, or without the GIL; their owners are
// dropped later, where Python code may run.
std::mutex dead_owners_lock;
std::vector<PyObject*> dead_owners;
std::atomic<bool> have_dead_owners{false};
// In ndarray_dealloc, which drops the owner that its array's end leaves behind.
struct Dropping {
  bool on = false;
  PyObject* owner = nullptr;
};
thread_local Dropping dropping;

int drop_dead_owners_call(void*);

}  // namespace

void release_owner(void* owner) {
  if (dropping.on && !dropping.owner) {
    dropping.owner = static_cast<PyObject*>(owner);
    return;
  }
  bool first;
  {
    std::lock_guard guard(dead_owners_lock);
    first = dead_owners.empty();
    dead_owners.push_back(static_cast<PyObject*>(owner));
    have_dead_owners.store(true, std::memory_order_relaxed);
  }
  // For a thread that makes and drops no arrays any more.
  if (first) Py_AddPendingCall(drop_dead_owners_call, nullptr);
}

namespace {

void drop_dead_owners() {
  std::vector<PyObject*> dead;
  {
    std::lock_guard guard(dead_owners_lock);
    dead.swap(dead_owners);
    have_dead_owners.store(false, std::memory_order_relaxed);
  }
  for (PyObject* o : dead) Py_DECREF(o);
}

int drop_dead_owners_call(void*) {
  drop_dead_owners();
  return 0;
}

void ndarray_dealloc(PyObject* self) {
  auto* o = reinterpret_cast<NdArray*>(self);
  if (o->weakrefs) PyObject_ClearWeakRefs(self);
  PyObject* owner = nullptr;
  if (o->a.buf && o->a.buf->foreign) {
    Dropping& end = dropping;
    end.on = true;
    o->a.~Array();
    end.on = false;
    owner = std::exchange(end.owner, nullptr);
  } else {
    o->a.~Array();
  }
  Py_XDECREF(o->pinned);
  Py_XDECREF(o->base);
  drop_raw(o);
  Py_XDECREF(owner);
  if (have_dead_owners.load(std::memory_order_relaxed)) drop_dead_owners();
}

// ---- attributes ----------------------------------------------------------------------------------------------------

NdArray* self_of(PyObject* o) { return reinterpret_cast<NdArray*>(o); }

PyObject* get_shape(PyObject* self, void*) {
  const Layout& l = array_of(self).layout;
  return shape_tuple(l.shape, l.ndim);
}

// Sets the attribute of a NumPy array to what it is: warns where this version of NumPy deprecates setting it.
void warn_as_numpy(const char* attribute) {
  static PyObject* probe = PyArray_SimpleNew(0, nullptr, NPY_DOUBLE);
  Ref same = checked(PyObject_GetAttrString(probe, attribute));
  check(PyObject_SetAttrString(probe, attribute, same.get()));
}

// NumPy's setter, on a real array of the same memory: for values that the engine has none of, and what NumPy refuses.
void set_as_numpy(PyObject* self, const char* attribute, PyObject* value) {
  Ref real = checked(to_numpy(self));
  check(PyObject_SetAttrString(real.get(), attribute, value));
}

int set_shape(PyObject* self, PyObject* value, void*) {
  if (!value) {
    PyErr_SetString(PyExc_AttributeError, "Cannot delete array shape");
    return -1;
  }
  try {
    Array& a = array_of(self);
    ShapeArg shape;
    bool fits;
    try {
      fits = to_shape(value, shape);
    } catch (const python_error&) {  // NumPy warns before it looks
      PyObject *type, *error, *trace;
      PyErr_Fetch(&type, &error, &trace);
      warn_as_numpy("shape");
      PyErr_Restore(type, error, trace);
      throw;
    }
    if (!fits) {
      set_as_numpy(self, "shape", value);  // which warns itself
      raise(PyExc_ValueError, "Numloom arrays have fewer dimensions");
    }
    warn_as_numpy("shape");
    Array r = reshape(a, shape.span());
    if (r.buf != a.buf) {
      raise(PyExc_AttributeError,
            "Incompatible shape for in-place modification. Use `.reshape()` to make a copy with the desired shape.");
    }
    a.layout = r.layout;
    return 0;
  } catch (...) {
    raise_current();
    return -1;
  }
}

PyObject* get_strides(PyObject* self, void*) {
  const Layout& l = array_of(self).layout;
  return shape_tuple(l.strides, l.ndim);
}

// NumPy's setter, with its checks and its warning, on a real array over the same memory.
int set_strides(PyObject* self, PyObject* value, void*) {
  try {
    if (!value) {
      PyErr_SetString(PyExc_AttributeError, "Cannot delete array strides");
      return -1;
    }
    Array& a = array_of(self);
    // NumPy asks how far the memory below the view goes: show it the whole of ours.
    Layout all;
    all.ndim = 1;
    all.offset = 0;
    all.shape[0] = a.buf->nbytes;
    all.strides[0] = 1;
    Ref bytes(make_array(a.with(DType::u1, all), self_of(self)->base));
    Ref whole = checked(to_numpy(bytes.get()));
    PyArray_Descr* descr = descr_of(a.dtype);
    Py_INCREF(descr);
    npy_intp dims[kMaxDims], strides[kMaxDims];
    for (int d = 0; d < a.layout.ndim; ++d) dims[d] = a.layout.shape[d], strides[d] = a.layout.strides[d];
    Ref real = checked(PyArray_NewFromDescr(&PyArray_Type, descr, a.layout.ndim, dims, strides,
                                            PyArray_BYTES(reinterpret_cast<PyArrayObject*>(whole.get())) + a.layout.offset,
                                            NPY_ARRAY_WRITEABLE, nullptr));
    check(PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(real.get()), whole.release()));
    check(PyObject_SetAttrString(real.get(), "strides", value));
    for (int d = 0; d < a.layout.ndim; ++d)
      a.layout.strides[d] = PyArray_STRIDE(reinterpret_cast<PyArrayObject*>(real.get()), d);
    return 0;
  } catch (...) {
    raise_current();
    return -1;
  }
}

PyObject* get_dtype(PyObject* self, void*) { return Py_NewRef(reinterpret_cast<PyObject*>(descr_of(array_of(self).dtype))); }

// Reinterprets the memory in place, as NumPy's setter does.
int set_dtype(PyObject* self, PyObject* value, void*) {
  try {
    if (!value) raise(PyExc_AttributeError, "Cannot delete array dtype");
    Array& a = array_of(self);
    DType t;
    if (!to_dtype(value, t, DType::f8)) raise(PyExc_TypeError, "Numloom arrays cannot take this dtype in place");
    std::optional<Array> v = view_as(a, t);
    if (!v) {
      set_as_numpy(self, "dtype", value);
      raise(PyExc_TypeError, "Numloom arrays cannot take this dtype in place");
    }
    warn_as_numpy("dtype");
    a.dtype = t;
    a.layout = v->layout;
    return 0;
  } catch (...) {
    raise_current();
    return -1;
  }
}

PyObject* get_ndim(PyObject* self, void*) { return PyLong_FromLong(array_of(self).layout.ndim); }
PyObject* get_size(PyObject* self, void*) { return PyLong_FromLongLong(array_of(self).size()); }
PyObject* get_itemsize(PyObject* self, void*) { return PyLong_FromLong(array_of(self).item()); }
PyObject* get_nbytes(PyObject* self, void*) { return PyLong_FromLongLong(array_of(self).size() * array_of(self).item()); }

PyObject* get_base(PyObject* self, void*) { return Py_NewRef(self_of(self)->base ? self_of(self)->base : Py_None); }

PyObject* get_transpose(PyObject* self, void*) {
  return guarded([&] {
    const Array& a = array_of(self);
    return a.is_scalar ? Py_NewRef(self) : make_view(self, transpose(a, {}));
  });
}

PyObject* get_matrix_transpose(PyObject* self, void*) {
  return guarded([&] {
    const Array& a = array_of(self);
    if (a.ndim() < 2) raise(PyExc_ValueError, "matrix transpose with ndim < 2 is undefined");
    return make_view(self, swapaxes(a, -2, -1));
  });
}

PyObject* get_real(PyObject* self, void*) {
  return guarded([&] {
    const Array& a = array_of(self);
    if (!is_complex(a.dtype)) return Py_NewRef(self);
    return a.is_scalar ? make_result(real_view(a)) : make_view(self, real_view(a));
  });
}

PyObject* get_imag(PyObject* self, void*) {
  return guarded([&] {
    const Array& a = array_of(self);
    if (is_complex(a.dtype)) return a.is_scalar ? make_result(imag_view(a)) : make_view(self, imag_view(a));
    Scalar zero;
    zero.dtype = a.dtype;
    std::memset(zero.raw, 0, sizeof zero.raw);
    const bool fortran = a.layout.f_contiguous(a.item()) && !a.layout.c_contiguous(a.item());
    Array r = full(a.layout.dims(), a.dtype, zero, fortran);
    r.writeable = false;
    return a.is_scalar ? make_result(std::move(r)) : make_array(std::move(r));
  });
}

// As NumPy: what is assigned is an array first, and is cast as arrays are.
int set_part(PyObject* self, PyObject* value, bool imaginary) {
  try {
    const Array& a = array_of(self);
    const char* name = imaginary ? "imag" : "real";
    if (!value) raise(PyExc_AttributeError, imaginary ? "Cannot delete array imaginary part" : "Cannot delete array real part");
    if (imaginary && !is_complex(a.dtype)) {  // NumPy raises
      set_as_numpy(self, name, value);
      return 0;
    }
    const Array part = imaginary ? imag_view(a) : real_view(a);
    if (!part.writeable) raise(PyExc_ValueError, "assignment destination is read-only");
    Operand v;
    // How sequences of Python numbers are cast depends on NumPy's version.
    if (PySequence_Check(value) && !is_ours(value) && !PyArray_Check(value)) set_as_numpy(self, name, value);
    else if (!to_array(value, v) || is_complex(v.array->dtype) ||
             (cast_may_warn(v.array->dtype, part.dtype) && errstate_needs_numpy()))
      set_as_numpy(self, name, value);
    else assign(part, *v.array);
    return 0;
  } catch (...) {
    raise_current();
    return -1;
  }
}
int set_real(PyObject* self, PyObject* value, void*) { return set_part(self, value, false); }
int set_imag(PyObject* self, PyObject* value, void*) { return set_part(self, value, true); }

// An attribute that describes the memory: of a host view, which it keeps alive where NumPy's would.
PyObject* host_attribute(PyObject* self, void* name) {
  Ref real(to_numpy(self));
  return real ? PyObject_GetAttrString(real.get(), static_cast<const char*>(name)) : nullptr;
}

// Attributes that give out a bare address: the array stays leased as long as it lives.
PyObject* pinned_attribute(PyObject* self, void* name) {
  NdArray* o = self_of(self);
  if (!o->pinned) {
    // The pinned view must not hold the array that holds it: it exports a twin.
    Ref twin(guarded([&] { return make_array(Array(o->a), o->base); }));
    if (!twin) return nullptr;
    o->pinned = to_numpy(twin.get());
    if (!o->pinned) return nullptr;
  }
  return PyObject_GetAttrString(o->pinned, static_cast<const char*>(name));
}

// As above; and what is made of the attribute (a ctypes pointer) keeps the array itself alive.
PyObject* get_ctypes(PyObject* self, void* name) {
  Ref address(pinned_attribute(self, name));
  if (!address) return nullptr;
  Ref real(to_numpy(self));
  return real ? PyObject_GetAttrString(real.get(), "ctypes") : nullptr;
}

PyObject* get_priority(PyObject*, void*) { return PyFloat_FromDouble(0.0); }

// In script mode libraries, which know NumPy's class only, are to see an instance of it: `isinstance` asks here.
PyObject* get_class(PyObject* o, void*) {
  return Py_NewRef(reinterpret_cast<PyObject*>(script_mode ? &PyArray_Type : Py_TYPE(o)));
}

int set_class(PyObject*, PyObject*, void*) {
  PyErr_SetString(PyExc_TypeError, "__class__ assignment only supported for mutable types or ModuleType subclasses");
  return -1;
}

// Documented as NumPy's, where it has them.
PyGetSetDef attributes[] = {
    {"__class__", get_class, set_class, nullptr, nullptr},
    {"shape", get_shape, set_shape, nullptr, nullptr},
    {"strides", get_strides, set_strides, nullptr, nullptr},
    {"dtype", get_dtype, set_dtype, nullptr, nullptr},
    {"ndim", get_ndim, nullptr, nullptr, nullptr},
    {"size", get_size, nullptr, nullptr, nullptr},
    {"itemsize", get_itemsize, nullptr, nullptr, nullptr},
    {"nbytes", get_nbytes, nullptr, nullptr, nullptr},
    {"base", get_base, nullptr, nullptr, nullptr},
    {"flat", get_flat, set_flat, nullptr, nullptr},
    {"flags", get_flags, nullptr, nullptr, nullptr},
    {"T", get_transpose, nullptr, nullptr, nullptr},
    {"mT", get_matrix_transpose, nullptr, nullptr, nullptr},
    {"real", get_real, set_real, nullptr, nullptr},
    {"imag", get_imag, set_imag, nullptr, nullptr},
    {"data", host_attribute, nullptr, nullptr, const_cast<char*>("data")},
    {"ctypes", get_ctypes, nullptr, nullptr, const_cast<char*>("ctypes")},
    {"__array_interface__", pinned_attribute, nullptr, nullptr, const_cast<char*>("__array_interface__")},
    {"__array_struct__", pinned_attribute, nullptr, nullptr, const_cast<char*>("__array_struct__")},
    {"__cuda_array_interface__", cuda_interface, nullptr, "The CUDA array interface, version 3; of arrays on the GPU.",
     nullptr},
    {"__array_priority__", get_priority, nullptr, nullptr, nullptr},
    {},
};

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(NdArray, weakrefs), READONLY, nullptr},
    {},
};

// The buffer protocol is NumPy's, over a real array that the buffer keeps leased.
// The buffer names a real array as its object: one of ours would have to be told of its release, and C functions that take
// buffers for the length of a call ("y#") refuse such objects.
int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  Ref real(to_numpy(self));
  // What NumPy makes of a scalar is a new array, which its functions go on to write.
  if (real && array_of(self).is_scalar) real = Ref(PyArray_FromScalar(real.get(), nullptr));
  if (!real) {
    view->obj = nullptr;
    return -1;
  }
  return PyObject_GetBuffer(real.get(), view, flags);
}

Py_hash_t hash(PyObject* self) {
  const Array& a = array_of(self);
  if (!a.is_scalar) {
    PyErr_SetString(PyExc_TypeError, "unhashable type: 'numpy.ndarray'");
    return -1;
  }
  Ref scalar(guarded([&] { return scalar_result(a); }));
  return scalar ? PyObject_Hash(scalar.get()) : -1;
}

PyObject* via_numpy(PyObject* self, PyObject* (*f)(PyObject*)) {
  Ref real(to_numpy(self));
  return real ? f(real.get()) : nullptr;
}
PyObject* repr(PyObject* self) { return via_numpy(self, PyObject_Repr); }
PyObject* str(PyObject* self) { return via_numpy(self, PyObject_Str); }

PyObject* iterate(PyObject* self) {
  if (array_of(self).layout.ndim == 0) {
    PyErr_SetString(PyExc_TypeError, "iteration over a 0-d array");
    return nullptr;
  }
  return PySeqIter_New(self);
}

// The class counts as NumPy's own wherever classes are compared or looked up (`type(x) == np.ndarray`, tables by class): a user
// may hold either, for arrays of the dtypes that the engine lacks are NumPy's.
PyObject* compare_class(PyObject* x, PyObject* y, int how) {
  if (how != Py_EQ && how != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  const auto known = [](PyObject* o) {
    return o == reinterpret_cast<PyObject*>(ndarray_type) ? reinterpret_cast<PyObject*>(&PyArray_Type) : o;
  };
  if (known(x) != known(y)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong(how == Py_EQ);
}
Py_hash_t hash_class(PyObject* self) {
  return PyType_Type.tp_hash(self == reinterpret_cast<PyObject*>(ndarray_type) ? reinterpret_cast<PyObject*>(&PyArray_Type)
                                                                               : self);
}

// Methods of NumPy's own class that are given ours for theirs (`real.view(np.ndarray)`, a derived class's
// `super().__array_wrap__(ours)`): they get NumPy's. All else goes to NumPy's method as it is.
struct Adapted {
  const char* name;
  PyObject* plain;  // NumPy's own
};
Adapted adapted[] = {{"view", nullptr}, {"__array_wrap__", nullptr}};

template <int Which>
PyObject* with_real(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  const Py_ssize_t total = n + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
  std::vector<PyObject*> all{self};
  std::vector<Ref> kept;
  for (Py_ssize_t i = 0; i < total; ++i) {
    PyObject* v = args[i];
    if (v == reinterpret_cast<PyObject*>(ndarray_type)) {
      v = reinterpret_cast<PyObject*>(&PyArray_Type);
    } else if (is_ours(v)) {
      v = to_numpy(v);
      if (!v) return nullptr;
      kept.emplace_back(v);
    }
    all.push_back(v);
  }
  return PyObject_Vectorcall(adapted[Which].plain, all.data(), n + 1, kwnames);
}

template <int Which>
void adapt() {
  PyObject* dict = PyArray_Type.tp_dict;
  Adapted& a = adapted[Which];
  a.plain = Py_XNewRef(PyDict_GetItemString(dict, a.name));
  if (!a.plain) raise(PyExc_ImportError, "numpy.ndarray lacks a method");
  // With NumPy's documentation and signature.
  static PyMethodDef def = {a.name, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(with_real<Which>)),
                            METH_FASTCALL | METH_KEYWORDS, reinterpret_cast<PyMethodDescrObject*>(a.plain)->d_method->ml_doc};
  Ref descriptor = checked(PyDescr_NewMethod(&PyArray_Type, &def));
  check(PyDict_SetItemString(dict, a.name, descriptor.get()));
}

void take_ours_in_real_methods() {
  adapt<0>();
  adapt<1>();
  PyType_Modified(&PyArray_Type);
}

PyTypeObject* make_type(PyObject* module, PyType_Spec* spec, PyObject* bases) {
  return reinterpret_cast<PyTypeObject*>(checked(PyType_FromModuleAndSpec(module, spec, bases)).release());
}

}  // namespace

NdArray* allocate_raw() {
  NdArray* o;
  if (n_free) {
    o = free_objects[--n_free];
  } else {
    o = static_cast<NdArray*>(PyObject_Malloc(sizeof(NdArray)));
    if (!o) {
      PyErr_NoMemory();
      throw python_error{};
    }
  }
  PyObject_Init(reinterpret_cast<PyObject*>(o), ndarray_type);
  o->weakrefs = nullptr;
  o->base = nullptr;
  o->pinned = nullptr;
  return o;
}

void drop_raw(NdArray* o) {
  if (n_free < kFreeObjects) {
    free_objects[n_free++] = o;
  } else {
    PyObject_Free(o);
  }
  Py_DECREF(ndarray_type);
}

PyObject* make_array(Array&& a, PyObject* base) {
  NdArray* o = allocate_raw();
  new (&o->a) Array(std::move(a));
  o->a.is_scalar = false;
  o->base = Py_XNewRef(base);
  return reinterpret_cast<PyObject*>(o);
}

PyObject* make_view(PyObject* parent, Array&& a) {
  NdArray* p = self_of(parent);
  NdArray* o = allocate_raw();
  const bool shares = a.buf == p->a.buf;
  if (shares && (!p->a.writeable || p->a.is_scalar)) a.writeable = false;
  new (&o->a) Array(std::move(a));
  o->a.is_scalar = false;
  if (shares) o->base = Py_NewRef(p->base ? p->base : parent);
  return reinterpret_cast<PyObject*>(o);
}

PyObject* finish_result(NdArray* o) {
  if (o->a.layout.ndim == 0) {
    if (script_mode) {
      PyObject* scalar;
      try {
        scalar = scalar_result(o->a);
      } catch (...) {
        Py_DECREF(reinterpret_cast<PyObject*>(o));
        throw;
      }
      Py_DECREF(reinterpret_cast<PyObject*>(o));
      return scalar;
    }
    o->a.is_scalar = true;
    o->a.writeable = false;
  }
  return reinterpret_cast<PyObject*>(o);
}

PyObject* make_result(Array&& a) {
  NdArray* o = allocate_raw();
  new (&o->a) Array(std::move(a));
  return finish_result(o);
}

PyObject* make_scalar(const void* p, DType dtype) {
#define NUMLOOM_SCALAR(D, C, Name)                          \
  case DType::D: {                                          \
    PyObject* s = PyArrayScalar_New(Name);                  \
    if (!s) throw python_error{};                           \
    std::memcpy(&PyArrayScalar_VAL(s, Name), p, sizeof(C)); \
    return s;                                               \
  }
  switch (dtype) {
    case DType::b1:
      return Py_NewRef(*static_cast<const char*>(p) ? PyArrayScalar_True : PyArrayScalar_False);
      NUMLOOM_SCALAR(i1, npy_int8, Int8)
      NUMLOOM_SCALAR(i2, npy_int16, Int16)
      NUMLOOM_SCALAR(i4, npy_int32, Int32)
      NUMLOOM_SCALAR(i8, npy_int64, Int64)
      NUMLOOM_SCALAR(u1, npy_uint8, UInt8)
      NUMLOOM_SCALAR(u2, npy_uint16, UInt16)
      NUMLOOM_SCALAR(u4, npy_uint32, UInt32)
      NUMLOOM_SCALAR(u8, npy_uint64, UInt64)
      NUMLOOM_SCALAR(f2, npy_half, Half)
      NUMLOOM_SCALAR(f4, float, Float)
      NUMLOOM_SCALAR(f8, double, Double)
      NUMLOOM_SCALAR(c8, npy_cfloat, CFloat)
      NUMLOOM_SCALAR(c16, npy_cdouble, CDouble)
  }
#undef NUMLOOM_SCALAR
  throw not_native("dtype");
}

PyObject* scalar_result(const Array& a) {
  if (a.buf->readable() && a.buf->host) return make_scalar(a.buf->host + a.layout.offset, a.dtype);
  const Scalar s = cast_scalar(item_value(a), a.dtype);
  return make_scalar(s.raw, a.dtype);
}

void init_ndarray(PyObject* module) {
  // The metaclass adds no fields: the package gives it its methods (isinstance, subclassing).
  static PyType_Slot meta_slots[] = {{Py_tp_doc, const_cast<char*>("The class of numloom's ndarray.")},
                                     {Py_tp_richcompare, reinterpret_cast<void*>(compare_class)},
                                     {Py_tp_hash, reinterpret_cast<void*>(hash_class)},
                                     {0, nullptr}};
  static PyType_Spec meta_spec = {"numloom._core.ndarray_meta", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, meta_slots};
  PyTypeObject* meta = make_type(module, &meta_spec, reinterpret_cast<PyObject*>(&PyType_Type));

  init_views(module);
  for (PyGetSetDef* g = attributes; g->name; ++g) {
    PyObject* numpys = PyDict_GetItemString(PyArray_Type.tp_dict, g->name);
    if (numpys && Py_IS_TYPE(numpys, &PyGetSetDescr_Type))
      g->doc = reinterpret_cast<PyGetSetDescrObject*>(numpys)->d_getset->doc;
  }
  static PyType_Slot slots[128];
  PyType_Slot* s = slots;
  *s++ = {Py_tp_dealloc, reinterpret_cast<void*>(ndarray_dealloc)};
  *s++ = {Py_tp_getset, attributes};
  *s++ = {Py_tp_members, members};
  *s++ = {Py_tp_methods, method_table()};
  *s++ = {Py_tp_hash, reinterpret_cast<void*>(hash)};
  *s++ = {Py_tp_repr, reinterpret_cast<void*>(repr)};
  *s++ = {Py_tp_str, reinterpret_cast<void*>(str)};
  *s++ = {Py_tp_iter, reinterpret_cast<void*>(iterate)};
  *s++ = {Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)};
  fill_number_slots(s);
  fill_indexing_slots(s);
  *s = {0, nullptr};
  // BASETYPE so that `class Sub(ndarray)` reaches the metaclass, which derives from NumPy's ndarray instead. `__new__` is the
  // package's.
  static PyType_Spec spec = {"numloom._core.ndarray", sizeof(NdArray), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  ndarray_type = make_type(module, &spec, nullptr);
  Py_SET_TYPE(reinterpret_cast<PyObject*>(ndarray_type), meta);
  Py_INCREF(meta);

  take_ours_in_real_methods();
  check(PyModule_AddObjectRef(module, "ndarray_meta", reinterpret_cast<PyObject*>(meta)));
  check(PyModule_AddObjectRef(module, "ndarray", reinterpret_cast<PyObject*>(ndarray_type)));
}

}  // namespace numloom::python
