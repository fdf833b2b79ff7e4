// Until the CUDA backend lands (its definitions win over these); then deleted.
#include "backend/backend.h"
#include "numloom/error.h"
namespace numloom {
__attribute__((weak)) Backend& cuda_backend() { throw runtime_error("CUDA support was not built"); }
__attribute__((weak)) bool cuda_available(std::string* why) { if (why) *why = "CUDA support was not built"; return false; }
}
