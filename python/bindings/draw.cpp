#include "draw.h"

#include <dlfcn.h>
#include <numpy/random/bitgen.h>

#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "calls.h"
#include "convert.h"
#include "ndarray.h"
#include "runtime/draw.h"
#include "runtime/threads.h"

namespace numloom::python {

static_assert(sizeof(BitGenerator) == sizeof(bitgen_t) && offsetof(BitGenerator, next_raw) == offsetof(bitgen_t, next_raw));

// What a parameter must be for NumPy to take it and to draw at least once for each sample; what else there is goes to NumPy.
enum class Allowed : uint8_t { any, positive };

struct Distribution {
  const char* name;    // of the method
  const char* symbol;  // of the function that draws, which NumPy's module exports
  Sampler::Form form;
  bool single;
  std::array<const char*, 2> parameters;  // then comes `size`
  Allowed allowed[2];
  double absent[2];
  void* function;
};

namespace {

// Samples from which on a call is shared out. On two idle cores half as many would do; here it costs little where they are busy.
constexpr int64_t kMany = 1 << 16;

constexpr double kNone = Py_NAN;  // no default
using enum Sampler::Form;
using enum Allowed;
Distribution distributions[] = {
    {"random", "random_standard_uniform_fill", fill, true, {}, {}, {}, nullptr},
    {"standard_normal", "random_standard_normal_fill", fill, false, {}, {}, {}, nullptr},
    {"standard_exponential", "random_standard_exponential_fill", fill, false, {}, {}, {}, nullptr},
    {"standard_cauchy", "random_standard_cauchy", zero, false, {}, {}, {}, nullptr},
    {"uniform", "random_uniform", two, true, {"low", "high"}, {any, any}, {0, 1}, nullptr},
    {"normal", "random_normal", two, false, {"loc", "scale"}, {any, positive}, {0, 1}, nullptr},
    {"lognormal", "random_lognormal", two, false, {"mean", "sigma"}, {any, positive}, {0, 1}, nullptr},
    {"laplace", "random_laplace", two, false, {"loc", "scale"}, {any, positive}, {0, 1}, nullptr},
    {"logistic", "random_logistic", two, false, {"loc", "scale"}, {any, positive}, {0, 1}, nullptr},
    {"gumbel", "random_gumbel", two, false, {"loc", "scale"}, {any, positive}, {0, 1}, nullptr},
    {"exponential", "random_exponential", one, false, {"scale"}, {positive}, {1}, nullptr},
    {"rayleigh", "random_rayleigh", one, false, {"scale"}, {positive}, {1}, nullptr},
    {"standard_gamma", "random_standard_gamma", one, false, {"shape"}, {positive}, {kNone}, nullptr},
    {"gamma", "random_gamma", two, false, {"shape", "scale"}, {positive, positive}, {kNone, 1}, nullptr},
    {"chisquare", "random_chisquare", one, false, {"df"}, {positive}, {kNone}, nullptr},
    {"standard_t", "random_standard_t", one, false, {"df"}, {positive}, {kNone}, nullptr},
    {"beta", "random_beta", two, false, {"a", "b"}, {positive, positive}, {kNone, kNone}, nullptr},
    {"weibull", "random_weibull", one, false, {"a"}, {positive}, {kNone}, nullptr},
    {"pareto", "random_pareto", one, false, {"a"}, {positive}, {kNone}, nullptr},
    {"power", "random_power", one, false, {"a"}, {positive}, {kNone}, nullptr},
};

struct Kind {
  PyTypeObject* type;  // owned
  Word128 multiplier;
};
std::vector<Kind> kinds;

PyObject* interned(const char* text) {
  PyObject* s = PyUnicode_InternFromString(text);
  if (!s) throw python_error{};
  return s;
}

// The functions of the module that NumPy's generators are in.
void* module_functions() {
  static void* const handle = []() -> void* {
    Ref module(PyImport_ImportModule("numpy.random._generator"));
    Ref file(module ? PyObject_GetAttrString(module.get(), "__file__") : nullptr);
    const char* path = file ? PyUnicode_AsUTF8(file.get()) : nullptr;
    void* found = path ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : nullptr;
    PyErr_Clear();
    return found;
  }();
  return handle;
}

// Whether `n` bytes at p lie in the object itself.
bool inside(PyObject* o, const void* p, size_t n) {
  const auto begin = reinterpret_cast<uintptr_t>(o), at = reinterpret_cast<uintptr_t>(p);
  const auto size = static_cast<uintptr_t>(Py_TYPE(o)->tp_basicsize);
  return at % alignof(void*) == 0 && at >= begin && n <= size && at - begin <= size - n;
}

const Kind* kind_of(PyObject* bit_generator) {
  for (const Kind& k : kinds)
    if (k.type == Py_TYPE(bit_generator)) return &k;
  return nullptr;
}

// The generator behind a bit generator; false where its state is laid out in another way: what is read of it is known to be there, and
// then seen to change at a draw as it should. REQUIRES: its lock is held.
bool find_source(PyObject* bit_generator, Word128 multiplier, Source& out) {
  static PyObject* const name = interned("capsule");
  Ref capsule(PyObject_GetAttr(bit_generator, name));
  void* p = capsule ? PyCapsule_GetPointer(capsule.get(), "BitGenerator") : nullptr;
  if (!p) {
    PyErr_Clear();
    return false;
  }
  std::memcpy(&out.functions, p, sizeof out.functions);
  out.multiplier = multiplier;
  if (!inside(bit_generator, out.functions.state, sizeof(CongruentialState))) return false;
  const auto& state = *static_cast<CongruentialState*>(out.functions.state);
  if (!inside(bit_generator, state.generator, sizeof(Congruential))) return false;
  Congruential copy = *state.generator, next = copy;
  next.step(out.multiplier);
  CongruentialState trial{&copy, 0, 0};
  out.functions.next_uint64(&trial);
  return copy.at == next.at;
}

bool read_number(PyObject* o, double& out) {
  if (PyFloat_CheckExact(o) || PyArray_IsScalar(o, Double)) {
    out = PyFloat_AS_DOUBLE(o);
    return true;
  }
  if (!PyLong_CheckExact(o)) return false;
  out = PyLong_AsDouble(o);
  if (out != -1 || !PyErr_Occurred()) return true;
  PyErr_Clear();
  return false;
}

// A size of so many samples that it is worth while.
bool read_size(PyObject* o, ShapeArg& out) {
  const bool tuple = PyTuple_CheckExact(o);
  const Py_ssize_t n = tuple ? PyTuple_GET_SIZE(o) : 1;
  if (n > kMaxDims) return false;
  out.ndim = static_cast<int>(n);
  int64_t samples = 1;
  for (Py_ssize_t d = 0; d < n; ++d) {
    PyObject* dim = tuple ? PyTuple_GET_ITEM(o, d) : o;
    int overflow = 0;
    if (!PyLong_CheckExact(dim)) return false;
    out.dims[d] = PyLong_AsLongLongAndOverflow(dim, &overflow);
    if (overflow || out.dims[d] < 0 || __builtin_mul_overflow(samples, out.dims[d], &samples)) return false;
  }
  return samples >= kMany;
}

// A generator's lock, held. NumPy's functions hold it while they draw, too.
class Held {
 public:
  explicit Held(PyObject* bit_generator) {
    static PyObject* const name = interned("lock");
    static PyObject* const acquire = interned("acquire");
    lock_ = checked(PyObject_GetAttr(bit_generator, name));
    checked(PyObject_CallMethodNoArgs(lock_.get(), acquire));
  }
  ~Held() {
    static PyObject* const release = interned("release");
    if (!Ref(PyObject_CallMethodNoArgs(lock_.get(), release))) PyErr_WriteUnraisable(lock_.get());
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  Ref lock_;
};

PyObject* drawn(const Distribution& d, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  int count = 0;
  while (count < 2 && d.parameters[static_cast<size_t>(count)]) ++count;
  const Py_ssize_t keywords = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  if (n + keywords < 2 || n > count + 2 || thread_count() == 1) return nullptr;
  // The parameters, then the size.
  PyObject* given[3] = {};
  for (Py_ssize_t i = 1; i < n; ++i) given[i - 1] = args[i];
  for (Py_ssize_t k = 0; k < keywords; ++k) {
    int at = 0;
    const auto is = [&](const char* name) { return PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, k), name) == 0; };
    while (at < count && !is(d.parameters[static_cast<size_t>(at)])) ++at;
    if ((at == count && !is("size")) || given[at]) return nullptr;
    given[at] = args[n + k];
  }
  ShapeArg shape;
  if (!given[count] || !read_size(given[count], shape)) return nullptr;
  double values[2] = {};
  for (int i = 0; i < count; ++i) {
    values[i] = d.absent[i];
    if (given[i] && !read_number(given[i], values[i])) return nullptr;
    if (!std::isfinite(values[i]) || (d.allowed[i] == positive && values[i] <= 0)) return nullptr;
  }
  if (d.form == two && d.single) {  // uniform: NumPy draws from the width
    values[1] -= values[0];
    if (!std::isfinite(values[1]) || values[1] < 0) return nullptr;
  }
  static PyObject* const name = interned("_bit_generator");
  const Ref bit_generator(PyObject_GetAttr(args[0], name));
  if (!bit_generator) PyErr_Clear();
  const Kind* const kind = bit_generator ? kind_of(bit_generator.get()) : nullptr;
  if (!kind) return nullptr;
  const Held held(bit_generator.get());
  Source source;
  if (!find_source(bit_generator.get(), kind->multiplier, source)) return nullptr;
  return make_array(draw(shape.span(), source, {d.form, d.single, d.function, values[0], values[1]}));
}

PyObject* add_bit_generator(PyObject*, PyObject* args) {
  PyObject *type, *multiplier;
  if (!PyArg_ParseTuple(args, "O!O!", &PyType_Type, &type, &PyLong_Type, &multiplier)) return nullptr;
  Ref bits(PyLong_FromLong(64));
  Ref high(PyNumber_Rshift(multiplier, bits.get()));
  if (!high) return nullptr;
  const Word128 top = PyLong_AsUnsignedLongLongMask(high.get());
  kinds.push_back({reinterpret_cast<PyTypeObject*>(Py_NewRef(type)), top << 64 | PyLong_AsUnsignedLongLongMask(multiplier)});
  Py_RETURN_NONE;
}
PyMethodDef add_bit_generator_def = {"add_bit_generator", add_bit_generator, METH_VARARGS,
                                     "Let threads share bit generators of this class."};

}  // namespace

const Distribution* distribution(const char* name) {
  for (Distribution& d : distributions) {
    if (std::strcmp(d.name, name) != 0 || !module_functions()) continue;
    d.function = dlsym(module_functions(), d.symbol);
    return d.function ? &d : nullptr;
  }
  return nullptr;
}

PyObject* draw_call(const Distribution& d, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) noexcept {
  try {
    return drawn(d, args, n, kwnames);
  } catch (...) { return raise_current(); }
}

void init_draw(PyObject* module) {
  Ref add = checked(PyCFunction_New(&add_bit_generator_def, nullptr));
  check(PyModule_AddObjectRef(module, "add_bit_generator", add.get()));
}

}  // namespace numloom::python
