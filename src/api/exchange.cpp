#include "api/exchange.h"

#include <algorithm>

#include "api/record.h"
#include "backend/cuda/control.h"

namespace numloom {

bool on_device(const Array& a) {
  switch (device()) {
    case Device::cpu: return a.buf->shared_on_device();
    case Device::cuda: return true;
    default: return a.buf->device_valid && !a.buf->shared_on_host();
  }
}

char* device_data(const Array& a) {
  char* p;
  {
    EngineLock lock;
    p = Engine::get().share_device(*a.buf, true);
  }
  a.buf->changed();
  issue_warnings();
  return p + a.layout.offset;
}

char* lend_device(const Array& a, uint64_t stream) {
  char* p;
  {
    EngineLock lock;
    p = Engine::get().share_device(*a.buf, false);
    a.buf->retain_handle();
    if (stream > 1) cuda::let_follow(stream);
  }
  a.buf->changed();
  issue_warnings();
  return p + a.layout.offset;
}

void return_device(Buffer* b) {
  b->device_leases.fetch_sub(1);
  b->release_handle();
}

Array from_device(uint64_t address, DType dtype, const Layout& layout, void* owner, void (*release)(void*)) {
  int64_t low, high;
  layout.extent(item_size(dtype), low, high);
  Array a(Buffer::wrap_device(reinterpret_cast<char*>(address) + low, high - low, owner, release), dtype, layout);
  a.layout.offset = -low;
  EngineLock lock;
  Engine::get().take_in(*a.buf);
  return a;
}

Array copy_from_device(uint64_t address, DType dtype, const Layout& layout, uint64_t stream) {
  // Everything between the first byte and the last.
  int64_t low, high;
  layout.extent(item_size(dtype), low, high);
  if (low == high) return empty(layout.dims(), dtype);
  Array a = make_result(Layout::contiguous(Shape{&(high -= low), 1}, 1, false), DType::u1);
  {
    EngineLock lock;
    char* const to = Engine::get().device_room(*a.buf);
    cuda::copy_in(to, address + static_cast<uint64_t>(low), high, stream);
    a.buf->device_valid = true;
  }
  a.dtype = dtype;
  a.layout = layout;
  a.layout.offset = -low;
  return a;
}

}  // namespace numloom
