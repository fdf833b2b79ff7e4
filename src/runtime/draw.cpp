#include "runtime/draw.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>

#include "runtime/threads.h"

namespace numloom {
namespace {

constexpr int64_t kFew = 4096;     // samples that one thread draws as fast
constexpr int64_t kChunk = 8192;   // draws that a thread does at a time
constexpr int64_t kStride = 1024;  // samples between two notes of the state
constexpr int64_t kTail = 48;      // draws before the end of a chunk which are counted one by one
constexpr int64_t kMeet = 64;      // samples within which two chains meet, or are given up

// The state `steps` further on.
Word128 jumped(Congruential g, Word128 multiplier, uint64_t steps) {
  Word128 times = multiplier, plus = g.increment;
  for (; steps; steps >>= 1) {
    if (steps & 1) g.at = g.at * times + plus;
    plus = (times + 1) * plus;
    times *= times;
  }
  return g.at;
}

// How many steps lead from g to `to`; -1 where it takes more than 2^32, as where it is behind.
int64_t distance(Congruential g, Word128 multiplier, Word128 to) {
  Word128 times = multiplier, plus = g.increment;
  uint64_t steps = 0;
  for (int bit = 0; g.at != to; ++bit) {
    if (bit == 32) return -1;
    if (((g.at ^ to) >> bit) & 1) {
      g.at = g.at * times + plus;
      steps |= uint64_t{1} << bit;
    }
    plus = (times + 1) * plus;
    times *= times;
  }
  return static_cast<int64_t>(steps);
}

// A copy of the generator that may be elsewhere in its stream.
class Copy {
 public:
  Copy(const Source& source, Word128 at) : generator_{at, source.generator().increment}, functions_(source.functions) {
    functions_.state = &state_;
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  const Congruential& generator() const { return generator_; }
  Word128 at() const { return generator_.at; }
  void move(Word128 to) { generator_.at = to; }
  BitGenerator& functions() { return functions_; }

 private:
  Congruential generator_;
  CongruentialState state_{&generator_, 0, 0};
  BitGenerator functions_;
};

// A generator that counts what is drawn from another.
class Counting {
 public:
  explicit Counting(BitGenerator& from)
      : from_(from),
        functions_{this, counted<&BitGenerator::next_uint64, uint64_t>, counted<&BitGenerator::next_uint32, uint32_t>,
                   counted<&BitGenerator::next_double, double>, counted<&BitGenerator::next_raw, uint64_t>} {}
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;
  BitGenerator& functions() { return functions_; }
  int64_t drawn = 0;

 private:
  template <auto function, class T>
  static T counted(void* self) {
    auto* c = static_cast<Counting*>(self);
    ++c->drawn;
    return (c->from_.*function)(c->from_.state);
  }

  BitGenerator& from_;
  BitGenerator functions_;
};

// The samples whose first draw is one of so many from a place on; the first begins there.
struct Chunk {
  static constexpr int kNotes = 64;
  double values[kChunk];
  int64_t count = 0;
  Word128 end = 0;  // behind the last sample
  struct Note {
    int64_t samples;
    Word128 at;
  } notes[kNotes];  // where the sample of that number begins
  int noted = 0;

  void fill(const Source& source, const Sampler& sampler, Word128 from, int64_t length);
  // Where the sample of number n begins.
  Word128 before(int64_t n, const Source& source, const Sampler& sampler) const;
};

void Chunk::fill(const Source& source, const Sampler& sampler, Word128 from, int64_t length) {
  Copy g(source, from);
  const Word128 stop = jumped(g.generator(), source.multiplier, static_cast<uint64_t>(length));
  count = noted = 0;
  int64_t left = length;
  for (;;) {
    notes[noted++] = {count, g.at()};
    if (left <= kTail || noted == kNotes) break;
    // A few, then as many as will hardly go beyond the end.
    const double rate = count ? static_cast<double>(count) / static_cast<double>(length - left) : 0;
    const double many = (static_cast<double>(left) - kTail / 2.0) * rate * 0.93;
    const int64_t n = count ? std::clamp<int64_t>(static_cast<int64_t>(many), 1, kStride) : 16;
    sampler(g.functions(), values + count, n);
    const int64_t rest = distance(g.generator(), source.multiplier, stop);
    if (rest < 0) {  // they did
      g.move(notes[noted - 1].at);
      break;
    }
    count += n;
    left = rest;
  }
  Counting counted(g.functions());
  while (counted.drawn < left) sampler(counted.functions(), values + count++, 1);
  end = g.at();
}

// Draws n samples and drops them.
void skip(BitGenerator& g, const Sampler& sampler, int64_t n) {
  double values[128];
  for (int64_t m; n > 0; n -= m) {
    m = std::min<int64_t>(n, std::size(values));
    sampler(g, values, m);
  }
}

Word128 Chunk::before(int64_t n, const Source& source, const Sampler& sampler) const {
  int k = noted - 1;
  while (notes[k].samples > n) --k;
  Copy g(source, notes[k].at);
  skip(g.functions(), sampler, n - notes[k].samples);
  return g.at();
}

// How a chunk continues the samples before it: those of `values`, then its own from `first` on.
struct Joint {
  double values[kMeet];
  int64_t count = 0, first = 0;
};

// Brings the samples from `from`, `ahead` draws behind a chunk's beginning, together with the chunk's. False: they do not meet soon.
bool meet(const Source& source, const Sampler& sampler, Word128 from, int64_t ahead, const Chunk& chunk, Joint& joint) {
  joint.count = joint.first = 0;
  if (ahead == 0) return true;
  Copy ours(source, from), guessed(source, chunk.notes[0].at);
  Counting our(ours.functions()), its(guessed.functions());
  our.drawn = ahead;
  double dropped;
  while (our.drawn != its.drawn) {
    if (its.drawn < our.drawn) {
      if (joint.first == chunk.count) return false;
      sampler(its.functions(), &dropped, 1);
      ++joint.first;
    } else {
      if (joint.count == kMeet) return false;
      sampler(our.functions(), &joint.values[joint.count++], 1);
    }
  }
  return true;
}

// Samples of several draws: chunks are drawn from guesses, by whichever thread is free, and joined in their order.
class Chain {
 public:
  Chain(const Source& source, const Sampler& sampler, double* to, int64_t n)
      : source_(source), sampler_(sampler), to_(to), n_(n), first_(source.generator()), at_(first_.at), needed_(n) {}

  Word128 run() {
    parallel_for(thread_count(), [this](int64_t, int) { work(); });
    return at_;
  }

 private:
  void work() {
    const auto chunk = std::make_unique<Chunk>();
    for (;;) {
      const int64_t k = next_.fetch_add(1, std::memory_order_relaxed);
      const int64_t begin = k * kChunk;
      // Perhaps the samples end before it.
      if (begin >= needed_.load(std::memory_order_relaxed) && !wait(k)) return;
      chunk->fill(source_, sampler_, jumped(first_, source_.multiplier, static_cast<uint64_t>(begin)), kChunk);
      if (!wait(k)) return;
      join(k, *chunk);
    }
  }

  // Until all chunks before k are joined; false: they hold all the samples. They were begun before it, so they are under way.
  bool wait(int64_t k) const {
    for (int spins = 0;; ++spins) {
      const int64_t turn = turn_.load(std::memory_order_acquire);
      if (turn == k) return true;
      if (turn == kAll) return false;
      if (spins < 200) __builtin_ia32_pause();
      else turn_.wait(turn, std::memory_order_acquire);
    }
  }

  void pass(int64_t turn) {
    turn_.store(turn, std::memory_order_release);
    turn_.notify_all();
  }

  // REQUIRES: it is the turn of chunk k. Passes it on.
  void join(int64_t k, Chunk& chunk) {
    const int64_t ahead = distance({chunk.notes[0].at, first_.increment}, source_.multiplier, at_);
    const int64_t start = samples_;
    Joint joint;
    if (ahead >= kChunk) {  // one sample took it all
      pass(k + 1);
      return;
    }
    if (!meet(source_, sampler_, at_, ahead, chunk, joint)) {
      chunk.fill(source_, sampler_, at_, kChunk - ahead);
      joint = {};
    }
    const int64_t rest = n_ - start, own = chunk.count - joint.first;
    const int64_t head = std::min(joint.count, rest), tail = std::min(own, rest - head);
    const bool last = joint.count + own >= rest;
    if (!last) {
      at_ = chunk.end;
    } else if (tail > 0 || joint.count == head) {
      at_ = chunk.before(joint.first + tail, source_, sampler_);
    } else {
      Copy g(source_, at_);
      skip(g.functions(), sampler_, head);
      at_ = g.at();
    }
    samples_ = start + head + tail;
    if (samples_ > 0) {
      const double draws = static_cast<double>((k + 1) * kChunk) / static_cast<double>(samples_);  // a sample
      needed_.store(static_cast<int64_t>(draws * static_cast<double>(n_)), std::memory_order_relaxed);
    }
    pass(last ? kAll : k + 1);
    std::memcpy(to_ + start, joint.values, static_cast<size_t>(head) * sizeof(double));
    std::memcpy(to_ + start + head, chunk.values + joint.first, static_cast<size_t>(tail) * sizeof(double));
  }

  static constexpr int64_t kAll = -1;
  const Source& source_;
  const Sampler& sampler_;
  double* const to_;
  const int64_t n_;
  const Congruential first_;
  // Of the one whose turn it is: the end of the samples joined so far, and how many they are.
  Word128 at_;
  int64_t samples_ = 0;
  std::atomic<int64_t> next_{0}, turn_{0};
  std::atomic<int64_t> needed_;  // draws, as far as can be told
};

}  // namespace

void Sampler::operator()(BitGenerator& from, double* to, int64_t n) const {
  switch (form) {
    case Form::fill: return reinterpret_cast<void (*)(BitGenerator*, intptr_t, double*)>(function)(&from, n, to);
    case Form::zero:
      for (int64_t i = 0; i < n; ++i) to[i] = reinterpret_cast<double (*)(BitGenerator*)>(function)(&from);
      return;
    case Form::one:
      for (int64_t i = 0; i < n; ++i) to[i] = reinterpret_cast<double (*)(BitGenerator*, double)>(function)(&from, a);
      return;
    case Form::two:
      for (int64_t i = 0; i < n; ++i)
        to[i] = reinterpret_cast<double (*)(BitGenerator*, double, double)>(function)(&from, a, b);
  }
}

void draw(const Source& from, const Sampler& sampler, double* to, int64_t n) {
  Congruential& g = from.generator();
  if (n < kFew || thread_count() == 1) {
    BitGenerator itself = from.functions;
    sampler(itself, to, n);
  } else if (sampler.single) {
    parallel_for((n + kChunk - 1) / kChunk, [&](int64_t part, int) {
      const int64_t at = part * kChunk;
      Copy there(from, jumped(g, from.multiplier, static_cast<uint64_t>(at)));
      sampler(there.functions(), to + at, std::min(kChunk, n - at));
    });
    g.at = jumped(g, from.multiplier, static_cast<uint64_t>(n));
  } else {
    g.at = Chain(from, sampler, to, n).run();
  }
}

}  // namespace numloom
