#include "backend/cuda/launcher.h"

#include <algorithm>
#include <cstring>

#include "codegen/reduction.h"
#include "numloom/error.h"

namespace numloom::cuda {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Memory given back when the work that uses it is on the stream.
class Scratch {
 public:
  Scratch(Pool& pool, int64_t nbytes) : pool_(pool), p_(pool.alloc(nbytes)) {}
  ~Scratch() { pool_.free(p_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  uint64_t address() const { return reinterpret_cast<uint64_t>(p_); }

 private:
  Pool& pool_;
  void* p_;
};

bool is_aligned(const Kernel& kernel, const Nest& nest, int vec) {
  for (size_t s = 0; s < nest.slots.size(); ++s) {
    if (nest.access[s] == Access::broadcast) continue;
    const uint64_t bytes = std::min<uint64_t>(16, static_cast<uint64_t>(item_size(kernel.slots[s].dtype) * vec));
    if (reinterpret_cast<uint64_t>(nest.slots[s].base) % bytes != 0) return false;
  }
  return true;
}

// Elements of the leftmost node at `level`, which is the smallest.
int64_t leftmost(int64_t n, int level) {
  for (; level > 0; --level) n = reduction::left_size(n);
  return n;
}

}  // namespace

const Bytecode& Launcher::bytecode(const Kernel& kernel) {
  auto [it, fresh] = bytecodes_.try_emplace(kernel.hash);
  if (fresh) it->second = encode(kernel);
  return it->second;
}

void Launcher::launch(CUfunction f, int64_t x, int64_t y, int threads, int shared, void* argument, const char* what) {
  void* params[] = {argument};
  check(Driver::get().cuLaunchKernel_(f, static_cast<unsigned>(x), static_cast<unsigned>(y), 1, static_cast<unsigned>(threads),
                                      1, 1, static_cast<unsigned>(shared), stream_, params, nullptr),
        what);
  ++launches;
}

int64_t Launcher::bytes_of(const Kernel& kernel) const {
  int64_t n = 0;
  for (size_t s = 0; s < kernel.slots.size(); ++s)
    if (nest_.access[s] != Access::broadcast) n += nest_.size * item_size(kernel.slots[s].dtype);
  return n;
}

TextForm Launcher::form_of(const Kernel& kernel, TextLoop loop) const {
  TextForm f;
  f.loop = loop;
  f.ndim = static_cast<uint8_t>(nest_.ndim);
  f.nkept = static_cast<uint8_t>(nest_.nkept());
  f.access = nest_.access;
  f.narrow = nest_.size < (int64_t{1} << 31);
  for (const KSlotArgs& s : nest_.slots) {
    int64_t reach = 0;
    for (int d = 0; d < nest_.ndim; ++d) reach += std::abs(s.strides[d]) * (nest_.shape[d] - 1);
    f.narrow &= reach < (int64_t{1} << 31);
  }
  if (loop == TextLoop::vector) {
    int widest = 1;
    for (size_t s = 0; s < kernel.slots.size(); ++s)
      if (nest_.access[s] == Access::linear) widest = std::max(widest, item_size(kernel.slots[s].dtype));
    f.vec = static_cast<uint8_t>(std::max(1, std::min(16 / widest, 8)));
  }
  for (const KInstr& in : kernel.code)
    if (in.code == KCode::index) f.index_axes.push_back(static_cast<int8_t>(nest_.axis_of[in.aux]));
  return f;
}

bool Launcher::run_text(const Kernel& kernel, const TextForm& form, const KernelArgs& args, int64_t nred, int64_t nout,
                        int depth, int group, const std::vector<LeafResult>& results, bool now) {
  const CUfunction f = jit_.find(kernel, form, bytes_of(kernel), now);
  if (!f) return false;
  text_args(kernel, form, nest_, args.scalars, nred, nout, depth, group, results, words_);
  int64_t x = 1, y = 1;
  switch (form.loop) {
    case TextLoop::vector: x = ceil_div(nest_.size, int64_t{kTextThreads} * form.vec); break;
    case TextLoop::flat: x = ceil_div(nest_.size, int64_t{kTextThreads} * text_unroll(kernel, form)); break;
    case TextLoop::rows: {
      const int64_t inner = nest_.shape[nest_.ndim - 1];
      x = ceil_div(inner, int64_t{kTextThreads} * text_unroll(kernel, form));
      y = std::min<int64_t>(nest_.size / inner, 65535);
      break;
    }
    case TextLoop::lanes: x = ceil_div(nout << depth, kTextThreads / 8); break;
    case TextLoop::columns: x = ceil_div(nout << depth, kTextThreads); break;
  }
  if (x > INT32_MAX) return false;
  launch(f, x, y, kTextThreads, 0, words_.data(), "launching a compiled kernel");
  ++compiled;
  return true;
}

bool Launcher::interpret(const Kernel& kernel, const KernelArgs& args, Loop loop, int64_t nred, int64_t nout, int depth,
                         const std::vector<LeafResult>& results) {
  const Bytecode& b = bytecode(kernel);
  Driver& d = Driver::get();
  Launch l;
  if (!b.ok || !fill_block(kernel, b, nest_, args, loop, nred, nout, depth, results, d.shared_per_block, d.shared_per_processor,
                           words_, l))
    return false;
  const CUfunction f = images_.function("interp", b.entry());
  if (l.shared > 48 * 1024)
    check(d.cuFuncSetAttribute_(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, l.shared), "asking for shared memory");
  const int64_t resident = std::clamp<int64_t>(d.shared_per_processor / (l.shared + 1024), 1, 2048 / l.threads);
  const int64_t grid = std::min<int64_t>(l.tiles, d.processors * resident);
  Block block;
  if (words_.size() <= static_cast<size_t>(kBlockWords)) {
    std::memcpy(static_cast<void*>(&block), words_.data(), words_.size() * 8);
    launch(f, grid, 1, l.threads, l.shared, &block, "launching the interpreter");
  } else {
    const Scratch far(pool_, static_cast<int64_t>(words_.size()) * 8);
    check(d.cuMemcpyHtoDAsync_(far.address(), words_.data(), words_.size() * 8, stream_), "copying a kernel's arguments");
    check(d.cuStreamSynchronize_(stream_), "copying a kernel's arguments");
    std::memcpy(static_cast<void*>(&block), words_.data(), sizeof(Head));
    block.head.far = far.address();
    launch(f, grid, 1, l.threads, l.shared, &block, "launching the interpreter");
  }
  ++interpreted;
  return true;
}

const StreamCodes& Launcher::stream_codes(const Kernel& kernel) {
  auto [it, fresh] = streams_.try_emplace(kernel.hash);
  if (fresh) it->second = encode_stream(kernel);
  return it->second;
}

std::string Launcher::bytecode(const Kernel& kernel, const KernelArgs& args) {
  collapse(kernel, args, nest_);
  if (nest_.size == 0) return {};
  if (kernel.reduces.empty()) {
    const StreamCodes& codes = stream_codes(kernel);
    alignas(StreamInstr) StreamBlock block;
    StreamLaunch l;
    if (codes.ok && fill_stream(kernel, codes, nest_, args, Driver::get(), block, l)) return codes.print();
  }
  const Bytecode& b = bytecode(kernel);
  return b.ok ? b.print() : std::string();
}

std::string Launcher::text(const Kernel& kernel, const KernelArgs& args) {
  collapse(kernel, args, nest_);
  if (nest_.size == 0) return {};
  return Jit::source(kernel, kernel.reduces.empty()
                                 ? elementwise_form(kernel)
                                 : form_of(kernel, by_columns(kernel) ? TextLoop::columns : TextLoop::lanes));
}

bool Launcher::stream(const Kernel& kernel, const KernelArgs& args) {
  const StreamCodes& codes = stream_codes(kernel);
  Driver& d = Driver::get();
  alignas(StreamInstr) StreamBlock block;
  StreamLaunch l;
  if (!codes.ok || !fill_stream(kernel, codes, nest_, args, d, block, l)) return false;
  const CUfunction f = images_.function("stream", codes.entry());
  if (l.shared > 48 * 1024)
    check(d.cuFuncSetAttribute_(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, l.shared), "asking for shared memory");
  launch(f, l.blocks, 1, 32 * l.warps, l.shared, &block, "launching the interpreter");
  ++interpreted;
  return true;
}

void Launcher::run(const Kernel& kernel, const KernelArgs& args) {
  collapse(kernel, args, nest_);
  if (kernel.reduces.empty()) {
    if (nest_.size > 0) elementwise(kernel, args);
  } else if (nest_.size == 0) {
    empty_reduction(kernel, args);
  } else {
    reduce(kernel, args);
  }
}

bool Launcher::by_rows() const {
  const auto dense = [](Access a) { return a == Access::linear || a == Access::broadcast; };
  return !std::all_of(nest_.access.begin(), nest_.access.end(), dense) && nest_.ndim > 1 && nest_.shape[nest_.ndim - 1] >= 256;
}

TextForm Launcher::elementwise_form(const Kernel& kernel) const {
  bool vector = true;
  for (Access a : nest_.access) vector &= a == Access::linear || a == Access::broadcast;
  for (const KInstr& in : kernel.code) vector &= in.code != KCode::index && in.code != KCode::gather;
  if (vector) {
    TextForm f = form_of(kernel, TextLoop::vector);
    if (is_aligned(kernel, nest_, f.vec)) return f;
  }
  return form_of(kernel, by_rows() ? TextLoop::rows : TextLoop::flat);
}

void Launcher::elementwise(const Kernel& kernel, const KernelArgs& args) {
  const TextForm form = elementwise_form(kernel);
  if (run_text(kernel, form, args, 0, 0, 0, 0, {}, false)) return;
  if (stream(kernel, args)) return;
  if (interpret(kernel, args, by_rows() ? kRows : kFlat, 0, 0, 0, {})) return;
  if (run_text(kernel, form, args, 0, 0, 0, 0, {}, true)) return;
  throw runtime_error("A kernel is too large for the CUDA interpreter and could not be compiled", jit_.last_log());
}

// Outputs that are neighbours in memory go to neighbouring threads; so do short reductions. Else eight threads share a leaf.
bool Launcher::by_columns(const Kernel& kernel) const {
  const int kept = nest_.nkept();
  if (nest_.reduced_size() < 16) return true;
  if (kept == 0 || nest_.nreduced == 0) return false;
  int votes = 0;
  for (size_t s = 0; s < kernel.slots.size(); ++s) {
    if (!kernel.slots[s].loaded) continue;
    const int64_t k = std::abs(nest_.slots[s].strides[kept - 1]), r = std::abs(nest_.slots[s].strides[nest_.ndim - 1]);
    if (k != 0 && r != 0) votes += k < r ? 1 : k > r ? -1 : 0;
  }
  return votes > 0 && nest_.shape[kept - 1] >= 16;
}

void Launcher::reduce(const Kernel& kernel, const KernelArgs& args) {
  const int64_t nred = nest_.reduced_size(), nout = nest_.kept_size();
  const int depth = reduction::depth(nred);
  const int kept = nest_.nkept();
  const bool columns = by_columns(kernel);

  struct Target {
    bool linear = true;
    std::unique_ptr<Scratch> partial;
  };
  std::vector<Target> targets(kernel.reduces.size());
  std::vector<LeafResult> results;
  int level = depth;  // of the nodes whose results the kernel leaves
  const auto leave_at = [&](int new_level) {
    level = new_level;
    results.clear();
    for (size_t r = 0; r < kernel.reduces.size(); ++r) {
      const KReduce& k = kernel.reduces[r];
      const KSlotArgs& slot = nest_.slots[static_cast<size_t>(k.slot)];
      const int item = item_size(k.type);
      Target& target = targets[r];
      target = {};
      int64_t dense = item;
      for (int d = kept - 1; d >= 0; --d) {
        target.linear &= slot.strides[d] == dense;
        dense *= nest_.shape[d];
      }
      if (level == 0 && target.linear) {
        results.push_back({reinterpret_cast<uint64_t>(slot.base), 1, 0});
      } else {
        target.partial = std::make_unique<Scratch>(pool_, (nout << level) * item);
        if (columns) results.push_back({target.partial->address(), 1, nout});
        else results.push_back({target.partial->address(), int64_t{1} << level, 1});
      }
    }
  };

  const TextForm form = form_of(kernel, columns ? TextLoop::columns : TextLoop::lanes);
  // Several leaves for each eight threads, as long as all processors stay busy.
  int group = 0;
  const int64_t busy = Driver::get().processors * int64_t{256};
  while (!columns && group < std::min(depth, kTextGroup) && nout << depth >> (group + 1) >= busy) ++group;
  leave_at(depth - group);
  bool done = run_text(kernel, form, args, nred, nout, level, group, results, false);
  if (!done) {
    if (group > 0) leave_at(depth);
    done = interpret(kernel, args, columns ? kColumns : kLanes, nred, nout, depth, results) ||
           run_text(kernel, form, args, nred, nout, depth, 0, results, true);
  }
  if (!done)
    throw runtime_error("A reduction is too large for the CUDA interpreter and could not be compiled", jit_.last_log());

  const int joined_from = level;
  for (size_t r = 0; r < kernel.reduces.size(); ++r) {
    if (!targets[r].partial) continue;
    const KReduce& k = kernel.reduces[r];
    const KSlotArgs& slot = nest_.slots[static_cast<size_t>(k.slot)];
    LeafResult in = results[r];
    level = joined_from;
    do {
      Combine c;
      std::memset(&c, 0, sizeof c);
      c.level = level;
      c.levels = std::min(level, 10);
      c.in = in.out;
      c.in_by_out = in.by_out;
      c.in_by_path = in.by_path;
      c.nred = nred;
      c.nout = nout;
      c.code = static_cast<int>(k.op) * 16 + static_cast<int>(k.type);
      c.item = item_size(k.type);
      c.whole = level == 0 || leftmost(nred, level - 1) > reduction::kLeaf;
      level -= c.levels;
      std::unique_ptr<Scratch> next;
      if (level == 0) {
        c.out = reinterpret_cast<uint64_t>(slot.base);
        c.out_by_out = 1;
        c.strided = !targets[r].linear;
        c.ndim = kept;
        std::copy(nest_.shape, nest_.shape + kept, c.shape);
        std::copy(slot.strides, slot.strides + kept, c.strides);
      } else {
        next = std::make_unique<Scratch>(pool_, (nout << level) * c.item);
        c.out = next->address();
        c.out_by_out = int64_t{1} << level;
        c.out_by_path = 1;
      }
      launch(images_.function("interp", "combine"), ceil_div(nout << c.level, 1024), 1, 256, 0, &c, "joining a reduction");
      in = {c.out, c.out_by_out, c.out_by_path};
      if (next) targets[r].partial = std::move(next);
    } while (level > 0);
  }
}

// Nothing to reduce: outputs get the identity, by a kernel that stores a scalar.
void Launcher::empty_reduction(const Kernel& kernel, const KernelArgs& args) {
  for (const KReduce& r : kernel.reduces) {
    KernelArgs fill;
    fill.ndim = args.ndim;
    for (int d = 0; d < args.ndim; ++d) fill.shape[d] = kernel.reduced_axes >> d & 1 ? 1 : args.shape[d];
    fill.slots = {args.slots[static_cast<size_t>(r.slot)]};
    Scalar identity;
    identity.dtype = DType::i8;
    identity.i = op_info(r.op).identity;
    fill.scalars = {cast_scalar(identity, r.type)};
    Kernel store;
    store.value_types = {r.type};
    store.slots = {{r.type, true, false}};
    KInstr in{};
    in.code = KCode::scalar;
    in.type = r.type;
    in.dst = 0;
    in.aux = 0;
    store.code = {in};
    store.stores = {{0, 0}};
    store.nscalars = 1;
    store.finish();
    run(store, fill);
  }
}

}  // namespace numloom::cuda
