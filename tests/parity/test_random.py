"""Large requests of random numbers, which threads share: NumPy's bits, and NumPy's state left behind."""

import threading

import numloom
import numpy
import pytest

# (method, parameters): each distribution that is shared out, with parameters at which samples take few draws and many.
DRAWS = [
    ("random", ()),
    ("uniform", (-2.0, 5)),
    ("standard_normal", ()),
    ("normal", (1, 0.25)),
    ("lognormal", (0.0, 1.5)),
    ("standard_exponential", ()),
    ("exponential", (3.0,)),
    ("standard_cauchy", ()),
    ("laplace", (0.0, 2.0)),
    ("logistic", (0.0, 2.0)),
    ("gumbel", (0.0, 2.0)),
    ("rayleigh", (2.0,)),
    ("standard_gamma", (0.05,)),
    ("standard_gamma", (1.0,)),
    ("gamma", (2.5, 3.0)),
    ("chisquare", (3,)),
    ("standard_t", (4.0,)),
    ("beta", (0.3, 0.4)),
    ("beta", (3.0, 0.5)),
    ("weibull", (1.5,)),
    ("pareto", (3.0,)),
    ("power", (2.0,)),
]
SIZES = (1000, 65535, 65536, 9 * 8192 + 1, 170_000, (7, 5, 3001), (0, 100_000))
KINDS = ("PCG64", "PCG64DXSM", "Philox", "MT19937", "SFC64")


def pair(kind, seed):
    """The same generator twice: NumPy's, and ours on a bit generator of its own."""
    make = getattr(numpy.random, kind)
    return numpy.random.Generator(make(seed)), numloom.random.Generator(make(seed))


def state_of(generator):
    state = generator.bit_generator.state
    return repr(state)


def same(theirs, ours):
    assert type(ours) is numloom.ndarray
    assert theirs.shape == ours.shape and theirs.dtype == ours.dtype
    assert theirs.tobytes() == numpy.asarray(ours).tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("method", "parameters"), DRAWS)
def test_bits_and_state(kind, method, parameters):
    theirs, ours = pair(kind, 2024)
    for turn, size in enumerate(SIZES if kind == "PCG64" else SIZES[2:4]):
        # Half of a word is kept between these two, or not.
        for _ in range(turn % 2):
            assert theirs.integers(0, 9, dtype="i4") == ours.integers(0, 9, dtype="i4")
        same(getattr(theirs, method)(*parameters, size=size), getattr(ours, method)(*parameters, size))
        assert state_of(theirs) == state_of(ours)


def test_many_streams():
    # A chain of samples that begins elsewhere meets the true one in many ways: many streams see the rare ones.
    for seed in range(40):
        for method, parameters in (("standard_normal", ()), ("standard_gamma", (0.05,)), ("beta", (0.3, 0.4))):
            theirs, ours = pair("PCG64", seed)
            size = 65536 + 37 * seed
            same(getattr(theirs, method)(*parameters, size=size), getattr(ours, method)(*parameters, size=size))
            assert state_of(theirs) == state_of(ours)


def test_ways_to_ask():
    calls = [
        lambda g, n: g.normal(size=n),
        lambda g, n: g.normal(2, size=n),
        lambda g, n: g.normal(scale=3, loc=1, size=n),
        lambda g, n: g.normal(numpy.float64(2), 0.5, n),
        lambda g, n: g.normal(0, 0, n),
        lambda g, n: g.uniform(5, 5, n),
        lambda g, n: g.uniform(high=2, size=(n,)),
        lambda g, n: g.random(n, numpy.float32),
        lambda g, n: g.random(n, dtype="f8"),
        lambda g, n: g.standard_normal(size=n, dtype="f4"),
        lambda g, n: g.standard_exponential(n, method="inv"),
        lambda g, n: g.exponential(0.0, n),
        lambda g, n: g.gamma(0.0, 1, n),
        lambda g, n: g.normal(numpy.zeros(n), 1),
        lambda g, n: g.normal([0.0, 1.0], 1, (n // 2, 2)),
        lambda g, n: g.random(numpy.int64(n)),
        lambda g, n: g.random([n // 2, 2]),
    ]
    for call in calls:
        theirs, ours = pair("PCG64", 5)
        x, y = call(theirs, 70_000), call(ours, 70_000)
        assert x.shape == y.shape and x.dtype == y.dtype and x.tobytes() == numpy.asarray(y).tobytes()
        assert state_of(theirs) == state_of(ours)


@pytest.mark.parametrize(
    "call",
    [
        lambda g: g.normal(0, -1, 70_000),
        lambda g: g.normal(0, float("nan"), 70_000),
        lambda g: g.uniform(0, float("inf"), 70_000),
        lambda g: g.uniform(3, -3, 70_000),
        lambda g: g.exponential(-1.0, 70_000),
        lambda g: g.gamma(size=70_000),
        lambda g: g.normal(0, 1, 2, 70_000),
        lambda g: g.normal(0, loc=1, size=70_000),
        lambda g: g.normal("a", 1, 70_000),
        lambda g: g.random(-70_000),
        lambda g: g.random(70_000.0),
        lambda g: g.random((300, -300)),
        lambda g: g.beta(0, 1, 70_000),
        lambda g: g.random(True),
    ],
)
def test_errors(call):
    outcomes = []
    for generator in pair("PCG64", 1):
        try:
            result = call(generator)
            outcomes.append((numpy.asarray(result).tobytes(), state_of(generator)))
        except Exception as e:
            outcomes.append((type(e), str(e), state_of(generator)))
    assert outcomes[0] == outcomes[1]


def test_streams_of_threads():
    """Threads that share a generator get disjoint parts of its stream; spawned generators are independent."""
    shared = numloom.random.default_rng(3)
    parts = []

    def work():
        for _ in range(5):
            parts.append(shared.random(70_000).tobytes())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    whole = numpy.random.default_rng(3)
    assert sorted(parts) == sorted(whole.random(70_000).tobytes() for _ in range(20))
    assert state_of(shared) == state_of(whole)
    for theirs, ours in zip(numpy.random.default_rng(9).spawn(3), numloom.random.default_rng(9).spawn(3), strict=True):
        same(theirs.standard_normal(80_000), ours.standard_normal(80_000))


def test_subclasses_keep_their_way():
    class Counting(numpy.random.PCG64):
        pass

    theirs, ours = numpy.random.Generator(Counting(4)), numloom.random.Generator(Counting(4))
    same(theirs.standard_normal(80_000), ours.standard_normal(80_000))
    assert state_of(theirs) == state_of(ours)

    class Mine(numloom.random.Generator):
        def normal(self, size):
            return super().normal(1.0, 2.0, size)

    ours = Mine(numpy.random.PCG64(4))
    same(numpy.random.default_rng(4).normal(1.0, 2.0, 80_000), ours.normal(80_000))
