"""Markov chains, PageRank, a hidden Markov model with logarithms, and a text generator."""

import numpy as np

P = np.array([[0.9, 0.075, 0.025], [0.15, 0.8, 0.05], [0.25, 0.25, 0.5]])
state = np.array([1.0, 0.0, 0.0])
for day in range(50):
    state = state @ P
print(state, np.linalg.matrix_power(P, 60)[0].round(8), np.isclose(P.sum(axis=1), 1).all())
w, v = np.linalg.eig(P.T)
stationary = v[:, np.isclose(w, 1)][:, 0].real
print((stationary / stationary.sum()).round(8))
np.random.seed(8)
cumulative = P.cumsum(axis=1)
current, visits = 0, np.zeros(3, dtype=np.int64)
for _ in range(1000):
    current = np.searchsorted(cumulative[current], np.random.rand())
    visits[current] += 1
print(visits, type(current), visits / visits.sum())

links = {0: [1, 2], 1: [2], 2: [0], 3: [0, 2]}
M = np.zeros((4, 4))
for source, targets in links.items():
    M[targets, source] = 1 / len(targets)
rank = np.ones(4) / 4
for turn in range(100):
    new = 0.85 * M @ rank + 0.15 / 4
    if np.linalg.norm(new - rank, 1) < 1e-9:
        break
    rank = new
print(turn, rank.round(7), np.argsort(-rank))


def viterbi(obs, start, trans, emit):
    T, N = len(obs), len(start)
    delta, psi = np.zeros((T, N)), np.zeros((T, N), int)
    delta[0] = np.log(start) + np.log(emit[:, obs[0]])
    for t in range(1, T):
        for j in range(N):
            scores = delta[t - 1] + np.log(trans[:, j])
            psi[t, j] = np.argmax(scores)
            delta[t, j] = scores[psi[t, j]] + np.log(emit[j, obs[t]])
    path = [np.argmax(delta[-1])]
    for t in range(T - 1, 0, -1):
        path.insert(0, psi[t, path[0]])
    return path, delta[-1].max()


start, trans = np.array([0.6, 0.4]), np.array([[0.7, 0.3], [0.4, 0.6]])
emit = np.array([[0.5, 0.4, 0.1], [0.1, 0.3, 0.6]])
path, score = viterbi([0, 1, 2, 2, 1, 0], start, trans, emit)
print([int(p) for p in path], "%.8f" % score)
alpha = np.zeros((6, 2))
for t, o in enumerate([0, 1, 2, 2, 1, 0]):
    alpha[t] = (start if t == 0 else alpha[t - 1] @ trans) * emit[:, o]
    c = 1 / alpha[t].sum()
    alpha[t] *= c
print(alpha)
text = "the rain in spain stays mainly in the plain"
letters, codes = np.unique(list(text), return_inverse=True)
counts = np.zeros((letters.size, letters.size), dtype=np.uint16)
for a, b in zip(codes[:-1], codes[1:]):
    counts[a, b] += 1
print("".join(letters), counts.sum(), counts.dtype, letters.dtype, letters[counts.sum(0).argmax()])
with np.errstate(divide="ignore", invalid="ignore"):
    transition = counts / counts.sum(axis=1, keepdims=True)
entropy = -np.nansum(transition * np.where(transition > 0, np.log2(np.where(transition > 0, transition, 1)), 0), axis=1)
print(entropy.round(5), np.nan_to_num(transition).max())
