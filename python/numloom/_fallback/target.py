"""A function of NumPy's that a call can fall back to, with what is known about its arguments."""

import functools
from _thread import _local

import numpy

from numloom import _core
from numloom._fallback import record, tables
from numloom._fallback.convert import Loan

_state = _local()  # of `threading`, which takes a while to import


def running():
    """The NumPy functions that this thread is falling back to now, the innermost last."""
    try:
        return _state.running
    except AttributeError:
        _state.running = []
        return _state.running


class Target:
    """REQUIRES: `real` is NumPy's own callable, `name` its dotted name without `numpy.`."""

    __slots__ = ("function", "host", "method", "name", "reads", "real")

    def __init__(self, real, name):
        self.real = real
        self.name = name
        self.host = tables.is_host(name)
        self.reads = name in tables.READS
        self.method = name[8:] if name.startswith("ndarray.") else None
        self.function = None  # the compiled function that asks us, where there is one

    def begin(self, args, kwargs, reason=record.DEFAULT_REASON):
        """The lent call (see trampoline.h) that does this call on NumPy. REQUIRES: it is run, once, and at once."""
        if self.function is not None:
            self._shorten()
        note = None if self.host else record.begin("numpy." + self.name, reason)
        loan = Loan(self.reads)
        lent = tuple([loan.lend(x) for x in args])
        if kwargs:
            kwargs = {k: loan.lend(x) for k, x in kwargs.items()}
        real = self.real
        if self.method and isinstance(lent[0], numpy.generic):  # a scalar of ours: its class has methods of its own
            real = getattr(type(lent[0]), self.method)
        return real, lent, kwargs, _Ending(real, loan, note)

    def _shorten(self):
        """After the first call: the compiled function need not ask us about arrays and plain arguments."""
        function, self.function = self.function, None
        function.counted = not self.host
        function.quick = True

    def call(self, args, kwargs, reason=record.DEFAULT_REASON):
        """Run the call on NumPy, from Python."""
        return run(self.begin(args, kwargs, reason))

    def call_plain(self, /, *args, **kwargs):
        return run(self.begin(args, kwargs))


class UfuncTarget:
    """One method of one of NumPy's ufuncs."""

    __slots__ = ("method", "ufunc")

    def __init__(self, ufunc, method):
        self.ufunc = ufunc
        self.method = method

    def begin(self, args, kwargs, reason):
        name = f"numpy.{self.ufunc.__name__}" + ("" if self.method == "__call__" else "." + self.method)
        note = record.begin(name, reason)
        loan = Loan()
        lent = tuple([loan.lend(x) for x in args])
        if kwargs:
            kwargs = {k: loan.lend(x) for k, x in kwargs.items()}
        real = self.ufunc if self.method == "__call__" else getattr(self.ufunc, self.method)
        return real, lent, kwargs, _Ending(self.ufunc, loan, note)


class _Ending:
    """Ends a lent call: with the list of its one result, or with None after an error."""

    __slots__ = ("before", "loan", "note")

    def __init__(self, real, loan, note):
        self.loan = loan
        self.note = note
        self.before = _bytes_to_host()
        running().append(real)

    def __call__(self, box):
        running().pop()
        if self.note is not None:
            record.end(self.note, _bytes_to_host() - self.before)
        return None if box is None else self.loan.take_back(box)


def run(lent):
    """Do what the compiled module does with a lent call, for callers in Python."""
    function, args, kwargs, finish = lent
    del lent
    try:
        box = [function(*args, **kwargs) if kwargs else function(*args)]
    except BaseException:
        finish(None)
        raise
    del args, kwargs
    return finish(box)


def _bytes_to_host():
    """Bytes brought home from a device so far."""
    return 0 if _core.device() == "cpu" else int(_core.counters()["bytes_to_host"])


@functools.cache
def target_of(name):
    """The target of a dotted name: `sum`, `linalg.svd`, `ndarray.sort`."""
    owner = numpy
    for part in name.split("."):
        owner = getattr(owner, part)
    return Target(owner, name)


def fallback(name, args, kwargs, reason):
    """Hook of the compiled module: a native function met arguments beyond it. Returns a lent call."""
    return target_of(name).begin(args, kwargs, reason or record.DEFAULT_REASON)


def lending(name, reason):
    """Hook of the compiled module: how it may do by itself what a native function declines for that reason."""
    target = target_of(name)
    reason = reason or record.DEFAULT_REASON
    return (target.real, None if target.host else ("numpy." + target.name, reason))


def lent_method(owner, name, args):
    """Hook of the compiled module: the lent call of a method of an object of NumPy's that one of ours keeps."""
    loan = Loan()
    return getattr(owner, name), loan.lend(args), None, lambda box: loan.take_back(box) if box else None


def fallback_ufunc(ufunc, method, args, kwargs, reason=record.UFUNC_REASON):
    """Hook of the compiled module: the same for a ufunc. `ufunc` is NumPy's own."""
    if _decided_elsewhere(args, kwargs):
        real = ufunc if method == "__call__" else getattr(ufunc, method)
        return real, _stand(args), kwargs and {name: _stand(value) for name, value in kwargs.items()}, as_it_is
    return UfuncTarget(ufunc, method).begin(args, kwargs, reason)


# A call that an operand's class decides about (NEP 13): NumPy checks the arguments and asks the classes in its order. They get
# the caller's own arrays and the ufunc that their module knows, so NumPy is given stand-ins for the operands.


class _StandIn:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return repr(self.value)


class _Deciding(_StandIn):
    __slots__ = ()

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        from numloom import _namespace

        ours = {name: _unwrap(value) for name, value in kwargs.items()}
        # In script mode the user's classes turn it into ours (_script/classes.py); libraries know NumPy's.
        shown = ufunc if _core.script_mode() else _namespace.known(ufunc)
        made = self.value.__array_ufunc__(shown, method, *_unwrap(inputs), **ours)
        if made is not NotImplemented or not _holds_array((inputs, kwargs.get("out"), kwargs.get("where"))):
            return made
        # Its library knows NumPy's arrays alone.
        loan = Loan()
        inputs = [loan.lend(_unwrap(value)) for value in inputs]
        kwargs = {name: loan.lend(_unwrap(value)) for name, value in kwargs.items()}
        return loan.take_back([self.value.__array_ufunc__(ufunc, method, *inputs, **kwargs)])


_ArrayStandIn = type("ndarray", (_StandIn,), {"__slots__": ()})  # errors show the name
_stand_ins = {_core.ndarray: _ArrayStandIn}  # class -> what stands in for its instances; None: they do themselves


def _stand_in_for(kind):
    """Classes of stand-ins derive from each other as theirs do: NumPy asks derived classes first."""
    try:
        return _stand_ins[kind]
    except KeyError:
        pass
    method = getattr(kind, "__array_ufunc__", None)
    made = None
    if method is not None and method is not numpy.ndarray.__array_ufunc__:
        bases = tuple(filter(None, map(_stand_in_for, kind.__bases__)))
        made = type(kind.__name__, bases or (_Deciding,), {"__slots__": ()})
    _stand_ins[kind] = made
    return made


def _decided_elsewhere(args, kwargs):
    """Whether a class overrides ufuncs. Not where it is an array class: that hands its operands on to NumPy's own method."""
    operands = args
    if kwargs:
        out = kwargs.get("out")
        operands = (*args, *(out if type(out) is tuple else (out,)), kwargs.get("where"))
    kinds = {kind for kind in map(type, operands) if _stand_in_for(kind) is not None} - {_core.ndarray}
    return bool(kinds) and not any(issubclass(kind, numpy.ndarray) for kind in kinds)


def _stand(value):
    if type(value) is tuple:
        return tuple(map(_stand, value))
    made = _stand_in_for(type(value))
    return value if made is None else made(value)


def _unwrap(value):
    if type(value) is tuple:
        return tuple(map(_unwrap, value))
    return value.value if isinstance(value, _StandIn) else value


def _holds_array(value):
    return any(map(_holds_array, value)) if type(value) is tuple else type(value) is _ArrayStandIn


def as_it_is(box):
    return box[0] if box else None
