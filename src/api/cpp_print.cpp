#include <algorithm>
#include <charconv>
#include <cmath>
#include <ostream>
#include <sstream>

#include "api/cpp_handle.h"

namespace numloom {
namespace {

constexpr std::int64_t kWhole = 1000;  // more elements than this are abridged, to kEdge at either end of an axis
constexpr std::int64_t kEdge = 3;

std::string of_float(double v) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
  char text[64];
  const double size = std::abs(v);
  const bool scientific = v != 0 && (size >= 1e16 || size < 1e-4);
  // The shortest text that reads back as v, but at most 8 digits of it.
  auto end =
      std::to_chars(text, text + sizeof text, v, scientific ? std::chars_format::scientific : std::chars_format::fixed).ptr;
  std::string s(text, end);
  const std::size_t point = s.find('.');
  if (point != std::string::npos && s.find('e') == std::string::npos && s.size() - point > 9) {
    end = std::to_chars(text, text + sizeof text, v, std::chars_format::fixed, 8).ptr;
    s.assign(text, end);
    s.erase(s.find_last_not_of('0') + 1);
  }
  if (s.find_first_of(".e") == std::string::npos) s += '.';
  return s;
}

std::string of_element(const char* p, DType t) {
  Scalar v;
  v.dtype = t;
  std::copy_n(p, item_size(t), reinterpret_cast<char*>(v.raw));
  switch (kind_of(t)) {
    case DKind::boolean: return v.raw[0] ? "True" : "False";
    case DKind::sint: return std::to_string(cast_scalar(v, DType::i8).i);
    case DKind::uint: return std::to_string(cast_scalar(v, DType::u8).u);
    case DKind::floating:
      if (t == DType::f4) {
        // The shortest text of the float, not of the double it converts to.
        char text[32];
        float f;
        std::copy_n(p, 4, reinterpret_cast<char*>(&f));
        double shortest = f;
        if (std::isfinite(f)) std::from_chars(text, std::to_chars(text, text + sizeof text, f).ptr, shortest);
        return of_float(shortest);
      }
      return of_float(cast_scalar(v, DType::f8).f);
    default: {
      const Scalar c = cast_scalar(v, DType::c16);
      const std::string im = of_float(c.c[1]);
      return of_float(c.c[0]) + (im[0] == '-' ? "" : "+") + im + "j";
    }
  }
}

// Calls f for each element that is shown, in order; `skip` where some are left out.
template <class F, class Skip, class Open, class Close>
void walk(const char* p, const Layout& l, int d, bool abridge, F&& f, Skip&& skip, Open&& open, Close&& close) {
  if (d == l.ndim) {
    f(p);
    return;
  }
  open(d);
  const std::int64_t n = l.shape[d];
  for (std::int64_t i = 0; i < n; ++i) {
    if (abridge && n > 2 * kEdge && i == kEdge) {
      skip(d, i > 0);
      i = n - kEdge - 1;
      continue;
    }
    close(d, i > 0, false);
    walk(p + i * l.strides[d], l, d + 1, abridge, f, skip, open, close);
  }
  close(d, false, true);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const array& handle) {
  const Array a = on_host(of(handle));
  const char* p = a.size() ? host_data(a) : nullptr;
  const Layout& l = a.layout;
  const int last = l.ndim - 1;
  const bool abridge = a.size() > kWhole;
  std::size_t width = 0;
  const auto nothing = [](auto...) {};
  walk(
      p, l, 0, abridge, [&](const char* q) { width = std::max(width, of_element(q, a.dtype).size()); }, nothing, nothing,
      nothing);
  const auto separate = [&](int d, bool more) {
    if (!more) return;
    if (d == last) {
      out << ' ';
    } else {
      for (int k = d; k < last; ++k) out << '\n';
      for (int k = 0; k <= d; ++k) out << ' ';
    }
  };
  walk(
      p, l, 0, abridge,
      [&](const char* q) {
        const std::string s = of_element(q, a.dtype);
        for (std::size_t k = s.size(); k < width; ++k) out << ' ';
        out << s;
      },
      [&](int d, bool more) {
        separate(d, more);
        out << "...";
      },
      [&](int) { out << '['; },
      [&](int d, bool more, bool end) {
        if (end) out << ']';
        else separate(d, more);
      });
  return out;
}

std::string to_string(const array& a) {
  std::ostringstream out;
  out << a;
  return out.str();
}

}  // namespace numloom
