#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_map>

#include "backend/backend.h"
#include "backend/cpu/calls.h"
#include "backend/cpu/interpreter.h"
#include "runtime/host_pool.h"

namespace numloom {
namespace {

class CpuBackend final : public Backend {
 public:
  const char* name() const override { return "cpu"; }

  void run(const Kernel& kernel, const KernelArgs& args, std::vector<FloatEvent>* events) override {
    auto& program = programs_[kernel.hash];
    if (!program) program = cpu::compile(kernel);
    collapse(kernel, args, nest_);
    if (kernel.reduces.empty()) cpu::run_map(*program, nest_, args.scalars, events);
    else cpu::run_reduce(*program, nest_, args.scalars, events);
    if (!events) return;
    // Met by the instructions, and behind them by the reductions.
    const auto n = static_cast<int32_t>(kernel.code.size());
    std::sort(events->begin(), events->end(), [](const FloatEvent& a, const FloatEvent& b) { return a.origin < b.origin; });
    for (FloatEvent& e : *events) e.origin = e.origin < n ? kernel.code[e.origin].origin : kernel.reduces[e.origin - n].origin;
  }

  void run(const CallArgs& c, std::vector<FloatEvent>* events) override {
    switch (c.call) {
      case Call::matmul: cpu::matmul(c); break;
      case Call::cumulate: cpu::cumulate(c, events); break;
      case Call::argreduce: cpu::argreduce(c); break;
      case Call::scatter: cpu::scatter(c); break;
      case Call::compact: cpu::compact(c); break;
      case Call::order: cpu::order(c); break;
      case Call::bincount: cpu::bincount(c); break;
      case Call::none: break;
    }
  }

  void* alloc(int64_t n) override { return host_alloc(n); }
  void free(void* p, int64_t n) override { host_free(p, n); }
  void upload(void* to, const void* from, int64_t n) override { std::memcpy(to, from, n); }
  void download(void* to, const void* from, int64_t n) override { std::memcpy(to, from, n); }
  void copy(void* to, const void* from, int64_t n) override { std::memcpy(to, from, n); }
  void synchronize() override {}

  std::vector<std::pair<std::string, double>> statistics() const override {
    const HostPoolStatistics s = host_pool_statistics();
    return {
        {"host_bytes_in_use", double(s.in_use)}, {"host_bytes_peak", double(s.peak)}, {"host_bytes_cached", double(s.cached)}};
  }

  std::string bytecode(const Kernel& kernel, const KernelArgs&) override { return cpu::compile(kernel)->print(); }

 private:
  std::unordered_map<uint64_t, std::unique_ptr<cpu::BlockProgram>> programs_;
  Nest nest_;
};

}  // namespace

Backend& cpu_backend() {
  static auto* b = new CpuBackend;  // outlives every array
  return *b;
}

}  // namespace numloom
