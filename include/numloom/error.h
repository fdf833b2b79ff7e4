// Exceptions. One class per NumPy exception class, all derived from numloom::error.
// Thread safety: values; no shared state.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace numloom {

class error : public std::runtime_error {
 public:
  explicit error(const std::string& text, std::string note = {}) : std::runtime_error(text), note_(std::move(note)) {}
  // What Numloom adds to NumPy's text: the op, the shapes or dtypes, the way out. May be empty.
  const std::string& note() const { return note_; }
  void add_note(const std::string& text) { note_ += (note_.empty() ? "" : "; ") + text; }

 private:
  std::string note_;
};

struct value_error : error { using error::error; };
struct type_error : error { using error::error; };
struct index_error : error { using error::error; };
// numpy.exceptions.AxisError. `prefix`, where there is one, names the argument.
struct axis_error : error {
  axis_error(std::int64_t given, int dimensions, const std::string& argument = {})
      : error((argument.empty() ? "" : argument + ": ") + "axis " + std::to_string(given) +
              " is out of bounds for array of dimension " + std::to_string(dimensions)),
        axis(given),
        ndim(dimensions),
        prefix(argument) {}
  std::int64_t axis;
  int ndim;
  std::string prefix;
};
struct memory_error : error {
  using error::error;
  // An array of this shape and dtype (by name) did not fit.
  memory_error(const std::string& text, std::vector<std::int64_t> array_shape, std::string array_dtype)
      : error(text), shape(std::move(array_shape)), dtype(std::move(array_dtype)) {}
  std::vector<std::int64_t> shape;
  std::string dtype;  // empty where no array is concerned
};
struct overflow_error : error { using error::error; };
struct zero_division_error : error { using error::error; };
struct runtime_error : error { using error::error; };       // device or library failure
struct interrupted : error { using error::error; };         // a signal handler raised; see set_poll_hook

// The family of numpy's UFuncTypeError.
struct casting_error : type_error {
  using type_error::type_error;
  // The result of `ufunc_name` does not go into its output. Dtypes and the rule by name.
  casting_error(const std::string& ufunc_name, const std::string& result, const std::string& output, const std::string& casting)
      : type_error("Cannot cast ufunc '" + ufunc_name + "' output from dtype('" + result + "') to dtype('" + output +
                   "') with casting rule '" + casting + "'"),
        ufunc(ufunc_name),
        from(result),
        to(output),
        rule(casting) {}
  std::string ufunc, from, to, rule;  // empty where no ufunc is concerned
};

}  // namespace numloom
