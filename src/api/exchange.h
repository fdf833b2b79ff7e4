// Arrays on the device given to other libraries in this process, and theirs taken in. Thread-safe.
#pragma once
#include <cstdint>

#include "api/array.h"

namespace numloom {

// Whether a's values are on the CUDA device, or would be once computed.
bool on_device(const Array& a);
// The device address of a's first element. What was recorded is on its way there, in order with the legacy default stream.
// From now on a call that touches this memory has started its work when it returns, and what others write there is seen.
char* device_data(const Array& a);
// The same until return_device(a.buf), by any thread, with or without the front's lock: then it is ours alone again. Work that the
// other library puts on `stream` comes after ours.
char* lend_device(const Array& a, uint64_t stream);
void return_device(Buffer* b);
// Memory of others on the device as an array; `release(owner)` runs when it dies, or where this throws. What they are computing
// there is in order with the legacy default stream.
Array from_device(uint64_t address, DType dtype, const Layout& layout, void* owner, void (*release)(void*));
// A copy of memory on the device; strides in bytes. `stream` is the one in whose order the values are made: 0 where there is
// nothing to wait for, 1 the legacy default stream, 2 the thread's own, else a CUstream.
Array copy_from_device(uint64_t address, DType dtype, const Layout& layout, uint64_t stream);

}  // namespace numloom
