// Arrays of ours as NumPy's, over the same memory, and NumPy's as ours.
#include "ndarray.h"

#include <cstring>

#include "calls.h"
#include "convert.h"

namespace numloom::python {

PyTypeObject* export_type = nullptr;

namespace {

void export_dealloc(PyObject* self) {
  auto* e = reinterpret_cast<Export*>(self);
  PyTypeObject* type = Py_TYPE(self);
  if (e->leased) unlease(e->leased);
  Py_XDECREF(reinterpret_cast<PyObject*>(e->owner));
  type->tp_free(self);
  Py_DECREF(type);
}

// Where a real array's memory ends up through its bases: one of our exports, or null.
Export* export_below(PyObject* real) {
  for (PyObject* o = PyArray_BASE(reinterpret_cast<PyArrayObject*>(real)); o;) {
    if (Py_TYPE(o) == export_type) return reinterpret_cast<Export*>(o);
    if (PyArray_Check(o)) {
      o = PyArray_BASE(reinterpret_cast<PyArrayObject*>(o));
    } else if (PyMemoryView_Check(o)) {
      o = PyMemoryView_GET_BUFFER(o)->obj;
      if (o && PyArray_Check(o)) continue;
      return nullptr;
    } else {
      return nullptr;
    }
  }
  return nullptr;
}

// Whether nobody but the caller can reach the memory of `real`, and NumPy itself allocated it.
bool exclusively_owned(PyObject* real, int lent) {
  for (PyObject* o = real;; lent = 0) {
    auto* array = reinterpret_cast<PyArrayObject*>(o);
    if (!PyArray_CheckExact(o) || Py_REFCNT(o) != 1 + lent) return false;
    PyObject* base = PyArray_BASE(array);
    if (!base) return PyArray_CHKFLAGS(array, NPY_ARRAY_OWNDATA);
    o = base;
  }
}

char dummy_memory[64] = {};
constexpr int64_t kCopiedBytes = 2048;

}  // namespace

PyObject* to_numpy(PyObject* ours) {
  return guarded([&]() -> PyObject* {
    NdArray* o = reinterpret_cast<NdArray*>(ours);
    if (o->a.is_scalar) return scalar_result(o->a);
    Ref holder = checked(export_type->tp_alloc(export_type, 0));
    auto* e = reinterpret_cast<Export*>(holder.get());
    lease(o->a);
    e->leased = o->a.buf;  // which the lease keeps alive
    e->owner = reinterpret_cast<NdArray*>(Py_NewRef(ours));
    char* data = o->a.size() && o->a.buf->nbytes ? host_data(o->a) : dummy_memory;
    const Layout& l = o->a.layout;
    static_assert(sizeof(npy_intp) == sizeof(int64_t));
    npy_intp dims[kMaxDims], strides[kMaxDims];
    for (int d = 0; d < l.ndim; ++d) {
      dims[d] = l.shape[d];
      strides[d] = l.strides[d];
    }
    PyArray_Descr* descr = descr_of(o->a.dtype);
    Py_INCREF(descr);
    Ref real = checked(PyArray_NewFromDescr(&PyArray_Type, descr, l.ndim, dims, strides, data,
                                            o->a.writeable ? NPY_ARRAY_WRITEABLE : 0, nullptr));
    check(PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(real.get()), holder.release()));
    return real.release();
  });
}

// Whether every bool is 0 or 1: NumPy counts any other byte as true, and such arrays stay its own.
static bool plain_bools(const char* p, const PyArrayObject* array, int axis = 0) {
  if (axis == 0 && PyArray_IS_C_CONTIGUOUS(array)) {
    const npy_intp n = PyArray_SIZE(const_cast<PyArrayObject*>(array));
    unsigned char seen = 0;
    for (npy_intp i = 0; i < n; ++i) seen |= static_cast<unsigned char>(p[i]);
    return seen <= 1;
  }
  if (axis == PyArray_NDIM(array)) return static_cast<unsigned char>(*p) <= 1;
  for (npy_intp i = 0; i < PyArray_DIM(array, axis); ++i) {
    if (!plain_bools(p + i * PyArray_STRIDE(array, axis), array, axis + 1)) return false;
  }
  return true;
}

bool array_from_numpy(PyObject* real, bool mine, Array& out, PyObject** base, int lent) {
  auto* array = reinterpret_cast<PyArrayObject*>(real);
  const DType t = dtype_of_descr(PyArray_DESCR(array));
  const int ndim = PyArray_NDIM(array);
  if (t == kNoDType || ndim > kMaxDims || !PyArray_ISALIGNED(array)) return false;
  if (t == DType::b1 && !plain_bools(static_cast<const char*>(PyArray_DATA(array)), array)) return false;
  Layout l;
  l.ndim = ndim;
  l.offset = 0;
  for (int d = 0; d < ndim; ++d) {
    l.shape[d] = PyArray_DIM(array, d);
    l.strides[d] = PyArray_STRIDE(array, d);
  }
  char* data = static_cast<char*>(PyArray_DATA(array));
  const bool writeable = PyArray_ISWRITEABLE(array);
  if (Export* e = export_below(real)) {
    l.offset = data - e->leased->host;
    e->leased->retain_handle();
    out = Array(e->leased, t, l);
    out.writeable = writeable;
    NdArray* owner = e->owner;
    // Through a memoryview it is that which NumPy shows.
    PyObject* below = PyArray_BASE(array);
    if (!PyMemoryView_Check(below)) below = owner->base ? owner->base : reinterpret_cast<PyObject*>(owner);
    *base = Py_NewRef(below);
    if (mine) Py_DECREF(real);
    return true;
  }
  const bool adopt = mine && exclusively_owned(real, lent);
  // A few bytes are copied faster than they are adopted.
  const int64_t nbytes = PyArray_NBYTES(array);
  if (adopt && nbytes <= kCopiedBytes && writeable && PyArray_IS_C_CONTIGUOUS(array)) {
    out = Array(Buffer::make_host(nbytes), t, l);
    std::memcpy(out.buf->host, data, nbytes);
    *base = nullptr;
    Py_DECREF(real);
    return true;
  }
  int64_t low, high;
  l.extent(item_size(t), low, high);
  l.offset = -low;
  if (!mine) Py_INCREF(real);
  out = from_host(data + low, high - low, t, l, real, release_owner, !adopt);
  out.writeable = writeable;
  // A view that only the caller had: what it is a view of is what NumPy shows.
  PyObject* below = mine ? PyArray_BASE(array) : nullptr;
  *base = adopt ? nullptr : Py_NewRef(below ? below : real);
  return true;
}

PyObject* from_numpy(PyObject* real, bool mine, int lent) {
  // A real array that one of ours lent and nobody changed is that very object.
  auto* array = reinterpret_cast<PyArrayObject*>(real);
  PyObject* lender = PyArray_BASE(array);
  if (lender && Py_TYPE(lender) == export_type) {
    NdArray* owner = reinterpret_cast<Export*>(lender)->owner;
    const Layout& l = owner->a.layout;
    bool same = l.ndim == PyArray_NDIM(array) && dtype_of_descr(PyArray_DESCR(array)) == owner->a.dtype;
    for (int d = 0; same && d < l.ndim; ++d)
      same = l.shape[d] == PyArray_DIM(array, d) && l.strides[d] == PyArray_STRIDE(array, d);
    if (same) {
      PyObject* r = Py_NewRef(reinterpret_cast<PyObject*>(owner));
      if (mine) Py_DECREF(real);
      return r;
    }
  }
  Array a;
  PyObject* base = nullptr;
  if (!array_from_numpy(real, mine, a, &base, lent)) return nullptr;
  Ref held(base);
  return make_array(std::move(a), base);
}

PyObject* wrap_result(PyObject* result, int lent) {
  if (PyArray_CheckExact(result)) {
    return guarded([&] {
      PyObject* ours = from_numpy(result, true, lent);
      return ours ? ours : result;
    });
  }
  static PyObject* fields = PyUnicode_InternFromString("_fields");
  const bool named = PyTuple_Check(result) && !PyTuple_CheckExact(result) && _PyType_Lookup(Py_TYPE(result), fields);
  if (named || PyTuple_CheckExact(result) || PyList_CheckExact(result)) {
    const bool tuple = !PyList_CheckExact(result);
    const Py_ssize_t n = Py_SIZE(result);
    bool any = false;
    for (Py_ssize_t i = 0; i < n && !any; ++i) {
      PyObject* v = tuple ? PyTuple_GET_ITEM(result, i) : PyList_GET_ITEM(result, i);
      any = PyArray_CheckExact(v) || PyTuple_CheckExact(v) || PyList_CheckExact(v);
    }
    if (!any) return result;
    const bool mine = Py_REFCNT(result) == 1 + lent;
    Ref made(tuple ? PyTuple_New(n) : PyList_New(n));
    if (!made) {
      Py_DECREF(result);
      return nullptr;
    }
    for (Py_ssize_t i = 0; i < n; ++i) {
      PyObject* v = tuple ? PyTuple_GET_ITEM(result, i) : PyList_GET_ITEM(result, i);
      if (mine && tuple) PyTuple_SET_ITEM(result, i, Py_NewRef(Py_None));
      else if (mine) PyList_SET_ITEM(result, i, Py_NewRef(Py_None));
      else Py_INCREF(v);
      v = wrap_result(v);
      if (!v) {
        Py_DECREF(result);
        return nullptr;
      }
      if (tuple) PyTuple_SET_ITEM(made.get(), i, v);
      else PyList_SET_ITEM(made.get(), i, v);
    }
    if (named) {  // its own constructor may want more than the items
      Ref items(PyTuple_Pack(1, made.get()));
      made = Ref(items ? PyTuple_Type.tp_new(Py_TYPE(result), items.get(), nullptr) : nullptr);
    }
    Py_DECREF(result);
    return made.release();
  }
  return result;
}

void init_views(PyObject* module) {
  static PyType_Slot export_slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(export_dealloc)}, {0, nullptr}};
  static PyType_Spec export_spec = {"numloom._core.Export", sizeof(Export), 0,
                                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, export_slots};
  export_type = reinterpret_cast<PyTypeObject*>(checked(PyType_FromModuleAndSpec(module, &export_spec, nullptr)).release());
}

}  // namespace numloom::python
