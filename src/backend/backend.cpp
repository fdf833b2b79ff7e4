#include "backend/backend.h"

#include <algorithm>

namespace numloom {
namespace {

// Axes from d on.
void copy_axes(Backend& backend, const Layout& to, const Layout& from, int d, int dense, int64_t run, char* t, const char* f) {
  if (d == dense) return backend.copy(t, f, run);
  for (int64_t i = 0; i < to.shape[d]; ++i)
    copy_axes(backend, to, from, d + 1, dense, run, t + i * to.strides[d], f + i * from.strides[d]);
}

}  // namespace

void Backend::fill(void* device, int64_t nbytes, const Produce& produce) {
  constexpr int64_t kPiece = int64_t{1} << 20;
  std::vector<char> piece(static_cast<size_t>(std::min(kPiece, nbytes)));
  for (int64_t at = 0; at < nbytes; at += kPiece) {
    const int64_t n = std::min(kPiece, nbytes - at);
    produce(piece.data(), at, n);
    upload(static_cast<char*>(device) + at, piece.data(), n);
  }
}

void Backend::transfer(std::span<const Transfer> transfers) {
  for (const Transfer& c : transfers) {
    const Layout &to = c.to.layout, &from = c.from.layout;
    int64_t run = item_size(c.to.dtype);
    int dense = to.ndim;  // from here on elements are neighbours on both sides
    for (; dense > 0; --dense) {
      const int d = dense - 1;
      if (to.shape[d] != 1 && (to.strides[d] != run || from.strides[d] != run)) break;
      run *= to.shape[d];
    }
    if (run) copy_axes(*this, to, from, 0, dense, run, c.to.base, c.from.base);
  }
}

}  // namespace numloom
