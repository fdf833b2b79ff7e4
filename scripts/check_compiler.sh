#!/usr/bin/env bash
# Says in one line what to install if the C++ compiler ($CXX, else c++, g++, clang++) is missing or lacks C++20.
set -uo pipefail
for compiler in ${CXX:-c++ g++ clang++}; do
  command -v "$compiler" >/dev/null || continue
  if echo '#include <span>
#include <concepts>
int main() { return static_cast<int>(std::span<int>{}.size()); }' |
      "$compiler" -std=c++20 -x c++ -fsyntax-only - 2>/dev/null; then
    exit 0
  fi
  echo "numloom: '$compiler' cannot compile C++20; install g++ 12 or clang++ 14, or newer, and name it with CXX=..." >&2
  exit 1
done
echo "numloom: no C++ compiler found${CXX:+ (CXX=$CXX)}; install one (Debian, Ubuntu: apt install g++)" >&2
exit 1
