// What the public C++ API is made of: its handles, opened, and its errors. Not installed. Thread-safe.
#pragma once
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "api/functions.h"
#include "numloom/array.h"
#include "numloom/functions.h"
#include "numloom/ufuncs.h"

namespace numloom {

struct access {
  static const Array& of(const array& a) {
    if (!a.impl_) throw value_error("an array without a value");
    return *a.impl_;
  }
  static Arg arg(const operand& o);
  // " file:line" of the call, where known.
  static std::string place(const operand& o) {
    return o.file_ ? std::string(o.file_) + ":" + std::to_string(o.line_) : std::string();
  }
  static const array* array_of(const operand& o) { return o.array_; }
  static bool is_integer(const operand& o) { return o.kind_ == operand::kind::integer || o.kind_ == operand::kind::boolean; }
  static double real(const operand& o) { return is_integer(o) ? static_cast<double>(o.integer_) : o.real_; }
  static std::int64_t integer(const operand& o) { return o.integer_; }
  static bool is_complex(const operand& o) { return o.kind_ == operand::kind::complex; }
  static Index entry(const index& i);
  static Index entry(const selector& s);
};

inline const Array& of(const array& a) { return access::of(a); }
inline DType engine_type(dtype t) { return static_cast<DType>(t); }
inline dtype public_type(DType t) { return static_cast<dtype>(t); }
inline array handle(Array&& a) { return array(std::move(a)); }

// Runs f; what has no loop is a type_error here, for there is no NumPy to fall back to.
template <class F>
auto checked(F&& f, const std::string& place = {}) -> std::invoke_result_t<F> {
  try {
    return f();
  } catch (const not_native& e) {
    type_error out(e.what(), e.note());
    if (!place.empty()) out.add_note("called at " + place);
    throw out;
  } catch (error& e) {
    if (!place.empty()) e.add_note("called at " + place);
    throw;
  }
}

// apply() of the engine on what the C++ API takes.
array apply_public(Op op, std::span<const operand* const> in, const ufunc_options& options);

}  // namespace numloom
