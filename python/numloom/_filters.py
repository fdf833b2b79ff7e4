"""Warnings of pending work belong under the filters that it was recorded under: a change of filters flushes first."""

import warnings

from numloom import _core


def _flushing(function):
    def call(*args, **kwargs):
        _core.settle()
        return function(*args, **kwargs)

    call.__wrapped__ = function
    call.__name__ = function.__name__
    call.__doc__ = function.__doc__
    return call


def install():
    for name in ("filterwarnings", "simplefilter", "resetwarnings"):
        setattr(warnings, name, _flushing(getattr(warnings, name)))
    for name in ("__enter__", "__exit__"):
        setattr(warnings.catch_warnings, name, _flushing(getattr(warnings.catch_warnings, name)))
