// A device for tests: memory of its own with a limit, kernels run by the CPU backend, and failures on demand.
#pragma once
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "backend/backend.h"
#include "engine/on_device.h"
#include "numloom/error.h"

namespace numloom {

class FakeDevice final : public Backend {
 public:
  const char* name() const override { return "fake"; }

  void run(const Kernel& kernel, const KernelArgs& args, std::vector<FloatEvent>* events) override {
    for (const KInstr& i : kernel.code)
      if (i.code == KCode::op) refuse(i.op);
    for (const KReduce& r : kernel.reduces) refuse(r.op);
    ++kernels;
    if (seconds > 0) std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    cpu_backend().run(kernel, args, events);
  }
  void run(const CallArgs& call, std::vector<FloatEvent>* events) override {
    if (lacks_calls) throw runtime_error("the fake device lacks this call");
    cpu_backend().run(call, events);
  }

  void* alloc(int64_t nbytes) override {
    if (in_use + nbytes > limit)
      throw memory_error("Unable to allocate " + std::to_string(nbytes) + " bytes on the fake device",
                         "pool: " + std::to_string(in_use) + " bytes in use");
    in_use += nbytes;
    void* p = std::malloc(nbytes + 64);
    std::memset(p, 0xcb, nbytes + 64);
    blocks_.insert(p);
    return p;
  }
  void free(void* p, int64_t nbytes) override {
    if (!blocks_.erase(p)) return;  // of another test's device: the engine frees memory when it next needs some
    in_use -= nbytes;
    std::free(p);
  }
  void upload(void* device, const void* host, int64_t nbytes) override { std::memcpy(device, host, nbytes); }
  void download(void* host, const void* device, int64_t nbytes) override {
    ++downloads;
    std::memcpy(host, device, nbytes);
  }
  void copy(void* to, const void* from, int64_t nbytes) override { std::memcpy(to, from, nbytes); }
  void synchronize() override {}
  int64_t memory() override { return limit; }

  std::vector<Op> lacks;     // ops that fail
  bool lacks_calls = false;
  int64_t limit = int64_t{1} << 40, in_use = 0;
  double seconds = 0;        // that each kernel takes
  int kernels = 0, refused = 0, downloads = 0;

 private:
  std::set<void*> blocks_;
  void refuse(Op op) {
    for (Op l : lacks)
      if (l == op) {
        ++refused;
        throw runtime_error(std::string("the fake device lacks ") + op_info(op).name);
      }
  }
};

// The engine runs on a fake device, with nothing lacking, while this lives.
class OnFakeDevice {
 public:
  OnFakeDevice() {
    device->lacks.clear();
    device->lacks_calls = false;
    device->limit = int64_t{1} << 40;
    device->kernels = device->refused = device->downloads = 0;
  }
  FakeDevice* operator->() { return device; }

 private:
  // One for all tests: buffers outlive a test, and their memory is given back at a later allocation.
  static FakeDevice* one() {
    static auto* d = new FakeDevice;
    return d;
  }
  FakeDevice* device = one();
  OnDevice here_{device};
};

}  // namespace numloom
