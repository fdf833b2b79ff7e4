// Library calls on CUDA: cuBLAS where it has the type and the layout, else kernels of our own (device/calls.cu).
// Thread safety: under the engine lock.
#pragma once
#include <span>
#include <string>

#include "backend/backend.h"
#include "backend/cuda/images.h"
#include "backend/cuda/pool.h"

namespace numloom::cuda {

// Loads cuBLAS, which takes as long as a thousand products, so that it is there when a product is wanted. Any thread; the context
// must exist.
void prepare_products();

class Calls {
 public:
  Calls(CUstream stream, Pool& pool, Images& images) : stream_(stream), pool_(pool), images_(images) {}
  void run(const CallArgs& call);
  void transfer(std::span<const Transfer> transfers);
  int64_t cublas_calls = 0, own_calls = 0;

 private:
  void matmul(const CallArgs& call);
  bool cublas(const CallArgs& call);
  void cumulate(const CallArgs& call);
  void argreduce(const CallArgs& call);
  void scatter(const CallArgs& call);
  void compact(const CallArgs& call);
  void order(const CallArgs& call);
  void bincount(const CallArgs& call);
  void launch(const std::string& name, int64_t x, int64_t y, int64_t z, int threads, void* argument, int* flag);

  CUstream stream_;
  Pool& pool_;
  Images& images_;
  void* handle_ = nullptr;
};

}  // namespace numloom::cuda
