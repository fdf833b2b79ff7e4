"""What is native stays native: each of these calls runs without NumPy, on every dtype that it takes, and gives its values."""

import numloom
import numpy
import pytest
from numloom._fallback import policy

from tests.parity.harness import check

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
ANY, ORDERED, NUMBERS, INEXACT = set(DTYPES), set(DTYPES[:12]), set(DTYPES[1:]), set(DTYPES[9:])

SETUP = """
rng = np.random.default_rng(5)
x = np.array((rng.random((4, 5)) * 3 + 1).astype({dtype!r}))
y = np.array((rng.random((4, 5)) * 3 + 1).astype({dtype!r}))
m = np.array(rng.random((4, 5)) > 0.4)
m[0] = True
i = np.array([0, 2, 1])
"""

CASES = {
    # reductions with all that they take
    "x.sum(axis=0, where=m), x.sum(dtype='f8') if x.dtype.kind != 'c' else 0, np.sum(x, axis=1, out=np.zeros(4, np.sum(x).dtype))": ANY,
    "x.prod(axis=0, where=m), np.prod(x, axis=(0, 1), keepdims=True), x.any(axis=1, where=m), np.all(x, out=np.zeros((), bool))": ANY,
    "x.mean(axis=0, where=m), x.mean(1, keepdims=True), np.mean(x, where=m, axis=1, keepdims=True)": ANY,
    "x.var(axis=0), x.std(1, ddof=1), x.var(), x.std(axis=(0, 1), keepdims=True), x.var(axis=1, where=m), x.std(0, where=m, ddof=0.5)": ANY,
    "x.var(axis=0, dtype='f8'), x.std(1, dtype='f4'), np.var(x, axis=0, out=np.zeros(5, np.var(x).dtype))": ORDERED,
    "np.cumsum(x, axis=0), np.cumsum(x), np.cumprod(x, axis=1), np.cumsum(x, 1, out=np.zeros((4, 5), np.cumsum(x).dtype))": ANY,
    "np.argmin(x, axis=0, out=np.zeros(5, int)), np.argmax(x, keepdims=True), np.count_nonzero(x, axis=0)": ANY,
    # joining, repeating, taking
    "np.repeat(x, [1, 0, 2, 1], axis=0), np.repeat(x, 3), np.repeat(x[0], np.array([2, 1, 0, 0, 1])), x.repeat(2, 1)": ANY,
    "np.concatenate((x, y), out=np.zeros((8, 5), x.dtype)), np.stack((x, y), out=np.zeros((2, 4, 5), x.dtype))": ANY,
    "np.take(x, i, axis=1, out=np.zeros((4, 3), x.dtype)), np.dot(x, y.T, out=np.zeros((4, 4), x.dtype))": ANY,
    "np.pad(x, ((1, 2), (0, 3)), mode='maximum'), np.pad(x, 2, mode='minimum')": ORDERED,
    "np.pad(x, 1, mode='mean')": ORDERED - {"?"},
    # products
    "np.einsum('ij,kj->ik', x, y), np.einsum('ii->i', x[:, :4]), np.einsum('ii', x[:, :4])": ANY,
    "np.einsum('...j,...j', x, y), np.einsum('i...->...', x), np.einsum('ij,j', x, y[0])": ANY,
    "np.einsum('iij->ij', np.stack((x, y, x, y))[:, :4]), np.einsum(x, [0, 1], y, [2, 1], [0, 2]), np.einsum(x, [1, 0])": ANY,
    "np.einsum('a...b,b...c->...ac', np.stack((x, y)), np.stack((x.T, y.T), axis=2)), np.einsum('ij,jk', x[:, :1], y)": ANY,
    # functions
    "np.degrees(x), np.radians(x), np.rad2deg(x), np.deg2rad(x)": {"f2", "f4", "f8"},
    "np.linspace(x[0], y[0], 4), np.linspace(0, x, 3, endpoint=False, axis=-1), np.linspace(x[0], 9, 3, dtype=int)": ORDERED - {"f2", "f4"},
}


@pytest.fixture
def without_numpy():
    before = policy.set_policy("error")
    yield
    policy.set_policy(before)


def test_fallbacks_are_refused_here(without_numpy):
    with pytest.raises(policy.FallbackError):
        numloom.linalg.eigvals(numloom.eye(2))


@pytest.mark.parametrize("case", CASES)
def test_runs_without_numpy(case, without_numpy):
    for dtype in sorted(CASES[case]):
        setup = SETUP.format(dtype=dtype)
        # Products of another library; on CUDA running sums in another order (docs/differences.md).
        ulp = 4 if any(name in case for name in ("einsum", "dot", ".var(")) or (numloom.device() == "cuda" and "cumsum" in case) else 1
        check(setup + f"({case})", ulp=ulp, strides=False)


def test_a_sum_into_a_wider_array_is_summed_in_its_type():
    values = (numpy.random.default_rng(0).random(5000) * 1000).astype("f4")
    for kind, wide in (("f4", "f8"), ("f2", "f4"), ("f2", "f8"), ("i1", "i4"), ("f8", "f4")):
        x = values.astype(kind) if kind != "i1" else (values % 100).astype(kind)
        want, got = numpy.zeros((), wide), numloom.zeros((), wide)
        numpy.sum(x, out=want)
        numloom.sum(numloom.array(x), out=got)
        assert float(want) == float(got), (kind, wide)
