#!/usr/bin/env bash
# GoogleTest comes from the system. Where it is missing and this may install it, it does; else the C++ unit tests are left
# out, with one line that says so.
set -uo pipefail
for place in /usr/include /usr/local/include ${CMAKE_PREFIX_PATH:+${CMAKE_PREFIX_PATH//:/\/include }/include}; do
  [[ -f $place/gtest/gtest.h ]] && exit 0
done
if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
  echo 'numloom: installing GoogleTest (libgtest-dev)'
  { apt-get install -y -q libgtest-dev || { apt-get update -q && apt-get install -y -q libgtest-dev; }; } >/dev/null 2>&1 && exit 0
fi
echo 'numloom: GoogleTest not found: the C++ unit tests are left out (Debian, Ubuntu: apt install libgtest-dev)'
