// Attributes set in classes that C code made, and the slots that follow from them.
#include "class_slots.h"

#include <array>
#include <utility>

#include "calls.h"

namespace numloom::python {

namespace {

// The slots of classes written in C whose `__call__` or `__init__` was set. Each class has slots of its own: C code that calls
// those of a base class means just that class's, whatever the object is.
constexpr size_t kAdaptedSlots = 256;
template <size_t I>
PyObject* adapted_slot = nullptr;  // the function that was set (owned)

PyObject* call_on(PyObject* function, PyObject* self, PyObject* args, PyObject* kwargs) {
  Ref first(PyTuple_Pack(1, self));
  Ref all(first ? PySequence_Concat(first.get(), args) : nullptr);
  return all ? PyObject_Call(function, all.get(), kwargs) : nullptr;
}
template <size_t I>
PyObject* call_adapted(PyObject* self, PyObject* args, PyObject* kwargs) {
  return call_on(adapted_slot<I>, self, args, kwargs);
}
template <size_t I>
int init_adapted(PyObject* self, PyObject* args, PyObject* kwargs) {
  return Ref(call_on(adapted_slot<I>, self, args, kwargs)) ? 0 : -1;
}

struct AdaptedSlot {
  PyObject** function;
  ternaryfunc call;
  initproc init;
};
template <size_t... I>
constexpr std::array<AdaptedSlot, sizeof...(I)> adapted_slots(std::index_sequence<I...>) {
  return {{{&adapted_slot<I>, call_adapted<I>, init_adapted<I>}...}};
}
constexpr auto kSlots = adapted_slots(std::make_index_sequence<kAdaptedSlots>());
size_t slots_taken = 0;

// In the class and in the classes derived from it that inherit the slot.
template <class Slot>
void replace_slot(PyTypeObject* type, PyObject* name, Slot PyTypeObject::* member, Slot slot) {
  const Slot old = std::exchange(type->*member, slot);
  Ref derived = checked(PyObject_CallMethod(reinterpret_cast<PyObject*>(type), "__subclasses__", nullptr));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(derived.get()); ++i) {
    auto* below = reinterpret_cast<PyTypeObject*>(PyList_GET_ITEM(derived.get(), i));
    const bool overrides = below->tp_dict && PyDict_Contains(below->tp_dict, name) == 1;
    if (below->*member == old && !overrides) replace_slot(below, name, member, slot);
  }
}

}  // namespace

void set_in_class(PyObject* o, PyObject* name, PyObject* value) {
  auto* type = reinterpret_cast<PyTypeObject*>(o);
  const auto call = type->tp_call;
  const auto init = type->tp_init;
  const bool is_call = PyUnicode_CompareWithASCIIString(name, "__call__") == 0;
  const bool is_init = PyUnicode_CompareWithASCIIString(name, "__init__") == 0;
  if ((is_call || is_init) && slots_taken == kAdaptedSlots) return;
  const bool mutable_class = PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && !PyType_HasFeature(type, Py_TPFLAGS_IMMUTABLETYPE);
  if (mutable_class) {
    check(PyObject_SetAttr(o, name, value));
    if (type->tp_call == call && type->tp_init == init) return;  // Python's, which look the name up in the class of the object
  } else {
    if (!type->tp_dict) return;
    check(PyDict_SetItem(type->tp_dict, name, value));
  }
  if (is_call || is_init) {
    const AdaptedSlot& slot = kSlots[slots_taken++];
    *slot.function = Py_NewRef(value);
    if (is_call) replace_slot(type, name, &PyTypeObject::tp_call, slot.call);
    else replace_slot(type, name, &PyTypeObject::tp_init, slot.init);
  }
  PyType_Modified(type);
}

}  // namespace numloom::python
