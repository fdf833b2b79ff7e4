// What the functions of this layer share: errors in NumPy's words, result arrays, and recording one instruction.
// REQUIRES of record_*: operands are views of the iteration space; an EngineLock is not held.
#pragma once
#include <initializer_list>
#include <string>

#include "api/functions.h"
#include "engine/engine.h"

namespace numloom {

std::string shape_text(Shape shape);  // "(3,)", "(2, 3)" as NumPy's errors write: "(2,3)"

// A result without memory. Throws memory_error with NumPy's text where the machine could never hold it.
Array make_result(const Layout& layout, DType dtype);
// NumPy's memory order of a result: 'K' follows the operands of its shape.
Layout result_layout(Shape shape, int item, std::span<const Array* const> inputs, char order);

// Small work on host memory that is ready runs at the call: below this many bytes (NUMLOOM_RUN_NOW).
int64_t run_now_bytes();
// Whether an operand's values are in host memory now, and small work should use them there.
bool ready_here(const Array& a);
bool writable_here(const Array& a);

// Whether work on so many bytes runs at the call, where its operands are at hand.
bool runs_now(int64_t bytes);

// How many of n bools are true. Any byte but 0 is: one of another dtype's view of them may have been written.
int64_t count_true(const char* p, int64_t n);

// An operand as an instruction holds it: an array, seen by a layout.
struct Seen {
  const Array& array;
  const Layout& layout;
  Seen(const Array& a) : array(a), layout(a.layout) {}  // NOLINT: by its own
  Seen(const Array& a, const Layout& l) : array(a), layout(l) {}
};
// The same for a call that runs now. REQUIRES: its memory is on the host.
inline DeviceView here(const Seen& x) { return {x.array.buf->host + x.layout.offset, x.array.dtype, x.layout}; }
// Records one instruction that is no map. What flushes meet meanwhile is warned of.
struct AlongAxes {
  int axis = 0;       // of Kind::index, cumulate, argreduce
  uint32_t axes = 0;  // of Kind::reduce
};
void record(Kind kind, Op op, DType type, const Seen& out, std::initializer_list<Seen> in, AlongAxes along = {});

// Calls `record`, which records something that reads `a`, where nothing has been written there, or recorded to be, since a's
// buffer had this version; other threads' writes come after it. False where something has been.
template <class Record>
bool unchanged_since(uint32_t version, const Array& a, Record record) {
  {
    const WarningsWait until_unlocked;
    const EngineLock lock;
    if (a.buf->version != version) return false;
    record();
  }
  issue_warnings();
  return true;
}

// The least and the greatest of integers, found at most once for what their buffer holds now; of u8, as int64. REQUIRES: there are some.
struct Range { int64_t low, high; };
Range value_range(const Array& a);

// out = op(in...), computed in `type`; inputs are cast to the op's input types, the result to out's type.
void record_map(Op op, DType type, const Array& out, std::span<const Arg> in);

// Whether two buffers, one of them memory of others, hold the same bytes under these arrays: it may have several owners, and
// one of them may be the other buffer, which was exported.
bool in_shared_bytes(const Array& a, const Array& b);
// A copy of `a` if its memory may overlap `out` without being the same view; else `a` itself.
Array without_overlap(const Array& a, const Array& out);

// The type in which a weak scalar meets arrays of `typed`; see NEP 50.
DType meet_weak(DType typed, Scalar::Weak weak);
// Throws overflow_error where a weak integer has no value in an integer type.
void check_weak(const Scalar& s, DType type);

// kWarn* of a scalar-sized computation done at the call.
inline uint8_t wanted_warnings() { return hooks().warn_mask ? hooks().warn_mask() : 0; }

}  // namespace numloom
