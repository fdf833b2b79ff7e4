"""Functions that call the user's functions."""

import numpy

from numloom._api.registry import provides
from numloom._fallback.convert import from_host, to_host
from numloom._fallback.function import NumpysClass


@provides()
class vectorize(numpy.vectorize, metaclass=NumpysClass):
    _numloom_name = "vectorize"
    __doc__ = numpy.vectorize.__doc__
    __module__ = "numpy"

    def __call__(self, *args, **kwargs):
        return from_host(super().__call__(*map(to_host, args), **{key: to_host(value) for key, value in kwargs.items()}))
