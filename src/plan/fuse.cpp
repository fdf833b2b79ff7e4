// Reads Facts and the dead; writes Groups. Leaves true: running the groups in order, each as one loop nest, gives what
// running the instructions in order gives.
//
// Every instruction goes into the earliest group that it may join and that no hazard forbids. Two instructions that touch
// one buffer, one of them writing, may share a nest only through the identical view; overlapping views need separate
// nests, disjoint ones do not know of each other.
#include <algorithm>
#include <cstdlib>

#include "plan/plan.h"

namespace numloom {
namespace {

// Views that a nest reads from copies, at the most: each is work of its own.
constexpr int kMaxNestCopies = 4;

struct Open {
  int space;            // an instruction whose iteration space is the group's
  uint32_t axes = 0;    // reduced axes, where there are reductions
  bool closed = false;  // a call, or full
  int scalars = 0;
  std::vector<int16_t> views;
  std::vector<int16_t> renamed;  // the views through which it writes new storage of their buffers
  std::vector<int16_t> copying;  // those through which it overwrites what it reads from copies
};

// The view through which the group writes new storage of this buffer; -1: none.
int16_t renamed_view(const Facts& f, const Open& g, int16_t buffer) {
  for (int16_t v : g.renamed)
    if (f.views[v].buffer == buffer) return v;
  return -1;
}

}  // namespace

int scalars_of(const Instr& instr) {
  int n = 0;
  for (int k = 0; k < instr.nin; ++k) n += !instr.in[k].buf;
  return n;
}

bool fusion_enabled() {
  static const bool on = [] {
    const char* s = std::getenv("NUMLOOM_FUSE");
    return !s || *s != '0';
  }();
  return on;
}

void fuse(const Facts& f, const std::vector<bool>& dead, Groups& out) {
  const Program& p = *f.program;
  std::vector<Open> open;
  std::vector<int16_t> group_of(p.size(), -1);
  // Who touched each buffer, in order.
  struct Access {
    int16_t instr;
    int16_t view;
    bool write;
  };
  std::vector<std::vector<Access>> accesses(f.buffers.size());

  // Legality: the first group that instruction i may be in, and why not an earlier one.
  const auto earliest = [&](int i, bool& hazard) {
    int low = 0;
    hazard = false;
    for (int k = 0; k < 4; ++k) {
      const int16_t v = f.view_of[i][k];
      if (v < 0) continue;
      const bool write = k == 0;
      for (const Access& a : accesses[f.views[v].buffer]) {
        if (!a.write && !write) continue;
        const int g = group_of[a.instr];
        if (g < low) continue;
        if (const int16_t w = write ? renamed_view(f, open[g], f.views[v].buffer) : int16_t{-1}; w >= 0) {
          // Written again as a whole: what was read before was read from the old storage.
          if (w == v) low = g;
          else low = g + 1, hazard = true;
          continue;
        }
        const std::vector<int16_t>& copying = open[g].copying;
        if (write && !a.write && a.view != v && std::find(copying.begin(), copying.end(), v) != copying.end()) {
          low = g;  // if it overlaps, it is read from a copy
        } else if (a.view == v) {
          // The value of a reduction or a call is there only after its nest; a written view of repeated elements never
          // shares one.
          const bool whole =
              p[a.instr].kind < Kind::reduce && p[i].kind <= Kind::reduce && (write ? p[i].kind < Kind::reduce : true);
          const bool gathers = (p[i].kind == Kind::gather && k == 1) || (p[a.instr].kind == Kind::gather && !a.write);
          const int need = whole && !gathers ? g : g + 1;
          if (need > low) low = need, hazard |= need == g + 1;
        } else if (f.overlap(a.view, v)) {
          if (g + 1 > low) low = g + 1, hazard = true;
        }
      }
    }
    return low;
  };
  // How i may join the group before `low`, which makes what i writes and reads what i overwrites at other positions: these are
  // read from copies where they are small, else i writes to new storage of its buffer.
  enum class Apart : uint8_t { no, copying, renaming };
  const auto apart = [&](int i, int low) {
    const int16_t v = f.view_of[i][0];
    const int g = low - 1;
    if (g < 0 || p[i].kind != Kind::map || !fusion_enabled() || open[g].closed ||
        !same_shape(p[open[g].space].space(), p[i].space()))
      return Apart::no;
    bool rename = f.views[v].nearly_all, copy = true;
    int16_t copied[kMaxNestCopies];
    int ncopied = 0;
    for (const Access& a : accesses[f.views[v].buffer]) {
      if (group_of[a.instr] < g) continue;
      const bool later = group_of[a.instr] > g;
      rename &= !later && !a.write;
      if (a.view != v && !f.overlap(a.view, v)) continue;
      copy &= !later && !a.write && !f.views[a.view].anywhere && (a.view != v || p[a.instr].kind < Kind::reduce);
      if (a.view == v || !copy || std::find(copied, copied + ncopied, a.view) != copied + ncopied) continue;
      copy = ncopied < kMaxNestCopies && f.minor(a.view, v);
      if (copy) copied[ncopied++] = a.view;
    }
    bool made_here = false;
    for (int k = 1; k < 4; ++k) {
      const int16_t in = f.view_of[i][k];
      if (in < 0) continue;
      const BufferFacts& b = f.buffers[f.views[in].buffer];
      for (const Access& a : accesses[f.views[in].buffer]) {
        if (!a.write) continue;
        // As for any other member of the group.
        if (group_of[a.instr] > g) return Apart::no;
        if (group_of[a.instr] < g) continue;
        if (a.view != in ? f.overlap(a.view, in) : p[a.instr].kind >= Kind::reduce) return Apart::no;
        made_here |= a.view == in && b.fresh && !b.live_out;
      }
    }
    if (!made_here) return Apart::no;
    return copy && ncopied > 0 ? Apart::copying : rename ? Apart::renaming : Apart::no;
  };
  // Cost: whether sharing a nest helps. Loop nests over one space always do, until registers run out.
  const auto refuse = [&](const Open& g, int i) {
    const Instr& in = p[i];
    if (g.closed || !in.fusable() || !fusion_enabled()) return Refusal::size;
    if (!same_shape(p[g.space].space(), in.space())) return Refusal::shape;
    if (in.kind == Kind::reduce && g.axes && g.axes != in.axes) return Refusal::axes;
    return Refusal::none;
  };

  for (int i = 0; i < p.size(); ++i) {
    if (dead[i]) continue;
    bool hazard;
    const int low = earliest(i, hazard);
    int chosen = -1;
    if (const Apart how = hazard ? apart(i, low) : Apart::no; how != Apart::no) {
      chosen = low - 1;
      const bool rename = how == Apart::renaming;
      (rename ? open[chosen].renamed : open[chosen].copying).push_back(f.view_of[i][0]);
      (rename ? out.renaming : out.copying).push_back(static_cast<int16_t>(i));
      hazard = false;
    }
    if (hazard) ++out.refusals[static_cast<int>(Refusal::hazard)];
    for (int g = low; chosen < 0 && g < static_cast<int>(open.size()); ++g) {
      const Refusal r = refuse(open[g], i);
      if (r == Refusal::none) {
        chosen = g;
        break;
      }
      ++out.refusals[static_cast<int>(r)];
    }
    if (chosen < 0) {
      chosen = static_cast<int>(open.size());
      open.push_back({i, 0, !p[i].fusable(), 0, {}, {}, {}});
      out.groups.emplace_back();
    }
    Open& g = open[chosen];
    if (p[i].kind == Kind::reduce) g.axes = p[i].axes;
    out.groups[chosen].push_back(static_cast<int16_t>(i));
    group_of[i] = static_cast<int16_t>(chosen);
    for (int k = 0; k < 4; ++k) {
      const int16_t v = f.view_of[i][k];
      if (v < 0) continue;
      accesses[f.views[v].buffer].push_back({static_cast<int16_t>(i), v, k == 0});
      const BufferFacts& b = f.buffers[f.views[v].buffer];
      if ((!b.fresh || b.live_out) && std::find(g.views.begin(), g.views.end(), v) == g.views.end()) g.views.push_back(v);
    }
    g.scalars += scalars_of(p[i]);
    constexpr int kMostOfOne = 3;
    if (out.groups[chosen].size() >= kMaxNestInstrs || g.views.size() >= kMaxNestViews ||
        g.scalars + kMostOfOne > kMaxNestScalars)
      g.closed = true;
  }
}

}  // namespace numloom
