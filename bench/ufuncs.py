"""Every elementwise function on every type that NumPy has a loop for, and what else walks over a large array: one core, arrays of
a million elements, milliseconds a call."""

import time

from measure import WARM, Peer, best, main

SIZE = 1_000_000
ONE_THREAD = {"NUMLOOM_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
TYPES = "?bhilBHILefdFD"
UNIT = ("arcsin", "arccos", "arctanh")


def operand(rng, kind, name, first):
    """Values in the function's domain, without overflow."""
    import numpy

    x = rng.random(SIZE)
    if kind == "?":
        return x < 0.5
    if kind in "bhilBHIL":
        low, high = (0, 4) if name in ("left_shift", "right_shift", "power") else (1, 100)
        return rng.integers(low, high, SIZE).astype(kind)
    x = x if name in UNIT else 1 + 4 * x if first else 0.5 + 2 * x
    if kind in "FD":
        return (x + 1j * rng.random(SIZE)).astype(kind)
    return x.astype(numpy.dtype(kind))


def elementwise(np):
    """(label, function of the module, operands) for each ufunc and type."""
    import numpy

    rng = numpy.random.default_rng(1)
    for name in sorted(n for n in dir(numpy) if isinstance(getattr(numpy, n), numpy.ufunc)):
        ufunc = getattr(numpy, name)
        if ufunc.__name__ != name or ufunc.signature or ufunc.nin > 2 or name in ("isnat", "frexp", "modf", "divmod"):
            continue
        for kind in TYPES:
            loop = next((t for t in ufunc.types if t.startswith(kind * ufunc.nin + "->")), None)
            if loop is None:
                continue
            operands = [operand(rng, kind, name, k == 0) for k in range(ufunc.nin)]
            yield f"{name} {numpy.dtype(kind)}", getattr(np, name), operands


def others(np):
    import numpy

    rng = numpy.random.default_rng(2)
    x, y = rng.random(SIZE), rng.random(SIZE)
    a, f, i = x.reshape(1000, 1000), x.astype("f4"), rng.integers(0, SIZE, SIZE)
    mask, small = x < 0.5, x.reshape(-1, 4)
    yield from (
        ("where(mask, x, y)", lambda m, p, q: np.where(m, p, q), (mask, x, y)),
        ("clip(x, 0.2, 0.8)", lambda p: np.clip(p, 0.2, 0.8), (x,)),
        ("x.astype(float32)", lambda p: p.astype("f4"), (x,)),
        ("f.astype(float64)", lambda p: p.astype("f8"), (f,)),
        ("x.astype(int64)", lambda p: p.astype("i8"), (x,)),
        ("i.astype(float64)", lambda p: p.astype("f8"), (i,)),
        ("x.astype(bool)", lambda p: p.astype("?"), (x,)),
        ("x[i]", lambda p, q: p[q], (x, i)),
        ("x[mask]", lambda p, q: p[q], (x, mask)),
        ("take(f, i)", lambda p, q: np.take(p, q), (f, i)),
        ("nonzero(mask)", lambda p: np.nonzero(p)[0], (mask,)),
        ("a.T.copy()", lambda p: p.T.copy(), (a,)),
        ("a[:, ::2].copy()", lambda p: p[:, ::2].copy(), (a,)),
        ("a[::-1].copy()", lambda p: p[::-1].copy(), (a,)),
        ("concatenate((x, y))", lambda p, q: np.concatenate((p, q)), (x, y)),
        ("x.sum()", lambda p: p.sum(), (x,)),
        ("f.sum()", lambda p: p.sum(), (f,)),
        ("i.sum()", lambda p: p.sum(), (i,)),
        ("mask.sum()", lambda p: p.sum(), (mask,)),
        ("a.sum(axis=0)", lambda p: p.sum(axis=0), (a,)),
        ("a.sum(axis=1)", lambda p: p.sum(axis=1), (a,)),
        ("x.reshape(-1, 4).sum(axis=1)", lambda p: p.sum(axis=1), (small,)),
        ("x.max()", lambda p: p.max(), (x,)),
        ("a.max(axis=0)", lambda p: p.max(axis=0), (a,)),
        ("x.argmax()", lambda p: p.argmax(), (x,)),
        ("a.argmax(axis=0)", lambda p: p.argmax(axis=0), (a,)),
        ("a.argmax(axis=1)", lambda p: p.argmax(axis=1), (a,)),
        ("x.mean()", lambda p: p.mean(), (x,)),
        ("x.std()", lambda p: p.std(), (x,)),
        ("cumsum(x)", lambda p: np.cumsum(p), (x,)),
        ("cumsum(a, axis=0)", lambda p: np.cumsum(p, axis=0), (a,)),
        ("(x > 2).any()", lambda p: (p > 2).any(), (x,)),
        ("mask.all()", lambda p: p.all(), (mask,)),
        ("count_nonzero(mask)", lambda p: np.count_nonzero(p), (mask,)),
        ("a @ a", lambda p: p @ p, (a,)),
        ("roll(x, 1)", lambda p: np.roll(p, 1), (x,)),
        ("diff(x)", lambda p: np.diff(p), (x,)),
        ("a + a[0]", lambda p: p + p[0], (a,)),
        ("a + a[:, :1]", lambda p: p + p[:, :1], (a,)),
        ("a + a.T", lambda p: p + p.T, (a,)),
    )


def numpy_(options):
    import numpy

    figures = {}
    with numpy.errstate(all="ignore"):
        for label, function, args in (*elementwise(numpy), *others(numpy)):
            figures[label] = best(lambda f=function, a=args: f(*a), 0.03, 4, clock=time.thread_time)
    return figures


def numloom_(options):
    import numloom

    numloom.set_device("cpu")
    figures = {}
    with numloom.errstate(all="ignore"):
        for label, function, args in (*elementwise(numloom), *others(numloom)):
            ours = [numloom.array(a) for a in args]
            figures[label] = best(lambda f=function, a=ours: numloom.eval(f(*a)), 0.03, 4, clock=time.thread_time)
    return figures


PEERS = {"NumPy": Peer(numpy_, ("cpu",), {**ONE_THREAD, **WARM}), "Numloom": Peer(numloom_, ("cpu",), ONE_THREAD)}

if __name__ == "__main__":
    main("functions on a million elements, one core", PEERS, transposed=True, ratio=("Numloom", "NumPy"))
