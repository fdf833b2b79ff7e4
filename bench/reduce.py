"""((x - y)**2).mean() of 8192 x 8192 float32: elementwise work that ends in one number."""

import os

from measure import Peer, figures, jax_figures, main, numloom_figures


def distance(x, y):
    return ((x - y) ** 2).mean()


def inputs():
    import numpy

    rng = numpy.random.default_rng(1)
    return [rng.random((8192, 8192), dtype="f4") for _ in range(2)]


def numpy_(options):
    x, y = inputs()
    return figures(lambda: distance(x, y), 3)


def numloom_(options):
    import numloom

    numloom.set_device(options.device)
    x, y = (numloom.array(a) for a in inputs())
    numloom.eval(x + y)
    numloom.synchronize()
    return numloom_figures(options, lambda: numloom.eval(distance(x, y)))


def jax_(options):
    os.environ["JAX_PLATFORMS"] = options.device
    import jax

    x, y = (jax.device_put(a) for a in inputs())
    jax.block_until_ready(x + y)
    return jax_figures(options, distance, x, y)


def cupy_(options):
    import cupy

    x, y = (cupy.asarray(a) for a in inputs())
    finish = cupy.cuda.get_current_stream().synchronize
    finish()
    return figures(lambda: distance(x, y), 2, 10, finish)


def torch_(options):
    import torch

    x, y = (torch.from_numpy(a).to(options.device) for a in inputs())
    finish = torch.cuda.synchronize
    x + y
    finish()
    run = torch.compile(distance)
    return figures(lambda: run(x, y), 2, 20, finish)


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
