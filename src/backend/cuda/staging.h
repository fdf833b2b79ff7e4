// Copies between pageable host memory and the device through a ring of pinned buffers: the next piece is moved by the host
// while the last one crosses the bus. Small results come through mapped memory that the host polls.
// Thread safety: under the engine lock.
#pragma once
#include <cstdint>

#include "backend/backend.h"
#include "backend/cuda/driver.h"

namespace numloom::cuda {

class Staging {
 public:
  explicit Staging(CUstream stream) : stream_(stream) {}
  // Returns once `host` may be changed again.
  void upload(CUdeviceptr device, const void* host, int64_t nbytes);
  // The same of bytes that are made in the pinned memory itself.
  void fill(CUdeviceptr device, int64_t nbytes, const Backend::Produce& produce);
  // Returns when the bytes are there.
  void download(void* host, CUdeviceptr device, int64_t nbytes, CUfunction publish);

  int64_t uploaded = 0, downloaded = 0;

 private:
  static constexpr int kBuffers = 4;
  static constexpr int64_t kPiece = int64_t{4} << 20;
  static constexpr int64_t kPolled = 64;
  void prepare();
  void wait(int i);

  CUstream stream_;
  char* pinned_ = nullptr;
  CUevent done_[kBuffers] = {};
  bool busy_[kBuffers] = {};
  int next_ = 0;
  // kPolled bytes of result, then the sequence number of the last one that arrived.
  char* mapped_ = nullptr;
  CUdeviceptr mapped_device_ = 0;
  uint64_t sequence_ = 0;
};

}  // namespace numloom::cuda
