"""((x - y)**2).mean() of 8192 x 8192 float32: elementwise work that ends in one number."""

import os

from measure import Peer, best, first, main


def distance(x, y):
    return ((x - y) ** 2).mean()


def inputs():
    import numpy

    rng = numpy.random.default_rng(1)
    return [rng.random((8192, 8192), dtype="f4") for _ in range(2)]


def numpy_(options):
    x, y = inputs()
    return {"first call": first(lambda: distance(x, y)), "steady": best(lambda: distance(x, y), 3)}


def numloom_(options):
    import numloom

    numloom.set_device(options.device)
    x, y = (numloom.array(a) for a in inputs())
    numloom.eval(x + y)
    numloom.synchronize()
    call = lambda: numloom.eval(distance(x, y))  # noqa: E731
    figures = {"first call": first(call, numloom.synchronize)}
    best(call, 3.0, finish=numloom.synchronize)  # a background compile ends meanwhile
    figures["steady"] = best(call, 2.0, batch=1 if options.device == "cpu" else 20, finish=numloom.synchronize)
    return figures


def jax_(options):
    os.environ["JAX_PLATFORMS"] = options.device
    import jax

    x, y = (jax.device_put(a) for a in inputs())
    jax.block_until_ready(x + y)
    run, out = jax.jit(distance), [None]

    def call():
        out[0] = run(x, y)

    finish = lambda: out[0].block_until_ready()  # noqa: E731
    return {
        "first call": first(call, finish),
        "steady": best(call, 2, batch=1 if options.device == "cpu" else 20, finish=finish),
    }


def cupy_(options):
    import cupy

    x, y = (cupy.asarray(a) for a in inputs())
    finish = cupy.cuda.get_current_stream().synchronize
    finish()
    return {
        "first call": first(lambda: distance(x, y), finish),
        "steady": best(lambda: distance(x, y), 2, batch=10, finish=finish),
    }


def torch_(options):
    import torch

    x, y = (torch.from_numpy(a).to(options.device) for a in inputs())
    finish = torch.cuda.synchronize
    x + y
    finish()
    run = torch.compile(distance)
    return {
        "first call": first(lambda: run(x, y), finish),
        "steady": best(lambda: run(x, y), 2, batch=20, finish=finish),
    }


PEERS = {
    "NumPy": Peer(numpy_, ("cpu",)),
    "Numloom": Peer(numloom_),
    "Numloom, interpreter only": Peer(numloom_, ("cuda",), {"NUMLOOM_JIT": "0"}),
    "jax.jit": Peer(jax_),
    "CuPy": Peer(cupy_, ("cuda",)),
    "torch.compile": Peer(torch_, ("cuda",)),
}

if __name__ == "__main__":
    main("((x - y)**2).mean() of 8192 x 8192 float32", PEERS)
