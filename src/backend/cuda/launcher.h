// Runs kernels: collapses the nest, chooses the loop, takes the compiled form where there is one, else the interpreter, and
// joins the trees of reductions. Thread safety: under the engine lock.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "backend/backend.h"
#include "backend/cuda/images.h"
#include "backend/cuda/interpreter.h"
#include "backend/cuda/jit.h"
#include "backend/cuda/pool.h"
#include "backend/cuda/stream.h"

namespace numloom::cuda {

class Launcher {
 public:
  Launcher(CUstream stream, Pool& pool, Images& images) : stream_(stream), pool_(pool), images_(images), jit_(*new Jit) {}
  void run(const Kernel& kernel, const KernelArgs& args);
  Jit& jit() { return jit_; }
  // What runs such a launch: the code of the interpreter that takes it, and the text that replaces that.
  std::string bytecode(const Kernel& kernel, const KernelArgs& args);
  std::string text(const Kernel& kernel, const KernelArgs& args);
  int64_t launches = 0, interpreted = 0, compiled = 0;

 private:
  const Bytecode& bytecode(const Kernel& kernel);
  const StreamCodes& stream_codes(const Kernel& kernel);
  // How the nest is run.
  bool by_rows() const;
  bool by_columns(const Kernel& kernel) const;
  TextForm elementwise_form(const Kernel& kernel) const;
  void elementwise(const Kernel& kernel, const KernelArgs& args);
  void reduce(const Kernel& kernel, const KernelArgs& args);
  void empty_reduction(const Kernel& kernel, const KernelArgs& args);
  bool run_text(const Kernel& kernel, const TextForm& form, const KernelArgs& args, int64_t nred, int64_t nout, int depth,
                int group, const std::vector<LeafResult>& results, bool now);
  bool interpret(const Kernel& kernel, const KernelArgs& args, Loop loop, int64_t nred, int64_t nout, int depth,
                 const std::vector<LeafResult>& results);
  bool stream(const Kernel& kernel, const KernelArgs& args);
  void launch(CUfunction f, int64_t x, int64_t y, int threads, int shared, void* argument, const char* what);
  TextForm form_of(const Kernel& kernel, TextLoop loop) const;
  int64_t bytes_of(const Kernel& kernel) const;

  CUstream stream_;
  Pool& pool_;
  Images& images_;
  Jit& jit_;
  Nest nest_;
  std::vector<uint64_t> words_;
  std::unordered_map<uint64_t, Bytecode> bytecodes_;
  std::unordered_map<uint64_t, StreamCodes> streams_;
};

}  // namespace numloom::cuda
