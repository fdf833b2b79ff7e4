// HOW a program is done: kernels and library calls in order. A plan names operands by (instruction, operand), so one
// plan serves every program of the same canonical form, whatever its sizes, offsets, pointers and scalars.
// The passes, in order (make_plan is the spine):
//   analyse   program -> Facts: numbered buffers and views, their relations, what is alive afterwards; the cache key
//   rewrite   marks dead instructions
//   fuse      living instructions -> groups; legality and cost apart
//   sink      moves what only a later group uses there, where that saves memory
//   lower     groups -> kernels: loads, casts, values shared, stores of what must be kept
// Not thread-safe: the engine lock guards the cache.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plan/kernel.h"
#include "program/program.h"

namespace numloom {

struct View {
  int16_t buffer;
  const Operand* operand;
  bool read, written;
  bool nearly_all;  // a write through it leaves little of a movable buffer; see rename.h
  bool anywhere;  // a gather reads it, or a scatter writes it: it may reach all of its buffer
};

struct BufferFacts {
  Buffer* buffer;
  bool live_out;    // someone can see it after the program
  bool fresh;       // it has no contents before the program
  bool written;
  bool movable;     // may be given other storage
  int32_t uses;     // by operands of this program
  int16_t first_view = -1;
};

// What planning may know of a program. `key` holds all of it: equal keys, equal plans.
struct Facts {
  const Program* program = nullptr;
  std::vector<BufferFacts> buffers;
  std::vector<View> views;                    // distinct (buffer, dtype, layout)
  std::vector<std::array<int16_t, 4>> view_of;  // per instruction: of out, in0, in1, in2; -1 for scalars
  std::vector<int16_t> next_view;             // per view: the next one of the same buffer
  std::vector<std::array<int16_t, 2>> overlapping;  // pairs of views (low, high) of a written buffer that overlap
  std::vector<uint32_t> key;
  uint64_t hash = 0;
  bool shared = false;  // others can reach one of the buffers

  bool overlap(int16_t a, int16_t b) const;
  // Whether a is read, b is written, and copying what a reaches costs little beside that.
  bool minor(int16_t a, int16_t b) const;
};

void analyse(const Program& program, Facts& facts);

struct OperandRef {
  int16_t instr;
  int8_t operand;  // 0 out, 1.. inputs
};

struct Step {
  bool is_call = false;
  int16_t instr = -1;                // whose iteration space it runs over; the call itself
  Kernel kernel;
  std::vector<OperandRef> slots;     // what each kernel slot is bound to
  std::vector<OperandRef> scalars;
  std::vector<int16_t> renamed;      // slots that are stored to new storage of their buffers
  std::vector<int16_t> copied;       // slots that are loaded from a copy made before: the step overwrites what they reach
  std::vector<int16_t> instrs;       // what is done when it ran
};

enum class Refusal : uint8_t { none, hazard, shape, axes, size };
inline constexpr int kRefusals = 5;

struct Plan {
  std::vector<Step> steps;
  std::vector<int16_t> dead;             // instructions that nobody needs
  std::vector<int16_t> contracted;       // buffers (by number) that are never stored
  int refusals[kRefusals] = {};
  int fused = 0;                         // instructions in kernels

  std::string print() const;
};

void mark_dead(const Facts& facts, std::vector<bool>& dead);
struct Groups {
  std::vector<std::vector<int16_t>> groups;  // instructions, in program order
  // Instructions that overwrite what their nest reads at other positions: these write to new storage of their buffers,
  std::vector<int16_t> renaming;
  // these write in place, and their nest reads from copies.
  std::vector<int16_t> copying;
  int refusals[kRefusals] = {};
};
void fuse(const Facts& facts, const std::vector<bool>& dead, Groups& out);
void sink(const Facts& facts, const std::vector<bool>& dead, Groups& groups);
// Beyond these a nest's values no longer fit the interpreters' registers. Views in memory: temporaries of the nest do not count.
inline constexpr size_t kMaxNestInstrs = 96, kMaxNestViews = 28;
// Nor do more numbers fit the places that an instruction's operand can name.
inline constexpr int kMaxNestScalars = 60;
int scalars_of(const Instr& instr);
void lower(const Facts& facts, const Groups& groups, Plan& plan);

std::unique_ptr<Plan> make_plan(const Facts& facts);

// The plan for a program of this form, made at most once.
struct PlanCache {
  const Plan& find(const Facts& facts);
  int64_t hits = 0, misses = 0;
  bool enabled = true;

 private:
  struct Entry {
    std::vector<uint32_t> key;
    std::unique_ptr<Plan> plan;
  };
  std::vector<std::vector<Entry>> table_ = std::vector<std::vector<Entry>>(1024);
  size_t entries_ = 0;
};

// Switches for tests: NUMLOOM_FUSE=0 puts every instruction into a kernel of its own.
bool fusion_enabled();

}  // namespace numloom
