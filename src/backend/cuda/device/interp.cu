// The CUDA interpreter: kernels of 4- and 8-byte registers with the common ops, and one of 16-byte registers with all of them
// (the compiler gives each kernel its own copy of every function that it calls, so all ops are in one kernel only).
//
// A thread works on 16 bytes of elements at a time (four, two or one); a virtual register is 16 bytes per thread in
// shared memory. The result of an instruction stays in hardware registers for the next one (kAccumulator), so that a chain
// costs no shared memory traffic. Loads of 4 bytes and more go asynchronously from memory into the register file.
// Compiled by NVRTC, and by the host's compiler for the tests (tests/cuda/emulator).
#include "codegen/reduction.h"
#include "device/words.h"

using namespace numloom::cuda;
using numloom::reduction::Range;

namespace {

// Every op on every type, one element at a time. Cold: the common ones have cases of their own in `run`.
#define CASE(id, ...) \
  case id: return put<Wide>(__VA_ARGS__);
#define GROUP(name)                                     \
  NL_SLOW Wide name(int code, Wide a, Wide b, Wide c) { \
    (void)b;                                            \
    (void)c;                                            \
    switch (code) {
#define GROUP_END    \
  default: return a; \
    }                \
    }
#include "interp_cases.inc"
#undef CASE

NL_FN Wide eval(int code, Wide a, Wide b, Wide c) {
  if (code >= kCastBase) return eval_cast(code, a, b, c);
  switch (kGroupOf[code & 15]) {
    case 0: return eval_small(code, a, b, c);
    case 1: return eval_integer(code, a, b, c);
    case 2: return eval_float(code, a, b, c);
    default: return eval_complex(code, a, b, c);
  }
}

template <int W, bool kFull> NL_FN Word<W> accumulate(int code, Word<W> a, Word<W> b) {
  switch (code) {
#define ACC(id, T, f) \
  case id: return put<Word<W>>(f(get<T>(a), get<T>(b)));
    FAST_REDUCE_4
#undef ACC
    default: break;
  }
  if constexpr (W >= 8) {
    switch (code) {
#define ACC(id, T, f) \
  case id: return put<Word<W>>(f(get<T>(a), get<T>(b)));
      FAST_REDUCE_8
#undef ACC
      default: break;
    }
  }
  if constexpr (kFull) return get<Word<W>>(eval(code, put<Wide>(a), put<Wide>(b), put<Wide>(b)));
  return a;
}

// x of another of eight neighbouring lanes: of the one `n` further on, or of number n.
template <bool kDown, class T> NL_FN T of_lane(T x, int n) {
  static_assert(sizeof(T) % 4 == 0);
  union {
    T t;
    unsigned w[sizeof(T) / 4];
  } u;
  u.t = x;
  for (unsigned i = 0; i < sizeof(T) / 4; ++i)
    u.w[i] = kDown ? __shfl_down_sync(0xffffffffu, u.w[i], n, 8) : __shfl_sync(0xffffffffu, u.w[i], n, 8);
  return u.t;
}
template <class T> NL_FN T lane_down(T x, int by) { return of_lane<true>(x, by); }
template <class T> NL_FN T lane_from(T x, int lane) { return of_lane<false>(x, lane); }

NL_FN void store_bytes(char* to, Wide v, int item) {
  switch (item) {
    case 1: *(unsigned char*)to = (unsigned char)v.w[0]; break;
    case 2: *(unsigned short*)to = (unsigned short)v.w[0]; break;
    case 4: *(unsigned*)to = (unsigned)v.w[0]; break;
    case 8: *(U64*)to = v.w[0]; break;
    default: *(Wide*)to = v;
  }
}

template <int W> NL_FN void load_bytes(Word<W>* to, const char* from, int item) {
  switch (item) {
    case 1: async_copy<1>(to, from); break;
    case 2: async_copy<2>(to, from); break;
    case 4: async_copy<4>(to, from); break;
    case 8:
      if constexpr (W >= 8) async_copy<8>(to, from);
      break;
    default:
      if constexpr (W >= 16) async_copy<16>(to, from);
  }
}
// Elements of N bytes, evenly spaced, of those that are there.
template <int N, int W, int E> NL_FN void load_each(Vec<W>* to, U64 base, const I64 (&x)[E], I64 step, const bool (&ok)[E]) {
  for (int e = 0; e < E; ++e)
    if (ok[e]) async_copy<N>(&to->v[e], (const char*)(base + x[e] * step));
}

template <int W, bool kFull> __device__ void run(const Block& block, unsigned char* shared) {
  constexpr int E = 16 / W;
  const int t = threadIdx.x, T = blockDim.x;
  // The block, then row bases, coordinates, reduction lanes, registers: see fill_block on the host.
  U64* words = (U64*)shared;
  const U64* from = block.head.far ? (const U64*)block.head.far : (const U64*)&block;
  const int nwords = block.head.words;
  for (int i = t; i < nwords; i += T) words[i] = from[i];
  __syncthreads();
  const Head& h = *(const Head*)words;
  const int slot_words = 3 + h.ndim;
  const U64* slots = words + sizeof(Head) / 8;
  const Reduce* reduces = (const Reduce*)(slots + h.nslots * slot_words);
  const Vec<W>* constants = (const Vec<W>*)(((U64)(reduces + h.nreduces) + 15) & ~15ull);
  const Instr* code = (const Instr*)(constants + h.nconst);
  U64* row_base = words + ((nwords + 1) & ~1);
  unsigned* coords = (unsigned*)(row_base + ((h.nslots + 1) & ~1));
  Word<W>* lanes = (Word<W>*)(coords + (h.coords ? h.ndim * E * T : 0));
  const int nlanes = h.loop == kLanes ? 1 : h.loop == kColumns ? 8 : 0;
  Vec<W>* regs = (Vec<W>*)(((U64)(lanes + h.nreduces * nlanes * T) + 15) & ~15ull) + t;

  const bool reducing = h.loop >= kLanes;
  if (h.loop != kRows) {
    for (int s = t; s < h.nslots; s += T) row_base[s] = slots[s * slot_words];
    __syncthreads();
  }

  for (I64 tile = blockIdx.x; tile < h.tiles; tile += gridDim.x) {
    I64 row = 0, start = 0, output = 0, path = 0;
    Range range{0, 0};
    int passes = 1, full = 0;
    if (h.loop == kRows) {
      row = tile / h.row_tiles;
      start = (tile - row * h.row_tiles) * (T * E);
      __syncthreads();
      for (int s = t; s < h.nslots; s += T) {
        const U64* slot = slots + s * slot_words;
        U64 base = slot[0];
        I64 rest = row;
        for (int d = h.ndim - 2; d >= 0; --d) {
          const I64 q = rest / h.shape[d];
          base += (rest - q * h.shape[d]) * (I64)slot[3 + d];
          rest = q;
        }
        row_base[s] = base;
      }
      __syncthreads();
    } else if (h.loop == kFlat) {
      start = tile * (T * E);
    } else {
      const I64 node = h.loop == kLanes ? tile * (T / 8) + t / 8 : tile * T + t;
      if (h.loop == kLanes) {
        output = node >> h.depth;
        path = node & ((1ll << h.depth) - 1);
      } else {
        path = node / h.nout;
        output = node - path * h.nout;
      }
      if (node < h.nout << h.depth) range = numloom::reduction::node(h.nred, h.depth, path);
      full = (int)(range.count / 8);
      passes = h.loop == kLanes ? 16 / E + 1 : 128 / E;
    }

    for (int p = 0; p < passes; ++p) {
      I64 x[E];
      bool ok[E];
      bool any = false;
      const bool tail = h.loop == kLanes && p == 16 / E;
      for (int e = 0; e < E; ++e) {
        if (h.loop == kFlat) {
          x[e] = start + (h.vector ? t * E + e : e * T + t);
          ok[e] = x[e] < h.size;
        } else if (h.loop == kRows) {
          x[e] = start + e * T + t;
          ok[e] = x[e] < h.shape[h.ndim - 1];
        } else if (h.loop == kLanes) {
          const int i = tail ? full * 8 + t % 8 : (p * E + e) * 8 + t % 8;
          ok[e] = tail ? e == 0 && i < range.count : p * E + e < full;
          x[e] = output * h.nred + range.begin + i;
        } else {
          ok[e] = p * E + e < range.count;
          x[e] = output * h.nred + range.begin + p * E + e;
        }
        any |= ok[e];
      }
      if (reducing && !__any_sync(0xffffffffu, any)) continue;
      bool all = true;
      for (int e = 0; e < E; ++e) all &= ok[e];

      if (h.coords) {
        for (int e = 0; e < E; ++e) {
          I64 rest = h.loop == kRows ? row : x[e];
          int d = h.ndim - 1;
          if (h.loop == kRows) coords[(d-- * E + e) * T + t] = (unsigned)x[e];
          for (; d >= 0; --d) {
            const I64 n = h.shape[d], q = divided(rest, n);
            coords[(d * E + e) * T + t] = (unsigned)(rest - q * n);
            rest = q;
          }
        }
      }
      auto address = [&](int s, int e) -> char* {
        const U64* slot = slots + s * slot_words;
        if (!(slot[1] >> 32)) return (char*)(row_base[s] + x[e] * (I64)slot[2]);
        U64 at = slot[0];
        for (int d = 0; d < h.ndim; ++d) at += (I64)coords[(d * E + e) * T + t] * (I64)slot[3 + d];
        return (char*)at;
      };

      Vec<W> acc = {};
      for (int pc = 0; pc < h.ninstr; ++pc) {
        const Instr in = code[pc];
        const Vec<W>* pa = in.a < kConstants ? regs + in.a * T : constants + (in.a - kConstants);
        const Vec<W>* pb = in.b < kConstants ? regs + in.b * T : constants + (in.b - kConstants);
        const Vec<W>* pc_ = in.c < kConstants ? regs + in.c * T : constants + (in.c - kConstants);
        const Vec<W> ra = in.a == kAccumulator ? acc : *pa;
        const Vec<W> rb = in.b == kAccumulator ? acc : *pb;
        switch (in.code) {
          case kLoad: {
            const int s = in.aux;
            Vec<W>* to = regs + in.dst * T;
            const int item = (int)slots[s * slot_words + 1];
            if (h.vector && all && item == W && slots[s * slot_words + 2] != 0) {
              async_copy<16>(to, address(s, 0));
              continue;
            }
            if (!(slots[s * slot_words + 1] >> 32)) {
              const I64 step = (I64)slots[s * slot_words + 2];
              switch (item) {
                case 1: load_each<1>(to, row_base[s], x, step, ok); break;
                case 2: load_each<2>(to, row_base[s], x, step, ok); break;
                case 4: load_each<4>(to, row_base[s], x, step, ok); break;
                case 8:
                  if constexpr (W >= 8) load_each<8>(to, row_base[s], x, step, ok);
                  break;
                default:
                  if constexpr (W >= 16) load_each<16>(to, row_base[s], x, step, ok);
                  break;
              }
              continue;
            }
            for (int e = 0; e < E; ++e)
              if (ok[e]) load_bytes(&to->v[e], address(s, e), item);
            continue;
          }
          case kWait: async_wait(); continue;
          case kStore: {
            const int s = in.aux;
            const int item = (int)slots[s * slot_words + 1];
            if (h.vector && all && item == W) {
              *(Vec<W>*)address(s, 0) = ra;
              continue;
            }
            for (int e = 0; e < E; ++e)
              if (ok[e]) store_bytes(address(s, e), put<Wide>(ra.v[e]), item);
            continue;
          }
          case kGather: {
            const int s = in.aux;
            const int item = (int)slots[s * slot_words + 1];
            for (int e = 0; e < E; ++e) {
              if (!ok[e]) continue;
              if constexpr (W >= 8) {
                const char* at = address(s, e) + get<I64>(ra.v[e]);
                Word<W> r = {};
                switch (item) {
                  case 1: async_copy<1>(&r, at); break;
                  case 2: r = put<Word<W>>(*(const unsigned short*)at); break;
                  case 4: r = put<Word<W>>(*(const unsigned*)at); break;
                  case 8: r = put<Word<W>>(*(const U64*)at); break;
                  default: r = put<Word<W>>(*(const Wide*)at); break;
                }
                acc.v[e] = r;
              }
            }
            break;
          }
          case kIndex:
            for (int e = 0; e < E; ++e) acc.v[e] = put<Word<W>>((I64)coords[(in.aux * E + e) * T + t]);
            break;
#define FAST(id, ...)                                        \
  case id:                                                   \
    for (int e = 0; e < E; ++e) {                            \
      const Word<W> a = ra.v[e], b = rb.v[e], c = rc().v[e]; \
      (void)a, (void)b, (void)c;                             \
      acc.v[e] = put<Word<W>>(__VA_ARGS__);                  \
    }                                                        \
    break;
#define rc() (in.c == kAccumulator ? acc : *pc_)
            FAST_OPS_4
          default: {
            bool done = true;
            if constexpr (W >= 8) {
              switch (in.code) {
                FAST_OPS_8
                default: done = false;
              }
            } else {
              done = false;
            }
            if constexpr (!kFull && W == 4) {
              switch (in.code) { FAST_OPS_HEAVY_4 default : break; }
            } else if constexpr (!kFull) {
              if (!done) switch (in.code) {
                  FAST_OPS_HEAVY_8 default : break;
                }
            } else {
              if (!done) {
                const Vec<W> r = rc();
                for (int e = 0; e < E; ++e)
                  acc.v[e] = get<Word<W>>(eval(in.code, put<Wide>(ra.v[e]), put<Wide>(rb.v[e]), put<Wide>(r.v[e])));
              }
            }
          }
#undef rc
#undef FAST
        }
        if (in.dst != kNowhere) regs[in.dst * T] = acc;
      }

      for (int r = 0; r < h.nreduces; ++r) {
        const Vec<W> v = regs[reduces[r].reg * T];
        const int op = reduces[r].code;
        if (h.loop == kLanes) {
          Word<W>& lane = lanes[r * T + t];
          if (!tail) {
            for (int e = 0; e < E; ++e)
              if (ok[e]) lane = p + e == 0 ? v.v[e] : accumulate<W, kFull>(op, lane, v.v[e]);
            continue;
          }
          // Folded here, before the elements of the tail are added in turn.
          Word<W> x0 = lane;
          for (int by = 1; by < 8; by *= 2) {
            const Word<W> other = lane_down(x0, by);
            x0 = full ? accumulate<W, kFull>(op, x0, other) : x0;
          }
          const int rest = (int)range.count - full * 8;
          for (int i = 0; i < 8; ++i) {
            const Word<W> other = lane_from(v.v[0], i);
            if (i < rest) x0 = full || i ? accumulate<W, kFull>(op, x0, other) : other;
          }
          lane = x0;
        } else if (h.loop == kColumns) {
          Word<W>* lane = lanes + (r * 8) * T + t;
          for (int e = 0; e < E; ++e) {
            if (!ok[e]) continue;
            const int i = p * E + e;
            if (i < full * 8) {
              Word<W>& l = lane[(i & 7) * T];
              l = i < 8 ? v.v[e] : accumulate<W, kFull>(op, l, v.v[e]);
              if (i + 1 == full * 8)
                for (int by = 1; by < 8; by *= 2)
                  for (int j = 0; j < 8; j += 2 * by) lane[j * T] = accumulate<W, kFull>(op, lane[j * T], lane[(j + by) * T]);
            } else {
              lane[0] = i ? accumulate<W, kFull>(op, lane[0], v.v[e]) : v.v[e];
            }
          }
        }
      }
    }

    if (reducing) {
      // A block of lanes without a tail anywhere in the warp has not been folded yet.
      const bool folded = h.loop == kColumns || __any_sync(0xffffffffu, range.count > full * 8);
      for (int r = 0; r < h.nreduces; ++r) {
        Word<W> x0 = lanes[r * nlanes * T + t];
        if (!folded)
          for (int by = 1; by < 8; by *= 2) {
            const Word<W> other = lane_down(x0, by);
            x0 = full ? accumulate<W, kFull>(reduces[r].code, x0, other) : x0;
          }
        if (range.count > 0 && (h.loop == kColumns || t % 8 == 0)) {
          const Reduce& to = reduces[r];
          store_bytes((char*)(to.out + (output * to.by_out + path * to.by_path) * to.item), put<Wide>(x0), to.item);
        }
      }
    }
  }
}

}  // namespace

#ifndef DYNAMIC_SHARED
#define DYNAMIC_SHARED(name) extern __shared__ __align__(16) unsigned char name[]
#endif
#define ENTRY(name, W, kFull)                                                                   \
  extern "C" __global__ void __launch_bounds__(128) name(const __grid_constant__ Block block) { \
    DYNAMIC_SHARED(shared);                                                                     \
    run<W, kFull>(block, shared);                                                               \
  }
ENTRY(interp4_common, 4, false)
ENTRY(interp8_common, 8, false)
ENTRY(interp16, 16, true)

// 256 threads, 1024 nodes of level `level`, outputs side by side; their parents `levels` levels up come out.
extern "C" __global__ void __launch_bounds__(256) combine(const __grid_constant__ Combine c) {
  __shared__ Wide value[1024];
  const I64 nodes = 1ll << c.level, total = c.nout << c.level;
  const I64 first = (I64)blockIdx.x * 1024;
  for (int i = threadIdx.x; i < 1024; i += 256) {
    const I64 at = first + i;
    if (at >= total) break;
    const I64 output = at >> c.level, path = at & (nodes - 1);
    if (!c.whole && numloom::reduction::node(c.nred, c.level, path).count == 0) continue;
    const char* from = (const char*)(c.in + (output * c.in_by_out + path * c.in_by_path) * c.item);
    Wide v = {};
    switch (c.item) {
      case 1: v.w[0] = *(const unsigned char*)from; break;
      case 2: v.w[0] = *(const unsigned short*)from; break;
      case 4: v.w[0] = *(const unsigned*)from; break;
      case 8: v.w[0] = *(const U64*)from; break;
      default: v = *(const Wide*)from;
    }
    value[i] = v;
  }
  int count = 1024;
  for (int l = 0; l < c.levels; ++l) {
    const int level = c.level - l;
    count /= 2;
    __syncthreads();
    Wide keep[2];
    for (int k = 0; k < 2; ++k) {
      const int i = threadIdx.x + k * 256;
      if (i >= count) continue;
      const I64 right = ((first >> l) + 2 * i + 1) & ((1ll << level) - 1);
      const bool both = ((first >> (l + 1)) + i) >> (level - 1) < c.nout &&
                        (c.whole || numloom::reduction::node(c.nred, level, right).count > 0);
      keep[k] = both ? eval_reduce(c.code, value[2 * i], value[2 * i + 1], value[2 * i]) : value[2 * i];
    }
    __syncthreads();
    for (int k = 0; k < 2; ++k) {
      const int i = threadIdx.x + k * 256;
      if (i < count) value[i] = keep[k];
    }
  }
  __syncthreads();
  const int level = c.level - c.levels;
  for (int i = threadIdx.x; i < count; i += 256) {
    const I64 at = (first >> c.levels) + i;
    const I64 output = at >> level, path = at & ((1ll << level) - 1);
    if (output >= c.nout) break;
    if (!c.whole && numloom::reduction::node(c.nred, level, path).count == 0) continue;
    U64 to = c.out;
    if (c.strided) {
      I64 rest = output;
      for (int d = c.ndim - 1; d >= 0; --d) {
        const I64 q = rest / c.shape[d];
        to += (rest - q * c.shape[d]) * c.strides[d];
        rest = q;
      }
    } else {
      to += (output * c.out_by_out + path * c.out_by_path) * c.item;
    }
    store_bytes((char*)to, value[i], c.item);
  }
}

// A few bytes to memory that the host watches.
extern "C" __global__ void publish(const __grid_constant__ Publish p) {
  for (int i = threadIdx.x; i < p.nbytes; i += blockDim.x) ((volatile char*)p.to)[i] = ((const char*)p.from)[i];
  __threadfence_system();
  __syncthreads();
  if (threadIdx.x == 0) *(volatile U64*)p.flag = p.sequence;
}
