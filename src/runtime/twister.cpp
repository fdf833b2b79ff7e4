#include "runtime/twister.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>

#include "runtime/threads.h"

// The loops below are run only on CPUs that the package accepts.
#define LOOP [[gnu::target("avx2")]]

namespace numloom {
namespace {

using Form = TwisterSampler::Form;

constexpr int kWords = Twister::kWords;
constexpr int kBlocks = 12;                         // of kWords each, in a chunk
constexpr int kChunk = kBlocks * kWords;            // words
constexpr int kMost = kChunk + kWords;              // words in a chunk, with those of the block before it
constexpr int64_t kMany = 1 << 16;                  // samples that are worth a second thread
constexpr double kUnit = 1.0 / 9007199254740992.0;  // 2^-53

uint32_t twist(uint32_t high, uint32_t low) {
  const uint32_t y = (high & 0x80000000u) | (low & 0x7fffffffu);
  return y >> 1 ^ (-(y & 1) & 0x9908b0dfu);
}

uint32_t tempered(uint32_t y) {
  y ^= y >> 11;
  y ^= y << 7 & 0x9d2c5680u;
  y ^= y << 15 & 0xefc60000u;
  return y ^ y >> 18;
}

// The words that follow `was`.
LOOP void next_block(const uint32_t* __restrict was, uint32_t* __restrict is) {
  constexpr int kShift = 397, kBack = kWords - kShift;
  for (int k = 0; k < kBack; ++k) is[k] = was[k + kShift] ^ twist(was[k], was[k + 1]);
  for (int k = kBack; k < kWords - 1; ++k) is[k] = is[k - kBack] ^ twist(was[k], was[k + 1]);
  is[kWords - 1] = is[kShift - 1] ^ twist(was[kWords - 1], is[0]);
}

LOOP void temper(const uint32_t* __restrict from, uint32_t* __restrict to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = tempered(from[i]);
}

// Numbers of 53 bits below 1, of two words each.
LOOP void units(const uint32_t* __restrict words, double* __restrict to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const auto high = static_cast<int32_t>(words[2 * i] >> 5), low = static_cast<int32_t>(words[2 * i + 1] >> 6);
    to[i] = (high * 67108864.0 + low) * kUnit;
  }
}

LOOP void scale(double* values, int64_t n, double a, double b) {
  for (int64_t i = 0; i < n; ++i) values[i] = a + b * values[i];
}

// What all threads share: the words made so far, and how many samples are in their place.
class Stream {
 public:
  Stream(Twister& generator, int64_t attempt) : generator_(generator), start_(generator.at), attempt_(attempt) {
    std::memcpy(block_, generator.words, sizeof block_);
  }

  // The words of the next chunk, behind those of the block before it. Returns its number, or -1 where `chunks` are enough.
  int64_t take(uint32_t* words, int64_t chunks) {
    const std::lock_guard lock(mutex_);
    if (next_ == chunks) return -1;
    std::memcpy(words, block_, sizeof block_);
    for (int b = 0; b < kBlocks; ++b, words += kWords) next_block(words, words + kWords);
    std::memcpy(block_, words, sizeof block_);
    return next_++;
  }

  // How many attempts lie in the words up to the end of chunk k, those of the block that was there included.
  int64_t attempts(int64_t k) const { return (kWords - start_ + (k + 1) * kChunk) / attempt_; }
  // Where attempt number n begins in the words of chunk k.
  int64_t begin(int64_t n, int64_t k) const { return n * attempt_ + start_ - k * kChunk; }

  // Leaves the generator behind `n` attempts, the last of which lies in chunk k.
  void end(int64_t n, int64_t k, const uint32_t* words) {
    if (n == 0) return;
    const int64_t last = begin(n, k) - 1;
    std::memcpy(generator_.words, words + last / kWords * kWords, sizeof block_);
    generator_.at = static_cast<int32_t>(last % kWords) + 1;
  }

 private:
  Twister& generator_;
  const int64_t start_, attempt_;
  std::mutex mutex_;
  uint32_t block_[kWords];
  int64_t next_ = 0;
};

struct Memory { uint32_t words[kMost], tempered[kMost]; };
struct Trials : Memory {
  int32_t where[kMost];  // the attempts that succeeded
};
struct Normals : Trials { double units[kMost / 2], squares[kMost / 4], samples[kMost / 2]; };
struct Bounded : Trials { uint32_t samples[kMost]; };

int threads_for(int64_t samples) { return samples < kMany ? 1 : thread_count(); }

// One sample an attempt.
void draw_singles(Twister& generator, const TwisterSampler& s, double* to, int64_t n) {
  Stream stream(generator, 2);
  int64_t chunks = 1;
  while (stream.attempts(chunks - 1) < n) ++chunks;
  parallel_for(threads_for(n), [&](int64_t, int) {
    const auto memory = std::make_unique_for_overwrite<Memory>();
    for (int64_t k; (k = stream.take(memory->words, chunks)) >= 0;) {
      const int64_t first = k == 0 ? 0 : stream.attempts(k - 1), last = std::min(stream.attempts(k), n);
      const int64_t from = stream.begin(first, k), count = last - first;
      temper(memory->words + from, memory->tempered, 2 * count);
      double* const out = to + first;
      units(memory->tempered, out, count);
      if (s.form == Form::exponential) {
        for (int64_t i = 0; i < count; ++i) out[i] = s.b * -std::log(1.0 - out[i]);
      } else if (s.a != 0 || s.b != 1) {
        scale(out, count, s.a, s.b);
      }
      if (last == n) stream.end(n, k, memory->words);
    }
  });
}

// Of the attempts whose point lies in the circle: the square of its distance, and which they are.
LOOP int64_t in_circle(const double* __restrict u, int64_t attempts, double* __restrict squares, int32_t* __restrict where) {
  int64_t kept = 0;
  for (int64_t i = 0; i < attempts; ++i) {
    const double x = 2.0 * u[2 * i] - 1.0, y = 2.0 * u[2 * i + 1] - 1.0, r = x * x + y * y;
    squares[kept] = r;
    where[kept] = static_cast<int32_t>(i);
    kept += (r < 1.0) & (r != 0.0);
  }
  return kept;
}

// Of the words, those that are in the range with the bits above it cut off, and which they are.
LOOP int64_t in_range(const uint32_t* __restrict words, int64_t n, uint32_t range, uint32_t* __restrict to,
                      int32_t* __restrict where) {
  const uint32_t mask = ~0u >> std::countl_zero(range);
  int64_t kept = 0;
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t w = words[i] & mask;
    to[kept] = w;
    where[kept] = static_cast<int32_t>(i);
    kept += w <= range;
  }
  return kept;
}

// Attempts that may fail, of so many words, each giving `per` samples. `make(memory, attempts)` makes the samples of those that succeed
// and says how many succeeded; `give(memory, from, to, count)` writes out some of them.
template <class Memory, class T, class Make, class Give>
void draw_some(Twister& generator, int64_t attempt, int per, T* to, int64_t n, const Make& make, const Give& give) {
  constexpr int64_t kAll = -1;
  Stream stream(generator, attempt);
  std::atomic<int64_t> turn{0};
  int64_t done = 0;  // of the one whose turn it is
  parallel_for(threads_for(n), [&](int64_t, int) {
    const auto memory = std::make_unique_for_overwrite<Memory>();
    while (turn.load(std::memory_order_acquire) != kAll) {
      const int64_t k = stream.take(memory->words, INT64_MAX);
      const int64_t first = k == 0 ? 0 : stream.attempts(k - 1), count = stream.attempts(k) - first;
      temper(memory->words + stream.begin(first, k), memory->tempered, count * attempt);
      const int64_t made = per * make(*memory, count);
      // The chunks before it are under way on other threads.
      for (int64_t now; (now = turn.load(std::memory_order_acquire)) != k; turn.wait(now, std::memory_order_acquire))
        if (now == kAll) return;
      const int64_t start = done, used = std::min(made, n - start);
      done += used;
      const bool last = done == n;
      if (last) stream.end(first + memory->where[(used - 1) / per] + 1, k, memory->words);
      turn.store(last ? kAll : k + 1, std::memory_order_release);
      turn.notify_all();
      give(*memory, to + start, used);
    }
  });
}

}  // namespace

uint32_t Twister::next() {
  if (at == kWords) {
    uint32_t made[kWords];
    next_block(words, made);
    std::memcpy(words, made, sizeof words);
    at = 0;
  }
  return tempered(words[at++]);
}

void draw(Twister& generator, TwisterSampler& sampler, double* to, int64_t n) {
  if (sampler.form != Form::normal) {
    if (n > 0) draw_singles(generator, sampler, to, n);
    return;
  }
  const double a = sampler.a, b = sampler.b;
  if (n > 0 && sampler.has_left) {
    *to++ = a + b * sampler.left;
    sampler.has_left = false;
    sampler.left = 0;
    --n;
  }
  if (n == 0) return;
  const auto make = [](Normals& m, int64_t attempts) {
    units(m.tempered, m.units, 2 * attempts);
    const int64_t kept = in_circle(m.units, attempts, m.squares, m.where);
    for (int64_t i = 0; i < kept; ++i) {
      const double r = m.squares[i], f = std::sqrt(-2.0 * std::log(r) / r);
      const double* const u = m.units + 2 * int64_t{m.where[i]};
      m.samples[2 * i] = f * (2.0 * u[1] - 1.0);
      m.samples[2 * i + 1] = f * (2.0 * u[0] - 1.0);
    }
    return kept;
  };
  draw_some<Normals>(generator, 4, 2, to, n, make, [&](const Normals& m, double* out, int64_t count) {
    for (int64_t i = 0; i < count; ++i) out[i] = a + b * m.samples[i];
    if (count % 2 == 0) return;  // else it is the last sample of all: pairs are whole before it
    sampler.has_left = true;
    sampler.left = m.samples[count];
  });
}

void draw(Twister& generator, const TwisterSampler& sampler, int64_t* to, int64_t n) {
  if (n == 0) return;
  const auto make = [&](Bounded& m, int64_t words) { return in_range(m.tempered, words, sampler.range, m.samples, m.where); };
  draw_some<Bounded>(generator, 1, 1, to, n, make, [&](const Bounded& m, int64_t* out, int64_t count) {
    for (int64_t i = 0; i < count; ++i) out[i] = sampler.low + m.samples[i];
  });
}

}  // namespace numloom
