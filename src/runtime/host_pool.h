// Host memory for arrays: 64-byte aligned, cached by size so that a loop of large temporaries does not fault its pages
// in each time. Thread-safe. Cached memory is bounded and given back by host_trim().
#pragma once
#include <cstdint>

namespace numloom {

// Throws memory_error with NumPy's text where there is none.
void* host_alloc(int64_t nbytes);
void host_free(void* p, int64_t nbytes);
void host_trim();
// With NUMLOOM_POISON=1, fresh memory holds garbage on purpose: for tests. No-op otherwise.
void poison(void* p, int64_t nbytes);

struct HostPoolStatistics { int64_t in_use, peak, cached; };
HostPoolStatistics host_pool_statistics();

}  // namespace numloom
