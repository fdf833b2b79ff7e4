"""Rounding, differences, products and sums of mathematics that NumPy composes of ufuncs."""

import numpy

from numloom import _core
from numloom._api.errors import errstate
from numloom._api.registry import axis_index, decline, is_scalar, lift, ndarray, on_host, provides

_functions = _core.functions
_u = _core.ufuncs
_where = _functions["where"]
_concatenate = _functions["concatenate"]


def _cut(a, axis, *bounds):
    return a[(slice(None),) * axis + (slice(*bounds),)]


@provides()
def diff(a, n=1, axis=-1, prepend=numpy._NoValue, append=numpy._NoValue):
    lifted = lift(a)
    place = axis_index(axis, lifted.ndim) if lifted is not None else None
    if place is None or type(n) is not int or n < 0 or prepend is not numpy._NoValue or append is not numpy._NoValue:
        return decline("diff", (a, n, axis, prepend, append), {})
    if n == 0:
        return a
    subtract = _u["not_equal"] if lifted.dtype.kind == "b" else _u["subtract"]
    for _ in range(n):
        lifted = subtract(_cut(lifted, place, 1, None), _cut(lifted, place, None, -1))
    return lifted


@provides()
def ediff1d(ary, to_end=None, to_begin=None):
    a = lift(ary)
    if a is None or to_end is not None or to_begin is not None:
        return decline("ediff1d", (ary, to_end, to_begin), {})
    a = a.ravel()
    return a[1:] - a[:-1]


@provides()
def gradient(f, *varargs, axis=None, edge_order=1):
    a = lift(f)
    axes = None
    if a is not None and a.ndim:
        chosen = range(a.ndim) if axis is None else axis if type(axis) is tuple else (axis,)
        axes = [axis_index(one, a.ndim) for one in chosen]
    steps = [1.0] * len(axes or ()) if not varargs else list(varargs) * (len(axes or ()) if len(varargs) == 1 else 1)
    if (
        not axes
        or None in axes
        or len(set(axes)) != len(axes)
        or len(steps) != len(axes)
        or not all(map(is_scalar, steps))
        or edge_order not in (1, 2)
        or any(a.shape[d] < edge_order + 1 for d in axes)
        or a.dtype.kind not in "iuf"
        or a.dtype.char == "e"
    ):
        return decline("gradient", (f, *varargs), {"axis": axis, "edge_order": edge_order})
    if a.dtype.kind in "iu":
        a = a.astype(numpy.float64)
    results = []
    for d, h in zip(axes, steps, strict=True):
        made = _functions["empty"](a.shape, a.dtype)
        part = lambda *bounds, d=d: _cut(a, d, *bounds)  # noqa: E731
        _cut(made, d, 1, -1)[...] = (part(2, None) - part(None, -2)) / (2.0 * h)
        if edge_order == 1:
            _cut(made, d, 0, 1)[...] = (part(1, 2) - part(0, 1)) / h
            _cut(made, d, -1, None)[...] = (part(-1, None) - part(-2, -1)) / h
        else:
            _cut(made, d, 0, 1)[...] = (-1.5 / h) * part(0, 1) + (2.0 / h) * part(1, 2) + (-0.5 / h) * part(2, 3)
            _cut(made, d, -1, None)[...] = (0.5 / h) * part(-3, -2) + (-2.0 / h) * part(-2, -1) + (1.5 / h) * part(-1, None)
        results.append(made)
    return results[0] if len(results) == 1 else tuple(results)


@provides()
def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    x, y = lift(a), lift(b)
    plain = (axisa, axisb, axisc, axis) == (-1, -1, -1, None)
    if x is None or y is None or not plain or not x.ndim or not y.ndim or x.shape[-1] != 3 or y.shape[-1] != 3:
        return decline("cross", (a, b, axisa, axisb, axisc, axis), {})
    shape = numpy.broadcast_shapes(x.shape, y.shape)
    made = _functions["empty"](shape, numpy.promote_types(x.dtype, y.dtype))
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        made[..., k] = x[..., i] * y[..., j] - x[..., j] * y[..., i]
    return made


@provides()
def trapezoid(y, x=None, dx=1.0, axis=-1):
    a = lift(y)
    place = axis_index(axis, a.ndim) if a is not None else None
    at = lift(x) if x is not None else None
    if place is None or (x is not None and (at is None or at.ndim != 1 or at.shape[0] != a.shape[place])) or not is_scalar(dx):
        return decline("trapezoid", (y, x, dx, axis), {})
    width = dx
    if at is not None:
        width = (at[1:] - at[:-1]).reshape((-1,) + (1,) * (a.ndim - 1 - place))
    return (width * (_cut(a, place, 1, None) + _cut(a, place, None, -1)) / 2.0).sum(place)


@provides()
def angle(z, deg=False):
    a = lift(z)
    if a is None:
        return decline("angle", (z, deg), {})
    if a.dtype.kind == "c":
        turned = _u["arctan2"](a.imag, a.real)
    else:
        turned = _u["arctan2"](0, a)
    return turned * (180 / numpy.pi) if deg else turned


@provides()
def real(val):
    return val.real if type(val) is ndarray else decline("real", (val,), {})


@provides()
def imag(val):
    return val.imag if type(val) is ndarray else decline("imag", (val,), {})


@provides()
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    a = lift(x)
    scalars = is_scalar(nan) and all(v is None or is_scalar(v) for v in (posinf, neginf))
    if a is None or not scalars or a.dtype.kind not in "biuf" or not copy or type(x) is not ndarray:
        return decline("nan_to_num", (x, copy, nan, posinf, neginf), {})
    if a.dtype.kind != "f":
        return a.copy()
    kind = a.dtype.type
    limits = numpy.finfo(a.dtype)
    high = kind(limits.max if posinf is None else posinf)
    low = kind(limits.min if neginf is None else neginf)
    inf = kind(numpy.inf)
    return _where(_u["isnan"](a), kind(nan), _where(a == inf, high, _where(a == -inf, low, a)))


@provides()
def sinc(x):
    a = lift(x)
    if a is None or a.dtype.kind not in "iuf" or a.dtype.char == "e":
        return decline("sinc", (x,), {})
    y = numpy.pi * _where(a == 0, 1.0e-20 if a.dtype.kind != "f" else a.dtype.type(1.0e-20), a)
    return _u["sin"](y) / y


@provides()
def polyval(p, x):
    coefficients, a = lift(p), lift(x)
    if coefficients is None or a is None or type(x) is not ndarray or coefficients.ndim != 1:
        return decline("polyval", (p, x), {})
    y = _functions["zeros"](a.shape, a.dtype)
    for k in range(coefficients.shape[0]):
        y = y * a + coefficients[k]
    return y


@provides()
def cumulative_sum(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
    return _cumulative("cumulative_sum", "cumsum", x, axis, dtype, out, include_initial)


@provides()
def cumulative_prod(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
    return _cumulative("cumulative_prod", "cumprod", x, axis, dtype, out, include_initial)


def _cumulative(name, running, x, axis, dtype, out, include_initial):
    a = lift(x)
    if a is None or a.ndim == 0 or (axis is None and a.ndim > 1) or include_initial:
        return decline(name, (x,), {"axis": axis, "dtype": dtype, "out": out, "include_initial": include_initial})
    return _functions[running](a, axis, dtype, out)


# ---------------------------------------------------------------------------------------------- places in a table

# A device looks its own arrays up; on the host NumPy's search is as fast as ours would be.
_MANY, _LONGEST = 1 << 12, 1 << 20


def _looked_up(x):
    """Whether `x` is worth looking up where it is."""
    return type(x) is ndarray and x.size >= _MANY and not on_host() and x.dtype.char in "fdbhilBHIL"


def _host_table(table, x):
    """A table as NumPy's array, or None where NumPy must decide."""
    if type(table) is ndarray:
        table = _core.to_numpy(table)
    elif type(table) in (list, tuple):
        table = numpy.asarray(table)
    usable = type(table) is numpy.ndarray and table.ndim == 1 and 0 < table.size <= _LONGEST and table.dtype.char in "fdbhilBHIL"
    if not usable or (table.dtype.kind != x.dtype.kind and "u" in (table.dtype.kind, x.dtype.kind)):
        return None
    return None if numpy.isnan(table).any() else table


def _rises(table):
    return bool((table[1:] >= table[:-1]).all())


def _count_before(table, x, right):
    """Of each element of `x`, how many of the rising `table` are less, or not greater; NaN is greater than all."""
    is_before = _u["less_equal"] if right else _u["less"]
    n = table.size
    after = _u["isnan"](x) if x.dtype.kind == "f" else None
    values = _functions["asarray"](table)
    # Halves what is left without a branch, so that all steps are one kernel.
    at = None
    while n > 0:
        half = (n + 1) // 2
        found = values[half - 1] if at is None else _functions["take"](values, at + (half - 1), mode="clip")
        before = is_before(found, x)
        if after is not None:
            before = before | after
        step = before * numpy.int64(half)
        at = step if at is None else at + step
        n -= half
    return at


@provides()
def searchsorted(a, v, side="left", sorter=None):
    if sorter is None and side in ("left", "right") and _looked_up(v):
        table = _host_table(a, v)
        if table is not None and _rises(table):
            return _count_before(table, v, side == "right")
    return decline("searchsorted", (a, v, side, sorter), {})


@provides()
def digitize(x, bins, right=False):
    if type(right) is bool and _looked_up(x):
        table = _host_table(bins, x)
        if table is not None and _rises(table):
            return _count_before(table, x, not right)
        if table is not None and _rises(table[::-1]):
            return table.size - _count_before(table[::-1], x, not right)
    return decline("digitize", (x, bins, right), {})


@provides()
def interp(x, xp, fp, left=None, right=None, period=None):
    if period is None and _looked_up(x) and all(end is None or type(end) in (int, float) for end in (left, right)):
        at, values = _host_table(xp, x), _host_table(fp, x)
        if at is not None and values is not None and 1 < at.size == values.size and (at[1:] > at[:-1]).all():
            at, values = at.astype(float), values.astype(float)
            with numpy.errstate(all="ignore"):
                slopes = (values[1:] - values[:-1]) / (at[1:] - at[:-1])
            if numpy.isfinite(slopes).all() and numpy.isfinite(at).all() and numpy.isfinite(values).all():
                return _interpolated(x.astype(float), at, values, slopes, left, right)
    return decline("interp", (x, xp, fp, left, right, period), {})


def _interpolated(x, at, values, slopes, left, right):
    """As NumPy computes it. REQUIRES: the tables are finite and `at` rises."""
    take = _functions["take"]
    k = _count_before(at[1:-1], x, True) if at.size > 2 else _functions["zeros"](x.shape, numpy.intp)
    from_, base, slope = (take(_functions["asarray"](table), k) for table in (at[:-1], values[:-1], slopes))
    with errstate(all="ignore"):
        result = _where(x == from_, base, slope * (x - from_) + base)
    result = _where(x >= at[-1], _where(x == at[-1], values[-1], float(values[-1] if right is None else right)), result)
    return _where(x < at[0], float(values[0] if left is None else left), result)
