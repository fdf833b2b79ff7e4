"""Arrays between Numloom, NumPy and everything else that can reach memory; warnings and errstate where they happen."""

import ctypes
import gc
import os
import subprocess
import sys
import threading
import warnings

import numloom as np
import numpy
import pytest

from tests.parity.harness import check, numpy_before

SETUP = """
a = np.arange(6.0)
k = numpy.arange(6.0)
class Sub(numpy.ndarray):
    pass
sub = numpy.arange(6.0).view(Sub)
ma = numpy.ma.array(k, mask=[0, 1, 0, 0, 0, 0])
"""

CASES = """
a + k | k + a | a * k | numpy.add(a, 1) | numpy.sum(a) | numpy.concatenate([a, a]) | numpy.float64(2) * a | k @ a | numpy.where(a > 2, a, k) | numpy.maximum(k, a)
type(a + sub).__name__ | type(sub + a).__name__ | (a + ma).tolist() | (ma + a).tolist() | numpy.ma.sum(ma + a) | type(numpy.matrix([[1.0]]) * 2).__name__ | (a.reshape(1, 6) * numpy.matrix(k).T).shape
numpy.sqrt(a, out=k) is k | np.add(a, 1, out=k) is k | numpy.add.reduce(a) | numpy.add.outer(a, k).shape | numpy.add.at(a, [0], 1) or a | numpy.hypot(a, k) | a == sub | numpy.array_equal(a, k)
bytes(a) == k.tobytes() | memoryview(a).tolist() | a.ctypes.data % 8 | a.__array_interface__["shape"] | numpy.frombuffer(a)[2] | numpy.array(a, dtype="f4") | numpy.asarray(a).flags.writeable | list(numpy.nditer(a))[3] == 3
numpy.array([None, a[0]], dtype=object).shape | a.astype(object) | a == numpy.array([1, "x", None, 2, 3, 4], dtype=object) | np.array(["a", "b"]) == "a" | a + numpy.array([1] * 6, dtype=object) | np.array([1, 2], dtype=">f8") + 1 | np.array(["2020-01-01"], dtype="M8[D]") + 1
np.zeros(3, dtype=[("x", float)])["x"] | np.array([(1, 2.0)], dtype="i4,f8")["f1"] | np.float128(1) + a[:2].astype("g") | numpy.random.default_rng(0).permutation(a) | numpy.vectorize(lambda x: x + 1)(a) | numpy.apply_along_axis(numpy.sum, 0, a)
"""


@pytest.mark.parametrize("case", [c.strip() for line in CASES.strip().splitlines() for c in line.split(" | ")])
def test_mixture(case):
    check(SETUP + case, strides=False)


def test_result_types():
    a, k = np.arange(6.0), numpy.arange(6.0)
    for made in (a + k, k + a, numpy.add(a, 1), numpy.concatenate([a, k]), numpy.float64(2) * a, np.sort(a), np.asarray(k)):
        assert type(made) is np.ndarray
    assert type(numpy.asarray(a)) is numpy.ndarray
    k += a
    assert type(k) is numpy.ndarray and k[3] == 6


def test_export_keeps_memory():
    a = np.arange(100000.0) * 2
    view = numpy.asarray(a)
    a += 1
    assert view[3] == 7
    view[3] = -1
    assert float((a * 1)[3]) == -1
    del a
    gc.collect()
    assert view[4] == 9


def test_bare_address():
    a = np.arange(4.0)
    pointer = a.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    pointer[0] = 42
    assert a[0] == 42
    a[1] = 7
    a *= 2
    assert pointer[1] == 14


def test_adoption_does_not_alias():
    """A real array that somebody else holds is shared, not taken over."""
    real = numpy.arange(4.0)
    ours = np.asarray(real)
    ours += 1
    assert real[3] == 4
    real[0] = 9
    assert ours[0] == 9
    assert (ours * 1)[0] == 9


def test_dlpack():
    a = np.arange(3.0)
    cpu = {} if numpy_before("2.1.0") else {"device": "cpu"}  # wherever it is
    real = numpy.from_dlpack(a, **cpu)
    a[1] = 8
    assert real[1] == 8
    back = np.from_dlpack(numpy.arange(3.0))
    assert float(back.sum()) == 3


def test_read_only():
    a = np.arange(3.0)
    a.flags.writeable = False
    for statement in ("a[0] = 1", "a += 1", "a[:] = 2", "a.fill(1)", "np.add(a, 1, out=a)", "a[1:][0] = 1", "np.copyto(a, 1.0)"):
        with pytest.raises(ValueError, match="read-only"):
            exec(statement, {"a": a, "np": np})
    assert not numpy.asarray(a).flags.writeable
    real = numpy.arange(3.0)
    real.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(real)[0] = 1


# ---- scalars of the library mode -----------------------------------------------------------------------------------


def test_scalars():
    s = np.arange(4.0).sum()
    same = s
    s += 1
    assert float(s) == 7 and float(same) == 6
    assert hash(same) == hash(6.0) and {6.0: "x"}[same] == "x"
    assert round(np.arange(3.0).mean() / 3, 2) == 0.33
    assert f"{same:.2f}" == "6.00" and str(same) == "6.0" and int(same) == 6
    with pytest.raises((TypeError, ValueError)):
        same[()] = 1
    assert [10, 20, 30][np.array([2, 1]).argmin()] == 20


# ---- warnings and errstate -----------------------------------------------------------------------------------------


def divide(n):
    zeros = np.zeros(n)
    return 1 / zeros  # the line that warns


LINE = divide.__code__.co_firstlineno + 2


@pytest.mark.skipif(np.device() != "cpu", reason="docs/differences.md: CUDA does not warn")
@pytest.mark.parametrize("n", [3, 300000])
def test_warning_names_its_line(n):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        kept = divide(n)
        np.eval(kept)
    assert [(w.category, str(w.message), w.lineno, w.filename) for w in caught] == [
        (RuntimeWarning, "divide by zero encountered in divide", LINE, __file__)
    ]


@pytest.mark.parametrize("n", [3, 300000])
def test_errstate(n):
    zeros = np.zeros(n)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with np.errstate(divide="ignore"):
            np.eval(1 / zeros)
        with pytest.raises(RuntimeWarning, match="divide by zero"):
            np.eval(1 / zeros)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide by zero encountered in divide"):
        1 / zeros
    seen = []
    with np.errstate(divide="call"):
        old = numpy.seterrcall(lambda kind, flag: seen.append(kind))
        try:
            1 / zeros
        finally:
            numpy.seterrcall(old)
    assert seen == ["divide by zero"]


@pytest.mark.skipif(np.device() != "cpu", reason="CUDA warns only under errstate raise")
@pytest.mark.skipif("NUMLOOM_FAIL_EVERY" in os.environ, reason="what failed is tried again when it is needed, and warns then")
def test_large_work_warns_under_the_filters_that_it_was_asked_under():
    zeros = np.zeros(200000)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        kept = 1 / zeros
    assert [str(w.message) for w in caught] == ["divide by zero encountered in divide"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        kept = 1 / zeros
        warnings.simplefilter("always")
        kept += 1
    assert not caught


def test_threads():
    failures = []

    def work(seed):
        try:
            for _ in range(100):
                x = np.arange(1000.0) + seed
                y = (x * 2 + 1).sum()
                assert float(y) == 2 * (499500 + 1000 * seed) + 1000
                shared[seed] = seed
        except Exception as e:
            failures.append(e)

    shared = np.zeros(8)
    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures
    assert shared.tolist() == list(range(8))


def test_json_takes_the_floats_that_it_takes_of_numpy():
    check("import json\njson.dumps({'mean': np.array([1.5, 2]).mean(), 'list': [np.ones(2).sum()]})")
    check("import json\njson.dumps(np.array([1, 2]).sum())")
    check("import json\njson.dumps(np.array([1, 2], np.float32).sum())")
    check("import json\njson.dumps(np.array([1, 2]))")


TESTING = """
testing.assert_equal(np.arange(3), np.arange(3)), testing.assert_equal([np.arange(3), {"a": np.ones(2)}], [np.arange(3), {"a": np.ones(2)}])
testing.assert_equal(np.ones(3).sum(), 3.0),
testing.assert_almost_equal(np.ones(2), np.ones(2) + 1e-12),
testing.assert_array_less(np.ones(2), np.ones(2) + 1),
testing.assert_equal(np.zeros((0, 3)), np.zeros((0, 3))),
"""


@pytest.mark.parametrize("source", TESTING.strip().splitlines())
def test_numpys_assertions_take_our_arrays(source):
    check(f"import numpy.testing as testing\n{source}")


def test_numpys_assertions_still_fail():
    check("import numpy.testing as testing\ntesting.assert_equal(np.arange(3), np.arange(3) + 1)")
    check("import numpy.testing as testing\ntesting.assert_equal(np.arange(3), np.arange(4))")


def test_an_import_leaves_numpys_lazy_modules_alone():
    code = "import sys, numloom; print('numpy.testing' in sys.modules, numloom.testing.assert_equal.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "assert_equal"]


def test_named_tuples_that_want_more_than_their_items():
    """As scipy's results do: they go to NumPy, and come back, without their constructor."""
    check(
        """
from collections import namedtuple
class Result(namedtuple("Result", ["statistic", "pvalue"])):
    def __new__(cls, statistic, pvalue, df):
        return super().__new__(cls, statistic, pvalue)
    def __init__(self, statistic, pvalue, df):
        self.df = df
result = Result(np.arange(3.0), np.arange(3.0) + 1, 5)
twice = np.apply_along_axis(lambda row: row * 2, 1, result)
np.testing.assert_almost_equal(result, [[0, 1, 2], [1, 2, 3]], 11)
class Speaks:
    def __array_function__(self, function, types, args, kwargs):
        return Result(numpy.arange(3.0), 1, 5)
back = [np.sort(Speaks()), np.fft.fft(Speaks()), np.linalg.norm(Speaks())]
told = [(type(r).__name__, r.statistic.sum(), r.pvalue, r.df) for r in back]
np.sort(result), np.linalg.norm(result), twice, result.df, told, np.unique_counts(np.array([1, 1, 2])).counts
"""
    )


def test_iterators_of_numpys_take_our_masks():
    check(
        """
a = numpy.arange(6.0).reshape(2, 3)
mask = np.array([True, False, True, False, False, True])
a.flat[mask] = np.array([9.0, 8.0, 7.0])
a.flat[np.array([1, 3])] += 0.5
np.asarray(a), np.asarray(a.flat[mask]), np.asarray(a.flat[np.array([0, 4])])
"""
    )


def test_classes_that_make_numpys_objects():
    check(
        """
import inspect
kinds = np.ufunc, np.nditer, np.broadcast, np.flatiter
names = [[name for name in ("__call__", "reduce", "iternext", "numiter", "copy") if hasattr(kind, name)] for kind in kinds]
signatures = [str(inspect.signature(getattr(np.ufunc, name))) for name in ("__call__", "reduce", "outer")]
shown = [repr(np.ufunc.__call__), [kind.__name__ for kind in kinds], isinstance(np.add, np.ufunc)]
names, signatures, shown, repr(np.broadcast(np.ones((2, 1)), np.ones(3)).shape)
"""
    )
