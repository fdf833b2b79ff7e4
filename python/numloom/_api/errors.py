"""Floating-point error handling. Pending work runs under the state that it was recorded under: a change flushes first."""

import functools

import numpy

from numloom import _core
from numloom._api.registry import provides
from numloom._fallback.function import describe

_settle = _core.settle


def _settling(real):
    """NumPy's function, before which what is recorded runs."""
    return describe(_core.function(real, None, "settles"), real, real.__qualname__)


@provides()
class errstate(numpy.errstate):
    __doc__ = numpy.errstate.__doc__
    __module__ = "numpy"

    __enter__ = _settling(numpy.errstate.__enter__)
    __exit__ = _settling(numpy.errstate.__exit__)

    def __call__(self, function):
        inner = super().__call__(function)

        @functools.wraps(function)
        def call(*args, **kwargs):
            _settle()
            try:
                return inner(*args, **kwargs)
            finally:
                _settle()

        return call


provides("seterr")(_settling(numpy.seterr))
provides("seterrcall")(_settling(numpy.seterrcall))
