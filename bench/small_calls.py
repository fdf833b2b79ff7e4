"""What some sixty calls on tiny arrays cost: what a Python loop over small vectors is made of.

Numloom runs as a script does (`python -m numloom`): what NumPy returns as a scalar is NumPy's own. Times are the thread's own, so
that other programs on the machine matter little.
"""

import time

from measure import Peer, best, main

TURNS = 1000


def calls(xp):
    """Name -> a call on arrays of some ten elements."""
    a, b = xp.arange(10.0), xp.arange(10.0) + 0.5
    c, v, w = xp.arange(10.0), xp.array([1.0, 2.0, 3.0]), xp.array([3.0, 1.0, 2.0])
    i, m, n = xp.arange(10), xp.arange(16.0).reshape(4, 4), xp.array([[1.0, 2.0], [3.0, 5.0]])
    pick, mask, s = xp.array([3, 1, 4]), a > 4, xp.float64(2.5)
    numbers = [1.0, 2.0, 3.0]

    def set_element():
        c[3] = 1.5

    def set_slice():
        c[2:5] = 1.0

    def set_from_slice():
        c[1:] = a[:-1]

    def add_to_element():
        c[3] += 1.5

    def add_to_slice():
        c[2:5] += 1.0

    def set_picked():
        c[pick] = 1.0

    def set_masked():
        c[mask] = 1.0

    def set_pair():
        m[1, 2] = 0.5

    return {
        "a + b": lambda: a + b,
        "a * 2.0": lambda: a * 2.0,
        "2.0 - a": lambda: 2.0 - a,
        "a * float64": lambda: a * s,
        "float64 * a": lambda: s * a,
        "i + 1": lambda: i + 1,
        "i // 3": lambda: i // 3,
        "a ** 2": lambda: a**2,
        "-a": lambda: -a,
        "a > 4": lambda: a > 4,
        "a[3]": lambda: a[3],
        "m[1, 2]": lambda: m[1, 2],
        "a[3] + a[4]": lambda: a[3] + a[4],
        "m[1]": lambda: m[1],
        "m[:, 1]": lambda: m[:, 1],
        "a[2:5]": lambda: a[2:5],
        "a[::-1]": lambda: a[::-1],
        "a[[3, 1, 4]]": lambda: a[pick],
        "a[mask]": lambda: a[mask],
        "a[3] = x": set_element,
        "m[1, 2] = x": set_pair,
        "a[2:5] = x": set_slice,
        "a[1:] = b[:-1]": set_from_slice,
        "a[3] += x": add_to_element,
        "a[2:5] += x": add_to_slice,
        "a[[3, 1, 4]] = x": set_picked,
        "a[mask] = x": set_masked,
        "m.T": lambda: m.T,
        "a.reshape(2, 5)": lambda: a.reshape(2, 5),
        "m.ravel()": lambda: m.ravel(),
        "a.shape": lambda: a.shape,
        "len(a)": lambda: len(a),
        "for x in a": lambda: [x for x in a],
        "for row in m": lambda: [row for row in m],
        "3.0 in a": lambda: 3.0 in a,
        "a.tolist()": lambda: a.tolist(),
        "float(a[3])": lambda: float(a[3]),
        "a.copy()": lambda: a.copy(),
        "a.astype(int)": lambda: a.astype(int),
        "a.sum()": lambda: a.sum(),
        "np.sum(a)": lambda: xp.sum(a),
        "m.sum(axis=0)": lambda: m.sum(axis=0),
        "a.mean()": lambda: a.mean(),
        "a.min()": lambda: a.min(),
        "a.max()": lambda: a.max(),
        "a.argmax()": lambda: a.argmax(),
        "a.std()": lambda: a.std(),
        "mask.any()": lambda: mask.any(),
        "np.all(mask)": lambda: xp.all(mask),
        "np.cumsum(a)": lambda: xp.cumsum(a),
        "np.sqrt(a)": lambda: xp.sqrt(a),
        "np.sqrt(2.0)": lambda: xp.sqrt(2.0),
        "np.sin(float64)": lambda: xp.sin(s),
        "np.maximum(a, b)": lambda: xp.maximum(a, b),
        "np.where(mask, a, b)": lambda: xp.where(mask, a, b),
        "np.clip(a, 2, 5)": lambda: xp.clip(a, 2, 5),
        "np.abs(a)": lambda: xp.abs(a),
        "np.zeros(3)": lambda: xp.zeros(3),
        "np.ones((2, 2))": lambda: xp.ones((2, 2)),
        "np.empty(3)": lambda: xp.empty(3),
        "np.zeros_like(a)": lambda: xp.zeros_like(a),
        "np.arange(10)": lambda: xp.arange(10),
        "np.linspace(0, 1, 10)": lambda: xp.linspace(0, 1, 10),
        "np.array([1.0, 2.0, 3.0])": lambda: xp.array(numbers),
        "np.array([x, y, z])": lambda: xp.array([s, s, s]),
        "np.asarray(a)": lambda: xp.asarray(a),
        "np.concatenate((a, b))": lambda: xp.concatenate((a, b)),
        "np.stack((v, w))": lambda: xp.stack((v, w)),
        "np.hstack((a, b))": lambda: xp.hstack((a, b)),
        "np.dot(v, w)": lambda: xp.dot(v, w),
        "v @ w": lambda: v @ w,
        "m @ m": lambda: m @ m,
        "n.dot(n)": lambda: n.dot(n),
        "np.outer(v, w)": lambda: xp.outer(v, w),
        "np.cross(v, w)": lambda: xp.cross(v, w),
        "np.linalg.norm(v)": lambda: xp.linalg.norm(v),
        "np.linalg.inv(n)": lambda: xp.linalg.inv(n),
        "np.linalg.solve(n, x)": lambda: xp.linalg.solve(n, n),
        "np.sort(a)": lambda: xp.sort(a),
        "np.argsort(a)": lambda: xp.argsort(a),
        "np.unique(i)": lambda: xp.unique(i),
        "np.diff(a)": lambda: xp.diff(a),
        "np.nonzero(mask)": lambda: xp.nonzero(mask),
        "np.allclose(a, b)": lambda: xp.allclose(a, b),
        "np.isnan(a).any()": lambda: xp.isnan(a).any(),
        "np.tile(v, 2)": lambda: xp.tile(v, 2),
        "np.roll(a, 1)": lambda: xp.roll(a, 1),
        "np.random.rand()": lambda: xp.random.rand(),
        "np.random.rand(3)": lambda: xp.random.rand(3),
        "np.random.normal()": lambda: xp.random.normal(),
    }


def measured(xp):
    figures = {}
    for name, call in calls(xp).items():

        def loop(call=call):
            for _ in range(TURNS):
                call()

        loop()
        figures[name] = best(loop, 0.05, clock=time.thread_time) / TURNS
    return figures


def numpy_(options):
    import numpy

    return measured(numpy)


def numloom_(options):
    import numloom
    from numloom import _core

    numloom.set_device(options.device)
    _core.set_script_mode(True)
    return measured(numloom)


PEERS = {"NumPy": Peer(numpy_, ("cpu",)), "Numloom": Peer(numloom_, ("cpu",))}

if __name__ == "__main__":
    main("calls on tiny arrays", PEERS, transposed=True, ratio=("Numloom", "NumPy"))
