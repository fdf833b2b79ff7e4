// Reads Facts, the dead and Groups; moves instructions to the one later group that uses their value. Leaves true what fuse()
// leaves true, and that no value is stored for a later nest which could compute it from at most as much memory.
//
// Fusing puts an instruction into the earliest nest of its shape, since its operands may be in that nest's registers. Where
// they are in memory anyway, its value is better made where it is used: there it needs no memory. (`p = a + h * f` in a loop
// over p would otherwise store as many copies of h * f as the program has turns.)
#include <algorithm>

#include "plan/plan.h"

namespace numloom {
namespace {

// Traffic by element, in its bytes; a store reads its lines too.
constexpr int kLoad = 1, kStoreAndLoad = 3;

struct Access {
  int16_t instr, view;
  bool write;
};

class Sink {
 public:
  Sink(const Facts& f, const std::vector<bool>& dead, Groups& g)
      : f_(f), p_(*f.program), groups_(g.groups), group_of_(p_.size(), -1), accesses_(f.buffers.size()), sunk_(p_.size()) {
    for (size_t n = 0; n < groups_.size(); ++n)
      for (int16_t i : groups_[n]) group_of_[i] = static_cast<int16_t>(n);
    for (int i = 0; i < p_.size(); ++i) {
      if (dead[i]) continue;
      for (int k = 0; k < 4; ++k)
        if (const int16_t v = f.view_of[i][k]; v >= 0)
          accesses_[f.views[v].buffer].push_back({static_cast<int16_t>(i), v, k == 0});
    }
  }

  void run() {
    for (int i = p_.size() - 1; i >= 0; --i)
      if (group_of_[i] >= 0) consider(static_cast<int16_t>(i));
    std::erase_if(groups_, [](const std::vector<int16_t>& g) { return g.empty(); });
  }

 private:
  bool plain(int16_t i) const { return p_[i].kind == Kind::map || p_[i].kind == Kind::index; }
  const std::vector<Access>& accesses(int16_t view) const { return accesses_[f_.views[view].buffer]; }

  // Whether i alone writes its buffer, which nobody sees otherwise, and `reader` holds for all that read it, as it was written.
  template <class Reader>
  bool temporary(int16_t i, Reader reader) const {
    const int16_t out = f_.view_of[i][0];
    const BufferFacts& b = f_.buffers[f_.views[out].buffer];
    if (!b.fresh || b.live_out || !plain(i)) return false;
    bool any = false;
    for (const Access& a : accesses(out)) {
      if (a.write ? a.instr != i : a.view != out || !reader(a.instr)) return false;
      any |= !a.write;
    }
    return any;
  }

  void consider(int16_t root) {
    const int16_t from = group_of_[root];
    int16_t to = -1;
    if (!temporary(root, [&](int16_t r) {
          // Gathers read their source from memory, and so do calls; the index of a gather is a value as others are.
          if (!p_[r].fusable() || (p_[r].kind == Kind::gather && f_.view_of[r][1] == f_.view_of[root][0])) return false;
          if (to < 0) to = group_of_[r];
          return group_of_[r] == to;
        }))
      return;
    if (to == from || !same_shape(p_[root].space(), p_[groups_[to][0]].space())) return;

    // With it goes what only it needs.
    std::vector<int16_t> moved = {root};
    sunk_[root] = true;
    for (auto it = groups_[from].rbegin(); it != groups_[from].rend(); ++it)
      if (*it < root && temporary(*it, [&](int16_t r) { return static_cast<bool>(sunk_[r]); })) {
        sunk_[*it] = true;
        moved.push_back(*it);
      }
    if (worthwhile(moved, from, to)) {
      std::vector<int16_t>& target = groups_[to];
      std::erase_if(groups_[from], [&](int16_t i) { return sunk_[i]; });
      target.insert(target.end(), moved.begin(), moved.end());
      std::sort(target.begin(), target.end());
      for (int16_t i : moved) group_of_[i] = to;
    }
    for (int16_t i : moved) sunk_[i] = false;
  }

  bool worthwhile(const std::vector<int16_t>& moved, int16_t from, int16_t to) const {
    if (groups_[to].size() + moved.size() > kMaxNestInstrs) return false;
    int scalars = 0;
    for (int16_t i : moved) scalars += scalars_of(p_[i]);
    for (int16_t i : groups_[to]) scalars += scalars_of(p_[i]);
    if (scalars > kMaxNestScalars) return false;
    std::vector<int16_t> leaves;
    for (int16_t i : moved)
      for (int k = 1; k < 4; ++k) {
        const int16_t v = f_.view_of[i][k];
        if (v < 0) continue;
        bool inside = false;
        for (const Access& a : accesses(v)) {
          inside |= a.write && sunk_[a.instr];
          if (!a.write || a.instr <= i || (a.view != v && !f_.overlap(a.view, v))) continue;
          // It would see what is written there meanwhile. In its new nest it comes first, element by element.
          if (group_of_[a.instr] < to || (group_of_[a.instr] == to && a.view != v)) return false;
        }
        if (!inside && std::find(leaves.begin(), leaves.end(), v) == leaves.end()) leaves.push_back(v);
      }
    int cost = 0;
    size_t views = leaves.size();
    for (int16_t v : leaves) {
      const BufferFacts& b = f_.buffers[f_.views[v].buffer];
      bool there = false, in_memory = !b.fresh || b.live_out;
      for (const Access& a : accesses(v)) {
        there |= group_of_[a.instr] == to && a.view == v;
        in_memory |= group_of_[a.instr] != from;
      }
      if (!there) cost += (in_memory ? kLoad : kStoreAndLoad) * item_size(f_.views[v].operand->dtype);
    }
    // As good is good enough: the next one that needs the same operand finds it in memory.
    if (cost > kStoreAndLoad * item_size(p_[moved[0]].out.dtype)) return false;
    std::vector<int16_t> seen;
    for (int16_t i : groups_[to])
      for (int16_t v : f_.view_of[i])
        if (v >= 0 && std::find(seen.begin(), seen.end(), v) == seen.end()) {
          seen.push_back(v);
          const BufferFacts& b = f_.buffers[f_.views[v].buffer];
          views += !b.fresh || b.live_out;
        }
    return views <= kMaxNestViews;
  }

  const Facts& f_;
  const Program& p_;
  std::vector<std::vector<int16_t>>& groups_;
  std::vector<int16_t> group_of_;
  std::vector<std::vector<Access>> accesses_;  // by buffer, in program order
  std::vector<bool> sunk_;                     // scratch of consider()
};

}  // namespace

void sink(const Facts& f, const std::vector<bool>& dead, Groups& groups) {
  if (fusion_enabled()) Sink(f, dead, groups).run();
}

}  // namespace numloom
