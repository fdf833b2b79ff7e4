"""Tiny arrays in Python loops: neural units, geometry, bookkeeping; scalar reads and writes; views and aliasing."""

import math

import numpy as np


class Value:
    """A node of a graph that knows its gradient."""

    def __init__(self, data, children=(), back=None):
        self.data, self.grad, self.children, self.back = np.asarray(data, float), 0.0, children, back

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), lambda g: (g * other.data, g * self.data))

    def tanh(self):
        t = np.tanh(self.data)
        return Value(t, (self,), lambda g: ((1 - t**2) * g,))

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for child in node.children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            if node.back:
                for child, g in zip(node.children, node.back(node.grad)):
                    child.grad = child.grad + g


w, x, b = Value([0.5, -1.0]), Value([2.0, 3.0]), Value(0.1)
loss = (w * x + b).tanh()
loss.backward()
print(loss.data, w.grad, x.grad, b.grad)


def rotation(axis, theta):
    axis = np.asarray(axis)
    axis = axis / math.sqrt(np.dot(axis, axis))
    a = math.cos(theta / 2.0)
    b, c, d = -axis * math.sin(theta / 2.0)
    return np.array([
        [a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c)],
        [2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b)],
        [2 * (b * d + a * c), 2 * (c * d - a * b), a * a + d * d - b * b - c * c],
    ])


v = [3, 5, 0]
print(np.dot(rotation([4, 4, 1], 1.2), v), np.linalg.det(rotation([1, 0, 0], 0.3)).round(12))
triangle = np.array([[0.0, 0], [4, 0], [0, 3]])
area = 0.5 * abs(np.cross(np.r_[triangle[1] - triangle[0], 0], np.r_[triangle[2] - triangle[0], 0])[2])
inside = [q for q in np.random.RandomState(0).rand(10, 2) * 4 if q[0] / 4 + q[1] / 3 < 1]
print(area, len(inside), inside[0], triangle.mean(0), np.linalg.norm(np.diff(triangle, axis=0, append=triangle[:1]), axis=1))
hull = sorted(map(tuple, triangle))
print(hull[0], (0.0, 3.0) in hull, {tuple(r): i for i, r in enumerate(triangle.astype(int))})

counts = np.zeros(5, int)
total, product = 0, 1.0
for i in range(50):
    k = (i * i) % 5
    counts[k] += 1
    total += counts[k]
    product *= 1 + counts[-1] / 100
    if counts[k] > counts.mean() and not counts[2]:
        counts[4] = counts[4] - 1
print(counts, total, type(total), product, [int(c) for c in counts], counts[0] == 10, counts[1] is counts[1])
fib = np.zeros(20, dtype=np.int64)
fib[:2] = 0, 1
for i in range(2, 20):
    fib[i] = fib[i - 1] + fib[i - 2]
print(fib, fib[-1] / fib[-2], divmod(fib[-1], fib[5]), fib[10].bit_length() if hasattr(fib[10], "bit_length") else None)
primes = np.ones(60, bool)
primes[:2] = False
for i in range(2, int(60**0.5) + 1):
    if primes[i]:
        primes[i * i :: i] = False
print(np.flatnonzero(primes), primes.sum(), primes[7], not primes[8], type(primes[7]))
table = np.zeros((6, 7), dtype=int)
for i, a in enumerate("sitting"[:6]):
    for j, c in enumerate("kitten!"):
        table[i, j] = min(table[i - 1, j] if i else j, table[i, j - 1] if j else i) + (a != c)
print(table, table[-1, -1], table.max(initial=3), f"{table[2, 3]:>4d}|{table[2, 3]:04}|{table.mean():.3f}|{table[0]}")
row = table[1]
row[0] = -1
col = table[:, 2]
col += 100
flat = table.ravel()
flat[1] = 55
block = table[1:3, 1:3]
block[...] = 0
copy = table[[0, 1]]
copy[:] = 9
print(table, row.base is table, np.shares_memory(flat, table), col.strides, copy.base is None, table.flags.owndata)
a = np.array([1, 2, 3])
b = a
b += 1
c = a[:]
c[0] = 100
a = a + 1
print(a, b, c, a is b, b is not c, [*a], tuple(b), a[-1:], a[::-1], a[np.newaxis].shape, a[..., None].shape)
m, s, q = np.array(5), np.float64(2.5), np.array([7])
print(m, m.shape, m + 1, type(m + 1), m[()], s.is_integer(), q.item(), float(m), int(q[0]), range(10)[m], [0] * q[0], m == 5, math.sqrt(q[0]))
stack = []
for k in range(4):
    stack.append(np.array([k, k**2]))
    if len(stack) > 2 and (stack[-1] == [3, 9]).all():
        stack.remove if False else stack.pop(0)
print(np.array(stack), np.vstack(stack).T, np.hstack(stack), sum(stack), np.sum(stack), max(stack, key=np.sum), min(s.sum() for s in stack))
print(any(a > 3), all(a > 0), sum(a), max(a), min(a), sorted(a, reverse=True), list(map(float, a)), list(reversed(a)), abs(-a), pow(a, 2), -a % 4, a.tolist().index(4))
print(a if a.any() else None, bool(q), "yes" if m else "no", a.size and a[0] or 0, np.array([]).size == 0, len(a) == a.size, isinstance(a[0], np.integer), isinstance(s, float))
lookup = {1: "one", 2.5: "half"}
print(lookup[s], lookup.get(np.int64(1)), hash(np.float32(0.5)) == hash(0.5), f"{a[0]!r} {s!r} {m!r} {np.bool_(True)!r} {np.complex128(1)!r}", "%s %d %.2f" % (a[0], a[1], s))
