"""Classes of the user's that speak NumPy's protocols: NumPy talks to them in its own objects, they think in ours.

NumPy itself, and the libraries on it, call `__array__` and take nothing but its own arrays; and they hand `__array_ufunc__`
and `__array_function__` NumPy's functions, which such a method compares with the ones it knows (`ufunc is np.add`).
"""

import builtins
import functools
import types

import numpy

from numloom import _core, _namespace
from numloom._fallback.convert import Loan, undecorated

_ndarray = _core.ndarray


def install(user):
    """Adapt the classes of `user`'s code from now on. Called once."""

    def adapt(cls):
        for name, change in _CHANGES.items():
            method = vars(cls).get(name)
            written = undecorated(method)
            if isinstance(written, types.FunctionType) and user.redirects(written.__globals__):
                change(cls, name, method)

    builtins.__build_class__ = _core.class_hook(builtins.__build_class__, adapt)


def _give_real(cls, name, method):
    @functools.wraps(method)
    def __array__(self, /, *args, **kwargs):
        made = method.__get__(self, type(self))(*args, **kwargs)
        return _core.to_numpy(made) if type(made) is _ndarray else made

    setattr(cls, name, __array__)


def _take_ours(cls, name, method):
    if issubclass(cls, numpy.ndarray):

        @functools.wraps(method)
        def call(self, function, /, *args, **kwargs):
            # It hands its operands on to NumPy's own method, which would leave arrays of ours to us.
            loan = Loan()
            args = [loan.lend(x) for x in args]
            kwargs = {key: loan.lend(x) for key, x in kwargs.items()}
            made = [method.__get__(self, type(self))(_namespace.known(function), *args, **kwargs)]
            return loan.take_back(made) if loan.views else made[0]

    else:

        @functools.wraps(method)
        def call(self, function, /, *args, **kwargs):
            # Arrays that were lent to NumPy on the way are ours again.
            args = [_back(value) for value in args]
            kwargs = {key: _back(value) for key, value in kwargs.items()}
            return method.__get__(self, type(self))(_namespace.known(function), *args, **kwargs)

    setattr(cls, name, call)


def _back(value):
    kind = type(value)
    if kind is numpy.ndarray:
        return _core.wrap_result(value)
    if kind is tuple or kind is list:
        return kind([_back(item) for item in value])
    if kind is dict:
        return {key: _back(item) for key, item in value.items()}
    return value


_CHANGES = {"__array__": _give_real, "__array_ufunc__": _take_ours, "__array_function__": _take_ours}
