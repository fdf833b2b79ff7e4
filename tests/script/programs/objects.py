"""Object arrays, Fractions and Decimals, ragged lists, vectorize, frompyfunc, arrays of arrays."""

from decimal import Decimal
from fractions import Fraction

import numpy as np

f = np.array([Fraction(1, 3), Fraction(1, 6), Fraction(1, 2)])
print(f, f.sum(), f * 2, f.dtype, f.dot(f), f.cumsum(), (f > Fraction(1, 4)), f.max())
d = np.array([Decimal("0.1"), Decimal("0.2")])
print(d + d, d.sum() == Decimal("0.3"), d.mean(), np.dot(d, [1, 2]))
big = np.array([10**20, 3], dtype=object)
print(big * big, big + np.arange(2), big.sum(), np.array([2**70]), np.array([2**63 - 1]).dtype, np.array([2**63]).dtype)
ragged = np.array([[1, 2], [3]], dtype=object)
print(ragged, ragged.shape, [len(r) for r in ragged], np.concatenate(ragged))
try:
    np.array([[1, 2], [3]])
except ValueError as error:
    print(error)
cells = np.empty((2, 2), dtype=object)
cells[0, 0], cells[0, 1], cells[1, 0] = np.arange(3), "text", {"k": 1}
print(cells, cells[0, 0].sum(), cells[1, 1] is None, [type(c).__name__ for c in cells.flat])
cells[1] = [None, 5]
print(cells[1], (cells[1] == None).tolist(), np.array([None, 1.5, "x"]), np.array([object, int])[1])


@np.vectorize
def step(x, edge=0.5):
    """One from the edge on."""
    return 1 if x >= edge else 0


print(step([0.2, 0.5, 0.9]), step(np.eye(2), edge=1), step.__doc__, step(0.7))
distance = np.vectorize(lambda a, b: abs(a - b), otypes=[float])
print(distance([[1], [5]], [2, 3]), np.vectorize(len)(["a", "bcd"]), np.vectorize(str.upper)(np.array(["x", "y"])))
inner = np.vectorize(np.dot, signature="(n),(n)->()")
print(inner(np.arange(6.0).reshape(2, 3), np.ones(3)), np.vectorize(divmod)([7, 8], 3))
hexes = np.frompyfunc(hex, 1, 1)
print(hexes([10, 255]), np.frompyfunc(lambda a, b: (a, b), 2, 1)([1, 2], [3, 4]), np.frompyfunc(max, 2, 1).reduce([3, 9, 2]))


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return Point(self.x * k, self.y * k)

    def __repr__(self):
        return f"P({self.x}, {self.y})"


points = np.array([Point(1, 2), Point(3, 4)])
print(points, points.sum(), points * 3, points[::-1], np.array([p.x for p in points]))


class Celsius:
    def __init__(self, values):
        self.values = np.asarray(values, float)

    def __array__(self, dtype=None, copy=None):
        return self.values if dtype is None else self.values.astype(dtype)

    def __len__(self):
        return len(self.values)

    def __float__(self):
        return float(self.values.mean())


print(np.mean(Celsius([1, 2, 6])), np.add(Celsius([1, 2]), 1), np.array([Celsius([1])], dtype=object).shape, np.asarray(Celsius([3, 4])) @ [1, 1])
print(np.apply_along_axis(lambda row: row[row > 1].sum(), 1, np.arange(6).reshape(2, 3)), np.apply_along_axis(sorted, 0, [[3, 1], [2, 5]]))
print(np.apply_over_axes(np.sum, np.ones((2, 3, 4)), [0, 2]).ravel(), np.piecewise(np.array([-1.0, 0, 2]), [[True, False, False], [False, True, True]], [lambda v: -v, 10]))
print(np.select([np.arange(5) < 2, np.arange(5) > 3], ["low", "high"], "mid"), np.choose([0, 1, 0], [[1, 2, 3], [10, 20, 30]]))
print(np.fromiter((i * i for i in range(5)), dtype=float), np.fromfunction(lambda i, j: i * 10 + j, (2, 3)), np.array(list(range(3)) * 2))
