"""The heat equation on a bar and on a plate; Gauss-Seidel and Jacobi for Laplace's equation."""

import numpy as np

nx, alpha, dx, dt = 31, 0.01, 1.0 / 30, 0.05
u = np.zeros(nx)
u[0], u[-1] = 100.0, 50
u[nx // 2] = 20
for n in range(100):
    un = u.copy()
    for i in range(1, nx - 1):
        u[i] = un[i] + alpha * dt / dx**2 * (un[i + 1] - 2 * un[i] + un[i - 1])
print(u)

v = np.zeros(nx)
v[[0, -1, nx // 2]] = 100.0, 50, 20
for n in range(100):
    v[1:-1] = v[1:-1] + alpha * dt / dx**2 * (v[2:] - 2 * v[1:-1] + v[:-2])
print(np.allclose(u, v), abs(u - v).max() < 1e-12)

plate = np.zeros((20, 20), dtype=np.float32)
plate[0, :] = 1
plate[:, -1] = np.linspace(0, 1, 20)
for it in range(500):
    old = plate.copy()
    plate[1:-1, 1:-1] = 0.25 * (old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:])
    change = np.abs(plate - old).max()
    if change < 1e-4:
        break
print(it, change < 1e-4, plate.dtype, type(change), plate[10, ::4])


def gauss_seidel(A, b, iterations=50, tolerance=1e-10):
    x = np.zeros_like(b)
    for k in range(iterations):
        before = x.copy()
        for i in range(A.shape[0]):
            s1 = np.dot(A[i, :i], x[:i])
            s2 = np.dot(A[i, i + 1 :], before[i + 1 :])
            x[i] = (b[i] - s1 - s2) / A[i, i]
        if np.allclose(x, before, atol=tolerance, rtol=0.0):
            return x, k
    return x, iterations


A = np.array([[10.0, -1.0, 2.0, 0.0], [-1.0, 11.0, -1.0, 3.0], [2.0, -1.0, 10.0, -1.0], [0.0, 3.0, -1.0, 8.0]])
b = np.array([6.0, 25.0, -11.0, 15.0])
x, turns = gauss_seidel(A, b)
print(x, turns, np.dot(A, x) - b < 1e-8)
D = np.diag(np.diag(A))
R = A - D
x = np.zeros(4)
for _ in range(30):
    x = (b - R @ x) / np.diag(D)
print(x.round(6))
