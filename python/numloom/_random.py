"""`np.random` on Numloom: NumPy's own generators, whose arrays come out as ours.

The numbers, the streams and the global state are NumPy's, bit for bit: `seed` here and NumPy's in a library steer the same
generator. A fresh array is adopted without a copy.
"""

import functools

import numpy.random as real

from numloom._fallback.convert import to_host
from numloom._fallback.function import make_drawing

provided = {}


class _GeneratorClass(type):
    """NumPy's own generators, made by libraries, are instances too."""

    def __instancecheck__(cls, instance):
        return isinstance(instance, cls._real) if "_real" in cls.__dict__ else type.__instancecheck__(cls, instance)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, cls._real) if "_real" in cls.__dict__ else type.__subclasscheck__(cls, subclass)


_NOT_DRAWING = frozenset(("get_state", "set_state", "seed", "spawn"))


def _generator_class(base):
    body = {"_real": base, "__doc__": base.__doc__, "__module__": "numpy.random", "__reduce__": _reduce}
    for name in dir(base):
        if name.startswith("_") or name in _NOT_DRAWING:
            continue
        method = getattr(base, name)
        if callable(method):
            body[name] = make_drawing(method, f"random.{base.__name__}.{name}", "method")
    return _GeneratorClass(base.__name__, (base,), body)


def _reduce(self):
    # What NumPy pickles, and that a copy draws arrays of ours again.
    function, args, *state = super(type(self), self).__reduce__()
    return (_revive, (type(self).__name__, function, args), *state)


def _revive(name, function, args):
    made = function(*args)
    if name == "Generator":
        return Generator(made.bit_generator)
    return RandomState(made._bit_generator)


Generator = _generator_class(real.Generator)
RandomState = _generator_class(real.RandomState)


def _seeded_class(base):
    """A class that is seeded by arrays of ours too."""

    def __init__(self, *args, **kwargs):
        base.__init__(self, *map(to_host, args), **{name: to_host(value) for name, value in kwargs.items()})

    def __reduce__(self):
        function, args, *state = base.__reduce__(self)
        return (function, tuple([base if value is made else value for value in args]), *state)

    made = _GeneratorClass(
        base.__name__,
        (base,),
        {"_real": base, "__doc__": base.__doc__, "__module__": "numpy.random", "__init__": __init__, "__reduce__": __reduce__},
    )
    return made


_SEEDED = ("SeedSequence", "MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


@functools.wraps(real.default_rng, ("__doc__",))
def default_rng(seed=None):
    if isinstance(seed, real.Generator):
        return seed
    return Generator(real.default_rng(to_host(seed)).bit_generator)


def _provide():
    for name in _SEEDED:
        provided[f"random.{name}"] = _seeded_class(getattr(real, name))
    provided["random.Generator"] = Generator
    provided["random.RandomState"] = RandomState
    provided["random.default_rng"] = default_rng
    for name in real.__all__:
        function = getattr(real, name)
        # The global functions are bound methods of NumPy's global RandomState.
        if name in _NOT_DRAWING or isinstance(function, type) or not callable(function) or name == "default_rng":
            continue
        provided[f"random.{name}"] = make_drawing(function, f"random.{name}", "draws")
    for name in ("get_state", "set_state", "seed"):
        provided[f"random.{name}"] = getattr(real, name)


_provide()
