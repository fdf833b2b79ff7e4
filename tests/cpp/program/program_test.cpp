#include "program/program.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace numloom {
namespace {

// A chain over n elements: b1 = sqrt b0, b2 = sqrt b1, ...
class Chain {
 public:
  explicit Chain(int length, int64_t n = 100) {
    const int64_t shape[1] = {n};
    layout_ = Layout::contiguous(shape, 8);
    for (int k = 0; k <= length; ++k) buffers_.push_back(Buffer::make(n * 8));
    for (int k = 0; k < length; ++k) {
      Instr& i = program.draft();
      i.kind = Kind::map;
      i.op = Op::sqrt;
      i.type = DType::f8;
      i.nin = 1;
      i.in[0] = operand(k);
      i.out = operand(k + 1);
      program.commit();
    }
  }
  ~Chain() {
    for (int k = 0; k < program.size(); ++k)
      if (!program.completed(k)) program.complete(k);
    for (Buffer* b : buffers_) b->release_handle();
  }
  Buffer& operator[](int k) { return *buffers_[static_cast<size_t>(k)]; }
  Program program;

 private:
  Operand operand(int k) {
    Operand o;
    o.buf = buffers_[static_cast<size_t>(k)];
    o.dtype = DType::f8;
    o.layout = layout_;
    return o;
  }
  Layout layout_;
  std::vector<Buffer*> buffers_;
};

TEST(Program, CountsWhatIsPending) {
  Chain c(3);
  EXPECT_EQ(c.program.size(), 3);
  EXPECT_EQ(c[0].pending_reads, 1);
  EXPECT_EQ(c[1].pending_writes, 1);
  EXPECT_EQ(c[1].pending_reads, 1);
  EXPECT_FALSE(c[3].idle());
  c.program.verify();
  c.program.complete(0);
  EXPECT_TRUE(c[0].idle());
  EXPECT_EQ(c[1].pending_writes, 0);
  EXPECT_EQ(c[1].pending_reads, 1);
  c.program.compact();
  EXPECT_EQ(c.program.size(), 2);
}

TEST(Program, CompletingTwiceCountsOnce) {
  Chain c(1);
  c.program.complete(0);
  c.program.complete(0);
  EXPECT_EQ(c[0].pending_reads, 0);
  EXPECT_EQ(c[1].pending_writes, 0);
}

TEST(Program, SplitsAndJoins) {
  Chain c(5);
  Program rest;
  c.program.split(2, rest);
  EXPECT_EQ(c.program.size(), 2);
  EXPECT_EQ(rest.size(), 3);
  c.program.append(std::move(rest));
  EXPECT_EQ(c.program.size(), 5);
  c.program.verify();
  for (int k = 0; k < 5; ++k) EXPECT_EQ(c.program[k].in[0].buf, &c[k]);
}

TEST(Program, FormsAreOfTheOpNotOfSizes) {
  Chain a(2), b(2, 777);
  EXPECT_EQ(a.program[0].form, b.program[0].form);
  EXPECT_EQ(a.program[0].form, a.program[1].form);
}

TEST(Program, PrintsItsInstructions) {
  Chain c(1);
  const std::string text = c.program.print();
  EXPECT_NE(text.find("0: "), std::string::npos) << text;
  EXPECT_NE(text.find("map sqrt.f8"), std::string::npos) << text;
  EXPECT_NE(text.find("[100]"), std::string::npos) << text;
}

TEST(Program, VerifyFindsAViewOutsideItsBuffer) {
  Chain c(1);
  Instr& broken = const_cast<Instr&>(c.program[0]);
  broken.out.layout.offset = 8;
  EXPECT_THROW(c.program.verify(), std::logic_error);
  broken.out.layout.offset = 0;
}

}  // namespace
}  // namespace numloom
