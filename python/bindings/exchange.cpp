// Memory on the GPU shared with other libraries: the CUDA array interface, version 3, both ways.
#include "api/exchange.h"

#include <algorithm>

#include "calls.h"
#include "convert.h"
#include "exchange.h"

namespace numloom::python {

PyObject* cuda_interface(PyObject* self, void*) {
  try {
    const Array& a = array_of(self);
    if (!on_device(a)) raise(PyExc_AttributeError, "this array is not on a CUDA device (see numloom.set_device)");
    const auto address = reinterpret_cast<unsigned long long>(device_data(a));
    Ref shape = checked(shape_tuple(a.layout.shape, a.ndim()));
    Ref strides = checked(a.layout.c_contiguous(a.item()) ? Py_NewRef(Py_None) : shape_tuple(a.layout.strides, a.ndim()));
    Ref type = checked(PyObject_GetAttrString(reinterpret_cast<PyObject*>(descr_of(a.dtype)), "str"));
    // Our work is in order with the legacy default stream, number 1.
    return Py_BuildValue("{s:O,s:O,s:O,s:(KO),s:i,s:i}", "shape", shape.get(), "strides", strides.get(), "typestr", type.get(),
                         "data", a.size() ? address : 0ull, a.writeable ? Py_False : Py_True, "version", 3, "stream", 1);
  } catch (...) { return raise_current(); }
}

bool from_cuda_interface(PyObject* source, Array& out) {
  if (PyList_CheckExact(source) || PyTuple_CheckExact(source) || PyArray_Check(source) || PyType_Check(source)) return false;
  static PyObject* name = PyUnicode_InternFromString("__cuda_array_interface__");
  Ref interface;
  try {
    interface = optional_attribute(source, name);
  } catch (const python_error&) {
    PyErr_Clear();  // NumPy would not have asked
  }
  if (!interface) return false;
  if (!PyDict_Check(interface.get())) return false;  // an object that has whatever it is asked for
  const auto entry = [&](const char* name) { return PyDict_GetItemString(interface.get(), name); };
  PyObject *shape = entry("shape"), *strides = entry("strides"), *type = entry("typestr"), *data = entry("data");
  if (!shape || !type || !data || !PyTuple_Check(data) || PyTuple_GET_SIZE(data) != 2)
    raise(PyExc_ValueError, "__cuda_array_interface__ lacks an entry");
  DType dtype;
  ShapeArg sizes, steps;
  if (!to_dtype(type, dtype, DType::f8) || !to_shape(shape, sizes)) return false;  // NumPy says what is wrong
  Layout layout = Layout::contiguous(sizes.span(), item_size(dtype), false);
  if (strides && strides != Py_None) {
    if (!to_shape(strides, steps) || steps.ndim != sizes.ndim) raise(PyExc_ValueError, "__cuda_array_interface__: bad strides");
    std::copy_n(steps.dims, steps.ndim, layout.strides);
  }
  const unsigned long long address = PyLong_AsUnsignedLongLong(PyTuple_GET_ITEM(data, 0));
  if (PyErr_Occurred()) throw python_error();
  PyObject* stream = entry("stream");
  const unsigned long long order = stream && stream != Py_None ? PyLong_AsUnsignedLongLong(stream) : 0;
  if (PyErr_Occurred()) throw python_error();
  out = copy_from_device(address, dtype, layout, order);
  return true;
}

}  // namespace numloom::python
