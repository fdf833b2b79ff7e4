// Reads Facts and Groups; writes the plan's steps. Leaves true: Kernel::verify of every kernel; a value is stored only
// where someone can see its buffer later, in another step or after the program.
#include <algorithm>
#include <map>

#include "plan/plan.h"

namespace numloom {
namespace {

class Lowering {
 public:
  Lowering(const Facts& f, const std::vector<int16_t>& group, const std::vector<bool>& contracted, const Groups& groups,
           Step& step)
      : f_(f), p_(*f.program), group_(group), contracted_(contracted), groups_(groups), step_(step), k_(step.kernel) {}

  void run() {
    step_.instr = group_[0];
    step_.instrs = group_;
    for (int16_t i : group_) lower(i);
    for (auto& [view, value] : current_) {
      if (!stored_[view] || contracted_[f_.views[view].buffer]) continue;
      const OperandRef by = written_by_[view];
      int16_t s;
      const bool renamed = any_here(groups_.renaming, [&, view = view](int16_t i) { return f_.view_of[i][0] == view; });
      if (renamed) {
        // Not the slot that the old values are loaded from.
        s = static_cast<int16_t>(k_.slots.size());
        k_.slots.push_back({f_.views[view].operand->dtype, false, false});
        step_.slots.push_back(by);
        step_.renamed.push_back(s);
      } else {
        s = slot(view, by);
      }
      k_.slots[s].stored = true;
      k_.stores.push_back({value, s});
    }
    for (const auto& [view, s] : slots_)
      if (any_here(groups_.copying,
                   [&, view = view](int16_t i) { return f_.view_of[i][0] != view && f_.overlap(f_.view_of[i][0], view); }))
        step_.copied.push_back(s);
    // By slot: the order of a map's keys is the order in which views were numbered, so this is deterministic.
    drop_unused();
    k_.finish();
  }

 private:
  // Whether `holds` for one of these instructions that is in this group.
  template <class Holds>
  bool any_here(const std::vector<int16_t>& instrs, Holds holds) const {
    return std::any_of(instrs.begin(), instrs.end(),
                       [&](int16_t i) { return holds(i) && std::binary_search(group_.begin(), group_.end(), i); });
  }

  void lower(int16_t i) {
    const Instr& in = p_[i];
    origin_ = i;
    int16_t v = -1;
    switch (in.kind) {
      case Kind::map: {
        int16_t a[3] = {-1, -1, -1};
        for (int k = 0; k < in.nin; ++k) a[k] = cast(operand(i, k), op_input_type(in.op, in.type, k));
        v = in.op == Op::copy ? a[0]
                              : emit({KCode::op, in.type, in.op, -1, a[0], a[1], a[2], -1, i}, op_output_type(in.op, in.type));
        break;
      }
      case Kind::index:
        v = emit({KCode::index, DType::i8, Op::none, -1, -1, -1, -1, static_cast<int16_t>(in.axis), i}, DType::i8);
        break;
      case Kind::gather: {
        const int16_t at = cast(operand(i, 1), DType::i8);
        const int16_t s = slot(f_.view_of[i][1], {i, 1});
        k_.slots[s].loaded = true;
        v = emit({KCode::gather, in.in[0].dtype, Op::none, -1, at, -1, -1, s, i}, in.in[0].dtype);
        break;
      }
      case Kind::reduce: {
        const int16_t value = cast(operand(i, 0), in.type);
        const int16_t s = slot(f_.view_of[i][0], {i, 0});
        k_.slots[s].stored = true;
        k_.reduces.push_back({in.op, in.type, value, s, i});
        k_.reduced_axes = in.axes;
        return;
      }
      default: break;
    }
    v = cast(v, in.out.dtype);
    const int16_t view = f_.view_of[i][0];
    current_[view] = v;
    stored_[view] = true;
    written_by_[view] = {i, 0};
  }

  // The value of input k of instruction i.
  int16_t operand(int16_t i, int k) {
    const Operand& o = p_[i].in[k];
    if (!o.buf) {
      step_.scalars.push_back({i, static_cast<int8_t>(k + 1)});
      return emit({KCode::scalar, o.dtype, Op::none, -1, -1, -1, -1, static_cast<int16_t>(k_.nscalars++), i}, o.dtype);
    }
    const int16_t view = f_.view_of[i][k + 1];
    if (auto it = current_.find(view); it != current_.end()) return it->second;
    const int16_t s = slot(view, {i, static_cast<int8_t>(k + 1)});
    k_.slots[s].loaded = true;
    const int16_t v = emit({KCode::load, o.dtype, Op::none, -1, -1, -1, -1, s, i}, o.dtype);
    current_[view] = v;
    return v;
  }

  int16_t slot(int16_t view, OperandRef ref) {
    if (auto it = slots_.find(view); it != slots_.end()) return it->second;
    const auto s = static_cast<int16_t>(k_.slots.size());
    k_.slots.push_back({f_.views[view].operand->dtype, false, false});
    step_.slots.push_back(ref);
    slots_[view] = s;
    return s;
  }

  int16_t cast(int16_t v, DType to) {
    if (k_.value_types[v] == to) return v;
    return emit({KCode::cast, to, Op::none, -1, v, -1, -1, -1, origin_}, to);
  }

  // Equal instructions on equal values are one value.
  int16_t emit(KInstr in, DType type) {
    if (in.code != KCode::scalar)
      for (const KInstr& o : k_.code)
        if (o.code == in.code && o.type == in.type && o.op == in.op && o.a == in.a && o.b == in.b && o.c == in.c &&
            o.aux == in.aux)
          return o.dst;
    in.dst = static_cast<int16_t>(k_.value_types.size());
    k_.value_types.push_back(type);
    k_.code.push_back(in);
    return in.dst;
  }

  // Loads of values that were overwritten before anyone used them, and the like.
  void drop_unused() {
    std::vector<bool> used(k_.value_types.size());
    for (const KStore& s : k_.stores) used[s.value] = true;
    for (const KReduce& r : k_.reduces) used[r.value] = true;
    for (auto it = k_.code.rbegin(); it != k_.code.rend(); ++it) {
      if (!used[it->dst]) continue;
      for (int16_t v : {it->a, it->b, it->c})
        if (v >= 0) used[v] = true;
    }
    std::erase_if(k_.code, [&](const KInstr& i) { return !used[i.dst]; });
    // Numbers are dense again: backends index by them.
    std::vector<int16_t> value(used.size(), -1), slot(k_.slots.size(), -1), scalar(step_.scalars.size(), -1);
    std::vector<DType> types;
    std::vector<KSlot> slots;
    std::vector<OperandRef> refs, scalars;
    for (KSlot& s : k_.slots) s.loaded = false;
    for (KInstr& i : k_.code) {
      value[i.dst] = static_cast<int16_t>(types.size());
      types.push_back(k_.value_types[i.dst]);
      if (i.code == KCode::load || i.code == KCode::gather) k_.slots[i.aux].loaded = true;
      if (i.code == KCode::scalar) {
        scalar[i.aux] = static_cast<int16_t>(scalars.size());
        scalars.push_back(step_.scalars[i.aux]);
        i.aux = scalar[i.aux];
      }
      i.dst = value[i.dst];
      for (int16_t* v : {&i.a, &i.b, &i.c})
        if (*v >= 0) *v = value[*v];
    }
    for (size_t s = 0; s < k_.slots.size(); ++s)
      if (k_.slots[s].loaded || k_.slots[s].stored) {
        slot[s] = static_cast<int16_t>(slots.size());
        slots.push_back(k_.slots[s]);
        refs.push_back(step_.slots[s]);
      }
    for (KInstr& i : k_.code)
      if (i.code == KCode::load || i.code == KCode::gather) i.aux = slot[i.aux];
    for (std::vector<int16_t>* list : {&step_.renamed, &step_.copied}) {
      for (int16_t& s : *list) s = slot[s];
      std::erase(*list, int16_t{-1});
    }
    for (KStore& s : k_.stores) s = {value[s.value], slot[s.slot]};
    for (KReduce& r : k_.reduces) r.value = value[r.value], r.slot = slot[r.slot];
    k_.value_types = std::move(types);
    k_.slots = std::move(slots);
    k_.nscalars = static_cast<int>(scalars.size());
    step_.slots = std::move(refs);
    step_.scalars = std::move(scalars);
  }

  const Facts& f_;
  const Program& p_;
  const std::vector<int16_t>& group_;
  const std::vector<bool>& contracted_;
  const Groups& groups_;
  Step& step_;
  Kernel& k_;
  int32_t origin_ = -1;
  std::map<int16_t, int16_t> current_, slots_;  // by view: its value now, its slot
  std::map<int16_t, bool> stored_;
  std::map<int16_t, OperandRef> written_by_;
};

}  // namespace

void lower(const Facts& f, const Groups& g, Plan& plan) {
  const Program& p = *f.program;
  // A buffer that nobody sees afterwards, touched by one loop nest only, needs no memory.
  std::vector<int> home(f.buffers.size(), -1);  // the group that touches it; -2: several, or a reduction, call or gather does
  for (size_t n = 0; n < g.groups.size(); ++n)
    for (int16_t i : g.groups[n])
      for (int k = 0; k < 4; ++k) {
        const int16_t v = f.view_of[i][k];
        if (v < 0) continue;
        int& h = home[f.views[v].buffer];
        const bool in_memory =
            !p[i].fusable() || (p[i].kind == Kind::reduce && k == 0) || (p[i].kind == Kind::gather && k == 1);
        h = (h == -1 || h == static_cast<int>(n)) && !in_memory ? static_cast<int>(n) : -2;
      }
  std::vector<bool> contracted(f.buffers.size());
  for (size_t b = 0; b < f.buffers.size(); ++b) {
    contracted[b] = home[b] >= 0 && !f.buffers[b].live_out && f.buffers[b].fresh;
    if (contracted[b]) plan.contracted.push_back(static_cast<int16_t>(b));
  }
  for (const auto& group : g.groups) {
    Step& step = plan.steps.emplace_back();
    if (!p[group[0]].fusable()) {
      step.is_call = true;
      step.instr = group[0];
      step.instrs = group;
      continue;
    }
    plan.fused += static_cast<int>(group.size());
    Lowering(f, group, contracted, g, step).run();
  }
}

}  // namespace numloom
