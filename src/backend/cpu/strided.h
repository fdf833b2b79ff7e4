// Moving runs of elements between strided memory and registers. Pure functions.
#pragma once
#include <cstdint>
#include <cstring>

#include "array/by_item.h"
#include "codegen/collapse.h"

namespace numloom::cpu {

inline constexpr int64_t kShortRun = 12;  // below this a call of memcpy costs more than the elements

// A place in a nest: coordinates, advanced in C order.
struct Cursor {
  int64_t at[kMaxDims];

  void seek(const Nest& nest, int from, int to, int64_t linear) {
    for (int d = to - 1; d >= from; --d) {
      at[d] = linear % nest.shape[d];
      linear /= nest.shape[d];
    }
  }
  // Steps over the axes [from, to), the last fastest.
  void step(const Nest& nest, int from, int to) {
    for (int d = to - 1; d >= from; --d) {
      if (++at[d] < nest.shape[d]) return;
      at[d] = 0;
    }
  }
  int64_t offset(const KSlotArgs& s, int from, int to) const {
    int64_t o = 0;
    for (int d = from; d < to; ++d) o += at[d] * s.strides[d];
    return o;
  }
};

// Calls f(offset, run, stride, done) for runs along axis to-1, covering n elements from `c` on in C order of [from, to).
template <class F>
void for_runs(const Nest& nest, const KSlotArgs& s, Cursor c, int from, int to, int64_t n, F&& f) {
  if (from == to) {
    f(int64_t{0}, n, int64_t{0}, int64_t{0});
    return;
  }
  const int last = to - 1;
  const int64_t length = nest.shape[last], stride = s.strides[last];
  int64_t row = c.offset(s, from, last);  // kept up step by step: rows may be as short as the three of a colour
  for (int64_t done = 0; done < n;) {
    const int64_t start = c.at[last], run = length - start < n - done ? length - start : n - done;
    f(row + start * stride, run, stride, done);
    done += run;
    c.at[last] = 0;
    for (int d = last - 1; d >= from; --d) {
      row += s.strides[d];
      if (++c.at[d] < nest.shape[d]) break;
      row -= nest.shape[d] * s.strides[d];
      c.at[d] = 0;
    }
  }
}

template <class T>
void load_run(T* dst, const char* src, int64_t n, int64_t stride) {
  if (n < kShortRun) {
    for (int64_t i = 0; i < n; ++i) dst[i] = *reinterpret_cast<const T*>(src + i * stride);
  } else if (stride == sizeof(T)) {
    std::memcpy(dst, src, n * sizeof(T));
  } else if (stride == 0) {
    // A line at a time, which needs no vectoriser.
    constexpr int64_t kLine = 64 / sizeof(T);
    T line[kLine];
    for (T& x : line) x = *reinterpret_cast<const T*>(src);
    int64_t i = 0;
    for (; i + kLine <= n; i += kLine) std::memcpy(dst + i, line, sizeof line);
    for (; i < n; ++i) dst[i] = line[0];
  } else {
    for (int64_t i = 0; i < n; ++i) dst[i] = *reinterpret_cast<const T*>(src + i * stride);
  }
}

template <class T>
void store_run(char* dst, const T* src, int64_t n, int64_t stride) {
  if (n >= kShortRun && stride == sizeof(T)) std::memcpy(dst, src, n * sizeof(T));
  else
    for (int64_t i = 0; i < n; ++i) *reinterpret_cast<T*>(dst + i * stride) = src[i];
}

}  // namespace numloom::cpu
