// Memory on the GPU shared with other libraries, both ways: the CUDA array interface, version 3, and DLPack, up to version 1.
#include "api/exchange.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "backend/backend.h"
#include "calls.h"
#include "convert.h"
#include "exchange.h"
#include "native.h"

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
  if (PyList_CheckExact(source) || PyTuple_CheckExact(source) || PyArray_Check(source) || PyType_Check(source) ||
      PyUnicode_CheckExact(source) || PyBytes_CheckExact(source) || PyRange_Check(source))
    return false;
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

namespace {

// ---- DLPack: its structures, as its specification lays them out ------------------------------------------------------

enum DeviceType : int32_t { kCuda = 2, kCudaManaged = 13 };
enum TypeCode : uint8_t { kInt = 0, kUint = 1, kFloat = 2, kComplex = 5, kBool = 6 };

struct DlDevice { int32_t type, id; };
struct DlType {
  uint8_t code, bits;
  uint16_t lanes;
};
struct DlTensor {
  void* data;
  DlDevice device;
  int32_t ndim;
  DlType type;
  int64_t* shape;
  int64_t* strides;  // in elements; null: dense in C order
  uint64_t offset;   // bytes
};
struct DlManaged {
  static constexpr const char *kName = "dltensor", *kUsed = "used_dltensor";
  DlTensor tensor;
  void* owner;
  void (*deleter)(DlManaged*);
  uint64_t flags() const { return 0; }
};
struct DlVersioned {
  static constexpr const char *kName = "dltensor_versioned", *kUsed = "used_dltensor_versioned";
  uint32_t major, minor;
  void* owner;
  void (*deleter)(DlVersioned*);
  uint64_t flag_bits;
  DlTensor tensor;
  uint64_t flags() const { return flag_bits; }
};
constexpr uint64_t kReadOnly = 1, kCopied = 2;

DlType dl_type(DType t) {
  const TypeCode code = t == DType::b1              ? kBool
                        : is_complex(t)             ? kComplex
                        : is_float(t)               ? kFloat
                        : kind_of(t) == DKind::sint ? kInt
                                                    : kUint;
  return {code, static_cast<uint8_t>(item_size(t) * 8), 1};
}

DType dtype_of(DlType type) {
  for (int t = 0; t < kDTypes; ++t)
    if (const DlType own = dl_type(static_cast<DType>(t)); std::memcmp(&own, &type, sizeof type) == 0)
      return static_cast<DType>(t);
  return kNoDType;
}

// ---- ours, given away ------------------------------------------------------------------------------------------------

// What a capsule holds.
template <class Managed>
struct Lent {
  Managed managed;
  Array array;
  int64_t shape[kMaxDims], strides[kMaxDims];

  static void give_back(Managed* m) {  // by any thread
    const std::unique_ptr<Lent> lent(static_cast<Lent*>(m->owner));
    return_device(lent->array.buf);
  }
  // Of a capsule that nobody took.
  static void drop(PyObject* capsule) {
    if (!PyCapsule_IsValid(capsule, Managed::kName)) return;
    auto* m = static_cast<Managed*>(PyCapsule_GetPointer(capsule, Managed::kName));
    m->deleter(m);
  }
};

template <class Managed>
PyObject* capsule_of(const Array& a, uint64_t stream, uint64_t flags) {
  using Held = Lent<Managed>;
  auto lent = std::make_unique<Held>();
  const int64_t item = a.item();
  for (int d = 0; d < a.ndim(); ++d) {
    if (a.layout.strides[d] % item) raise(PyExc_BufferError, "DLPack only supports strides which are a multiple of itemsize.");
    lent->shape[d] = a.layout.shape[d];
    lent->strides[d] = a.layout.strides[d] / item;
  }
  Managed& m = lent->managed;
  m.tensor = {nullptr, {kCuda, 0}, a.ndim(), dl_type(a.dtype), lent->shape, lent->strides, 0};
  m.owner = lent.get();
  m.deleter = Held::give_back;
  if constexpr (requires { m.major; }) m.major = 1, m.minor = 0, m.flag_bits = flags;
  lent->array = a;
  m.tensor.data = lend_device(a, stream);
  PyObject* capsule = PyCapsule_New(&m, Managed::kName, Held::drop);
  lent.release();
  if (!capsule) m.deleter(&m);
  return capsule;
}

// What NumPy's arrays do: theirs over our memory on the host, leased while the capsule lives.
PyObject* via_real(const Call& call, const char* method) {
  Ref real = checked(to_numpy(call.args[0]));
  Ref name = checked(PyUnicode_FromString(method));
  std::vector<PyObject*> args(call.args, call.args + call.n + call.keywords());
  args[0] = real.get();
  return PyObject_VectorcallMethod(name.get(), args.data(), call.n, call.kwnames);
}

// Programs for NumPy know no devices: in script mode all arrays are on the host.
bool lends_device(const Array& a) { return !script_mode && !a.is_scalar && on_device(a); }

PyObject* dlpack_device(const Call& call) {
  if (call.n == 1 && !call.kwnames && lends_device(array_of(call.args[0]))) return Py_BuildValue("(ii)", kCuda, 0);
  return via_real(call, "__dlpack_device__");
}

// (major, minor), (type, id): false where it is not two integers.
bool to_pair(PyObject* o, long& first, long& second) {
  if (!PyTuple_Check(o) || PyTuple_GET_SIZE(o) != 2) return false;
  first = PyLong_AsLong(PyTuple_GET_ITEM(o, 0));
  second = PyLong_AsLong(PyTuple_GET_ITEM(o, 1));
  if (PyErr_Occurred()) throw python_error();
  return true;
}

PyObject* dlpack(const Call& call) {
  static const Signature signature({"self", "stream", "max_version", "dl_device", "copy"}, 1, 1);
  PyObject* given[5];
  const Array& a = array_of(call.args[0]);
  const auto none = [&](int k) { return !given[k] || given[k] == Py_None; };
  if (!signature.parse(call, given) || script_mode || a.is_scalar) return via_real(call, "__dlpack__");
  long type = 0, id = 0, major = 0, minor = 0;
  if (none(3) ? !lends_device(a) : !to_pair(given[3], type, id) || type != kCuda || id != 0 || !cuda_available())
    return via_real(call, "__dlpack__");  // which refuses the devices that it does not know
  if (!none(2) && !to_pair(given[2], major, minor))
    raise(PyExc_TypeError, "max_version must be None or a tuple with two elements.");
  int64_t stream = none(1) ? 1 : to_int64(given[1]);
  if (stream == 0 || stream < -1)
    raise(PyExc_ValueError, "stream is -1 (no order), 1 (the legacy default one), 2 (the thread's own) or a CUDA stream");
  if (stream == -1) stream = 1;
  const bool copied = !none(4) && to_bool(given[4]);
  if (!none(4) && !copied && !on_device(a)) raise(PyExc_BufferError, "the array is not on that device, so it has to be copied");
  if (major < 1 && !a.writeable && !copied)
    raise(
        PyExc_BufferError,
        "Cannot export readonly array since signalling readonly is unsupported by DLPack (supported by newer DLPack version).");
  const Array lent = copied ? copy(a) : a;
  const uint64_t flags = (lent.writeable ? 0 : kReadOnly) | (copied ? kCopied : 0);
  return major < 1 ? capsule_of<DlManaged>(lent, static_cast<uint64_t>(stream), flags)
                   : capsule_of<DlVersioned>(lent, static_cast<uint64_t>(stream), flags);
}

// ---- theirs, taken in --------------------------------------------------------------------------------------------------

template <class Managed>
PyObject* take_capsule(PyObject* capsule) {
  auto* m = static_cast<Managed*>(PyCapsule_GetPointer(capsule, Managed::kName));
  if (!m) throw python_error();
  const DlTensor& t = m->tensor;
  if constexpr (requires { m->major; })
    if (m->major > 1) raise(PyExc_BufferError, "the DLPack capsule is of a newer version than 1");
  if ((t.device.type != kCuda && t.device.type != kCudaManaged) || t.device.id != 0)
    raise(PyExc_BufferError, "the DLPack capsule is not of the CUDA device that Numloom uses, the first one");
  const DType dtype = dtype_of(t.type);
  if (dtype == kNoDType) raise(PyExc_BufferError, "the DLPack capsule is of a type that Numloom lacks");
  if (t.ndim > kMaxDims) raise(PyExc_BufferError, "the DLPack capsule has too many dimensions");
  const int item = item_size(dtype);
  Layout layout = Layout::contiguous({t.shape, static_cast<size_t>(t.ndim)}, item, false);
  for (int d = 0; t.strides && d < t.ndim; ++d) layout.strides[d] = t.strides[d] * item;
  const uint64_t address = reinterpret_cast<uint64_t>(t.data) + t.offset;
  if (address % static_cast<uint64_t>(item)) raise(PyExc_BufferError, "the DLPack capsule's memory is not aligned");
  const bool writeable = !(m->flags() & kReadOnly);
  check(PyCapsule_SetName(capsule, Managed::kUsed));  // it is ours to delete
  const auto release = [](void* p) {
    auto* managed = static_cast<Managed*>(p);
    if (managed->deleter) managed->deleter(managed);
  };
  if (layout.size() == 0) {
    Array none = empty(layout.dims(), dtype);
    release(m);
    return make_array(std::move(none));
  }
  Array a = from_device(address, dtype, layout, m, release);
  a.writeable = writeable;
  return make_array(std::move(a));
}

// numpy.from_dlpack, of objects on the GPU without a copy; all else is NumPy's.
PyObject* from_dlpack(const Call& call) {
  static const Signature signature({"x", "device", "copy"}, 1, 1);
  PyObject* given[3];
  if (!signature.parse(call, given) || script_mode) return call.decline("a host's capsule");
  const auto none = [&](int k) { return !given[k] || given[k] == Py_None; };
  PyObject* const x = given[0];
  if (is_ours(x)) {
    const Array& a = array_of(x);
    if (a.is_scalar || !none(1) || !lends_device(a)) return call.decline("an array on the host");
    if (none(2) || !to_bool(given[2])) return make_array(Array(a));
    return make_array(copy(a));
  }
  if (PyArray_Check(x) || !none(1)) return call.decline("a host's capsule");
  static PyObject *const ask = PyUnicode_InternFromString("__dlpack_device__"), *const export_name =
                                                                                    PyUnicode_InternFromString("__dlpack__");
  Ref method = optional_attribute(x, ask);
  if (!method) return call.decline("no __dlpack_device__");
  Ref device = checked(PyObject_CallNoArgs(method.get()));
  long type, id;
  if (!to_pair(device.get(), type, id) || (type != kCuda && type != kCudaManaged)) return call.decline("a host's capsule");
  if (id != 0) raise(PyExc_BufferError, "the object is not on the CUDA device that Numloom uses, the first one");
  // Ours is in order with the legacy default stream, number 1.
  Ref producer = checked(PyObject_GetAttr(x, export_name)), nothing = checked(PyTuple_New(0));
  Ref options = checked(none(2) ? Py_BuildValue("{s:i,s:(ii)}", "stream", 1, "max_version", 1, 0)
                                : Py_BuildValue("{s:i,s:(ii),s:O}", "stream", 1, "max_version", 1, 0, "copy", given[2]));
  Ref capsule(PyObject_Call(producer.get(), nothing.get(), options.get()));
  bool copied = !none(2) && to_bool(given[2]);
  if (capsule) {
    copied = false;
  } else {
    // Made before version 1.
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw python_error();
    PyErr_Clear();
    Ref old = checked(Py_BuildValue("{s:i}", "stream", 1));
    capsule = checked(PyObject_Call(producer.get(), nothing.get(), old.get()));
  }
  Ref taken = checked(PyCapsule_IsValid(capsule.get(), DlVersioned::kName) ? take_capsule<DlVersioned>(capsule.get())
                                                                           : take_capsule<DlManaged>(capsule.get()));
  return copied ? make_array(copy(array_of(taken.get()))) : taken.release();
}

}  // namespace

PyMethodDef exchange_methods[] = {
    NUMLOOM_METHOD("__dlpack__", dlpack),
    NUMLOOM_METHOD("__dlpack_device__", dlpack_device),
    kEnd,
};

PyMethodDef exchange_functions[] = {
    NUMLOOM_FUNCTION("from_dlpack", from_dlpack),
    kEnd,
};

}  // namespace numloom::python
