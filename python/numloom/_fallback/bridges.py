"""Where a library insists on exactly NumPy's class, it gets host views of our arrays: same storage, no copy on the host.

Libraries that convert what they are given (`numpy.asarray`, the buffer protocol) need nothing here; compiled modules are
adapted in general (compiled.py).
"""

import functools
import types

from numloom import _core
from numloom._fallback.after_import import after_import
from numloom._fallback.convert import Loan
from numloom._fallback.function import make_lending

_ours = _core.ndarray


def install():
    after_import("autograd.tracer", _autograd)
    after_import("numba.core.dispatcher", _numba)
    after_import("pandas", _pandas)
    after_import("torch", _torch)


def _autograd(module):
    """Among NumPy's names it takes for a function whatever is called and is not exactly of class `type`; ours has a metaclass."""
    plain_primitive = module.primitive

    @functools.wraps(plain_primitive)
    def primitive(function):
        return function if function is _ours else plain_primitive(function)

    module.primitive = primitive


def _numba(module):
    """Compiled functions read the memory of NumPy's arrays; what they return comes back as ours."""
    dispatcher = module.Dispatcher
    plain_call = dispatcher.__call__

    def __call__(self, *args, **kwargs):
        for value in args:
            kind = type(value)
            if kind is _ours or kind is tuple or kind is list:
                break
        else:
            if not kwargs:
                return plain_call(self, *args)
        loan = Loan()
        args = [loan.lend(value) for value in args]
        kwargs = {key: loan.lend(value) for key, value in kwargs.items()}
        if not loan.views:
            return plain_call(self, *args, **kwargs)
        return loan.take_back([plain_call(self, *args, **kwargs)])

    dispatcher.__call__ = __call__


_PANDAS_CLASSES = (
    "Categorical DataFrame DatetimeIndex Index IntervalIndex MultiIndex PeriodIndex RangeIndex Series TimedeltaIndex"
).split()
_OPERATORS = frozenset(
    f"__{prefix}{name}__"
    for name in "add sub mul truediv floordiv mod pow matmul and or xor divmod".split()
    for prefix in ("", "r", "i")
) | frozenset("__init__ __new__ __getitem__ __setitem__ __contains__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __call__".split())


def _pandas(pandas):
    """Pandas tells arrays from lists, labels and functions by their class."""
    from pandas.core import indexing
    from pandas.core.groupby import generic

    classes = {getattr(pandas, name) for name in _PANDAS_CLASSES}
    classes |= {value for value in (*vars(indexing).values(), *vars(generic).values()) if isinstance(value, type)}
    seen = set()
    for cls in classes:
        for base in cls.__mro__:
            if base.__module__.partition(".")[0] == "pandas" and base not in seen:
                seen.add(base)
                _lend_to_methods(base)
    for name, value in list(vars(pandas).items()):
        if isinstance(value, types.FunctionType) and not name.startswith("_"):
            setattr(pandas, name, make_lending(value))


def _lend_to_methods(cls):
    for name, value in list(vars(cls).items()):
        if isinstance(value, types.FunctionType) and (not name.startswith("_") or name in _OPERATORS):
            try:
                setattr(cls, name, make_lending(value))
            except (AttributeError, TypeError):
                return


def _torch(module):
    plain = module.as_tensor
    for name in ("as_tensor", "asarray", "from_numpy", "tensor"):
        setattr(module, name, make_lending(getattr(module, name)))
    lending = module.as_tensor

    @functools.wraps(plain)
    def as_tensor(data, *args, **kwargs):
        # On the GPU both libraries may look at the same memory.
        there = "cuda" in str(kwargs.get("device")) and type(data) is _ours and hasattr(data, "__cuda_array_interface__")
        return (plain if there else lending)(data, *args, **kwargs)

    module.as_tensor = as_tensor
