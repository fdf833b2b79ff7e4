"""24 values that live at once, each loaded from every second element of every second row of 2048 x 2048 float64: what an
interpreter, whose registers lie in shared memory, does worst."""

import os

from measure import Peer, figures, jax_figures, main, numloom_figures

LIVE = 24


def mixed(a):
    n, m = (length - LIVE for length in a.shape)
    values = [a[i : i + n : 2, i : i + m : 2] for i in range(LIVE)]
    products = [values[i] * values[(7 * i + 5) % LIVE] for i in range(LIVE)]
    total = products[0]
    for p in products[1:]:
        total = total + p
    return total


def image():
    import numpy

    return numpy.random.default_rng(1).random((2048 + LIVE, 2048 + LIVE))


def numpy_(options):
    a = image()
    return figures(lambda: mixed(a), 2)


def numloom_(options):
    import numloom

    numloom.set_device(options.device)
    a = numloom.array(image())
    numloom.eval(a + 1)
    numloom.synchronize()
    return numloom_figures(options, lambda: numloom.eval(mixed(a)))


def jax_(options):
    os.environ["JAX_PLATFORMS"] = options.device
    import jax

    jax.config.update("jax_enable_x64", True)
    a = jax.device_put(image())
    jax.block_until_ready(a + 1)
    return jax_figures(options, mixed, a)


def cupy_(options):
    import cupy

    a = cupy.asarray(image())
    finish = cupy.cuda.get_current_stream().synchronize
    finish()
    return figures(lambda: mixed(a), 2, 10, finish)


PEERS = {
    "NumPy": Peer(numpy_, ("cpu",)),
    "Numloom": Peer(numloom_),
    "Numloom, interpreter only": Peer(numloom_, ("cuda",), {"NUMLOOM_JIT": "0"}),
    "jax.jit": Peer(jax_),
    "CuPy": Peer(cupy_, ("cuda",)),
}

if __name__ == "__main__":
    main("24 live float64 values from strided loads of 2048 x 2048", PEERS)
