// Questions about dtypes and memory: of our arrays nothing has to be computed or moved to answer them.
#include <algorithm>

#include "api/record.h"
#include "native.h"

namespace numloom::python {

namespace {

// What a function that looks at no values sees of an argument.
PyObject* dtype_or_itself(PyObject* o) { return is_ours(o) ? reinterpret_cast<PyObject*>(descr_of(array_of(o).dtype)) : o; }

// NumPy's function on the dtypes of our arrays.
PyObject* ask_numpy(const char* name, const Call& call) {
  std::vector<PyObject*> args(call.args, call.args + call.n + call.keywords());
  std::transform(args.begin(), args.end(), args.begin(), dtype_or_itself);
  PyObject* answer = PyObject_Vectorcall(numpy_function(name), args.data(), call.n, call.kwnames);
  if (answer || !PyErr_ExceptionMatches(PyExc_TypeError)) return answer;
  PyErr_Clear();  // its words depend on where the arrays are
  return call.decline("dtypes that do not go together");
}

// Whether the promotion is that of two types: a longer row of them is not promoted one after the other.
bool two_types(const Call& call, DType types[2]) {
  if (call.kwnames || call.n < 1 || call.n > 2) return false;
  for (Py_ssize_t i = 0; i < call.n; ++i) {
    PyObject* o = call.args[i];
    if (is_ours(o)) types[i] = array_of(o).dtype;
    else if (PyArray_DescrCheck(o)) types[i] = dtype_of_descr(reinterpret_cast<PyArray_Descr*>(o));
    else return false;
    if (types[i] == kNoDType) return false;
  }
  if (call.n == 1) types[1] = types[0];
  return true;
}

PyObject* result_type_of(const Call& call) {
  DType types[2];
  if (!two_types(call, types)) return ask_numpy("result_type", call);
  return Py_NewRef(reinterpret_cast<PyObject*>(descr_of(promote(types[0], types[1]))));
}

PyObject* can_cast_of(const Call& call) {
  static const Signature signature({"from_", "to", "casting"}, 3);
  PyObject* v[3];
  if (!signature.parse(call, v, 2)) return call.decline("arguments");
  if (is_ours(v[1])) return call.decline("an array, which is no type to cast to");
  return ask_numpy("can_cast", call);
}

// (Of an array's class NumPy asks more than of its dtype.)
PyObject* complex_object(const char* name, const Call& call, bool wanted) {
  if (call.n == 1 && !call.kwnames && is_ours(call.args[0]))
    return PyBool_FromLong(is_complex(array_of(call.args[0]).dtype) == wanted);
  if (call.n != 1 || call.kwnames) return call.decline("arguments");
  return PyObject_Vectorcall(numpy_function(name), call.args, 1, nullptr);
}
PyObject* iscomplexobj(const Call& call) { return complex_object("iscomplexobj", call, true); }
PyObject* isrealobj(const Call& call) { return complex_object("isrealobj", call, false); }

PyObject* isscalar(const Call& call) {
  if (call.n != 1 || call.kwnames) return call.decline("arguments");
  PyObject* o = call.args[0];
  if (is_ours(o)) return PyBool_FromLong(array_of(o).is_scalar);
  if (PyFloat_Check(o) || PyLong_Check(o) || PyUnicode_CheckExact(o)) Py_RETURN_TRUE;
  return PyObject_Vectorcall(numpy_function("isscalar"), call.args, 1, nullptr);
}

// Whether the bytes between the first and the last element of each meet.
bool bounds_meet(const Array& a, const Array& b) {
  if (a.size() == 0 || b.size() == 0) return false;
  if (a.buf != b.buf) return in_shared_bytes(a, b);
  int64_t low_a, high_a, low_b, high_b;
  a.layout.extent(a.item(), low_a, high_a);
  b.layout.extent(b.item(), low_b, high_b);
  return high_a > low_b && high_b > low_a;
}

// Two of ours and nothing else; of a scalar NumPy makes an array first.
bool two_arrays(const Call& call) {
  const auto is_array = [](PyObject* o) { return is_ours(o) && !array_of(o).is_scalar; };
  return call.n == 2 && !call.kwnames && is_array(call.args[0]) && is_array(call.args[1]);
}

PyObject* may_share_memory(const Call& call) {
  if (!two_arrays(call)) return call.decline("arguments");
  return PyBool_FromLong(bounds_meet(array_of(call.args[0]), array_of(call.args[1])));
}

PyObject* shares_memory(const Call& call) {
  if (!two_arrays(call)) return call.decline("arguments");
  if (bounds_meet(array_of(call.args[0]), array_of(call.args[1]))) return call.decline("views that may overlap");
  Py_RETURN_FALSE;
}

}  // namespace

PyMethodDef inquiry_functions[] = {
    NUMLOOM_FUNCTION("result_type", result_type_of),  NUMLOOM_FUNCTION("can_cast", can_cast_of),
    NUMLOOM_FUNCTION("iscomplexobj", iscomplexobj),   NUMLOOM_FUNCTION("isrealobj", isrealobj),
    NUMLOOM_FUNCTION("isscalar", isscalar),           NUMLOOM_FUNCTION("may_share_memory", may_share_memory),
    NUMLOOM_FUNCTION("shares_memory", shares_memory), kEnd,
};

}  // namespace numloom::python
