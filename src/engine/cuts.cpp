#include "engine/cuts.h"

#include <algorithm>
#include <utility>

namespace numloom {

// The period that was found, where all that was recorded since repeats it; else the one that holds furthest back.
int Cuts::period() {
  const auto since = static_cast<size_t>(std::exchange(fresh_, 0)), p = static_cast<size_t>(period_);
  const bool holds =
      p > 0 && since + p <= forms_.size() && std::equal(forms_.end() - since, forms_.end(), forms_.end() - since - p);
  if (holds) reach_ += static_cast<int>(since);
  else period_ = search();
  return period_;
}

// The period that holds furthest back from the end; the least of those. It was seen at least once and a half: waiting for two
// whole occurrences would plan a long body one turn later. 0 where nothing repeats.
int Cuts::search() {
  // repeats_[p]: so many last forms equal those p before them. The Z-function of the reversed sequence, in linear time.
  const int m = static_cast<int>(std::min<size_t>(forms_.size(), kHistory));
  const uint32_t* end = forms_.data() + forms_.size() - 1;
  const auto at = [end](int i) { return end[-i]; };
  repeats_.assign(static_cast<size_t>(m), 0);
  int best = 0;
  reach_ = 0;
  for (int p = 1, left = 0, right = 0; p < m; ++p) {
    int same = p < right ? std::min(right - p, repeats_[p - left]) : 0;
    while (p + same < m && at(same) == at(p + same)) ++same;
    repeats_[p] = same;
    if (p + same > right) left = p, right = p + same;
    if (2 * same >= p && p + same > reach_) best = p, reach_ = p + same;
  }
  return best;
}

int Cuts::cut(int n, int64_t soft) {
  if (to_boundary_ > 0) to_boundary_ -= n;
  int take = n;
  if (to_boundary_ <= 0) {
    to_boundary_ = 0;
    const int p = period();
    if (p > n) {
      to_boundary_ = p;
    } else if (p > 0) {
      const int reach = std::min(reach_, n);
      take = n - reach + reach / p * p;
    }
  }
  piece_ = std::numeric_limits<int64_t>::max();
  if (to_boundary_ > 0) {
    const int64_t pieces = (to_boundary_ + soft - 1) / soft;
    piece_ = (to_boundary_ + pieces - 1) / pieces;
  }
  return take;
}

void Cuts::restart() {
  forms_.clear();
  period_ = fresh_ = reach_ = 0;
  to_boundary_ = 0;
  piece_ = std::numeric_limits<int64_t>::max();
}

}  // namespace numloom
