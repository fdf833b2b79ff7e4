// C++ exceptions as the Python exceptions that NumPy raises.
#include <new>
#include <regex>
#include <string>

#include "calls.h"
#include "convert.h"
#include "ufunc.h"

namespace numloom::python {

namespace {

PyObject* axis_error_class;
PyObject* input_casting_error_class;
PyObject* output_casting_error_class;

// Sets `type(text)` with the note attached, as add_note does.
void set_error(PyObject* type, const error& e) {
  Ref text(PyUnicode_FromString(e.what()));
  Ref exception(text ? PyObject_CallOneArg(type, text.get()) : nullptr);
  if (!exception) return;
  if (!e.note().empty()) {
    Ref done(PyObject_CallMethod(exception.get(), "add_note", "s", e.note().c_str()));
    if (!done) return;
  }
  PyErr_SetObject(type, exception.get());
}

PyObject* dtype_named(const std::string& name) {
  Ref text(PyUnicode_FromString(name.c_str()));
  PyArray_Descr* d = nullptr;
  if (!text || !PyArray_DescrConverter(text.get(), &d)) return nullptr;
  return reinterpret_cast<PyObject*>(d);
}

// NumPy's casting errors hold their parts and make the text from them.
void set_casting_error(const casting_error& e) {
  static const std::regex form(
      R"(Cannot cast ufunc '(\w+)' (input|output)(?: (\d+))? from dtype\('(\w+)'\) to dtype\('(\w+)'\) with casting rule '(\w+)')");
  const std::string text = e.what();
  std::smatch m;
  if (!std::regex_search(text, m, form)) {
    set_error(PyExc_TypeError, e);
    return;
  }
  PyObject* type = m[2] == "input" ? input_casting_error_class : output_casting_error_class;
  Ref from(dtype_named(m[4])), to(dtype_named(m[5]));
  if (!from || !to) return;
  PyObject* real = real_ufunc(m[1].str().c_str());
  const int at = m[3].matched ? std::stoi(m[3]) : 0;
  Ref exception(PyObject_CallFunction(type, "OsOOi", real, m[6].str().c_str(), from.get(), to.get(), at));
  if (!exception) return;
  if (!e.note().empty()) {
    Ref done(PyObject_CallMethod(exception.get(), "add_note", "s", e.note().c_str()));
    if (!done) return;
  }
  PyErr_SetObject(type, exception.get());
}

}  // namespace

PyObject* raise_current() noexcept {
  try {
    throw;
  } catch (const python_error&) {
  } catch (const interrupted&) {
    if (!PyErr_Occurred()) PyErr_SetNone(PyExc_KeyboardInterrupt);
  } catch (const casting_error& e) { set_casting_error(e); } catch (const axis_error& e) {
    set_error(axis_error_class, e);
  } catch (const value_error& e) { set_error(PyExc_ValueError, e); } catch (const type_error& e) {
    set_error(PyExc_TypeError, e);
  } catch (const index_error& e) { set_error(PyExc_IndexError, e); } catch (const memory_error& e) {
    set_error(PyExc_MemoryError, e);
  } catch (const overflow_error& e) { set_error(PyExc_OverflowError, e); } catch (const zero_division_error& e) {
    set_error(PyExc_ZeroDivisionError, e);
  } catch (const not_native& e) { set_error(PyExc_NotImplementedError, e); } catch (const error& e) {
    set_error(PyExc_RuntimeError, e);
  } catch (const std::bad_alloc&) { PyErr_NoMemory(); } catch (const std::exception& e) {
    PyErr_Format(PyExc_SystemError, "numloom: internal error: %s", e.what());
  } catch (...) { PyErr_SetString(PyExc_SystemError, "numloom: internal error"); }
  return nullptr;
}

void raise_axis_error(int64_t axis, int ndim, const char* prefix) {
  Ref exception = checked(PyObject_CallFunction(axis_error_class, "Liz", static_cast<long long>(axis), ndim, prefix));
  PyErr_SetObject(axis_error_class, exception.get());
  throw python_error{};
}

void init_errors() {
  Ref exceptions = checked(PyImport_ImportModule("numpy.exceptions"));
  axis_error_class = checked(PyObject_GetAttrString(exceptions.get(), "AxisError")).release();
  Ref core = checked(PyImport_ImportModule("numpy._core._exceptions"));
  input_casting_error_class = checked(PyObject_GetAttrString(core.get(), "_UFuncInputCastingError")).release();
  output_casting_error_class = checked(PyObject_GetAttrString(core.get(), "_UFuncOutputCastingError")).release();
}

}  // namespace numloom::python
