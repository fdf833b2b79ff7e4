// The identity of a piece of memory. Views name a Buffer, never a pointer, so planning may give it new storage.
//
// Thread safety: the counts are atomic; everything else is changed only under the engine lock, except that a thread
// which finds a buffer idle() (no unrun instruction touches it) and host_valid may read it, and write it when it also
// holds a handle, as for any NumPy array.
// Invariants:
//   handles <= refs. A handle is an array that user code can reach; other refs are the program's.
//   At least one of host_valid, device_valid holds once the first write ran; memory may be absent before.
//   shared_on_host() memory keeps its host address, and its host copy is valid whenever a call returns; so for
//   shared_on_device() memory and its device copy.
#pragma once
#include <atomic>
#include <cstdint>
#include <utility>

#include "base/relaxed.h"

namespace numloom {

class Buffer {
 public:
  // Without memory: given at the first write.
  static Buffer* make(int64_t nbytes);
  // With host memory at once; small sizes come from one allocation with the object.
  static Buffer* make_host(int64_t nbytes);
  // Memory owned by someone else. `release(owner)` runs when the buffer dies. `shared`: others hold it too.
  static Buffer* wrap(void* host, int64_t nbytes, void* owner, void (*release)(void*), bool shared);
  // The same for memory on the device, which others hold too.
  static Buffer* wrap_device(char* device, int64_t nbytes, void* owner, void (*release)(void*));

  void retain() { counts_.fetch_add(1, std::memory_order_relaxed); }
  void release() { drop(1); }
  void retain_handle() { counts_.fetch_add(kHandle | 1, std::memory_order_relaxed); }
  void release_handle() { drop(kHandle | 1); }
  // As retain(), unless the last reference is gone already and the buffer about to die.
  bool retain_if_alive() {
    uint64_t n = counts_.load(std::memory_order_relaxed);
    while (n && !counts_.compare_exchange_weak(n, n + 1, std::memory_order_acquire)) {}
    return n != 0;
  }
  int64_t handles() const { return static_cast<int64_t>(counts_.load(std::memory_order_acquire) >> 32); }

  // Memory that foreign code can reach: an instruction touching it has run when its call returns.
  bool shared() const { return shared_on_host() || shared_on_device(); }
  bool shared_on_host() const { return foreign || leases.load(std::memory_order_relaxed) > 0; }
  // The device's memory was handed out, for a while or for good: meanwhile it stays where it is.
  bool shared_on_device() const {
    return device_shared.load(std::memory_order_relaxed) || device_leases.load(std::memory_order_relaxed) > 0;
  }
  // The device's copy is the true one, whatever the host holds. Where both sides are shared the host's is.
  bool device_home() const { return shared_on_device() && !shared_on_host(); }
  // No unrun instruction reads or writes it.
  // This one, and readable(), come before any look at the memory: they see what the thread did that ran the last one.
  bool idle() const {
    return pending_reads.load(std::memory_order_acquire) == 0 && pending_writes.load(std::memory_order_acquire) == 0;
  }
  bool readable() const { return pending_writes.load(std::memory_order_acquire) == 0 && host_valid; }

  // Host memory, allocated where there is none yet. Throws memory_error, having asked reclaim_host_memory.
  char* ensure_host();
  // Its values are, or will be, others than before.
  void changed() {
    has_range = false;
    parts_read = 0;
    ++version;
  }
  void remember_range(uint8_t type, int64_t low, int64_t high) {
    has_range = true;
    range_type = type;
    range_low = low;
    range_high = high;
  }

  // Frees the copy there; the other side must be valid, or the contents dead.
  void drop_device();
  void drop_host();
  // Whether its values may move to other memory: nobody else knows where they are.
  bool movable() const { return home_ != Home::inside && (host_valid || device_valid) && !shared(); }
  // Takes over p, from host_alloc(nbytes), in place of the host memory that it has. REQUIRES: movable().
  void move_host(char* p);

  int64_t nbytes = 0;
  char* host = nullptr;
  char* device = nullptr;
  Relaxed<bool> host_valid = false;
  Relaxed<bool> device_valid = false;
  bool foreign = false;
  bool device_foreign = false;  // the device's memory is not of our pool
  std::atomic<int32_t> leases{0}, device_leases{0};
  std::atomic<bool> device_shared{false};
  std::atomic<int32_t> pending_reads{0};
  std::atomic<int32_t> pending_writes{0};
  // The least and greatest element, where known (index arrays), read as elements of range_type; forgotten at each write.
  bool has_range = false;
  uint8_t range_type = 0;
  int64_t range_low = 0, range_high = 0;
  int64_t parts_read = 0;  // bytes of it that were read in parts off the device, and what that cost beside; the engine's
  uint32_t version = 0;  // differs after each write that is recorded or done
  // Scratch of the program being planned: its number there, valid while epoch matches.
  uint64_t epoch = 0;
  int32_t number = -1;
  int32_t resident = -1;  // its place among the buffers with device memory; the engine's

 private:
  enum class Home : uint8_t { none, inside, pool, wrapped };
  static constexpr uint64_t kHandle = uint64_t{1} << 32;

  Buffer() = default;
  void drop(uint64_t n) {
    if (counts_.fetch_sub(n, std::memory_order_acq_rel) == n) destroy();
  }
  void destroy();

  std::atomic<uint64_t> counts_{kHandle | 1};  // made with one handle
  void* owner_ = nullptr;
  void (*release_)(void*) = nullptr;
  Home home_ = Home::none;
  uint8_t size_class_ = 0;
};

// Takes the device memory of a buffer; set by the engine once a device backend exists. Called on any thread.
extern void (*free_device_memory)(Buffer& b);
// Host memory is short: whether anything was done about it. Set by the engine; called where the allocation failed.
extern bool (*reclaim_host_memory)();

}  // namespace numloom
