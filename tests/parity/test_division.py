"""Integer division by one number: every divisor that a type's reciprocals could get wrong, against all kinds of dividends."""

import numloom
import numpy
import pytest


def divisors(limits, rng):
    powers = [2**k + more for k in range(1, limits.bits) for more in (-1, 0, 1)]
    drawn = rng.integers(1, limits.max, 200, dtype=limits.dtype, endpoint=True).tolist()
    return sorted({d for d in [*range(-8, 130), *powers, *drawn, limits.max, limits.min] if limits.min <= d <= limits.max} - {0})


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_by_one_number(dtype):
    limits, rng = numpy.iinfo(dtype), numpy.random.default_rng(3)
    ends = [limits.min, limits.min + 1, limits.max - 1, limits.max, 0, 1, 2, 3]
    drawn = rng.integers(limits.min, limits.max, 2500, dtype=dtype, endpoint=True)
    x = numpy.concatenate([drawn, numpy.array(ends, dtype), (drawn % 100).astype(dtype)])
    ours = numloom.array(x)
    with numpy.errstate(all="ignore"):
        for d in divisors(limits, rng):
            d = x.dtype.type(d)
            multiples = (x // d) * d  # and their neighbours
            for values, taken in ((x, ours), (multiples, numloom.array(multiples)), (multiples - 1, numloom.array(multiples) - 1)):
                for name in ("floor_divide", "remainder"):
                    want = getattr(numpy, name)(values, d)
                    assert numpy.array_equal(numloom.asnumpy(getattr(numloom, name)(taken, d)), want), (name, d)
