"""Shapes, joining, splitting, tiling, padding, rolling. Views wherever NumPy gives views."""

import itertools
import math
import operator

import numpy

from numloom import _core
from numloom._api.registry import axis_index, axis_tuple, decline, is_scalar, lift, lift_all, ndarray, on_host, provides
from numloom._fallback.target import target_of

_functions = _core.functions
_asarray = _functions["asarray"]
_concatenate = _functions["concatenate"]
_empty = _functions["empty"]
_integer = (int, numpy.integer)


def _is_integer(x):
    return isinstance(x, _integer) and type(x) is not bool


# -------------------------------------------------------------------------------------------------- shape and axes


@provides("matrix_transpose")
def matrix_transpose(x, /):
    a = lift(x)
    if a is None or a.ndim < 2:
        return decline("matrix_transpose", (x,), {})
    return a.swapaxes(-1, -2)


@provides()
def rollaxis(a, axis, start=0):
    lifted = lift(a)
    if lifted is not None and _is_integer(start):
        origin = axis_index(axis, lifted.ndim)
        target = start + lifted.ndim if start < 0 else start
        if origin is not None and 0 <= target <= lifted.ndim:
            order = [d for d in range(lifted.ndim) if d != origin]
            order.insert(target - (origin < target), origin)
            return lifted.transpose(order)
    return decline("rollaxis", (a, axis, start), {})


@provides()
def atleast_3d(*arys):
    results = []
    for item in arys:
        a = lift(item)
        if a is None:
            return decline("atleast_3d", arys, {})
        results.append(a if a.ndim >= 3 else a[_THIRD_AXES[a.ndim]])
    return results[0] if len(results) == 1 else tuple(results)


_THIRD_AXES = ((None, None, None), (None, slice(None), None), (slice(None), slice(None), None))


@provides()
def broadcast_arrays(*args, subok=False):
    arrays = [lift(a) for a in args]
    if not arrays or any(a is None for a in arrays):
        return decline("broadcast_arrays", args, {"subok": subok})
    try_shape = numpy.broadcast_shapes(*(a.shape for a in arrays))
    return tuple(a if a.shape == try_shape else _spread(a, try_shape) for a in arrays)


def _spread(a, shape):
    view = _functions["broadcast_to"](a, shape)
    view.flags.writeable = a.flags.writeable  # NumPy's may be written, which it warns of
    return view


# -------------------------------------------------------------------------------------------------- joining


def _parts(tup):
    """What is to be joined as arrays of ours, or None."""
    return lift_all(tup) or (lift_all(list(tup)) if type(tup) is ndarray and tup.ndim else None)


def _stacker(name, prepare, axis_of):
    def function(tup, *, dtype=None, casting="same_kind"):
        parts = _parts(tup)
        if not parts:
            return decline(name, (tup,), {"dtype": dtype, "casting": casting})
        ready = [prepare(a) for a in parts]
        keywords = {} if casting == "same_kind" else {"casting": casting}
        return _concatenate(ready, axis=axis_of(ready), dtype=dtype, **keywords)

    return provides(name)(function)


_stacker("vstack", lambda a: a if a.ndim >= 2 else a.reshape((1, *a.shape) if a.ndim else (1, 1)), lambda arrays: 0)
_stacker("hstack", lambda a: a if a.ndim else a.reshape(1), lambda arrays: 0 if arrays[0].ndim == 1 else 1)


@provides()
def dstack(tup):
    parts = _parts(tup)
    if not parts:
        return decline("dstack", (tup,), {})
    return _concatenate([atleast_3d(a) for a in parts], axis=2)


@provides()
def column_stack(tup):
    parts = _parts(tup)
    if not parts:
        return decline("column_stack", (tup,), {})
    return _concatenate([a if a.ndim >= 2 else a.reshape(-1, 1) for a in parts], axis=1)


@provides()
def append(arr, values, axis=None):
    a, b = lift(arr), lift(values)
    if a is None or b is None:
        return decline("append", (arr, values, axis), {})
    if axis is None:
        return _concatenate((a.ravel(), b.ravel()))
    return _concatenate((a, b), axis=axis)


def _along_one(arr, axis):
    """(`arr`, the axis) as NumPy's delete and insert take them: flattened without an axis; or None."""
    a = arr if type(arr) is ndarray and not on_host() else None
    if a is None or (a.flags.fnc and a.ndim > 1):  # whose results lie in Fortran's order
        return None
    if axis is None:
        return (a if a.ndim == 1 else a.ravel()), 0
    place = axis_index(axis, a.ndim)
    return None if place is None else (a, place)


@provides()
def delete(arr, obj, axis=None):
    line = _along_one(arr, axis)
    if line is not None:
        a, place = line
        n = a.shape[place]
        before = (slice(None),) * place
        if _is_integer(obj) and -n <= obj < n:
            at = int(obj) % n
            return _concatenate((a[(*before, slice(None, at))], a[(*before, slice(at + 1, None))]), axis=place)
        if type(obj) is slice:
            try:
                start, stop, step = obj.indices(n)
            except (TypeError, ValueError):
                return decline("delete", (arr, obj, axis), {})
            if step == 1:
                return _concatenate((a[(*before, slice(None, start))], a[(*before, slice(max(start, stop), None))]), axis=place)
        if type(obj) is list and obj and all(type(i) is int and -n <= i < n for i in obj):
            kept = numpy.ones(n, bool)
            kept[obj] = False
            return a[(*before, kept)]
    return decline("delete", (arr, obj, axis), {})


@provides()
def insert(arr, obj, values, axis=None):
    line = _along_one(arr, axis)
    if line is not None and line[0].ndim == 1:
        a, _ = line
        n = a.shape[0]
        new = _asarray(values, a.dtype) if type(values) in (int, float) and a.dtype.char == "d" else lift(values)
        if _is_integer(obj) and -n <= obj <= n and new is not None and new.ndim <= 1 and new.dtype == a.dtype:
            at = int(obj) + n if obj < 0 else int(obj)
            return _concatenate((a[:at], new.reshape(-1), a[at:]))
    return decline("insert", (arr, obj, values, axis), {})


@provides()
def resize(a, new_shape):
    lifted = lift(a)
    shape = (new_shape,) if type(new_shape) is int else new_shape
    if lifted is None or type(shape) is not tuple or not all(type(n) is int and n > 0 for n in shape) or not lifted.size:
        return decline("resize", (a, new_shape), {})
    size = math.prod(shape)
    rows = _functions["broadcast_to"](lifted.ravel(), (-(-size // lifted.size), lifted.size))
    return rows.reshape(-1)[:size].reshape(shape)


# -------------------------------------------------------------------------------------------------- splitting


def _split_edges(a, sections, axis, exact):
    """The edges of the pieces, or None."""
    n = a.shape[axis]
    if _is_integer(sections):
        if sections <= 0 or (exact and n % sections):
            return None
        each, extra = divmod(n, sections)
        edges = [0]
        for piece in range(sections):
            edges.append(edges[-1] + each + (piece < extra))
        return edges
    if type(sections) in (list, tuple) and all(map(_is_integer, sections)):
        return [0, *map(int, sections), None]
    return None


def _split(name, ary, indices_or_sections, axis, exact):
    a = lift(ary)
    place = axis_index(axis, a.ndim) if a is not None else None
    edges = None
    if place is not None:
        if type(indices_or_sections) is ndarray and indices_or_sections.ndim == 1:
            indices_or_sections = indices_or_sections.tolist()
        edges = _split_edges(a, indices_or_sections, place, exact)
    if edges is None:
        return decline(name, (ary, indices_or_sections, axis), {})
    # Edges as they are given, not clamped into order: a piece may be empty.
    before = (slice(None),) * place
    return [a[(*before, slice(start, stop))] for start, stop in itertools.pairwise(edges)]


@provides()
def array_split(ary, indices_or_sections, axis=0):
    return _split("array_split", ary, indices_or_sections, axis, False)


@provides()
def split(ary, indices_or_sections, axis=0):
    return _split("split", ary, indices_or_sections, axis, True)


def _split_along(name, axis_of, least):
    def function(ary, indices_or_sections):
        a = lift(ary)
        if a is None or a.ndim < least:
            return decline(name, (ary, indices_or_sections), {})
        return split(a, indices_or_sections, axis_of(a))

    return provides(name)(function)


_split_along("hsplit", lambda a: 1 if a.ndim > 1 else 0, 1)
_split_along("vsplit", lambda a: 0, 2)
_split_along("dsplit", lambda a: 2, 3)


@provides()
def unstack(x, /, *, axis=0):
    a = lift(x)
    place = axis_index(axis, a.ndim) if a is not None else None
    if place is None:
        return decline("unstack", (x,), {"axis": axis})
    before = (slice(None),) * place
    return tuple(a[(*before, i)] for i in range(a.shape[place]))


# -------------------------------------------------------------------------------------------------- repeating


@provides()
def tile(A, reps):
    a = lift(A)
    counts = (reps,) if _is_integer(reps) else tuple(reps) if type(reps) in (tuple, list) else None
    if a is None or counts is None or not all(map(_is_integer, counts)) or min(counts, default=0) < 0:
        return decline("tile", (A, reps), {})
    ndim = max(a.ndim, len(counts))
    counts = (1,) * (ndim - len(counts)) + counts
    shape = (1,) * (ndim - a.ndim) + a.shape
    if counts.count(1) == ndim:
        return _functions["array"](a, ndmin=ndim)
    made = _empty(tuple(map(operator.mul, counts, shape)), a.dtype)
    # Each axis as (repetition, element): one broadcast assignment fills all.
    if made.size:
        paired, source = [], []
        for count, size in zip(counts, shape, strict=True):
            paired += count, size
            source += 1, size
        made.reshape(paired)[...] = a.reshape(source)
    return made


@provides()
def repeat(a, repeats, axis=None):
    lifted = lift(a)
    if lifted is not None and not _is_integer(repeats):
        return _repeat_each(lifted, repeats, axis)
    if lifted is None or repeats < 0:
        return decline("repeat", (a, repeats, axis), {})
    if axis is None:
        lifted, place = lifted.reshape(-1), 0
    else:
        place = axis_index(axis, lifted.ndim)
        if place is None:
            return decline("repeat", (a, repeats, axis), {})
    shape = lifted.shape
    made = _empty((*shape[:place], shape[place] * repeats, *shape[place + 1 :]), lifted.dtype)
    if made.size:
        wide = made.reshape((*shape[: place + 1], repeats, *shape[place + 1 :]))
        wide[...] = lifted.reshape((*shape[: place + 1], 1, *shape[place + 1 :]))
    return made


def _repeat_each(a, repeats, axis):
    """`repeat` with a count for each element: the shape depends on the counts, so they are looked at here."""
    counts = numpy.asarray(repeats)
    flat = a.reshape(-1) if axis is None else a
    place = 0 if axis is None else axis_index(axis, flat.ndim)
    if counts.dtype.kind not in "iu" or place is None or counts.shape != (flat.shape[place],) or (counts < 0).any():
        return decline("repeat", (a, repeats, axis), {})
    return flat.take(numpy.repeat(numpy.arange(len(counts)), counts), axis=place)


def _pad_widths(pad_width, ndim):
    """((before, after), ...) of non-negative integers, or None."""
    if type(pad_width) is dict:
        return None
    widths = numpy.asarray(pad_width) if type(pad_width) is not ndarray else numpy.asarray(pad_width.tolist())
    if widths.dtype.kind not in "iu" or widths.size == 0 or (widths < 0).any():
        return None
    if widths.shape not in ((), (1,), (2,), (1, 2), (ndim, 2), (ndim, 1)):
        return None
    return [(int(before), int(after)) for before, after in numpy.broadcast_to(widths, (ndim, 2))]


def _end_values(values, ndim):
    if is_scalar(values):
        return [(values, values)] * ndim
    if type(values) not in (tuple, list):
        return None
    array = numpy.asarray(values)
    if array.dtype.kind not in "biufc" or array.shape not in ((1,), (2,), (1, 2), (ndim, 2), (ndim, 1)):
        return None
    return [tuple(pair) for pair in numpy.broadcast_to(array, (ndim, 2)).tolist()]


_PAD_STATISTICS = {"maximum": "max", "minimum": "min", "mean": "mean"}  # NumPy's mode -> our method


@provides()
def pad(array, pad_width, mode="constant", **kwargs):
    a = lift(array)
    widths = _pad_widths(pad_width, a.ndim) if a is not None and a.ndim else None
    allowed = {"constant": ("constant_values",), "edge": (), "wrap": (), "reflect": (), "symmetric": (), "empty": ()}
    allowed |= {mode: () for mode in _PAD_STATISTICS}
    if widths is None or type(mode) is not str or mode not in allowed or not set(kwargs) <= set(allowed[mode]):
        return decline("pad", (array, pad_width, mode), kwargs)
    values = _end_values(kwargs.get("constant_values", 0), a.ndim) if mode == "constant" else None
    if mode == "constant" and values is None or mode not in ("constant", "empty") and 0 in a.shape:
        return decline("pad", (array, pad_width, mode), kwargs)
    if mode in ("wrap", "reflect", "symmetric"):
        # One mirror image or turn at most: longer ones repeat, which is NumPy's loop.
        reach = {"wrap": 0, "symmetric": 0, "reflect": 1}[mode]
        if any(max(pair) > size - reach for pair, size in zip(widths, a.shape, strict=True)):
            return decline("pad", (array, pad_width, mode), kwargs, "wider than the array")
    order = "F" if a.ndim > 1 and a.flags.fnc else "C"
    made = _empty(tuple(size + sum(pair) for size, pair in zip(a.shape, widths, strict=True)), a.dtype, order)
    made[tuple(slice(before, before + size) for (before, _), size in zip(widths, a.shape, strict=True))] = a
    if mode == "empty":
        return made
    for axis, ((before, after), size) in enumerate(zip(widths, a.shape, strict=True)):
        # Axes before this one are padded already, those after it are filled within their middle only.
        inner = (slice(None),) * axis
        rest = tuple(slice(w[0], w[0] + n) for w, n in zip(widths[axis + 1 :], a.shape[axis + 1 :], strict=True))
        end = before + size

        def part(start, stop, step=1, inner=inner, rest=rest):
            return (*inner, slice(start, stop if stop >= 0 else None, step), *rest)

        if mode == "constant":
            if before:
                made[part(0, before)] = values[axis][0]
            if after:
                made[part(end, end + after)] = values[axis][1]
        elif mode == "edge":
            if before:
                made[part(0, before)] = made[part(before, before + 1)]
            if after:
                made[part(end, end + after)] = made[part(end - 1, end)]
        elif mode in _PAD_STATISTICS:
            value = getattr(made[part(before, end)], _PAD_STATISTICS[mode])(axis=axis, keepdims=True)
            if mode == "mean" and a.dtype.kind in "iu":
                value = value.round()
            made[part(0, before)] = value
            made[part(end, end + after)] = value
        elif mode == "wrap":
            if before:
                made[part(0, before)] = made[part(end - before, end)]
            if after:
                made[part(end, end + after)] = made[part(before, before + after)]
        else:
            skip = 1 if mode == "reflect" else 0
            if before:
                made[part(0, before)] = made[part(before + skip + before - 1, before + skip - 1, -1)]
            if after:
                made[part(end, end + after)] = made[part(end - 1 - skip, end - 1 - skip - after, -1)]
    return made


# -------------------------------------------------------------------------------------------------- turning


def _flipper(name, axis, least):
    def function(m):
        a = lift(m)
        if a is None or a.ndim < least:
            return decline(name, (m,), {})
        return _functions["flip"](a, axis)

    return provides(name)(function)


fliplr = _flipper("fliplr", 1, 2)
flipud = _flipper("flipud", 0, 1)


@provides()
def rot90(m, k=1, axes=(0, 1)):
    a = lift(m)
    plane = axis_tuple(tuple(axes), a.ndim) if a is not None and type(axes) in (tuple, list) and len(axes) == 2 else None
    if plane is None or not _is_integer(k):
        return decline("rot90", (m, k, axes), {})
    turns = k % 4
    first, second = plane
    if turns == 0:
        return a[:]
    if turns == 2:
        return _functions["flip"](a, plane)
    if turns == 1:
        return _functions["flip"](a, second).swapaxes(first, second)
    return _functions["flip"](a.swapaxes(first, second), second)


@provides()
def roll(a, shift, axis=None):
    lifted = lift(a)
    if lifted is None:
        return decline("roll", (a, shift, axis), {})
    if axis is None:
        if not _is_integer(shift):
            return decline("roll", (a, shift, axis), {})
        return _rolled(lifted.ravel(), ((int(shift), 0),)).reshape(lifted.shape)
    axes = axis if type(axis) in (tuple, list) else (axis,)
    shifts = shift if type(shift) in (tuple, list) else (shift,) * len(axes)
    places = [axis_index(one, lifted.ndim) for one in axes]
    if None in places or len(places) != len(shifts) or len(set(places)) != len(places) or not all(map(_is_integer, shifts)):
        return decline("roll", (a, shift, axis), {})
    return _rolled(lifted, tuple(zip(map(int, shifts), places, strict=True)))


def _rolled(a, moves):
    """A copy of `a` in which each (shift, axis) has moved the elements along: one copy for each of the 2**n blocks."""
    made = _functions["empty_like"](a)
    blocks = [((), ())]
    by_axis = {axis: shift for shift, axis in moves}
    for d, size in enumerate(a.shape):
        shift = by_axis.get(d, 0) % size if size else 0
        if not shift:
            pieces = ((slice(None), slice(None)),)
        else:
            pieces = ((slice(shift, None), slice(None, size - shift)), (slice(None, shift), slice(size - shift, None)))
        blocks = [((*to, new), (*source, old)) for to, source in blocks for new, old in pieces]
    if not a.ndim:
        return a.copy()
    for to, source in blocks:
        made[to] = a[source]
    return made


@provides()
def shape(a):
    return a.shape if hasattr(a, "shape") else _asarray(a).shape


@provides()
def ndim(a):
    return a.ndim if hasattr(a, "ndim") else _asarray(a).ndim


@provides()
def size(a, axis=None):
    if type(a) is ndarray:
        if axis is None:
            return a.size
        places = axis_tuple(axis, a.ndim)
        if places is not None:
            count = 1
            for place in places:
                count *= a.shape[place]
            return count
    return decline("size", (a, axis), {})


@provides()
def unique_values(x):
    # Sorted, where NumPy takes the order of a hash: libraries on the Array API (scikit-learn) rely on it, though nothing says so.
    return target_of("unique").call((x,), {"equal_nan": False})
