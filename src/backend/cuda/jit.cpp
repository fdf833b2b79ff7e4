#include "backend/cuda/jit.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <set>

#include "backend/cuda/compiler/process.h"
#include "backend/cuda/nvrtc.h"

namespace numloom::cuda {
namespace {

constexpr int64_t kHotLaunches = 3;
constexpr int64_t kHotBytes = int64_t{128} << 20;

Jit* instance = nullptr;

}  // namespace

Jit::Jit() {
  if (const char* env = std::getenv("NUMLOOM_JIT")) {
    if (std::strcmp(env, "0") == 0) mode_ = JitMode::off;
    if (std::strcmp(env, "sync") == 0) mode_ = JitMode::sync;
  }
}

void Jit::stop() {
  if (!instance || instance->threads_.empty() || instance->process_ != getpid()) return;
  {
    std::lock_guard lock(instance->mutex_);
    instance->stop_ = true;
    instance->queue_.clear();
  }
  instance->wake_.notify_all();
  stop_waiting_for_compilers();
  for (std::thread& t : instance->threads_) t.join();
  instance->threads_.clear();
}

std::string Jit::source(const Kernel& kernel, const TextForm& form) {
  std::string text = cuda_text(kernel, form);
  std::set<std::string> ops;
  for (const KInstr& in : kernel.code)
    if (in.code == KCode::op) ops.insert(op_info(in.op).name);
  for (const KReduce& r : kernel.reduces) ops.insert(op_info(r.op).name);
  std::string includes;
  for (const HeaderText& h : scalar_headers())
    for (const std::string& op : ops)
      if (std::strstr(h.ops, (" " + op + " ").c_str())) {
        includes += "#include \"" + std::string(h.name) + "\"\n";
        break;
      }
  // What the functions of one argument become for complex types; long, so only where there are any.
  const auto complex = [](DType t) { return is_complex(t); };
  if (std::any_of(kernel.value_types.begin(), kernel.value_types.end(), complex)) includes += "#include \"complex.h\"\n";
  const std::string mark = "NUMLOOM_INCLUDES\n";
  return text.replace(text.find(mark), mark.size(), includes);
}

bool Jit::compile(const Job& job, bool only_cached) {
  const auto start = std::chrono::steady_clock::now();
  const int arch = Driver::get().arch;
  const std::string key = DiskCache::key(job.text, arch);
  std::string log, cubin = DiskCache::load(key);
  const bool cached = !cubin.empty();
  if (!cached && only_cached) return false;
  if (!cached) cubin = nvrtc_compile(job.text, arch, key, &log);
  std::lock_guard lock(mutex_);
  statistics_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ++(cubin.empty() ? statistics_.failed : cached ? statistics_.cached : statistics_.compiled);
  job.entry->log = log;
  job.entry->cubin = std::move(cubin);
  job.entry->state = job.entry->cubin.empty() ? Entry::State::failed : Entry::State::done;
  return true;
}

void Jit::loop() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      ++idle_;
      wake_.wait(lock, [&] { return stop_ || !queue_.empty(); });
      --idle_;
      if (stop_) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    compile(job, false);
  }
}

CUfunction Jit::find(const Kernel& kernel, const TextForm& form, int64_t bytes, bool now) {
  if (!on() && !now) return nullptr;
  std::shared_ptr<Entry>& slot = entries_[kernel.hash ^ (form.hash() * 0x9e3779b97f4a7c15ull)];
  if (!slot) slot = std::make_shared<Entry>();
  Entry& e = *slot;
  if (e.function) return e.function;
  ++e.launches;
  e.bytes += bytes;
  Entry::State state;
  {
    std::lock_guard lock(mutex_);
    state = e.state;
  }
  if (state == Entry::State::cold && (now || mode_ == JitMode::sync || e.launches >= kHotLaunches || e.bytes >= kHotBytes)) {
    // Too many arguments for a kernel parameter: the interpreter takes its block from memory instead.
    if (text_arg_words(kernel, form) > kTextArgWords || !nvrtc_available(&last_log_)) {
      std::lock_guard lock(mutex_);
      e.state = state = Entry::State::failed;
      ++statistics_.failed;
    } else {
      Job job{slot, source(kernel, form)};
      // Much work at once: what an earlier process compiled is taken before the interpreter is.
      if (now || mode_ == JitMode::sync || e.bytes >= kHotBytes) compile(job, !now && mode_ != JitMode::sync);
      if (e.state != Entry::State::cold) {
        state = e.state;
      } else {
        std::lock_guard lock(mutex_);
        if (stop_) return nullptr;
        e.state = state = Entry::State::queued;
        ++statistics_.queued;
        if (threads_.empty()) {
          instance = this;
          process_ = getpid();
          std::atexit(stop);
        }
        queue_.push_back(std::move(job));
        // Half of the processors, which are the user's first: a program's kernels become hot at about the same time.
        const size_t most = std::clamp(std::thread::hardware_concurrency() / 2, 1u, 8u);
        if (idle_ < queue_.size() && threads_.size() < most) threads_.emplace_back([this] { loop(); });
        wake_.notify_one();
      }
    }
  }
  if (state == Entry::State::failed && !e.log.empty()) last_log_ = e.log;
  if (state != Entry::State::done) return nullptr;
  Driver& d = Driver::get();
  CUmodule module = nullptr;
  if (d.cuModuleLoadData_(&module, e.cubin.data()) != CUDA_SUCCESS ||
      d.cuModuleGetFunction_(&e.function, module, "kernel") != CUDA_SUCCESS) {
    std::lock_guard lock(mutex_);
    e.state = Entry::State::failed;
    e.function = nullptr;
    ++statistics_.failed;
  }
  e.cubin.clear();
  e.cubin.shrink_to_fit();
  return e.function;
}

JitStatistics Jit::statistics() {
  std::lock_guard lock(mutex_);
  return statistics_;
}

}  // namespace numloom::cuda
