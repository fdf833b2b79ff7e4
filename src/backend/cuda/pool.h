// Device memory for arrays: a best-fit cache of segments, all on one stream, so what is freed may be given out again at once:
// the work that used it comes first on that stream. Thread safety: under the engine lock.
//
// Invariants: blocks tile their segment in address order; no two neighbours are both free; `free_` holds exactly the free ones.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "backend/cuda/driver.h"

namespace numloom::cuda {

class Pool {
 public:
  // Throws memory_error, which says how the pool stands, after giving free segments back did not help.
  void* alloc(int64_t nbytes);
  void free(void* p);
  // Gives free segments back to the driver. REQUIRES: called where waiting for the stream is acceptable.
  void free_all_blocks();

  int64_t in_use = 0, peak = 0, reserved = 0;
  int64_t limit = 0;  // bytes to reserve at most; 0: what the device has. NUMLOOM_CUDA_LIMIT sets it.
  std::string state() const;
  explicit Pool(CUstream stream);

 private:
  struct Block {
    int64_t size;
    bool used;
    bool first;  // of its segment
  };
  using Blocks = std::map<uintptr_t, Block>;
  void* take(Blocks::iterator it, int64_t size);
  bool reserve(int64_t size);

  CUstream stream_;
  Blocks blocks_;
  std::set<std::pair<int64_t, uintptr_t>> free_;  // by size, then address
};

}  // namespace numloom::cuda
