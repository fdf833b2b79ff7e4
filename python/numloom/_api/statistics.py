"""Averages, ranges, correlations, order statistics, and reductions that skip NaN."""

import math
import warnings

import numpy

from numloom import _core
from numloom._api.errors import errstate
from numloom._api.registry import axis_tuple, decline, lift, ndarray, provides, real_ndarray

_functions = _core.functions
_u = _core.ufuncs
_where = _functions["where"]
_missing = numpy._NoValue


@provides()
def ptp(a, axis=None, out=None, keepdims=_missing):
    lifted = lift(a)
    if lifted is None or out is not None:
        return decline("ptp", (a, axis, out), {} if keepdims is _missing else {"keepdims": keepdims})
    keywords = {} if keepdims is _missing else {"keepdims": keepdims}
    return _u["subtract"](lifted.max(axis=axis, **keywords), lifted.min(axis=axis, **keywords))


@provides()
def average(a, axis=None, weights=None, returned=False, *, keepdims=_missing):
    lifted = lift(a)
    keywords = {} if keepdims is _missing else {"keepdims": keepdims}
    call = ((a, axis, weights, returned), keywords)
    if lifted is None or lifted.dtype.kind not in "biufc" or lifted.dtype.char == "e":
        return decline("average", *call)
    if returned:
        return decline("average", *call)
    if weights is None:
        return lifted.mean(axis, **keywords)
    w = lift(weights)
    axes = axis_tuple(axis, lifted.ndim) if axis is not None else None
    if w is None or (axis is not None and axes is None):
        return decline("average", *call)
    if w.shape != lifted.shape:
        if axes is None or w.shape != tuple(lifted.shape[d] for d in axes):
            return decline("average", *call)
        order = sorted(range(len(axes)), key=lambda k: axes[k])
        w = w.transpose(order).reshape([size if d in axes else 1 for d, size in enumerate(lifted.shape)])
    kind = numpy.result_type(lifted.dtype, w.dtype, *(["f8"] if lifted.dtype.kind in "biu" else []))
    scale = w.sum(axis=axes, dtype=kind, **keywords)
    if bool((scale == 0.0).any()):
        return decline("average", *call)
    mean = _u["multiply"](lifted, w, dtype=kind).sum(axis=axes, **keywords) / scale
    return mean


@provides()
def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    a = lift(m)
    plain = y is None and fweights is None and aweights is None and dtype is None and ddof in (None, 0, 1)
    if a is None or not plain or a.ndim > 2 or a.dtype.kind not in "biuf" or a.dtype.char == "e" or not a.size:
        call = {"fweights": fweights, "aweights": aweights, "dtype": dtype}
        return decline("cov", (m, y, rowvar, bias, ddof), call)
    x = _functions["array"](a, ndmin=2, dtype=numpy.result_type(a.dtype, numpy.float64))
    if not rowvar and a.ndim != 1:
        x = x.T
    lost = (0 if bias else 1) if ddof is None else ddof
    count = x.shape[1] - lost
    if count <= 0:
        return decline("cov", (m, y, rowvar, bias, ddof), {})
    x = x - x.mean(axis=1)[:, None]
    c = _functions["dot"](x, x.T)
    c *= 1 / numpy.float64(count)
    return c.squeeze()


# ---------------------------------------------------------------------------------------------- order statistics

# From lines so long on, in arrays so large, a few places of the sorted line are found faster than NumPy parts a copy there.
_LONG_LINE, _LARGE = 1024, 1 << 16


def _lines(a, axis):
    """(`a` as a matrix of the lines along the axes, the shape of the others, the axes), or None where NumPy must decide."""
    if not _LARGE <= a.size < 1 << 32:  # devices count in 32 bits
        return None
    if axis is None:
        return a.reshape(1, -1), (), tuple(range(a.ndim))
    axes = axis_tuple(axis, a.ndim)
    if not axes:
        return None
    others = [d for d in range(a.ndim) if d not in axes]
    rest = tuple([a.shape[d] for d in others])
    rows = a.transpose(others + sorted(axes)).reshape(math.prod(rest), -1)
    return (rows, rest, axes) if rows.shape[1] >= _LONG_LINE else None


def _order_statistics(rows, ranks):
    """NumPy's array of what sorting would put at `ranks` of each row, by rank; None where one is infinite: NumPy warns of it."""
    found = _core.to_numpy(_core.order_statistics(rows, ranks)).T
    return None if numpy.isinf(found).any() else found


def _finished(result, call, ndim, axes, keepdims, out):
    """A result computed on the host as the caller asked for it: its last dimensions are those that are left of `ndim`."""
    name, args, kwargs = call
    if keepdims:
        result = numpy.expand_dims(result, tuple([d - ndim for d in axes])) if result.ndim else result.reshape((1,) * ndim)
    if out is None:
        return _core.wrap_result(result) if result.ndim else result[()]
    if type(out) is not ndarray or out.dtype != result.dtype or out.shape != result.shape:
        return decline(name, args, kwargs)
    out[...] = result
    return out


def _quantile(name, divisor):
    def function(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, **others):
        call = (name, (a, q, axis, out, overwrite_input, method, keepdims), others)
        lifted = lift(a)
        if lifted is None or lifted.dtype.char not in "dbhilBHIL" or method != "linear" or others:
            return decline(*call)
        places = _core.to_numpy(q) if type(q) is ndarray else q
        if type(places) not in (int, float, list, tuple, real_ndarray, numpy.float64):
            return decline(*call)
        places = numpy.asarray(places)
        if divisor and places.dtype.char in "ld":
            places = numpy.true_divide(places, divisor)
        if places.dtype.char != "d" or places.ndim > 1 or not places.size or not ((places >= 0) & (places <= 1)).all():
            return decline(*call)
        lines = _lines(lifted, axis)
        if lines is None:
            return decline(*call)
        rows, rest, axes = lines
        length = rows.shape[1]
        # As NumPy: a point between the neighbours of a place, from the nearer one; at the end, the last twice.
        virtual = (length - 1) * places
        before = numpy.floor(virtual)
        after = before + 1
        end = virtual >= length - 1
        before, after = numpy.where(end, -1, before), numpy.where(end, -1, after)
        gamma = (virtual - before).reshape(places.shape + (1,) * len(rest))
        before, after = before.astype(int) % length, after.astype(int) % length
        ranks = numpy.array(sorted({*before.ravel().tolist(), *after.ravel().tolist()}))  # numpy.unique imports numpy.ma
        found = _order_statistics(rows, ranks.tolist())
        if found is None:
            return decline(*call)
        low, high = (found[numpy.searchsorted(ranks, at)].reshape(places.shape + rest) for at in (before, after))
        with numpy.errstate(over="ignore"):
            apart = high - low
        if numpy.isinf(apart).any() or (apart < 0).any():  # NumPy warns of what overflowed
            return decline(*call)
        result = numpy.where(gamma >= 0.5, high - apart * (1 - gamma), low + apart * gamma)
        return _finished(result, call, lifted.ndim, axes, keepdims is not _missing and keepdims, out)

    provides(name)(function)


_quantile("percentile", 100)
_quantile("quantile", None)


@provides()
def median(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    call = ("median", (a, axis, out, overwrite_input, keepdims), {})
    lifted = lift(a)
    lines = _lines(lifted, axis) if lifted is not None and lifted.dtype.char in "fdbhilBHIL" else None
    if lines is None:
        return decline(*call)
    rows, rest, axes = lines
    half = rows.shape[1] // 2
    found = _order_statistics(rows, [half] if rows.shape[1] % 2 else [half - 1, half])
    if found is None:
        return decline(*call)
    with numpy.errstate(over="ignore"):
        result = numpy.asarray(numpy.mean(found, axis=0)).reshape(rest)
    if numpy.isinf(result).any():
        return decline(*call)
    return _finished(result, call, lifted.ndim, axes, keepdims is not _missing and keepdims, out)


# ---------------------------------------------------------------------------------------------- skipping NaN


def _floats(a):
    return a is not None and a.dtype.kind == "f"


def _whole(a):
    """Whether there is no NaN to skip."""
    return a is not None and a.dtype.kind in "biu"


def _nan_sum(name, fill, reduce):
    def function(a, axis=None, dtype=None, out=None, keepdims=_missing, initial=_missing, where=_missing):
        lifted = lift(a)
        whole = _whole(lifted)
        if not (_floats(lifted) or whole) or initial is not _missing or where is not _missing:
            given = {"keepdims": keepdims, "initial": initial, "where": where}
            return decline(name, (a, axis, dtype, out), {k: v for k, v in given.items() if v is not _missing})
        keywords = {} if keepdims is _missing else {"keepdims": keepdims}
        if whole:
            return getattr(lifted, reduce)(axis=axis, dtype=dtype, out=out, **keywords)
        kept = _where(_u["isnan"](lifted), lifted.dtype.type(fill), lifted)
        return getattr(kept, reduce)(axis=axis, dtype=dtype, out=out, **keywords)

    provides(name)(function)


_nan_sum("nansum", 0, "sum")
_nan_sum("nanprod", 1, "prod")


def _nan_extreme(name, ufunc):
    def function(a, axis=None, out=None, keepdims=_missing, initial=_missing, where=_missing):
        lifted = lift(a)
        whole = _whole(lifted)
        usable = (_floats(lifted) or whole) and lifted.size and out is None
        if not usable or initial is not _missing or where is not _missing:
            given = {"keepdims": keepdims, "initial": initial, "where": where}
            return decline(name, (a, axis, out), {k: v for k, v in given.items() if v is not _missing})
        keywords = {} if keepdims is _missing else {"keepdims": keepdims}
        result = _u[ufunc].reduce(lifted, axis=axis, **keywords)
        if whole:
            return result
        if bool(_u["isnan"](result).any()):
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=2)
        return result

    provides(name)(function)


_nan_extreme("nanmax", "fmax")
_nan_extreme("nanmin", "fmin")


def _nan_moments(a, axis, keywords):
    """(values with NaN as 0, mask of the NaN, count of the others along the axis)."""
    mask = _u["isnan"](a)
    kept = _where(mask, a.dtype.type(0), a)
    return kept, mask, (~mask).sum(axis=axis, **keywords)


@provides()
def nanmean(a, axis=None, dtype=None, out=None, keepdims=_missing, *, where=_missing):
    lifted = lift(a)
    keywords = {} if keepdims is _missing else {"keepdims": keepdims}
    if _whole(lifted) and where is _missing:
        return lifted.mean(axis=axis, dtype=dtype, out=out, **keywords)
    if not _floats(lifted) or lifted.dtype.char == "e" or dtype is not None or out is not None or where is not _missing:
        if where is not _missing:
            keywords["where"] = where
        return decline("nanmean", (a, axis, dtype, out), keywords)
    kept, _, count = _nan_moments(lifted, axis, keywords)
    total = kept.sum(axis=axis, **keywords)
    empty = count == 0
    if bool(empty.any()):
        warnings.warn("Mean of empty slice", RuntimeWarning, stacklevel=2)
    with errstate(invalid="ignore", divide="ignore"):
        return _u["true_divide"](total, count, dtype=lifted.dtype, casting="unsafe")
