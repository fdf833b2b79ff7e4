// Loops that move elements without knowing their type: selected by size alone. Pure functions.
#pragma once
#include <cstdint>

namespace numloom {

struct Wide { uint64_t w[2]; };

// Calls f with a value of an unsigned type of `item` bytes: 1, 2, 4, 8 or 16.
template <class F>
void by_item(int item, F&& f) {
  switch (item) {
    case 1: f(uint8_t{}); break;
    case 2: f(uint16_t{}); break;
    case 4: f(uint32_t{}); break;
    case 8: f(uint64_t{}); break;
    default: f(Wide{}); break;
  }
}

}  // namespace numloom
