#include "runtime/host_pool.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/environment.h"
#include "numloom/error.h"

namespace numloom {
namespace {

// Sizes are rounded up to eighths of a power of two, so that a cached block is at most 1/8 larger than asked for.
constexpr int64_t kSmall = 1 << 12;        // below: malloc's own caches do well
constexpr int64_t kMapped = 128 << 10;     // from here on, each block is a mapping: given back, its pages are the system's
constexpr int64_t kHuge = 4 << 20;         // from here on, huge pages are asked for
constexpr int64_t kHugePage = 2 << 20;
constexpr int64_t kFloor = 16 << 20;       // a process of this size may always cache
constexpr int64_t kCacheBytes = 256 << 20;  // at most; less on small machines
// To get a mapping's pages again takes a quarter of a nanosecond a byte. Giving blocks back may cost a hundredth of the time.
constexpr double kWaitPerByte = 100 * 0.25e-9;

int64_t rounded(int64_t n) {
  if (n <= 4096) return (n + 63) & ~int64_t{63};
  const int64_t step = std::max<int64_t>(4096, int64_t{1} << (63 - __builtin_clzll(static_cast<uint64_t>(n)) - 3));
  return (n + step - 1) / step * step;
}

// As NumPy writes sizes.
std::string in_units(double bytes) {
  const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  int unit = 0;
  while (std::nearbyint(bytes) >= 1024 && unit < 6) bytes /= 1024, ++unit;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f" : std::nearbyint(bytes) < 1000 ? "%#.3g" : "%#.0f", bytes);
  return std::string(text) + " " + kUnits[unit];
}

// A block's memory from the system, and back to it. Null where there is none.
void* take(int64_t n) {
  if (n < kMapped) return std::aligned_alloc(64, n);
  const int64_t spare = n >= kHuge ? kHugePage : 0;  // a huge page begins at a multiple of its size
  void* mapped = mmap(nullptr, n + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  if (!spare) return mapped;
  const auto begin = reinterpret_cast<uintptr_t>(mapped), at = (begin + spare - 1) / spare * spare;
  if (at > begin) munmap(mapped, at - begin);
  if (at < begin + spare) munmap(reinterpret_cast<void*>(at + n), begin + spare - at);
  madvise(reinterpret_cast<void*>(at), n, MADV_HUGEPAGE);
  return reinterpret_cast<void*>(at);
}

void give(void* p, int64_t n) {
  if (n < kMapped) std::free(p);
  else munmap(p, n);
}

using Clock = std::chrono::steady_clock;

struct Pool {
  std::mutex mutex;
  std::map<int64_t, std::vector<void*>> free;
  HostPoolStatistics stats{};
  // All arrays together, at most.
  const int64_t most = std::min(sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE),
                                environment_number("NUMLOOM_HOST_LIMIT", std::numeric_limits<int64_t>::max()));
  const int64_t limit = std::min<int64_t>(kCacheBytes, most / 16);  // what is cached
  Clock::time_point room_made{};

  // Blocks to give back, the largest first, so that no more than `room` bytes are cached.
  std::vector<std::pair<void*, int64_t>> evict(int64_t room) {
    std::vector<std::pair<void*, int64_t>> out;
    while (stats.cached > room) {
      auto it = std::prev(free.end());
      if (it->second.empty()) {
        free.erase(it);
        continue;
      }
      out.emplace_back(it->second.back(), it->first);
      it->second.pop_back();
      stats.cached -= it->first;
    }
    return out;
  }
};
Pool& pool() {
  static auto* p = new Pool;  // outlives every array
  return *p;
}

void* allocate(int64_t nbytes) {
  const int64_t n = rounded(std::max<int64_t>(nbytes, 1));
  if (n < kSmall) {
    if (void* p = std::aligned_alloc(64, n)) return p;
    throw memory_error("Unable to allocate " + std::to_string(nbytes) + " bytes");
  }
  Pool& p = pool();
  std::vector<std::pair<void*, int64_t>> unused;
  bool possible = true;
  {
    std::lock_guard lock(p.mutex);
    possible = n <= p.most - p.stats.in_use;
    if (possible) {
      p.stats.in_use += n;
      p.stats.peak = std::max(p.stats.peak, p.stats.in_use);
      if (auto it = p.free.find(n); it != p.free.end() && !it->second.empty()) {
        void* r = it->second.back();
        it->second.pop_back();
        p.stats.cached -= n;
        return r;
      }
      // What is cached never makes the process larger than its arrays once were.
      unused = p.evict(std::max(p.stats.peak, kFloor) - p.stats.in_use);
    }
  }
  for (const auto& [block, size] : unused) give(block, size);
  void* r = nullptr;
  for (int attempt = 0; attempt < 2 && possible && !r; ++attempt) {
    if (attempt) host_trim();
    r = take(n);
  }
  if (!r) {
    std::lock_guard lock(p.mutex);
    if (possible) p.stats.in_use -= n;
    throw memory_error("Unable to allocate " + std::to_string(nbytes) + " bytes",
                       "host memory: " + in_units(double(p.stats.in_use)) + " in use by arrays, peak " +
                           in_units(double(p.stats.peak)) + ", of " + in_units(double(host_memory())));
  }
  return r;
}

}  // namespace

namespace {
bool poisons() {
  static const bool on = [] {
    const char* s = std::getenv("NUMLOOM_POISON");
    return s && *s == '1';
  }();
  return on;
}
}  // namespace

void poison(void* p, int64_t nbytes) {
  if (poisons()) std::memset(p, 0xcb, nbytes);
}

bool host_alloc_is_zero(int64_t nbytes) {
  const int64_t n = rounded(std::max<int64_t>(nbytes, 1));
  return n >= kMapped && n > pool().limit && !poisons();
}

void* host_alloc(int64_t nbytes) {
  void* p = allocate(nbytes);
  poison(p, nbytes);
  return p;
}

void host_free(void* ptr, int64_t nbytes) {
  const int64_t n = rounded(std::max<int64_t>(nbytes, 1));
  if (n < kSmall) {
    std::free(ptr);
    return;
  }
  Pool& p = pool();
  {
    std::lock_guard lock(p.mutex);
    p.stats.in_use -= n;
    if (p.stats.cached + n <= p.limit) {
      p.free[n].push_back(ptr);
      p.stats.cached += n;
      return;
    }
  }
  give(ptr, n);
}

void host_trim() {
  Pool& p = pool();
  std::lock_guard lock(p.mutex);
  for (const auto& [block, size] : p.evict(0)) give(block, size);
}

void host_make_room() {
  Pool& p = pool();
  {
    std::lock_guard lock(p.mutex);
    if (p.stats.cached == 0) return;
    const auto now = Clock::now();
    if (std::chrono::duration<double>(now - p.room_made).count() < kWaitPerByte * static_cast<double>(p.stats.cached)) return;
    p.room_made = now;
  }
  host_trim();
}

int64_t host_memory() {
  rlimit process{};
  if (getrlimit(RLIMIT_AS, &process) != 0 || process.rlim_cur == RLIM_INFINITY) return pool().most;
  return std::min(pool().most, static_cast<int64_t>(std::min<rlim_t>(process.rlim_cur, pool().most)));
}

std::string unable_to_allocate(std::span<const int64_t> shape, std::string_view dtype, int item) {
  double bytes = item;
  std::string s = "(";
  for (size_t d = 0; d < shape.size(); ++d) {
    bytes *= static_cast<double>(shape[d]);
    s += (d ? ", " : "") + std::to_string(shape[d]);
  }
  s += shape.size() == 1 ? ",)" : ")";
  return "Unable to allocate " + in_units(bytes) + " for an array with shape " + s + " and data type " + std::string(dtype);
}

HostPoolStatistics host_pool_statistics() {
  Pool& p = pool();
  std::lock_guard lock(p.mutex);
  return p.stats;
}

}  // namespace numloom
