// Runs the calling test again in a process of its own, with environment variables that are read once per process.
#pragma once
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

// True in the first process, once the second has passed (or failed, which fails the caller): then return.
// False in the second, where the variables hold.
inline bool rerun_with(const std::vector<std::pair<std::string, std::string>>& variables) {
  const std::string tag = [&] {
    std::string s;
    for (const auto& [k, v] : variables) s += k + "=" + v + ";";
    return s;
  }();
  const char* mode = std::getenv("NUMLOOM_UNIT_TEST_MODE");
  if (mode && tag == mode) return false;
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string filter = std::string("--gtest_filter=") + info->test_suite_name() + "." + info->name();
  const pid_t child = fork();
  if (child == 0) {
    for (const auto& [k, v] : variables) setenv(k.c_str(), v.c_str(), 1);
    setenv("NUMLOOM_UNIT_TEST_MODE", tag.c_str(), 1);
    unsetenv("GTEST_OUTPUT");
    execl("/proc/self/exe", "numloom_unit_tests", filter.c_str(), "--gtest_brief=1", static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "with " << tag;
  return true;
}
