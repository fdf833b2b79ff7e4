// Random numbers drawn by all threads, the same that the generator's own code draws one after the other.
//
// The generator is another library's (NumPy's PCG64 and PCG64DXSM): its state is a congruential generator, of which each draw
// of 64 bits is one step, so a thread can begin anywhere in the stream. Where a sample takes one draw, that is all. Most
// distributions take a draw or two more now and then, so a thread does not know which of the draws is the first of a sample: it
// begins at a guess, and where the samples before it end, the two chains of samples are brought together, which they are at once
// or after a few samples.
// Thread safety: as parallel_for; the generator is the caller's alone meanwhile.
#pragma once
#include <cstdint>

namespace numloom {

__extension__ using Word128 = unsigned __int128;

// A generator as distributions see it: NumPy's bitgen_t.
struct BitGenerator {
  void* state;
  uint64_t (*next_uint64)(void* state);
  uint32_t (*next_uint32)(void* state);
  double (*next_double)(void* state);
  uint64_t (*next_raw)(void* state);
};

// The state behind that of a congruential generator, as NumPy lays it out.
struct Congruential {
  Word128 at, increment;
  void step(Word128 multiplier) { at = at * multiplier + increment; }
};
struct CongruentialState {
  Congruential* generator;
  int32_t has_half;  // of a draw that gave 32 bits; what draws whole words leaves it alone
  uint32_t half;
};

// How samples are drawn. REQUIRES: only whole words are (no next_uint32), at least one a sample; nothing is kept between samples.
struct Sampler {
  enum class Form : uint8_t { fill, zero, one, two };  // by the number of parameters
  Form form;
  bool single;  // each sample takes one draw
  void* function;
  double a = 0, b = 0;
  void operator()(BitGenerator& from, double* to, int64_t n) const;
};

struct Source {
  BitGenerator functions;  // its `state` is a CongruentialState
  Word128 multiplier;
  Congruential& generator() const { return *static_cast<CongruentialState*>(functions.state)->generator; }
};

// The next n samples. Leaves the generator where drawing them one after the other would.
void draw(const Source& from, const Sampler& sampler, double* to, int64_t n);

}  // namespace numloom
