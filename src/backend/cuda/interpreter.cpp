#include "backend/cuda/interpreter.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "plan/plan.h"

namespace numloom::cuda {
namespace {

#include "interp_common.inc"

int op_code(Op op, DType compute) { return static_cast<int>(op) * 16 + static_cast<int>(compute); }

template <size_t N>
bool among(const unsigned short (&list)[N], int code) {
  return std::binary_search(std::begin(list), std::end(list), code);
}

}  // namespace

int width_of(const Kernel& k) {
  int w = 4;
  for (DType t : k.value_types) w = std::max(w, item_size(t));
  for (const KSlot& s : k.slots) w = std::max(w, item_size(s.dtype));
  return w;
}

int id_of(const Kernel& k, const KInstr& in) {
  if (in.code != KCode::cast) return op_code(in.op, in.type);
  const DType from = k.value_types[static_cast<size_t>(in.a)];
  if (from == in.type) return op_code(Op::copy, in.type);
  return kCastBase + static_cast<int>(from) * 16 + static_cast<int>(in.type);
}

std::array<int, 3> operands(const Kernel& k, int step) {
  if (step >= kStoreStep) return {k.stores[static_cast<size_t>(step - kStoreStep)].value, -1, -1};
  const KInstr& in = k.code[static_cast<size_t>(step)];
  return {in.a, in.b, in.c};
}

std::vector<int> last_uses(const Kernel& k, const std::vector<int>& steps) {
  std::vector<int> last(k.value_types.size(), -1);
  for (size_t i = 0; i < steps.size(); ++i)
    for (int v : operands(k, steps[i]))
      if (v >= 0) last[static_cast<size_t>(v)] = static_cast<int>(i);
  for (const KReduce& r : k.reduces) last[static_cast<size_t>(r.value)] = static_cast<int>(steps.size());
  return last;
}

bool must_wait(const std::vector<int>& pending, int step, const std::array<int, 3>& v) {
  if (step >= kStoreStep) return !pending.empty();
  return std::any_of(pending.begin(), pending.end(), [&](int x) { return std::find(v.begin(), v.end(), x) != v.end(); });
}

void place_constants(const Kernel& k, int first, std::vector<int>& operand, std::vector<int16_t>& constants) {
  for (const KInstr& in : k.code) {
    if (in.code != KCode::scalar) continue;
    const auto at = std::find(constants.begin(), constants.end(), in.aux);
    operand[static_cast<size_t>(in.dst)] = first + static_cast<int>(at - constants.begin());
    if (at == constants.end()) constants.push_back(in.aux);
  }
}

std::vector<int> schedule(const Kernel& k) {
  const int n = static_cast<int>(k.code.size());
  std::vector<int> steps, use(k.value_types.size(), 0);
  for (const KInstr& in : k.code)
    for (int v : {in.a, in.b, in.c})
      if (v >= 0) ++use[static_cast<size_t>(v)];
  for (const KStore& s : k.stores) ++use[static_cast<size_t>(s.value)];
  for (const KReduce& r : k.reduces) ++use[static_cast<size_t>(r.value)];
  const auto live = [&](const KInstr& in) { return use[static_cast<size_t>(in.dst)] > 0; };
  std::vector<int> loads;
  int last_gather = -1;
  for (int i = 0; i < n; ++i) {
    const KInstr& in = k.code[static_cast<size_t>(i)];
    if (in.code == KCode::load && live(in)) loads.push_back(i);
    if (in.code == KCode::gather) last_gather = i;
  }
  // The next loads, when the first of them is needed.
  constexpr size_t kTogether = 8;
  size_t loaded = 0;
  const auto load_more = [&] {
    for (size_t end = std::min(loads.size(), loaded + kTogether); loaded < end; ++loaded) steps.push_back(loads[loaded]);
  };
  load_more();
  std::vector<char> stored(k.stores.size(), 0), ready(k.value_types.size(), 0);
  const auto store_ready = [&](int at) {
    if (at < last_gather || loaded < loads.size()) return;
    for (size_t s = 0; s < k.stores.size(); ++s)
      if (!stored[s] && ready[static_cast<size_t>(k.stores[s].value)]) {
        steps.push_back(kStoreStep + static_cast<int>(s));
        stored[s] = 1;
      }
  };
  for (int i = 0; i < n; ++i) {
    const KInstr& in = k.code[static_cast<size_t>(i)];
    if (in.code == KCode::load) {
      if (loaded < loads.size() && loads[loaded] == i) load_more();
    } else if (live(in) && in.code != KCode::scalar) {
      steps.push_back(i);
    }
    ready[static_cast<size_t>(in.dst)] = 1;
    store_ready(i);
  }
  store_ready(n);
  return steps;
}

const char* Bytecode::entry() const { return width == 4 ? "interp4_common" : width == 8 ? "interp8_common" : "interp16"; }

Bytecode encode(const Kernel& k) {
  Bytecode b;
  b.width = width_of(k);
  b.common = b.width <= 8;
  const size_t nvalues = k.value_types.size();
  std::vector<int> operand(nvalues, -1);
  place_constants(k, kConstants, operand, b.constants);
  static_assert(kMaxNestScalars <= kMaxConstants);
  if (b.constants.size() > kMaxConstants) return b;

  const std::vector<int> steps = schedule(k), last_use = last_uses(k, steps);
  const int nsteps = static_cast<int>(steps.size());

  std::vector<int> free_regs;
  std::vector<int> pending;  // loaded, not waited for
  int in_accumulator = -1;
  const auto take = [&] {
    if (!free_regs.empty()) {
      const int r = free_regs.back();
      free_regs.pop_back();
      return r;
    }
    return b.nregs++;
  };
  for (int i = 0; i < nsteps; ++i) {
    const int step = steps[static_cast<size_t>(i)];
    const std::array<int, 3> v = operands(k, step);
    if (must_wait(pending, step, v)) {
      b.code.push_back({kWait, kNowhere, kAccumulator, kAccumulator, kAccumulator, 0});
      pending.clear();
    }
    Instr out{0, kNowhere, kAccumulator, kAccumulator, kAccumulator, 0};
    unsigned char* const fields[3] = {&out.a, &out.b, &out.c};
    for (size_t o = 0; o < 3; ++o)
      if (v[o] >= 0)
        *fields[o] = static_cast<unsigned char>(v[o] == in_accumulator ? kAccumulator : operand[static_cast<size_t>(v[o])]);
    for (int x : v) {
      if (x < 0 || last_use[static_cast<size_t>(x)] != i) continue;
      int& at = operand[static_cast<size_t>(x)];
      if (at >= 0 && at < kConstants) free_regs.push_back(at);
      if (at < kConstants) at = -1;
    }
    if (step >= kStoreStep) {
      out.code = kStore;
      out.aux = static_cast<unsigned short>(k.stores[static_cast<size_t>(step - kStoreStep)].slot);
      b.code.push_back(out);
      continue;
    }
    const KInstr& in = k.code[static_cast<size_t>(step)];
    const auto dst = static_cast<size_t>(in.dst);
    switch (in.code) {
      case KCode::load: out.code = kLoad; break;
      case KCode::gather: out.code = kGather; break;
      case KCode::index:
        out.code = kIndex;
        b.has_index = true;
        break;
      default: out.code = static_cast<unsigned short>(id_of(k, in));
    }
    if (out.code < kLoad) b.common = b.common && (b.width == 4 ? among(kCommonOps4, out.code) : among(kCommonOps8, out.code));
    if (in.aux >= 0) out.aux = static_cast<unsigned short>(in.aux);
    // The result stays in the accumulator alone where the next step that computes is its only user. Loads and stores in
    // between leave the accumulator as it is.
    bool only_next = in.code != KCode::load;
    if (only_next) {
      int user = i + 1;
      while (user < last_use[dst] && user < nsteps &&
             (steps[static_cast<size_t>(user)] >= kStoreStep ||
              k.code[static_cast<size_t>(steps[static_cast<size_t>(user)])].code == KCode::load))
        ++user;
      only_next = last_use[dst] <= user && last_use[dst] < nsteps;
    }
    if (!only_next) {
      const int r = take();
      operand[dst] = r;
      out.dst = static_cast<unsigned char>(r);
      if (b.nregs > kConstants) return b;
    }
    if (in.code == KCode::load) {
      pending.push_back(in.dst);
    } else {
      in_accumulator = in.dst;
    }
    b.code.push_back(out);
  }
  if (!pending.empty()) b.code.push_back({kWait, kNowhere, kAccumulator, kAccumulator, kAccumulator, 0});
  for (const KReduce& r : k.reduces) {
    int at = operand[static_cast<size_t>(r.value)];
    if (at >= kConstants) {  // a constant: copied, since reductions read registers
      const int reg = b.nregs++;
      b.code.push_back({static_cast<unsigned short>(op_code(Op::copy, r.type)), static_cast<unsigned char>(reg),
                        static_cast<unsigned char>(at), kAccumulator, kAccumulator, 0});
      b.common = false;
      at = reg;
    }
    b.reduce_regs.push_back(static_cast<int16_t>(at));
    const int code = op_code(r.op, r.type);
    b.common = b.common && (b.width == 4 ? among(kCommonReduces4, code) : among(kCommonReduces8, code));
  }
  // Only the widest interpreter has every op.
  if (!b.common) b.width = 16;
  b.ok = b.nregs <= kConstants && b.code.size() < 60000;
  return b;
}

std::string name_of(int id) {
  const std::string type(dtype_code(static_cast<DType>(id & 15)));
  if (id < kCastBase) return std::string(op_info(static_cast<Op>(id >> 4)).name) + "." + type;
  return "cast " + std::string(dtype_code(static_cast<DType>((id >> 4) & 15))) + " -> " + type;
}

int operands_of(int id) { return id < kCastBase ? op_info(static_cast<Op>(id >> 4)).nin : 1; }

std::string Bytecode::print() const {
  std::string out = std::string(entry()) + ", " + std::to_string(nregs) + " registers\n";
  const auto name = [&](int a) {
    return a == kAccumulator ? std::string("acc")
           : a >= kConstants ? "const" + std::to_string(a - kConstants)
                             : "r" + std::to_string(a);
  };
  for (const Instr& in : code) {
    out += "  ";
    if (in.dst != kNowhere) out += name(in.dst) + " = ";
    switch (in.code) {
      case kLoad: out += "load slot" + std::to_string(in.aux); break;
      case kWait: out += "wait"; break;
      case kStore: out += "store " + name(in.a) + " -> slot" + std::to_string(in.aux); break;
      case kGather: out += "gather slot" + std::to_string(in.aux) + " at " + name(in.a); break;
      case kIndex: out += "index " + std::to_string(in.aux); break;
      default:
        out += name_of(in.code) + " " + name(in.a);
        if (operands_of(in.code) > 1) out += " " + name(in.b);
        if (operands_of(in.code) > 2) out += " " + name(in.c);
    }
    out += '\n';
  }
  return out;
}

bool fill_block(const Kernel& kernel, const Bytecode& b, const Nest& nest, const KernelArgs& args, Loop loop, int64_t nred,
                int64_t nout, int depth, const std::vector<LeafResult>& results, int shared_limit, int shared_per_processor,
                std::vector<uint64_t>& words, Launch& launch) {
  const int E = b.elements(), nslots = static_cast<int>(nest.slots.size());
  Head h;
  std::memset(&h, 0, sizeof h);
  h.loop = loop;
  h.size = nest.size;
  h.nred = nred;
  h.nout = nout;
  h.depth = depth;
  h.ndim = nest.ndim;
  h.nkept = nest.nkept();
  h.nregs = b.nregs;
  h.nslots = nslots;
  h.nconst = static_cast<int>(b.constants.size());
  h.nreduces = static_cast<int>(results.size());
  std::copy(nest.shape, nest.shape + nest.ndim, h.shape);
  h.coords = b.has_index;
  h.vector = loop == kFlat;

  constexpr size_t kHeadWords = sizeof(Head) / 8;
  size_t at = kHeadWords;
  words.assign(at, 0);
  for (int s = 0; s < nslots; ++s) {
    const KSlotArgs& slot = nest.slots[static_cast<size_t>(s)];
    const int item = item_size(kernel.slots[static_cast<size_t>(s)].dtype);
    const Access access = nest.access[static_cast<size_t>(s)];
    bool walk = false;
    int64_t step = 0;
    if (loop == kRows || nest.ndim == 1) {
      step = slot.strides[nest.ndim - 1];
    } else if (access == Access::linear || nest.ndim == 0) {
      step = item;
    } else if (access != Access::broadcast) {
      walk = true;
    }
    h.coords |= walk;
    if (step != 0 || walk) {
      const bool dense = !walk && step == item;
      if (item == b.width && !(dense && reinterpret_cast<uint64_t>(slot.base) % 16 == 0)) h.vector = 0;
    }
    words.push_back(reinterpret_cast<uint64_t>(slot.base));
    words.push_back(static_cast<uint64_t>(item) | static_cast<uint64_t>(walk) << 32);
    words.push_back(static_cast<uint64_t>(step));
    for (int d = 0; d < nest.ndim; ++d) words.push_back(static_cast<uint64_t>(slot.strides[d]));
  }
  if (h.coords)
    for (int d = 0; d < nest.ndim; ++d)
      if (nest.shape[d] >> 32) return false;
  for (size_t r = 0; r < results.size(); ++r) {
    const KReduce& k = kernel.reduces[r];
    Reduce out{op_code(k.op, k.type), b.reduce_regs[r],  item_size(k.type), 0,
               results[r].out,        results[r].by_out, results[r].by_path};
    const size_t where = words.size();
    words.resize(where + sizeof out / 8);
    std::memcpy(&words[where], &out, sizeof out);
  }
  if (words.size() % 2) words.push_back(0);
  for (int16_t c : b.constants) {
    uint64_t v[2] = {0, 0};
    unsigned char* bytes = reinterpret_cast<unsigned char*>(v);
    for (int e = 0; e < E; ++e)
      std::memcpy(bytes + e * b.width, args.scalars[static_cast<size_t>(c)].raw, static_cast<size_t>(b.width));
    words.push_back(v[0]);
    words.push_back(v[1]);
  }
  at = words.size();
  std::vector<Instr> code = b.code;
  for (size_t i = 0; i < code.size(); ++i)
    if (code[i].code == kIndex) {
      const int axis = nest.axis_of[code[i].aux];
      code[i].aux = static_cast<unsigned short>(axis < 0 ? 0 : axis);
      // The coordinate of an axis of length 1 is 0: x ^ x.
      if (axis < 0)
        code[i] = {static_cast<unsigned short>(op_code(Op::bitwise_xor, DType::i8)),
                   code[i].dst,
                   kAccumulator,
                   kAccumulator,
                   kAccumulator,
                   0};
    }
  h.ninstr = static_cast<int>(code.size());
  words.resize(at + code.size());
  static_assert(sizeof(Instr) == 8);
  std::memcpy(&words[at], code.data(), code.size() * 8);
  h.words = static_cast<int>(words.size());

  // See run() in device/interp.cu for the parts of shared memory.
  const int lanes = loop == kLanes ? 1 : loop == kColumns ? 8 : 0;
  const auto shared_bytes = [&](int threads) {
    int64_t n = static_cast<int64_t>((h.words + 1) & ~1) * 8 + static_cast<int64_t>((nslots + 1) & ~1) * 8;
    if (h.coords) n += static_cast<int64_t>(nest.ndim) * E * threads * 4;
    n += static_cast<int64_t>(h.nreduces) * lanes * threads * b.width + 16;
    return n + static_cast<int64_t>(b.nregs) * threads * 16;
  };
  int threads = 128;
  // Fewer threads a block where registers are many: at least two blocks on a processor, and never more than one may have.
  while (threads > 32 &&
         (shared_bytes(threads) > shared_limit || (threads > 64 && shared_bytes(threads) * 2 > shared_per_processor)))
    threads /= 2;
  if (shared_bytes(threads) > shared_limit) return false;
  const int64_t tile = static_cast<int64_t>(threads) * E;
  switch (loop) {
    case kFlat: h.tiles = (nest.size + tile - 1) / tile; break;
    case kRows: {
      const int64_t inner = nest.shape[nest.ndim - 1];
      h.row_tiles = (inner + tile - 1) / tile;
      h.tiles = h.row_tiles * (nest.size / inner);
      break;
    }
    case kLanes: h.tiles = ((nout << depth) + threads / 8 - 1) / (threads / 8); break;
    case kColumns: h.tiles = ((nout << depth) + threads - 1) / threads; break;
  }
  std::memcpy(words.data(), &h, sizeof h);
  launch = {loop, threads, h.tiles, static_cast<int>(shared_bytes(threads))};
  return true;
}

}  // namespace numloom::cuda
