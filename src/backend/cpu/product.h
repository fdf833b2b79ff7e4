// Matrix products of the types that BLAS lacks: integers, bools and float16.
// Thread safety: pure functions.
#pragma once
#include <cstdint>

#include "array/dtype.h"

namespace numloom::cpu {

// m x k times k x n; strides in bytes, of rows and of columns.
struct Product {
  int64_t m, n, k;
  const char* a;
  int64_t a_row, a_column;
  const char* b;
  int64_t b_row, b_column;
  char* out;
  int64_t out_row, out_column;
};

// REQUIRES: out overlaps neither operand.
void product(DType type, const Product& p);

}  // namespace numloom::cpu
