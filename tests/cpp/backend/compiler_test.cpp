// The processes that compile: with the NVRTC that the build itself used.
#include "backend/cuda/compiler/process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace numloom::cuda {
namespace {

CompileJob job(const char* text) {
  CompileJob j;
  j.nvrtc = NUMLOOM_NVRTC_LIBRARY;
  j.text = text;
  j.options = {"--gpu-architecture=sm_90", "--std=c++17"};
  return j;
}

constexpr const char* kText = "extern \"C\" __global__ void kernel(float* x) { x[threadIdx.x] += 1; }";

TEST(Compiler, GivesCubinsAndKeepsThem) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / ("compiler" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  CompileJob j = job("#include \"plus.h\"\nextern \"C\" __global__ void kernel(float* x) { x[threadIdx.x] += PLUS; }");
  j.names = {"plus.h"};
  j.texts = {"#define PLUS 3\n"};
  j.cache_path = folder / "entry";
  std::string log;
  const std::string cubin = compile_elsewhere(j, &log);
  EXPECT_EQ(cubin.substr(0, 4), "\177ELF") << log;
  EXPECT_EQ(std::filesystem::file_size(folder / "entry"), cubin.size() + 24);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

TEST(Compiler, SaysWhatIsWrong) {
  std::string log;
  EXPECT_EQ(compile_elsewhere(job("extern \"C\" __global__ void kernel() { no_such_thing(); }"), &log), "");
  EXPECT_NE(log.find("no_such_thing"), std::string::npos) << log;
  CompileJob j = job(kText);
  j.cache_path = "/no/such/folder/entry";
  EXPECT_FALSE(compile_elsewhere(j, &log).empty());
}

TEST(Compiler, SeveralAtATime) {
  std::string cubins[4];
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (std::string& cubin : cubins) threads.emplace_back([&cubin] { cubin = compile_elsewhere(job(kText), nullptr); });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& cubin : cubins) EXPECT_FALSE(cubin.empty());
}

TEST(Compiler, IsNobodysChildAndServesForkedOnes) {
  EXPECT_FALSE(compile_elsewhere(job(kText), nullptr).empty());
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  const pid_t child = fork();
  if (child == 0) _exit(compile_elsewhere(job(kText), nullptr).empty() ? 1 : 0);
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(compile_elsewhere(job(kText), nullptr).empty());
}

TEST(Compiler, LibraryThatIsNotThere) {
  CompileJob j = job(kText);
  j.nvrtc = "/no/such/libnvrtc.so.12";
  std::string log;
  // In a process of its own: in this one a compiler may be idle, which has its library already.
  EXPECT_EXIT(
      {
        const bool failed = compile_elsewhere(j, &log).empty();
        std::fputs(log.c_str(), stderr);
        std::_Exit(failed ? 0 : 1);
      },
      testing::ExitedWithCode(0), "ended");
}

}  // namespace
}  // namespace numloom::cuda
