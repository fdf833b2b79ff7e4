#include "backend/cuda/pool.h"

#include <algorithm>
#include <cstdlib>

#include "numloom/error.h"

namespace numloom::cuda {
namespace {

constexpr int64_t kGrain = 512;                // every block is a multiple of it, so every block is aligned to it
constexpr int64_t kSegment = int64_t{2} << 20; // the least that is asked of the driver
constexpr int64_t kSmall = int64_t{1} << 20;   // up to here blocks share segments

int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

std::string mib(int64_t n) { return std::to_string(n >> 20) + " MiB"; }

}  // namespace

Pool::Pool(CUstream stream) : stream_(stream) {
  if (const char* env = std::getenv("NUMLOOM_CUDA_LIMIT")) limit = std::strtoll(env, nullptr, 10);
}

void* Pool::take(Blocks::iterator it, int64_t size) {
  free_.erase({it->second.size, it->first});
  const int64_t rest = it->second.size - size;
  // Large blocks are split only where a good part is left: a remainder nobody fits would fragment the segment.
  if (rest >= kGrain && (size <= kSmall || rest > kSmall)) {
    it->second.size = size;
    blocks_.emplace(it->first + static_cast<uintptr_t>(size), Block{rest, false, false});
    free_.insert({rest, it->first + static_cast<uintptr_t>(size)});
  }
  it->second.used = true;
  in_use += it->second.size;
  peak = std::max(peak, in_use);
  return reinterpret_cast<void*>(it->first);
}

bool Pool::reserve(int64_t size) {
  if (limit > 0 && reserved + size > limit) return false;
  CUdeviceptr p = 0;
  const CUresult r = Driver::get().cuMemAlloc_(&p, static_cast<size_t>(size));
  if (r == CUDA_ERROR_OUT_OF_MEMORY) return false;
  check(r, "allocating memory");
  blocks_.emplace(static_cast<uintptr_t>(p), Block{size, false, true});
  free_.insert({size, static_cast<uintptr_t>(p)});
  reserved += size;
  return true;
}

void* Pool::alloc(int64_t nbytes) {
  const int64_t size = round_up(std::max<int64_t>(nbytes, 1), nbytes <= kSmall ? kGrain : kSegment);
  for (int attempt = 0; attempt < 3; ++attempt) {
    auto fit = free_.lower_bound({size, 0});
    // A large request does not break up a much larger segment while the driver still gives memory.
    const bool wasteful = fit != free_.end() && attempt == 0 && size > kSmall && fit->first > 2 * size &&
                          fit->first - size > (int64_t{256} << 20);
    if (fit != free_.end() && !wasteful) return take(blocks_.find(fit->second), size);
    if (reserve(nbytes <= kSmall ? kSegment * 4 : size)) continue;
    if (fit != free_.end()) return take(blocks_.find(fit->second), size);
    free_all_blocks();
    if (!reserve(size <= kSmall ? kSegment : size)) break;
  }
  throw memory_error("Unable to allocate " + mib(nbytes) + " on the CUDA device", state());
}

void Pool::free(void* p) {
  auto it = blocks_.find(reinterpret_cast<uintptr_t>(p));
  if (it == blocks_.end() || !it->second.used) return;
  in_use -= it->second.size;
  it->second.used = false;
  if (auto next = std::next(it); next != blocks_.end() && !next->second.used && !next->second.first) {
    free_.erase({next->second.size, next->first});
    it->second.size += next->second.size;
    blocks_.erase(next);
  }
  if (it != blocks_.begin() && !it->second.first) {
    if (auto before = std::prev(it); !before->second.used) {
      free_.erase({before->second.size, before->first});
      before->second.size += it->second.size;
      blocks_.erase(it);
      it = before;
    }
  }
  free_.insert({it->second.size, it->first});
}

void Pool::free_all_blocks() {
  Driver& d = Driver::get();
  d.cuStreamSynchronize_(stream_);
  for (auto it = blocks_.begin(); it != blocks_.end();) {
    const auto next = std::next(it);
    const bool whole = it->second.first && !it->second.used && (next == blocks_.end() || next->second.first);
    if (whole) {
      d.cuMemFree_(static_cast<CUdeviceptr>(it->first));
      reserved -= it->second.size;
      free_.erase({it->second.size, it->first});
      blocks_.erase(it);
    }
    it = next;
  }
}

std::string Pool::state() const {
  size_t left = 0, total = 0;
  Driver::get().cuMemGetInfo_(&left, &total);
  return "Numloom's pool: " + mib(in_use) + " in use, " + mib(reserved) + " reserved, peak " + mib(peak) +
         (limit ? ", limit " + mib(limit) : "") + "; the device: " + mib(static_cast<int64_t>(left)) + " free of " +
         mib(static_cast<int64_t>(total));
}

}  // namespace numloom::cuda
