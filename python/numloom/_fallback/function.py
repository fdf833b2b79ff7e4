"""The face of a NumPy function that falls back: its name, its documentation, its signature."""

import numpy

from numloom._fallback.target import Target

_real_function_type = type(numpy.sum)


def make(real, name):
    """A function that runs NumPy's `real` as a fallback."""
    call = Target(real, name).call

    def function(*args, **kwargs):
        return call(args, kwargs)

    describe(function, real, name)
    return function


def describe(ours, real, name):
    """Give `ours` the metadata of NumPy's `real`, as far as its type lets it be set."""
    for attribute, value in (
        ("__name__", getattr(real, "__name__", name.rpartition(".")[2])),
        ("__qualname__", getattr(real, "__qualname__", name.rpartition(".")[2])),
        ("__doc__", getattr(real, "__doc__", None)),
        ("__wrapped__", real),
    ):
        try:
            setattr(ours, attribute, value)
        except (AttributeError, TypeError):
            pass
