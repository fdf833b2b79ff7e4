#include "runtime/draw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "runtime/threads.h"

namespace numloom {
namespace {

// A generator laid out as NumPy's PCG64, and distributions that take one draw, about two, and now and then very many.
constexpr Word128 kMultiplier = Word128{0x2360ed051fc65da4} << 64 | 0x4385df649fccf645;

uint64_t next(void* state) {
  Congruential& g = *static_cast<CongruentialState*>(state)->generator;
  g.step(kMultiplier);
  return static_cast<uint64_t>(g.at >> 64) ^ static_cast<uint64_t>(g.at);
}
uint32_t next_half(void*) {
  ADD_FAILURE() << "half a word was drawn";
  return 0;
}
double next_double(void* state) { return static_cast<double>(next(state) >> 11) * 0x1p-53; }

void uniform(BitGenerator* g, intptr_t n, double* to) {
  for (intptr_t i = 0; i < n; ++i) to[i] = g->next_double(g->state);
}
double polar(BitGenerator* g, double scale) {
  for (;;) {
    const double x = 2 * g->next_double(g->state) - 1, y = 2 * g->next_double(g->state) - 1, r = x * x + y * y;
    if (r < 1 && r > 0) return scale * x * std::sqrt(-2 * std::log(r) / r);
  }
}
// Draws until a word below `limit` comes: 1 / limit draws a sample.
double rare(BitGenerator* g, double limit, double add) {
  double x;
  do x = g->next_double(g->state);
  while (x >= limit);
  return x + add;
}

template <class F>
Sampler sampler(Sampler::Form form, bool single, F* f, double a = 0, double b = 0) {
  return {form, single, reinterpret_cast<void*>(f), a, b};
}

TEST(Draw, GivesWhatOneThreadDraws) {
  const Sampler samplers[] = {
      sampler(Sampler::Form::fill, true, uniform),       sampler(Sampler::Form::one, false, polar, 2),
      sampler(Sampler::Form::two, false, rare, 0.99, 1), sampler(Sampler::Form::two, false, rare, 0.02, 1),
      sampler(Sampler::Form::two, false, rare, 5e-4, 1),  // samples longer than what a thread does at a time
  };
  const int before = thread_count();
  for (int threads : {1, 2, 7}) {
    set_thread_count(threads);
    for (const Sampler& s : samplers) {
      for (int64_t n : {0, 1, 100, 4096, 8192, 8193, 50'000}) {
        if (s.a == 5e-4 && n > 4096) n = 4200;
        Congruential mine{12345, 2 * Word128(n) + 1}, theirs = mine;
        CongruentialState state{&mine, 1, 77}, serial{&theirs, 0, 0};
        const Source source{{&state, next, next_half, next_double, next}, kMultiplier};
        BitGenerator one{&serial, next, next_half, next_double, next};
        std::vector<double> got(static_cast<size_t>(n)), expected(got);
        draw(source, s, got.data(), n);
        s(one, expected.data(), n);
        ASSERT_EQ(got, expected) << threads << " threads, " << n;
        ASSERT_TRUE(mine.at == theirs.at) << threads << " threads, " << n;
        EXPECT_EQ(state.has_half, 1);
        EXPECT_EQ(state.half, 77U);
      }
    }
  }
  set_thread_count(before);
}

}  // namespace
}  // namespace numloom
