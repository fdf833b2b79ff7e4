#include "plan/plan.h"

#include <sstream>

namespace numloom {

std::unique_ptr<Plan> make_plan(const Facts& facts) {
  auto plan = std::make_unique<Plan>();
  std::vector<bool> dead;
  mark_dead(facts, dead);
  for (size_t i = 0; i < dead.size(); ++i)
    if (dead[i]) plan->dead.push_back(static_cast<int16_t>(i));
  Groups groups;
  fuse(facts, dead, groups);
  std::copy(std::begin(groups.refusals), std::end(groups.refusals), plan->refusals);
  sink(facts, dead, groups);
  lower(facts, groups, *plan);
#ifdef NUMLOOM_VERIFY
  for (const Step& s : plan->steps)
    if (!s.is_call) s.kernel.verify();
#endif
  return plan;
}

const Plan& PlanCache::find(const Facts& facts) {
  auto& bucket = table_[facts.hash % table_.size()];
  if (enabled)
    for (Entry& e : bucket)
      if (e.key == facts.key) {
        ++hits;
#ifdef NUMLOOM_VERIFY
        if (make_plan(facts)->print() != e.plan->print()) throw std::logic_error("plan cache: one key, two plans");
#endif
        return *e.plan;
      }
  ++misses;
  if (!enabled || ++entries_ > 4096) {
    // Bounded: a program whose form never repeats must not grow without end.
    for (auto& b : table_) b.clear();
    entries_ = 1;
  }
  bucket.push_back({facts.key, make_plan(facts)});
  return *bucket.back().plan;
}

std::string Plan::print() const {
  static constexpr const char* kWhy[] = {"", "hazard", "shape", "axes", "size"};
  std::ostringstream s;
  int n = 0;
  for (const Step& step : steps) {
    s << "step " << n++ << (step.is_call ? ": call" : ": kernel") << ", instructions";
    for (int16_t i : step.instrs) s << " " << i;
    for (int16_t slot : step.renamed) s << ", new storage #" << slot;
    for (int16_t slot : step.copied) s << ", copy of #" << slot;
    s << "\n";
    if (!step.is_call) s << step.kernel.print();
  }
  if (!dead.empty()) {
    s << "dead:";
    for (int16_t i : dead) s << " " << i;
    s << "\n";
  }
  s << "never stored: " << contracted.size() << " buffers; refused:";
  for (int r = 1; r < kRefusals; ++r) s << " " << kWhy[r] << " " << refusals[r];
  s << "\n";
  return s.str();
}

}  // namespace numloom
