#include "backend/cuda/staging.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "backend/cuda/device/block.h"
#include "runtime/threads.h"

namespace numloom::cuda {
namespace {

// One core copies at a fraction of what the bus takes.
void copy_bytes(char* to, const char* from, int64_t n) {
  constexpr int64_t kPart = int64_t{512} << 10;
  parallel_for((n + kPart - 1) / kPart, [&](int64_t part, int) {
    const int64_t at = part * kPart;
    std::memcpy(to + at, from + at, static_cast<size_t>(std::min(kPart, n - at)));
  });
}

}  // namespace

void Staging::prepare() {
  if (pinned_) return;
  Driver& d = Driver::get();
  void* p = nullptr;
  check(d.cuMemHostAlloc_(&p, kPiece * kBuffers, 0), "allocating pinned memory");
  pinned_ = static_cast<char*>(p);
  for (CUevent& e : done_) check(d.cuEventCreate_(&e, CU_EVENT_DISABLE_TIMING), "creating an event");
}

void Staging::wait(int i) {
  if (!busy_[i]) return;
  check(Driver::get().cuEventSynchronize_(done_[i]), "copying");
  busy_[i] = false;
}

void Staging::upload(CUdeviceptr device, const void* host, int64_t nbytes) {
  fill(device, nbytes, [&](char* to, int64_t at, int64_t n) { copy_bytes(to, static_cast<const char*>(host) + at, n); });
}

void Staging::fill(CUdeviceptr device, int64_t nbytes, const Backend::Produce& produce) {
  prepare();
  Driver& d = Driver::get();
  uploaded += nbytes;
  for (int64_t at = 0; at < nbytes; at += kPiece) {
    const int64_t n = std::min(kPiece, nbytes - at);
    const int i = next_;
    next_ = (next_ + 1) % kBuffers;
    wait(i);
    char* piece = pinned_ + i * kPiece;
    produce(piece, at, n);
    check(d.cuMemcpyHtoDAsync_(device + static_cast<CUdeviceptr>(at), piece, static_cast<size_t>(n), stream_),
          "copying to the device");
    check(d.cuEventRecord_(done_[i], stream_), "copying to the device");
    busy_[i] = true;
  }
}

void Staging::download(void* host, CUdeviceptr device, int64_t nbytes, CUfunction publish) {
  Driver& d = Driver::get();
  downloaded += nbytes;
  if (nbytes <= kPolled && publish) {
    if (!mapped_) {
      void* p = nullptr;
      check(d.cuMemHostAlloc_(&p, kPolled + 8, CU_MEMHOSTALLOC_DEVICEMAP), "allocating mapped memory");
      mapped_ = static_cast<char*>(p);
      std::memset(mapped_, 0, kPolled + 8);
      check(d.cuMemHostGetDevicePointer_(&mapped_device_, p, 0), "mapping memory");
    }
    Publish args{mapped_device_, device, mapped_device_ + kPolled, ++sequence_, static_cast<int>(nbytes), 0};
    void* params[] = {&args};
    check(d.cuLaunchKernel_(publish, 1, 1, 1, 32, 1, 1, 0, stream_, params, nullptr), "reading a value");
    const auto* flag = reinterpret_cast<const volatile uint64_t*>(mapped_ + kPolled);
    for (int spins = 0; *flag != sequence_; ++spins) {
      // After a while: a long queue, or a failure (the flag then never comes, and the stream says why).
      if (spins == 1 << 18) {
        check(d.cuStreamSynchronize_(stream_), "reading a value");
        break;
      }
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    std::memcpy(host, mapped_, static_cast<size_t>(nbytes));
    return;
  }
  prepare();
  // Piece k is copied out while k + 1 arrives.
  struct Flight {
    int buffer;
    int64_t at, n;
  };
  std::vector<Flight> flights;
  size_t landed = 0;
  const auto land = [&] {
    const Flight& f = flights[landed++];
    wait(f.buffer);
    copy_bytes(static_cast<char*>(host) + f.at, pinned_ + f.buffer * kPiece, f.n);
  };
  for (int64_t at = 0; at < nbytes; at += kPiece) {
    if (flights.size() - landed == kBuffers) land();
    const int i = next_;
    next_ = (next_ + 1) % kBuffers;
    wait(i);
    const int64_t n = std::min(kPiece, nbytes - at);
    check(d.cuMemcpyDtoHAsync_(pinned_ + i * kPiece, device + static_cast<CUdeviceptr>(at), static_cast<size_t>(n), stream_),
          "copying to the host");
    check(d.cuEventRecord_(done_[i], stream_), "copying to the host");
    busy_[i] = true;
    flights.push_back({i, at, n});
  }
  while (landed < flights.size()) land();
}

}  // namespace numloom::cuda
