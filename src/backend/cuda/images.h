// The kernels compiled at build time. One module for each source, loaded when first asked for: the image built for this
// architecture or an older one of its generation; where there is none, the source is compiled once (into the disk cache).
// Thread safety: under the engine lock.
#pragma once
#include <string>
#include <unordered_map>

#include "backend/cuda/driver.h"

namespace numloom::cuda {

class Images {
 public:
  // Throws runtime_error. `source`: "interp", "stream" or "calls".
  CUfunction function(const char* source, const std::string& name);

 private:
  CUmodule module(const char* source);
  std::unordered_map<std::string, CUmodule> modules_;
  std::unordered_map<std::string, CUfunction> functions_;
};

}  // namespace numloom::cuda
