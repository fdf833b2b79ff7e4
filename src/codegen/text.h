// A kernel as CUDA C++ source: the JIT's input. The text is specialised on how slots are walked (layout class, number of axes
// of the nest, 32- or 64-bit offsets), never on sizes, pointers or values: those come in one argument, an array of 8-byte
// words laid out as `text_args` writes it. The scalar functions come by #include of the op headers, which the compiler is
// given as text. Thread safety: pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "codegen/collapse.h"

namespace numloom {

enum class TextLoop : uint8_t {
  vector,   // all slots linear and aligned: a thread does `vec` neighbours
  flat,     // any layout: linear index, coordinates by division
  rows,     // grid.y over rows of the innermost axis, grid.x along it
  lanes,    // reduction: eight neighbouring threads are the lanes of the leaves under one node of the tree
  columns,  // reduction: one thread does a leaf; for outputs that are neighbours in memory
};

struct TextForm {
  TextLoop loop = TextLoop::flat;
  uint8_t ndim = 0, nkept = 0;
  uint8_t vec = 1;
  bool narrow = false;               // sizes and offsets fit in 31 bits
  std::vector<Access> access;        // per slot
  std::vector<int8_t> index_axes;    // per `index` instruction: axis of the nest, -1 for a constant 0
  bool operator==(const TextForm&) const = default;
  uint64_t hash() const;
};

// Threads of a block, and elements that a block covers in `flat` and along x in `rows`.
inline constexpr int kTextThreads = 256;
// A kernel parameter is at most 4096 bytes on every driver.
inline constexpr int kTextArgWords = 512;
// `lanes`: the most levels of the tree below the node that eight threads do.
inline constexpr int kTextGroup = 3;
int text_unroll(const Kernel& kernel, const TextForm& form);

// The entry is named "kernel".
std::string cuda_text(const Kernel& kernel, const TextForm& form);

// Where a reduction leaves the results of nodes at level `depth` of the tree: that of output o and path p goes to
// out + (o * by_out + p * by_path) items. The interpreters are told alike.
struct LeafResult {
  uint64_t out;
  int64_t by_out, by_path;
};
int text_arg_words(const Kernel& kernel, const TextForm& form);
void text_args(const Kernel& kernel, const TextForm& form, const Nest& nest, const std::vector<Scalar>& scalars, int64_t nred,
               int64_t nout, int depth, int group, const std::vector<LeafResult>& results, std::vector<uint64_t>& out);

}  // namespace numloom
