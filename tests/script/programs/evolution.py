"""A genetic algorithm, simulated annealing and a particle swarm on small test functions."""

import math
import random

import numpy as np

random.seed(1)
np.random.seed(1)
target = np.array([ord(c) for c in "numpy"])
population = np.random.randint(97, 123, size=(30, 5))
for generation in range(400):
    fitness = (population == target).sum(axis=1)
    if fitness.max() == 5:
        break
    probabilities = (fitness + 0.1) / np.sum(fitness + 0.1)
    parents = population[np.random.choice(30, size=(30, 2), p=probabilities)]
    mask = np.random.rand(30, 5) < 0.5
    children = np.where(mask, parents[:, 0], parents[:, 1])
    mutate = np.random.rand(*children.shape) < 0.05
    children[mutate] = np.random.randint(97, 123, mutate.sum())
    children[0] = population[fitness.argmax()]
    population = children
print(generation, "".join(chr(c) for c in population[fitness.argmax()]))

cities = np.random.rand(9, 2)


def length(order):
    tour = cities[order]
    return np.sqrt(((tour - np.roll(tour, -1, axis=0)) ** 2).sum(axis=1)).sum()


order = np.arange(9)
best = current = length(order)
temperature = 1.0
while temperature > 0.01:
    i, j = sorted(np.random.choice(9, 2, replace=False))
    new = order.copy()
    new[i : j + 1] = new[i : j + 1][::-1]
    candidate = length(new)
    if candidate < current or random.random() < math.exp((current - candidate) / temperature):
        order, current = new, candidate
        best = min(best, current)
    temperature *= 0.99
print(order, round(best, 8), round(float(current), 8))


def rastrigin(x):
    return 10 * len(x) + np.sum(x**2 - 10 * np.cos(2 * np.pi * x))


x = np.random.uniform(-5, 5, (12, 2))
v = np.zeros_like(x)
pbest, pval = x.copy(), np.array([rastrigin(p) for p in x])
gbest = pbest[np.argmin(pval)].copy()
for _ in range(60):
    r1, r2 = np.random.rand(2, 12, 1)
    v = 0.7 * v + 1.5 * r1 * (pbest - x) + 1.5 * r2 * (gbest - x)
    x = np.clip(x + v, -5.12, 5.12)
    values = np.apply_along_axis(rastrigin, 1, x)
    better = values < pval
    pbest[better], pval[better] = x[better], values[better]
    gbest = pbest[pval.argmin()].copy()
print(np.round(gbest, 5) + 0.0, "%.6f" % pval.min(), better.dtype)


def nelder_mead(f, start, steps=80):
    simplex = [np.array(start, float)] + [np.array(start, float) + e for e in np.eye(len(start))]
    for _ in range(steps):
        simplex.sort(key=f)
        centre = np.mean(simplex[:-1], axis=0)
        reflected = centre + (centre - simplex[-1])
        if f(simplex[0]) <= f(reflected) < f(simplex[-2]):
            simplex[-1] = reflected
        elif f(reflected) < f(simplex[0]):
            expanded = centre + 2 * (centre - simplex[-1])
            simplex[-1] = expanded if f(expanded) < f(reflected) else reflected
        else:
            contracted = centre + 0.5 * (simplex[-1] - centre)
            if f(contracted) < f(simplex[-1]):
                simplex[-1] = contracted
            else:
                simplex = [simplex[0]] + [simplex[0] + 0.5 * (s - simplex[0]) for s in simplex[1:]]
    return simplex[0]


print(nelder_mead(lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2, [-1, 1]).round(4))
