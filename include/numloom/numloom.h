// All of the C++ API: NumPy's arrays and functions, recorded, fused and run by the engine.
//
//   auto b = numloom::sqrt(a * a + a);              // recorded; nothing has run
//   double s = numloom::sum(b).item<double>();      // runs one kernel; b is never stored unless it is used again
//   u(slice(1, -1), slice(1, -1)) += 0.5;           // views write through, names rebind: as in Python
//
// Errors are raised at the call, as NumPy raises them, and derive from numloom::error (error.h).
#pragma once
#include <numloom/array.h>
#include <numloom/device.h>
#include <numloom/dtype.h>
#include <numloom/error.h>
#include <numloom/functions.h>
#include <numloom/ufuncs.h>
#include <numloom/version.h>
