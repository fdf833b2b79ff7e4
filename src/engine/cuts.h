// Where a program is cut when a soft limit is reached: at the same phase of a loop each time, so that its turns make the
// same programs and planning them costs nothing. Not thread-safe: the engine lock guards it.
//
// A loop's period is read from the forms of what was recorded since the last flush that ran everything (such a flush is a
// phase by itself). A period that fits the limit: whole periods run, the rest stays. A longer one: the end of each is a cut,
// and equal pieces lie between.
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

namespace numloom {

class Cuts {
 public:
  void recorded(uint32_t form) {
    if (forms_.size() == 2 * kHistory) forms_.erase(forms_.begin(), forms_.begin() + kHistory);
    forms_.push_back(form);
    ++fresh_;
  }
  // So many unrun instructions make a cut.
  int64_t limit(int64_t soft) const { return piece_ < soft ? piece_ : soft; }
  // How many of n unrun instructions, the last ones recorded, are to run now. 0 < result <= n.
  int cut(int n, int64_t soft);
  // Everything ran.
  void restart();

 private:
  static constexpr int kHistory = 4096;  // bodies of up to about 2/3 of this are recognised

  int period();
  int search();

  std::vector<uint32_t> forms_;
  int period_ = 0;           // found last
  int reach_ = 0;            // how far back it holds
  int fresh_ = 0;            // forms recorded since
  int64_t to_boundary_ = 0;  // instructions until the end of a body longer than the limit; 0 where there is none
  int64_t piece_ = std::numeric_limits<int64_t>::max();
  std::vector<int> repeats_;  // scratch of search()
};

}  // namespace numloom
