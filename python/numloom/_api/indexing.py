"""Index tricks and iterators: NumPy's own objects, with our arrays on both sides."""

import numpy

from numloom._api.registry import ndarray, provides
from numloom._fallback.convert import from_host, to_host


class _Trick:
    """`np.r_` and the like: NumPy's object indexed with host views, its result one of ours."""

    def __init__(self, real):
        self._real = real
        self.__doc__ = real.__doc__

    def __getitem__(self, key):
        return from_host(self._real[to_host(key)])

    def __len__(self):
        return len(self._real)

    def __getattr__(self, name):
        return getattr(self._real, name)


for _name in ("r_", "c_", "mgrid", "ogrid"):
    provides(_name)(_Trick(getattr(numpy, _name)))


class _RealInstances(type):
    """Instances are those of NumPy's class."""

    def __instancecheck__(cls, instance):
        return isinstance(instance, cls._real) or type.__instancecheck__(cls, instance)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, cls._real) or type.__subclasscheck__(cls, subclass)

    def __getattr__(cls, name):
        return getattr(type.__getattribute__(cls, "_real"), name)


def _front(name, real):
    """A class whose calls make NumPy's own object on host views of our arrays."""

    def __new__(cls, *args, **kwargs):
        return real(*map(to_host, args), **{key: to_host(value) for key, value in kwargs.items()})

    body = {"__new__": __new__, "_real": real, "__doc__": real.__doc__, "__module__": "numpy"}
    return provides(name)(_RealInstances(name, (), body))


_front("nditer", numpy.nditer)
_front("broadcast", numpy.broadcast)
_front("flatiter", numpy.flatiter)
_front("ufunc", numpy.ufunc)


@provides()
class ndenumerate(numpy.ndenumerate):
    __doc__ = numpy.ndenumerate.__doc__
    __module__ = "numpy"

    def __init__(self, arr):
        super().__init__(to_host(arr) if type(arr) is ndarray else arr)
