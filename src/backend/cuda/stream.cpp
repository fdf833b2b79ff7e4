#include "backend/cuda/stream.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "backend/cuda/interpreter.h"

namespace numloom::cuda {
namespace {

#include "interp_common.inc"

constexpr int kTurned = 32768;  // see TURNED_BASE in device/generate_cases.py

template <size_t N>
int place(const unsigned short (&list)[N], int id) {
  const auto at = std::find(std::begin(list), std::end(list), id);
  return at == std::end(list) ? -1 : static_cast<int>(at - std::begin(list)) + static_cast<int>(kStreamOps);
}
bool is_quick(int width, int code) {
  const auto among = [&](const auto& list) { return std::find(std::begin(list), std::end(list), code) != std::end(list); };
  return width == 4 ? among(kStreamQuick4) : among(kStreamQuick8);
}
int code_of(int width, int id) { return width == 4 ? place(kStreamOps4, id) : place(kStreamOps8, id); }

// The op that is `op` with its operands turned round; none where there is no such.
Op turned(Op op) {
  if (op_info(op).commutative) return op;
  switch (op) {
    case Op::less: return Op::greater;
    case Op::greater: return Op::less;
    case Op::less_equal: return Op::greater_equal;
    case Op::greater_equal: return Op::less_equal;
    default: return Op::none;
  }
}

// As many warps at a time as a processor has shared memory for, of `common` bytes a block and `warp_bytes` a warp. Blocks of 4, one for
// each of a processor's schedulers, unless more than a quarter more warps fit otherwise. False where not even one does.
bool place_warps(int64_t tiles, int common, int warp_bytes, const Driver& device, StreamLaunch& launch) {
  constexpr int kReserved = 1024;  // bytes of a block that the driver takes
  int most = 0;
  for (int warps : {4, 8, 7, 6, 5, 3, 2, 1}) {
    const int shared = common + warps * warp_bytes;
    if (shared > device.shared_per_block || (warps > 4 && tiles < device.processors * int64_t{warps})) continue;
    const int blocks = std::min(device.shared_per_processor / (shared + kReserved), kStreamResident / warps);
    if (blocks * warps * 4 <= most * 5) continue;
    most = blocks * warps;
    launch = {std::min((tiles + warps - 1) / warps, device.processors * int64_t{blocks}), warps, shared};
  }
  return most > 0;
}

constexpr int kConstant = 1 << 12;  // operands of an unplaced instruction: a register, or this plus a constant

}  // namespace

StreamCodes encode_stream(const Kernel& k) {
  StreamCodes b;
  if (!k.reduces.empty()) return b;
  b.width = width_of(k);
  if (b.width > 8 || k.slots.size() > 32) return b;
  for (const KInstr& in : k.code)
    if (in.code == KCode::index || in.code == KCode::gather) return b;
  std::vector<int> operand(k.value_types.size(), -1);
  place_constants(k, kConstant, operand, b.constants);
  if (b.constants.size() > kStreamConstants) return b;

  const std::vector<int> steps = schedule(k), last_use = last_uses(k, steps);
  const int nsteps = static_cast<int>(steps.size());
  const auto is_load = [&](int i) {
    const int step = steps[static_cast<size_t>(i)];
    return step < kStoreStep && k.code[static_cast<size_t>(step)].code == KCode::load;
  };

  // Whether step i can take value x, the last result, as it is: as its first operand, or its second where the op can be
  // turned round. It may not be another operand of the step too.
  const auto takes = [&](int i, int x) {
    const std::array<int, 3> v = operands(k, steps[static_cast<size_t>(i)]);
    if (v[2] == x || (v[0] == x && v[1] == x)) return false;
    if (v[0] == x) return true;
    const KInstr& in = k.code[static_cast<size_t>(steps[static_cast<size_t>(i)])];
    if (v[1] != x || v[2] >= 0 || in.code != KCode::op) return false;
    return turned(in.op) != Op::none || code_of(b.width, kTurned + id_of(k, in)) >= 0;
  };

  std::vector<int> free_regs;
  std::vector<int> pending;  // loaded, not waited for
  int result = -1;  // the value that the last instruction left
  for (int i = 0; i < nsteps; ++i) {
    const int step = steps[static_cast<size_t>(i)];
    std::array<int, 3> v = operands(k, step);
    if (must_wait(pending, step, v)) {
      b.code.push_back({kStreamWait, 0, 0, 0});
      pending.clear();
    }
    StreamInstr out{0, 0, 0, 0};
    const auto fetch = [&](int value, unsigned flag, unsigned constant, unsigned& field) {
      const int at = operand[static_cast<size_t>(value)];
      out.flags |= flag | (at >= kConstant ? constant : 0);
      field = static_cast<unsigned>(at & (kConstant - 1));
    };
    const bool store = step >= kStoreStep;
    const KInstr* in = store ? nullptr : &k.code[static_cast<size_t>(step)];
    int id = store || in->code == KCode::load ? 0 : id_of(k, *in);
    if (!store && v[1] >= 0 && v[1] == result && v[0] != result && takes(i, result)) {
      std::swap(v[0], v[1]);
      id = turned(in->op) != Op::none ? static_cast<int>(turned(in->op)) * 16 + static_cast<int>(in->type) : kTurned + id;
    }
    if (v[0] >= 0 && v[0] != result) fetch(v[0], kFetchX, kConstX, out.x);
    if (v[1] >= 0) fetch(v[1], kFetchY, kConstY, out.y);
    if (v[2] >= 0) {
      unsigned z = 0;
      fetch(v[2], 0, kConstZ, z);
      out.flags |= z << kStreamAux;
    }
    for (int x : v) {
      if (x < 0 || last_use[static_cast<size_t>(x)] != i) continue;
      int& at = operand[static_cast<size_t>(x)];
      if (at >= 0 && at < kConstant) free_regs.push_back(at);
      if (at < kConstant) at = -1;
    }
    if (store) {
      out.flags |= kStreamStore | static_cast<unsigned>(k.stores[static_cast<size_t>(step - kStoreStep)].slot) << kStreamAux;
      b.code.push_back(out);
      if (v[0] != result) result = -1;
      continue;
    }
    const auto dst = static_cast<size_t>(in->dst);
    bool keep = true;
    if (in->code == KCode::load) {
      // Several together run at the same time; a single one goes by way of the result.
      const bool early = (i > 0 && is_load(i - 1)) || (i + 1 < nsteps && is_load(i + 1));
      out.flags |= (early ? kStreamLoad : kStreamFetch) | static_cast<unsigned>(in->aux) << kStreamAux;
      if (early) pending.push_back(in->dst);
      result = early ? -1 : in->dst;
    } else {
      const int code = code_of(b.width, id);
      if (code < 0) return b;
      out.flags |= static_cast<unsigned>(code);
      b.needs_spare |= is_quick(b.width, code);
      result = in->dst;
    }
    if (result >= 0) {
      // Not kept where it is used up before another result takes its place: by stores, and by the step after them.
      int user = i + 1;
      while (user < last_use[dst] && steps[static_cast<size_t>(user)] >= kStoreStep && takes(user, in->dst)) ++user;
      keep = last_use[dst] > user || (last_use[dst] == user && !takes(user, in->dst));
    }
    if (keep) {
      int r = b.nregs;
      if (free_regs.empty()) {
        ++b.nregs;
      } else {
        r = free_regs.back();
        free_regs.pop_back();
      }
      operand[dst] = r;
      out.dst = static_cast<unsigned>(r);
      if (result >= 0) out.flags |= kKeep;
    }
    b.code.push_back(out);
  }
  b.ok = true;
  return b;
}

std::string StreamCodes::print() const {
  std::string out = std::string(entry()) + ", " + std::to_string(nregs) + " registers\n";
  const auto named = [](unsigned n, bool constant) { return (constant ? "const" : "r") + std::to_string(n); };
  for (const StreamInstr& in : code) {
    const unsigned what = in.flags & kStreamCodes, aux = in.flags >> kStreamAux;
    const std::string x = in.flags & kFetchX ? named(in.x, in.flags & kConstX) : "last", to = named(in.dst, false);
    const std::string slot = "slot" + std::to_string(aux), last = in.flags & kKeep ? "last, " + to + " = " : "last = ";
    out += "  ";
    if (what == kStreamLoad) {
      out += to + " = load " + slot;
    } else if (what == kStreamFetch) {
      out += last + "load " + slot;
    } else if (what == kStreamWait) {
      out += "wait";
    } else if (what == kStreamStore) {
      out += "store " + x + " -> " + slot;
    } else {
      const int id = width == 4 ? kStreamOps4[what - kStreamOps] : kStreamOps8[what - kStreamOps];
      const bool turned_round = id >= kTurned;
      const int op = turned_round ? id - kTurned : id;
      const std::string y = named(in.y, in.flags & kConstY);
      out += last + name_of(op) + " " + (turned_round ? y + " " + x : x);
      if (!turned_round && operands_of(op) > 1) out += " " + y;
      if (operands_of(op) > 2) out += " " + named(aux, in.flags & kConstZ);
    }
    out += '\n';
  }
  return out;
}

bool fill_stream(const Kernel& kernel, const StreamCodes& b, const Nest& nest, const KernelArgs& args, const Driver& device,
                 StreamBlock& block, StreamLaunch& launch) {
  const int nslots = static_cast<int>(nest.slots.size());
  bool linear = true;
  for (Access a : nest.access) linear &= a == Access::linear || a == Access::broadcast;
  const int64_t inner = nest.ndim ? nest.shape[nest.ndim - 1] : 1;
  const bool rows = !linear && nest.ndim > 1;
  if (rows && inner < b.elements()) return false;

  StreamHead h;
  std::memset(static_cast<void*>(&h), 0, sizeof h);
  h.size = nest.size;
  h.ndim = nest.ndim;
  h.nslots = nslots;
  h.nconst = static_cast<int>(b.constants.size());
  h.vector = !rows;
  std::copy(nest.shape, nest.shape + nest.ndim, h.shape);
  const int slot_words = 3 + nest.ndim;
  int words = static_cast<int>(sizeof h / 8) + nslots * slot_words;
  words += words & 1;
  h.constants_at = words * 8;
  h.code_at = h.constants_at + h.nconst * 16;
  words = h.code_at / 8 + static_cast<int>(b.code.size() + 1) * 2;
  if (words > kBlockWords) return false;
  h.words = words;
  h.copies_at = words * 8;
  // Each constant twice, as a register has two vectors.
  const int regs_at = h.copies_at + (h.nconst + 31) / 32 * kStreamArea;
  h.spare_at = regs_at + b.nregs * kStreamArea;
  h.warp_bytes = (b.nregs + b.needs_spare) * kStreamArea;

  U64* at = block.rest;
  for (int s = 0; s < nslots; ++s) {
    const KSlotArgs& slot = nest.slots[static_cast<size_t>(s)];
    const int item = item_size(kernel.slots[static_cast<size_t>(s)].dtype);
    const int64_t step = rows || nest.ndim == 1 ? slot.strides[nest.ndim - 1]
                         : nest.access[static_cast<size_t>(s)] == Access::broadcast || nest.ndim == 0 ? 0
                                                                                                      : item;
    if (step != 0) {
      const uint64_t vector = 16 / static_cast<uint64_t>(b.width) * static_cast<uint64_t>(item);
      if (step != item || reinterpret_cast<uint64_t>(slot.base) % vector != 0) h.vector = 0;
    } else if (kernel.slots[static_cast<size_t>(s)].stored) {
      h.vector = 0;  // a single element
    }
    *at++ = reinterpret_cast<U64>(slot.base);
    *at++ = static_cast<U64>(item);
    *at++ = static_cast<U64>(step);
    for (int d = 0; d < nest.ndim; ++d) *at++ = static_cast<U64>(slot.strides[d]);
  }
  char* const bytes = reinterpret_cast<char*>(&block);
  for (int c = 0; c < h.nconst; ++c)
    for (int e = 0; e < 16; e += b.width)
      std::memcpy(bytes + h.constants_at + c * 16 + e,
                  args.scalars[static_cast<size_t>(b.constants[static_cast<size_t>(c)])].raw, static_cast<size_t>(b.width));
  const auto offset = [&](unsigned n, bool constant) {
    return constant ? static_cast<unsigned>(h.copies_at) + n / 32 * kStreamArea + n % 32 * 16
                    : static_cast<unsigned>(regs_at) + n * kStreamArea;
  };
  auto* code = reinterpret_cast<StreamInstr*>(bytes + h.code_at);
  for (const StreamInstr& in : b.code) {
    StreamInstr out = in;
    out.x = offset(in.x, in.flags & kConstX);
    out.y = offset(in.y, in.flags & kConstY);
    out.dst = offset(in.dst, false);
    const unsigned op = in.flags & kStreamCodes;
    if (op >= kStreamOps) {
      const unsigned low = in.flags & ((1u << kStreamAux) - 1);
      out.flags = low | offset(in.flags >> kStreamAux, in.flags & kConstZ) / 16 << kStreamAux;
    }
    *code++ = out;
  }
  *code = {kStreamEnd, 0, 0, 0};

  const int64_t tile = b.elements();
  if (rows) {
    h.row_tiles = (inner + tile - 1) / tile;
    h.tiles = h.row_tiles * (nest.size / inner);
  } else {
    h.tiles = (nest.size + tile - 1) / tile;
  }
  block.head = h;
  return place_warps(h.tiles, regs_at, h.warp_bytes, device, launch);
}

}  // namespace numloom::cuda
