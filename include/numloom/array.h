// `array`, and what is written next to one: scalars, slices, indices.
//
// An array is a handle, as in Python: copying it copies no elements, and both handles see the same ones.
//   b = a              the name b now means a's elements             (lvalue: rebinds)
//   b(slice(0, 3)) = a  the elements which the view reaches are set   (rvalue: assigns through the view; also b.assign(a))
//   b += a             in place, whatever else sees those elements
// Comparisons give arrays of bool. C++ scalars are weak (NEP 50): they take the type of the array they meet.
//
// Thread safety: distinct handles may be used from distinct threads, even of the same elements where all only read;
// one handle is like any other value.
// Invariants: a handle made by the default constructor has no value; all else throws value_error on it, but assignment.
#pragma once
#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <numloom/dtype.h>

namespace numloom {

struct Array;  // the engine's own
class Buffer;
class array;

// Lengths, or bytes from one element to the next, by axis.
using extents = std::vector<std::int64_t>;

// Python's start:stop:step; `none` where one is left out.
inline constexpr std::nullopt_t none = std::nullopt;
struct slice {
  using bound = std::optional<std::int64_t>;
  bound start, stop, step;
  constexpr slice() = default;
  constexpr slice(bound from, bound to, bound by = none) : start(from), stop(to), step(by) {}
};
struct newaxis_t {};
struct ellipsis_t {};
inline constexpr newaxis_t newaxis;
inline constexpr ellipsis_t ellipsis;

// One entry of a basic index: what gives a view.
class index {
 public:
  template <std::integral T>
  index(T at) : kind_(kind::integer), range_(static_cast<std::int64_t>(at), none) {}  // NOLINT: written as the thing itself
  index(slice s) : kind_(kind::slice), range_(s) {}                                   // NOLINT
  index(newaxis_t) : kind_(kind::newaxis) {}                                          // NOLINT
  index(ellipsis_t) : kind_(kind::ellipsis) {}                                        // NOLINT

 private:
  friend struct access;
  enum class kind : std::uint8_t { integer, slice, newaxis, ellipsis };
  kind kind_;
  slice range_;
};

// One entry of any index: also an array of integers or of bool. Refers to that array: for arguments only.
class selector {
 public:
  template <std::convertible_to<index> T>
  selector(const T& basic) : basic_(basic) {}  // NOLINT: written as the thing itself
  selector(const array& chosen) : basic_(0), array_(&chosen) {}  // NOLINT

 private:
  friend struct access;
  index basic_;
  const array* array_ = nullptr;
};

// What an operation takes: an array or a scalar. Refers to the array, and remembers where it was written for the notes of
// errors: for arguments only. (The builtins are std::source_location's, which not every supported compiler has.)
class operand {
 public:
  operand(const array& a, const char* file = __builtin_FILE(), int line = __builtin_LINE())  // NOLINT: written as itself
      : array_(&a), file_(file), line_(line) {}
  template <element T>
  operand(T value) {  // NOLINT
    if constexpr (std::same_as<T, bool>) kind_ = kind::boolean, integer_ = value;
    else if constexpr (std::integral<T>) set_integer(static_cast<std::uint64_t>(value), std::signed_integral<T>);
    else if constexpr (std::floating_point<T>) kind_ = kind::floating, real_ = value;
    else kind_ = kind::complex, real_ = value.real(), imag_ = value.imag();
  }

 private:
  friend struct access;
  enum class kind : std::uint8_t { array, boolean, integer, floating, complex };
  void set_integer(std::uint64_t bits, bool is_signed);  // throws overflow_error above the largest int64

  kind kind_ = kind::array;
  const array* array_ = nullptr;
  std::int64_t integer_ = 0;
  double real_ = 0, imag_ = 0;
  const char* file_ = nullptr;
  int line_ = 0;
};

namespace detail {

// A hold on an array's elements in host memory; see data_span.
class lease {
 public:
  lease(const array& a, dtype type, bool write);
  lease(lease&& o) noexcept : data_(o.data_), size_(o.size_), buffer_(std::exchange(o.buffer_, nullptr)) {}
  lease& operator=(lease&&) = delete;
  ~lease();
  void* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  void* data_;
  std::size_t size_;
  Buffer* buffer_;
};

array from_values(const void* values, std::size_t count, dtype type, const extents& shape);
array ordered(const array& a, dtype type);  // C-contiguous, of this type; `a` itself where it is
void read_item(const array& a, dtype type, void* value);

}  // namespace detail

// The elements of a C-contiguous array, in order. While it lives the memory is shared: work that writes it has run when
// its call returns. Move-only; must not outlive the process's last use of the library.
template <class T>
class data_span {
 public:
  T* data() const { return static_cast<T*>(lease_.data()); }
  std::size_t size() const { return lease_.size(); }
  T* begin() const { return data(); }
  T* end() const { return data() + size(); }
  T& operator[](std::size_t i) const { return data()[i]; }
  operator std::span<T>() const { return {data(), size()}; }  // NOLINT: it is one

 private:
  friend class array;
  explicit data_span(const array& a) : lease_(a, dtype_of<std::remove_const_t<T>>(), !std::is_const_v<T>) {}
  detail::lease lease_;
};

class array {
 public:
  array() = default;
  // 0-d, 1-d, 2-d, and any shape; the elements are copied.
  template <element T>
  explicit array(T value) : array(detail::from_values(&value, 1, dtype_of<T>(), {})) {}
  template <element T>
  array(std::initializer_list<T> values)
      : array(detail::from_values(values.begin(), values.size(), dtype_of<T>(), {length(values)})) {}
  template <element T>
  array(std::initializer_list<std::initializer_list<T>> rows) : array(from_rows(rows)) {}
  template <element T>
    requires(!std::same_as<T, bool>)
  explicit array(const std::vector<T>& values)
      : array(detail::from_values(values.data(), values.size(), dtype_of<T>(), {length(values)})) {}
  // Throws value_error where the numbers of elements differ.
  template <element T>
  array(std::span<const T> values, const extents& shape)
      : array(detail::from_values(values.data(), values.size(), dtype_of<T>(), shape)) {}
  explicit array(Array&& a);

  array(const array&) = default;
  array(array&&) noexcept = default;
  array& operator=(const array&) & = default;
  array& operator=(array&&) & noexcept = default;
  void operator=(const operand& value) && { assign(value); }
  ~array() = default;

  bool has_value() const { return impl_ != nullptr; }
  extents shape() const;
  extents strides() const;  // in bytes
  int ndim() const;
  std::int64_t size() const;
  std::int64_t nbytes() const;
  numloom::dtype dtype() const;

  // Views: no elements are copied.
  template <std::convertible_to<index>... I>
  array operator()(const I&... at) const {
    const std::array<index, sizeof...(I)> entries{index(at)...};
    return view(entries);
  }
  array view(std::span<const index> at) const;
  array T() const;
  array reshape(const extents& shape) const;  // a copy where no view can be; one length may be -1

  // Any index, with NumPy's rules; index_error before anything happens. get() copies where an array selects.
  array get(std::initializer_list<selector> at) const;
  void set(std::initializer_list<selector> at, const operand& value);

  // a[...] = value, broadcast and cast as an assignment does.
  void assign(const operand& value);
  array copy() const;
  array astype(numloom::dtype type) const;

  // Below: what is needed runs.
  // The one element, converted as NumPy casts. Throws value_error where there are more.
  template <element E>
  E item() const {
    E value;
    detail::read_item(*this, dtype_of<E>(), &value);
    return value;
  }
  explicit operator bool() const { return item<bool>(); }
  // E is the element type, const where it is only read. Throws type_error on another type, value_error where the elements
  // do not lie in order (copy() does) or cannot be written.
  template <class E>
    requires element<std::remove_const_t<E>>
  data_span<E> data() const {
    return data_span<E>(*this);
  }
  // All elements in C order, converted as astype() does. (std::vector<bool> has no elements in memory: ask for uint8_t.)
  template <element E>
    requires(!std::same_as<E, bool>)
  std::vector<E> to_vector() const {
    const data_span<const E> values(detail::ordered(*this, dtype_of<E>()));
    return {values.begin(), values.end()};
  }
  const array& eval() const;

  array& operator+=(const operand& b);
  array& operator-=(const operand& b);
  array& operator*=(const operand& b);
  array& operator/=(const operand& b);
  array& operator%=(const operand& b);
  array& operator&=(const operand& b);
  array& operator|=(const operand& b);
  array& operator^=(const operand& b);
  array& operator<<=(const operand& b);
  array& operator>>=(const operand& b);

  friend array operator+(const array& a);
  friend array operator-(const array& a);
  friend array operator~(const array& a);
  friend array operator!(const array& a);  // logical_not
  friend array operator+(const operand& a, const operand& b);
  friend array operator-(const operand& a, const operand& b);
  friend array operator*(const operand& a, const operand& b);
  friend array operator/(const operand& a, const operand& b);
  friend array operator%(const operand& a, const operand& b);  // the sign of b, as in Python
  friend array operator&(const operand& a, const operand& b);
  friend array operator|(const operand& a, const operand& b);
  friend array operator^(const operand& a, const operand& b);
  friend array operator<<(const operand& a, const operand& b);
  friend array operator>>(const operand& a, const operand& b);
  friend array operator==(const operand& a, const operand& b);
  friend array operator!=(const operand& a, const operand& b);
  friend array operator<(const operand& a, const operand& b);
  friend array operator<=(const operand& a, const operand& b);
  friend array operator>(const operand& a, const operand& b);
  friend array operator>=(const operand& a, const operand& b);
  // NumPy's layout of brackets; long arrays are abridged.
  friend std::ostream& operator<<(std::ostream& out, const array& a);

 private:
  friend struct access;
  template <class C>
  static std::int64_t length(const C& values) {
    return static_cast<std::int64_t>(values.size());
  }
  template <element E>
  static array from_rows(std::initializer_list<std::initializer_list<E>> rows) {
    std::unique_ptr<E[]> flat(new E[rows.size() * (rows.size() ? rows.begin()->size() : 0)]);
    std::size_t n = 0;
    for (const auto& row : rows) {
      require_length(row.size(), rows.begin()->size());
      for (E value : row) flat[n++] = value;
    }
    return detail::from_values(flat.get(), n, dtype_of<E>(), {length(rows), rows.size() ? length(*rows.begin()) : 0});
  }
  static void require_length(std::size_t row, std::size_t first);

  std::shared_ptr<const Array> impl_;
};

std::string to_string(const array& a);

}  // namespace numloom
