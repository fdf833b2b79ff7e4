"""Matrix products of the types that BLAS lacks: few and many elements, rows short and long, any strides."""

import numloom
import numpy
import pytest

from tests.parity.harness import check

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2"]
SIZES = [(1, 1, 1), (3, 3, 3), (2, 70, 3), (33, 5, 40), (5, 200, 31), (40, 64, 64), (7, 65, 129), (90, 90, 90)]

SETUP = """
rng = np.random.default_rng({m} + {k} + {n})
a = (rng.random(({m}, {k})) * 5 - ({dtype!r}[0] in "if") * 2).round().astype({dtype!r})
b = (rng.random(({k}, {n})) * 5 - ({dtype!r}[0] in "if") * 2).round().astype({dtype!r})
if {dtype!r} == "?":
    a, b = rng.random(a.shape) > 0.9, rng.random(b.shape) > 0.9
wide = np.zeros(({m} * 2, {n} * 3), {dtype!r})
np.matmul(a, b, out=wide[::2, ::3])
"""
# Small whole numbers, so that float16 is exact.
RESULT = "a @ b, a[::-1, ::-1] @ b[::-1], a.T.copy().T @ b.T.copy().T, a @ b[:, 0], a[0] @ b, a[0] @ b[:, 0], wide, np.stack((a, a)) @ b"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_products(dtype, size):
    m, k, n = size
    check(SETUP.format(m=m, k=k, n=n, dtype=dtype) + RESULT, strides=False)


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("size", [(1, 5), (3, 3), (50, 7), (90, 400), (40, 60000), (400, 300)])
def test_a_matrix_by_its_own_transpose(dtype, size):
    n, k = size
    source = numpy.random.default_rng(2).random(size) - 0.5
    source = (source + 1j * source[::-1] if dtype[0] == "c" else source).astype(dtype)
    a, wide = numloom.array(source), numloom.zeros((2 * n, 3 * n), dtype)
    numloom.matmul(a, a.T, out=wide[::2, ::3])
    b = a.T.copy()
    want = source.astype("c16" if dtype[0] == "c" else "f8")
    bound = (8 + k**0.5) * numpy.finfo(dtype).eps * (abs(want) @ abs(want).T).max()  # roundings add up as a random walk
    want = want @ want.T
    for product in (a @ a.T, b.T @ b, numloom.dot(a, a.T), wide[::2, ::3], (a[::-1] @ a[::-1].T)[::-1, ::-1]):
        product = numloom.asnumpy(product)
        assert numpy.abs(product - want).max() <= bound
        assert numloom.device() != "cpu" or (product == product.T).all()
    assert not numloom.asnumpy(wide)[1::2].any()
