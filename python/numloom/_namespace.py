"""NumPy's names on Numloom: which object stands behind each.

In this order: what the compiled module has, what `_api` composes, NumPy's own object where it is a class, a dtype, a
constant or a function of plain values, and for any other function its fallback. Submodules are facades that resolve
their names when first asked. NumPy's modules themselves are never changed.
"""

import importlib
import sys
import types

import numpy

from numloom import _api, _core, _ndarray
from numloom._fallback import function, tables

_function_types = (types.FunctionType, types.BuiltinFunctionType, type(numpy.sum))
_native_ufuncs = {}  # NumPy's ufunc -> ours
_by_real = {}  # id of NumPy's function -> ours; the functions are kept alive by their modules
_provided = {}
_facades = {}

# Modules that code asks for by name though numpy does not list them.
_SUBMODULES = (
    "char ctypeslib dtypes emath exceptions fft lib linalg ma matlib polynomial random rec strings testing typing version"
).split()


def resolve(real, name):
    """Our object for NumPy's `real`, whose dotted name is `name`."""
    ours = _provided.get(name)
    if ours is not None:
        return ours
    if isinstance(real, numpy.ufunc):
        return _native_ufuncs.get(real, real)
    if isinstance(real, types.ModuleType):
        return facade(real.__name__) if real.__name__.partition(".")[0] == "numpy" else real
    if real is numpy.ndarray:
        return _core.ndarray
    if not isinstance(real, _function_types):
        return real
    ours = _by_real.get(id(real))
    if ours is None:
        ours = real if name in tables.PLAIN else function.make(real, name)
        _by_real[id(real)] = ours
        if ours is not real:
            _ndarray.register(real, ours)
    return ours


class Facade(types.ModuleType):
    """A module of NumPy's as Numloom offers it. Names resolve when first used and then stay."""

    def __init__(self, name):
        super().__init__(name)
        self.__dict__.pop("__loader__", None)
        self.__dict__["_real_name"] = name

    def _real(self):
        name = self.__dict__["_real_name"]
        return sys.modules.get(name) or importlib.import_module(name)

    def __getattr__(self, name):
        real_module = self._real()
        try:
            real = getattr(real_module, name)
        except AttributeError:
            if name.startswith("__"):
                raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None
            raise
        if name.startswith("__"):
            return real
        dotted = f"{self.__dict__['_real_name']}.{name}".removeprefix("numpy.")
        ours = resolve(real, dotted)
        self.__dict__[name] = ours
        return ours

    def __dir__(self):
        return dir(self._real())

    def __repr__(self):
        return repr(self._real()).replace("<module 'numpy", f"<module '{self.__name__.partition('.')[0]}", 1)

    def __reduce__(self):
        return importlib.import_module, (self.__name__,)


def facade(name="numpy"):
    """The facade of NumPy's module of that full name."""
    found = _facades.get(name)
    if found is None:
        found = _facades[name] = Facade(name)
        if hasattr(sys.modules.get(name), "__file__"):
            # The interpreter reads it here, not through __getattr__, to word an ImportError.
            found.__dict__["__file__"] = sys.modules[name].__file__
    return found


def build():
    """Resolve NumPy's public names; returns them as a dict. Called once, at import."""
    _provided.update(_api.load())
    for name, ours in _core.functions.items():
        real = getattr(numpy, name, None)
        _provided[name] = function.make_native(ours, real, name) if real is not None else ours
    for name, ours in _core.ufuncs.items():
        real = getattr(numpy, name, None)
        if isinstance(real, numpy.ufunc):
            _native_ufuncs[real] = ours
            _by_real[id(real)] = ours
    from numloom import _random

    _provided.update(_random.provided)
    for name, ours in list(_provided.items()):
        real = _lookup(name)
        if isinstance(real, _function_types):
            _by_real[id(real)] = ours
            _ndarray.register(real, ours)
            if isinstance(ours, types.FunctionType):
                function.describe(ours, real, name)
    names = {}
    top = facade()
    for name in numpy.__all__:
        if name not in ("f2py", "test", "core"):
            names[name] = getattr(top, name)
    return names


def _lookup(dotted):
    owner = numpy
    for part in dotted.split("."):
        owner = getattr(owner, part, None)
    return owner


def register_submodules(package):
    """Let `import numloom.linalg` and `from numloom.linalg import norm` find the facades."""
    for name in _SUBMODULES:
        sys.modules[f"{package}.{name}"] = facade("numpy.lib.scimath" if name == "emath" else f"numpy.{name}")
