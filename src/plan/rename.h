// New storage for a buffer that a nest writes and reads at other positions: the nest reads the old one, writes the new one,
// and what it does not write is copied over. Without it the result would be stored elsewhere first and copied back.
#pragma once
#include <vector>

#include "program/program.h"

namespace numloom {

// Whether a write through this view leaves so little of its buffer that copying the rest is cheaper than copying the result.
// The view must be a box of rows of the buffer.
bool nearly_all(const Operand& written);

// What lies outside the box, as views of bytes; at most two for each axis. REQUIRES: nearly_all(written).
std::vector<Layout> rest_of(const Operand& written);

}  // namespace numloom
