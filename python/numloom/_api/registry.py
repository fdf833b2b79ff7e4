"""How composites are declared, and the few questions that each of them asks of its arguments."""

import sys
import types

import numpy

from numloom import _core
from numloom._fallback.function import declining

ndarray = _core.ndarray
real_ndarray = numpy.ndarray
provided = {}  # dotted name -> our object

_asarray = _core.functions["asarray"]
_SCALARS = frozenset(
    (bool, int, float, complex, numpy.bool_, numpy.int8, numpy.int16, numpy.int32, numpy.int64, numpy.uint8, numpy.uint16)
    + (numpy.uint32, numpy.uint64, numpy.float16, numpy.float32, numpy.float64, numpy.complex64, numpy.complex128)
)
_SEQUENCES = frozenset((list, tuple))


def provides(*names):
    """Register an object as our implementation of NumPy's functions of these dotted names (default: its own name)."""

    def register(ours):
        for name in names or (ours.__name__,):
            provided[name] = ours
        # A function pickles by its module and name: make one that was made in a loop findable there.
        if isinstance(ours, types.FunctionType) and ours.__module__.startswith("numloom."):
            module = vars(sys.modules[ours.__module__])
            name = (names or (ours.__name__,))[0].rpartition(".")[2]
            if module.setdefault(name, ours) is ours:
                ours.__name__ = ours.__qualname__ = name  # which errors name, too
        return ours

    return register


def decline(name, args, kwargs, reason="arguments beyond the native composite"):
    """Let NumPy do the whole call."""
    return declining(name, reason)(*args, **kwargs)


def is_scalar(x):
    return type(x) in _SCALARS


def lift(x):
    """`x` as an array of ours, or None where NumPy must decide: subclasses, foreign arrays, dtypes beyond the engine.

    Python scalars become arrays here: callers that must keep NEP 50's weak promotion ask `is_scalar` first.
    """
    kind = type(x)
    if kind is ndarray:
        return x
    if kind is real_ndarray or kind in _SCALARS or (kind in _SEQUENCES and _plain(x)):
        array = _asarray(x)
        return array if type(array) is ndarray else None
    return None


def _plain(sequence):
    """Whether a nested list holds scalars and arrays only."""
    for kind in set(map(type, sequence)):
        if kind in _SCALARS or kind is ndarray or kind is real_ndarray:
            continue
        if kind in _SEQUENCES:
            if not all(_plain(item) for item in sequence if type(item) is kind):
                return False
            continue
        return False
    return True


def lift_all(items):
    """A list of our arrays, or None when NumPy must decide about one of them."""
    if type(items) not in _SEQUENCES:
        return None
    lifted = []
    for item in items:
        array = lift(item)
        if array is None:
            return None
        lifted.append(array)
    return lifted


def axis_index(axis, ndim):
    """`axis` counted from the front, or None when it is no integer in range."""
    kind = type(axis)
    if kind is not int:
        if kind is bool or not hasattr(kind, "__index__"):
            return None
        try:
            axis = axis.__index__()
        except TypeError:  # an array that is no integer
            return None
    if axis < 0:
        axis += ndim
    return axis if 0 <= axis < ndim else None


def axis_tuple(axis, ndim):
    """A tuple of distinct axes counted from the front, or None when NumPy would raise."""
    axes = axis if type(axis) in _SEQUENCES else (axis,)
    result = []
    for one in axes:
        index = axis_index(one, ndim)
        if index is None or index in result:
            return None
        result.append(index)
    return tuple(result)


def on_host():
    """Whether arrays are the host's, where NumPy's own loop over one is as fast as ours."""
    return _core.device() == "cpu"
