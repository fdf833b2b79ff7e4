// Making and dropping a real array and its export costs a good part of what NumPy's functions take on a few numbers. Views that
// nobody kept are therefore used again: such an array is one that nobody else ever saw or can see, whatever it showed before.
#include "loans.h"

#include "api/functions.h"
#include "calls.h"
#include "convert.h"
#include "ndarray.h"

namespace numloom::python {

namespace {

constexpr int kDims = 2;  // of views with so many dimensions at most
constexpr int kKept = 4;  // some are kept, since most calls have few arguments
PyObject* kept[kDims][kKept];
int n_kept[kDims];

PyArrayObject_fields* fields(PyObject* view) { return reinterpret_cast<PyArrayObject_fields*>(view); }

// Whether the caller's reference is the only way to the view, its export and what NumPy attached to them.
bool is_alone(PyObject* view) {
  const PyArrayObject_fields* f = fields(view);
  return Py_REFCNT(view) == 1 && f->base && Py_TYPE(f->base) == export_type && Py_REFCNT(f->base) == 1 && !f->weakreflist &&
         !f->_buffer_info && !(f->flags & (NPY_ARRAY_OWNDATA | NPY_ARRAY_WRITEBACKIFCOPY));
}

}  // namespace

PyObject* lend_view(PyObject* ours) {
  const Array& a = array_of(ours);
  const int ndim = a.ndim();
  if (a.is_scalar || ndim == 0 || ndim > kDims || a.size() == 0 || n_kept[ndim - 1] == 0) return to_numpy(ours);
  try {
    lease(a);
  } catch (...) { return raise_current(); }
  if (n_kept[ndim - 1] == 0) {  // lease() lets other threads run
    PyObject* view = to_numpy(ours);
    unlease(a.buf);
    return view;
  }
  PyObject* view = kept[ndim - 1][--n_kept[ndim - 1]];
  PyArrayObject_fields* f = fields(view);
  auto* e = reinterpret_cast<Export*>(f->base);
  e->owner = reinterpret_cast<NdArray*>(Py_NewRef(ours));
  e->leased = a.buf;
  f->data = a.buf->host + a.layout.offset;
  for (int d = 0; d < ndim; ++d) {
    f->dimensions[d] = a.layout.shape[d];
    f->strides[d] = a.layout.strides[d];
  }
  PyArray_Descr* before = f->descr;
  f->descr = descr_of(a.dtype);
  Py_INCREF(f->descr);
  Py_DECREF(before);
  f->flags = a.writeable ? NPY_ARRAY_WRITEABLE : 0;
  PyArray_UpdateFlags(reinterpret_cast<PyArrayObject*>(view),
                      NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS | NPY_ARRAY_ALIGNED);
  return view;
}

void take_back(PyObject* view) {
  const int ndim = PyArray_CheckExact(view) ? fields(view)->nd : 0;
  if (ndim == 0 || ndim > kDims || n_kept[ndim - 1] == kKept || !is_alone(view)) {
    Py_DECREF(view);
    return;
  }
  kept[ndim - 1][n_kept[ndim - 1]++] = view;
  auto* e = reinterpret_cast<Export*>(fields(view)->base);
  unlease(std::exchange(e->leased, nullptr));
  Py_DECREF(reinterpret_cast<PyObject*>(std::exchange(e->owner, nullptr)));  // last: other code may run
}

}  // namespace numloom::python
