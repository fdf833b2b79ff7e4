// CONTRIBUTING's "How to add a backend", followed: the least that a backend can be, and programs that run on it. Kernels are
// evaluated one element at a time (tests/cuda/reference_eval.h), memory is the host's, so the CPU backend lends its library calls.
#include <gtest/gtest.h>
#include <numloom/numloom.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#include "backend/backend.h"
#include "engine/on_device.h"
#include "reference_eval.h"

namespace numloom {
namespace {

class GuideBackend final : public Backend {
 public:
  const char* name() const override { return "guide"; }
  void run(const Kernel& kernel, const KernelArgs& args, std::vector<FloatEvent>*) override {
    ++kernels;
    reference_run(kernel, args);
  }
  void run(const CallArgs& call, std::vector<FloatEvent>* events) override { cpu_backend().run(call, events); }

  void* alloc(int64_t nbytes) override { return std::malloc(static_cast<size_t>(nbytes) + 1); }
  void free(void* p, int64_t) override { std::free(p); }
  void upload(void* device, const void* host, int64_t nbytes) override {
    std::memcpy(device, host, static_cast<size_t>(nbytes));
  }
  void download(void* host, const void* device, int64_t nbytes) override {
    std::memcpy(host, device, static_cast<size_t>(nbytes));
  }
  void copy(void* to, const void* from, int64_t nbytes) override { std::memcpy(to, from, static_cast<size_t>(nbytes)); }
  void synchronize() override {}

  int kernels = 0;
};

// Step 3 of the guide: the engine runs on it, in the place of the CUDA device.
GuideBackend* guide() {
  static auto* const one = new GuideBackend;  // buffers outlive a test, and give their memory back to it
  return one;
}

std::vector<double> on_cpu(const std::function<array()>& program) { return program().to_vector<double>(); }
std::vector<double> on_guide(const std::function<array()>& program, int* kernels = nullptr) {
  const OnDevice here(guide());
  guide()->kernels = 0;
  std::vector<double> values = program().to_vector<double>();
  if (kernels) *kernels = guide()->kernels;
  return values;
}
void expect_same(const std::function<array()>& program) {
  const std::vector<double> a = on_cpu(program), b = on_guide(program);
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(double)), 0);
}

TEST(GuideBackend, FusedChainIsOneKernelWithTheSameBits) {
  const auto program = [] {
    const array x = arange(0, 3000) * 0.001;
    return sin(x * x + 1.0) / (exp(x) + 2.0);
  };
  expect_same(program);
  int kernels = 0;
  on_guide(program, &kernels);
  EXPECT_EQ(kernels, 1);
}

TEST(GuideBackend, ReductionsAddInTheSameOrder) {
  expect_same([] { return sum(sqrt(arange(0, 12345) * 0.1)); });
  expect_same([] { return sum(reshape(sqrt(arange(0, 12000) * 0.1), {20, 30, 20}), {1}); });
  expect_same([] { return max(cos(reshape(arange(0, 700), {7, 100})), {0}); });
}

TEST(GuideBackend, ViewsInPlaceWritesAndCalls) {
  expect_same([] {
    array a = reshape(arange(0, 10000) * 0.5, {100, 100});
    a(slice(1, none)) += a(slice(none, -1)) * 2.0;
    a(slice(none, none, -2)) = a(slice(none, none, 2)) + 1.0;
    return a;
  });
  expect_same([] {
    const array a = reshape(arange(0, 600) * 0.25, {20, 30});
    return matmul(a, transpose(a)) - 1.0;
  });
  expect_same([] { return cumsum(arange(0, 5000) * 0.125) + 1.0; });
}

}  // namespace
}  // namespace numloom
