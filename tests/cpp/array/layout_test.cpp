// View algebra against brute force: sets of bytes, and elements counted one by one.
#include "array/layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace numloom {
namespace {

// The address of every element, in C order.
std::vector<int64_t> addresses(const Layout& l) {
  std::vector<int64_t> out;
  std::vector<int64_t> at(static_cast<size_t>(l.ndim), 0);
  const int64_t n = l.size();
  for (int64_t k = 0; k < n; ++k) {
    int64_t o = l.offset;
    for (int d = 0; d < l.ndim; ++d) o += at[d] * l.strides[d];
    out.push_back(o);
    for (int d = l.ndim - 1; d >= 0; --d) {
      if (++at[d] < l.shape[d]) break;
      at[d] = 0;
    }
  }
  return out;
}

std::vector<bool> bytes_of(const Layout& l, int item, int64_t size) {
  std::vector<bool> out(static_cast<size_t>(size), false);
  for (int64_t a : addresses(l))
    for (int b = 0; b < item; ++b) out[static_cast<size_t>(a + b)] = true;
  return out;
}

class Views {
 public:
  explicit Views(unsigned seed) : random_(seed) {}
  int64_t below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(random_); }

  // A view as slicing, transposing, new axes, broadcasting and diagonals make them of a C-contiguous array.
  Layout make(std::span<const int64_t> base, int item) {
    const Layout whole = Layout::contiguous(base, item);
    Layout l;
    l.ndim = 0;
    l.offset = 0;
    for (int d = 0; d < whole.ndim; ++d) {
      const int64_t n = whole.shape[d], s = whole.strides[d];
      switch (below(8)) {
        case 0: l.offset += below(n) * s; break;  // an integer
        case 1:                                   // reversed
          l.offset += (n - 1) * s;
          push(l, n, -s);
          break;
        case 2: push(l, n, s); break;
        case 3:  // a new axis, or a broadcast one
          push(l, 1 + below(3), 0);
          push(l, n, s);
          break;
        default: {
          const int64_t start = below(n), step = 1 + below(3), count = below((n - start - 1) / step + 2);
          if (count) l.offset += start * s;
          push(l, count, step * s);
        }
      }
    }
    for (int k = l.ndim - 1; k > 0; --k) {
      const int other = static_cast<int>(below(k + 1));
      std::swap(l.shape[k], l.shape[other]);
      std::swap(l.strides[k], l.strides[other]);
    }
    if (l.ndim >= 2 && below(10) == 0) {  // a diagonal
      const int64_t n = std::min(l.shape[0], l.shape[1]);
      l.shape[1] = n;
      l.strides[1] += l.strides[0];
      for (int d = 1; d < l.ndim; ++d) l.shape[d - 1] = l.shape[d], l.strides[d - 1] = l.strides[d];
      --l.ndim;
    }
    return l;
  }

 private:
  static void push(Layout& l, int64_t n, int64_t s) {
    l.shape[l.ndim] = n;
    l.strides[l.ndim++] = s;
  }
  std::mt19937 random_;
};

const std::vector<std::vector<int64_t>> kBases = {{24}, {6, 7}, {5, 8}, {3, 4, 5}, {2, 3, 2, 3}, {1, 9}, {4, 4, 4}, {7, 1, 6}};

TEST(Relate, NeverSaysDisjointOrIdenticalWrongly) {
  Views views(1);
  int decided_disjoint = 0, truly_disjoint = 0;
  for (int turn = 0; turn < 40000; ++turn) {
    const auto& base = kBases[static_cast<size_t>(views.below(static_cast<int64_t>(kBases.size())))];
    const int item = 1 << views.below(4);
    Layout a = views.make(base, item), b = views.make(base, item);
    int item_b = item;
    if (item == 8 && views.below(4) == 0) {  // the imaginary parts of complex64: half of each element
      item_b = 4;
      b.offset += 4;
    }
    int64_t size = item;
    for (int64_t n : base) size *= n;
    const auto x = bytes_of(a, item, size), y = bytes_of(b, item_b, size);
    bool meet = false;
    for (size_t k = 0; k < x.size(); ++k) meet |= x[k] && y[k];
    const Relation r = relate(a, item, b, item_b);
    truly_disjoint += !meet;
    decided_disjoint += r == Relation::disjoint;
    if (r == Relation::disjoint) { ASSERT_FALSE(meet) << "turn " << turn; }
    if (r == Relation::identical) {
      ASSERT_EQ(addresses(a), addresses(b)) << "turn " << turn;
      ASSERT_EQ(item, item_b);
      ASSERT_TRUE(same_shape(a, b));
    }
    ASSERT_EQ(relate(b, item_b, a, item) == Relation::disjoint, r == Relation::disjoint) << "turn " << turn;
  }
  // Undecided is allowed, but seldom for what slicing makes.
  EXPECT_GT(decided_disjoint, truly_disjoint * 9 / 10) << decided_disjoint << " of " << truly_disjoint;
}

TEST(Relate, DecidesWhatStencilsNeed) {
  const int64_t shape[2] = {10, 12};
  const Layout whole = Layout::contiguous(shape, 8);
  const auto part = [&](int64_t r0, int64_t r1, int64_t c0, int64_t c1) {
    Layout l = whole;
    l.offset = r0 * whole.strides[0] + c0 * 8;
    l.shape[0] = r1 - r0;
    l.shape[1] = c1 - c0;
    return l;
  };
  const Layout inside = part(1, 9, 1, 11);
  EXPECT_EQ(relate(inside, 8, inside, 8), Relation::identical);
  EXPECT_EQ(relate(inside, 8, part(1, 9, 2, 12), 8), Relation::overlap);
  EXPECT_EQ(relate(inside, 8, part(0, 10, 0, 1), 8), Relation::disjoint);   // the left column
  EXPECT_EQ(relate(inside, 8, part(0, 1, 0, 12), 8), Relation::disjoint);   // the top row
  EXPECT_EQ(relate(part(0, 10, 0, 6), 8, part(0, 10, 6, 12), 8), Relation::disjoint);
  Layout even = whole, odd = whole;
  even.shape[1] = odd.shape[1] = 6;
  even.strides[1] = odd.strides[1] = 16;
  odd.offset = 8;
  EXPECT_EQ(relate(even, 8, odd, 8), Relation::disjoint);
}

TEST(Layout, SelfOverlapAgreesWithCounting) {
  Views views(2);
  int decided_apart = 0, truly_apart = 0;
  for (int turn = 0; turn < 5000; ++turn) {
    const auto& base = kBases[static_cast<size_t>(views.below(static_cast<int64_t>(kBases.size())))];
    const Layout l = views.make(base, 4);
    const auto all = addresses(l);
    const bool apart = std::set<int64_t>(all.begin(), all.end()).size() == all.size();
    truly_apart += apart;
    if (!self_overlaps(l, 4)) {
      ++decided_apart;
      ASSERT_TRUE(apart) << "turn " << turn;
    }
  }
  EXPECT_GT(decided_apart, truly_apart * 9 / 10) << decided_apart << " of " << truly_apart;
}

TEST(Layout, ExtentHoldsAllElements) {
  Views views(3);
  for (int turn = 0; turn < 5000; ++turn) {
    const Layout l = views.make(kBases[static_cast<size_t>(views.below(8))], 2);
    int64_t low, high;
    l.extent(2, low, high);
    const auto all = addresses(l);
    if (all.empty()) {
      ASSERT_EQ(low, high);
    } else {
      ASSERT_EQ(low, *std::min_element(all.begin(), all.end()));
      ASSERT_EQ(high, *std::max_element(all.begin(), all.end()) + 2);
    }
  }
}

TEST(Layout, ContiguityIsNumPys) {
  Views views(4);
  for (int turn = 0; turn < 5000; ++turn) {
    const Layout l = views.make(kBases[static_cast<size_t>(views.below(8))], 4);
    const auto all = addresses(l);
    bool in_order = true;
    for (size_t k = 0; k < all.size(); ++k) in_order &= all[k] == l.offset + static_cast<int64_t>(k) * 4;
    ASSERT_EQ(l.c_contiguous(4), all.empty() || in_order) << "turn " << turn;
    Layout t = l;
    std::reverse(t.shape, t.shape + t.ndim);
    std::reverse(t.strides, t.strides + t.ndim);
    ASSERT_EQ(t.f_contiguous(4), l.c_contiguous(4));
  }
}

TEST(Layout, ReshapeIsAViewExactlyWhereOneExists) {
  Views views(5);
  const std::vector<std::vector<int64_t>> targets = {{-1},       {1, -1},    {2, -1},    {-1, 2},    {3, -1},
                                                     {2, 2, -1}, {-1, 1, 3}, {2, 3, -1}, {1, -1, 1}, {4, -1}};
  int seen = 0;
  for (int turn = 0; turn < 20000; ++turn) {
    const Layout l = views.make(kBases[static_cast<size_t>(views.below(8))], 4);
    auto shape = targets[static_cast<size_t>(views.below(static_cast<int64_t>(targets.size())))];
    int64_t known = 1;
    for (int64_t n : shape) known *= n < 0 ? 1 : n;
    if (l.size() == 0 || l.size() % known) continue;
    for (int64_t& n : shape)
      if (n < 0) n = l.size() / known;
    Layout out;
    const auto want = addresses(l);
    if (reshape_view(l, 4, shape, out)) {
      ASSERT_EQ(addresses(out), want) << "turn " << turn;
      ASSERT_TRUE(std::equal(shape.begin(), shape.end(), out.shape));
      ++seen;
    } else {
      // No strides give these addresses: they would follow from the first step along each axis.
      Layout guess = Layout::contiguous(shape, 4);
      guess.offset = l.offset;
      int64_t inner = 1;
      for (int d = guess.ndim - 1; d >= 0; --d) {
        guess.strides[d] = shape[d] > 1 ? want[inner] - want[0] : 4;
        inner *= shape[d];
      }
      ASSERT_NE(addresses(guess), want) << "turn " << turn;
    }
  }
  EXPECT_GT(seen, 1000);
}

TEST(Broadcast, ShapesAndViews) {
  int64_t out[kMaxDims];
  int n;
  const int64_t a[] = {3, 1, 5}, b[] = {4, 1}, c[] = {2, 5}, empty[] = {0, 1};
  ASSERT_TRUE(broadcast_shapes(a, b, out, n));
  EXPECT_EQ(std::vector<int64_t>(out, out + n), (std::vector<int64_t>{3, 4, 5}));
  EXPECT_TRUE(broadcast_shapes(a, c, out, n));
  EXPECT_FALSE(broadcast_shapes(b, c, out, n));
  ASSERT_TRUE(broadcast_shapes(b, {}, out, n));
  EXPECT_EQ(n, 2);
  ASSERT_TRUE(broadcast_shapes(empty, c, out, n) == false);
  const int64_t one_row[] = {1, 5};
  ASSERT_TRUE(broadcast_shapes(empty, one_row, out, n));
  EXPECT_EQ(std::vector<int64_t>(out, out + n), (std::vector<int64_t>{0, 5}));

  const int64_t column[] = {4, 1}, wide[] = {2, 4, 3};
  const Layout l = broadcast_to(Layout::contiguous(column, 8), wide);
  const auto all = addresses(l);
  for (int64_t k = 0; k < 24; ++k) EXPECT_EQ(all[static_cast<size_t>(k)], k / 3 % 4 * 8);
}

}  // namespace
}  // namespace numloom
