// What the host tells the precompiled kernels: the argument blocks, shared by host and device code. Freestanding.
// Invariant: all sizes and offsets are in the units named; a block is a whole number of 8-byte words.
#ifndef NUMLOOM_CUDA_BLOCK_H
#define NUMLOOM_CUDA_BLOCK_H

namespace numloom::cuda {

using I64 = long long;
using U64 = unsigned long long;

// An interpreter instruction. Operands below kConstants are virtual registers, then come constants; kAccumulator is the
// result of the instruction before.
struct Instr {
  unsigned short code;  // an op or cast id (below), or a Special
  unsigned char dst, a, b, c;
  unsigned short aux;   // slot, axis
};
// As many constants as a nest may have (plan.h).
constexpr int kConstants = 192, kMaxConstants = 60, kAccumulator = 255, kNowhere = 255;

// Op ids: number * 16 + dtype; cast ids: kCastBase + from * 16 + to. Specials lie above both.
constexpr int kCastBase = 4096;
enum Special : int {
  kLoad = 8192,  // into dst, asynchronously: readable after a kWait
  kWait,
  kStore,        // a to slot aux
  kGather,       // from slot aux at its strides plus a bytes
  kIndex,        // the coordinate along axis aux of the nest
};

enum Loop : int {
  kFlat,     // one element after the other; x is the linear index
  kRows,     // a tile lies in one row of the innermost axis; x is the index in the row
  kLanes,    // reduction: eight neighbouring threads are the lanes of one leaf
  kColumns,  // reduction: one thread does a leaf
};

constexpr int kMaxAxes = 16;

struct Head {
  U64 far;          // the whole block in device memory, where it is too large to be a kernel parameter; else 0
  int words;        // of the whole block
  int loop;         // Loop
  I64 size;         // elements of the nest
  I64 tiles;        // what the grid divides among its blocks
  I64 row_tiles;    // kRows: tiles in a row
  I64 nred, nout;   // reductions: elements per output, outputs
  int depth;        // reductions: levels of the tree, see codegen/reduction.h
  int ndim, nkept;
  int nregs, ninstr, nslots, nconst, nreduces;
  int vector;       // a thread's elements are neighbours, and slots are aligned for whole vectors
  int coords;       // coordinates are needed
  I64 shape[kMaxAxes];
};
// Behind the head: nslots of (Slot, ndim strides), nreduces Reduce, nconst 16-byte vectors, ninstr Instr.
struct Slot {
  U64 base;
  int item;
  int walk;   // 0: base + x * step; 1: base + coordinates . strides
  I64 step;
};
struct Reduce {
  int code, reg;    // the op's id; the register that holds the value
  int item, pad;
  U64 out;          // of leaf results: element (output o, path p) is at o * by_out + p * by_path items
  I64 by_out, by_path;
};

// A kernel parameter is at most 4096 bytes on every driver.
constexpr int kBlockWords = 508;
struct Block {
  Head head;
  U64 rest[kBlockWords - sizeof(Head) / 8];
};

// The stream interpreter (stream.cu): a thread has two vectors of 16 bytes, kStreamSecond bytes apart, for each virtual register,
// and a warp an area of its own for those of its threads. So have, shared by all threads, 32 constants an area.
constexpr int kStreamSecond = 32 * 16, kStreamArea = 2 * kStreamSecond, kStreamConstants = 128;
constexpr int kStreamWarps = 8;      // of a block at most
constexpr int kStreamResident = 24;  // warps that a processor has hardware registers for
struct alignas(16) StreamInstr {
  unsigned flags;  // a code in the low bits, StreamFlags, and from kStreamAux up a slot or a third operand over 16
  unsigned x, y;   // operands to be fetched: offsets in shared memory, of the first thread's
  unsigned dst;    // where the result is kept
};
enum StreamCode : unsigned { kStreamLoad, kStreamFetch, kStreamWait, kStreamStore, kStreamEnd, kStreamOps };
// What happens around the operation: operands are fetched (the first is the last result otherwise), the result is kept.
enum StreamFlags : unsigned {
  kStreamCodes = 0x3ff,
  kFetchX = 1 << 10,
  kConstX = 1 << 11,
  kFetchY = 1 << 12,
  kConstY = 1 << 13,
  kKeep = 1 << 14,
  kConstZ = 1 << 15,
};
constexpr int kStreamAux = 16;
struct StreamHead {
  I64 size, tiles;
  I64 row_tiles;            // 0: one row holds all
  int words, ndim, nslots;
  int vector;               // a thread's elements are neighbours, and slots are aligned for whole vectors
  int nconst;
  int code_at, constants_at;  // offsets in the block, and in shared memory, which begins with it
  int copies_at;              // offset of the constants where instructions name them
  int spare_at;               // offset of a register that no instruction names, where some need one
  int warp_bytes;             // from a warp's registers to the next warp's
  I64 shape[kMaxAxes];
};
// Behind the head: nslots of (Slot, ndim strides), nconst 16-byte vectors, the instructions, of which kStreamEnd is the last.
struct StreamBlock {
  StreamHead head;
  U64 rest[kBlockWords - sizeof(StreamHead) / 8];
};

// Joins `levels` levels of the trees of all outputs. REQUIRES: levels <= 10.
struct Combine {
  U64 in, out;
  I64 in_by_out, in_by_path;    // items
  I64 out_by_out, out_by_path;  // items; not used where `strided`
  I64 nred, nout;
  int code, item, level, levels;
  int whole;                    // every node at `level` has elements
  int strided, ndim, pad;       // strided: the last step: output o goes to its place among the kept axes
  I64 shape[kMaxAxes], strides[kMaxAxes];  // strides in bytes
};

struct Publish {
  U64 to, from, flag;
  U64 sequence;
  int nbytes, pad;
};

// Library calls (calls.cu). Strides are in bytes.
struct Lines {  // cumulate, argreduce: `lines` of `n` elements; line l starts at the dot product with its coordinates
  U64 in, out;
  I64 n, in_step, out_step, lines;
  int ndim, op;               // op: 0 add, 1 multiply, 2 minimum, 3 maximum
  I64 chunk, nchunks;         // elements of a line done by one block
  U64 partial;                // one element per chunk
  I64 shape[kMaxAxes], in_strides[kMaxAxes], out_strides[kMaxAxes];
};
constexpr int kSerialPass = 2;  // the pass of a kernel on lines that gives each line to one thread
constexpr int kTurnPass = 3;    // a block a line, and the elements in turn
constexpr int kTurnTile = 1024;
struct Scatter {
  U64 out, in, where;         // where: int64 byte offsets
  U64 keys, winners;          // hash table; keys start at ~0
  I64 size, mask;
  int ndim, item;
  I64 shape[kMaxAxes], out_strides[kMaxAxes], in_strides[kMaxAxes], where_strides[kMaxAxes];
};
struct Compact {
  U64 mask, counts, out;      // bools, how many of them are true up to each (int32 or int64), int64 positions
  I64 n;
  int count_item, pad;
};
// Order statistics by their digits of eight bits, the highest first: for each of up to kOrderRanks ranks a pass counts the digits of the
// elements that begin as its element does, and then narrows down how that begins.
constexpr int kOrderRanks = 8, kOrderBins = 256;
struct OrderState {
  U64 prefix;  // the digits found so far
  I64 rest;    // its place among the elements that begin so
  I64 leader;  // the first rank whose element begins so: what counts for both
};
struct Order {
  U64 in, out, ranks;         // `lines` of `n` elements, lines of `count` results (from the group's first), int64
  U64 state, nans, counts;    // by line and rank; int64 by line; uint32 by line, rank and digit
  I64 n, lines, count, chunk, nchunks;
  int group, pad;             // ranks at a time
};
struct Bincount {
  U64 in, out;                // int64: numbers, and how many of each there are, 0 before
  I64 n, bins;
};
constexpr int kSharedBins = 4096;  // up to here each block counts for itself first
// Copies of `size` units in all; part p does those from its `first` on. A unit is 1, 2, 4, 8 or 16 bytes.
constexpr int kMaxTransfers = 8;
struct Transfers {
  I64 size;
  int count, pad;
  struct Part {
    U64 to, from;
    I64 first;
    int ndim, unit;
    I64 shape[kMaxAxes], to_strides[kMaxAxes], from_strides[kMaxAxes];
  } part[kMaxTransfers];
};
static_assert(sizeof(Transfers) <= 4096, "a kernel parameter on every driver");
struct Matmul {
  U64 out, a, b;
  I64 m, n, k, batch;
  I64 out_row, out_col, a_row, a_col, b_row, b_col;
  int ndim, pad;
  I64 shape[kMaxAxes], out_strides[kMaxAxes], a_strides[kMaxAxes], b_strides[kMaxAxes];
};

}  // namespace numloom::cuda

#endif
