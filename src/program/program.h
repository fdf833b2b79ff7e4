// WHAT is to be done: a flat list of instructions over views of buffers, in the order the user's program made them.
// Not thread-safe: the engine lock guards it.
// Invariants: an instruction's operands are views of its iteration space (`out` of a reduction has stride 0 along the
// reduced axes); no input overlaps `out` without being identical with it (recording copies first); every operand's buffer
// is counted in pending_reads or pending_writes until the instruction ran or was dropped, and one reference to it is held
// as long as either is not 0.
#pragma once
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "array/dtype.h"
#include "array/layout.h"
#include "ops_table.h"
#include "runtime/buffer.h"

namespace numloom {

enum class Kind : uint8_t {
  map,        // out = op(in...) per element, computed in `type`
  index,      // out = coordinate along `axis`
  gather,     // out = in[0] at (strides . index + in[1] bytes)
  reduce,     // out = op over `axes` of in[0], accumulated in `type`
  matmul,     // the rest: see backend.h, enum Call
  cumulate,
  argreduce,
  scatter,
  compact,
  order,
  bincount,
};
const char* kind_name(Kind k);

struct Operand {
  Buffer* buf = nullptr;  // null: `scalar`
  DType dtype = DType::f8;
  Layout layout;
  Scalar scalar;
};

struct Instr {
  Kind kind;
  Op op;
  DType type;
  uint8_t nin;
  uint8_t warns;  // kWarn* that were wanted where it was recorded
  int32_t axis;
  uint32_t axes;
  uint32_t site;
  uint32_t form;   // hash of op, types and number of axes: what repeats in a loop. Program's
  bool done;       // ran, or was dropped. Program's
  const char* called;  // what NumPy calls it in warnings, where that is not the op's name; else null
  Operand out, in[3];
  std::exception_ptr error;  // why it failed when it was tried; null where it was not

  bool fusable() const { return kind <= Kind::reduce; }
  const Layout& space() const { return kind == Kind::reduce ? in[0].layout : out.layout; }
};

class Program {
 public:
  // The instruction to fill in next, not yet part of the program. Its fields hold anything.
  Instr& draft();
  // Appends the draft and counts it pending.
  void commit();

  int size() const { return static_cast<int>(instrs_.size()); }
  bool empty() const { return instrs_.empty(); }
  const Instr& operator[](int i) const { return *instrs_[i]; }

  // Releases what instruction i holds, because it ran or nobody needs it. It stays in the list until compact().
  void complete(int i);
  bool completed(int i) const { return instrs_[i]->done; }
  // Notes why instruction i failed. It stays in the program.
  void fail(int i, std::exception_ptr why) { instrs_[i]->error = std::move(why); }
  // Removes completed instructions. The others keep their order.
  void compact();
  // Splits off the instructions from `first` on.
  void split(int first, Program& rest);
  void append(Program&& rest);
  // Moves the instructions for which take[i] holds to the end of `to`. Both keep their order.
  void move(const std::vector<bool>& take, Program& to);

  // Bytes of the memory that this program reads, whoever else holds it; each buffer once.
  int64_t bytes() const { return bytes_; }
  // Of those, the bytes which only the program keeps: NumPy would have freed them by now.
  int64_t kept_bytes() const;

  std::string print() const;
  // Instruction i for messages: what it computes, of which types and shapes.
  static std::string describe(const Instr& i);
  void verify() const;  // throws std::logic_error naming the broken invariant

 private:
  template <class Which>
  int64_t read_bytes(Which which) const;

  std::vector<std::unique_ptr<Instr>> instrs_;
  std::vector<std::unique_ptr<Instr>> spare_;
  std::unique_ptr<Instr> draft_;
  int64_t bytes_ = 0;
};

// What a set of instructions reads and writes, buffer by buffer: an instruction that conflicts with none of it may run
// before or after all of it.
class Touched {
 public:
  void add(const Instr& i);
  void add(const Buffer* b, bool written) { written_[b] |= written; }
  bool conflicts(const Instr& i) const;
  bool empty() const { return written_.empty(); }

 private:
  std::unordered_map<const Buffer*, bool> written_;  // touched buffers; whether written
};

}  // namespace numloom
