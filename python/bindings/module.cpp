// numloom._core: the compiled half of the package.
//
//   ndarray, ndarray_meta   the array and its metaclass; both take further attributes, which the package sets at import
//   ufunc, ufuncs           the ufunc type; name -> ufunc, aliases included
//   functions               name -> native function, with NumPy's signature
//   flatiter, flagsobj      of `a.flat` and `a.flags`
//   set_hooks(fallback=, fallback_ufunc=, from_host=, lending=, lent_method=), allow_quick_fallbacks, quick_fallbacks, clear_quick_fallbacks
//                           fallback(name, args, kwargs, reason) and fallback_ufunc(real_ufunc, method, args, kwargs) return
//                           the lent call (trampoline.h) that does a call in NumPy; methods have names as "ndarray.sum" and the array among their args
//   function, import_hook   see trampoline.h
//   add_bit_generator       see draw.h
//   from_numpy, on_host, to_numpy, wrap_result, is_ours, rebind, is_scalar, set_writeable
//   set_verify              see verify.cpp
//   order_statistics        see api/functions.h
//   set_script_mode, script_mode, eval, eval_all, settle, issue_warnings, synchronize, set_device, device, start_early
//   counters, reset_counters, debug_program, debug_plan, debug_bytecode, debug_texts, debug_keep, add_site_folder,
//   before_exit
//   before_fork, after_fork_parent, after_fork_child
#define NUMLOOM_IMPORTS_NUMPY
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "api/debug.h"
#include "api/functions.h"
#include "backend/cuda/control.h"
#include "class_slots.h"
#include "describe.h"
#include "draw.h"
#include "engine/engine.h"
#include "import_hooks.h"
#include "native.h"
#include "ndarray.h"
#include "trampoline.h"
#include "ufunc.h"
#include "verify.h"

namespace nb = nanobind;

namespace numloom::python {

namespace {

std::vector<PyMethodDef> all_methods;

// Runs `f`; what it throws leaves as the Python exception that NumPy would raise.
template <class F>
auto translated(F&& f) {
  try {
    return f();
  } catch (const nb::python_error&) { throw; } catch (...) {
    raise_current();
    throw nb::python_error();
  }
}

const Array& ours(nb::handle h) {
  if (!is_ours(h.ptr())) throw nb::type_error("a numloom array is needed");
  return array_of(h.ptr());
}

nb::object owned(PyObject* o) {
  if (!o) throw nb::python_error();
  return nb::steal(o);
}

nb::object from_numpy_any(nb::handle h) {
  if (!PyArray_CheckExact(h.ptr())) return nb::borrow(h);
  return translated([&] {
    PyObject* o = from_numpy(h.ptr(), false);
    return o ? nb::steal(o) : nb::borrow(h);
  });
}

void eval_these(nb::args args) {
  std::vector<Array> arrays;
  for (nb::handle h : args) arrays.push_back(ours(h));
  translated([&] { eval(arrays); });
}

void set_device_named(const std::string& name) {
  if (name == "cpu") translated([] { set_device(Device::cpu); });
  else if (name == "cuda") translated([] { set_device(Device::cuda); });
  else if (name == "auto") translated([] { set_device(Device::automatic); });
  else throw nb::value_error("the device is 'cpu', 'cuda' or 'auto'");
}

std::string device_name() {
  const Device d = device();
  return d == Device::cpu ? "cpu" : d == Device::cuda ? "cuda" : "auto";
}

// A plain C function: the interpreter's stack then holds the only other reference to a temporary.
PyObject* wrap_result_entry(PyObject*, PyObject* result) {
  Py_INCREF(result);
  return wrap_result(result, 1);
}
// Plain for speed: programs enter np.errstate by the thousand.
PyObject* settle_entry(PyObject*, PyObject*) {
  try {
    settle();
    Py_RETURN_NONE;
  } catch (...) { return raise_current(); }
}
PyMethodDef settle_def = {"settle", settle_entry, METH_NOARGS,
                          "Runs what is recorded; what fails is raised where its value is wanted."};
PyMethodDef wrap_result_def = {"wrap_result", wrap_result_entry, METH_O, "A result of NumPy's as ours."};

void add_functions(PyObject* table, PyObject* module, PyMethodDef* functions) {
  Ref name = checked(PyUnicode_FromString("numloom._core"));
  for (; functions->ml_name; ++functions) {
    Ref f = checked(PyCFunction_NewEx(functions, nullptr, name.get()));
    check(PyDict_SetItemString(table, functions->ml_name, f.get()));
    check(PyModule_AddObjectRef(module, functions->ml_name, f.get()));
  }
}

void set_hook(PyObject*& slot, nb::handle value) {
  if (value.is_none()) return;
  Py_INCREF(value.ptr());
  Py_XSETREF(slot, value.ptr());
}

}  // namespace

PyMethodDef* method_table() {
  for (PyMethodDef* t : {array_methods, reduction_methods, shape_methods, select_methods, sorting_methods, exchange_methods}) {
    for (; t->ml_name; ++t) {
      all_methods.push_back(*t);
      PyObject* numpys = PyDict_GetItemString(PyArray_Type.tp_dict, t->ml_name);
      if (numpys && Py_IS_TYPE(numpys, &PyMethodDescr_Type))
        all_methods.back().ml_doc = reinterpret_cast<PyMethodDescrObject*>(numpys)->d_method->ml_doc;
    }
  }
  all_methods.push_back(kEnd);
  return all_methods.data();
}

}  // namespace numloom::python

namespace {

int import_numpy() {
  import_array1(-1);
  return 0;
}

}  // namespace

NB_MODULE(_core, m) {
  using namespace numloom::python;
  if (import_numpy() < 0) throw nb::python_error();
  try {
    init_errors();
    init_convert();
    init_sites();
    init_ndarray(m.ptr());
    init_ufunc(m.ptr());
    init_scalars();
    init_trampoline(m.ptr());
    init_import_hooks(m.ptr());
    init_draw(m.ptr());
    init_verify(m.ptr());
    init_flat(m.ptr());
    init_flags(m.ptr());
    Ref functions = checked(PyDict_New());
    for (PyMethodDef* t : {creation_functions, inquiry_functions, reduction_functions, shape_functions, select_functions,
                           sorting_functions, exchange_functions}) {
      add_functions(functions.get(), m.ptr(), t);
    }
    check(PyModule_AddObjectRef(m.ptr(), "functions", functions.get()));
    Ref wrap = checked(PyCFunction_New(&wrap_result_def, nullptr));
    check(PyModule_AddObjectRef(m.ptr(), "wrap_result", wrap.get()));
    Ref settles = checked(PyCFunction_New(&settle_def, nullptr));
    check(PyModule_AddObjectRef(m.ptr(), "settle", settles.get()));
  } catch (...) {
    raise_current();
    throw nb::python_error();
  }
  install_hooks();

  m.def(
      "set_hooks",
      [](nb::object fallback, nb::object fallback_ufunc, nb::object from_host, nb::object lending, nb::object lent_method) {
        set_hook(package_hooks.fallback, fallback);
        set_hook(package_hooks.fallback_ufunc, fallback_ufunc);
        set_hook(package_hooks.from_host, from_host);
        set_hook(package_hooks.lending, lending);
        set_hook(package_hooks.lent_method, lent_method);
      },
      nb::arg("fallback") = nb::none(), nb::arg("fallback_ufunc") = nb::none(), nb::arg("from_host") = nb::none(),
      nb::arg("lending") = nb::none(), nb::arg("lent_method") = nb::none());
  m.def("as_builtin", [](nb::handle function) { return owned(as_builtin(function.ptr())); });
  m.def("set_in_class",
        [](nb::handle type, nb::handle name, nb::handle value) { set_in_class(type.ptr(), name.ptr(), value.ptr()); });
  m.def("allow_quick_fallbacks", allow_quick_fallbacks);
  m.def("quick_fallbacks", [] { return owned(quick_fallbacks()); });
  m.def("clear_quick_fallbacks", clear_quick_fallbacks);
  m.def("is_ours", [](nb::handle h) { return is_ours(h.ptr()); }, nb::arg().none());
  // An array of ours with the same values, for a call that reads them once; see on_host in api/functions.h.
  m.def("on_host", [](nb::handle h) { return translated([&] { return owned(make_array(on_host(ours(h)))); }); });
  m.def("to_numpy", [](nb::handle h) { return is_ours(h.ptr()) ? owned(to_numpy(h.ptr())) : nb::borrow(h); }, nb::arg().none());
  m.def("from_numpy", from_numpy_any, nb::arg().none());
  // The first array becomes the second, storage and all; other views of the first keep the old storage.
  m.def("rebind", [](nb::handle a, nb::handle b) {
    ours(a);
    array_of(a.ptr()) = ours(b);
  });
  m.def("is_scalar", [](nb::handle h) { return is_ours(h.ptr()) && array_of(h.ptr()).is_scalar; });
  m.def("set_writeable", [](nb::handle h, bool on) {
    ours(h);
    array_of(h.ptr()).writeable = on;
  });
  // The name that the interpreter's own messages show. The text is kept.
  m.def("show_class_as", [](const char* name) {
    static std::vector<std::string*> kept;
    kept.push_back(new std::string(name));
    ndarray_type->tp_name = kept.back()->c_str();
  });
  m.def("order_statistics", [](nb::handle rows, const std::vector<int64_t>& ranks) {
    const numloom::Array& a = ours(rows);
    return translated([&] { return owned(make_array(numloom::order_statistics(a, ranks))); });
  });
  m.def("set_script_mode", [](bool on) { script_mode = on; });
  m.def("script_mode", [] { return script_mode; });
  m.def("eval", eval_these);
  m.def("eval_all", [] { translated([] { numloom::eval_all(); }); });
  m.def("issue_warnings", [] { translated([] { numloom::issue_warnings(); }); });
  m.def("start_early", [](bool products) { numloom::cuda::start_early(products); });
  m.def("synchronize", [] { translated([] { numloom::synchronize(); }); });
  m.def("set_device", set_device_named);
  m.def("device", device_name);
  m.def("counters", [] {
    nb::dict d;
    for (const auto& [name, value] : numloom::counters()) d[name.c_str()] = value;
    return d;
  });
  m.def("reset_counters", numloom::reset_counters);
  m.def("debug_program", numloom::debug_program);
  m.def("debug_plan", numloom::debug_plan);
  m.def("debug_bytecode", numloom::debug_bytecode);
  m.def("debug_texts", numloom::debug_texts);
  m.def("debug_keep", numloom::debug_keep);
  m.def("before_fork", [] { translated([] { numloom::before_fork(); }); });
  m.def("after_fork_parent", [] { numloom::after_fork_parent(); });
  m.def("after_fork_child", [] { numloom::after_fork_child(); });
  m.def("add_site_folder", [](const std::string& folder) { numloom::cuda::add_site_folder(folder); });
  m.def("before_exit", [] {
    const nb::gil_scoped_release released;
    numloom::before_exit();
  });
}
