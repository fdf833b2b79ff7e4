"""Index tricks and iterators: NumPy's own objects, with our arrays on both sides."""

import inspect
import sys

import numpy

from numloom import _core
from numloom._api.registry import axis_index, decline, is_scalar, lift, lift_all, ndarray, on_host, provides
from numloom._fallback.convert import Loan, from_host, to_host
from numloom._fallback.function import make_lending


class _Trick:
    """`np.r_` and the like: NumPy's object indexed with host views, its result one of ours. `join` gives what our arrays make
    without it, or None."""

    def __init__(self, real, join):
        self._real = real
        self._join = join
        self.__doc__ = real.__doc__

    def __getitem__(self, key):
        if type(key) is tuple and self._join is not None and (joined := self._join(key)) is not None:
            return joined
        if isinstance(key, str):  # names of the caller's variables, which NumPy looks for one frame up
            caller = sys._getframe(1)
            return numpy.bmat(key, caller.f_globals, caller.f_locals)
        return from_host(self._real[to_host(key)])

    def __len__(self):
        return len(self._real)

    def __getattr__(self, name):
        return getattr(self._real, name)


_INT64 = 2**63


def _joined_rows(key):
    """`np.r_[v, 0.0, w]`: vectors and numbers. Python's numbers promote weakly, which other dtypes would show."""
    parts, numbers = [], False
    for x in key:
        kind = type(x)
        if kind is ndarray and x.ndim == 1:
            parts.append(x)
        elif kind is float or kind is numpy.float64 or (kind is int and -_INT64 <= x < _INT64):
            parts.append((x,))
            numbers = True
        else:
            return None
    if numbers and any(type(x) is ndarray and x.dtype.char not in "dl" for x in key):
        return None
    return _core.functions["concatenate"](parts)


def _joined_columns(key):
    """`np.c_[v, w]`: vectors."""
    columns = [x.reshape(-1, 1) for x in key if type(x) is ndarray and x.ndim == 1]
    return _core.functions["concatenate"](columns, 1) if columns and len(columns) == len(key) else None


for _name, _join in (("r_", _joined_rows), ("c_", _joined_columns), ("mgrid", None), ("ogrid", None)):
    provides(_name)(_Trick(getattr(numpy, _name), _join))


class _RealInstances(type):
    """Instances are those of NumPy's class, and of ours that stands beside it."""

    @property
    def __signature__(cls):
        return inspect.signature(cls._real)

    def __instancecheck__(cls, instance):
        return isinstance(instance, (cls._real, *cls._ours))

    def __subclasscheck__(cls, subclass):
        return subclass is cls or issubclass(subclass, (cls._real, *cls._ours))

    def __getattr__(cls, name):
        return getattr(type.__getattribute__(cls, "_real"), name)


def _front(name, real, *ours):
    """A class whose calls make NumPy's own object on host views of our arrays. Instances of `ours` count as its own."""
    meta = type("_RealInstances", (_RealInstances,), {"__call__": make_lending(real, Loan)})
    body = {"_real": real, "_ours": ours, "__doc__": real.__doc__, "__module__": "numpy"}
    if "__call__" in vars(real):  # what `ufunc.__call__` is, beside the class of this class
        body["__call__"] = real.__call__
    return provides(name)(meta(name, (), body))


_front("nditer", numpy.nditer)
_front("broadcast", numpy.broadcast)
_front("flatiter", numpy.flatiter, _core.flatiter)
_front("ufunc", numpy.ufunc, _core.ufunc)


_enumerate = numpy.ndenumerate.__init__


@provides()
class ndenumerate(numpy.ndenumerate):
    __doc__ = numpy.ndenumerate.__doc__
    __module__ = "numpy"

    def __init__(self, arr):
        _enumerate(self, _core.to_numpy(arr))


# ---------------------------------------------------------------------------------------------- by position and mask

_functions = _core.functions
_where = _functions["where"]
_nonzero = _functions["nonzero"]


@provides()
def argwhere(a):
    lifted = lift(a)
    if lifted is None or not lifted.ndim:
        return decline("argwhere", (a,), {})
    places = _nonzero(lifted)
    found = _functions["empty"]((lifted.ndim, places[0].shape[0]), numpy.intp)
    for d, place in enumerate(places):
        found[d] = place
    return found.T


@provides()
def extract(condition, arr):
    mask, a = lift(condition), lift(arr)
    if mask is None or a is None or mask.size != a.size:
        return decline("extract", (condition, arr), {})
    return a.ravel()[mask.ravel().astype(bool, copy=False)]


@provides()
def compress(condition, a, axis=None, out=None):
    if on_host():
        return decline("compress", (condition, a, axis, out), {})
    mask, lifted = lift(condition), lift(a)
    place = 0 if axis is None else axis_index(axis, lifted.ndim) if lifted is not None else None
    if mask is None or mask.ndim != 1 or place is None or out is not None:
        return decline("compress", (condition, a, axis, out), {})
    if axis is None:
        lifted = lifted.ravel()
    if mask.size > lifted.shape[place]:  # true beyond the end is an error
        return decline("compress", (condition, a, axis, out), {})
    return _functions["take"](lifted, _nonzero(mask)[0], axis=place)


def _fits(value, dtype):
    """Whether NumPy turns a number into that type, and asks nothing."""
    kind = type(value)
    if dtype.char == "d":
        return kind is float or kind is numpy.float64 or (kind is int and abs(value) < 1 << 53)
    return (kind is bool and dtype.char == "?") or (kind is int and dtype.char == "l" and abs(value) < 1 << 62)


# Fewer elements than this NumPy writes faster than calls of ours begin.
_FEW = 2048


def _masked(a, mask):
    """Whether it is for us to write where a mask of the array's own shape holds, and the mask."""
    if type(a) is not ndarray or (a.size < _FEW and on_host()):
        return False, None
    where = lift(mask)
    usable = where is not None and where.shape == a.shape and a.flags.writeable
    return usable, where.astype(bool, copy=False) if usable else None


@provides()
def putmask(a, mask, values):
    usable, where = _masked(a, mask)
    same = type(values) is ndarray
    if not usable or not (values.shape == a.shape and values.dtype == a.dtype if same else _fits(values, a.dtype)):
        return decline("putmask", (a, mask, values), {})
    _functions["copyto"](a, values, where=where)
    return None


@provides()
def place(arr, mask, vals):
    usable, where = _masked(arr, mask)
    value = vals[0] if type(vals) in (list, tuple) and len(vals) == 1 else vals
    if not usable or not _fits(value, arr.dtype):
        return decline("place", (arr, mask, vals), {})
    _functions["copyto"](arr, value, where=where)
    return None


@provides()
def select(condlist, choicelist, default=0):
    masks = lift_all(condlist)
    choices = [x if is_scalar(x) else lift(x) for x in choicelist] if type(choicelist) in (list, tuple) else [None]
    usable = masks and len(masks) == len(choices) and all(mask.dtype.kind == "b" for mask in masks)
    if not usable or any(x is None for x in choices) or not is_scalar(default):
        return decline("select", (condlist, choicelist, default), {})
    dtype = numpy.result_type(*(x.dtype if type(x) is ndarray else x for x in (*choices, default)))
    if any(type(x) is ndarray and x.ndim == 0 for x in choices) or dtype.char not in "?bhilqBHILQefdFD":
        return decline("select", (condlist, choicelist, default), {})
    shape = numpy.broadcast_shapes(*(x.shape for x in (*masks, *choices) if type(x) is ndarray))
    result = dtype.type(default)
    for mask, choice in zip(reversed(masks), reversed(choices), strict=True):
        result = _where(mask, choice if type(choice) is ndarray else dtype.type(choice), result)
    result = result.astype(dtype, copy=False)
    if result.shape != shape:
        made = _functions["empty"](shape, dtype)
        made[...] = result
        return made
    return result


@provides()
def take_along_axis(arr, indices, axis=-1):
    a, at = lift(arr), lift(indices)
    place = axis_index(axis, a.ndim) if a is not None and axis is not None else None
    if place is None or at is None or at.dtype.kind not in "iu" or at.ndim != a.ndim:
        return decline("take_along_axis", (arr, indices, axis), {})
    return a[_along(at, place, a.shape)]


@provides()
def put_along_axis(arr, indices, values, axis):
    at = lift(indices)
    place = axis_index(axis, arr.ndim) if type(arr) is ndarray and axis is not None else None
    if place is None or at is None or at.dtype.kind not in "iu" or at.ndim != arr.ndim:
        return decline("put_along_axis", (arr, indices, values, axis), {})
    arr[_along(at, place, arr.shape)] = values
    return None


def _along(at, place, shape):
    """An index that takes `at` along one axis and every position along the others."""
    arange = _functions["arange"]
    ndim = len(shape)
    return tuple(at if d == place else arange(shape[d]).reshape((1,) * d + (-1,) + (1,) * (ndim - d - 1)) for d in range(ndim))


@provides()
def ix_(*args):
    arrays = [lift(x) for x in args]
    if any(a is None or a.ndim != 1 for a in arrays):
        return decline("ix_", args, {})
    ready = []
    for k, a in enumerate(arrays):
        if a.dtype.kind == "b":
            a = _nonzero(a)[0]
        elif not a.size and type(args[k]) is not ndarray:
            a = a.astype(numpy.intp)  # an empty list has no dtype of its own
        ready.append(a.reshape((1,) * k + (a.size,) + (1,) * (len(arrays) - k - 1)))
    return tuple(ready)


@provides()
def fill_diagonal(a, val, wrap=False):
    if type(a) is not ndarray or a.ndim != 2 or wrap or not is_scalar(val) or not a.flags.c_contiguous or not a.flags.writeable:
        return decline("fill_diagonal", (a, val, wrap), {})
    rows, columns = a.shape
    end = min(rows, columns) * (columns + 1)
    a.reshape(-1)[: min(end, rows * columns) : columns + 1] = val
    return None
