// Picks the loops for this CPU.
#include "backend/cpu/loops.h"

#include <cstdlib>
#include <string>
#include <string_view>

#include "loops_fill.h"  // generated: fill_loops_v3, fill_loops_v4
#include "numloom/error.h"

namespace numloom {
namespace {

bool cpu_has_v3() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

bool cpu_has_v4() {
  return cpu_has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

std::string_view level() {
  if (!cpu_has_v3())
    throw runtime_error("this CPU lacks AVX2 or FMA: Numloom needs an x86-64-v3 processor (Haswell, Zen or newer)");
  const char* forced = std::getenv("NUMLOOM_CPU_LEVEL");
  if (forced == nullptr || *forced == '\0') return cpu_has_v4() ? "v4" : "v3";
  const std::string_view want = forced;
  if (want == "v3") return want;
  if (want != "v4") throw runtime_error("NUMLOOM_CPU_LEVEL is '" + std::string(want) + "'; it may be v3 or v4");
  if (!cpu_has_v4()) throw runtime_error("NUMLOOM_CPU_LEVEL is v4, but this CPU has no AVX-512 (F, BW, CD, DQ, VL)");
  return want;
}

LoopTable make() {
  LoopTable t{};
  if (level() == "v4") {
    t.level = "v4";
    fill_loops_v4(t);
  } else {
    t.level = "v3";
    fill_loops_v3(t);
  }
  return t;
}

}  // namespace

const LoopTable& loops() {
  static const LoopTable table = make();
  return table;
}

}  // namespace numloom
