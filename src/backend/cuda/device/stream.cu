// The stream interpreter: elementwise kernels of common ops over arrays with a dense or even inner axis, which are most of those
// that programs start with; all else goes to interp.cu. Registers are 4 or 8 bytes wide.
//
// A warp takes a tile of 64 vectors of 16 bytes; a thread does two of them side by side in every instruction. The last result
// is in hardware registers (x), the others in shared memory, in a column of each thread's own: there is no barrier, and a block has as
// many warps as fill a processor's shared memory best. Shared memory is
// read and written by address, in place: the compiler would copy x around. Operations whose usual case needs no branch (ops/scalar/quick.h) run that for
// all elements first.
// Compiled by NVRTC, and by the host's compiler for the tests (tests/cuda/emulator).
#include "device/words.h"

namespace {

#define NAMED(id, W, ...) \
  NL_SLOW Word<W> named_##W##_##id(Word<W> a, Word<W> b) { return (void)b, put<Word<W>>(__VA_ARGS__); }
#include "stream_cases.inc"
#undef NAMED

template <int W> struct Column {
  static constexpr int kPerVector = 16 / W, kElements = 2 * kPerVector;
  union {
    Word<W> v[kElements];
    unsigned raw[8];
  };
};

#ifdef __CUDA_ARCH__
typedef unsigned Address;  // in shared memory
// Where this thread's column begins, and that of thread 0. By way of shuffles of what differs between lanes, which the compiler
// cannot fold: it would work the addresses out anew for each instruction.
NL_FN Address own_column(unsigned char* shared, int warp_bytes) {
  const unsigned at = threadIdx.x / 32 * (unsigned)warp_bytes + threadIdx.x % 32 * 16;
  return __shfl_sync(0xffffffffu, (unsigned)__cvta_generic_to_shared(shared) + at, threadIdx.x % 32, 32);
}
NL_FN Address first_column(unsigned char* shared) {
  return __shfl_sync(0xffffffffu, (unsigned)__cvta_generic_to_shared(shared) + threadIdx.x % 32 * 16, 0, 32);
}
// Keeps the compiler from working a value out again and again, for which it keeps more registers than there are.
NL_FN int once(int value) {
  asm volatile("" : "+r"(value));
  return value;
}
NL_FN void fetch(unsigned (&r)[8], Address at) {
  static_assert(kStreamSecond == 512, "the offset below");
  asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
  asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4 + 512];"
               : "=r"(r[4]), "=r"(r[5]), "=r"(r[6]), "=r"(r[7])
               : "r"(at)
               : "memory");
}
NL_FN void fetch_if(unsigned (&r)[8], Address at, unsigned flag) {
  asm volatile(
      "{ .reg .pred p; setp.ne.u32 p, %9, 0;\n"
      "@p ld.shared.v4.b32 {%0, %1, %2, %3}, [%8];\n"
      "@p ld.shared.v4.b32 {%4, %5, %6, %7}, [%8 + 512]; }"
      : "+r"(r[0]), "+r"(r[1]), "+r"(r[2]), "+r"(r[3]), "+r"(r[4]), "+r"(r[5]), "+r"(r[6]), "+r"(r[7])
      : "r"(at), "r"(flag)
      : "memory");
}
NL_FN void keep_if(const unsigned (&r)[8], Address at, unsigned flag) {
  asm volatile(
      "{ .reg .pred p; setp.ne.u32 p, %9, 0;\n"
      "@p st.shared.v4.b32 [%8], {%0, %1, %2, %3};\n"
      "@p st.shared.v4.b32 [%8 + 512], {%4, %5, %6, %7}; }" ::"r"(r[0]),
      "r"(r[1]), "r"(r[2]), "r"(r[3]), "r"(r[4]), "r"(r[5]), "r"(r[6]), "r"(r[7]), "r"(at), "r"(flag)
      : "memory");
}
NL_FN StreamInstr read(Address at) {
  StreamInstr in;
  asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];"
               : "=r"(in.flags), "=r"(in.x), "=r"(in.y), "=r"(in.dst)
               : "r"(at)
               : "memory");
  return in;
}
NL_FN U64 word(Address at) {
  U64 v;
  asm("ld.shared.b64 %0, [%1];" : "=l"(v) : "r"(at));
  return v;
}
template <int N> NL_FN void copy_ahead(Address to, const char* from) {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(to), "l"(from), "n"(N) : "memory");
#else
  if constexpr (N == 16) {
    const uint4 v = *(const uint4*)from;
    asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
  } else if constexpr (N == 8) {
    asm volatile("st.shared.b64 [%0], %1;" ::"r"(to), "l"(*(const U64*)from) : "memory");
  } else {
    asm volatile("st.shared.b32 [%0], %1;" ::"r"(to), "r"(*(const unsigned*)from) : "memory");
  }
#endif
}
#else
typedef unsigned char* Address;
NL_FN Address own_column(unsigned char* shared, int warp_bytes) {
  return shared + threadIdx.x / 32 * warp_bytes + threadIdx.x % 32 * 16;
}
NL_FN Address first_column(unsigned char* shared) { return shared; }
NL_FN int once(int value) { return value; }
NL_FN void fetch(unsigned (&r)[8], Address at) {
  __builtin_memcpy(r, at, 16);
  __builtin_memcpy(r + 4, at + kStreamSecond, 16);
}
NL_FN void fetch_if(unsigned (&r)[8], Address at, unsigned flag) {
  if (flag) fetch(r, at);
}
NL_FN void keep_if(const unsigned (&r)[8], Address at, unsigned flag) {
  if (!flag) return;
  __builtin_memcpy(at, r, 16);
  __builtin_memcpy(at + kStreamSecond, r + 4, 16);
}
NL_FN StreamInstr read(Address at) { return *(const StreamInstr*)at; }
NL_FN U64 word(Address at) { return *(const U64*)at; }
template <int N> NL_FN void copy_ahead(Address to, const char* from) { __builtin_memcpy(to, from, N); }
#endif

// Neighbouring elements of N bytes, in one access each way.
template <int N> struct Bits;
template <> struct Bits<1> { typedef unsigned char type; };
template <> struct Bits<2> { typedef unsigned short type; };
template <> struct Bits<4> { typedef unsigned type; };
template <> struct Bits<8> { typedef U64 type; };
template <int N, int K> struct alignas(N* K < 16 ? N * K : 16) Pack { typename Bits<N>::type v[K]; };

template <int W, int N> NL_FN void unpack(Column<W>& c, const char* at, I64 second) {
  constexpr int K = Column<W>::kPerVector;
  const Pack<N, K> low = *(const Pack<N, K>*)at, high = *(const Pack<N, K>*)(at + second);
  for (int i = 0; i < K; ++i) c.v[i] = put<Word<W>>(low.v[i]), c.v[K + i] = put<Word<W>>(high.v[i]);
}
template <int W, int N> NL_FN void pack(const Column<W>& c, char* at, I64 second) {
  constexpr int K = Column<W>::kPerVector;
  Pack<N, K> low, high;
  for (int i = 0; i < K; ++i)
    low.v[i] = get<typename Bits<N>::type>(c.v[i]), high.v[i] = get<typename Bits<N>::type>(c.v[K + i]);
  *(Pack<N, K>*)at = low;
  *(Pack<N, K>*)(at + second) = high;
}

NL_FN U64 from_lane(U64 x, int lane) {
  const unsigned low = __shfl_sync(0xffffffffu, (unsigned)x, lane, 32);
  return low | (U64)__shfl_sync(0xffffffffu, (unsigned)(x >> 32), lane, 32) << 32;
}

// What a warp works on. A tile that is whole and dense goes by vectors, any other by single elements, 32 apart.
template <int W> struct Warp {
  static constexpr int K = 16 / W, E = 2 * K;
  Address slots;
  int slot_bytes;
  I64 start;  // of the tile, in elements of the row
  int count;  // elements of the tile
  U64 row_base;  // of slot number `lane`
  int lane;
  bool rows, vector;

  __device__ __forceinline__ U64 base(int s) const { return rows ? from_lane(row_base, s) : word(slots + s * slot_bytes); }
  __device__ __forceinline__ int item(int s) const { return (int)word(slots + s * slot_bytes + 8); }
  __device__ __forceinline__ I64 step(int s) const { return (I64)word(slots + s * slot_bytes + 16); }
  // The first element of this thread.
  __device__ __forceinline__ char* first(int s) const {
    return (char*)(base(s) + (start + (vector ? lane * K : lane)) * step(s));
  }
};

template <int W, int N> NL_FN void load_each(const Warp<W>& w, Column<W>& c, const char* at, I64 step) {
#pragma unroll
  for (int i = 0; i < Warp<W>::E; ++i)
    if (i * 32 + w.lane < w.count) c.v[i] = put<Word<W>>(*(const typename Bits<N>::type*)(at + i * (32 * step)));
}
template <int W, int N> NL_FN void store_each(const Warp<W>& w, const Column<W>& c, char* at, I64 step) {
#pragma unroll
  for (int i = 0; i < Warp<W>::E; ++i)
    if (i * 32 + w.lane < w.count) *(typename Bits<N>::type*)(at + i * (32 * step)) = get<typename Bits<N>::type>(c.v[i]);
}
// Elements of N bytes, of the first of which `at` is the address.
template <int W, int N> NL_FN void load(const Warp<W>& w, Column<W>& c, const char* at, I64 step) {
  if (w.vector && step != 0) unpack<W, N>(c, at, 32 * Warp<W>::K * N);
  else load_each<W, N>(w, c, at, step);
}
template <int W, int N> NL_FN void store(const Warp<W>& w, const Column<W>& c, char* at, I64 step) {
  if (w.vector) pack<W, N>(c, at, 32 * Warp<W>::K * N);
  else store_each<W, N>(w, c, at, step);
}
// Between a column and slot s.
template <int W, bool kStore> NL_FN void transfer(const Warp<W>& w, Column<W>& c, int s) {
  char* const at = w.first(s);
  const I64 step = w.step(s);
  switch (w.item(s)) {
    case 1: kStore ? store<W, 1>(w, c, at, step) : load<W, 1>(w, c, at, step); break;
    case 2: kStore ? store<W, 2>(w, c, at, step) : load<W, 2>(w, c, at, step); break;
    case 4: kStore ? store<W, 4>(w, c, at, step) : load<W, 4>(w, c, at, step); break;
    default:
      if constexpr (W == 8) kStore ? store<W, 8>(w, c, at, step) : load<W, 8>(w, c, at, step);
  }
}
// Asynchronously into a register. REQUIRES: the slot's elements fill words and are all there.
template <int W> NL_FN void load_ahead(const Warp<W>& w, Address to, int s) {
  constexpr int K = Warp<W>::K;
  const char* at = w.first(s);
  if (w.vector) {
    copy_ahead<16>(to, at);
    copy_ahead<16>(to + kStreamSecond, at + 32 * 16);
    return;
  }
  const I64 more = 32 * w.step(s);
#pragma unroll
  for (int i = 0; i < Warp<W>::E; ++i) copy_ahead<W>(to + i / K * kStreamSecond + i % K * W, at + i * more);
}

template <int W> __device__ void stream(const StreamBlock& block, unsigned char* shared) {
  constexpr int E = 32 / W;
  const int t = threadIdx.x, threads = blockDim.x;
  const StreamHead& h = block.head;
  {
    U64* to = (U64*)shared;
    const U64* from = (const U64*)&block;
    for (int i = t; i < h.words; i += threads) to[i] = from[i];
    const Vec<16>* constants = (const Vec<16>*)((const char*)&block + h.constants_at);
    Vec<16>* copies = (Vec<16>*)(shared + h.copies_at);
    for (int i = t; i < h.nconst; i += threads) copies[i + i / 32 * 32] = copies[i + i / 32 * 32 + 32] = constants[i];
  }
  __syncthreads();
  const Address home = first_column(shared), mine = own_column(shared, h.warp_bytes), code = home + h.code_at;
  const unsigned spare = h.spare_at;
  Warp<W> w;
  w.slots = home + sizeof(StreamHead);
  w.slot_bytes = (3 + h.ndim) * 8;
  w.lane = t % 32;
  w.rows = h.row_tiles != 0;
  w.row_base = 0;

  for (I64 tile = ((I64)blockIdx.x * threads + t) / 32; tile < h.tiles; tile += (I64)gridDim.x * threads / 32) {
    I64 limit = h.size;
    w.start = tile * (32 * E);
    if (w.rows) {
      const I64 row = tile / h.row_tiles;
      w.start = (tile - row * h.row_tiles) * (32 * E);
      limit = h.shape[h.ndim - 1];
      if (w.lane < h.nslots) {
        const Address slot = w.slots + w.lane * w.slot_bytes;
        w.row_base = word(slot);
        I64 rest = row;
        for (int d = h.ndim - 2; d >= 0; --d) {
          const I64 n = h.shape[d], q = divided(rest, n);
          w.row_base += (rest - q * n) * (I64)word(slot + (3 + d) * 8);
          rest = q;
        }
      }
    }
    w.count = once(w.start + 32 * E <= limit ? 32 * E : (int)(limit - w.start));
    const bool whole = w.count == 32 * E;
    w.vector = whole && h.vector;

    Column<W> x = {}, y = {};
    for (Address at = code;; at += sizeof(StreamInstr)) {
      const StreamInstr in = read(at);
      const unsigned f = in.flags, op = f & kStreamCodes;
      fetch_if(x.raw, (f & kConstX ? home : mine) + in.x, f & kFetchX);
      fetch_if(y.raw, (f & kConstY ? home : mine) + in.y, f & kFetchY);
      if (op < kStreamOps) {
        if (op == kStreamEnd) break;
        const int s = (int)(f >> kStreamAux);
        if (op == kStreamLoad && whole && w.item(s) == W && w.step(s) != 0) {
          load_ahead(w, mine + in.dst, s);
        } else if (op <= kStreamFetch) {
          transfer<W, false>(w, x, s);
          keep_if(x.raw, mine + in.dst, op == kStreamLoad);
        } else if (op == kStreamWait) {
          async_wait();
        } else {
          transfer<W, true>(w, x, s);
        }
      }
#define PLAIN(id, ...)                              \
  case id:                                          \
    _Pragma("unroll") for (int i = 0; i < E; ++i) { \
      const Word<W> a = x.v[i], b = y.v[i];         \
      (void)a, (void)b;                             \
      x.v[i] = put<Word<W>>(__VA_ARGS__);           \
    }                                               \
    break;
#define TERNARY(id, ...)                                                \
  case id: {                                                            \
    Column<W> z;                                                        \
    fetch(z.raw, (f & kConstZ ? home : mine) + (f >> kStreamAux) * 16); \
    _Pragma("unroll") for (int i = 0; i < E; ++i) {                     \
      const Word<W> a = x.v[i], b = y.v[i], c = z.v[i];                 \
      x.v[i] = put<Word<W>>(__VA_ARGS__);                               \
    }                                                                   \
    break;                                                              \
  }
#define CALLED(id) \
  case id: _Pragma("unroll") for (int i = 0; i < E; ++i) x.v[i] = NAMED_OF(id)(x.v[i], y.v[i]); break;
// The arguments wait in shared memory for the rare case: in hardware registers they would keep the results from taking their
// place, in this case and so in all others.
#define QUICK(id, ...)                                                                     \
  case id: {                                                                               \
    nl::u4 fine = nl::kFine;                                                               \
    keep_if(x.raw, mine + spare, !(f & kFetchX));                                          \
    _Pragma("unroll") for (int i = 0; i < E; ++i) {                                        \
      const Word<W> a = x.v[i], b = y.v[i];                                                \
      (void)b;                                                                             \
      x.v[i] = put<Word<W>>(__VA_ARGS__);                                                  \
    }                                                                                      \
    if (!nl::is_fine(fine)) {                                                              \
      fetch(x.raw, f & kFetchX ? (f & kConstX ? home : mine) + in.x : mine + spare);       \
      _Pragma("unroll") for (int i = 0; i < E; ++i) x.v[i] = NAMED_OF(id)(x.v[i], y.v[i]); \
    }                                                                                      \
    break;                                                                                 \
  }
      else if constexpr (W == 4) {
#define NAMED_OF(id) named_4_##id
        if (op < kStreamHot4) switch (op) {
            STREAM_HOT_4 default : __builtin_unreachable();
          }
        else switch (op) {
            STREAM_OPS_4 default : __builtin_unreachable();
          }
#undef NAMED_OF
      } else {
#define NAMED_OF(id) named_8_##id
        if (op < kStreamHot8) switch (op) {
            STREAM_HOT_8 default : __builtin_unreachable();
          }
        else switch (op) {
            STREAM_OPS_8 default : __builtin_unreachable();
          }
#undef NAMED_OF
      }
      keep_if(x.raw, mine + in.dst, f & kKeep);
    }
  }
}

}  // namespace

#ifndef DYNAMIC_SHARED
#define DYNAMIC_SHARED(name) extern __shared__ __align__(16) unsigned char name[]
#endif
#define ENTRY(name, W)                                                                            \
  extern "C" __global__ void __launch_bounds__(32 * kStreamWarps, kStreamResident / kStreamWarps) \
      name(const __grid_constant__ StreamBlock block) {                                           \
    DYNAMIC_SHARED(shared);                                                                       \
    stream<W>(block, shared);                                                                     \
  }
ENTRY(stream4, 4)
ENTRY(stream8, 8)
