// Random numbers of the Mersenne Twister as NumPy's RandomState draws them, by all threads.
//
// The words of the generator come one after the other, but they are cheap beside what is made of them; whichever thread is free
// computes the words of the next chunk and then works on them while another goes on from there. Each attempt at a sample takes the
// same number of words, so where an attempt begins does not depend on how those before it ended.
// Thread safety: as parallel_for; the generator is the caller's alone meanwhile.
#pragma once
#include <cstdint>

namespace numloom {

// As NumPy lays it out.
struct Twister {
  static constexpr int kWords = 624;
  uint32_t words[kWords];
  int32_t at;  // the next of the words; kWords: new ones are to be made

  uint32_t next();
};

// How samples are made of words.
struct TwisterSampler {
  enum class Form : uint8_t {
    uniform,  // a + b * u; u below 1, of 53 bits: two words
    exponential,  // b * -log(1 - u)
    normal,  // a + b * g; the polar method: two u make two g, or none
    bounded,  // int64: low + w, of as many bits of a word as `range` has; above it, none
  };
  Form form;
  double a = 0, b = 1;
  int64_t low = 0;
  uint32_t range = 0;
  // Of a pair of normal numbers the second may be left over from the last draw, and be left to the next.
  bool has_left = false;
  double left = 0;
};

// The next n samples; leaves the generator, and what is left over, where drawing them one after the other would.
void draw(Twister& generator, TwisterSampler& sampler, double* to, int64_t n);
void draw(Twister& generator, const TwisterSampler& sampler, int64_t* to, int64_t n);

}  // namespace numloom
