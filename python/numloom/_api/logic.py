"""Comparisons of whole arrays."""

import numpy

from numloom import _core
from numloom._api.errors import errstate
from numloom._api.registry import decline, is_scalar, lift, ndarray, provides

_u = _core.ufuncs


def _operand(x):
    """A scalar as it is (it stays weakly typed), anything else as an array of ours; None where NumPy must decide."""
    return x if is_scalar(x) else lift(x)


def _is_tolerance(x):
    return is_scalar(x) and not isinstance(x, (complex, numpy.complexfloating)) and 0 <= x < numpy.inf


def _kind(x):
    return x.dtype.kind if hasattr(x, "dtype") else numpy.dtype(type(x)).kind


@provides()
def isclose(a, b, rtol=1.0e-5, atol=1.0e-8, equal_nan=False):
    x, y = _operand(a), _operand(b)
    arrays = type(x) is ndarray or type(y) is ndarray
    if not arrays or x is None or y is None or not _is_tolerance(rtol) or not _is_tolerance(atol):
        return decline("isclose", (a, b, rtol, atol, equal_nan), {})
    if not {_kind(x), _kind(y)} <= set("biufc"):
        return decline("isclose", (a, b, rtol, atol, equal_nan), {})
    if type(y) is ndarray and y.dtype.kind in "biu":
        y = y.astype(numpy.float64)
    elif type(y) in (bool, int):
        y = float(y)  # weakly typed still
    elif type(y) is not ndarray and not isinstance(y, (numpy.inexact, float, complex)):
        y = numpy.float64(y)
    with errstate(invalid="ignore"):
        near = (abs(x - y) <= atol + rtol * abs(y)) & _u["isfinite"](y) | _u["equal"](x, y)
        if equal_nan:
            near = near | (_u["isnan"](x) & _u["isnan"](y))
    return near


@provides()
def allclose(a, b, rtol=1.0e-5, atol=1.0e-8, equal_nan=False):
    near = isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)
    return bool(near.all())


@provides()
def array_equal(a1, a2, equal_nan=False):
    x, y = lift(a1), lift(a2)
    if x is None or y is None:
        return decline("array_equal", (a1, a2), {"equal_nan": equal_nan})
    if x.shape != y.shape:
        return False
    same = x == y
    if equal_nan and x.dtype.kind in "fc" and y.dtype.kind in "fc":
        same = same | (_u["isnan"](x) & _u["isnan"](y))
    return bool(same.all())


@provides()
def array_equiv(a1, a2):
    x, y = lift(a1), lift(a2)
    if x is None or y is None:
        return decline("array_equiv", (a1, a2), {})
    try:
        numpy.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return False
    return bool((x == y).all())


@provides()
def isneginf(x, out=None):
    return _infinite("isneginf", x, out, True)


@provides()
def isposinf(x, out=None):
    return _infinite("isposinf", x, out, False)


def _infinite(name, x, out, negative):
    a = _operand(x)
    if a is None or out is not None or _kind(a) not in "biuf":
        return decline(name, (x, out), {})
    sign = _u["signbit"](a)
    return _u["logical_and"](_u["isinf"](a), sign if negative else ~sign)


@provides()
def iscomplex(x):
    a = lift(x)
    if a is None:
        return decline("iscomplex", (x,), {})
    if a.dtype.kind == "c":
        return a.imag != 0
    made = _core.functions["zeros"](a.shape, bool)
    return made if a.ndim else made[()]


@provides()
def isreal(x):
    a = lift(x)
    if a is None:
        return decline("isreal", (x,), {})
    return a.imag == 0 if a.dtype.kind == "c" else ~iscomplex(a)


# What only asks for dtypes: nothing has to be computed or moved.


@provides()
def common_type(*arrays):
    return numpy.common_type(*[numpy.empty(0, x.dtype) if type(x) is ndarray else x for x in arrays])
