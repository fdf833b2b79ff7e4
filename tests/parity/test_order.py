"""percentile, quantile and median of arrays so large that they are found without NumPy: its bits, shapes, types and errors."""

import numloom
import numpy
import pytest
from numloom._fallback import policy

from tests.parity.harness import check

SETUP = """
rng = np.random.default_rng({seed})
kind = {kind!r}
x = rng.standard_normal({shape})
if kind == "ties":
    x = np.floor(x * 3)
elif kind == "equal":
    x = np.zeros({shape}) + 2.5
elif kind == "steep":
    x = x * x * x * x * x * x * x * x * x
elif kind == "nan":
    x = np.where(x > 2.5, np.nan, x)
elif kind == "one nan":
    x[(-1,) * x.ndim] = np.nan
elif kind == "inf":
    x[(0,) * x.ndim] = np.inf
    x[(-1,) * x.ndim] = -np.inf
elif kind == "all inf":
    x = x + np.inf
elif kind == "sorted":
    x = np.sort(x)
elif kind == "huge":
    x = np.where(x > 0, 1.7e308, -1.7e308)
"""
KINDS = ("normal", "ties", "equal", "steep", "nan", "one nan", "inf", "all inf", "sorted", "huge")
CALLS = """np.percentile(x, 1.0) | np.percentile(x, [0, 1, 33.3, 50, 99.9, 100]) | np.quantile(x, 0.25) | np.quantile(x, np.linspace(0, 1, 23))
np.median(x) | np.percentile(x, 5, keepdims=True) | np.median(x, keepdims=True) | np.quantile(x, 1) | np.percentile(x, 50, method="nearest")
np.median(x, overwrite_input=True) | np.percentile(x[::-1], 10) | np.quantile(x, np.array([0.1, 0.9]), overwrite_input=True)
np.percentile(x, 100.5) | np.quantile(x, [0.5, np.nan]) | np.quantile(x, [[0.1, 0.2]]) | np.quantile(x, []) | np.percentile(x, 50, axis=7)
np.quantile(x, np.float32(0.3)) | np.quantile(x, 0.5, weights=x) | np.percentile(x, np.float64(12.5)) | np.percentile(x, 50 + 0j)
np.percentile(x, 50, what=1) | np.quantile(x, 0.5, method="what")"""
AXES = """np.percentile(x, 30, axis=0) | np.percentile(x, [30, 60], axis=-1) | np.median(x, axis=1) | np.median(x, axis=(0, 2))
np.quantile(x, [0.1, 0.5, 0.7], axis=(2, 0), keepdims=True) | np.median(x, axis=(1, 2), keepdims=True) | np.median(x, axis=(1, 1))
o = np.empty(x.shape[1:]); r = np.percentile(x, 40, axis=0, out=o); (r is o, o)
o = np.empty((2,) + x.shape[:2]); np.quantile(x, [0.2, 0.8], axis=2, out=o)
o = np.empty((1,) + x.shape[1:]); np.median(x, axis=0, out=o, keepdims=True) | np.median(x, axis=0, out=np.empty(3))
np.percentile(x.T, 30, axis=2) | np.median(x[:, ::2], axis=0)"""


def cases(text):
    return [case.strip() for line in text.splitlines() for case in line.split(" | ")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", cases(CALLS))
def test_one_line(case, kind):
    for shape in ((70_001,), (300, 220)):
        check(SETUP.format(seed=3, kind=kind, shape=shape) + case, strides=False)


@pytest.mark.parametrize("kind", ("normal", "ties", "one nan", "inf"))
@pytest.mark.parametrize("case", cases(AXES))
def test_axes(case, kind):
    for shape in ((2048, 5, 7), (3, 4, 8000)):
        check(SETUP.format(seed=4, kind=kind, shape=shape) + case, strides=False)


@pytest.mark.parametrize("dtype", ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8"])
@pytest.mark.parametrize("case", ["np.median(y)", "np.percentile(y, [3, 50, 97.5])", "np.quantile(y, 0.4)", "np.median(y.reshape(30, -1), axis=1)"])
def test_types(case, dtype):
    setup = f"rng = np.random.default_rng(8)\ny = (rng.random(90_000) * 250 - {0 if dtype[0] in 'u?' else 125}).astype({dtype!r})\n"
    check(setup + case, strides=False)


def test_wide_integers():
    for dtype in ("i8", "u8"):
        low, high = int(numpy.iinfo(dtype).min), int(numpy.iinfo(dtype).max)
        check(f"y = np.where(np.arange(70_000) % 2 == 0, np.{numpy.dtype(dtype).name}({low}), np.{numpy.dtype(dtype).name}({high}))\nnp.quantile(y, [0.1, 0.9])")


def test_runs_here():
    x = numloom.random.default_rng(0).random(100_000)
    before = policy.set_policy("error")
    try:
        found = numloom.median(x), numloom.percentile(x, [10, 90]), numloom.quantile(x.reshape(10, -1), 0.1, axis=1)
    finally:
        policy.set_policy(before)
    theirs = numpy.asarray(x)
    expected = numpy.median(theirs), numpy.percentile(theirs, [10, 90]), numpy.quantile(theirs.reshape(10, -1), 0.1, axis=1)
    for ours, wanted in zip(found, expected, strict=True):
        assert numpy.asarray(ours).tobytes() == wanted.tobytes()


def test_many_seeds():
    for seed in range(40):
        x = numpy.random.default_rng(seed).standard_gamma(0.1 + seed / 20, 65_536 + seed)
        q = numpy.random.default_rng(seed).random(9)
        assert numpy.asarray(numloom.quantile(numloom.asarray(x), q)).tobytes() == numpy.quantile(x, q).tobytes()
