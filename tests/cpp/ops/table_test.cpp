// The generated table: names, types, and that every op has its loops.
#include <gtest/gtest.h>

#include "backend/cpu/loops.h"

namespace numloom {
namespace {

TEST(OpTable, FindsNamesAndAliases) {
  EXPECT_EQ(op_by_name("add"), Op::add);
  EXPECT_EQ(op_by_name("true_divide"), Op::divide);
  EXPECT_EQ(op_by_name("mod"), Op::remainder);
  EXPECT_EQ(op_by_name("pow"), Op::power);
  EXPECT_EQ(op_by_name("no such op"), Op::none);
  for (int i = 1; i < kOps; ++i) EXPECT_EQ(op_by_name(op_info(static_cast<Op>(i)).name), static_cast<Op>(i));
}

TEST(OpTable, ComputesInTheTypeNumPyChooses) {
  EXPECT_EQ(op_compute_type(Op::sqrt, DType::b1), DType::f2);
  EXPECT_EQ(op_compute_type(Op::sqrt, DType::u1), DType::f2);
  EXPECT_EQ(op_compute_type(Op::sqrt, DType::i2), DType::f4);
  EXPECT_EQ(op_compute_type(Op::sqrt, DType::i4), DType::f8);
  EXPECT_EQ(op_compute_type(Op::divide, DType::i1), DType::f8);
  EXPECT_EQ(op_compute_type(Op::divide, DType::f4), DType::f4);
  EXPECT_EQ(op_compute_type(Op::subtract, DType::b1), kNoDType);
  EXPECT_EQ(op_compute_type(Op::bitwise_and, DType::f8), kNoDType);
  EXPECT_EQ(op_compute_type(Op::floor_divide, DType::b1), DType::i1);
  EXPECT_EQ(op_compute_type(Op::floor, DType::c8), kNoDType);
  EXPECT_EQ(op_compute_type(Op::float_power, DType::f2), DType::f8);
  EXPECT_EQ(op_output_type(Op::absolute, DType::c16), DType::f8);
  EXPECT_EQ(op_output_type(Op::less, DType::f4), DType::b1);
  EXPECT_EQ(op_input_type(Op::select, DType::i4, 0), DType::b1);
  EXPECT_EQ(op_input_type(Op::less_iu, DType::i8, 1), DType::u8);
}

TEST(OpTable, EveryOpHasALoopForEveryTypeItSupports) {
  const LoopTable& t = loops();
  for (int o = 1; o < kOps; ++o) {
    const Op op = static_cast<Op>(o);
    bool any = false;
    for (int d = 0; d < kDTypes; ++d) {
      EXPECT_EQ(t.op[o][d] != nullptr, op_supports(op, static_cast<DType>(d))) << op_info(op).name << " " << d;
      any |= t.op[o][d] != nullptr;
      if (op_info(op).reduces && op_output_type(op, static_cast<DType>(d)) == static_cast<DType>(d)) {
        EXPECT_NE(t.reduce[o][d], nullptr) << op_info(op).name << " " << d;
      }
      const DType promoted = op_compute_type(op, static_cast<DType>(d));
      EXPECT_TRUE(promoted == kNoDType || op_supports(op, promoted)) << op_info(op).name << " " << d;
    }
    EXPECT_TRUE(any) << op_info(op).name;
  }
  for (const auto& row : t.cast)
    for (LoopFn f : row) EXPECT_NE(f, nullptr);
}

}  // namespace
}  // namespace numloom
