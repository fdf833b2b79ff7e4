"""Floating-point error handling. Pending work runs under the state that it was recorded under: a change flushes first."""

import functools

import numpy

from numloom import _core
from numloom._api.registry import provides

_enter, _exit = numpy.errstate.__enter__, numpy.errstate.__exit__


@provides()
class errstate(numpy.errstate):
    __doc__ = numpy.errstate.__doc__
    __module__ = "numloom"

    def __enter__(self):
        _core.settle()
        return _enter(self)

    def __exit__(self, *exception):
        _core.settle()
        return _exit(self, *exception)

    def __call__(self, function):
        inner = super().__call__(function)

        @functools.wraps(function)
        def call(*args, **kwargs):
            _core.settle()
            try:
                return inner(*args, **kwargs)
            finally:
                _core.settle()

        return call


@provides()
@functools.wraps(numpy.seterr, ("__doc__",))
def seterr(*args, **kwargs):
    _core.settle()
    return numpy.seterr(*args, **kwargs)


@provides()
@functools.wraps(numpy.seterrcall, ("__doc__",))
def seterrcall(func):
    _core.settle()
    return numpy.seterrcall(func)
