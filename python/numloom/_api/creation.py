"""Creating arrays: ranges, grids, matrices with structure."""

import numpy

from numloom import _core
from numloom._api.registry import axis_index, decline, is_scalar, lift, ndarray, provides

_functions = _core.functions
_arange = _functions["arange"]
_empty = _functions["empty"]
_zeros = _functions["zeros"]
_full = _functions["full"]
_where = _functions["where"]
_moveaxis = _functions["moveaxis"]
_subtract = _core.ufuncs["subtract"]
_floor = _core.ufuncs["floor"]
_broadcast_to = _functions["broadcast_to"]


def _native_dtype(dtype):
    """`dtype` as the engine has it, or None."""
    try:
        dtype = numpy.dtype(dtype)
    except TypeError:
        return None
    return dtype if dtype.char in "?bhilqBHILQefdFD" and dtype.isnative else None


def _plain_shape(shape):
    kind = type(shape)
    return kind is int or (kind in (tuple, list) and all(isinstance(n, (int, numpy.integer)) for n in shape))


# -------------------------------------------------------------------------------------------------- like another


def _shape_like(prototype, shape, dtype, order, subok, device):
    """(shape, dtype, order) of a new array like `prototype`, or None."""
    if type(prototype) is not ndarray or device not in (None, "cpu") or order not in ("K", "C", "F", "A"):
        return None
    if shape is not None and not _plain_shape(shape):
        return None
    dtype = prototype.dtype if dtype is None else _native_dtype(dtype)
    if dtype is None:
        return None
    if shape is None:
        shape = prototype.shape
    elif order == "K" and len((shape,) if type(shape) is int else shape) != prototype.ndim:
        order = "C"
    if order in "KA":
        flags = prototype.flags
        if flags.c_contiguous:
            order = "C"
        elif flags.f_contiguous:
            order = "F"
        elif order == "A":
            order = "C"
        else:
            return None  # a permuted memory order that only NumPy lays out
    return shape, dtype, order


@provides()
def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, *, device=None):
    like = _shape_like(a, shape, dtype, order, subok, device)
    if like is None or not is_scalar(fill_value):
        return decline("full_like", (a, fill_value, dtype, order, subok, shape), {"device": device})
    return _full(like[0], fill_value, like[1], like[2])


# -------------------------------------------------------------------------------------------------- ranges

_HOST_RANGE = 4096  # below this NumPy's own linspace costs less than the composite's calls
_float64 = numpy.dtype(float)
_real_numbers = (int, float, numpy.float64)


@provides()
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    call = (start, stop, num, endpoint, retstep, dtype, axis)
    numbers = _is_real_number(start) and _is_real_number(stop)
    if numbers and type(num) is int and 0 <= num <= _HOST_RANGE and dtype is None and device is None:
        made = numpy.linspace(*call)
        return (_core.from_numpy(made[0]), made[1]) if retstep else _core.from_numpy(made)
    target = _float64 if dtype is None else _native_dtype(dtype)
    if type(num) is not int or num < 0 or target is None or device not in (None, "cpu"):
        return decline("linspace", call, {"device": device}, "general ranges")
    if numbers:
        start, stop = numpy.float64(start), numpy.float64(stop)
    else:
        start, stop = lift(start), lift(stop)
        # Of other inexact types the result's is theirs.
        if start is None or stop is None or not all(x.dtype.kind in "biu" or x.dtype == float for x in (start, stop)):
            return decline("linspace", call, {"device": device}, "general ranges")
    intervals = num - 1 if endpoint else num
    delta = _subtract(stop, start, dtype=float)
    if intervals <= 0 or axis_index(axis, delta.ndim + 1) is None or (numbers and not numpy.isfinite(delta)):
        return decline("linspace", call, {"device": device}, "general ranges")
    values = _arange(0.0, float(num)).reshape((num,) + (1,) * delta.ndim)
    step = delta / intervals
    # A step that underflows to zero: NumPy divides first, everywhere if it is so anywhere.
    underflow = (step == 0).any()
    if not numbers:
        values = _where(underflow, values / intervals * delta, values * step)
    elif underflow:
        values = values / intervals * delta
    else:
        values *= step
    values += start
    if endpoint:
        values[-1] = stop
    if axis != 0:
        values = _moveaxis(values, 0, axis)
    if target.kind in "iu":
        values = _floor(values)
    if target != values.dtype:
        values = values.astype(target)
    return (values, step) if retstep else values


def _is_real_number(x):
    return type(x) in _real_numbers and -(2.0**1000) < x < 2.0**1000


@provides()
def eye(N, M=None, k=0, dtype=float, order="C", *, device=None, like=None):
    columns = N if M is None else M
    native = _native_dtype(dtype)
    if type(N) is not int or type(columns) is not int or type(k) is not int or min(N, columns) < 0 or native is None:
        return decline("eye", (N, M, k), {"dtype": dtype, "order": order, "device": device, "like": like})
    if order not in ("C", "F") or device not in (None, "cpu") or like is not None:
        return decline("eye", (N, M, k), {"dtype": dtype, "order": order, "device": device, "like": like})
    made = _zeros((N, columns), native, order)
    # The diagonal is a strided run of the flat array, cut where the matrix ends.
    count = min(N, columns - k) if k >= 0 else min(N + k, columns)
    if count > 0:
        flat, row, column = (made.reshape(-1), columns, 1) if order == "C" else (made.T.reshape(-1), 1, N)
        first = k * column if k >= 0 else -k * row
        flat[first : first + (count - 1) * (row + column) + 1 : row + column] = 1
    return made


@provides()
def identity(n, dtype=None, *, like=None):
    if like is not None:
        return decline("identity", (n, dtype), {"like": like})
    return eye(n, dtype=float if dtype is None else dtype)


@provides()
def tri(N, M=None, k=0, dtype=float, *, like=None):
    columns = N if M is None else M
    native = _native_dtype(dtype)
    if type(N) is not int or type(columns) is not int or type(k) is not int or native is None or like is not None:
        return decline("tri", (N, M, k), {"dtype": dtype, "like": like})
    if min(N, columns) < 0:
        return decline("tri", (N, M, k), {"dtype": dtype})
    return (_arange(N).reshape(N, 1) >= _arange(-k, columns - k)).astype(native)


@provides()
def tril(m, k=0):
    a = lift(m)
    if a is None or a.ndim < 2 or type(k) is not int:
        return decline("tril", (m, k), {})
    return _functions["where"](tri(*a.shape[-2:], k=k, dtype=bool), a, a.dtype.type(0))


@provides()
def triu(m, k=0):
    a = lift(m)
    if a is None or a.ndim < 2 or type(k) is not int:
        return decline("triu", (m, k), {})
    return _functions["where"](tri(*a.shape[-2:], k=k - 1, dtype=bool), a.dtype.type(0), a)


@provides()
def diag(v, k=0):
    a = lift(v)
    if a is None or type(k) is not int or a.ndim not in (1, 2):
        return decline("diag", (v, k), {})
    if a.ndim == 2:
        return a.diagonal(k)
    n = a.shape[0] + abs(k)
    made = _zeros((n, n), a.dtype)
    if a.shape[0]:
        first = k if k >= 0 else -k * n
        made.reshape(-1)[first : first + (a.shape[0] - 1) * (n + 1) + 1 : n + 1] = a
    return made


@provides()
def vander(x, N=None, increasing=False):
    a = lift(x)
    if a is None or a.ndim != 1 or (N is not None and (type(N) is not int or N < 0)):
        return decline("vander", (x, N, increasing), {})
    columns = a.shape[0] if N is None else N
    made = _empty((a.shape[0], columns), numpy.promote_types(a.dtype, int))
    view = made if increasing else made[:, ::-1]
    if columns > 0:
        view[:, 0] = 1
    for column in range(1, columns):
        view[:, column] = view[:, column - 1] * a
    return made


# -------------------------------------------------------------------------------------------------- grids


@provides()
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    arrays = [lift(x) for x in xi]
    if any(a is None or a.ndim > 1 for a in arrays) or indexing not in ("xy", "ij"):
        return decline("meshgrid", xi, {"copy": copy, "sparse": sparse, "indexing": indexing})
    n = len(arrays)
    places = list(range(n))
    if indexing == "xy" and n > 1:
        places[0], places[1] = 1, 0
    sizes = [0] * n
    for a, place in zip(arrays, places, strict=True):
        sizes[place] = a.size
    grids = []
    for a, place in zip(arrays, places, strict=True):
        grid = a.reshape((1,) * place + (-1,) + (1,) * (n - 1 - place))
        if not sparse:
            grid = _broadcast_to(grid, tuple(sizes))
        grids.append(grid.copy() if copy else grid)
    return tuple(grids)


@provides()
def indices(dimensions, dtype=int, sparse=False):
    native = _native_dtype(dtype)
    if native is None or not _plain_shape(dimensions) or type(dimensions) is int:
        return decline("indices", (dimensions, dtype, sparse), {})
    n = len(dimensions)
    rows = [_arange(size, dtype=native).reshape((1,) * d + (size,) + (1,) * (n - d - 1)) for d, size in enumerate(dimensions)]
    if sparse:
        return tuple(rows)
    made = _empty((n, *dimensions), native)
    for d, row in enumerate(rows):
        made[d] = row
    return made


@provides()
def fromfunction(function, shape, *, dtype=float, like=None, **kwargs):
    if like is not None:
        return decline("fromfunction", (function, shape), {"dtype": dtype, "like": like, **kwargs})
    return function(*indices(shape, dtype=dtype), **kwargs)


@provides()
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    if not (_is_real_number(start) and _is_real_number(stop) and is_scalar(base) and axis_index(axis, 1) == 0):
        return decline("logspace", (start, stop, num, endpoint, base, dtype, axis), {}, "general ranges")
    exponents = linspace(start, stop, num=num, endpoint=endpoint)
    if type(exponents) is not ndarray:
        return decline("logspace", (start, stop, num, endpoint, base, dtype, axis), {}, "general ranges")
    powers = _core.ufuncs["power"](base, exponents)
    return powers if dtype is None else powers.astype(dtype, copy=False)
