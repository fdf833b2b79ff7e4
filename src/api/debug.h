// What numloom.debug shows. Thread-safe.
#pragma once
#include <string>
#include <vector>

#include "numloom/device.h"  // counters, reset_counters

namespace numloom {

std::string debug_program();  // what is recorded and has not run
std::string debug_plan();     // the last plan that ran, once debug_keep(true) was called
// Each of its kernels as Backend::bytecode and Backend::text give it.
std::vector<std::string> debug_bytecode();
std::vector<std::string> debug_texts();
void debug_keep(bool on);

// Around fork: everything recorded runs before; the child has no worker threads and stays on the CPU.
void before_fork();  // nobody else runs anything until one of these:
void after_fork_parent();
void after_fork_child();
// Where the process is about to end: waits for a compile in the background.
void before_exit();

}  // namespace numloom
