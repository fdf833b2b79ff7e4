"""Five-point stencils: one Laplacian of 8192 x 8192 float32, and a loop over 512 x 512 float64 on the CPU."""

import os

from measure import Peer, best, first, main

TURNS = 200


def laplacian(a):
    return a[1:-1, 2:] + a[1:-1, :-2] + a[2:, 1:-1] + a[:-2, 1:-1] - 4 * a[1:-1, 1:-1]


def relax(xp, u):
    """The loop: each turn reads what the last one wrote."""
    for _ in range(TURNS):
        u[1:-1, 1:-1] = 0.25 * (u[1:-1, 2:] + u[1:-1, :-2] + u[2:, 1:-1] + u[:-2, 1:-1])
    return u


def image():
    import numpy

    return numpy.random.default_rng(1).random((8192, 8192), dtype="f4")


def grid():
    import numpy

    return numpy.random.default_rng(1).random((512, 512))


def numpy_(options):
    import numpy

    a, u = image(), grid()
    return {
        "Laplacian, first call": first(lambda: laplacian(a)),
        "Laplacian": best(lambda: laplacian(a), 2),
        "loop, a turn": best(lambda: relax(numpy, u), 3) / TURNS,
    }


def numloom_(options):
    import numloom

    numloom.set_device(options.device)
    a, u = numloom.array(image()), numloom.array(grid())
    numloom.eval(a + 1, u)
    numloom.synchronize()
    call = lambda: numloom.eval(laplacian(a))  # noqa: E731
    figures = {"Laplacian, first call": first(call, numloom.synchronize)}
    best(call, 3.0, finish=numloom.synchronize)  # a background compile ends meanwhile
    figures["Laplacian"] = best(call, 2.0, batch=1 if options.device == "cpu" else 20, finish=numloom.synchronize)
    turn = lambda: numloom.eval(relax(numloom, u))  # noqa: E731
    best(turn, 1.0, finish=numloom.synchronize)
    figures["loop, a turn"] = best(turn, 2.0, finish=numloom.synchronize) / TURNS
    return figures


def numba_(options):
    import numba
    import numpy

    @numba.njit(parallel=True)
    def run(a, out):
        for i in numba.prange(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                out[i - 1, j - 1] = a[i, j + 1] + a[i, j - 1] + a[i + 1, j] + a[i - 1, j] - 4 * a[i, j]

    a = image()
    out = lambda: numpy.empty((8190, 8190), "f4")  # noqa: E731
    return {"Laplacian, first call": first(lambda: run(a, out())), "Laplacian": best(lambda: run(a, out()), 2)}


def jax_(options):
    os.environ["JAX_PLATFORMS"] = options.device
    import jax

    a, u = jax.device_put(image()), jax.device_put(grid())
    jax.block_until_ready(a + 1)
    run = jax.jit(laplacian)

    @jax.jit
    def turns(u):
        def turn(_, u):
            inside = 0.25 * (u[1:-1, 2:] + u[1:-1, :-2] + u[2:, 1:-1] + u[:-2, 1:-1])
            return u.at[1:-1, 1:-1].set(inside)

        return jax.lax.fori_loop(0, TURNS, turn, u)

    out = [None]

    def call():
        out[0] = run(a)

    finish = lambda: out[0].block_until_ready()  # noqa: E731
    figures = {
        "Laplacian, first call": first(call, finish),
        "Laplacian": best(call, 2, batch=1 if options.device == "cpu" else 20, finish=finish),
    }
    figures["loop, a turn"] = best(lambda: turns(u).block_until_ready(), 2) / TURNS
    return figures


def cupy_(options):
    import cupy

    a, u = cupy.asarray(image()), cupy.asarray(grid())
    finish = cupy.cuda.get_current_stream().synchronize
    finish()
    return {
        "Laplacian, first call": first(lambda: laplacian(a), finish),
        "Laplacian": best(lambda: laplacian(a), 2, batch=10, finish=finish),
        "loop, a turn": best(lambda: relax(cupy, u), 2, finish=finish) / TURNS,
    }


def torch_(options):
    import torch

    a = torch.from_numpy(image()).to(options.device)
    finish = torch.cuda.synchronize
    a + 1
    finish()
    run = torch.compile(laplacian)
    return {
        "Laplacian, first call": first(lambda: run(a), finish),
        "Laplacian": best(lambda: run(a), 2, batch=20, finish=finish),
    }


PEERS = {
    "NumPy": Peer(numpy_, ("cpu",)),
    "Numloom": Peer(numloom_),
    "Numloom, interpreter only": Peer(numloom_, ("cuda",), {"NUMLOOM_JIT": "0"}),
    "Numba": Peer(numba_, ("cpu",)),
    "jax.jit": Peer(jax_),
    "CuPy": Peer(cupy_, ("cuda",)),
    "torch.compile": Peer(torch_, ("cuda",)),
}

if __name__ == "__main__":
    main("five-point stencils: Laplacian of 8192 x 8192 float32; relaxation of 512 x 512 float64", PEERS)
