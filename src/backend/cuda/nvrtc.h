// NVRTC, found at run time, and the disk cache of what it compiled. Thread safety: any thread.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace numloom::cuda {

struct HeaderText {
  const char* name;
  const char* text;
  const char* ops;  // names of the ops that need it, each with a space on both sides
};
// The scalar headers and codegen/reduction.h, embedded at build time.
const std::vector<HeaderText>& scalar_headers();

// Whether NVRTC could be opened; `why` says what is missing.
bool nvrtc_available(std::string* why = nullptr);
// 12090 for 12.9; 0 where there is none.
int nvrtc_version();

// Source text (which may include the embedded headers by name) to a cubin for `arch`, which is kept in the disk cache under `key`.
// Empty where it failed, with NVRTC's log in `log`. Another process compiles (compiler/process.h).
std::string nvrtc_compile(const std::string& text, int arch, const std::string& key, std::string* log);

// The cache folder: $NUMLOOM_CACHE_DIR or ~/.cache/numloom. It is used only if it is a directory that we own and nobody
// else may enter (mode 0700); entries only if we own them and they are whole. All failures mean "not cached".
class DiskCache {
 public:
  static std::string key(const std::string& text, int arch);
  static std::string load(const std::string& key);
};

}  // namespace numloom::cuda
