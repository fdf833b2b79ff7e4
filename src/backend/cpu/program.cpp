#include "backend/cpu/program.h"

#include <algorithm>
#include <sstream>

namespace numloom::cpu {
namespace {

// Gives the pair c / (x + y) of b, where x or y is an exponential used there only, the loop of all three; the exponential's own pair
// is given up for it.
void offer_logistic(BlockProgram& p, BlockInstr& b, const std::vector<int>& at, const std::vector<int>& uses) {
  const BlockInstr& sum = p.code[b.first];
  const LoopFn fn = loops().logistic[static_cast<int>(b.source->type)];
  if (!fn || b.source->op != Op::divide || sum.dst != b.b || sum.source->op != Op::add || sum.a == sum.b) return;
  for (const bool left : {true, false}) {
    const int16_t value = left ? sum.a : sum.b;
    const int i = at[value];
    if (i < 0 || uses[value] != 1 || p.code[i].taken || p.code[i].code != Code::loop) continue;
    BlockInstr& e = p.code[i];
    if (e.source->code != KCode::op || e.source->op != Op::exp || e.source->type != b.source->type) continue;
    if (e.first >= 0) p.code[e.first].taken = false;
    e.first = -1, e.pair = nullptr, e.taken = true;
    b.pair = fn;
    b.inner = static_cast<int16_t>(i);
    b.with[0] = e.a, b.with[1] = left ? sum.b : sum.a;
    return;
  }
}

// Offers every instruction that has a loop with the one that computes an operand of it, used there only, that loop. `uses`: per
// value, stores and reductions included.
void offer_pairs(BlockProgram& p, const std::vector<int>& uses) {
  const Kernel& k = p.kernel;
  const LoopTable& t = loops();
  const auto place = [](const BlockInstr& b) {
    return b.code == Code::loop && b.source->code == KCode::op ? pair_index(b.source->op) : -1;
  };
  std::vector<int> at(k.value_types.size(), -1);
  for (size_t j = 0; j < p.code.size(); ++j) {
    BlockInstr& b = p.code[j];
    at[b.dst] = static_cast<int>(j);
    const int second = place(b);
    if (second < 0 || b.a == b.b) continue;
    for (const int side : {0, 1}) {
      const int16_t operand = side == 0 ? b.a : b.b;
      const int i = operand >= 0 ? at[operand] : -1;
      if (i < 0 || b.first >= 0) continue;
      BlockInstr& f = p.code[i];
      const int first = place(f);
      if (first < 0 || first >= kPairFirst || f.first >= 0 || f.taken || uses[f.dst] != 1 || f.source->type != b.source->type)
        continue;
      const LoopFn fn = t.pair[first][second][side][static_cast<int>(b.source->type)];
      if (!fn) continue;
      b.pair = fn;
      b.first = static_cast<int16_t>(i);
      b.with[0] = f.a, b.with[1] = f.b, b.with[2] = side == 0 ? b.b : b.a;
      f.taken = true;
    }
    if (b.first >= 0) offer_logistic(p, b, at, uses);
  }
}

// Has instruction i stand right before instruction j, and what the later one needs before both. Where j stands then; -1, and nothing
// is changed, where one needs the other.
int bring_before(BlockProgram& p, int i, int j) {
  const int from = std::min(i, j), to = std::max(i, j);
  std::vector<int> order, others;
  std::vector<bool> needed(p.code.size());
  needed[to] = true;
  for (int k = to; k >= from; --k) {
    if (!needed[k]) continue;
    for (int above = from; above < k; ++above) {
      const int16_t value = p.code[above].dst;
      needed[above] = needed[above] || p.code[k].a == value || p.code[k].b == value || p.code[k].c == value;
    }
  }
  if (needed[from]) return -1;
  for (int k = from + 1; k < to; ++k) (needed[k] ? order : others).push_back(k);
  order.insert(order.end(), {i, j});
  const int end = from + static_cast<int>(order.size());
  order.insert(order.end(), others.begin(), others.end());

  const std::vector<BlockInstr> before(p.code);
  std::vector<int16_t> now(p.code.size());
  for (size_t k = 0; k < now.size(); ++k) now[k] = static_cast<int16_t>(k);
  for (size_t k = 0; k < order.size(); ++k) {
    p.code[from + k] = before[order[k]];
    now[order[k]] = static_cast<int16_t>(from + k);
  }
  for (BlockInstr& b : p.code)
    for (int16_t* other : {&b.first, &b.inner, &b.beside})
      if (*other >= 0) *other = now[*other];
  return end - 1;
}

// Gives functions that need no divider an op beside them (LoopTable::beside), of those that neither depends on.
void offer_beside(BlockProgram& p) {
  const auto alone = [](const BlockInstr& b) {
    return b.code == Code::loop && b.source->code == KCode::op && !b.taken && b.beside < 0;
  };
  const int n = static_cast<int>(p.code.size());
  for (int which = 0; which < kBesides; ++which)
    for (int j = 0; j < n; ++j) {
      const BlockInstr& b = p.code[j];
      const int function = alone(b) ? pair_index(b.source->op) - kPairFirst : -1;
      const int first = b.first < 0 ? 0 : 1 + pair_index(p.code[b.first].source->op);
      if (function < 0 || first >= kPairFirst) continue;
      const BesideFn both = loops().beside[which][function][first][static_cast<int>(b.source->type)];
      for (int i = 0, at = -1; both && at < 0 && i < n; ++i) {
        const BlockInstr& d = p.code[i];
        if (!alone(d) || beside_index(d.source->op) != which || d.first >= 0 || d.source->type != b.source->type) continue;
        at = bring_before(p, i, j);
        if (at < 0) continue;
        p.code[at].both = both;
        p.code[at].beside = static_cast<int16_t>(at - 1);
        p.code[at - 1].taken = true;
      }
    }
}

// Takes back those with a store in place between the two: it may be to memory that the first one reads.
void withdraw_pairs(BlockProgram& p) {
  for (size_t j = 0; j < p.code.size(); ++j) {
    BlockInstr& b = p.code[j];
    for (int between = (b.inner >= 0 ? b.inner : b.first) + 1; b.first >= 0 && between < static_cast<int>(j); ++between) {
      if (p.direct_slot[p.code[between].dst] < 0) continue;
      p.code[b.first].taken = false;
      if (b.inner >= 0) p.code[b.inner].taken = false;
      if (b.beside >= 0) p.code[b.beside].taken = false;
      b.pair = nullptr, b.both = nullptr, b.first = b.inner = b.beside = -1;
    }
  }
}

}  // namespace

std::unique_ptr<BlockProgram> compile(const Kernel& kernel) {
  auto out = std::make_unique<BlockProgram>();
  BlockProgram& p = *out;
  p.kernel = kernel;
  const Kernel& k = p.kernel;
  const LoopTable& t = loops();
  const int n = static_cast<int>(k.value_types.size());
  p.reg.assign(n, -1);
  p.direct_slot.assign(n, -1);
  p.scalar_value.assign(k.nscalars, -1);
  for (DType v : k.value_types) p.item = std::max(p.item, item_size(v));

  // Which values are scalars, which of them must be repeated over a block, and where each value dies.
  std::vector<const KInstr*> scalar(n), def(n);
  std::vector<bool> fill(n), kept(n);
  std::vector<int> last(n, -1);
  for (const KInstr& i : k.code) {
    def[i.dst] = &i;
    if (i.code == KCode::scalar) {
      scalar[i.dst] = &i;
      p.scalar_value[i.aux] = i.dst;
    }
  }
  const auto repeat = [&](int16_t v) {
    if (v >= 0 && scalar[v]) fill[v] = true;
  };
  for (const KInstr& i : k.code) {
    if (i.code == KCode::scalar) continue;
    BlockInstr b{};
    b.source = &i;
    b.dst = i.dst, b.a = i.a, b.b = i.b, b.c = i.c, b.aux = i.aux;
    b.item = static_cast<uint8_t>(item_size(i.type));
    switch (i.code) {
      case KCode::load: b.code = Code::load; break;
      case KCode::gather:
        b.code = Code::gather;
        p.weight += 8;
        repeat(i.a);
        break;
      case KCode::index: b.code = Code::index; break;
      case KCode::cast:
        b.code = Code::loop;
        b.fn = t.cast[static_cast<int>(k.value_types[i.a])][static_cast<int>(i.type)];
        repeat(i.a);
        ++p.weight;
        break;
      default: {
        b.code = Code::loop;
        const int op = static_cast<int>(i.op), type = static_cast<int>(i.type);
        const bool binary = op_info(i.op).nin == 2;
        if (binary && scalar[i.a] && !scalar[i.b] && t.op_sv[op][type]) {
          b.fn = t.op_sv[op][type];
        } else if (binary && scalar[i.b] && !scalar[i.a] && t.op_vs[op][type]) {
          b.fn = t.op_vs[op][type];
        } else {
          b.fn = t.op[op][type];
          repeat(i.a), repeat(i.b), repeat(i.c);
        }
        b.weight = op_info(i.op).ulp_f8 > 0 ? 16 : 1;
        p.weight += b.weight;
        b.warns = warnings_of(i.op, i.type);
        b.always_ask = b.warns && !is_inexact(i.type);
        if (b.warns && !b.always_ask) {
          b.results_tell = warn_in_results(i.op, i.type);
          const DType result = op_output_type(i.op, i.type);
          b.special = t.special[static_cast<int>(real_of(result))];
          b.parts = is_complex(result) ? 2 : 1;
        }
      }
    }
    if (i.code == KCode::cast && cast_may_warn(k.value_types[i.a], i.type)) {
      b.warns = kWarnInvalid | kWarnOver;
      b.always_ask = !cast_raises_flags(k.value_types[i.a], i.type);
    }
    p.code.push_back(b);
  }
  for (const KReduce& r : k.reduces) kept[r.value] = true, repeat(r.value);

  std::vector<int> uses(n);
  for (const KInstr& i : k.code)
    for (int16_t v : {i.a, i.b, i.c})
      if (v >= 0) ++uses[v];
  for (const KStore& s : k.stores) ++uses[s.value];
  for (const KReduce& r : k.reduces) ++uses[r.value];
  offer_pairs(p, uses);
  offer_beside(p);
  for (const BlockInstr& b : p.code) {
    if (b.first >= 0)
      for (int16_t v : b.with) repeat(v);
    if (b.beside >= 0)
      for (int16_t v : {b.a, p.code[b.beside].a, p.code[b.beside].b}) repeat(v);
  }
  for (size_t at = 0; at < p.code.size(); ++at)
    for (int16_t v : {p.code[at].a, p.code[at].b, p.code[at].c})
      if (v >= 0) last[v] = static_cast<int>(at);

  // A value that is stored can be computed in place, in the slot's memory, when nothing reads what was there afterwards.
  std::vector<int> load_end(k.slots.size(), -1), stores_of(n);
  for (const KStore& s : k.stores) ++stores_of[s.value];
  for (const KInstr& i : k.code)
    if (i.code == KCode::load)
      load_end[i.aux] = std::max(load_end[i.aux], kept[i.dst] || stores_of[i.dst] ? 1 << 20 : last[i.dst]);
  for (const KInstr& i : k.code)
    if (i.code == KCode::gather) load_end[i.aux] = 1 << 20;
  std::vector<int> defined_at(n, -1);
  for (size_t at = 0; at < p.code.size(); ++at) defined_at[p.code[at].dst] = static_cast<int>(at);
  for (const KStore& s : k.stores) {
    const KInstr& d = *def[s.value];
    const bool computed = d.code == KCode::op || d.code == KCode::cast;
    if (computed && p.direct_slot[s.value] < 0 && load_end[s.slot] <= defined_at[s.value]) {
      p.direct_slot[s.value] = s.slot;
      p.direct.push_back(s.value);
    } else {
      p.copies.push_back(s);
      repeat(s.value);
    }
    // Also with a direct slot: a block of several short rows is not dense there, and waits in the register for the end.
    kept[s.value] = true;
  }
  for (int v = 0; v < n; ++v)
    if (kept[v]) last[v] = 1 << 20;
  withdraw_pairs(p);
  for (size_t at = 0; at < p.code.size(); ++at) {
    const BlockInstr& b = p.code[at];
    const auto outlives = [&](int16_t v) {
      if (v >= 0) last[v] = std::max(last[v], static_cast<int>(at));
    };
    if (b.first >= 0) std::for_each(b.with, b.with + 3, outlives);
    if (b.beside >= 0) outlives(p.code[b.beside].a), outlives(p.code[b.beside].b);
  }

  for (BlockInstr& b : p.code) {
    b.held = b.code == Code::load && kept[b.dst] && k.slots[b.aux].stored;
    p.askable &= !b.always_ask;
    p.loops += b.code == Code::loop;
    p.straight &= b.code == Code::loop || (b.code == Code::load && !b.held);
  }

  // The last read of memory may gather into what it is stored to, where nothing is read.
  const auto reads = [](const BlockInstr& b) { return b.code == Code::load || b.code == Code::gather; };
  if (const auto load = std::find_if(p.code.rbegin(), p.code.rend(), reads); load != p.code.rend() && load->code == Code::load)
    for (const KStore& s : p.copies)
      if (s.value == load->dst && !k.slots[s.slot].loaded) load->into = s.slot;

  std::vector<int16_t> free;
  const auto take = [&] {
    if (free.empty()) return static_cast<int16_t>(p.nregs++);
    const int16_t r = free.back();
    free.pop_back();
    return r;
  };
  for (int v = 0; v < n; ++v)
    if (scalar[v] && fill[v]) {
      p.reg[v] = take();
      p.filled.push_back(static_cast<int16_t>(v));
    }
  for (size_t at = 0; at < p.code.size(); ++at) {
    BlockInstr& b = p.code[at];
    const int dst_item = item_size(k.value_types[b.dst]);
    int16_t dying[3];
    int nd = 0;
    for (int16_t v : {b.a, b.b, b.c})
      if (v >= 0 && !scalar[v] && last[v] == static_cast<int>(at) && std::find(dying, dying + nd, v) == dying + nd)
        dying[nd++] = v;
    // What may warn keeps its operands until it was asked: see Frame::checked.
    const bool in_place = b.code == Code::loop && !b.warns;
    for (int j = 0; j < nd; ++j)
      if (in_place && item_size(k.value_types[dying[j]]) == dst_item) free.push_back(p.reg[dying[j]]);
    p.reg[b.dst] = take();
    for (int j = 0; j < nd; ++j)
      if (!in_place || item_size(k.value_types[dying[j]]) != dst_item) free.push_back(p.reg[dying[j]]);
    if (last[b.dst] < 0) free.push_back(p.reg[b.dst]);
  }
  ++p.nregs;
  return out;
}

std::string BlockProgram::print() const {
  std::ostringstream s;
  const auto scalar = [&](int16_t v) { return std::find(scalar_value.begin(), scalar_value.end(), v) - scalar_value.begin(); };
  const auto value = [&](int16_t v) { return reg[v] >= 0 ? "r" + std::to_string(reg[v]) : "s" + std::to_string(scalar(v)); };
  const auto type = [&](int16_t v) { return dtype_code(kernel.value_types[v]); };
  // Without the spare one.
  s << "blocks, " << nregs - 1 << " registers\n";
  for (int16_t v : filled) s << "  fill " << value(v) << ":" << type(v) << " = scalar " << scalar(v) << "\n";
  for (size_t at = 0; at < code.size(); ++at) {
    const BlockInstr& b = code[at];
    s << "  " << at << ": " << value(b.dst) << ":" << type(b.dst) << " = ";
    switch (b.code) {
      case Code::load: s << "load #" << b.aux; break;
      case Code::gather: s << "gather #" << b.aux; break;
      case Code::index: s << "index " << b.aux; break;
      case Code::loop:
        if (b.source->code == KCode::cast) s << "cast";
        else s << op_info(b.source->op).name << "." << dtype_code(b.source->type);
    }
    for (int16_t v : {b.a, b.b, b.c})
      if (v >= 0) s << " " << value(v);
    if (b.held) s << ", held";
    if (direct_slot[b.dst] >= 0) s << ", direct #" << direct_slot[b.dst];
    if (b.first >= 0) s << ", pair with " << b.first;
    if (b.inner >= 0) s << " and " << b.inner;
    if (b.beside >= 0) s << ", beside " << b.beside;
    if (b.warns) s << ", may warn";
    s << "\n";
  }
  for (const KStore& c : copies) s << "  store #" << c.slot << " " << value(c.value) << "\n";
  for (const KReduce& r : kernel.reduces)
    s << "  reduce #" << r.slot << " " << op_info(r.op).name << "." << dtype_code(r.type) << " " << value(r.value) << "\n";
  return s.str();
}

}  // namespace numloom::cpu
