"""Escape times of the Mandelbrot set: with masks, and by a Python loop over complex scalars."""

import numpy as np


def mandelbrot(height, width, limit=30):
    y, x = np.ogrid[-1.4 : 1.4 : height * 1j, -2 : 0.8 : width * 1j]
    c = x + y * 1j
    z = c
    times = limit + np.zeros(z.shape, dtype=int)
    for i in range(limit):
        z = z**2 + c
        diverge = z * np.conj(z) > 2**2
        now = diverge & (times == limit)
        times[now] = i
        z[diverge] = 2
    return times


def by_hand(xs, ys, limit=30):
    out = np.empty((len(ys), len(xs)), dtype=np.int32)
    for row, y in enumerate(ys):
        for col, x in enumerate(xs):
            z, c = 0j, complex(x, y)
            for n in range(limit):
                z = z * z + c
                if abs(z) > 2:
                    break
            out[row, col] = n
    return out


m = mandelbrot(18, 36)
for line in m:
    print("".join(" .:-=+*#%@"[min(v // 3, 9)] for v in line))
print(m.sum(), m.max(), m.min(), np.bincount(m.ravel()))
h = by_hand(np.linspace(-2, 0.8, 20), np.linspace(-1.2, 1.2, 9))
print(h)
julia = np.linspace(-1, 1, 5)[:, None] * 1j + np.linspace(-1, 1, 5)
for _ in range(3):
    julia = julia**2 - (0.4 - 0.6j)
print(np.round(julia, 4))
print("%.6f %.6f" % (julia.real.max(), julia.imag.min()), np.abs(julia).argmax(), "%.6f" % np.angle(julia[0, 0], deg=True))
