// Library calls that need no library: scans, first index of an extremum, scatter, compaction, counts, and a matrix product for the types that
// cuBLAS lacks (or where there is no cuBLAS). One kernel for each element type.
#include "device/words.h"

using namespace numloom::cuda;

namespace {

struct Starts {
  const char* in;
  char* out;
};
NL_FN Starts line_start(const Lines& a, I64 line) {
  Starts s{(const char*)a.in, (char*)a.out};
  for (int d = a.ndim - 1; d >= 0; --d) {
    const I64 q = line / a.shape[d], at = line - q * a.shape[d];
    s.in += at * a.in_strides[d];
    s.out += at * a.out_strides[d];
    line = q;
  }
  return s;
}

template <class T> NL_FN T scan_op(int op, T a, T b) {
  switch (op) {
    case 0: return nl::op_add(a, b);
    case 1: return nl::op_multiply(a, b);
    case 2: return nl::op_minimum(a, b);
    default: return nl::op_maximum(a, b);
  }
}

// Chunk c of a line. With `carry` (nchunks > 1, second pass) the totals of the chunks before it are added first; without,
// only its own total is written to `partial`.
template <class T> NL_FN void scan(const Lines& a, bool carry, T* shared) {
  const I64 line = blockIdx.x / a.nchunks, chunk = blockIdx.x - line * a.nchunks;
  const int t = threadIdx.x, threads = blockDim.x;
  const Starts at = line_start(a, line);
  const I64 begin = chunk * a.chunk, end = begin + a.chunk < a.n ? begin + a.chunk : a.n;
  const I64 per = (end - begin + threads - 1) / threads;
  const I64 from = begin + t * per, to = from + per < end ? from + per : end;
  T total = {};
  for (I64 i = from; i < to; ++i) {
    const T x = *(const T*)(at.in + i * a.in_step);
    total = i == from ? x : scan_op(a.op, total, x);
  }
  const int busy = (int)((end - begin + per - 1) / per);
  shared[t] = total;
  __syncthreads();
  for (int by = 1; by < busy; by *= 2) {
    const T mine = shared[t];
    const T sum = t >= by && t < busy ? scan_op(a.op, shared[t >= by ? t - by : 0], mine) : mine;
    __syncthreads();
    shared[t] = sum;
    __syncthreads();
  }
  T* partial = (T*)a.partial + line * a.nchunks;
  if (a.nchunks > 1 && !carry) {
    if (t == busy - 1) partial[chunk] = shared[t];
    return;
  }
  if (t >= busy) return;
  bool has = t > 0 || chunk > 0;
  T prefix = {};
  if (chunk > 0) prefix = partial[chunk - 1];
  if (t > 0) prefix = chunk > 0 ? scan_op(a.op, prefix, shared[t - 1]) : shared[t - 1];
  for (I64 i = from; i < to; ++i) {
    const T x = *(const T*)(at.in + i * a.in_step);
    prefix = has ? scan_op(a.op, prefix, x) : x;
    has = true;
    *(T*)(at.out + i * a.out_step) = prefix;
  }
}

// One thread a line: for many lines which are short, or whose neighbours are neighbours in memory.
template <class T> NL_FN void scan_serial(const Lines& a) {
  const I64 line = (I64)blockIdx.x * blockDim.x + threadIdx.x;
  if (line >= a.lines) return;
  const Starts at = line_start(a, line);
  T total = {};
  for (I64 i = 0; i < a.n; ++i) {
    const T x = *(const T*)(at.in + i * a.in_step);
    total = i ? scan_op(a.op, total, x) : x;
    *(T*)(at.out + i * a.out_step) = total;
  }
}

// A block a line, whose elements are added one after the other by one thread, so that floats round as on the CPU; the others move them.
template <class T> NL_FN void scan_in_turn(const Lines& a, T* tile) {
  const Starts at = line_start(a, blockIdx.x);
  const auto add_up = [&](int op, T total, int first, int count) {
#pragma unroll 8
    for (int i = first; i < count; ++i) tile[i] = total = scan_op(op, total, tile[i]);
    return total;
  };
  T total = {};
  for (I64 begin = 0; begin < a.n; begin += kTurnTile) {
    const int count = a.n - begin < kTurnTile ? (int)(a.n - begin) : kTurnTile;
    for (int i = threadIdx.x; i < count; i += blockDim.x) tile[i] = *(const T*)(at.in + (begin + i) * a.in_step);
    __syncthreads();
    if (threadIdx.x == 0) {
      if (begin == 0) total = tile[0];
      total = a.op == 0 ? add_up(0, total, begin == 0, count) : add_up(a.op, total, begin == 0, count);
    }
    __syncthreads();
    for (int i = threadIdx.x; i < count; i += blockDim.x) *(T*)(at.out + (begin + i) * a.out_step) = tile[i];
    __syncthreads();
  }
}

// Totals of a line's chunks into running totals.
template <class T> NL_FN void scan_totals(const Lines& a) {
  const I64 line = (I64)blockIdx.x * blockDim.x + threadIdx.x;
  if (line >= a.lines) return;
  T* partial = (T*)a.partial + line * a.nchunks;
  for (I64 i = 1; i < a.nchunks; ++i) partial[i] = scan_op(a.op, partial[i - 1], partial[i]);
}

// Whether x at index i is to be taken rather than y at j: NaNs first, then by value, then the lower index.
template <class T> NL_FN bool takes(int op, T x, I64 i, T y, I64 j) {
  const bool nx = nl::op_isnan(x), ny = nl::op_isnan(y);
  const bool better = nx | ny ? nx & !ny : op == 2 ? nl::op_less(x, y) : nl::op_greater(x, y);
  const bool worse = nx | ny ? ny & !nx : op == 2 ? nl::op_less(y, x) : nl::op_greater(y, x);
  return better | (!worse & (i < j));
}

template <class T> NL_FN void extremum_serial(const Lines& a) {
  const I64 line = (I64)blockIdx.x * blockDim.x + threadIdx.x;
  if (line >= a.lines) return;
  const Starts at = line_start(a, line);
  T best = *(const T*)at.in;
  I64 where = 0;
  for (I64 i = 1; i < a.n; ++i) {
    const T x = *(const T*)(at.in + i * a.in_step);
    if (takes(a.op, x, i, best, where)) {
      best = x;
      where = i;
    }
  }
  *(I64*)at.out = where;
}

// One block for each chunk of a line: candidates go to `partial`, or to `out` where there is one chunk. Where `in` holds
// candidates already (second pass), `partial` names them.
template <class T> NL_FN void extremum(const Lines& a, bool second, T* value, I64* index) {
  const I64 line = second ? blockIdx.x : blockIdx.x / a.nchunks;
  const I64 chunk = second ? 0 : blockIdx.x - line * a.nchunks;
  const int t = threadIdx.x, threads = blockDim.x;
  const Starts at = line_start(a, line);
  I64* partial = (I64*)a.partial + line * a.nchunks;
  const I64 begin = second ? 0 : chunk * a.chunk;
  const I64 end = second ? a.nchunks : begin + a.chunk < a.n ? begin + a.chunk : a.n;
  T best = {};
  I64 where = -1;
  for (I64 k = begin + t; k < end; k += threads) {
    const I64 i = second ? partial[k] : k;
    const T x = *(const T*)(at.in + i * a.in_step);
    if (where < 0 || takes(a.op, x, i, best, where)) {
      best = x;
      where = i;
    }
  }
  value[t] = best;
  index[t] = where;
  for (int half = threads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (t < half && index[t + half] >= 0 &&
        (index[t] < 0 || takes(a.op, value[t + half], index[t + half], value[t], index[t]))) {
      value[t] = value[t + half];
      index[t] = index[t + half];
    }
  }
  if (t == 0) {
    if (second || a.nchunks == 1) *(I64*)at.out = index[0];
    else partial[chunk] = index[0];
  }
}

template <class T> NL_FN T mul_add(T acc, T x, T y) { return nl::op_add(acc, nl::op_multiply(x, y)); }
template <class T> struct Accumulator { typedef T type; };
template <> struct Accumulator<nl::f2> { typedef nl::f4 type; };

// 16 x 16 tiles of the output, one thread an element.
template <class T> NL_FN void product(const Matmul& p, typename Accumulator<T>::type (*ta)[17],
                                      typename Accumulator<T>::type (*tb)[17]) {
  typedef typename Accumulator<T>::type A;
  const int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  const I64 col = (I64)blockIdx.x * 16 + tx, row = (I64)blockIdx.y * 16 + ty;
  for (I64 batch = blockIdx.z; batch < p.batch; batch += gridDim.z) {
    const char* a = (const char*)p.a;
    const char* b = (const char*)p.b;
    char* out = (char*)p.out;
    I64 rest = batch;
    for (int d = p.ndim - 1; d >= 0; --d) {
      const I64 q = rest / p.shape[d], at = rest - q * p.shape[d];
      a += at * p.a_strides[d];
      b += at * p.b_strides[d];
      out += at * p.out_strides[d];
      rest = q;
    }
    A acc = {};
    for (I64 k0 = 0; k0 < p.k; k0 += 16) {
      A x = {}, y = {};
      if (row < p.m && k0 + tx < p.k) x = nl::cast<A>(*(const T*)(a + row * p.a_row + (k0 + tx) * p.a_col));
      if (col < p.n && k0 + ty < p.k) y = nl::cast<A>(*(const T*)(b + (k0 + ty) * p.b_row + col * p.b_col));
      __syncthreads();
      ta[ty][tx] = x;
      tb[ty][tx] = y;
      __syncthreads();
      const int n = p.k - k0 < 16 ? (int)(p.k - k0) : 16;
      for (int k = 0; k < n; ++k) acc = k0 + k ? mul_add(acc, ta[ty][k], tb[k][tx]) : nl::op_multiply(ta[ty][k], tb[k][tx]);
    }
    if (row < p.m && col < p.n) *(T*)(out + row * p.out_row + col * p.out_col) = nl::cast<T>(acc);
  }
}

// A number of T's width whose order is that of the elements, NaNs last; and back.
template <class T> NL_FN U64 order_key(T x) {
  constexpr U64 all = ~0ull >> (64 - 8 * sizeof(T)), top = all ^ all >> 1;
  const U64 w = put<U64>(x);
  if (nl::Traits<T>::kind == nl::kFloat) return nl::op_isnan(x) ? all : w & top ? ~w & all : w | top;
  return nl::Traits<T>::kind == nl::kSigned ? w ^ top : w;
}
template <class T> NL_FN T of_order_key(U64 key) {
  constexpr U64 all = ~0ull >> (64 - 8 * sizeof(T)), top = all ^ all >> 1;
  if (nl::Traits<T>::kind == nl::kFloat) return get<T>(key & top ? key ^ top : ~key & all);
  return get<T>(nl::Traits<T>::kind == nl::kSigned ? key ^ top : key);
}

template <class T> NL_FN void count_digits(const Order& o, int pass, unsigned (*counts)[kOrderBins], OrderState* state) {
  const I64 line = blockIdx.y;
  const int t = threadIdx.x, threads = blockDim.x;
  for (int i = t; i < kOrderRanks * kOrderBins; i += threads) counts[i / kOrderBins][i % kOrderBins] = 0;
  if (t < o.group && pass > 0) state[t] = ((const OrderState*)o.state)[line * kOrderRanks + t];
  __syncthreads();
  const int group = pass > 0 ? o.group : 1;
  const int shift = 8 * ((int)sizeof(T) - pass - 1);
  const T* from = (const T*)o.in + line * o.n;
  const I64 begin = blockIdx.x * o.chunk, end = begin + o.chunk < o.n ? begin + o.chunk : o.n;
  bool nan = false;
  for (I64 i = begin + t; i < end; i += threads) {
    const T x = from[i];
    if (pass == 0) nan |= nl::op_isnan(x);
    const U64 key = order_key(x);
    for (int r = 0; r < group; ++r)
      if (pass == 0 || (state[r].leader == r && key >> shift >> 8 == state[r].prefix))
        atomicAdd(&counts[r][(key >> shift) & (kOrderBins - 1)], 1u);
  }
  if (nan) ((I64*)o.nans)[line] = 1;
  __syncthreads();
  unsigned* all = (unsigned*)o.counts + line * kOrderRanks * kOrderBins;
  for (int i = t; i < group * kOrderBins; i += threads) {
    const unsigned n = counts[i / kOrderBins][i % kOrderBins];
    if (n) atomicAdd(all + i, n);
  }
}

// One thread a rank.
template <class T> NL_FN void narrow(const Order& o, int pass, U64* prefix) {
  const I64 line = blockIdx.x;
  const int r = threadIdx.x;
  OrderState* state = (OrderState*)o.state + line * kOrderRanks;
  OrderState mine = {0, 0, 0};
  if (r < o.group) {
    if (pass == 0) mine.rest = ((const I64*)o.ranks)[r];
    else mine = state[r];
    const unsigned* counts = (const unsigned*)o.counts + (line * kOrderRanks + mine.leader) * kOrderBins;
    int digit = 0;
    for (; digit < kOrderBins - 1 && mine.rest >= counts[digit]; ++digit) mine.rest -= counts[digit];
    mine.prefix = mine.prefix << 8 | (U64)digit;
    prefix[r] = mine.prefix;
  }
  __syncthreads();
  if (r >= o.group) return;
  mine.leader = 0;
  while (prefix[mine.leader] != mine.prefix) ++mine.leader;
  state[r] = mine;
  if (pass + 1 < (int)sizeof(T)) return;
  ((T*)o.out)[line * o.count + r] = of_order_key<T>(((const I64*)o.nans)[line] ? ~0ull >> (64 - 8 * sizeof(T)) : mine.prefix);
}

// `n` bytes, aligned to n or to 8.
NL_FN void copy_item(char* to, const char* from, int n) {
  switch (n) {
    case 1: *to = *from; break;
    case 2: *(unsigned short*)to = *(const unsigned short*)from; break;
    case 4: *(unsigned*)to = *(const unsigned*)from; break;
    case 8: *(U64*)to = *(const U64*)from; break;
    default: ((U64*)to)[0] = ((const U64*)from)[0]; ((U64*)to)[1] = ((const U64*)from)[1];
  }
}

NL_FN U64 hashed(U64 x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdull;
  x ^= x >> 33;
  return x;
}

}  // namespace

#define TYPE(code, T)                                                                                            \
  extern "C" __global__ void __launch_bounds__(256) scan_##code(const __grid_constant__ Lines a, int pass) {     \
    __shared__ T shared[kTurnTile];                                                                              \
    if (pass == kSerialPass) return scan_serial<T>(a);                                                           \
    if (pass == kTurnPass) return scan_in_turn<T>(a, shared);                                                    \
    scan<T>(a, pass != 0, shared);                                                                               \
  }                                                                                                              \
  extern "C" __global__ void totals_##code(const __grid_constant__ Lines a) { scan_totals<T>(a); }               \
  extern "C" __global__ void __launch_bounds__(256) extremum_##code(const __grid_constant__ Lines a, int pass) { \
    __shared__ T value[256];                                                                                     \
    __shared__ I64 index[256];                                                                                   \
    if (pass == kSerialPass) return extremum_serial<T>(a);                                                       \
    extremum<T>(a, pass != 0, value, index);                                                                     \
  }                                                                                                              \
  extern "C" __global__ void __launch_bounds__(256) matmul_##code(const __grid_constant__ Matmul p) {            \
    __shared__ Accumulator<T>::type ta[16][17], tb[16][17];                                                      \
    product<T>(p, ta, tb);                                                                                       \
  }
TYPE(b1, bool)
TYPE(i1, nl::i1)
TYPE(i2, nl::i2)
TYPE(i4, nl::i4)
TYPE(i8, nl::i8)
TYPE(u1, nl::u1)
TYPE(u2, nl::u2)
TYPE(u4, nl::u4)
TYPE(u8, nl::u8)
TYPE(f2, nl::f2)
TYPE(f4, nl::f4)
TYPE(f8, nl::f8)
TYPE(c8, nl::c8)
TYPE(c16, nl::c16)

#define ORDERED(code, T)                                                                                      \
  extern "C" __global__ void __launch_bounds__(256) count_##code(const __grid_constant__ Order o, int pass) { \
    __shared__ unsigned counts[kOrderRanks][kOrderBins];                                                      \
    __shared__ OrderState state[kOrderRanks];                                                                 \
    count_digits<T>(o, pass, counts, state);                                                                  \
  }                                                                                                           \
  extern "C" __global__ void narrow_##code(const __grid_constant__ Order o, int pass) {                       \
    __shared__ U64 prefix[kOrderRanks];                                                                       \
    narrow<T>(o, pass, prefix);                                                                               \
  }
ORDERED(i1, nl::i1)
ORDERED(i2, nl::i2)
ORDERED(i4, nl::i4)
ORDERED(i8, nl::i8)
ORDERED(u1, nl::u1)
ORDERED(u2, nl::u2)
ORDERED(u4, nl::u4)
ORDERED(u8, nl::u8)
ORDERED(f4, nl::f4)
ORDERED(f8, nl::f8)

// Of the elements with one target the last in C order wins: the first pass finds it, the second lets it alone write.
extern "C" __global__ void scatter(const __grid_constant__ Scatter s, int second) {
  U64* keys = (U64*)s.keys;
  U64* winners = (U64*)s.winners;
  for (I64 i = (I64)blockIdx.x * blockDim.x + threadIdx.x; i < s.size; i += (I64)gridDim.x * blockDim.x) {
    I64 rest = i;
    const char* in = (const char*)s.in;
    const char* where = (const char*)s.where;
    U64 to = s.out;
    for (int d = s.ndim - 1; d >= 0; --d) {
      const I64 q = rest / s.shape[d], at = rest - q * s.shape[d];
      in += at * s.in_strides[d];
      where += at * s.where_strides[d];
      to += at * s.out_strides[d];
      rest = q;
    }
    to += *(const I64*)where;
    U64 slot = hashed(to) & s.mask;
    if (!second) {
      for (;; slot = (slot + 1) & s.mask) {
        const U64 was = atomicCAS(keys + slot, ~0ull, to);
        if (was == ~0ull || was == to) break;
      }
      atomicMax(winners + slot, (U64)i + 1);
      continue;
    }
    while (keys[slot] != to) slot = (slot + 1) & s.mask;
    if (winners[slot] != (U64)i + 1) continue;
    copy_item((char*)to, in, s.item);
  }
}

extern "C" __global__ void __launch_bounds__(256) transfer(const __grid_constant__ Transfers c) {
  for (I64 i = (I64)blockIdx.x * blockDim.x + threadIdx.x; i < c.size; i += (I64)gridDim.x * blockDim.x) {
    int p = 0;
    while (p + 1 < c.count && i >= c.part[p + 1].first) ++p;
    const Transfers::Part& part = c.part[p];
    U64 to = part.to, from = part.from;
    I64 rest = i - part.first;
    for (int d = part.ndim - 1; d >= 0; --d) {
      const I64 n = part.shape[d], q = d ? divided(rest, n) : 0, at = rest - q * n;
      to += at * part.to_strides[d];
      from += at * part.from_strides[d];
      rest = q;
    }
    copy_item((char*)to, (const char*)from, part.unit);
  }
}

// Each true element knows its place among the true ones.
extern "C" __global__ void compact(const __grid_constant__ Compact c) {
  const bool* mask = (const bool*)c.mask;
  I64* out = (I64*)c.out;
  for (I64 i = (I64)blockIdx.x * blockDim.x + threadIdx.x; i < c.n; i += (I64)gridDim.x * blockDim.x)
    if (mask[i]) out[(c.count_item == 4 ? ((const int*)c.counts)[i] : ((const I64*)c.counts)[i]) - 1] = i;
}

// What is no place in `out` is left out: another thread of the program may be writing `in`.
extern "C" __global__ void __launch_bounds__(256) bincount(const __grid_constant__ Bincount c) {
  __shared__ unsigned counts[kSharedBins];
  const U64* in = (const U64*)c.in;
  U64* out = (U64*)c.out;
  const I64 first = (I64)blockIdx.x * blockDim.x + threadIdx.x, step = (I64)gridDim.x * blockDim.x;
  if (c.bins > kSharedBins) {
    for (I64 i = first; i < c.n; i += step)
      if (const U64 at = in[i]; at < (U64)c.bins) atomicAdd(out + at, 1ull);
    return;
  }
  for (int b = threadIdx.x; b < c.bins; b += blockDim.x) counts[b] = 0;
  __syncthreads();
  for (I64 i = first; i < c.n; i += step)
    if (const U64 at = in[i]; at < (U64)c.bins) atomicAdd(counts + at, 1u);
  __syncthreads();
  for (int b = threadIdx.x; b < c.bins; b += blockDim.x)
    if (counts[b]) atomicAdd(out + b, (U64)counts[b]);
}
