#include "runtime/threads.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/environment.h"

namespace numloom {
namespace {

struct Region {
  void (*body)(void*, int64_t, int);
  void* context;
  int64_t parts;
};

struct Workers {
  std::mutex mutex;
  std::condition_variable wake, done;
  std::vector<std::thread> threads;
  Region region{};
  std::atomic<int64_t> next{0};
  std::atomic<uint64_t> generation{0};
  int busy = 0;
  bool stop = false;
  std::exception_ptr error;  // the first that a part threw; guarded by the mutex

  void work(const Region& r, int thread) {
    try {
      for (int64_t p; (p = next.fetch_add(1, std::memory_order_relaxed)) < r.parts;) r.body(r.context, p, thread);
    } catch (...) {
      next.store(r.parts, std::memory_order_relaxed);
      std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
    }
  }

  void loop(int thread, uint64_t seen) {
    for (;;) {
      // A short spin: regions of one flush follow each other closely.
      for (int spin = 0; spin < 2000 && generation.load(std::memory_order_acquire) == seen; ++spin) __builtin_ia32_pause();
      Region r;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return stop || generation.load(std::memory_order_relaxed) != seen; });
        if (stop) return;
        seen = generation.load(std::memory_order_relaxed);
        r = region;
      }
      work(r, thread);
      std::lock_guard lock(mutex);
      if (--busy == 0) done.notify_one();
    }
  }
};

int configured() {
  const int64_t asked = environment_number("NUMLOOM_NUM_THREADS", 0);
  if (asked > 0) return static_cast<int>(std::min<int64_t>(asked, 256));
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return 1;
}

int count = 0;
Workers* workers = nullptr;  // never freed: threads may outlive static destruction
std::atomic<bool> in_region{false};

}  // namespace

int thread_count() {
  if (!count) count = configured();
  return count;
}

void set_thread_count(int n) {
  if (workers) {
    {
      std::lock_guard lock(workers->mutex);
      workers->stop = true;
    }
    workers->wake.notify_all();
    for (auto& t : workers->threads) t.join();
    delete workers;
    workers = nullptr;
  }
  count = std::max(1, n);
}

void parallel_for(int64_t parts, void (*body)(void*, int64_t, int), void* context) {
  const int n = thread_count();
  if (parts <= 1 || n == 1 || in_region.exchange(true)) {
    for (int64_t p = 0; p < parts; ++p) body(context, p, 0);
    return;
  }
  if (!workers) {
    workers = new Workers;
    for (int t = 1; t < n; ++t) workers->threads.emplace_back([t] { workers->loop(t, 0); });
  }
  Workers& w = *workers;
  const Region r{body, context, parts};
  {
    std::lock_guard lock(w.mutex);
    w.region = r;
    w.next.store(0, std::memory_order_relaxed);
    w.busy = n - 1;
    w.generation.fetch_add(1, std::memory_order_release);
  }
  w.wake.notify_all();
  w.work(r, 0);
  std::exception_ptr error;
  {
    // Workers that never woke up still have to pass through, so that none sees the next region with this one's state.
    std::unique_lock lock(w.mutex);
    w.done.wait(lock, [&] { return w.busy == 0; });
    error = std::exchange(w.error, nullptr);
  }
  in_region = false;
  if (error) std::rethrow_exception(error);
}

void threads_after_fork() {
  workers = nullptr;
  in_region = false;
}

}  // namespace numloom
