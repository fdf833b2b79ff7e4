// The pool of worker threads that kernels run on. The caller works too. One parallel region at a time (the engine lock
// holder's); a region started inside another, or in a forked child's first moments, runs on the caller alone.
#pragma once
#include <cstdint>
#include <type_traits>

namespace numloom {

// Workers and caller together; NUMLOOM_NUM_THREADS, else the CPUs this process may use.
int thread_count();
void set_thread_count(int n);

// Calls body(context, part, thread) for each part in [0, parts), in any order, on any thread < thread_count(). Where one
// throws, parts not yet begun are left out and the first exception is thrown here.
void parallel_for(int64_t parts, void (*body)(void* context, int64_t part, int thread), void* context);

template <class F>
void parallel_for(int64_t parts, F&& f) {
  parallel_for(parts, [](void* c, int64_t p, int t) { (*static_cast<std::remove_reference_t<F>*>(c))(p, t); }, &f);
}

// In the child of a fork the workers are gone.
void threads_after_fork();

}  // namespace numloom
