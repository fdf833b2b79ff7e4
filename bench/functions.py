"""Elementwise functions on one core: nanoseconds an element, on arrays that stay in the cache."""

from measure import Peer, best, main

SIZE = 32_768
FUNCTIONS = ("add", "divide", "sqrt", "exp", "log", "sin", "cos", "tanh", "power")
ONE_THREAD = {"NUMLOOM_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def cases():
    import numpy

    rng = numpy.random.default_rng(1)
    for dtype in ("f4", "f8"):
        x = (0.1 + 10 * rng.random(SIZE)).astype(dtype)
        y = (0.5 + 2 * rng.random(SIZE)).astype(dtype)
        for name in FUNCTIONS:
            yield f"{name} {x.dtype}", name, (x, y) if name in ("add", "divide", "power") else (x,)


def numpy_(options):
    import numpy

    figures = {}
    for label, name, args in cases():
        function, out = getattr(numpy, name), numpy.empty_like(args[0])
        figures[label] = best(lambda function=function, args=args, out=out: function(*args, out=out), 0.1) / SIZE
    return figures


def numloom_(options):
    import numloom

    numloom.set_device("cpu")
    figures = {}
    for label, name, args in cases():
        function, ours = getattr(numloom, name), [numloom.array(a) for a in args]
        call = lambda function=function, ours=ours: numloom.eval(function(*ours))  # noqa: E731
        figures[label] = best(call, 0.1) / SIZE
    return figures


PEERS = {"NumPy": Peer(numpy_, ("cpu",), ONE_THREAD), "Numloom": Peer(numloom_, ("cpu",), ONE_THREAD)}

if __name__ == "__main__":
    main(f"functions on one core, an element, arrays of {SIZE}", PEERS, transposed=True)
