// Where buffers are: their memory on the host and on the device, the copies between, and what gives way when the device is
// full. A buffer dies on whatever thread drops it last, so the list of those with device memory has a lock of its own.
#include <algorithm>
#include <limits>
#include <mutex>

#include "engine/engine.h"
#include "numloom/error.h"

namespace numloom {
namespace {

std::mutex resident_mutex;
std::vector<Buffer*> resident;                     // with device memory; each knows its place
std::vector<std::pair<char*, int64_t>> abandoned;  // device memory to free at the next allocation, under the engine lock

void abandon(Buffer& b) {
  std::lock_guard lock(resident_mutex);
  if (!b.device_foreign) abandoned.emplace_back(b.device, b.nbytes);
  if (b.resident < 0) return;
  resident[b.resident] = resident.back();
  resident[b.resident]->resident = b.resident;
  resident.pop_back();
  b.resident = -1;
}

void settle_in(Buffer& b, char* memory) {
  free_device_memory = abandon;
  std::lock_guard lock(resident_mutex);
  b.device = memory;
  b.resident = static_cast<int32_t>(resident.size());
  resident.push_back(&b);
}

void free_abandoned(Backend& backend) {
  std::vector<std::pair<char*, int64_t>> list;
  {
    std::lock_guard lock(resident_mutex);
    list.swap(abandoned);
  }
  for (auto [p, n] : list) backend.free(p, n);
}

// Those with device memory that `chosen` takes; each held until release(). REQUIRES: the engine lock.
template <class Chosen>
std::vector<Buffer*> hold_resident(Chosen chosen) {
  std::vector<Buffer*> held;
  // A buffer that is dying waits for this lock before its memory goes, so it may be looked at here.
  std::lock_guard lock(resident_mutex);
  for (Buffer* b : resident)
    if (chosen(b) && b->retain_if_alive()) held.push_back(b);
  return held;
}

}  // namespace

// Frees at least nbytes of device memory where that is possible: first copies of what the host has too, then what was
// used longest ago, which goes home. Returns how much it freed.
int64_t Engine::evict(int64_t nbytes) {
  std::vector<Buffer*> candidates = hold_resident(
      [&](Buffer* b) { return !b->shared_on_device() && std::find(in_use_.begin(), in_use_.end(), b) == in_use_.end(); });
  const auto copies =
      std::stable_partition(candidates.begin(), candidates.end(), [](const Buffer* b) { return b->host_valid; });
  std::sort(copies, candidates.end(), [](const Buffer* a, const Buffer* b) { return a->epoch < b->epoch; });
  int64_t freed = 0;
  for (Buffer* b : candidates) {
    if (freed < nbytes) {
      try {
        if (b->device_valid) ready(*b, cpu_backend(), true);
        b->drop_device();
        freed += b->nbytes;
      } catch (const memory_error&) {  // NOLINT(bugprone-empty-catch): the host is full too, so this one stays
      }
    }
    b->release();
  }
  counters.evicted_bytes += freed;
  return freed;
}

char* Engine::device_memory(Backend& backend, int64_t nbytes) {
  free_abandoned(backend);
  // What is evicted may lie in pieces: then everything goes.
  for (const int64_t wanted : {nbytes, std::numeric_limits<int64_t>::max()}) {
    try {
      return static_cast<char*>(backend.alloc(nbytes));
    } catch (const memory_error&) {
      if (evict(wanted) == 0) throw;
      free_abandoned(backend);
    }
  }
  return static_cast<char*>(backend.alloc(nbytes));
}

char* Engine::room(Backend& backend, int64_t nbytes) {
  return &backend == &cpu_backend() ? static_cast<char*>(backend.alloc(nbytes)) : device_memory(backend, nbytes);
}

void Engine::move(Buffer& b, Backend& backend, char* memory) {
  if (&backend == &cpu_backend()) return b.move_host(memory);
  backend.free(b.device, b.nbytes);
  b.device = memory;
}

// The address of b's memory for this backend, holding its values where they are read.
char* Engine::ready(Buffer& b, Backend& backend, bool read) {
  if (&backend == &cpu_backend()) {
    b.ensure_host();
    if (read && !b.host_valid && b.device_valid) {
      if (forked_)
        throw runtime_error("the values of this array are on a GPU, which a forked process cannot reach",
                            "read it before the fork (numloom.asnumpy), or start processes with the method 'spawn'");
      device_backend().download(b.host, b.device, b.nbytes);
      counters.bytes_to_host += b.nbytes;
      b.host_valid = true;
    }
    return b.host;
  }
  if (!b.device) settle_in(b, device_memory(backend, b.nbytes));
  if (read && !b.device_valid && b.host_valid) {
    backend.upload(b.device, b.host, b.nbytes);
    counters.bytes_to_device += b.nbytes;
    b.device_valid = true;
  }
  return b.device;
}

void Engine::fill(Buffer& b, const Backend::Produce& produce) {
  Backend& backend = chosen_for(b.nbytes);
  char* there = nullptr;
  try {
    if (&backend != &cpu_backend()) there = ready(b, backend, false);
  } catch (const memory_error&) {  // NOLINT(bugprone-empty-catch): the host may have room
  }
  if (there) {
    backend.fill(there, b.nbytes, produce);
    counters.bytes_to_device += b.nbytes;
  } else {
    produce(b.ensure_host(), 0, b.nbytes);
  }
  b.device_valid = there != nullptr;
  b.host_valid = !there;
}

void Engine::before_fork() {
  std::vector<Buffer*> away = hold_resident([](Buffer* b) { return b->device_valid && !b->host_valid; });
  std::sort(away.begin(), away.end(), [](const Buffer* a, const Buffer* b) { return a->nbytes < b->nbytes; });
  int64_t bytes = 0;
  for (Buffer* b : away) {
    bytes += b->nbytes;
    try {
      if (bytes <= kForkHome) ready(*b, cpu_backend(), true);
    } catch (const memory_error&) {
      bytes = kForkHome;  // the host is full: the others stay
    }
    b->release();
  }
  wait();
}

void Engine::after_fork_child() {
  placement = Placement::cpu;
  forked_ = true;
}

void Engine::wait() {
  if (placement != Placement::cpu && (device || cuda_available())) device_backend().synchronize();
}

int64_t Engine::device_limit() { return placement == Placement::cuda ? device_backend().memory() : 0; }

void Engine::take_in(Buffer& b) {
  device_backend();  // throws where there is no device
  settle_in(b, b.device);
}

char* Engine::share_device(Buffer& b, bool for_good) {
  Buffer* const wanted = &b;
  demand(FlushReason::exported, {&wanted, 1}, true);
  char* const p = ready(b, device_backend(), true);
  if (for_good) b.device_shared = true;
  else b.device_leases.fetch_add(1);
  b.device_valid = true;  // never written: its contents are what the allocation held
  if (b.device_home()) b.host_valid = false;
  return p;
}

bool Engine::read_part(Buffer& b, DType dtype, const Layout& from, Buffer& out, const Layout& to) {
  // What a read off the device costs beside its bytes, in bytes that cross the bus meanwhile.
  constexpr int64_t kOneRead = int64_t{128} << 10;
  Buffer* const wanted = &b;
  if (b.pending_writes.load(std::memory_order_relaxed)) demand(FlushReason::value, {&wanted, 1});
  if (b.host_valid || !b.device_valid || b.shared() || forked_) return false;
  const int64_t bytes = out.nbytes;
  b.parts_read += bytes + kOneRead;
  if (b.parts_read > b.nbytes) return false;
  Backend& backend = device_backend();
  const int item = item_size(dtype);
  char* const there = b.device + from.offset;
  if (from.c_contiguous(item) || from.f_contiguous(item)) {
    backend.download(out.ensure_host(), there, bytes);
  } else {
    char* dense = nullptr;
    try {
      dense = device_memory(backend, bytes);
      const Transfer gather{{dense, dtype, to}, {there, dtype, from}};
      backend.transfer({&gather, 1});
      backend.download(out.ensure_host(), dense, bytes);
      backend.free(dense, bytes);
    } catch (...) {
      if (dense) backend.free(dense, bytes);
      throw;
    }
  }
  counters.bytes_to_host += bytes;
  out.host_valid = true;
  return true;
}

const char* Engine::home(Buffer& b) { return ready(b, cpu_backend(), true); }

}  // namespace numloom
