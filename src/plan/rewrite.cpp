// Reads Facts; marks instructions whose results nobody can see. Leaves true: what a living instruction reads is written
// by living ones. (Common subexpressions and cast merging happen while lowering, where values have names.)
#include "plan/plan.h"

namespace numloom {

void mark_dead(const Facts& f, std::vector<bool>& dead) {
  const Program& p = *f.program;
  std::vector<bool> wanted(f.buffers.size());
  for (size_t b = 0; b < f.buffers.size(); ++b) wanted[b] = f.buffers[b].live_out;
  dead.assign(p.size(), false);
  for (int i = p.size() - 1; i >= 0; --i) {
    if (!wanted[f.views[f.view_of[i][0]].buffer]) {
      dead[i] = true;
      continue;
    }
    for (int k = 1; k <= 3; ++k)
      if (f.view_of[i][k] >= 0) wanted[f.views[f.view_of[i][k]].buffer] = true;
  }
}

}  // namespace numloom
