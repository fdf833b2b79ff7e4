"""`np.random` on Numloom: NumPy's own generators, whose arrays come out as ours.

The numbers, the streams and the global state are NumPy's, bit for bit: `seed` here and NumPy's in a library steer the same
generator. A fresh array is adopted without a copy.
"""

import copyreg
import functools

import numpy.random as real

from numloom._core import add_bit_generator
from numloom._fallback.convert import to_host
from numloom._fallback.function import make_composite, make_drawing, reduce_class

provided = {}


class _GeneratorClass(type):
    """NumPy's own generators, made by libraries, are instances too."""

    def __instancecheck__(cls, instance):
        return isinstance(instance, cls._real) if "_real" in cls.__dict__ else type.__instancecheck__(cls, instance)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, cls._real) if "_real" in cls.__dict__ else type.__subclasscheck__(cls, subclass)


_NOT_DRAWING = frozenset(("get_state", "set_state", "seed", "spawn"))


# Methods that call others of `self` and look at the class of what those return: NumPy's own object on the same bit generator does
# them. (A RandomState also keeps half of a pair of normal numbers, which none of these touches.)
_DRAW_THROUGH_SELF = {real.Generator: ("choice", "multivariate_normal"), real.RandomState: ("choice",)}


def _on_plain(base, method):
    @functools.wraps(method)
    def call(self, *args, **kwargs):
        return method(base(self._bit_generator), *args, **kwargs)

    return call


def _named(base):
    """What a class that stands for NumPy's `base` says of itself."""
    name = f"random.{base.__name__}"
    return {"_real": base, "_numloom_name": name, "__doc__": base.__doc__, "__module__": "numpy.random"}


def _generator_class(base):
    body = {**_named(base), "__reduce__": _reduce}
    for name in dir(base):
        if name.startswith("_") or name in _NOT_DRAWING:
            continue
        method = getattr(base, name)
        method = getattr(method, "__wrapped__", method)  # NumPy's own, below the one that lends (_fallback/compiled.py)
        if callable(method):
            if name in _DRAW_THROUGH_SELF[base]:
                method = _on_plain(base, method)
            mode = "shared" if base is real.Generator else "method"
            body[name] = make_drawing(method, f"random.{base.__name__}.{name}", mode)
    return _GeneratorClass(base.__name__, (base,), body)


def _reduce(self):
    # What NumPy pickles, made by a class of ours.
    _, args, *state = self._real.__reduce__(self)
    return (type(self), args, *state)


copyreg.pickle(_GeneratorClass, reduce_class)
Generator = _generator_class(real.Generator)
RandomState = _generator_class(real.RandomState)


def _seeded_class(base):
    """A class that is seeded by arrays of ours too."""

    def __init__(self, *args, **kwargs):
        base.__init__(self, *map(to_host, args), **{name: to_host(value) for name, value in kwargs.items()})

    made = _GeneratorClass(
        base.__name__,
        (base,),
        {**_named(base), "__init__": __init__},
    )
    return made


# The bit generators that threads can share, with what python/bindings/draw.h wants to know of them.
_MULTIPLIERS = {"PCG64": 0x2360ED051FC65DA44385DF649FCCF645, "PCG64DXSM": 0xDA942042E4DD58B5, "MT19937": 0}
_SEEDED = ("SeedSequence", "MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


@functools.wraps(real.default_rng, ("__doc__",))
def default_rng(seed=None):
    if isinstance(seed, real.Generator):
        return seed
    return Generator(real.default_rng(to_host(seed)).bit_generator)


def _provide():
    for name in _SEEDED:
        provided[f"random.{name}"] = shared = _seeded_class(getattr(real, name))
        if name in _MULTIPLIERS:
            for cls in (getattr(real, name), shared):
                add_bit_generator(cls, _MULTIPLIERS[name])
    provided["random.Generator"] = Generator
    provided["random.RandomState"] = RandomState
    provided["random.default_rng"] = make_composite(default_rng, real.default_rng, "random.default_rng")
    for name in real.__all__:
        function = getattr(real, name)
        # The global functions are bound methods of NumPy's global RandomState.
        if name in _NOT_DRAWING or isinstance(function, type) or not callable(function) or name == "default_rng":
            continue
        provided[f"random.{name}"] = make_drawing(function, f"random.{name}", "draws")
    for name in ("get_state", "set_state", "seed"):
        provided[f"random.{name}"] = getattr(real, name)


_provide()
