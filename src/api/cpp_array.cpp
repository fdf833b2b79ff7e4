#include <algorithm>
#include <cstring>

#include "api/cpp_handle.h"

namespace numloom {

static_assert(static_cast<int>(dtype::complex128) == static_cast<int>(DType::c16));
static_assert(static_cast<int>(dtype_of<double>()) == static_cast<int>(DType::f8));
static_assert(static_cast<int>(dtype_of<std::uint16_t>()) == static_cast<int>(DType::u2));

std::string_view name(dtype t) { return dtype_name(engine_type(t)); }
int itemsize(dtype t) { return item_size(engine_type(t)); }
dtype promote_types(dtype a, dtype b) { return public_type(promote(engine_type(a), engine_type(b))); }
bool can_cast(dtype from, dtype to) { return can_cast(engine_type(from), engine_type(to), Casting::safe); }

// ---- what arguments are ---------------------------------------------------------------------------------------------

void operand::set_integer(std::uint64_t bits, bool is_signed) {
  if (!is_signed && bits > static_cast<std::uint64_t>(INT64_MAX))
    throw overflow_error("an integer above the largest int64 has no weak type", "write array(value), which is a uint64");
  kind_ = kind::integer;
  integer_ = static_cast<std::int64_t>(bits);
}

Arg access::arg(const operand& o) {
  Scalar s;
  switch (o.kind_) {
    case operand::kind::array: return of(*o.array_);
    case operand::kind::boolean:
      s.dtype = DType::b1;
      s.raw[0] = o.integer_ != 0;
      return s;
    case operand::kind::integer:
      s.dtype = DType::i8;
      s.weak = Scalar::Weak::integer;
      s.i = o.integer_;
      return s;
    case operand::kind::floating:
      s.dtype = DType::f8;
      s.weak = Scalar::Weak::floating;
      s.f = o.real_;
      return s;
    case operand::kind::complex:
      s.dtype = DType::c16;
      s.weak = Scalar::Weak::complex;
      s.c[0] = o.real_;
      s.c[1] = o.imag_;
      return s;
  }
  return s;
}

Index access::entry(const index& i) {
  Index out{};
  switch (i.kind_) {
    case index::kind::integer:
      out.kind = Index::Kind::integer;
      out.start = i.range_.start.value_or(0);
      break;
    case index::kind::slice:
      out.kind = Index::Kind::slice;
      out.start = i.range_.start.value_or(0);
      out.stop = i.range_.stop.value_or(0);
      out.step = i.range_.step.value_or(1);
      out.has = static_cast<uint8_t>((i.range_.start ? 1 : 0) | (i.range_.stop ? 2 : 0) | (i.range_.step ? 4 : 0));
      break;
    case index::kind::newaxis: out.kind = Index::Kind::newaxis; break;
    case index::kind::ellipsis: out.kind = Index::Kind::ellipsis; break;
  }
  return out;
}

Index access::entry(const selector& s) {
  if (!s.array_) return entry(s.basic_);
  Index out{};
  out.kind = Index::Kind::array;
  out.array = &of(*s.array_);
  return out;
}

namespace {

std::vector<Index> entries(std::initializer_list<selector> at) {
  std::vector<Index> out;
  for (const selector& s : at) out.push_back(access::entry(s));
  return out;
}

Array adopt(const void* values, std::size_t count, DType type, const extents& shape) {
  if (shape.size() > kMaxDims)
    throw value_error("maximum supported dimension for an array is " + std::to_string(kMaxDims) + ", found " +
                      std::to_string(shape.size()));
  std::int64_t size = 1;
  for (std::int64_t n : shape) {
    if (n < 0) throw value_error("negative dimensions are not allowed");
    size *= n;
  }
  if (static_cast<std::size_t>(size) != count)
    throw value_error("cannot reshape array of size " + std::to_string(count) + " into shape of " + std::to_string(size) +
                      " elements");
  Array a(Buffer::make_host(size * item_size(type)), type, Layout::contiguous(shape, item_size(type)));
  if (size) std::memcpy(a.buf->ensure_host(), values, static_cast<std::size_t>(size * item_size(type)));
  a.buf->host_valid = true;
  return a;
}

}  // namespace

namespace detail {

array from_values(const void* values, std::size_t count, dtype type, const extents& shape) {
  return handle(adopt(values, count, engine_type(type), shape));
}

array from_host_memory(void* values, dtype type, const extents& shape) {
  const int item = itemsize(type);
  if (shape.size() > kMaxDims)
    throw value_error("maximum supported dimension for an array is " + std::to_string(kMaxDims) + ", found " +
                      std::to_string(shape.size()));
  for (std::int64_t n : shape)
    if (n < 0) throw value_error("negative dimensions are not allowed");
  const Layout l = Layout::contiguous(shape, item);
  return handle(from_host(values, l.size() * item, engine_type(type), l, nullptr, nullptr, true));
}

array ordered(const array& a, dtype type) { return handle(astype(of(a), engine_type(type), 'C', false)); }

void read_item(const array& a, dtype type, void* value) {
  const Scalar s = cast_scalar(item_value(of(a)), engine_type(type));
  std::memcpy(value, s.raw, static_cast<std::size_t>(itemsize(type)));
}

lease::lease(const array& handle, dtype type, bool write) {
  const Array& a = of(handle);
  if (a.dtype != engine_type(type))
    throw type_error("data: the elements are " + std::string(dtype_name(a.dtype)) + ", not " + std::string(name(type)),
                     "astype() converts");
  if (!a.layout.c_contiguous(a.item()))
    throw value_error("data: the elements do not lie in order", "copy() makes an array in which they do");
  if (write && !a.writeable) throw value_error("data: the array is read-only", "ask for const elements");
  numloom::lease(a);
  buffer_ = a.buf;
  data_ = a.buf->host + a.layout.offset;
  size_ = static_cast<std::size_t>(a.size());
}

lease::~lease() {
  if (buffer_) unlease(buffer_);
}

array call(ufunc f, const ufunc_options& options, const operand& a) {
  const operand* in[1] = {&a};
  return apply_public(static_cast<Op>(f), in, options);
}

array call(ufunc f, const ufunc_options& options, const operand& a, const operand& b) {
  const operand* in[2] = {&a, &b};
  return apply_public(static_cast<Op>(f), in, options);
}

}  // namespace detail

array apply_public(Op op, std::span<const operand* const> in, const ufunc_options& options) {
  std::string place;
  return checked(
      [&] {
        Arg args[3] = {Scalar(), Scalar(), Scalar()};
        for (std::size_t k = 0; k < in.size(); ++k) args[k] = access::arg(*in[k]);
        MapOptions o;
        o.out = options.out ? &of(*options.out) : nullptr;
        o.where = options.where ? &of(*options.where) : nullptr;
        if (options.dtype) o.dtype = engine_type(*options.dtype);
        try {
          return handle(apply(op, {args, in.size()}, o));
        } catch (...) {
          for (const operand* x : in)
            if (place.empty()) place = access::place(*x);
          throw;
        }
      },
      place);
}

// ---- array ----------------------------------------------------------------------------------------------------------

array::array(Array&& a) : impl_(std::make_shared<const Array>(std::move(a))) {}

void array::require_length(std::size_t row, std::size_t first) {
  if (row != first)
    throw value_error("the rows have different lengths: " + std::to_string(first) + " and " + std::to_string(row));
}

extents array::shape() const {
  const auto d = of(*this).layout.dims();
  return {d.begin(), d.end()};
}
extents array::strides() const {
  const Layout& l = of(*this).layout;
  return {l.strides, l.strides + l.ndim};
}
int array::ndim() const { return of(*this).ndim(); }
std::int64_t array::size() const { return of(*this).size(); }
std::int64_t array::nbytes() const { return of(*this).size() * of(*this).item(); }
dtype array::dtype() const { return public_type(of(*this).dtype); }

array array::view(std::span<const index> at) const {
  return checked([&] {
    std::vector<Index> list;
    bool open = false;
    for (const index& i : at) {
      list.push_back(access::entry(i));
      open |= list.back().kind == Index::Kind::ellipsis;
    }
    // An element is a 0-d view of its array, not a copy.
    if (!open) {
      list.emplace_back();
      list.back().kind = Index::Kind::ellipsis;
    }
    return handle(get_item(of(*this), list));
  });
}
array array::T() const { return transpose(*this); }
array array::reshape(const extents& shape) const { return numloom::reshape(*this, shape); }

array array::get(std::initializer_list<selector> at) const {
  return checked([&] { return handle(get_item(of(*this), entries(at))); });
}
void array::set(std::initializer_list<selector> at, const operand& value) {
  checked([&] { set_item(of(*this), entries(at), access::arg(value)); }, access::place(value));
}
void array::assign(const operand& value) {
  checked([&] { numloom::assign(of(*this), access::arg(value)); }, access::place(value));
}
array array::copy() const { return handle(numloom::copy(of(*this), 'C')); }
array array::astype(numloom::dtype type) const { return handle(numloom::astype(of(*this), engine_type(type))); }
const array& array::eval() const {
  numloom::eval({*this});
  return *this;
}

namespace {

array binary(Op op, const operand& a, const operand& b) {
  const operand* in[2] = {&a, &b};
  return apply_public(op, in, {});
}
array unary(Op op, const array& a) {
  const operand x(a, nullptr, 0);
  const operand* in[1] = {&x};
  return apply_public(op, in, {});
}
array& in_place(Op op, array& a, const operand& b) {
  const operand x(a, nullptr, 0);
  const operand* in[2] = {&x, &b};
  apply_public(op, in, {.out = &a});
  return a;
}

}  // namespace

array& array::operator+=(const operand& b) { return in_place(Op::add, *this, b); }
array& array::operator-=(const operand& b) { return in_place(Op::subtract, *this, b); }
array& array::operator*=(const operand& b) { return in_place(Op::multiply, *this, b); }
array& array::operator/=(const operand& b) { return in_place(Op::divide, *this, b); }
array& array::operator%=(const operand& b) { return in_place(Op::remainder, *this, b); }
array& array::operator&=(const operand& b) { return in_place(Op::bitwise_and, *this, b); }
array& array::operator|=(const operand& b) { return in_place(Op::bitwise_or, *this, b); }
array& array::operator^=(const operand& b) { return in_place(Op::bitwise_xor, *this, b); }
array& array::operator<<=(const operand& b) { return in_place(Op::left_shift, *this, b); }
array& array::operator>>=(const operand& b) { return in_place(Op::right_shift, *this, b); }

array operator+(const array& a) { return unary(Op::positive, a); }
array operator-(const array& a) { return unary(Op::negative, a); }
array operator~(const array& a) { return unary(Op::invert, a); }
array operator!(const array& a) { return unary(Op::logical_not, a); }
array operator+(const operand& a, const operand& b) { return binary(Op::add, a, b); }
array operator-(const operand& a, const operand& b) { return binary(Op::subtract, a, b); }
array operator*(const operand& a, const operand& b) { return binary(Op::multiply, a, b); }
array operator/(const operand& a, const operand& b) { return binary(Op::divide, a, b); }
array operator%(const operand& a, const operand& b) { return binary(Op::remainder, a, b); }
array operator&(const operand& a, const operand& b) { return binary(Op::bitwise_and, a, b); }
array operator|(const operand& a, const operand& b) { return binary(Op::bitwise_or, a, b); }
array operator^(const operand& a, const operand& b) { return binary(Op::bitwise_xor, a, b); }
array operator<<(const operand& a, const operand& b) { return binary(Op::left_shift, a, b); }
array operator>>(const operand& a, const operand& b) { return binary(Op::right_shift, a, b); }
array operator==(const operand& a, const operand& b) { return binary(Op::equal, a, b); }
array operator!=(const operand& a, const operand& b) { return binary(Op::not_equal, a, b); }
array operator<(const operand& a, const operand& b) { return binary(Op::less, a, b); }
array operator<=(const operand& a, const operand& b) { return binary(Op::less_equal, a, b); }
array operator>(const operand& a, const operand& b) { return binary(Op::greater, a, b); }
array operator>=(const operand& a, const operand& b) { return binary(Op::greater_equal, a, b); }

}  // namespace numloom
