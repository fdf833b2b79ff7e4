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
    p = Engine::get().share_device(*a.buf);
  }
  a.buf->changed();
  issue_warnings();
  return p + a.layout.offset;
}

Array copy_from_device(uint64_t address, DType dtype, const Layout& layout, uint64_t stream) {
  // Everything between the first byte and the last.
  int64_t low = 0, high = item_size(dtype);
  for (int d = 0; d < layout.ndim; ++d) {
    if (layout.shape[d] == 0) return empty(layout.dims(), dtype);
    const int64_t reach = layout.strides[d] * (layout.shape[d] - 1);
    (reach < 0 ? low : high) += reach;
  }
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
