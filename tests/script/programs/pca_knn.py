"""Principal components, k nearest neighbours, k-means and a confusion matrix on made-up clusters."""

from collections import Counter

import numpy as np
from numpy.linalg import eigh, norm, svd

rng = np.random.default_rng(7)
centres = np.array([[0, 0, 0, 0], [4, 4, 0, 1], [0, 5, 5, -1]], float)
labels = np.repeat([0, 1, 2], 20)
data = centres[labels] + rng.normal(scale=0.8, size=(60, 4))
mean = data.mean(axis=0)
centred = data - mean
cov = np.cov(centred, rowvar=False)
values, vectors = eigh(cov)
order = np.argsort(values)[::-1]
values, vectors = values[order], vectors[:, order]
vectors *= np.sign(vectors[np.abs(vectors).argmax(0), range(4)])
projected = centred @ vectors[:, :2]
print(np.round(values, 5), np.round(values / values.sum(), 4).tolist())
print(projected[:3].round(4), projected.flags["C_CONTIGUOUS"], projected.dtype)
u, s, vt = svd(centred, full_matrices=False)
print(np.allclose(s**2 / 59, values), u.shape, vt.shape)


def classify(x, k=5):
    distances = [norm(x - other) for other in data]
    nearest = np.argsort(distances, kind="stable")[:k]
    return Counter(labels[nearest]).most_common(1)[0][0]


queries = np.array([[1.0, 0, 0, 0], [4, 3, 1, 1], [0, 4, 4, 0]])
print([int(classify(q)) for q in queries], Counter(labels.tolist()))
d2 = ((queries[:, None, :] - data[None, :, :]) ** 2).sum(-1)
print(labels[d2.argmin(axis=1)], np.partition(d2, 3, axis=1)[:, 3].round(4))

means = data[[0, 25, 50]].copy()
for turn in range(10):
    assign = np.linalg.norm(data[:, None] - means[None], axis=2).argmin(1)
    new = np.array([data[assign == k].mean(axis=0) for k in range(3)])
    if np.allclose(new, means):
        break
    means = new
print(turn, np.bincount(assign), means.round(4))
table = np.zeros((3, 3), int)
np.add.at(table, (labels, assign), 1)
print(table, np.unique(assign, return_counts=True))
corr = np.corrcoef(data.T)
print(corr.round(3), np.triu(corr, 1).max().round(3))
