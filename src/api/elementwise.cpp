#include <algorithm>
#include <cmath>

#include "api/record.h"
#include "backend/cpu/loops.h"

namespace numloom {
namespace {

bool is_comparison(Op op) { return op >= Op::equal && op <= Op::greater_equal; }

bool is_logical(Op op) {
  return op == Op::logical_and || op == Op::logical_or || op == Op::logical_xor || op == Op::logical_not;
}

// int64 against uint64 by value; the operands as (int64, uint64).
struct Mixed {
  Op op;
  bool swapped;
};
Mixed mixed_comparison(Op op, bool swapped) {
  static constexpr Op kForward[] = {Op::equal_iu,      Op::not_equal_iu, Op::less_iu,
                                    Op::less_equal_iu, Op::greater_iu,   Op::greater_equal_iu};
  static constexpr Op kBackward[] = {Op::equal_iu,         Op::not_equal_iu, Op::greater_iu,
                                     Op::greater_equal_iu, Op::less_iu,      Op::less_equal_iu};
  const int k = static_cast<int>(op) - static_cast<int>(Op::equal);
  return {swapped ? kBackward[k] : kForward[k], swapped};
}

DType weak_default(Scalar::Weak w, DType typed) {
  return w == Scalar::Weak::integer    ? DType::i8
         : w == Scalar::Weak::floating ? DType::f8
         : w == Scalar::Weak::complex  ? DType::c16
                                       : typed;
}

DType operand_type(const Arg& a) { return a.array ? a.array->dtype : a.scalar.dtype; }

std::string type_names(std::span<const Arg> in) {
  std::string s;
  for (const Arg& a : in)
    s += (s.empty() ? "" : ", ") + std::string("dtype('") + std::string(dtype_name(operand_type(a))) + "')";
  return s;
}

// Whether a finite weak number becomes infinite in `t`.
bool overflows(const Scalar& s, DType t) {
  if (!is_inexact(t) || real_of(t) == DType::f8) return false;
  const double limit = real_of(t) == DType::f4 ? 0x1.ffffffp127 : 65520.0;
  const auto beyond = [limit](double v) { return std::isfinite(v) && std::abs(v) >= limit; };
  if (s.dtype == DType::c16) return beyond(s.c[0]) || beyond(s.c[1]);
  return beyond(s.dtype == DType::f8 ? s.f : cast_scalar(s, DType::f8).f);
}

void require_nonnegative_exponent(const Arg& e, DType type) {
  if (kind_of(type) != DKind::sint) return;
  bool negative = false;
  if (!e.array) negative = cast_scalar(e.scalar, DType::i8).i < 0;
  else if (kind_of(e.array->dtype) == DKind::sint && e.array->size() > 0)
    negative = cast_scalar(item_value(reduce(Op::minimum, *e.array)), DType::i8).i < 0;
  if (negative) throw value_error("Integers to negative integer powers are not allowed.");
}

}  // namespace

DType result_type(std::span<const Arg> in) {
  DType typed = kNoDType;
  Scalar::Weak weak = Scalar::Weak::no;
  for (const Arg& a : in) {
    if (!a.array && a.scalar.weak != Scalar::Weak::no) {
      weak = std::max(weak, a.scalar.weak);
      continue;
    }
    const DType t = operand_type(a);
    typed = typed == kNoDType ? t : promote(typed, t);
  }
  if (typed == kNoDType) return weak_default(weak, DType::f8);
  return meet_weak(typed, weak);
}

namespace {

// The type in which arrays of one type are computed with each other, or arrays of float64 with numbers that are float64 next
// to them: there promotion has nothing to decide and no value can be refused. kNoDType: somebody must look closer.
DType uniform_type(Op op, std::span<const Arg> in) {
  DType t = kNoDType;
  for (const Arg& a : in) {
    if (!a.array) continue;
    if (t == kNoDType) t = a.array->dtype;
    else if (t != a.array->dtype) return kNoDType;
  }
  if (t == kNoDType || op == Op::ldexp || op == Op::select) return kNoDType;
  const DType type = op_compute_type(op, t);
  if (type == kNoDType || (op == Op::power && is_integer(type))) return kNoDType;
  for (const Arg& a : in) {
    if (a.array) continue;
    const Scalar& s = a.scalar;
    const bool number = s.weak == Scalar::Weak::no ? s.dtype == DType::f8 : s.weak != Scalar::Weak::complex;
    if (!number || t != DType::f8 || type != DType::f8 || is_logical(op)) return kNoDType;
  }
  return type;
}

// A result with a mask: computed where it holds, on harmless operands elsewhere, so that nothing there warns; the rest is kept.
void record_masked(Op op, DType type, const Array& out, std::span<Arg> in, const MapOptions& options) {
  const DType result = op_output_type(op, type);
  const Array mask = options.where->dtype == DType::b1 ? *options.where : astype(*options.where, DType::b1);
  Scalar harmless;
  harmless.dtype = DType::i8;
  harmless.i = op == Op::arctanh ? 0 : 1;  // 1 is its pole, and in the domain of all others
  harmless.weak = Scalar::Weak::integer;
  Array tamed[3];
  if (warnings_of(op, type))
    for (size_t k = 0; k < in.size(); ++k) {
      if (!in[k].array) in[k].scalar = cast_scalar(in[k].scalar, op_input_type(op, type, static_cast<int>(k)));
      tamed[k] = select(mask, in[k], harmless);
      in[k] = tamed[k];
    }
  const Array value = make_result(Layout::contiguous(out.layout.dims(), item_size(result)), result);
  record_map(op, type, value, in);
  const Array kept_mask =
      options.out ? without_overlap(mask.with(DType::b1, broadcast_to(mask.layout, out.layout.dims())), out) : mask;
  Scalar zero;
  zero.dtype = out.dtype;
  const Arg triple[3] = {kept_mask, value, options.out ? Arg(out) : Arg(zero)};
  record_map(Op::select, out.dtype, out, triple);
}

[[noreturn]] void refuse_shapes(Op op, std::span<const Arg> in, const MapOptions& options) {
  std::string text = "operands could not be broadcast together with shapes ";
  for (const Arg& x : in) text += (x.array ? shape_text(x.array->layout.dims()) : "()") + " ";
  if (options.out) text += shape_text(options.out->layout.dims()) + " ";
  if (options.where) text += shape_text(options.where->layout.dims()) + " ";
  throw value_error(text, "in numloom." + std::string(op_info(op).name) +
                              ": axes must have equal lengths or length 1, counted from the last");
}

// The shape that operands broadcast to.
class Joined {
 public:
  // False where it does not fit.
  bool include(Shape shape) {
    if (!any_) {
      any_ = true;
      dims_ = shape;
      return true;
    }
    if (same(shape, dims_)) return true;
    flip_ = !flip_;
    int n;
    if (!broadcast_shapes(dims_, shape, room_[flip_], n)) return false;
    dims_ = {room_[flip_], static_cast<size_t>(n)};
    return true;
  }
  Shape dims() const { return dims_; }
  static bool same(Shape a, Shape b) {
    if (a.size() != b.size()) return false;
    for (size_t d = 0; d < a.size(); ++d)
      if (a[d] != b[d]) return false;
    return true;
  }

 private:
  Shape dims_;
  bool any_ = false, flip_ = false;
  int64_t room_[2][kMaxDims];
};

// Broadcasts, makes the result and records. `given`: the operands as the user wrote them, for errors.
Array apply_loop(Op op, DType type, std::span<const Arg> args, std::span<const Arg> given, const MapOptions& options) {
  Joined joined;
  bool fits = true;
  for (const Arg& a : args)
    if (a.array) fits = fits && joined.include(a.array->layout.dims());
  if (options.where) fits = fits && joined.include(options.where->layout.dims());
  if (!fits) refuse_shapes(op, given, options);
  const Shape shape = joined.dims();
  const DType result = op_output_type(op, type);
  const int nin = static_cast<int>(args.size());

  if (!options.out) {
    const Array* arrays[4];
    int n = 0;
    for (const Arg& a : args)
      if (a.array) arrays[n++] = a.array;
    Array out = make_result(result_layout(shape, item_size(result), {arrays, size_t(n)}, options.order), result);
    if (options.where) {
      Arg ready[3] = {Scalar{}, Scalar{}, Scalar{}};
      std::copy(args.begin(), args.end(), ready);
      record_masked(op, type, out, {ready, size_t(nin)}, options);
    } else {
      record_map(op, type, out, args);
    }
    return out;
  }

  const Array& out = *options.out;
  if (!out.writeable) throw value_error("output array is read-only");
  if (!can_cast(result, out.dtype, options.casting)) {
    static constexpr const char* kRules[] = {"no", "safe", "same_kind", "unsafe"};
    throw casting_error(op_info(op).name, std::string(dtype_name(result)), std::string(dtype_name(out.dtype)),
                        kRules[static_cast<int>(options.casting)]);
  }
  int64_t with_out[kMaxDims];
  int n;
  if (!broadcast_shapes(shape, out.layout.dims(), with_out, n)) refuse_shapes(op, given, options);
  if (!Joined::same({with_out, size_t(n)}, out.layout.dims()))
    throw value_error("non-broadcastable output operand with shape " + shape_text(out.layout.dims()) +
                      " doesn't match the broadcast shape " + shape_text(shape));
  Array held[3];
  Arg ready[3] = {Scalar{}, Scalar{}, Scalar{}};
  for (int k = 0; k < nin; ++k) {
    ready[k] = args[k];
    if (!args[k].array) continue;
    const Array& a = *args[k].array;
    held[k] =
        without_overlap(same_shape(a.layout, out.layout) ? a : a.with(a.dtype, broadcast_to(a.layout, out.layout.dims())), out);
    ready[k] = held[k];
  }
  if (options.where) record_masked(op, type, out, {ready, size_t(nin)}, options);
  else record_map(op, type, out, {ready, size_t(nin)});
  return out;
}

// apply() where operands are of several types, or scalars, or the caller names the loop.
Array apply_promoted(Op op, std::span<const Arg> in, const MapOptions& options) {
  const int nin = static_cast<int>(in.size());
  const OpInfo& info = op_info(op);
  // The compute type.
  DType promoted;
  Arg swapped[2] = {Scalar{}, Scalar{}};
  std::span<const Arg> args = in;
  if (op == Op::ldexp) {
    promoted = result_type(in.first(1));
    // A weak integer casts to the first loop there is, except where NumPy has no type but those of weak numbers.
    const auto is_weak = [](const Arg& a) { return !a.array && a.scalar.weak != Scalar::Weak::no; };
    if (is_weak(in[0]) && in[0].scalar.weak == Scalar::Weak::integer && !is_weak(in[1])) promoted = DType::f2;
  } else if (op == Op::select) {
    promoted = result_type(in.subspan(1));
  } else {
    promoted = result_type(in);
  }
  DType type =
      options.dtype != kNoDType && !is_comparison(op) ? op_compute_type(op, options.dtype) : op_compute_type(op, promoted);
  if (options.dtype != kNoDType && !is_comparison(op) && (type != options.dtype || op_output_type(op, type) != options.dtype))
    throw not_native("dtype= names no loop of this ufunc");
  // A loop over floats is chosen by what each integer operand casts to safely: int8 with uint8 is float16, not int16's float32.
  if (options.dtype == kNoDType && type != kNoDType && is_inexact(type) && !is_inexact(promoted) && op != Op::ldexp) {
    DType each = kNoDType;
    for (const Arg& a : in) {
      if (!a.array && a.scalar.weak != Scalar::Weak::no) continue;
      const DType t = op_compute_type(op, operand_type(a));
      each = each == kNoDType ? t : promote(each, t);
    }
    if (each != kNoDType && op_supports(op, each)) type = each;
  }
  if (type == kNoDType) throw not_native("ufunc '" + std::string(info.name) + "' has no loop for " + type_names(in));
  if (is_comparison(op) && nin == 2) {
    const DType a = operand_type(in[0]), b = operand_type(in[1]);
    const bool typed =
        (in[0].array || in[0].scalar.weak == Scalar::Weak::no) && (in[1].array || in[1].scalar.weak == Scalar::Weak::no);
    if (typed && promoted == DType::f8 && is_integer(a) && is_integer(b)) {
      const Mixed m = mixed_comparison(op, a == DType::u8);
      op = m.op;
      type = DType::i8;
      if (m.swapped) {
        swapped[0] = in[1], swapped[1] = in[0];
        args = swapped;
      }
    }
  }
  for (int k = 0; k < nin; ++k) {
    if (is_logical(op) && !args[k].array) {
      // Only whether it is zero matters, whatever type it meets.
      if (args.data() == in.data()) {
        for (int j = 0; j < nin && j < 2; ++j) swapped[j] = in[j];
        args = {swapped, size_t(nin)};
      }
      swapped[k].scalar = cast_scalar(cast_scalar(in[k].scalar, DType::b1), type);
      continue;
    }
    if (!args[k].array && args[k].scalar.weak == Scalar::Weak::integer && !(op == Op::select && k == 0)) {
      const DType t = op_input_type(op, type, k);
      if (is_comparison(op)) {
        try {
          check_weak(args[k].scalar, t);
        } catch (const overflow_error&) { throw not_native("a Python integer outside the range of the array's type"); }
      } else {
        check_weak(args[k].scalar, is_integer(promoted) && is_integer(t) ? promoted : t);
      }
    }
    if (!args[k].array && args[k].scalar.weak != Scalar::Weak::no && overflows(args[k].scalar, op_input_type(op, type, k)))
      throw not_native("a Python float beyond the range of the array's type");  // NumPy warns of the cast, or raises
    if (options.casting != Casting::unsafe && options.dtype != kNoDType) {
      const DType from = operand_type(args[k]), to = op_input_type(op, type, k);
      if ((args[k].array || args[k].scalar.weak == Scalar::Weak::no) && !can_cast(from, to, options.casting))
        throw not_native("an operand cannot be cast to the type asked for");
    }
  }
  if (op == Op::power && is_integer(type)) require_nonnegative_exponent(args[1], type);
  const Array result = apply_loop(op, type, args, in, options);
  // Good to know of an index.
  if (op == Op::remainder && is_integer(type) && !options.out && !options.where && !args[1].array)
    if (const int64_t n = cast_scalar(args[1].scalar, DType::i8).i; n > 0)
      result.buf->remember_range(static_cast<uint8_t>(result.dtype), 0, n - 1);
  return result;
}

}  // namespace

Array apply(Op op, std::span<const Arg> in, const MapOptions& options) {
  if (options.dtype == kNoDType)
    if (const DType type = uniform_type(op, in); type != kNoDType) return apply_loop(op, type, in, in, options);
  return apply_promoted(op, in, options);
}

void assign(const Array& dst, const Arg& src, Casting rule) {
  if (!dst.writeable) throw value_error("assignment destination is read-only");
  if (!src.array) {
    check_weak(src.scalar, dst.dtype);
    record_map(Op::copy, dst.dtype, dst, {&src, 1});
    return;
  }
  Array a = *src.array;
  // Leading axes of length 1 may be left out.
  while (a.ndim() > dst.ndim() && a.layout.shape[0] == 1) a.layout.remove_axis(0);
  int64_t joined[kMaxDims];
  int n;
  if (!broadcast_shapes(a.layout.dims(), dst.layout.dims(), joined, n) || n != dst.ndim() ||
      !std::equal(joined, joined + n, dst.layout.shape))
    throw value_error("could not broadcast input array from shape " + shape_text(src.array->layout.dims()) + " into shape " +
                      shape_text(dst.layout.dims()));
  if (!can_cast(a.dtype, dst.dtype, rule))
    throw casting_error("Cannot cast array data from dtype('" + std::string(dtype_name(a.dtype)) + "') to dtype('" +
                        std::string(dtype_name(dst.dtype)) + "') according to the rule 'same_kind'");
  a = without_overlap(a.with(a.dtype, broadcast_to(a.layout, dst.layout.dims())), dst);
  const Arg arg(a);
  record_map(Op::copy, a.dtype, dst, {&arg, 1});
}

Array select(const Array& c, const Arg& x, const Arg& y) {
  Array mask = c;
  if (c.dtype != DType::b1) {
    // Converted once along the axes that it is broadcast along; the result's memory order follows its strides.
    Layout once = c.layout;
    for (int d = 0; d < once.ndim; ++d)
      if (c.layout.strides[d] == 0) once.shape[d] = std::min<int64_t>(1, c.layout.shape[d]);
    mask = astype(c.with(c.dtype, once), DType::b1);
    mask.layout = broadcast_to(mask.layout, c.layout.dims());
  }
  const Arg triple[3] = {mask, x, y};
  return apply(Op::select, triple);
}

}  // namespace numloom
