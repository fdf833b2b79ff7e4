// The array, its operands, indices and host memory. Included by numloom.h.
//
// An array is a handle: copying it is cheap and copies alias, as NumPy's do. Work is recorded and runs when a value is
// needed. What is wrong with a call is thrown by the call, as a class derived from numloom::error (error.h).
// Thread safety: distinct handles may be used from distinct threads, also of one memory, if nobody writes it meanwhile.
#pragma once
#include <complex>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "numloom/error.h"

namespace numloom {

struct Array;  // the engine's own handle
class array;
class view;

// Element types, in NumPy's order of size.
enum class dtype : uint8_t {
  boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, float32, float64, complex64, complex128
};
const char* name(dtype t);

template <class T>
constexpr dtype dtype_of() {
  if constexpr (std::is_same_v<T, bool>) return dtype::boolean;
  else if constexpr (std::is_same_v<T, float>) return dtype::float32;
  else if constexpr (std::is_same_v<T, double>) return dtype::float64;
  else if constexpr (std::is_same_v<T, std::complex<float>>) return dtype::complex64;
  else if constexpr (std::is_same_v<T, std::complex<double>>) return dtype::complex128;
  else {
    static_assert(std::is_integral_v<T>, "no element type of numloom");
    constexpr int size = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return static_cast<dtype>(size + static_cast<int>(std::is_signed_v<T> ? dtype::int8 : dtype::uint8));
  }
}

using shape_type = std::vector<int64_t>;

// What a function takes: an array, or a number, which adapts its type to the arrays beside it (NEP 50).
class operand {
 public:
  operand(const array& a) : array_(&a) {}                                                   // NOLINT
  template <class T> requires std::is_arithmetic_v<T>
  operand(T v) : kind_(std::is_same_v<T, bool> ? 'b' : std::is_integral_v<T> ? 'i' : 'f') {  // NOLINT
    if constexpr (std::is_floating_point_v<T>) real_ = v;
    else whole_ = static_cast<int64_t>(v);
  }
  operand(std::complex<double> v) : kind_('c'), real_(v.real()), imag_(v.imag()) {}         // NOLINT

 private:
  friend struct internal;
  const array* array_ = nullptr;
  char kind_ = 'a';
  int64_t whole_ = 0;
  double real_ = 0, imag_ = 0;
};

// start:stop:step of Python; what is absent is nullopt.
struct slice {
  std::optional<int64_t> start, stop, step;
};
inline constexpr slice all{};
struct newaxis_t {};
inline constexpr newaxis_t newaxis{};
struct ellipsis_t {};
inline constexpr ellipsis_t ellipsis{};

class index {
 public:
  template <class T> requires std::is_integral_v<T>
  index(T i) : kind(whole), at(static_cast<int64_t>(i)) {}     // NOLINT
  index(const slice& s) : kind(range), part(s) {}              // NOLINT
  index(newaxis_t) : kind(fresh) {}                            // NOLINT
  index(ellipsis_t) : kind(rest) {}                            // NOLINT
  index(const array& a) : kind(list), elements(&a) {}          // NOLINT: integers or bool, NumPy's advanced indexing

 private:
  friend struct internal;
  enum { whole, range, fresh, rest, list } kind;
  int64_t at = 0;
  slice part;
  const array* elements = nullptr;
};

// Host memory of an array while this lives: the values have been computed, writes through it are seen by the array.
// Elements lie at strides() from data(), in bytes.
class host_memory {
 public:
  explicit host_memory(const array& a);
  ~host_memory();
  host_memory(const host_memory&) = delete;
  host_memory& operator=(const host_memory&) = delete;
  char* data() const { return data_; }

 private:
  std::unique_ptr<array> array_;
  char* data_;
};

class array {
 public:
  explicit array(double value);  // 0-d
  // Copies `values`, in C order.
  template <class T>
  array(std::span<const T> values, const shape_type& shape) : array(values.data(), values.size(), dtype_of<T>(), shape) {}
  template <class T>
  array(const std::vector<T>& values, const shape_type& shape) : array(std::span<const T>(values), shape) {}
  template <class T>
  explicit array(const std::vector<T>& values) : array(values, {static_cast<int64_t>(values.size())}) {}
  array(const array& other);
  array(array&& other) noexcept;
  array& operator=(const array& other);  // this handle now means that array; elements are written through operator()
  array& operator=(array&& other) noexcept;
  ~array();

  numloom::dtype type() const;
  shape_type shape() const;
  std::vector<int64_t> strides() const;  // bytes
  int ndim() const;
  int64_t size() const;

  // a(1, slice{1, -1}): a view, or a copy where an index is an array. Assigning to it writes elements.
  template <class... I>
  view operator()(const I&... at) const;

  array reshape(const shape_type& shape) const;
  array transpose() const;
  array astype(numloom::dtype t) const;
  array copy() const;

  array& operator+=(const operand& b);
  array& operator-=(const operand& b);
  array& operator*=(const operand& b);
  array& operator/=(const operand& b);

  // The only element. These wait for the values.
  template <class T>
  T item() const;
  template <class T>
  std::vector<T> to_vector() const;  // in C order, converted as astype does

 private:
  friend struct internal;
  explicit array(std::unique_ptr<Array> a);
  array(const void* values, size_t count, numloom::dtype t, const shape_type& shape);
  void read(void* out, numloom::dtype t) const;
  view at(std::span<const index> where) const;
  std::unique_ptr<Array> self_;
};

// Elements of an array. Assigning writes them; otherwise an array like any other.
class view : public array {
 public:
  view& operator=(const operand& value);
  view& operator=(const view& value) { return *this = operand(value); }
  view(const view&) = default;

 private:
  friend class array;
  friend struct internal;
  view(array self, array whole, std::vector<index> where, std::vector<array> keep);
  array whole_;
  std::vector<index> where_;
  std::vector<array> keep_;  // the index arrays, so that where_ stays valid
};

template <class... I>
view array::operator()(const I&... at_) const {
  const index where[] = {index(at_)..., index(ellipsis)};
  return at(std::span<const index>(where, sizeof...(I) + ((std::is_same_v<I, ellipsis_t> || ...) ? 0 : 1)));
}
template <class T>
T array::item() const {
  if (size() != 1) throw value_error("can only convert an array of size 1 to a Python scalar");
  return to_vector<T>()[0];
}
template <class T>
std::vector<T> array::to_vector() const {
  static_assert(!std::is_same_v<T, bool>, "std::vector<bool> has no elements in memory: ask for uint8_t");
  std::vector<T> out(static_cast<size_t>(size()));
  read(out.data(), dtype_of<T>());
  return out;
}

}  // namespace numloom
