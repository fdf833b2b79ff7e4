"""Lending our arrays to NumPy and taking its results back. The arguments of a call are a tree of lists, tuples and dicts."""

import operator
import types

import numpy

from numloom import _core

_ours = _core.ndarray
_real = numpy.ndarray
_LEAVES = frozenset((bool, int, float, complex, str, bytes, type(None), type(Ellipsis), slice, type, numpy.dtype))


class Loan:
    """The views lent for one call, and whose they are. `reads`: the call reads values once, and keeps no view."""

    __slots__ = ("bytes", "owners", "reads", "views")

    def __init__(self, reads=False):
        self.reads = reads
        self.views = {}  # id of our array -> the view lent
        self.owners = {}  # id of a view -> our array
        self.bytes = 0

    def view(self, array):
        view = self.views.get(id(array))
        if view is None:
            view = self.views[id(array)] = _core.to_numpy(_core.on_host(array) if self.reads else array)
            self.owners[id(view)] = array
            self.bytes += view.nbytes
        return view

    def lend(self, value):
        """`value` with each of our arrays in it replaced by a view; the same object when there is none."""
        kind = type(value)
        if kind is _ours:
            return self.view(value)
        if kind in _LEAVES or kind is _real:
            return value
        if kind is list or kind is tuple:
            if _LEAVES.issuperset(map(type, value)):
                return value
            lent = [self.lend(item) for item in value]
            if all(map(operator.is_, lent, value)):
                return value
            return lent if kind is list else tuple(lent)
        if kind is dict:
            if _LEAVES.issuperset(map(type, value.values())):
                return value
            return {key: self.lend(item) for key, item in value.items()}
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            lent = [self.lend(item) for item in value]
            return value if all(map(operator.is_, lent, value)) else _named(kind, lent, getattr(value, "__dict__", None))
        return self.lend_other(value, kind)

    def lend_other(self, value, kind):
        made = _stand_in_for(kind)
        return value if made is None else made(value)

    def own(self, box):
        """The result in `box`, or None after an error: one of the views lent is its array, all else what it is."""
        return self.owners.get(id(box[0]), box[0]) if box else None

    def take_back(self, box):
        """The result in `box`, a list of one, as the caller should see it. Empties the box: an array that nobody
        else holds can then be adopted."""
        kind = type(box[0])
        if kind is _real:
            owner = self.owners.get(id(box[0]))
            return owner if owner is not None else _core.wrap_result(box.pop())
        if kind is tuple or kind is list:
            return kind(self._take_back_all(box.pop()))
        if kind is dict:
            result = box.pop()
            return dict(zip(list(result), self._take_back_all(list(result.values())), strict=True))
        if isinstance(box[0], tuple) and hasattr(kind, "_fields"):
            attributes = getattr(box[0], "__dict__", None)
            return _named(kind, self._take_back_all(box.pop()), attributes)
        return box.pop()

    def _take_back_all(self, items):
        rest = list(items)
        del items
        rest.reverse()
        taken = []
        while rest:
            taken.append(self.take_back([rest.pop()]))
        return taken


def _named(kind, items, attributes):
    """A named tuple of class `kind`, whose own constructor may want more than the items (scipy's TtestResult)."""
    made = tuple.__new__(kind, items)
    if attributes:
        made.__dict__.update(attributes)
    return made


class LibraryLoan(Loan):
    """A loan to a library's function: whatever is no array of ours stays what it is, but for an array of objects that has arrays
    of ours as elements. Compiled code takes such elements for NumPy's without looking."""

    __slots__ = ()

    def lend(self, value):
        if type(value) is _real and value.dtype.hasobject:
            return self._lend_elements(value)
        return super().lend(value)

    def _lend_elements(self, array):
        if array.dtype.names is not None:
            fields = {name: array[name] for name in array.dtype.names if array.dtype[name].hasobject}
            lent = {name: self._lend_elements(field) for name, field in fields.items()}
            if all(lent[name] is field for name, field in fields.items()):
                return array
            copy = array.copy()
            for name, field in lent.items():
                copy[name] = field
            return copy
        if array.dtype.kind != "O" or _ours not in set(map(type, array.flat)):
            return array
        copy = array.copy()
        for i, item in numpy.ndenumerate(array):
            copy[i] = self.lend(item)
        return copy

    def lend_other(self, value, kind):
        return value


# Classes whose `__array__`, written in Python against us, may return one of our arrays. NumPy takes nothing but its own there, so
# such an object is lent as one that converts what is returned. (Script mode adapts the classes of user code instead.)
_stand_ins = {}  # class -> the class that stands in for it; None: it returns what NumPy takes
_SEQUENCE = ("__len__", "__iter__", "__getitem__", "__contains__")


def undecorated(method):
    """The function inside decorators, which may come from other modules and be compiled."""
    while hasattr(method, "__wrapped__"):
        method = method.__wrapped__
    return method


def _stand_in_for(kind):
    try:
        return _stand_ins[kind]
    except KeyError:
        pass
    method, made = getattr(kind, "__array__", None), None
    if isinstance(undecorated(method), types.FunctionType) and str(getattr(kind, "__module__", "")).partition(".")[0] != "numpy":
        if not (hasattr(kind, "__array_ufunc__") or hasattr(kind, "__array_function__")):
            made = type(kind.__name__, (_ArrayLike,), {name: _forward(name) for name in _SEQUENCE if hasattr(kind, name)})
    _stand_ins[kind] = made
    return made


class _ArrayLike:
    def __init__(self, value):
        self._value = value

    def __array__(self, *args, **kwargs):
        array = self._value.__array__(*args, **kwargs)
        if type(array) is _ours:
            return _core.to_numpy(array)
        _stand_ins[type(self._value)] = None
        return array

    @property  # type: ignore[misc]
    def __class__(self):
        return type(self._value)

    def __getattr__(self, name):
        return getattr(self._value, name)


def _forward(name):
    return lambda self, *args: getattr(self._value, name)(*args)


def to_host(value):
    """`value` with each of our arrays in it as a view of its storage."""
    return Loan().lend(value)


def from_host(value):
    """A result of NumPy's as one of ours."""
    return Loan().take_back([value])
