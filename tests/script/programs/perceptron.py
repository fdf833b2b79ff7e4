"""A perceptron and logistic regression trained sample by sample, with the legacy random numbers."""

import numpy as np

np.random.seed(42)


class Perceptron:
    def __init__(self, eta=0.1, n_iter=10):
        self.eta, self.n_iter = eta, n_iter

    def fit(self, X, y):
        self.w_ = np.zeros(1 + X.shape[1])
        self.errors_ = []
        for _ in range(self.n_iter):
            errors = 0
            for xi, target in zip(X, y):
                update = self.eta * (target - self.predict(xi))
                self.w_[1:] += update * xi
                self.w_[0] += update
                errors += int(update != 0.0)
            self.errors_.append(errors)
        return self

    def net_input(self, X):
        return np.dot(X, self.w_[1:]) + self.w_[0]

    def predict(self, X):
        return np.where(self.net_input(X) >= 0.0, 1, -1)


X = np.vstack([np.random.randn(30, 2) + [2, 2], np.random.randn(30, 2) - [2, 1]])
y = np.hstack((np.ones(30, int), -np.ones(30, int)))
order = np.random.permutation(len(X))
X, y = X[order], y[order]
p = Perceptron().fit(X, y)
print(p.w_, p.errors_, (p.predict(X) == y).mean())
print(p.predict(X[:5]), p.predict(X[0]), type(p.predict(X[0])), p.predict(X[0]).shape)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


Xb = np.c_[np.ones((X.shape[0], 1)), X]
theta = np.zeros(3)
labels = (y + 1) / 2
costs = []
for epoch in range(20):
    idx = np.random.choice(len(Xb), 10, replace=False)
    h = sigmoid(Xb[idx].dot(theta))
    theta -= 0.5 * Xb[idx].T.dot(h - labels[idx]) / len(idx)
    h = np.clip(sigmoid(Xb @ theta), 1e-9, 1 - 1e-9)
    costs.append(-np.mean(labels * np.log(h) + (1 - labels) * np.log(1 - h)))
print(theta.round(6), ["%.5f" % c for c in costs[::5]])
confusion = np.zeros((2, 2), dtype=int)
for t, q in zip(labels.astype(int), (sigmoid(Xb @ theta) > 0.5).astype(int)):
    confusion[t, q] += 1
print(confusion, np.trace(confusion) / confusion.sum())
one_hot = np.eye(3)[np.random.randint(0, 3, 6)]
print(one_hot, one_hot.argmax(axis=1), np.random.get_state()[2])
