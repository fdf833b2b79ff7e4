// The C++ front: the installed headers' declarations on the functions that both fronts share. Conversion only.
#include <bit>
#include <cstring>

#include "api/array.h"
#include "api/functions.h"
#include "numloom/numloom.h"

namespace numloom {

// The door between the public classes and the engine's.
struct internal {
  static const Array& of(const array& a) { return *a.self_; }
  static Array& of(array& a) { return *a.self_; }
  static array make(Array a) { return array(std::make_unique<Array>(std::move(a))); }
  static view part(array self, array whole, std::vector<index> where, std::vector<array> keep) {
    return view(std::move(self), std::move(whole), std::move(where), std::move(keep));
  }

  static Arg arg(const operand& o) {
    if (o.array_) return Arg(of(*o.array_));
    Scalar s;
    switch (o.kind_) {
      case 'b':
        s.dtype = DType::b1;
        s.raw[0] = o.whole_ != 0;
        break;
      case 'i':
        s.dtype = DType::i8;
        s.weak = Scalar::Weak::integer;
        s.i = o.whole_;
        break;
      case 'c':
        s.dtype = DType::c16;
        s.weak = Scalar::Weak::complex;
        s.c[0] = o.real_;
        s.c[1] = o.imag_;
        break;
      default:
        s.dtype = DType::f8;
        s.weak = Scalar::Weak::floating;
        s.f = o.real_;
    }
    return Arg(s);
  }

  static Index place(const index& i) {
    Index out{Index::Kind::integer, 0, 0, 1, 0, nullptr};
    switch (i.kind) {
      case index::whole: out.start = i.at; break;
      case index::range:
        out.kind = Index::Kind::slice;
        out.start = i.part.start.value_or(0);
        out.stop = i.part.stop.value_or(0);
        out.step = i.part.step.value_or(1);
        out.has = static_cast<uint8_t>((i.part.start ? 1 : 0) | (i.part.stop ? 2 : 0) | (i.part.step ? 4 : 0));
        break;
      case index::fresh: out.kind = Index::Kind::newaxis; break;
      case index::rest: out.kind = Index::Kind::ellipsis; break;
      case index::list:
        out.kind = Index::Kind::array;
        out.array = &of(*i.elements);
        break;
    }
    return out;
  }
  static std::vector<Index> places(std::span<const index> where) {
    std::vector<Index> out;
    for (const index& i : where) out.push_back(place(i));
    return out;
  }
  static const array* elements(const index& i) { return i.kind == index::list ? i.elements : nullptr; }
};

namespace {

static_assert(static_cast<int>(dtype::complex128) == static_cast<int>(DType::c16));

DType engine_type(dtype t) { return static_cast<DType>(t); }
const Array& in(const array& a) { return internal::of(a); }
array out(Array a) { return internal::make(std::move(a)); }
Scalar number(double v) {
  Scalar s;
  s.f = v;
  return s;
}
array elementwise(Op op, std::initializer_list<Arg> args) { return out(apply(op, std::span<const Arg>(args.begin(), args.size()))); }

int checked_axis(const Array& a, int axis) {
  const int d = axis < 0 ? axis + a.ndim() : axis;
  if (d < 0 || d >= a.ndim())
    throw axis_error("axis " + std::to_string(axis) + " is out of bounds for array of dimension " + std::to_string(a.ndim()));
  return d;
}

ReduceOptions over(const array& a, const axes_type& axes, bool keepdims) {
  ReduceOptions o;
  o.keepdims = keepdims;
  uint32_t set = 0;
  for (const int axis : axes) {
    const uint32_t bit = 1u << checked_axis(in(a), axis);
    if (set & bit) throw value_error("duplicate value in 'axis'");
    set |= bit;
  }
  o.axes = set;
  return o;
}

void in_place(Op op, array& a, const operand& b) {
  const Arg args[] = {Arg(in(a)), internal::arg(b)};
  MapOptions o;
  o.out = &in(a);
  apply(op, args, o);
}

}  // namespace

const char* name(dtype t) { return dtype_name(engine_type(t)).data(); }

// ---- array -----------------------------------------------------------------------------------------------------------
array::array(std::unique_ptr<Array> a) : self_(std::move(a)) {}
array::array(double value) : self_(std::make_unique<Array>(scalar_array(number(value)))) {}
array::array(const void* values, size_t count, numloom::dtype t, const shape_type& shape)
    : self_(std::make_unique<Array>(numloom::empty(Shape(shape), engine_type(t)))) {
  if (static_cast<size_t>(size()) != count)
    throw value_error("cannot reshape array of size " + std::to_string(count) + " into the shape given");
  if (count) std::memcpy(host_data_for_write(*self_), values, count * static_cast<size_t>(item_size(engine_type(t))));
}
array::array(const array& other) : self_(std::make_unique<Array>(*other.self_)) {}
array::array(array&& other) noexcept = default;
array& array::operator=(const array& other) {
  if (this != &other) self_ = std::make_unique<Array>(*other.self_);
  return *this;
}
array& array::operator=(array&& other) noexcept = default;
array::~array() = default;

numloom::dtype array::type() const { return static_cast<numloom::dtype>(self_->dtype); }
shape_type array::shape() const { return {self_->layout.shape, self_->layout.shape + self_->layout.ndim}; }
std::vector<int64_t> array::strides() const { return {self_->layout.strides, self_->layout.strides + self_->layout.ndim}; }
int array::ndim() const { return self_->ndim(); }
int64_t array::size() const { return self_->size(); }

view array::at(std::span<const index> where) const {
  // An index array is held by the view, whose write comes later.
  std::vector<index> kept(where.begin(), where.end());
  std::vector<array> keep;
  keep.reserve(kept.size());
  for (index& i : kept)
    if (const array* a = internal::elements(i)) {
      keep.push_back(*a);
      i = index(keep.back());
    }
  const std::vector<Index> places = internal::places(kept);
  return internal::part(out(get_item(*self_, places)), *this, std::move(kept), std::move(keep));
}

array array::reshape(const shape_type& shape) const { return out(numloom::reshape(*self_, Shape(shape))); }
array array::transpose() const { return out(numloom::transpose(*self_, std::span<const int>())); }
array array::astype(numloom::dtype t) const { return out(numloom::astype(*self_, engine_type(t))); }
array array::copy() const { return out(numloom::copy(*self_)); }

array& array::operator+=(const operand& b) { return in_place(Op::add, *this, b), *this; }
array& array::operator-=(const operand& b) { return in_place(Op::subtract, *this, b), *this; }
array& array::operator*=(const operand& b) { return in_place(Op::multiply, *this, b), *this; }
array& array::operator/=(const operand& b) { return in_place(Op::divide, *this, b), *this; }

void array::read(void* to, numloom::dtype t) const {
  const DType wanted = engine_type(t);
  Array dense = self_->dtype == wanted ? *self_ : numloom::astype(*self_, wanted, 'C');
  if (!dense.layout.c_contiguous(dense.item())) dense = numloom::copy(dense, 'C');
  if (dense.size()) std::memcpy(to, host_data(dense), static_cast<size_t>(dense.size() * dense.item()));
}

view::view(array self, array whole, std::vector<index> where, std::vector<array> keep)
    : array(std::move(self)), whole_(std::move(whole)), where_(std::move(where)), keep_(std::move(keep)) {}
view& view::operator=(const operand& value) {
  set_item(internal::of(whole_), internal::places(where_), internal::arg(value));
  return *this;
}

host_memory::host_memory(const array& a) : array_(std::make_unique<array>(a)), data_(nullptr) {
  lease(in(a));
  data_ = host_data(in(a));
}
host_memory::~host_memory() { unlease(in(*array_).buf); }

// ---- creation --------------------------------------------------------------------------------------------------------
array empty(const shape_type& shape, dtype t) { return out(empty(Shape(shape), engine_type(t))); }
array zeros(const shape_type& shape, dtype t) { return out(full(Shape(shape), engine_type(t), number(0))); }
array ones(const shape_type& shape, dtype t) { return out(full(Shape(shape), engine_type(t), number(1))); }
array full(const shape_type& shape, const operand& value) {
  const Arg v = internal::arg(value);
  if (v.array) return out(copy(broadcast(*v.array, Shape(shape)), 'C'));
  return out(full(Shape(shape), v.scalar.dtype, v.scalar));
}
array full(const shape_type& shape, const operand& value, dtype t) {
  const Arg v = internal::arg(value);
  if (v.array) return out(astype(broadcast(*v.array, Shape(shape)), engine_type(t), 'C'));
  return out(full(Shape(shape), engine_type(t), v.scalar));
}
array arange(int64_t stop) { return arange(int64_t{0}, stop, int64_t{1}); }
array arange(int64_t start, int64_t stop, int64_t step) {
  if (step == 0) throw zero_division_error("division by zero");
  const int64_t span = step > 0 ? stop - start + step - 1 : start - stop - step - 1;
  const int64_t n = span / (step > 0 ? step : -step);
  return out(arange_int(start, step, n > 0 ? n : 0, DType::i8));
}
array arange(double start, double stop, double step) {
  const double n = (stop - start) / step;
  if (!(n < 9.2e18)) throw value_error("Maximum allowed size exceeded");
  int64_t count = static_cast<int64_t>(n);
  if (static_cast<double>(count) < n) ++count;
  return out(arange(start, step, count > 0 ? count : 0, DType::f8));
}
array linspace(double start, double stop, int64_t count) {
  if (count < 0) throw value_error("Number of samples, " + std::to_string(count) + ", must be non-negative.");
  const double step = count > 1 ? (stop - start) / static_cast<double>(count - 1) : 0;
  // As numpy.linspace: i * step + start, and the end exact.
  array x = arange(count).astype(dtype::float64) * step + start;
  if (count > 1) x(-1) = stop;
  return x;
}
array eye(int64_t n, dtype t) { return (arange(n).reshape({n, 1}) == arange(n)).astype(t); }

// ---- operators -------------------------------------------------------------------------------------------------------
#define NUMLOOM_OPERATOR(symbol, op)                                                                                        \
  array operator symbol(const array& a, const array& b) { return elementwise(Op::op, {Arg(in(a)), Arg(in(b))}); }           \
  array operator symbol(const array& a, const operand& b) { return elementwise(Op::op, {Arg(in(a)), internal::arg(b)}); }   \
  array operator symbol(const operand& a, const array& b) { return elementwise(Op::op, {internal::arg(a), Arg(in(b))}); }
NUMLOOM_OPERATOR(+, add)
NUMLOOM_OPERATOR(-, subtract)
NUMLOOM_OPERATOR(*, multiply)
NUMLOOM_OPERATOR(/, divide)
NUMLOOM_OPERATOR(%, remainder)
NUMLOOM_OPERATOR(<, less)
NUMLOOM_OPERATOR(<=, less_equal)
NUMLOOM_OPERATOR(>, greater)
NUMLOOM_OPERATOR(>=, greater_equal)
NUMLOOM_OPERATOR(==, equal)
NUMLOOM_OPERATOR(!=, not_equal)
NUMLOOM_OPERATOR(&, bitwise_and)
NUMLOOM_OPERATOR(|, bitwise_or)
NUMLOOM_OPERATOR(^, bitwise_xor)
#undef NUMLOOM_OPERATOR
array operator-(const array& a) { return elementwise(Op::negative, {Arg(in(a))}); }
array operator~(const array& a) { return elementwise(Op::invert, {Arg(in(a))}); }

#define NUMLOOM_UNARY(name) \
  array name(const operand& a) { return elementwise(Op::name, {internal::arg(a)}); }
#define NUMLOOM_BINARY(name) \
  array name(const operand& a, const operand& b) { return elementwise(Op::name, {internal::arg(a), internal::arg(b)}); }
#include "ufuncs.inc"
#undef NUMLOOM_UNARY
#undef NUMLOOM_BINARY

array where(const array& condition, const operand& x, const operand& y) {
  return out(select(in(condition), internal::arg(x), internal::arg(y)));
}
array clip(const operand& a, const operand& low, const operand& high) {
  return elementwise(Op::clip, {internal::arg(a), internal::arg(low), internal::arg(high)});
}

// ---- reductions ------------------------------------------------------------------------------------------------------
#define NUMLOOM_REDUCTION(name, call)                                             \
  array name(const array& a) {                                                    \
    const ReduceOptions o;                                                        \
    return out(call);                                                             \
  }                                                                               \
  array name(const array& a, const axes_type& axes, bool keepdims) {              \
    const ReduceOptions o = over(a, axes, keepdims);                              \
    return out(call);                                                             \
  }
NUMLOOM_REDUCTION(sum, reduce(Op::add, in(a), o))
NUMLOOM_REDUCTION(prod, reduce(Op::multiply, in(a), o))
NUMLOOM_REDUCTION(min, reduce(Op::minimum, in(a), o))
NUMLOOM_REDUCTION(max, reduce(Op::maximum, in(a), o))
NUMLOOM_REDUCTION(any, reduce(Op::logical_or, in(a), o))
NUMLOOM_REDUCTION(all_of, reduce(Op::logical_and, in(a), o))
NUMLOOM_REDUCTION(mean, mean(in(a), o))
NUMLOOM_REDUCTION(var, variance(in(a), 0.0, false, o))
NUMLOOM_REDUCTION(stddev, variance(in(a), 0.0, true, o))
NUMLOOM_REDUCTION(count_nonzero, count_nonzero(in(a), o))
#undef NUMLOOM_REDUCTION
array argmin(const array& a) { return out(argreduce(Op::minimum, in(a), std::nullopt)); }
array argmin(const array& a, int axis) { return out(argreduce(Op::minimum, in(a), checked_axis(in(a), axis))); }
array argmax(const array& a) { return out(argreduce(Op::maximum, in(a), std::nullopt)); }
array argmax(const array& a, int axis) { return out(argreduce(Op::maximum, in(a), checked_axis(in(a), axis))); }
array cumsum(const array& a, int axis) { return out(cumulate(Op::add, in(a), checked_axis(in(a), axis))); }

// ---- joining, products -----------------------------------------------------------------------------------------------
array concatenate(const std::vector<array>& arrays, int axis) {
  std::vector<Array> parts;
  for (const array& a : arrays) parts.push_back(in(a));
  return out(concatenate(std::span<const Array>(parts), axis));
}
array stack(const std::vector<array>& arrays, int axis) {
  if (arrays.empty()) throw value_error("need at least one array to stack");
  std::vector<array> parts;
  const int ndim = arrays[0].ndim() + 1, d = axis < 0 ? axis + ndim : axis;
  if (d < 0 || d >= ndim)
    throw axis_error("axis " + std::to_string(axis) + " is out of bounds for array of dimension " + std::to_string(ndim));
  for (const array& a : arrays) {
    shape_type shape = a.shape();
    if (shape != arrays[0].shape()) throw value_error("all input arrays must have the same shape");
    shape.insert(shape.begin() + d, 1);
    parts.push_back(a.reshape(shape));
  }
  return concatenate(parts, d);
}
array matmul(const array& a, const array& b) { return out(matmul(in(a), in(b))); }
array dot(const array& a, const array& b) { return out(dot(in(a), in(b))); }

// ---- running ---------------------------------------------------------------------------------------------------------
void eval() { eval_all(); }
void set_device(const std::string& device) {
  if (device == "cpu") set_device(Device::cpu);
  else if (device == "cuda") set_device(Device::cuda);
  else if (device == "auto") set_device(Device::automatic);
  else throw value_error("no device is called '" + device + "': 'cpu', 'cuda' or 'auto'");
}

}  // namespace numloom
