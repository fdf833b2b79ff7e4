#include "draw.h"

#include <dlfcn.h>
#include <numpy/random/bitgen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "calls.h"
#include "convert.h"
#include "ndarray.h"
#include "runtime/draw.h"
#include "runtime/threads.h"
#include "runtime/twister.h"

namespace numloom::python {

static_assert(sizeof(BitGenerator) == sizeof(bitgen_t) && offsetof(BitGenerator, next_raw) == offsetof(bitgen_t, next_raw));

// What a parameter must be for NumPy to take it and to draw at least once for each sample; what else there is goes to NumPy.
enum class Allowed : uint8_t { any, positive };

struct Distribution {
  Draws of;
  const char* name;                       // of the method
  std::array<const char*, 2> parameters;  // then comes `size`
  Allowed allowed[2];
  double absent[2];
};

namespace {

// Samples from which on a call is shared out. On two idle cores half as many would do; here it costs little where they are busy.
constexpr int64_t kMany = 1 << 16;
// From so many on our own text of the Mersenne Twister is faster than NumPy's; of normal numbers, for which NumPy is asked for what
// it has left.
constexpr int64_t kManyWords = 1 << 12, kManyNormals = 1 << 14;

constexpr double kNone = Py_NAN;  // no default
using enum Sampler::Form;
using enum Allowed;
struct OfGenerator : Distribution {
  const char* symbol;  // of the function that draws, which NumPy's module exports
  Sampler::Form form;
  bool single;
  void* function = nullptr;
};
constexpr Draws generator = Draws::generator, random_state = Draws::random_state;
OfGenerator generators[] = {
    {{generator, "random", {}, {}, {}}, "random_standard_uniform_fill", fill, true},
    {{generator, "standard_normal", {}, {}, {}}, "random_standard_normal_fill", fill, false},
    {{generator, "standard_exponential", {}, {}, {}}, "random_standard_exponential_fill", fill, false},
    {{generator, "standard_cauchy", {}, {}, {}}, "random_standard_cauchy", zero, false},
    {{generator, "uniform", {"low", "high"}, {any, any}, {0, 1}}, "random_uniform", two, true},
    {{generator, "normal", {"loc", "scale"}, {any, positive}, {0, 1}}, "random_normal", two, false},
    {{generator, "lognormal", {"mean", "sigma"}, {any, positive}, {0, 1}}, "random_lognormal", two, false},
    {{generator, "laplace", {"loc", "scale"}, {any, positive}, {0, 1}}, "random_laplace", two, false},
    {{generator, "logistic", {"loc", "scale"}, {any, positive}, {0, 1}}, "random_logistic", two, false},
    {{generator, "gumbel", {"loc", "scale"}, {any, positive}, {0, 1}}, "random_gumbel", two, false},
    {{generator, "exponential", {"scale"}, {positive}, {1}}, "random_exponential", one, false},
    {{generator, "rayleigh", {"scale"}, {positive}, {1}}, "random_rayleigh", one, false},
    {{generator, "standard_gamma", {"shape"}, {positive}, {kNone}}, "random_standard_gamma", one, false},
    {{generator, "gamma", {"shape", "scale"}, {positive, positive}, {kNone, 1}}, "random_gamma", two, false},
    {{generator, "chisquare", {"df"}, {positive}, {kNone}}, "random_chisquare", one, false},
    {{generator, "standard_t", {"df"}, {positive}, {kNone}}, "random_standard_t", one, false},
    {{generator, "beta", {"a", "b"}, {positive, positive}, {kNone, kNone}}, "random_beta", two, false},
    {{generator, "weibull", {"a"}, {positive}, {kNone}}, "random_weibull", one, false},
    {{generator, "pareto", {"a"}, {positive}, {kNone}}, "random_pareto", one, false},
    {{generator, "power", {"a"}, {positive}, {kNone}}, "random_power", one, false},
};

// How the method is called.
enum class Takes : uint8_t { parameters, shape, range };
struct OfRandomState : Distribution {
  TwisterSampler::Form form;
  Takes takes = Takes::parameters;
};
constexpr OfRandomState random_states[] = {
    {{random_state, "random_sample", {}, {}, {}}, TwisterSampler::Form::uniform},
    {{random_state, "random", {}, {}, {}}, TwisterSampler::Form::uniform},
    {{random_state, "rand", {}, {}, {}}, TwisterSampler::Form::uniform, Takes::shape},
    {{random_state, "uniform", {"low", "high"}, {any, any}, {0, 1}}, TwisterSampler::Form::uniform},
    {{random_state, "standard_exponential", {}, {}, {}}, TwisterSampler::Form::exponential},
    {{random_state, "exponential", {"scale"}, {positive}, {1}}, TwisterSampler::Form::exponential},
    {{random_state, "standard_normal", {}, {}, {}}, TwisterSampler::Form::normal},
    {{random_state, "randn", {}, {}, {}}, TwisterSampler::Form::normal, Takes::shape},
    {{random_state, "normal", {"loc", "scale"}, {any, positive}, {0, 1}}, TwisterSampler::Form::normal},
    {{random_state, "randint", {}, {}, {}}, TwisterSampler::Form::bounded, Takes::range},
};

struct Kind {
  PyTypeObject* type;    // owned
  Word128 multiplier;    // 0: the Mersenne Twister
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

bool functions_of(PyObject* bit_generator, BitGenerator& out) {
  static PyObject* const name = interned("capsule");
  Ref capsule(PyObject_GetAttr(bit_generator, name));
  void* p = capsule ? PyCapsule_GetPointer(capsule.get(), "BitGenerator") : nullptr;
  if (p) std::memcpy(&out, p, sizeof out);
  else PyErr_Clear();
  return p != nullptr;
}

// Null where there is none.
Ref bit_generator_of(PyObject* generator) {
  static PyObject* const name = interned("_bit_generator");
  Ref found(PyObject_GetAttr(generator, name));
  if (!found) PyErr_Clear();
  return found;
}

// NumPy's own.
PyObject* random_state_method(const char* name) {
  const Ref module = checked(PyImport_ImportModule("numpy.random"));
  const Ref type = checked(PyObject_GetAttrString(module.get(), "RandomState"));
  return checked(PyObject_GetAttrString(type.get(), name)).release();
}

// The generator behind a bit generator; false where its state is laid out in another way: what is read of it is known to be there, and
// then seen to change at a draw as it should. REQUIRES: its lock is held.
bool find_source(PyObject* bit_generator, Word128 multiplier, Source& out) {
  if (!functions_of(bit_generator, out.functions)) return false;
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

// A shape of at least `least` samples.
bool read_dims(PyObject* const* dims, Py_ssize_t n, int64_t least, ShapeArg& out) {
  if (n > kMaxDims) return false;
  out.ndim = static_cast<int>(n);
  int64_t samples = 1;
  for (Py_ssize_t d = 0; d < n; ++d) {
    PyObject* dim = dims[d];
    int overflow = 0;
    if (!PyLong_CheckExact(dim)) return false;
    out.dims[d] = PyLong_AsLongLongAndOverflow(dim, &overflow);
    if (overflow || out.dims[d] < 0 || __builtin_mul_overflow(samples, out.dims[d], &samples)) return false;
  }
  return samples >= least;
}

bool read_size(PyObject* o, int64_t least, ShapeArg& out) {
  return PyTuple_CheckExact(o) ? read_dims(&PyTuple_GET_ITEM(o, 0), PyTuple_GET_SIZE(o), least, out)
                               : read_dims(&o, 1, least, out);
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

// Arguments in the order of the names; those that are absent are null. False where they do not fit.
bool bind(std::span<const char* const> names, PyObject* const* args, Py_ssize_t n, PyObject* kwnames, PyObject** given) {
  if (n > std::ssize(names)) return false;
  std::copy_n(args, n, given);
  const Py_ssize_t keywords = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t k = 0; k < keywords; ++k) {
    size_t at = 0;
    while (at < names.size() && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, k), names[at]) != 0) ++at;
    if (at == names.size() || given[at]) return false;
    given[at] = args[n + k];
  }
  return true;
}

// The parameters and the shape of a call; false where they are NumPy's to judge, or the samples are few.
bool read_call(const Distribution& d, PyObject* const* args, Py_ssize_t n, PyObject* kwnames, int64_t least, double* values,
               ShapeArg& shape) {
  const char* names[3] = {};
  size_t count = 0;
  for (; count < 2 && d.parameters[count]; ++count) names[count] = d.parameters[count];
  names[count] = "size";
  PyObject* given[3] = {};
  if (!bind({names, count + 1}, args, n, kwnames, given)) return false;
  if (!given[count] || !read_size(given[count], least, shape)) return false;
  for (size_t i = 0; i < count; ++i) {
    values[i] = d.absent[i];
    if (given[i] && !read_number(given[i], values[i])) return false;
    if (!std::isfinite(values[i]) || (d.allowed[i] == positive && values[i] <= 0)) return false;
  }
  return true;
}

// uniform: NumPy draws from the width.
bool to_width(double* range) {
  range[1] -= range[0];
  return std::isfinite(range[1]) && range[1] >= 0;
}

PyObject* drawn(const OfGenerator& d, PyObject* generator, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  if (n + (kwnames ? 1 : 0) == 0 || thread_count() == 1) return nullptr;
  ShapeArg shape;
  double values[2] = {};
  if (!read_call(d, args, n, kwnames, kMany, values, shape)) return nullptr;
  if (d.form == two && d.single && !to_width(values)) return nullptr;
  const Ref bit_generator = bit_generator_of(generator);
  const Kind* const kind = bit_generator ? kind_of(bit_generator.get()) : nullptr;
  if (!kind || kind->multiplier == 0) return nullptr;
  const Held held(bit_generator.get());
  Source source;
  if (!find_source(bit_generator.get(), kind->multiplier, source)) return nullptr;
  return make_array(draw(shape.span(), source, {d.form, d.single, d.function, values[0], values[1]}));
}

// The Mersenne Twister in a bit generator; null where its state is laid out in another way. REQUIRES: its lock is held.
Twister* find_twister(PyObject* bit_generator) {
  BitGenerator functions;
  if (!functions_of(bit_generator, functions) || !inside(bit_generator, functions.state, sizeof(Twister))) return nullptr;
  auto* const found = static_cast<Twister*>(functions.state);
  if (found->at < 0 || found->at > Twister::kWords) return nullptr;
  Twister copy = *found, theirs = copy;
  const uint32_t word = functions.next_uint32(&theirs);
  return copy.next() == word && copy.at == theirs.at ? found : nullptr;
}

// What a RandomState says of itself; a new reference, never null.
Ref state_of(PyObject* generator) {
  static PyObject* const get = random_state_method("get_state");
  return checked(PyObject_CallFunctionObjArgs(get, generator, Py_False, nullptr));
}

// Integers below 2^32 apart: `randint(low, high)`, of int64.
bool read_range(PyObject* const* args, Py_ssize_t n, PyObject* kwnames, TwisterSampler& out, ShapeArg& shape) {
  static constexpr const char* kNames[] = {"low", "high", "size", "dtype"};
  PyObject* given[4] = {};
  if (!bind(kNames, args, n, kwnames, given) || !given[0] || !given[2] || !read_size(given[2], kManyWords, shape)) return false;
  PyObject* const type = given[3];
  if (type && type != reinterpret_cast<PyObject*>(&PyLong_Type) && type != reinterpret_cast<PyObject*>(&PyLongArrType_Type))
    return false;
  const bool one = !given[1] || given[1] == Py_None;
  const auto read = [](PyObject* o, int64_t& to) {
    int overflow = 0;
    if (!PyLong_CheckExact(o)) return false;
    to = PyLong_AsLongLongAndOverflow(o, &overflow);
    return overflow == 0;
  };
  int64_t low = 0, high = 0, range = 0;
  if (!read(given[0], one ? high : low) || (!one && !read(given[1], high))) return false;
  if (__builtin_sub_overflow(high, low, &range) || range < 2 || range > int64_t{1} << 32) return false;
  out.low = low;
  out.range = static_cast<uint32_t>(range - 1);
  return true;
}

PyObject* drawn(const OfRandomState& d, PyObject* generator, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  if (n + (kwnames ? 1 : 0) == 0) return nullptr;
  TwisterSampler sampler{.form = d.form};
  ShapeArg shape;
  double values[2] = {0, 1};
  const int64_t least = d.form == TwisterSampler::Form::normal ? kManyNormals : kManyWords;
  switch (d.takes) {
    case Takes::parameters:
      if (!read_call(d, args, n, kwnames, least, values, shape)) return nullptr;
      if (d.form == TwisterSampler::Form::exponential && d.parameters[0]) values[1] = values[0];
      break;
    case Takes::shape:
      if (kwnames || !read_dims(args, n, least, shape)) return nullptr;
      break;
    case Takes::range:
      if (!read_range(args, n, kwnames, sampler, shape)) return nullptr;
  }
  if (d.form == TwisterSampler::Form::uniform && d.parameters[0] && !to_width(values)) return nullptr;
  sampler.a = values[0];
  sampler.b = values[1];
  const Ref bit_generator = bit_generator_of(generator);
  const Kind* const kind = bit_generator ? kind_of(bit_generator.get()) : nullptr;
  if (!kind || kind->multiplier != 0) return nullptr;
  const Held held(bit_generator.get());
  Twister* const twister = find_twister(bit_generator.get());
  if (!twister) return nullptr;
  if (d.form != TwisterSampler::Form::normal) return make_array(draw(shape.span(), *twister, sampler));
  const Ref before = state_of(generator);
  PyObject *had = PyDict_GetItemString(before.get(), "has_gauss"), *left = PyDict_GetItemString(before.get(), "gauss");
  if (!had || !left || !PyLong_Check(had) || !PyFloat_Check(left)) return nullptr;
  const bool had_left = sampler.has_left = PyObject_IsTrue(had) == 1;
  sampler.left = PyFloat_AS_DOUBLE(left);
  Ref result(make_array(draw(shape.span(), *twister, sampler)));
  if (!had_left && !sampler.has_left) return result.release();
  static PyObject* const set = random_state_method("set_state");
  const Ref after = state_of(generator);
  check(PyDict_SetItemString(after.get(), "has_gauss", checked(PyLong_FromLong(sampler.has_left)).get()));
  check(PyDict_SetItemString(after.get(), "gauss", checked(PyFloat_FromDouble(sampler.left)).get()));
  checked(PyObject_CallFunctionObjArgs(set, generator, after.get(), nullptr));
  return result.release();
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

const Distribution* distribution(const char* name, Draws of) {
  if (of == Draws::random_state) {
    for (const OfRandomState& d : random_states)
      if (std::strcmp(d.name, name) == 0) return &d;
    return nullptr;
  }
  for (OfGenerator& d : generators) {
    if (std::strcmp(d.name, name) != 0 || !module_functions()) continue;
    d.function = dlsym(module_functions(), d.symbol);
    return d.function ? &d : nullptr;
  }
  return nullptr;
}

PyObject* draw_call(const Distribution& d, PyObject* generator, PyObject* const* args, Py_ssize_t n,
                    PyObject* kwnames) noexcept {
  try {
    return d.of == Draws::generator ? drawn(static_cast<const OfGenerator&>(d), generator, args, n, kwnames)
                                    : drawn(static_cast<const OfRandomState&>(d), generator, args, n, kwnames);
  } catch (...) { return raise_current(); }
}

void init_draw(PyObject* module) {
  Ref add = checked(PyCFunction_New(&add_bit_generator_def, nullptr));
  check(PyModule_AddObjectRef(module, "add_bit_generator", add.get()));
}

}  // namespace numloom::python
