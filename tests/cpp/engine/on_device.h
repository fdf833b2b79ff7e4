// Runs the engine on a backend of the tests, in the place of the CUDA device.
#pragma once
#include "engine/engine.h"

namespace numloom {

// While it lives the engine runs on `backend`, which must outlive every buffer that has memory there.
class OnDevice {
 public:
  explicit OnDevice(Backend* backend) {
    EngineLock lock;
    Engine& e = Engine::get();
    e.flush(FlushReason::device);
    before_ = e.device;
    e.device = backend;
    e.placement = Placement::cuda;
  }
  ~OnDevice() {
    EngineLock lock;
    Engine& e = Engine::get();
    e.flush(FlushReason::device);
    e.placement = Placement::cpu;
    e.device = before_;
  }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

 private:
  Backend* before_;
};

}  // namespace numloom
