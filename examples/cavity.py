"""Lid-driven cavity flow: the incompressible Navier-Stokes equations in a square box whose lid slides to the right.

Finite differences on a regular grid, explicit steps in time, and a pressure that keeps the velocity free of
divergence (Chorin's projection, with a few Jacobi sweeps of the Poisson equation per step).
"""

import argparse

import numpy as np


def advance_velocity(u, v, dt, h, nu):
    """Advection and diffusion of one step; returns the tentative velocity."""
    un, vn = u.copy(), v.copy()
    c = np.s_[1:-1, 1:-1]
    e, w, n, s = np.s_[1:-1, 2:], np.s_[1:-1, :-2], np.s_[2:, 1:-1], np.s_[:-2, 1:-1]
    for new, q in ((u, un), (v, vn)):
        advection = un[c] * (q[e] - q[w]) / (2 * h) + vn[c] * (q[n] - q[s]) / (2 * h)
        diffusion = nu * (q[e] + q[w] + q[n] + q[s] - 4 * q[c]) / h**2
        new[c] = q[c] + dt * (diffusion - advection)


def solve_pressure(p, rhs, h, sweeps):
    """Jacobi sweeps of lap(p) = rhs with a zero normal gradient at the walls."""
    for _ in range(sweeps):
        old = p.copy()
        p[1:-1, 1:-1] = 0.25 * (old[1:-1, 2:] + old[1:-1, :-2] + old[2:, 1:-1] + old[:-2, 1:-1] - h**2 * rhs)
        p[:, 0] = p[:, 1]
        p[:, -1] = p[:, -2]
        p[0, :] = p[1, :]
        p[-1, :] = p[-2, :]


def divergence(u, v, h):
    return (u[1:-1, 2:] - u[1:-1, :-2] + v[2:, 1:-1] - v[:-2, 1:-1]) / (2 * h)


def simulate(n, steps, sweeps, reynolds):
    h = 1.0 / (n - 1)
    nu = 1.0 / reynolds
    dt = min(0.5 * h, 0.2 * h**2 / nu, 1.5 * nu)
    u, v, p = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
    u[-1, :] = 1.0  # the lid
    for _ in range(steps):
        advance_velocity(u, v, dt, h, nu)
        solve_pressure(p, divergence(u, v, h) / dt, h, sweeps)
        u[1:-1, 1:-1] -= dt * (p[1:-1, 2:] - p[1:-1, :-2]) / (2 * h)
        v[1:-1, 1:-1] -= dt * (p[2:, 1:-1] - p[:-2, 1:-1]) / (2 * h)
    return u, v, p, h, steps * dt


def picture(field, rows=16, columns=48):
    """The field as text: darker is faster."""
    i = np.linspace(field.shape[0] - 1, 0, rows).astype(int)
    j = np.linspace(0, field.shape[1] - 1, columns).astype(int)
    sample = field[i][:, j]
    shade = np.clip(sample / 0.3 * 9, 0, 9).astype(int)
    return "\n".join("".join(" .:-=+*#%@"[k] for k in row) for row in shade.tolist())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="times as many grid points (default 1)")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--sweeps", type=int, default=10, help="Jacobi sweeps per step")
    parser.add_argument("--reynolds", type=float, default=1000.0)
    parser.add_argument("--plot", metavar="FILE.png")
    parser.add_argument("--save", metavar="FILE.npz", help="write the fields there")
    args = parser.parse_args()

    n = round(256 * args.scale**0.5)
    u, v, p, h, time = simulate(n, args.steps, args.sweeps, args.reynolds)

    speed = np.sqrt(u**2 + v**2)
    energy = 0.5 * np.sum(speed**2) * h**2
    vorticity = (v[1:-1, 2:] - v[1:-1, :-2] - u[2:, 1:-1] + u[:-2, 1:-1]) / (2 * h)
    circulation = vorticity.sum() * h**2

    print(f"lid-driven cavity, {n} x {n} points, Re = {args.reynolds:g}, t = {time:.4f}")
    print(picture(speed))
    print(f"kinetic energy        {float(energy):.10f}")
    print(f"circulation           {float(circulation):.10f}")
    print(f"largest speed inside  {float(speed[:-1].max()):.10f}")
    print(f"mean |divergence|     {float(np.abs(divergence(u, v, h)).mean()):.10f}")

    if args.save:
        np.savez(args.save, u=u, v=v, p=p, energy=energy, circulation=circulation)
    if args.plot:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        x = np.linspace(0, 1, n)
        fig, ax = plt.subplots(figsize=(6, 5))
        fig.colorbar(ax.contourf(x, x, speed, 30), label="speed")
        ax.streamplot(x, x, u, v, color="white", linewidth=0.6)
        ax.set_title(f"Re = {args.reynolds:g}, t = {time:.2f}")
        fig.savefig(args.plot, dpi=120)


if __name__ == "__main__":
    main()
