// Host memory for arrays: 64-byte aligned, cached by size so that a loop of large temporaries does not fault its pages
// in each time. Thread-safe. Cached memory is bounded and given back by host_trim().
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace numloom {

// Throws memory_error with NumPy's text where there is none.
void* host_alloc(int64_t nbytes);
void host_free(void* p, int64_t nbytes);
// Whether host_alloc of this many bytes gives memory that is zero and takes no room until it is touched: blocks beyond what
// is cached come from the system and go back to it.
bool host_alloc_is_zero(int64_t nbytes);
void host_trim();
// Does so because others are about to take memory, unless that was done so lately that getting the blocks again would be felt.
void host_make_room();
// With NUMLOOM_POISON=1, fresh memory holds garbage on purpose: for tests. No-op otherwise.
void poison(void* p, int64_t nbytes);

// The most that all arrays together may ever take: what the machine has, what the process may have (RLIMIT_AS), and
// NUMLOOM_HOST_LIMIT (bytes), where it is set.
int64_t host_memory();
// NumPy's text for an array that does not fit.
std::string unable_to_allocate(std::span<const int64_t> shape, std::string_view dtype, int item);

struct HostPoolStatistics { int64_t in_use, peak, cached; };
HostPoolStatistics host_pool_statistics();

}  // namespace numloom
