// Tier 1: kernels that are hot become compiled text. Compiling happens on background threads (or at once, for tests); until
// it is done, and if it fails, the caller stays with the interpreter. NUMLOOM_JIT: 0 off, 1 in the background (default), sync.
// Thread safety: find() under the engine lock; the background threads touch only the queue.
#pragma once
#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "backend/cuda/driver.h"
#include "codegen/text.h"

namespace numloom::cuda {

enum class JitMode : uint8_t { off, background, sync };

struct JitStatistics {
  int64_t compiled = 0, cached = 0, failed = 0, queued = 0;
  double seconds = 0;
};

class Jit {
 public:
  Jit();
  ~Jit() = delete;  // lives as long as the process; at exit the threads are joined

  bool on() const { return mode_ != JitMode::off; }
  // The compiled form, or null: not hot yet, in the making, or failed. `bytes`: what a launch of it moves. `now`: the
  // interpreter cannot run this kernel, so wait for it.
  CUfunction find(const Kernel& kernel, const TextForm& form, int64_t bytes, bool now);

  // The whole source, includes resolved to the headers it needs.
  static std::string source(const Kernel& kernel, const TextForm& form);
  JitStatistics statistics();
  // Ends the threads, which wait for no compile then. To be called before the process ends, which destroys what they use.
  static void stop();
  const std::string& last_log() const { return last_log_; }

 private:
  struct Entry {
    int64_t launches = 0, bytes = 0;
    enum class State : uint8_t { cold, queued, done, failed } state = State::cold;
    std::string cubin, log;  // written by the thread before `state` turns
    CUfunction function = nullptr;
  };
  struct Job {
    std::shared_ptr<Entry> entry;
    std::string text;
  };
  // Off the disk or by NVRTC. False where it is `only_cached` and not on the disk: then nothing was done.
  bool compile(const Job& job, bool only_cached);
  void loop();

  JitMode mode_ = JitMode::background;
  std::unordered_map<uint64_t, std::shared_ptr<Entry>> entries_;
  std::string last_log_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  JitStatistics statistics_;
  bool stop_ = false;
  size_t idle_ = 0;  // threads that wait for a job
  std::vector<std::thread> threads_;
  pid_t process_ = 0;  // that the threads run in: a forked child has only their handles
};

}  // namespace numloom::cuda
