"""Black-Scholes: a chain of some 20 elementwise operations over three arrays, one result.

The normal distribution function is the logistic approximation, so that every peer can write it with operations that it
has. 4M float64 elements on the CPU; 32M float32 on CUDA. "first call": in a process whose context is warm and whose
compile caches are empty.
"""

import os

from measure import WARM, Peer, figures, jax_figures, main, numloom_figures

RATE, VOL = 0.03, 0.25


def formula(xp, spot, strike, years):
    root = VOL * xp.sqrt(years)
    d1 = (xp.log(spot / strike) + (RATE + 0.5 * VOL * VOL) * years) / root
    d2 = d1 - root
    n1 = 1.0 / (1.0 + xp.exp(-1.702 * d1))
    n2 = 1.0 / (1.0 + xp.exp(-1.702 * d2))
    return spot * n1 - strike * xp.exp(-RATE * years) * n2


def inputs(options):
    import numpy

    n, dtype = (4_000_000, "f8") if options.device == "cpu" else (32_000_000, "f4")
    rng = numpy.random.default_rng(1)
    return [(low + (high - low) * rng.random(n, dtype)) for low, high in ((20, 120), (20, 120), (0.1, 3.0))]


def numpy_(options):
    import numpy

    args = inputs(options)
    return figures(lambda: formula(numpy, *args), 4)


def numloom_(options):
    import numloom

    numloom.set_device(options.device)
    args = [numloom.array(a) for a in inputs(options)]
    # On the device before the clock starts, as the other peers' are.
    numloom.eval(*(a + 1 for a in args))
    numloom.synchronize()

    return numloom_figures(options, lambda: numloom.eval(formula(numloom, *args)))


def numba_(options):
    import math

    import numba
    import numpy

    @numba.njit(parallel=True, error_model="numpy")
    def run(spot, strike, years, out):
        for i in numba.prange(len(spot)):
            root = VOL * math.sqrt(years[i])
            d1 = (math.log(spot[i] / strike[i]) + (RATE + 0.5 * VOL * VOL) * years[i]) / root
            d2 = d1 - root
            n1 = 1.0 / (1.0 + math.exp(-1.702 * d1))
            n2 = 1.0 / (1.0 + math.exp(-1.702 * d2))
            out[i] = spot[i] * n1 - strike[i] * math.exp(-RATE * years[i]) * n2

    args = inputs(options)
    return figures(lambda: run(*args, numpy.empty_like(args[0])), 3)


def numexpr_(options):
    import numexpr

    spot, strike, years = inputs(options)
    root = f"({VOL} * sqrt(years))"
    d1 = f"((log(spot / strike) + {RATE + 0.5 * VOL * VOL} * years) / {root})"
    text = f"spot / (1 + exp(-1.702 * {d1})) - strike * exp({-RATE} * years) / (1 + exp(-1.702 * ({d1} - {root})))"
    names = {"spot": spot, "strike": strike, "years": years}
    return figures(lambda: numexpr.evaluate(text, names), 3)


def jax_(options):
    os.environ["JAX_PLATFORMS"] = options.device
    import jax

    jax.config.update("jax_enable_x64", True)
    args = [jax.device_put(a) for a in inputs(options)]
    jax.block_until_ready([a + 1 for a in args])
    return jax_figures(options, lambda *a: formula(jax.numpy, *a), *args)


def cupy_(options):
    import cupy

    args = [cupy.asarray(a) for a in inputs(options)]
    finish = cupy.cuda.get_current_stream().synchronize
    finish()
    return figures(lambda: formula(cupy, *args), 3, 5, finish)


def torch_(options, compiled=True):
    import torch

    args = [torch.from_numpy(a).to(options.device) for a in inputs(options)]
    finish = torch.cuda.synchronize if options.device == "cuda" else None
    run = torch.compile(lambda *a: formula(torch, *a)) if compiled else lambda *a: formula(torch, *a)
    args[0] + 1
    if finish:
        finish()
    return figures(lambda: run(*args), 3, 1 if options.device == "cpu" else 20, finish)


PEERS = {
    "NumPy": Peer(numpy_, ("cpu",)),
    "NumPy, warm allocator": Peer(numpy_, ("cpu",), WARM),
    "Numloom": Peer(numloom_),
    "Numloom, interpreter only": Peer(numloom_, ("cuda",), {"NUMLOOM_JIT": "0"}),
    "Numba": Peer(numba_, ("cpu",)),
    "numexpr": Peer(numexpr_, ("cpu",)),
    "jax.jit": Peer(jax_),
    "CuPy": Peer(cupy_, ("cuda",)),
    "torch.compile": Peer(torch_, ("cuda",)),
}

if __name__ == "__main__":
    main("Black-Scholes, 4M float64 on the CPU, 32M float32 on CUDA", PEERS)
