// CUDA's device language on the CPU, one block at a time: each thread of the block is a fiber, so that barriers, shuffles and
// votes work as on a GPU. For tests where there is none: the device sources and the JIT's texts are compiled with this header
// before them. Slow, exact, and deterministic. Not thread-safe.
#pragma once
#include <setjmp.h>
#include <ucontext.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __grid_constant__
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define __shared__ static
#define DYNAMIC_SHARED(name) unsigned char* const name = emulator::dynamic_shared()

namespace emulator {

struct Index { unsigned x = 0, y = 0, z = 0; };
struct Fiber {
  ucontext_t context;  // to begin with; after that jumps, which cost no system call
  jmp_buf at;
  bool started = false;
  std::vector<char> stack;
  bool done = false;
  unsigned exchange = 0;
};
struct Barrier { unsigned arrived = 0, generation = 0; };

inline Index thread, block, block_size, grid_size;
inline std::vector<Fiber>& fibers() {
  static std::vector<Fiber> f;
  return f;
}
inline ucontext_t scheduler;
inline jmp_buf scheduler_at;
inline unsigned live = 0, next = 0;
inline std::vector<Barrier> barriers;  // one per warp, then the block's
inline void (*entry)(void**) = nullptr;
inline void** arguments = nullptr;

inline unsigned char* dynamic_shared() {
  alignas(16) static unsigned char memory[232 * 1024];
  return memory;
}

inline void yield() {
  if (_setjmp(fibers()[thread.x].at) == 0) _longjmp(scheduler_at, 1);
}
inline void wait(Barrier& b, unsigned members) {
  const unsigned generation = b.generation;
  if (++b.arrived == members) {
    b.arrived = 0;
    ++b.generation;
    return;
  }
  while (b.generation == generation) yield();
}
inline unsigned warp_size() {
  const unsigned first = thread.x / 32 * 32, left = block_size.x - first;
  return left < 32 ? left : 32;
}
inline void warp_barrier() { wait(barriers[thread.x / 32], warp_size()); }

inline void fiber_main() {
  for (;;) {  // a fiber serves one block after the other
    entry(arguments);
    fibers()[thread.x].done = true;
    --live;
    yield();
  }
}

// Runs a whole grid. `f` unpacks its arguments.
inline void launch(void (*f)(void**), void** args, Index grid, unsigned threads) {
  entry = f;
  arguments = args;
  grid_size = grid;
  block_size = {threads, 1, 1};
  if (fibers().empty()) fibers().resize(1024);
  for (unsigned bz = 0; bz < grid.z; ++bz)
    for (unsigned by = 0; by < grid.y; ++by)
      for (unsigned bx = 0; bx < grid.x; ++bx) {
        block = {bx, by, bz};
        barriers.assign(threads / 32 + 2, {});
        live = threads;
        for (unsigned t = 0; t < threads; ++t) {
          Fiber& f2 = fibers()[t];
          f2.done = false;
          if (f2.started) continue;
          f2.stack.resize(128 * 1024);
          getcontext(&f2.context);
          f2.context.uc_stack.ss_sp = f2.stack.data();
          f2.context.uc_stack.ss_size = f2.stack.size();
          f2.context.uc_link = &scheduler;
          makecontext(&f2.context, fiber_main, 0);
        }
        while (live > 0)
          for (next = 0; next < threads; ++next) {
            const unsigned t = next;
            if (fibers()[t].done) continue;
            thread.x = t;
            if (_setjmp(scheduler_at) != 0) continue;
            if (fibers()[t].started) _longjmp(fibers()[t].at, 1);
            fibers()[t].started = true;
            swapcontext(&scheduler, &fibers()[t].context);
          }
      }
}

}  // namespace emulator

#define threadIdx emulator::thread
#define blockIdx emulator::block
#define blockDim emulator::block_size
#define gridDim emulator::grid_size

inline void __syncthreads() { emulator::wait(emulator::barriers.back(), emulator::block_size.x); }
inline void __threadfence_system() {}
inline unsigned __shfl_sync(unsigned, unsigned x, int lane, int width) {
  auto& fibers = emulator::fibers();
  const unsigned t = emulator::thread.x;
  fibers[t].exchange = x;
  emulator::warp_barrier();
  const unsigned r = fibers[t / width * width + static_cast<unsigned>(lane) % width].exchange;
  emulator::warp_barrier();
  return r;
}
inline unsigned __shfl_down_sync(unsigned mask, unsigned x, int by, int width) {
  const int lane = static_cast<int>(emulator::thread.x) % width;
  return __shfl_sync(mask, x, lane + by < width ? lane + by : lane, width);
}
inline bool __any_sync(unsigned, int p) {
  auto& fibers = emulator::fibers();
  const unsigned t = emulator::thread.x, first = t / 32 * 32;
  fibers[t].exchange = p != 0;
  emulator::warp_barrier();
  bool r = false;
  for (unsigned i = 0; i < emulator::warp_size(); ++i) r |= fibers[first + i].exchange != 0;
  emulator::warp_barrier();
  return r;
}
inline unsigned long long atomicCAS(unsigned long long* at, unsigned long long expected, unsigned long long to) {
  const unsigned long long was = *at;
  if (was == expected) *at = to;
  return was;
}
template <class T> inline T atomicAdd(T* at, T x) {
  const T was = *at;
  *at = was + x;
  return was;
}
inline unsigned long long atomicMax(unsigned long long* at, unsigned long long x) {
  const unsigned long long was = *at;
  if (x > was) *at = x;
  return was;
}
