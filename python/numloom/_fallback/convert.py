"""Lending our arrays to NumPy and taking its results back. The arguments of a call are a tree of lists, tuples and dicts."""

import types

import numpy

from numloom import _core

_ours = _core.ndarray
_real = numpy.ndarray
_LEAVES = frozenset((bool, int, float, complex, str, bytes, type(None), type(Ellipsis), slice, type, numpy.dtype))


class Loan:
    """The views lent for one call, and whose they are."""

    __slots__ = ("bytes", "owners", "views")

    def __init__(self):
        self.views = {}  # (id of our array, writable) -> the view lent
        self.owners = {}  # id of a view -> our array
        self.bytes = 0

    def view(self, array, writable):
        key = (id(array), writable)
        view = self.views.get(key)
        if view is None:
            view = _core.to_numpy(array)
            if not writable:
                view.setflags(write=False)
            self.views[key] = view
            self.owners[id(view)] = array
            self.bytes += view.nbytes
        return view

    def lend(self, value, writable):
        """`value` with each of our arrays in it replaced by a view; the same object when there is none."""
        kind = type(value)
        if kind is _ours:
            return self.view(value, writable)
        if kind in _LEAVES or kind is _real:
            return value
        if kind is list or kind is tuple:
            if _LEAVES.issuperset(map(type, value)):
                return value
            lent = [self.lend(item, writable) for item in value]
            if all(map(_same, lent, value)):
                return value
            return lent if kind is list else tuple(lent)
        if kind is dict:
            if _LEAVES.issuperset(map(type, value.values())):
                return value
            return {key: self.lend(item, writable) for key, item in value.items()}
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            return kind(*[self.lend(item, writable) for item in value])
        if _converts(kind) and not _core.script_mode():
            return _as_real(value, kind)
        return value

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
            return kind(*self._take_back_all(box.pop()))
        return box.pop()

    def _take_back_all(self, items):
        rest = list(items)
        del items
        rest.reverse()
        taken = []
        while rest:
            taken.append(self.take_back([rest.pop()]))
        return taken


def _converts(kind):
    """Whether NumPy would turn an instance into an array by an `__array__` of the user's. Script mode sees to those."""
    if not isinstance(getattr(kind, "__array__", None), types.FunctionType):
        return False
    return not (hasattr(kind, "__array_ufunc__") or hasattr(kind, "__array_function__"))


_gives_ours = {}  # class with an `__array__` written in Python -> whether that returns one of our arrays


def _as_real(value, kind):
    """`value` as NumPy can take it: its `__array__`, written against us, may return an array that NumPy does not know."""
    known = _gives_ours.get(kind)
    if known is False:
        return value
    array = value.__array__()
    if known is None:
        known = _gives_ours[kind] = type(array) is _ours
    return _core.to_numpy(array) if type(array) is _ours else value


def _same(a, b):
    return a is b


def to_host(value):
    """`value` with each of our arrays in it as a writable view of its storage."""
    return Loan().lend(value, True)


def from_host(value):
    """A result of NumPy's as one of ours."""
    return Loan().take_back([value])
