// What a device must do: the whole porting guide. A backend knows kernels, library calls and memory, and nothing of
// programs, plans or arrays. Methods are called under the engine lock, by any thread.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plan/kernel.h"

namespace numloom {

// A view on the executing device.
struct DeviceView {
  char* base;      // address of element (0, ..., 0)
  DType dtype;
  Layout layout;   // its offset is already in base
};

// Work that is not a fused loop nest. One enumerator, one entry in each backend.
enum class Call : uint8_t {
  none,
  matmul,      // out[..., m, n] = in0[..., m, k] @ in1[..., k, n]; leading axes equal (already broadcast)
  cumulate,    // out = running sum or product (param op add, multiply; minimum, maximum too) of in0 along axis param
  argreduce,   // out (int64, axis kept with length 1) = first index of the min (op minimum) or max along axis param
  scatter,     // out at (strides . index + in1 bytes) = in0; in C order of the iteration space, so the last write wins
  compact,  // out[in1[i] - 1] = i wherever in0[i]: where bools are true (int64), given their running count (int32 or int64);
  // all three lie dense in a row
  order,  // out[l, r] = the element of in0[l, :] that sorting would put at in1[r], which rise; NaN in lines that have one. All dense;
  // integers, float32 and float64
  bincount,  // out[i] (int64) = how many of in0 (int64) are i; both lie dense in a row, and in0 holds places of `out` only
};

struct CallArgs {
  Call call;
  Op op = Op::none;
  int axis = 0;
  DeviceView out;
  DeviceView in[2];
};

// A copy between views of one shape and type, which do not overlap.
struct Transfer { DeviceView to, from; };

// Which warnings (OpInfo::warns) a launch met, per program instruction: (origin, mask). Of a call the engine knows the origin.
struct FloatEvent {
  int32_t origin = -1;
  uint8_t mask = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual const char* name() const = 0;

  // Where these throw, they have written nothing: what they need beside the operands they take first.
  virtual void run(const Kernel& kernel, const KernelArgs& args, std::vector<FloatEvent>* events) = 0;
  virtual void run(const CallArgs& call, std::vector<FloatEvent>* events) = 0;

  // Memory on this device. alloc throws memory_error; free is stream-ordered.
  virtual void* alloc(int64_t nbytes) = 0;
  virtual void free(void* p, int64_t nbytes) = 0;
  // Copies between this device and the host. download returns when the bytes are there; upload may return once
  // `host` may be changed again.
  virtual void upload(void* device, const void* host, int64_t nbytes) = 0;
  // An upload of bytes that are made meanwhile: produce(to, at, n) writes those from `at` on to host memory of the backend's. Pieces are
  // asked for in their order, and are of whole elements.
  using Produce = std::function<void(char* to, int64_t at, int64_t n)>;
  virtual void fill(void* device, int64_t nbytes, const Produce& produce);
  virtual void download(void* host, const void* device, int64_t nbytes) = 0;
  virtual void copy(void* to, const void* from, int64_t nbytes) = 0;
  // Some copies, in any order. By the one above, for each run of neighbouring bytes, where a backend has nothing better.
  virtual void transfer(std::span<const Transfer> transfers);
  virtual void synchronize() = 0;
  // Bytes of memory that there are in all; 0: not known.
  virtual int64_t memory() { return 0; }

  // For numloom.debug: name -> value.
  virtual std::vector<std::pair<std::string, double>> statistics() const { return {}; }
  // The text (JIT source) and bytecode of a kernel as this backend runs such a launch; empty where it has none. What the
  // slots point at may be gone.
  virtual std::string text(const Kernel&, const KernelArgs&) { return {}; }
  virtual std::string bytecode(const Kernel&, const KernelArgs&) { return {}; }
};

// The CPU. Always there.
Backend& cpu_backend();
// The CUDA device, made on first use; throws numloom::runtime_error saying what is missing and what to install.
Backend& cuda_backend();
// Whether a CUDA device could be used, without creating a context; never throws. `why` gets the reason where not.
bool cuda_available(std::string* why = nullptr);

}  // namespace numloom
