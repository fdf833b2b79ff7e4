"""What a call costs where the arrays are small: programs of ten-element arrays, and loops over single elements."""

import os

from measure import Peer, best, main

TURNS = 2000


def per_call(call, finish=None):
    def loop():
        for _ in range(TURNS):
            call()

    return best(loop, 0.5, finish=finish) / TURNS


def two_bodies(xp, turns):
    """Two bodies around each other, in steps of 3-element vectors, as one writes it first."""
    q1, q2 = xp.array([1.0, 0.0, 0.0]), xp.array([-1.0, 0.0, 0.1])
    v1, v2 = xp.array([0.0, 0.5, 0.0]), xp.array([0.0, -0.5, 0.0])
    dt = 1e-3
    for _ in range(turns):
        r = q2 - q1
        pull = r / (r * r).sum() ** 1.5
        v1 = v1 + dt * pull
        v2 = v2 - dt * pull
        q1 = q1 + dt * v1
        q2 = q2 + dt * v2
    return q1, q2


def elements(a, n):
    for i in range(1, n):
        for j in range(1, n):
            a[i, j] = 0.5 * (a[i - 1, j] + a[i, j - 1])


def solve(lower, right):
    """Forward substitution, a column at a time."""
    x = right.copy()
    for j in range(len(x)):
        x[j] /= lower[j, j]
        x[j + 1 :] -= lower[j + 1 :, j] * x[j]
    return x


def small_programs(xp, options):
    import numpy

    a, b = xp.arange(10.0), xp.arange(10.0)
    matrix = xp.array(numpy.random.default_rng(1).random((100, 100)))
    lower = xp.array(numpy.tril(numpy.random.default_rng(2).random((200, 200))) + 10 * numpy.eye(200))
    right = xp.array(numpy.arange(200.0))
    return {
        "a + b, 10 elements": per_call(lambda: a + b),
        "float((a + b)[3])": per_call(lambda: float((a + b)[3])),
        "a += b": per_call(lambda: a.__iadd__(b)),
        "a.sum()": per_call(lambda: float(a.sum())),
        "np.sqrt(a)": per_call(lambda: xp.sqrt(a)),
        "two bodies, a turn": best(lambda: two_bodies(xp, 2000), 1) / 2000,
        "element read, read, write": best(lambda: elements(matrix, 100), 0.5) / 99**2,
        "triangular solve of 200": best(lambda: float(solve(lower, right)[-1]), 0.5),
    }


def recorded(xp, finish):
    """Calls on ten elements while the device runs behind; then one wait, which counts in the second figure."""
    a, b = xp.arange(10, dtype="float32"), xp.ones(10, dtype="float32")
    keep = [a]

    def call():
        keep[0] = keep[0] + b

    finish(keep[0])
    return {
        "a + b, 10 elements, the call": per_call(call),
        "the same, waited for": per_call(call, lambda: finish(keep[0])),
    }


def numpy_(options):
    import numpy

    return small_programs(numpy, options)


def numloom_(options):
    import numloom

    numloom.set_device(options.device)
    if options.device == "cpu":
        return small_programs(numloom, options)

    def finish(array):
        numloom.eval(array)
        numloom.synchronize()

    return recorded(numloom, finish)


def cupy_(options):
    import cupy

    return recorded(cupy, lambda array: cupy.cuda.get_current_stream().synchronize())


def jax_(options):
    os.environ["JAX_PLATFORMS"] = options.device
    import jax

    return recorded(jax.numpy, lambda array: array.block_until_ready())


def torch_(options):
    import torch

    torch.set_default_device("cuda")

    class Names:
        arange = staticmethod(lambda n, dtype: torch.arange(n, dtype=getattr(torch, dtype)))
        ones = staticmethod(lambda n, dtype: torch.ones(n, dtype=getattr(torch, dtype)))

    return recorded(Names, lambda array: torch.cuda.synchronize())


PEERS = {
    "NumPy": Peer(numpy_, ("cpu",)),
    "Numloom": Peer(numloom_),
    "CuPy": Peer(cupy_, ("cuda",)),
    "PyTorch": Peer(torch_, ("cuda",)),
    "JAX": Peer(jax_, ("cuda",)),
}

if __name__ == "__main__":
    main("calls on small arrays", PEERS, transposed=True)
