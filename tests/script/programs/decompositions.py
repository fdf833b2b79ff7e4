"""LU, QR, Cholesky, power iteration and conjugate gradients by hand, against numpy.linalg."""

import numpy as np
import numpy.linalg as la

rng = np.random.RandomState(1)
A = rng.randint(-5, 6, (5, 5)) + 6.0 * np.eye(5)
b = np.arange(1, 6, dtype=float)


def lu(A):
    n = len(A)
    L, U, P = np.eye(n), A.copy(), np.eye(n)
    for k in range(n - 1):
        p = k + np.argmax(abs(U[k:, k]))
        if p != k:
            U[[k, p]] = U[[p, k]]
            P[[k, p]] = P[[p, k]]
            L[[k, p], :k] = L[[p, k], :k]
        for i in range(k + 1, n):
            L[i, k] = U[i, k] / U[k, k]
            U[i, k:] -= L[i, k] * U[k, k:]
    return P, L, U


P, L, U = lu(A)
print(np.allclose(P @ A, L @ U), L.round(4), np.tril(U, -1).round(10) + 0.0)
y = np.zeros(5)
for i in range(5):
    y[i] = (P @ b)[i] - L[i, :i] @ y[:i]
x = np.zeros(5)
for i in reversed(range(5)):
    x[i] = (y[i] - U[i, i + 1 :].dot(x[i + 1 :])) / U[i, i]
print(x.round(8), np.allclose(x, la.solve(A, b)), "%.6f" % (np.prod(np.diag(U)) * la.det(P)), "%.6f" % la.det(A))


def gram_schmidt(A):
    m, n = A.shape
    Q, R = np.zeros((m, n)), np.zeros((n, n))
    for j in range(n):
        v = A[:, j]
        for i in range(j):
            R[i, j] = Q[:, i].T @ A[:, j]
            v = v - R[i, j] * Q[:, i]
        R[j, j] = la.norm(v)
        Q[:, j] = v / R[j, j]
    return Q, R


def householder(A):
    R = A.astype(float)
    Q = np.identity(len(A))
    for k in range(len(A) - 1):
        v = R[k:, k].copy()
        v[0] += np.copysign(la.norm(v), v[0])
        v /= la.norm(v)
        R[k:, k:] -= 2 * np.outer(v, v @ R[k:, k:])
        Q[:, k:] -= 2 * np.outer(Q[:, k:] @ v, v)
    return Q, np.triu(R)


Q, R = gram_schmidt(A)
print(np.allclose(Q @ R, A), np.allclose(Q.T @ Q, np.eye(5)), np.diag(R).round(6))
Q, R = householder(A)
print(np.allclose(Q @ R, A), abs(np.diag(R)).round(6), la.qr(A)[1].shape)
S = A @ A.T
C = np.zeros_like(S)
for i in range(5):
    for j in range(i + 1):
        s = sum(C[i, k] * C[j, k] for k in range(j))
        C[i, j] = np.sqrt(S[i, i] - s) if i == j else (S[i, j] - s) / C[j, j]
print(np.allclose(C, la.cholesky(S)), C[-1].round(6))
v = np.ones(5)
for _ in range(300):
    v = S @ v
    v /= la.norm(v)
print("%.6f %.6f" % (v @ S @ v, la.eigvalsh(S)[-1]))
x, r = np.zeros(5), b.copy()
p, rs = r, r @ r
for it in range(20):
    Ap = S @ p
    alpha = rs / (p @ Ap)
    x = x + alpha * p
    r = r - alpha * Ap
    new = r @ r
    if np.sqrt(new) < 1e-12:
        break
    p, rs = r + (new / rs) * p, new
print(np.allclose(S @ x, b), la.matrix_rank(S), la.norm(S, "fro").round(5), la.cond(A).round(5), la.matrix_power(A, 2)[0])
try:
    la.inv(np.ones((2, 2)))
except la.LinAlgError as error:
    print(type(error).__name__, error)
try:
    A @ np.ones(3)
except ValueError as error:
    print(str(error)[:60])
w, V = la.eig(np.array([[0, 1], [-1, 0]]))
print(w, la.lstsq(np.c_[np.ones(4), np.arange(4)], [1, 3, 5, 7], rcond=None)[0].round(8), la.pinv(np.eye(2, 3)), la.slogdet(S)[0])
