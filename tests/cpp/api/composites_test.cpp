#include <gtest/gtest.h>

#include <numloom/numloom.h>

namespace numloom {
namespace {

using values = std::vector<double>;

values list(const array& a) { return a.to_vector<double>(); }

TEST(Composites, Grids) {
  const auto xy = meshgrid({arange(3), arange(2)});
  EXPECT_EQ(xy[0].shape(), (extents{2, 3}));
  EXPECT_EQ(list(xy[0]), (values{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(list(xy[1]), (values{0, 0, 0, 1, 1, 1}));
  const auto ij = meshgrid({arange(3), arange(2)}, indexing::ij);
  EXPECT_EQ(ij[0].shape(), (extents{3, 2}));
  EXPECT_EQ(list(ij[1]), (values{0, 1, 0, 1, 0, 1}));
  const array f = fromfunction([](const array& x, const array& y) { return x * 10 + y; }, 2, 3);
  EXPECT_EQ(list(f), (values{0, 1, 2, 10, 11, 12}));
  EXPECT_EQ(list(indices({2, 2})[0]), (values{0, 0, 1, 1}));
}

TEST(Composites, Parts) {
  array a = arange(6);
  auto parts = split(a, 3);
  ASSERT_EQ(parts.size(), 3U);
  parts[1](0) = 9;
  EXPECT_EQ(list(a), (values{0, 1, 9, 3, 4, 5}));
  EXPECT_EQ(list(split(a, extents{1, 4})[2]), (values{4, 5}));
  EXPECT_EQ(split(a.reshape({2, 3}), 3, -1)[2].shape(), (extents{2, 1}));
  EXPECT_THROW(split(a, 4), value_error);
}

TEST(Composites, RepeatingAndMoving) {
  const array m = arange(6).reshape({2, 3});
  EXPECT_EQ(list(tile(arange(2), {2, 2})), (values{0, 1, 0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(tile(m, {2}).shape(), (extents{2, 6}));
  EXPECT_EQ(list(repeat(arange(3), 2)), (values{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(list(repeat(m, 2, 0)), (values{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
  array once = repeat(m, 1, 1);
  once += 1;
  EXPECT_EQ(list(m), (values{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(list(roll(m, 1)), (values{5, 0, 1, 2, 3, 4}));
  EXPECT_EQ(list(roll(m, -4, 1)), (values{1, 2, 0, 4, 5, 3}));
  EXPECT_EQ(repeat(m, 0, 1).size(), 0);
  EXPECT_THROW(repeat(m, -1), value_error);
}

TEST(Composites, Padding) {
  const array a = arange(3);
  EXPECT_EQ(list(pad(a, {{1, 2}}, pad_mode::constant, 7)), (values{7, 0, 1, 2, 7, 7}));
  EXPECT_EQ(list(pad(a, {{2, 1}}, pad_mode::edge)), (values{0, 0, 0, 1, 2, 2}));
  EXPECT_EQ(list(pad(a, {{4, 4}}, pad_mode::symmetric)), (values{2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0}));
  EXPECT_EQ(list(pad(a, {{3, 3}}, pad_mode::reflect)), (values{1, 2, 1, 0, 1, 2, 1, 0, 1}));
  EXPECT_EQ(list(pad(a, {{4, 4}}, pad_mode::wrap)), (values{2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0}));
  EXPECT_EQ(list(pad(arange(4).reshape({2, 2}), {{1, 0}, {0, 1}})), (values{0, 0, 0, 0, 1, 0, 2, 3, 0}));
  EXPECT_THROW(pad(a, {{-1, 0}}), value_error);
  EXPECT_THROW(pad(a, {{1, 0}, {1, 0}}), value_error);
}

TEST(Composites, Products) {
  const array a = arange(24).reshape({2, 3, 4}), b = arange(12).reshape({4, 3});
  EXPECT_EQ(tensordot(a, b, 1).shape(), (extents{2, 3, 3}));
  EXPECT_EQ(list(tensordot(a, b, {1, 2}, {1, 0})), (values{440, 1232}));
  EXPECT_THROW(tensordot(a, b), value_error);
  const array m = arange(6).reshape({2, 3}), s = arange(9).reshape({3, 3});
  EXPECT_EQ(list(einsum("ij,kj->ik", {m, m})), list(matmul(m, m.T())));
  EXPECT_EQ(list(einsum("ij,jk", {m, s})), list(matmul(m, s)));
  EXPECT_EQ(list(einsum("ii", {s})), (values{12}));
  EXPECT_EQ(list(einsum("ii->i", {s})), (values{0, 4, 8}));
  EXPECT_EQ(list(einsum("ij->j", {m})), (values{3, 5, 7}));
  const array turned = transpose(a, {0, 2, 1});
  EXPECT_EQ(list(einsum("bij, bjk -> bik", {a, turned})), list(matmul(a, turned)));
  EXPECT_EQ(list(einsum("bij,bij->b", {a, a})), (values{506, 3818}));
  EXPECT_EQ(list(einsum("i,j,k->kij", {arange(2), arange(2), arange(2)})), (values{0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(einsum("ij,ij", {m > 1, m > 1}).dtype(), bool_);
  EXPECT_THROW(einsum("ij", {arange(3)}), value_error);
  EXPECT_THROW(einsum("i,i", {arange(3), arange(4)}), value_error);
  EXPECT_THROW(einsum("i->j", {arange(3)}), value_error);
}

}  // namespace
}  // namespace numloom
