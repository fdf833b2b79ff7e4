// Order statistics: which values stand at given places of the sorted lines, without sorting them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include "backend/cpu/calls.h"
#include "runtime/host_pool.h"
#include "runtime/threads.h"

namespace numloom::cpu {
namespace {

constexpr int64_t kLong = int64_t{1} << 16;  // elements of a line that all threads look through together
constexpr int64_t kPart = int64_t{1} << 15;
constexpr int64_t kSample = 4096;

template <class T>
bool is_nan(T v) {
  if constexpr (std::is_floating_point_v<T>) return v != v;
  return false;
}

template <class T>
class Scratch {
 public:
  explicit Scratch(int64_t n) : bytes_(n * static_cast<int64_t>(sizeof(T))), data_(static_cast<T*>(host_alloc(bytes_))) {}
  ~Scratch() { host_free(data_, bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  T* data() { return data_; }

 private:
  int64_t bytes_;
  T* data_;
};

// Rearranges `values`, which hold no NaN. REQUIRES: ranks rise.
template <class T>
void pick(std::span<T> values, std::span<const int64_t> ranks, T* out) {
  auto from = values.begin();
  for (size_t r = 0; r < ranks.size(); ++r) {
    const auto at = values.begin() + ranks[r];
    if (at >= from) {
      std::nth_element(from, at, values.end());
      from = at + 1;
    }
    out[r] = *at;
  }
}

template <class T>
void pick_copied(const T* line, int64_t n, std::span<const int64_t> ranks, T* out) {
  Scratch<T> scratch(n);
  T* const values = scratch.data();
  bool nan = false;
  for (int64_t i = 0; i < n; ++i) {
    values[i] = line[i];
    nan |= is_nan(line[i]);
  }
  if (nan) std::fill_n(out, ranks.size(), std::numeric_limits<T>::quiet_NaN());
  else pick<T>({values, static_cast<size_t>(n)}, ranks, out);
}

// A range of values that holds the statistics of ranks[first, last), as far as a sample tells.
template <class T>
struct Bracket {
  size_t first, last;
  T low, high;
  int64_t below = 0;  // values before `low`
  std::vector<T> inside = {};
};

template <class T>
std::vector<Bracket<T>> brackets(const T* line, int64_t n, std::span<const int64_t> ranks) {
  std::vector<T> sample;
  for (int64_t k = 0; k < kSample; ++k) {
    // Spread evenly, but for a jitter against patterns that repeat.
    const auto at =
        static_cast<int64_t>((static_cast<double>(k) + 0.5 + 0.45 * std::sin(double(k) * 1.7)) * double(n) / kSample);
    if (!is_nan(line[at])) sample.push_back(line[at]);
  }
  std::vector<Bracket<T>> found;
  if (sample.empty()) return found;
  std::sort(sample.begin(), sample.end());
  const auto size = static_cast<double>(sample.size());
  for (size_t r = 0; r < ranks.size(); ++r) {
    const double part = static_cast<double>(ranks[r]) / static_cast<double>(n);
    const double width = 4 * std::sqrt(size * part * (1 - part)) + 8;  // that it misses is rare
    const auto at = [&](double place) { return static_cast<size_t>(std::clamp(place, 0.0, size - 1)); };
    const double place = part * size;
    constexpr bool real = std::is_floating_point_v<T>;
    constexpr T kLeast = real ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
    constexpr T kMost = real ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
    const T low = place - width < 0 ? kLeast : sample[at(place - width)];
    const T high = place + width >= size ? kMost : sample[at(place + width)];
    if (!found.empty() && low <= found.back().high) {
      found.back().high = std::max(high, found.back().high);
      found.back().last = r + 1;
    } else {
      found.push_back({r, r + 1, low, high});
    }
  }
  return found;
}

// By one look at a long line: what lies in the brackets is put aside, and what lies before them counted.
template <class T>
void pick_long(const T* line, int64_t n, std::span<const int64_t> ranks, T* out) {
  std::vector<Bracket<T>> all = brackets(line, n, ranks);
  struct Found {
    bool nan = false;
    std::vector<int64_t> below;
    std::vector<std::vector<T>> inside;
  };
  std::vector<Found> parts(static_cast<size_t>((n + kPart - 1) / kPart));
  parallel_for(static_cast<int64_t>(parts.size()), [&](int64_t p, int) {
    Found& found = parts[static_cast<size_t>(p)];
    found.below.resize(all.size());
    found.inside.resize(all.size());
    const T* const values = line + p * kPart;
    const int64_t count = std::min(kPart, n - p * kPart);
    if constexpr (std::is_floating_point_v<T>) {
      int64_t nans = 0;
      for (int64_t i = 0; i < count; ++i) nans += is_nan(values[i]);
      found.nan = nans > 0;
    }
    Scratch<T> aside(kPart);
    for (size_t b = 0; b < all.size(); ++b) {
      const T low = all[b].low, high = all[b].high;
      int64_t below = 0, kept = 0;
      for (int64_t i = 0; i < count; ++i) {
        const T v = values[i];
        below += v < low;
        aside.data()[kept] = v;
        kept += (v >= low) & (v <= high);
      }
      found.below[b] = below;
      found.inside[b].assign(aside.data(), aside.data() + kept);
    }
  });
  for (const Found& found : parts) {
    if (!found.nan) continue;
    std::fill_n(out, ranks.size(), std::numeric_limits<T>::quiet_NaN());
    return;
  }
  for (size_t b = 0; b < all.size(); ++b) {
    for (const Found& found : parts) {
      all[b].below += found.below[b];
      all[b].inside.insert(all[b].inside.end(), found.inside[b].begin(), found.inside[b].end());
    }
    std::vector<int64_t> own(ranks.begin() + static_cast<std::ptrdiff_t>(all[b].first),
                             ranks.begin() + static_cast<std::ptrdiff_t>(all[b].last));
    for (int64_t& r : own) r -= all[b].below;
    // Missed: no sample says where they are.
    if (own.front() < 0 || own.back() >= static_cast<int64_t>(all[b].inside.size())) return pick_copied(line, n, ranks, out);
    pick<T>(all[b].inside, own, out + all[b].first);
  }
}

template <class T>
void order_lines(const CallArgs& c) {
  const int64_t lines = c.in[0].layout.shape[0], n = c.in[0].layout.shape[1], count = c.out.layout.shape[1];
  const T* const from = reinterpret_cast<const T*>(c.in[0].base);
  T* const to = reinterpret_cast<T*>(c.out.base);
  const std::span<const int64_t> ranks(reinterpret_cast<const int64_t*>(c.in[1].base), static_cast<size_t>(count));
  if (n >= kLong && lines < 4 * thread_count()) {
    for (int64_t l = 0; l < lines; ++l) pick_long(from + l * n, n, ranks, to + l * count);
  } else {
    parallel_for(lines, [&](int64_t l, int) { pick_copied(from + l * n, n, ranks, to + l * count); });
  }
}

}  // namespace

void order(const CallArgs& c) {
  switch (c.in[0].dtype) {
    case DType::i1: return order_lines<int8_t>(c);
    case DType::i2: return order_lines<int16_t>(c);
    case DType::i4: return order_lines<int32_t>(c);
    case DType::i8: return order_lines<int64_t>(c);
    case DType::u1: return order_lines<uint8_t>(c);
    case DType::u2: return order_lines<uint16_t>(c);
    case DType::u4: return order_lines<uint32_t>(c);
    case DType::u8: return order_lines<uint64_t>(c);
    case DType::f4: return order_lines<float>(c);
    case DType::f8: return order_lines<double>(c);
    default: return;  // recording leaves those to NumPy
  }
}

}  // namespace numloom::cpu
