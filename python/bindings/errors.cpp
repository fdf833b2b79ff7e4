// C++ exceptions as the Python exceptions that NumPy raises.
#include <new>
#include <string>

#include "calls.h"
#include "convert.h"
#include "ufunc.h"

namespace numloom::python {

namespace {

PyObject* axis_error_class;
PyObject* output_casting_error_class;
PyObject* array_memory_error_class;

// Sets the exception, with e's note attached as add_note does. A null one is an error set already.
void set_noted(PyObject* type, const error& e, const Ref& exception) {
  if (!exception) return;
  if (!e.note().empty()) {
    Ref done(PyObject_CallMethod(exception.get(), "add_note", "s", e.note().c_str()));
    if (!done) return;
  }
  PyErr_SetObject(type, exception.get());
}

void set_error(PyObject* type, const error& e) {
  Ref text(PyUnicode_FromString(e.what()));
  set_noted(type, e, Ref(text ? PyObject_CallOneArg(type, text.get()) : nullptr));
}

PyObject* dtype_named(const std::string& name) {
  Ref text(PyUnicode_FromString(name.c_str()));
  PyArray_Descr* d = nullptr;
  if (!text || !PyArray_DescrConverter(text.get(), &d)) return nullptr;
  return reinterpret_cast<PyObject*>(d);
}

// NumPy's casting errors hold their parts and make the text from them.
void set_casting_error(const casting_error& e) {
  if (e.ufunc.empty()) {
    set_error(PyExc_TypeError, e);
    return;
  }
  Ref from(dtype_named(e.from)), to(dtype_named(e.to));
  if (!from || !to) return;
  set_noted(output_casting_error_class, e,
            Ref(PyObject_CallFunction(output_casting_error_class, "OsOOi", real_ufunc(e.ufunc.c_str()), e.rule.c_str(),
                                      from.get(), to.get(), 0)));
}

// NumPy's holds the shape and the dtype, and makes the text from them.
void set_memory_error(const memory_error& e) {
  if (e.dtype.empty()) {
    set_error(PyExc_MemoryError, e);
    return;
  }
  Ref shape(shape_tuple(e.shape.data(), static_cast<int>(e.shape.size()))), dtype(dtype_named(e.dtype));
  if (!shape || !dtype) return;
  set_noted(array_memory_error_class, e,
            Ref(PyObject_CallFunctionObjArgs(array_memory_error_class, shape.get(), dtype.get(), nullptr)));
}

}  // namespace

PyObject* raise_current() noexcept {
  try {
    throw;
  } catch (const python_error&) {
  } catch (const interrupted&) {
    if (!PyErr_Occurred()) PyErr_SetNone(PyExc_KeyboardInterrupt);
  } catch (const casting_error& e) { set_casting_error(e); } catch (const axis_error& e) {
    set_noted(axis_error_class, e,
              Ref(PyObject_CallFunction(axis_error_class, "Liz", static_cast<long long>(e.axis), e.ndim,
                                        e.prefix.empty() ? nullptr : e.prefix.c_str())));
  } catch (const value_error& e) { set_error(PyExc_ValueError, e); } catch (const type_error& e) {
    set_error(PyExc_TypeError, e);
  } catch (const index_error& e) { set_error(PyExc_IndexError, e); } catch (const memory_error& e) {
    set_memory_error(e);
  } catch (const overflow_error& e) { set_error(PyExc_OverflowError, e); } catch (const zero_division_error& e) {
    set_error(PyExc_ZeroDivisionError, e);
  } catch (const not_native& e) { set_error(PyExc_NotImplementedError, e); } catch (const error& e) {
    set_error(PyExc_RuntimeError, e);
  } catch (const std::bad_alloc&) { PyErr_NoMemory(); } catch (const std::exception& e) {
    PyErr_Format(PyExc_SystemError, "numloom: internal error: %s", e.what());
  } catch (...) { PyErr_SetString(PyExc_SystemError, "numloom: internal error"); }
  return nullptr;
}

void init_errors() {
  Ref exceptions = checked(PyImport_ImportModule("numpy.exceptions"));
  axis_error_class = checked(PyObject_GetAttrString(exceptions.get(), "AxisError")).release();
  Ref core = checked(PyImport_ImportModule("numpy._core._exceptions"));
  array_memory_error_class = checked(PyObject_GetAttrString(core.get(), "_ArrayMemoryError")).release();
  output_casting_error_class = checked(PyObject_GetAttrString(core.get(), "_UFuncOutputCastingError")).release();
}

}  // namespace numloom::python
