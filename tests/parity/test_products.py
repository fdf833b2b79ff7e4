"""Matrix products of the types that BLAS lacks: few and many elements, rows short and long, any strides."""

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
