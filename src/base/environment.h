// The NUMLOOM_* variables that hold a number. Read once by their users, which keep the value.
// Thread safety: as std::getenv's (nobody here changes the environment).
#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace numloom {

// The variable's value, "inf" being the largest; `otherwise` if it is not set or is no number.
inline int64_t environment_number(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  if (!text || !*text) return otherwise;
  if (std::strcmp(text, "inf") == 0) return std::numeric_limits<int64_t>::max();
  char* end = nullptr;
  const int64_t value = std::strtoll(text, &end, 10);
  return *end ? otherwise : value;
}

}  // namespace numloom
