"""Protocols between array libraries: the Array API's namespace, NEP 13 and 18, submodules as imports find them."""

import copy
import ctypes
import pickle
import subprocess
import sys

import numloom
import numpy
import pytest

from tests.parity.harness import check, numpy_before

DECIDING = """
class A:
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return [type(self).__name__, ufunc == np.multiply, method, len(inputs), sorted(kwargs), list(map(str, kwargs.get("out", ())))]
    def __repr__(self):
        return type(self).__name__
class Sub(A):
    pass
class Never(A):
    def __array_ufunc__(self, *args, **kwargs):
        return NotImplemented
class Refuses:
    __array_ufunc__ = None
x = np.arange(3.0)
"""

# Who decides about a ufunc call, and what that class is told.
DECISIONS = """
np.multiply(x, A())
np.multiply(A(), 2, "one")
np.multiply(A(), 2, out=("one",))
np.multiply(x, A(), sig="dd->d")
np.multiply(A(), Sub())
np.multiply(x, 1, out=A())
np.multiply(Never(), A())
np.multiply(x, Never())
np.multiply(A(), Refuses())
np.multiply(x, 1, out=Refuses())
np.multiply(A())
np.multiply(A(), 1, 2, 3)
np.multiply(A(), 1, foo=2)
np.multiply(A(), 1, sig="a", signature="a")
np.multiply(A(), A(), "one", out="two")
np.multiply(A(), A(), out=("one", "two"))
np.modf(A(), None)
np.modf(A(), "one", "two")
np.multiply.reduce(A(), 0, None, x)[:5]
np.multiply.at(A(), [0, 1], x)
numpy.multiply(x, A())
numpy.multiply(A(), x)
numpy.multiply(x, Never())
x.__array_ufunc__(np.multiply, "__call__", x, 2)
"""


@pytest.mark.parametrize("source", DECISIONS.strip().splitlines())
def test_classes_that_decide_about_ufuncs(source):
    check(DECIDING + source)


def test_deciding_classes_get_the_callers_own_arrays():
    x = numloom.arange(3.0)

    class Keeps:
        def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
            return ufunc is numloom.add and inputs[0] is x and inputs[1] is self and out[0] is x

    assert numloom.add(x, Keeps(), out=x) is True
    assert numloom.add(x, Keeps(), x) is True


class KnowsNumPyAlone:
    """A class of a library: it declines arrays that are not NumPy's."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        others = [x for x in (*inputs, *out) if x is not self]
        if any(type(x) is numloom.ndarray for x in others) or not isinstance(ufunc, numpy.ufunc):
            return NotImplemented
        if out:
            out[0][...] = 7
            return out[0]
        return ufunc.__name__, *others


def test_classes_that_know_numpys_arrays_alone_get_them():
    x, foreign = numloom.arange(3.0), KnowsNumPyAlone()
    for call in (numloom.add, numpy.add):
        for made in (call(x, foreign), call(foreign, x)):
            assert made[0] == "add" and made[1].tolist() == [0, 1, 2]
    assert numloom.add(1.5, foreign, out=x) is x and x.tolist() == [7, 7, 7]


class DeclinesOurs:
    """The same with operators alone."""

    __array_priority__ = 10

    def __add__(self, other):
        return ("added", other.tolist()) if isinstance(other, numpy.ndarray) else NotImplemented

    __radd__ = __matmul__ = __add__


def test_operators_that_know_numpys_arrays_alone_get_them():
    x = numloom.arange(3.0)
    assert DeclinesOurs() + x == DeclinesOurs() @ x == ("added", [0, 1, 2])
    with pytest.raises(TypeError):
        DeclinesOurs() - x


SCALARS = """
n = np.arange(3).sum(); [[0] * n, n * [0], "ab" * n, b"a" * n, (1, 2) * n]
n = np.ones(3).sum(); n.is_integer(), n.as_integer_ratio(), n.hex()
n = np.arange(3).sum(); n.bit_count(), n.numerator, n.denominator, n.is_integer()
import math; math.trunc(np.ones(3).sum()), math.floor(np.ones(3).mean()), math.ceil(np.ones(3).sum())
import math; math.trunc(np.ones(1))
[hasattr(np.ones(1), name) for name in ("is_integer", "hex", "bit_count", "numerator")]
[hasattr(np.ones(3).sum(), name) for name in ("is_integer", "hex", "bit_count", "numerator")]
[1, 2] * np.ones(2)
np.ones(()) * [1, 2]
"""


@pytest.mark.parametrize("source", SCALARS.strip().splitlines())
def test_scalars_do_what_only_scalars_do(source):
    check(source)


DETAILS = """
Odd = type("Odd", (), {"__cuda_array_interface__": 0}); np.array(Odd()).dtype
a = np.arange(6); type(np.array(memoryview(a), copy=False).base).__name__
a = np.arange(3.0); del a.dtype
a = np.arange(3.0); a.device = "cpu"
np.concatenate.__wrapped__.__text_signature__, np.empty_like.__wrapped__.__text_signature__
i = np.zeros(7132, int); np.ones((1,) * 5)[np.ix_(i, i, i, i, i)] = 0
i = np.arange(7132); np.ones((1,) * 5)[np.ix_(i, i, i, i, i)]
p = np.ones((2, 2)); q = p * 2; type(np.r_["p, q; q, p"]).__name__, np.asarray(np.c_["p, q"])
np.ones(3).__array_namespace__(api_version="2019.12")
np.ones(3).sum.__doc__, np.ones(3).reshape.__doc__, np.ones(3).tolist.__doc__
Unit = type("Unit", (), {"__array_priority__": 9, "__rlshift__": lambda s, o: "unit", "__radd__": lambda s, o: o.tolist()}); a = b = np.arange(3.0); a <<= Unit(); b += Unit(); a, b
Low = type("Low", (), {"__array_priority__": -9, "__radd__": lambda s, o: 7}); a = np.arange(3.0); a += Low()
"""


@pytest.mark.parametrize("source", DETAILS.strip().splitlines())
def test_details(source):
    check(source)


def test_the_namespace_is_the_module():
    assert numloom.ones(2).__array_namespace__() is numloom
    assert numloom.__array_api_version__ == numpy.__array_api_version__
    if not numpy_before("2.1.0"):
        assert numloom.__array_namespace_info__().default_device() == "cpu"


def test_a_result_of_another_class_is_wrapped_as_ours():
    class Sub(numpy.ndarray):
        pass

    wrapped = numloom.ones(2).__array_wrap__(numpy.ones(2).view(Sub))
    assert type(wrapped) is numloom.ndarray


def test_submodules_are_never_loaded_twice():
    code = """if True:
        import importlib, numpy
        import numloom.linalg, numloom.ma.core as core
        from numloom.lib.stride_tricks import as_strided
        from numloom.lib import recfunctions
        from numloom.random import default_rng
        import numloom._core.umath as umath
        assert core.MaskedArray is numpy.ma.MaskedArray
        assert type(as_strided(numloom.arange(4.0), (2, 2), (8, 8))) is numloom.ndarray
        assert numloom.ma.core is core and numloom._core._exceptions.UFuncTypeError is numpy._core._exceptions.UFuncTypeError
        assert umath.pi == numpy.pi
        for name in ("numloom.nothing", "numloom.linalg.nothing", "numloom.linalg.linalg.nothing"):
            try:
                importlib.import_module(name)
            except ModuleNotFoundError:
                continue
            raise AssertionError(name)
        import numloom.debug
        print("fine")
    """
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["fine"], done.stderr


def test_names_that_numpy_warns_about_warn_each_time():
    count = """if True:
        import {} as np, warnings
        warnings.simplefilter("always")
        # Which of them there are depends on NumPy's version.
        [getattr(np, name, None) for name in ("chararray", "object") * 2]
    """
    theirs, ours = (
        subprocess.run([sys.executable, "-c", count.format(module)], capture_output=True, text=True, timeout=60, check=True)
        for module in ("numpy", "numloom")
    )
    assert ours.stderr.count("Warning") == theirs.stderr.count("Warning") >= 2


ARRAY_LIKES = """
class Holds:
    def __init__(self, array):
        self.array = array
    def __array__(self, dtype=None, copy=None):
        self.asked = (dtype, copy)
        return self.array
class NoCopy(Holds):
    def __array__(self, dtype=None):
        return self.array
class Wraps(Holds):
    def __array_wrap__(self, array, context=None, return_scalar=False):
        return ["wrapped", array]
class Sums(Holds):
    def sum(self, axis=None, dtype=None, out=None):
        return "its own sum"
class Row(Holds):
    def __len__(self):
        return len(self.array)
    def __getitem__(self, index):
        return self.array[index]
a = np.arange(3.0)
"""

CONVERSIONS = """
np.array([Holds(a), Holds(a)])
np.array([[Holds(a)], [Holds(a)]]).shape
np.array([Row(a)])
np.stack([Row(a), a])
np.asarray(Holds(a)) is a
np.array(Holds(a), copy=True) is a
h = Holds(a); np.array(h, copy=True); h.asked
h = Holds(a); np.array(h, dtype=int); [h.asked[1]]
np.array(NoCopy(a), copy=True)
np.array(NoCopy(a), copy=False)
np.negative(Wraps(a))
np.sum(Sums(a))
np.sort(Row(a)), np.dot(Row(a), Holds(a)), np.concatenate([Row(a), Holds(a)]), np.where(Row(a), 1, 2)
u, v = np.poly1d([1, 2, 3]), np.poly1d([1, 2, 3, 4, 5]); q, r = np.polydiv(u, v); type(q) is type(u), (q * v + r == u)
np.array([Holds(3)])
np.array(Holds(3))
"""


@pytest.mark.parametrize("source", CONVERSIONS.strip().splitlines())
def test_array_likes_may_return_our_arrays(source):
    check(ARRAY_LIKES + source)


def test_arrays_that_numpy_makes_of_scalars_can_be_written():
    total = numloom.ones(3).sum()
    for made in (numpy.asanyarray(total), total.__array__()):
        made[...] = 5
        assert made == 5 and total == 3


def test_sequences_of_the_c_api():
    api = ctypes.pythonapi
    api.PySequence_SetItem.argtypes = (ctypes.py_object, ctypes.c_ssize_t, ctypes.py_object)

    def assign(array, index):
        try:
            api.PySequence_SetItem(array, index, 7)
        except (IndexError, ValueError) as error:
            return type(error), str(error)
        return array.tolist()

    for shape, indices in (((3,), (1, -1, 3, -4)), ((2, 2), (0, -1, 2)), ):
        for index in indices:
            assert assign(numloom.zeros(shape), index) == assign(numpy.zeros(shape), index), (shape, index)


def test_pickles_of_functions_classes_and_generators():
    same = [numloom.sum, numloom.add, numloom.linalg.norm, numloom.random.default_rng, numloom.random.rand]
    if not numpy_before("2.4.0"):
        same.append(numloom.ma.sum)  # an object that no pickle found by name
    same += [numloom.ndarray, numloom.vectorize, numloom.random.Generator, numloom.random.PCG64]
    alike = [numloom.random.default_rng(3), numloom.random.RandomState(3), numloom.random.PCG64(3), numloom.vectorize(abs)]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for value in same:
            assert pickle.loads(pickle.dumps(value, protocol)) is value
        for value in alike:
            assert type(pickle.loads(pickle.dumps(value, protocol))) is type(value)
    for value in (*same, *alike):
        assert type(copy.copy(value)) is type(copy.deepcopy(value)) is type(value)
    for again in (copy.deepcopy(alike[0]), pickle.loads(pickle.dumps(alike[0]))):
        assert again.random() == copy.deepcopy(alike[0]).random() and type(again.random(2)) is numloom.ndarray


DRAWS = """
r = np.random.default_rng(5); [type(r.choice(5)), r.choice(5), r.choice(5, p=[0.1, 0.2, 0.3, 0.4, 0]), r.choice(7, replace=False), {r.choice(3): 1}]
r = np.random.default_rng(5); r.choice(9, 4), r.choice(np.arange(9.0), (2, 2)), r.choice([[1, 2], [3, 4]], axis=1), r.normal()
r = np.random.default_rng(5); r.multivariate_normal(np.zeros(2), np.eye(2), size=3), r.random()
r = np.random.RandomState(5); [type(r.choice(5)), r.choice(5)]
"""


@pytest.mark.parametrize("source", DRAWS.strip().splitlines())
def test_draws_that_are_numbers(source):
    check(source)
