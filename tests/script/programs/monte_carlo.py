"""Monte Carlo: pi, options, random walks, a bootstrap; the legacy generator, RandomState and Generator."""

import numpy as np

np.random.seed(123)
inside = 0
for _ in range(500):
    x, y = np.random.rand(), np.random.rand()
    if x**2 + y**2 <= 1:
        inside += 1
print(4 * inside / 500, type(np.random.rand()), np.random.rand(2, 2).shape)
points = np.random.uniform(-1, 1, size=(1000, 2))
print(4 * np.mean(np.sum(points**2, axis=1) < 1))

S0, K, T, r, sigma, n = 100, 105, 1.0, 0.05, 0.2, 2000
z = np.random.standard_normal(n)
ST = S0 * np.exp((r - 0.5 * sigma**2) * T + sigma * np.sqrt(T) * z)
payoff = np.maximum(ST - K, 0)
price = np.exp(-r * T) * payoff.mean()
error = payoff.std(ddof=1) / np.sqrt(n)
print("price %.6f +- %.6f" % (price, error), np.percentile(payoff, [50, 95]).round(6))

steps = np.random.choice([-1, 1], size=(5, 50))
walks = steps.cumsum(axis=1)
print(walks[:, -1], walks.max(), np.abs(walks).max(axis=1), (np.diff(np.sign(walks), axis=1) != 0).sum(axis=1))
position, path = 0, []
for _ in range(20):
    position += 1 if np.random.randint(0, 2) else -1
    path.append(position)
print(path, np.random.randint(5), np.random.random(), np.random.choice(5), np.random.shuffle(path), path[:4])

rs = np.random.RandomState(5)
sample = rs.gamma(2.0, 3.0, 40)
means = [rs.choice(sample, size=sample.size).mean() for _ in range(200)]
print(np.percentile(means, [2.5, 97.5]).round(5), np.median(sample).round(6), rs.poisson(3, 5), rs.binomial(10, 0.3))
g = np.random.default_rng(1)
print(g.integers(10, size=4), g.permutation(4), g.normal(), g.random(dtype=np.float32), g.choice(["a", "b", "c"], 3))
print(g.multivariate_normal([0, 1], [[1, 0.5], [0.5, 2]], 2).round(6), g.dirichlet([1, 2, 3]).round(6))
deck = np.arange(10)
np.random.shuffle(deck)
print(deck, np.random.permutation(5), np.random.multinomial(20, [0.2, 0.3, 0.5]), np.random.exponential(size=2))
cdf = np.cumsum([0.1, 0.2, 0.7])
print(np.searchsorted(cdf, np.random.rand(8)), np.random.random_integers if hasattr(np.random, "nothing") else None)
state = np.random.get_state()
first = np.random.rand(3)
np.random.set_state(state)
print((np.random.rand(3) == first).all(), state[0], state[1].dtype)
