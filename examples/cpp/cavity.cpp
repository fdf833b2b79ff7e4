// Lid-driven cavity flow: examples/cavity.py in C++. It prints the same numbers.
//
//   cmake -S examples/cpp -B build/cavity -DCMAKE_PREFIX_PATH=/where/numloom/is/installed && cmake --build build/cavity
//   build/cavity/cavity [scale [steps [sweeps]]]
#include <numloom/numloom.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

using numloom::array;
using numloom::slice;

namespace {

// The points that have neighbours on all sides, and those neighbours.
constexpr slice all;
constexpr slice kInside{1, -1, {}}, kAfter{2, {}, {}}, kBefore{{}, -2, {}};
array centre(const array& q) { return q(kInside, kInside); }
array east(const array& q) { return q(kInside, kAfter); }
array west(const array& q) { return q(kInside, kBefore); }
array north(const array& q) { return q(kAfter, kInside); }
array south(const array& q) { return q(kBefore, kInside); }

// Advection and diffusion of one step.
void advance_velocity(array& u, array& v, double dt, double h, double nu) {
  const array un = u.copy(), vn = v.copy();
  const auto advance = [&](array& now, const array& q) {
    const array advection = centre(un) * (east(q) - west(q)) / (2 * h) + centre(vn) * (north(q) - south(q)) / (2 * h);
    const array diffusion = nu * (east(q) + west(q) + north(q) + south(q) - 4 * centre(q)) / (h * h);
    now(kInside, kInside) = centre(q) + dt * (diffusion - advection);
  };
  advance(u, un);
  advance(v, vn);
}

// Jacobi sweeps of lap(p) = rhs with a zero normal gradient at the walls.
void solve_pressure(array& p, const array& rhs, double h, int sweeps) {
  for (int k = 0; k < sweeps; ++k) {
    const array old = p.copy();
    p(kInside, kInside) = 0.25 * (east(old) + west(old) + north(old) + south(old) - h * h * rhs);
    p(all, 0) = p(all, 1);
    p(all, -1) = p(all, -2);
    p(0, all) = p(1, all);
    p(-1, all) = p(-2, all);
  }
}

array divergence(const array& u, const array& v, double h) { return (east(u) - west(u) + north(v) - south(v)) / (2 * h); }

}  // namespace

int main(int argc, char** argv) try {
  const double scale = argc > 1 ? std::atof(argv[1]) : 1.0;
  const int steps = argc > 2 ? std::atoi(argv[2]) : 400, sweeps = argc > 3 ? std::atoi(argv[3]) : 10;
  const auto n = static_cast<int64_t>(std::nearbyint(256 * std::sqrt(scale)));
  const double reynolds = 1000, h = 1.0 / static_cast<double>(n - 1), nu = 1.0 / reynolds;
  const double dt = std::min({0.5 * h, 0.2 * (h * h) / nu, 1.5 * nu});

  array u = numloom::zeros({n, n}), v = numloom::zeros({n, n}), p = numloom::zeros({n, n});
  u(-1, all) = 1.0;  // the lid
  for (int k = 0; k < steps; ++k) {
    advance_velocity(u, v, dt, h, nu);
    solve_pressure(p, divergence(u, v, h) / dt, h, sweeps);
    u(kInside, kInside) -= dt * (east(p) - west(p)) / (2 * h);
    v(kInside, kInside) -= dt * (north(p) - south(p)) / (2 * h);
  }

  const array speed = numloom::sqrt(numloom::square(u) + numloom::square(v));
  const array energy = 0.5 * numloom::sum(numloom::square(speed)) * (h * h);
  const array vorticity = (east(v) - west(v) - north(u) + south(u)) / (2 * h);
  const array circulation = numloom::sum(vorticity) * (h * h);

  std::printf("lid-driven cavity, %lld x %lld points, Re = %g, t = %.4f\n", static_cast<long long>(n),
              static_cast<long long>(n), reynolds, steps * dt);
  std::printf("kinetic energy        %.10f\n", energy.item<double>());
  std::printf("circulation           %.10f\n", circulation.item<double>());
  std::printf("largest speed inside  %.10f\n", numloom::max(speed(slice{{}, -1, {}})).item<double>());
  std::printf("mean |divergence|     %.10f\n", numloom::mean(numloom::abs(divergence(u, v, h))).item<double>());
  return 0;
} catch (const numloom::error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
