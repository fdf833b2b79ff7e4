#include "runtime/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include "numloom/error.h"
#include "runtime/host_pool.h"

namespace numloom {

void (*free_device_memory)(Buffer&) = nullptr;
bool (*reclaim_host_memory)() = nullptr;

namespace {

// Small arrays live behind their Buffer, in blocks of a few sizes kept per thread: a Python loop over vectors of three
// elements makes and drops millions of them. Class 0 has no room behind it; flushes drop those by the hundred.
constexpr int64_t kInside[] = {0, 64, 256, 1024, 4096};
constexpr int kClasses = 5;
constexpr int kKept[kClasses] = {512, 64, 64, 64, 64};
constexpr int64_t kHead = (sizeof(Buffer) + 63) / 64 * 64;

// Kept blocks; each begins with the address of the next. Trivial, so that a thread finds its own without a guard.
struct FreeList {
  void* first[kClasses];
  int room[kClasses];  // for so many more; nothing fits before open() and after the thread's end
  bool opened;
};
constinit thread_local FreeList free_list{};

struct FreeAtExit {
  ~FreeAtExit() {
    for (int c = 0; c < kClasses; ++c) {
      while (free_list.first[c]) std::free(std::exchange(free_list.first[c], *static_cast<void**>(free_list.first[c])));
      free_list.room[c] = 0;
    }
  }
};

[[gnu::noinline]] void open(FreeList& list) {
  if (std::exchange(list.opened, true)) return;
  thread_local FreeAtExit at_exit;
  (void)at_exit;
  std::copy_n(kKept, kClasses, list.room);
}

[[gnu::noinline]] void* new_block(FreeList& list, int c) {
  open(list);
  void* p = std::aligned_alloc(64, kHead + kInside[c]);
  if (!p) throw std::bad_alloc();
  return p;
}

void* take_block(int c) {
  FreeList& list = free_list;
  void* const p = list.first[c];
  if (!p) return new_block(list, c);
  list.first[c] = *static_cast<void**>(p);
  ++list.room[c];
  return p;
}

void give_block(void* p, int c) {
  FreeList& list = free_list;
  if (list.room[c] == 0) open(list);
  if (list.room[c] == 0) return std::free(p);
  --list.room[c];
  *static_cast<void**>(p) = std::exchange(list.first[c], p);
}

}  // namespace

Buffer* Buffer::make(int64_t nbytes) {
  auto* b = new (take_block(0)) Buffer;
  b->nbytes = nbytes;
  return b;
}

Buffer* Buffer::make_host(int64_t nbytes) {
  if (nbytes > kInside[kClasses - 1]) {
    Buffer* b = make(nbytes);
    try {
      b->ensure_host();
    } catch (...) {
      b->release_handle();
      throw;
    }
    b->host_valid = true;
    return b;
  }
  int c = 1;
  while (kInside[c] < nbytes) ++c;
  void* p = take_block(c);
  auto* b = new (p) Buffer;
  b->nbytes = nbytes;
  b->host = static_cast<char*>(p) + kHead;
  b->host_valid = true;
  b->home_ = Home::inside;
  b->size_class_ = static_cast<uint8_t>(c);
  poison(b->host, nbytes);
  return b;
}

Buffer* Buffer::wrap(void* host, int64_t nbytes, void* owner, void (*release)(void*), bool shared) {
  Buffer* b = make(nbytes);
  b->host = static_cast<char*>(host);
  b->host_valid = true;
  b->foreign = shared;
  b->owner_ = owner;
  b->release_ = release;
  b->home_ = Home::wrapped;
  return b;
}

Buffer* Buffer::wrap_device(char* device, int64_t nbytes, void* owner, void (*release)(void*)) {
  Buffer* b = make(nbytes);
  b->device = device;
  b->device_valid = true;
  b->device_foreign = true;
  b->device_shared = true;
  b->owner_ = owner;
  b->release_ = release;
  return b;
}

char* Buffer::ensure_host() {
  if (!host) {
    try {
      host = static_cast<char*>(host_alloc(nbytes));
    } catch (const memory_error&) {
      if (!reclaim_host_memory || !reclaim_host_memory()) throw;
      host = static_cast<char*>(host_alloc(nbytes));
    }
    home_ = Home::pool;
  }
  return host;
}

void Buffer::drop_device() {
  if (device && free_device_memory) free_device_memory(*this);
  device = nullptr;
  device_valid = false;
}

void Buffer::drop_host() {
  if (home_ == Home::pool) {
    host_free(host, nbytes);
    host = nullptr;
    home_ = Home::none;
  }
  host_valid = false;
}

void Buffer::move_host(char* p) {
  if (home_ == Home::pool) host_free(host, nbytes);
  if (release_) std::exchange(release_, nullptr)(owner_);
  home_ = Home::pool;
  host = p;
}

void Buffer::destroy() {
  if (device) drop_device();
  if (home_ == Home::pool) host_free(host, nbytes);
  if (release_) release_(owner_);
  const int c = size_class_;
  this->~Buffer();
  give_block(this, c);
}

}  // namespace numloom
