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


# -------------------------------------------------------------------------------------------- RandomState, and the global functions

LEGACY = [
    lambda g, n: g.rand(n),
    lambda g, n: g.rand(3, n, 2),
    lambda g, n: g.random_sample(n),
    lambda g, n: g.random((n, 3)),
    lambda g, n: g.uniform(-2.5, 7, n),
    lambda g, n: g.uniform(high=3.0, size=n),
    lambda g, n: g.standard_exponential(n),
    lambda g, n: g.exponential(0.3, n),
    lambda g, n: g.exponential(size=(n, 1)),
    lambda g, n: g.randn(n),
    lambda g, n: g.randn(3, n),
    lambda g, n: g.standard_normal(size=n),
    lambda g, n: g.normal(2, 0.1, n),
    lambda g, n: g.normal(scale=2.0, size=(n,)),
    lambda g, n: g.randint(100, size=n),
    lambda g, n: g.randint(-5, 12, n),
    lambda g, n: g.randint(0, 2, size=(2, n)),
    lambda g, n: g.randint(10, None, n, int),
    lambda g, n: g.randint(0, 1 << 32, n, dtype=numpy.int64),
    lambda g, n: g.randint(-(1 << 62), -(1 << 62) + 4097, n),
    # NumPy's own
    lambda g, n: g.randint(0, 1 << 33, n),
    lambda g, n: g.randint(7, 8, n),
    lambda g, n: g.randint(0, 100, n, dtype="i4"),
    lambda g, n: g.randint(numpy.arange(1, n + 1)),
    lambda g, n: g.normal(0, 0, n),
    lambda g, n: g.uniform(4, 2, n),
    lambda g, n: g.lognormal(0, 1, n),
    lambda g, n: g.choice(17, n),
]


def legacy_state(generator):
    return repr(generator.get_state(legacy=False))


@pytest.mark.parametrize("call", LEGACY)
def test_legacy_bits_and_state(call):
    theirs, ours = numpy.random.RandomState(77), numloom.random.RandomState(77)
    for n in (4096, 16_385, 65_536, 100_003, 7488, 3):
        same(call(theirs, n), call(ours, n))
        assert legacy_state(theirs) == legacy_state(ours)
        # The next request begins within a block of words, and with or without half of a pair.
        for generator in (theirs, ours):
            generator.randint(0, 9, size=n % 5)
            generator.randn(n % 3)


def test_legacy_calls_in_a_row():
    for seed in range(12):
        theirs, ours = numpy.random.RandomState(seed), numloom.random.RandomState(seed)
        steps = numpy.random.default_rng(seed)
        for _ in range(30):
            call = LEGACY[steps.integers(len(LEGACY))]
            n = int(steps.choice([1, 2, 4096, 4099, 20_000, 20_001, 66_000]))
            same(call(theirs, n), call(ours, n))
        assert legacy_state(theirs) == legacy_state(ours)


def test_legacy_words_begin_anywhere():
    for start in range(0, 630, 7):
        for call in (lambda g: g.rand(4096), lambda g: g.randn(16_385), lambda g: g.randint(0, 1000, 4099)):
            theirs, ours = numpy.random.RandomState(1), numloom.random.RandomState(1)
            for generator in (theirs, ours):
                generator.randint(0, 1 << 32, size=start, dtype=numpy.uint32)
            same(call(theirs), call(ours))
            assert legacy_state(theirs) == legacy_state(ours)


def test_global_functions():
    kept = numpy.random.get_state()
    try:
        for function, args in (("rand", (70_000,)), ("randn", (300, 301)), ("randint", (0, 50, 70_000)), ("normal", (1, 2, 70_001)), ("uniform", (0, 3, 70_001))):
            numpy.random.seed(11)
            theirs, last = getattr(numpy.random, function)(*args), numpy.random.random()
            numloom.random.seed(11)
            same(theirs, getattr(numloom.random, function)(*args))
            assert numloom.random.random() == last
    finally:
        numpy.random.set_state(kept)


def test_legacy_on_other_bit_generators():
    for kind in ("PCG64", "SFC64"):
        theirs, ours = (m.RandomState(getattr(numpy.random, kind)(3)) for m in (numpy.random, numloom.random))
        for call in LEGACY[:20]:
            same(call(theirs, 5000), call(ours, 5000))


def test_a_generator_over_the_twister():
    theirs, ours = pair("MT19937", 9)
    for n in (5000, 70_000):
        same(theirs.random(n), ours.random(n))
        same(theirs.standard_normal(n), ours.standard_normal(n))
        assert state_of(theirs) == state_of(ours)


def test_legacy_draws_of_several_threads():
    ours = numloom.random.RandomState(4)
    found = [None] * 4

    def work(i):
        found[i] = [numpy.asarray(ours.rand(66_000)) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    theirs = numpy.random.RandomState(4)
    expected = {theirs.rand(66_000).tobytes() for _ in range(20)}
    assert {x.tobytes() for part in found for x in part} == expected
