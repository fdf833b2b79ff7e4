// The processes that compile for this one (main.cpp): started when there is something to compile, each for one text at a time.
// They are nobody's children, so that a program that waits for its own never meets them, and outlive this one by at most what they
// compile then. Thread safety: any thread.
#pragma once
#include <string>
#include <vector>

namespace numloom::cuda {

struct CompileJob {
  std::string nvrtc;  // its path
  std::string cache_path;  // where the process keeps the cubin; empty: nowhere
  const char* text;
  std::vector<const char*> names, texts;  // of the headers
  std::vector<const char*> options;
};

// The cubin; empty where it failed, with NVRTC's log, or why no process could be had, in `log`.
std::string compile_elsewhere(const CompileJob& job, std::string* log);

// Lets all that wait in compile_elsewhere return at once, with nothing; so does whoever calls it later.
void stop_waiting_for_compilers();

}  // namespace numloom::cuda
