#include "backend/cpu/product.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "array/by_item.h"
#include "backend/cpu/loops.h"
#include "backend/cpu/strided.h"
#include "runtime/threads.h"

namespace numloom::cpu {
namespace {

constexpr int64_t kParallelWork = 1 << 16;  // multiply-adds
constexpr int64_t kShortRow = 32;           // below it a call of a loop costs more than the row

using Bytes = std::vector<char>;

template <class F>
void for_rows(const Product& p, F&& row) {
  if (p.m * p.n * p.k > kParallelWork) parallel_for(p.m, [&](int64_t i, int) { row(i); });
  else
    for (int64_t i = 0; i < p.m; ++i) row(i);
}

// n elements of type `from`, `stride` bytes apart, as a dense run of type `to`. `room`: for n of the wider of both.
void gather(char* to, DType to_type, const char* from, DType type, int64_t stride, int64_t n, Bytes& room) {
  char* dense = to_type == type ? to : room.data();
  by_item(item_size(type), [&](auto tag) { load_run(reinterpret_cast<decltype(tag)*>(dense), from, n, stride); });
  if (dense != to) loops().cast[static_cast<int>(type)][static_cast<int>(to_type)](to, dense, nullptr, nullptr, n);
}

// Whether any bit of a row of a meets one of a column of b: 64 products at a time, and no more than are needed.
void of_bools(const Product& p) {
  const int64_t words = (p.k + 63) / 64;
  const auto pack = [&](uint64_t* to, const char* from, int64_t stride, Bytes& room) {
    load_run(room.data(), from, p.k, stride);
    for (int64_t at = 0; at < words * 64; at += 8) {
      uint64_t eight;
      std::memcpy(&eight, room.data() + at, 8);
      eight |= eight >> 4;  // any byte but 0 is true
      eight |= eight >> 2;
      eight |= eight >> 1;
      // The multiplication brings the lowest bits of eight bytes together in the highest byte.
      const uint64_t bits = (eight & 0x0101010101010101) * 0x0102040810204080 >> 56;
      to[at / 64] |= bits << at % 64;
    }
  };
  const auto room = [&] { return Bytes(static_cast<size_t>(words * 64)); };
  Bytes packing = room();
  std::vector<uint64_t> columns(static_cast<size_t>(p.n * words));
  for (int64_t j = 0; j < p.n; ++j) pack(columns.data() + j * words, p.b + j * p.b_column, p.b_row, packing);
  for_rows(p, [&](int64_t i) {
    std::vector<uint64_t> row(static_cast<size_t>(words));
    Bytes unpacking = room();
    pack(row.data(), p.a + i * p.a_row, p.a_column, unpacking);
    const uint64_t* column = columns.data();
    for (int64_t j = 0; j < p.n; ++j, column += words) {
      int64_t w = 0;
      while (w < words && (row[w] & column[w]) == 0) ++w;
      p.out[i * p.out_row + j * p.out_column] = static_cast<char>(w < words);
    }
  });
}

// Each element as the sum of a row's products with a column: for integers, whose sums do not depend on the order.
void of_short_rows(DType t, const Product& p) {
  const int64_t item = item_size(t);
  const LoopFn multiply = loops().op[static_cast<int>(Op::multiply)][static_cast<int>(t)];
  const ReduceFn sum = loops().reduce[static_cast<int>(Op::add)][static_cast<int>(t)];
  Bytes columns(static_cast<size_t>(p.n * p.k * item)), none;
  for (int64_t j = 0; j < p.n; ++j) gather(columns.data() + j * p.k * item, t, p.b + j * p.b_column, t, p.b_row, p.k, none);
  for_rows(p, [&](int64_t i) {
    Bytes row(static_cast<size_t>(p.k * item)), products(row.size());
    gather(row.data(), t, p.a + i * p.a_row, t, p.a_column, p.k, none);
    for (int64_t j = 0; j < p.n; ++j) {
      multiply(products.data(), row.data(), columns.data() + j * p.k * item, nullptr, p.k);
      sum(p.out + i * p.out_row + j * p.out_column, products.data(), p.k);
    }
  });
}

// Each row as the sum of rows of b, multiplied with elements of a, in turn.
void of_rows(DType t, const Product& p) {
  // float16 accumulates in float32, as NumPy's loop does.
  const DType acc = t == DType::f2 ? DType::f4 : t;
  const int64_t wide = item_size(acc);
  const auto loop = [&](const auto& table, Op op) { return table[static_cast<int>(op)][static_cast<int>(acc)]; };
  const LoopFn multiply = loop(loops().op, Op::multiply), by_one = loop(loops().op_sv, Op::multiply);
  const LoopFn add = loop(loops().op, Op::add);
  const auto room = [&](int64_t n) { return Bytes(static_cast<size_t>(t == acc ? 0 : n * wide)); };
  Bytes rows(static_cast<size_t>(p.k * p.n * wide)), packing = room(p.n);
  for (int64_t l = 0; l < p.k; ++l) gather(rows.data() + l * p.n * wide, acc, p.b + l * p.b_row, t, p.b_column, p.n, packing);
  for_rows(p, [&](int64_t i) {
    Bytes sum(static_cast<size_t>(p.n * wide)), products(sum.size()), factors(static_cast<size_t>(p.k * wide));
    Bytes repeated(by_one ? 0 : sum.size()), unpacking = room(std::max(p.n, p.k));
    gather(factors.data(), acc, p.a + i * p.a_row, t, p.a_column, p.k, unpacking);
    for (int64_t l = 0; l < p.k; ++l) {
      const char* factor = factors.data() + l * wide;
      if (!by_one) {
        gather(repeated.data(), acc, factor, acc, 0, p.n, unpacking);
        factor = repeated.data();
      }
      char* to = l ? products.data() : sum.data();
      (by_one ? by_one : multiply)(to, factor, rows.data() + l * p.n * wide, nullptr, p.n);
      if (l) add(sum.data(), sum.data(), to, nullptr, p.n);
    }
    if (t != acc) loops().cast[static_cast<int>(acc)][static_cast<int>(t)](unpacking.data(), sum.data(), nullptr, nullptr, p.n);
    const char* done = t == acc ? sum.data() : unpacking.data();
    by_item(item_size(t), [&](auto tag) {
      store_run(p.out + i * p.out_row, reinterpret_cast<const decltype(tag)*>(done), p.n, p.out_column);
    });
  });
}

}  // namespace

void product(DType t, const Product& p) {
  if (t == DType::b1) of_bools(p);
  else if (is_integer(t) && p.n < kShortRow && p.k > p.n) of_short_rows(t, p);
  else of_rows(t, p);
}

}  // namespace numloom::cpu
