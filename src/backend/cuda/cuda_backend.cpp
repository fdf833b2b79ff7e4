#include <algorithm>
#include <memory>
#include <string>
#include <thread>

#include "backend/backend.h"
#include "backend/cuda/calls.h"
#include "backend/cuda/control.h"
#include "backend/cuda/launcher.h"
#include "backend/cuda/nvrtc.h"
#include "backend/cuda/staging.h"
#include "numloom/error.h"

namespace numloom {
namespace cuda {
namespace {

CUstream make_stream() {
  Driver& d = Driver::get();
  d.enter();
  CUstream stream = nullptr;
  // Blocking: in order with the legacy stream, which foreign code uses on memory that we lent.
  check(d.cuStreamCreate_(&stream, CU_STREAM_DEFAULT), "creating a stream");
  return stream;
}

class CudaBackend final : public Backend {
 public:
  CudaBackend()
      : stream_(make_stream()),
        pool_(stream_),
        staging_(stream_),
        launcher_(stream_, pool_, images_),
        calls_(stream_, pool_, images_) {}

  const char* name() const override { return "cuda"; }

  // CUDA meets no floating-point warnings: `events` stays as it is.
  void run(const Kernel& kernel, const KernelArgs& args, std::vector<FloatEvent>*) override {
    Driver::get().enter();
    launcher_.run(kernel, args);
  }
  void run(const CallArgs& call, std::vector<FloatEvent>*) override {
    Driver::get().enter();
    calls_.run(call);
  }

  void* alloc(int64_t nbytes) override {
    Driver::get().enter();
    return pool_.alloc(nbytes);
  }
  void free(void* p, int64_t) override { pool_.free(p); }
  int64_t memory() override {
    if (!memory_) {
      Driver& d = Driver::get();
      d.enter();
      size_t left = 0, total = 0;
      check(d.cuMemGetInfo_(&left, &total), "asking for the device's memory");
      memory_ = static_cast<int64_t>(total);
    }
    return pool_.limit > 0 ? std::min(memory_, pool_.limit) : memory_;
  }

  void upload(void* device, const void* host, int64_t nbytes) override {
    if (nbytes == 0) return;
    Driver::get().enter();
    staging_.upload(reinterpret_cast<CUdeviceptr>(device), host, nbytes);
  }
  void fill(void* device, int64_t nbytes, const Produce& produce) override {
    Driver::get().enter();
    staging_.fill(reinterpret_cast<CUdeviceptr>(device), nbytes, produce);
  }
  void download(void* host, const void* device, int64_t nbytes) override {
    if (nbytes == 0) return;
    Driver::get().enter();
    staging_.download(host, reinterpret_cast<CUdeviceptr>(device), nbytes,
                      nbytes <= 64 ? images_.function("interp", "publish") : nullptr);
  }
  void copy(void* to, const void* from, int64_t nbytes) override {
    if (nbytes == 0) return;
    Driver& d = Driver::get();
    d.enter();
    check(d.cuMemcpyDtoDAsync_(reinterpret_cast<CUdeviceptr>(to), reinterpret_cast<CUdeviceptr>(from),
                               static_cast<size_t>(nbytes), stream_),
          "copying on the device");
  }
  void transfer(std::span<const Transfer> transfers) override {
    Driver::get().enter();
    calls_.transfer(transfers);
  }
  void synchronize() override {
    Driver& d = Driver::get();
    d.enter();
    check(d.cuStreamSynchronize_(stream_), "running kernels");
  }

  std::vector<std::pair<std::string, double>> statistics() const override {
    const JitStatistics j = const_cast<Launcher&>(launcher_).jit().statistics();
    const auto n = [](int64_t v) { return static_cast<double>(v); };
    return {{"launches", n(launcher_.launches)},
            {"interpreted", n(launcher_.interpreted)},
            {"compiled", n(launcher_.compiled)},
            {"jit_compiled", n(j.compiled)},
            {"jit_cached", n(j.cached)},
            {"jit_failed", n(j.failed)},
            {"jit_queued", n(j.queued)},
            {"jit_seconds", j.seconds},
            {"pool_in_use", n(pool_.in_use)},
            {"pool_reserved", n(pool_.reserved)},
            {"pool_peak", n(pool_.peak)},
            {"bytes_uploaded", n(staging_.uploaded)},
            {"bytes_downloaded", n(staging_.downloaded)},
            {"cublas_calls", n(calls_.cublas_calls)},
            {"own_calls", n(calls_.own_calls)}};
  }

  std::string text(const Kernel& kernel, const KernelArgs& args) override { return launcher_.text(kernel, args); }
  std::string bytecode(const Kernel& kernel, const KernelArgs& args) override { return launcher_.bytecode(kernel, args); }

  Pool& pool() { return pool_; }
  bool compiles() { return launcher_.jit().on(); }
  void let_follow(CUstream other) {
    Driver& d = Driver::get();
    d.enter();
    if (!reached_) check(d.cuEventCreate_(&reached_, CU_EVENT_DISABLE_TIMING), "creating an event");
    check(d.cuEventRecord_(reached_, stream_), "lending memory");
    check(d.cuStreamWaitEvent_(other, reached_, 0), "lending memory");
  }

 private:
  int64_t memory_ = 0;  // asked once
  CUstream stream_;
  CUevent reached_ = nullptr;
  Pool pool_;
  Images images_;
  Staging staging_;
  Launcher launcher_;
  Calls calls_;
};

// Made once; never destroyed, since the process may end with work in flight and the driver unloads by itself.
CudaBackend* instance = nullptr;

}  // namespace

void free_all_blocks() {
  if (!instance) return;
  Driver::get().enter();
  instance->pool().free_all_blocks();
}

namespace {
std::thread& starter() {
  static auto* thread = new std::thread;
  return *thread;
}
}  // namespace

void start_early(bool products) {
  if (starter().joinable()) return;
  starter() = std::thread([products] {
    try {
      cuda_backend();
      if (products) prepare_products();
      if (instance->compiles()) nvrtc_available();  // opened now, since that takes a while
    } catch (const error&) {  // NOLINT(bugprone-empty-catch): see the header
    }
  });
}

void end_start() {
  if (starter().joinable()) starter().join();
}

void stop_compiling() { Jit::stop(); }

void let_follow(uint64_t stream) {
  cuda_backend();
  instance->let_follow(reinterpret_cast<CUstream>(stream));
}

void copy_in(void* to, uint64_t from, int64_t nbytes, uint64_t stream) {
  Backend& backend = cuda_backend();
  Driver& d = Driver::get();
  d.enter();
  // The values 1 and 2 are the driver's own names of those streams. Ours is in order with the legacy one.
  if (stream > 1) check(d.cuStreamSynchronize_(reinterpret_cast<CUstream>(stream)), "waiting for another library's stream");
  backend.copy(to, reinterpret_cast<const void*>(from), nbytes);
  backend.synchronize();
}

std::string device_description() {
  const Driver& d = Driver::get();
  if (!d.ok()) throw runtime_error(d.why());
  return d.device_name + ", compute capability " + std::to_string(d.arch / 10) + "." + std::to_string(d.arch % 10) +
         ", driver of CUDA " + std::to_string(d.driver_version / 1000) + "." + std::to_string(d.driver_version % 1000 / 10);
}

}  // namespace cuda

Backend& cuda_backend() {
  static cuda::CudaBackend* made = cuda::instance = new cuda::CudaBackend;
  return *made;
}

bool cuda_available(std::string* why) {
  const cuda::Driver& d = cuda::Driver::get();
  if (!d.ok() && why) *why = d.why();
  return d.ok();
}

}  // namespace numloom
