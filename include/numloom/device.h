// Where work runs, and when.
// Thread safety: every function may be called from any thread; they act on the whole process.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace numloom {

enum class Device : std::uint8_t { cpu, cuda, automatic };

// Runs what is recorded, then sets where later work runs. Throws runtime_error, saying what is missing, where `d` cannot be used.
void set_device(Device d);
Device device();

// Runs all that is recorded and waits until it is done.
void synchronize();

// What the engine did so far, by name: instructions, kernels, fused_ops, plan_hits, plan_misses, flush_*, refused_*, ...
std::vector<std::pair<std::string, double>> counters();
void reset_counters();

}  // namespace numloom
