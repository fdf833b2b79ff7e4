"""Molecular dynamics of a Lennard-Jones fluid: every pair of atoms, a periodic box, velocity Verlet.

All quantities are in reduced units (energy epsilon, length sigma, mass 1). The distances of all pairs are computed by
broadcasting positions against themselves, one axis at a time.
"""

import argparse

import numpy as np


def lattice(cells, box):
    """Atoms on a face-centred cubic lattice: four per cell."""
    corner = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    i = np.arange(cells)
    origin = np.stack(np.meshgrid(i, i, i, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions = (origin + corner).reshape(-1, 3) + 0.25
    return positions * (box / cells)


def separations(q, box):
    """q[i] - q[j] for all pairs, to the nearest periodic image."""
    d = q[:, None] - q[None, :]
    return d - box * np.rint(d / box)


def forces(x, y, z, box, cutoff):
    dx, dy, dz = separations(x, box), separations(y, box), separations(z, box)
    r2 = dx * dx + dy * dy + dz * dz
    near = (r2 < cutoff**2) & (r2 > 0)  # an atom does not push itself
    inv2 = near / np.where(near, r2, 1.0)
    inv6 = inv2 * inv2 * inv2
    push = 24 * inv2 * inv6 * (2 * inv6 - 1)
    shift = 4 * (cutoff**-12 - cutoff**-6)
    energy = 0.5 * np.sum(4 * inv6 * (inv6 - 1) - shift * near)
    virial = 0.5 * np.sum(push * r2)
    force = ((push * dx).sum(axis=1), (push * dy).sum(axis=1), (push * dz).sum(axis=1))
    return force, energy, virial


def simulate(cells, steps, density, temperature, dt):
    n = 4 * cells**3
    box = (n / density) ** (1 / 3)
    cutoff = min(2.5, box / 2)
    rng = np.random.default_rng(2026)
    x, y, z = (np.ascontiguousarray(q) for q in lattice(cells, box).T)
    vx, vy, vz = (v - v.mean() for v in temperature**0.5 * rng.standard_normal((3, n)))

    (fx, fy, fz), potential, virial = forces(x, y, z, box, cutoff)
    history = []
    for step in range(steps):
        vx, vy, vz = vx + 0.5 * dt * fx, vy + 0.5 * dt * fy, vz + 0.5 * dt * fz
        x, y, z = (x + dt * vx) % box, (y + dt * vy) % box, (z + dt * vz) % box
        (fx, fy, fz), potential, virial = forces(x, y, z, box, cutoff)
        vx, vy, vz = vx + 0.5 * dt * fx, vy + 0.5 * dt * fy, vz + 0.5 * dt * fz
        if step % 10 == 9:
            kinetic = 0.5 * np.sum(vx**2 + vy**2 + vz**2)
            pressure = (2 * kinetic + virial) / (3 * box**3)
            history.append([float(q) for q in (kinetic / n, potential / n, 2 * kinetic / (3 * n), pressure)])
    return np.stack([x, y, z]), np.array(history), n, box


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="times as many pairs of atoms (default 1)")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--density", type=float, default=0.8)
    parser.add_argument("--temperature", type=float, default=1.2, help="at the start, on the lattice")
    parser.add_argument("--dt", type=float, default=0.004)
    parser.add_argument("--plot", metavar="FILE.png")
    parser.add_argument("--save", metavar="FILE.npz", help="write positions and history there")
    args = parser.parse_args()

    cells = round(6 * args.scale ** (1 / 6))
    positions, history, n, box = simulate(cells, args.steps, args.density, args.temperature, args.dt)

    print(f"{n} atoms in a box of {box:.3f}^3, {args.steps} steps of {args.dt}")
    print(" step   kinetic  potential      total  temperature  pressure")
    for i, (kinetic, potential, temperature, pressure) in enumerate(history.tolist()):
        total = kinetic + potential
        print(f"{10 * i + 10:5d} {kinetic:9.5f} {potential:10.5f} {total:10.6f} {temperature:12.5f} {pressure:9.5f}")
    energy = history[:, 0] + history[:, 1]
    print(f"drift of the total energy per atom: {float(np.abs(energy - energy[0]).max()):.2e}")

    if args.save:
        np.savez(args.save, positions=positions, history=history)
    if args.plot:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.5))
        left.scatter(positions[0], positions[1], c=positions[2], s=25)
        left.set_aspect("equal")
        left.set_title("the atoms from above")
        time = args.dt * 10 * np.arange(1, len(history) + 1)
        right.plot(time, history[:, 0], label="kinetic")
        right.plot(time, history[:, 1], label="potential")
        right.plot(time, energy, label="total")
        right.set_xlabel("time")
        right.legend()
        fig.savefig(args.plot, dpi=120)


if __name__ == "__main__":
    main()
