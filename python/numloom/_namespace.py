"""NumPy's names on Numloom: which object stands behind each.

In this order: what the compiled module has, what `_api` composes, NumPy's own object where it is a class, a dtype, a
constant or a function of plain values, and for any other function its fallback. Submodules are facades that resolve
their names when first asked. NumPy's modules themselves are never changed.
"""

import functools
import importlib
import importlib.machinery
import sys
import types

import numpy

from numloom import _api, _core, _ndarray
from numloom._fallback import function, tables

_function_types = (types.FunctionType, types.BuiltinFunctionType, type(numpy.sum))
_native_ufuncs = {}  # NumPy's ufunc -> ours
_by_real = {}  # id of NumPy's function -> ours; the functions are kept alive by their modules
_provided = {}
_classes = {numpy.ndarray: _core.ndarray}  # NumPy's class -> ours, under whatever name it is found
_facades = {}


def resolve(real, name):
    """Our object for NumPy's `real`, whose dotted name is `name`."""
    ours = _provided.get(name)
    if ours is not None:
        return ours
    if isinstance(real, numpy.ufunc):
        return _native_ufuncs.get(real, real)
    if isinstance(real, types.ModuleType):
        return facade(real.__name__) if real.__name__.partition(".")[0] == "numpy" else real
    if isinstance(real, type):
        return _classes.get(real, real)
    if not isinstance(real, _function_types):
        return real
    ours = _by_real.get(id(real))
    if ours is None:
        ours = real if name in tables.PLAIN else function.make(real, name)
        _by_real[id(real)] = ours
        if ours is not real:
            _ndarray.register(real, ours)
    return ours


def known(real):
    """Our object for one of NumPy's functions or ufuncs, where there is one; else `real`."""
    ours = _by_real.get(id(real))
    return _native_ufuncs.get(real, real) if ours is None else ours


_space = vars(types.ModuleType)["__dict__"].__get__  # what a module holds now


_ORIGIN = frozenset("__cached__ __file__ __loader__ __path__ __spec__".split())
_HOOKS = ("__getattr__", "__dir__")


def _resolve_in(module, name):
    """The attribute `name` of a facade, which then has it."""
    space = _space(module)
    real_name = space["_real_name"]
    real_module = sys.modules.get(real_name)
    if real_module is None:
        if name in _ORIGIN:  # asked of every module there is, by code that goes through sys.modules
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        real_module = importlib.import_module(real_name)
    try:
        real = getattr(real_module, name)
    except AttributeError:
        if name.startswith("__"):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}") from None
        raise
    if name.startswith("__"):
        return real
    ours = resolve(real, f"{real_name}.{name}".removeprefix("numpy."))
    if name in vars(real_module):  # what NumPy makes up when asked may warn each time
        space[name] = ours
    return ours


# Programs take names out of these all the time, which the interpreter does fast for plain modules only: theirs are all resolved
# when the module is first asked for. The others are seldom used, or have hundreds of names.
_PLAIN_FACADES = frozenset(("numpy", "numpy.linalg", "numpy.random", "numpy.fft", "numpy.char", "numpy.strings"))


def _plain_facade(name):
    module = types.ModuleType(name)
    space = module.__dict__
    real = vars(importlib.import_module(name))
    space.update({key: value for key, value in real.items() if key.startswith("__") and key not in _HOOKS})
    space["_real_name"] = name

    def __getattr__(name):
        # Programs copy a module's whole dictionary into another's: there this must not answer for that module's own marks.
        if name.startswith("__"):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        return _resolve_in(module, name)

    space["__getattr__"] = __getattr__
    space["__dir__"] = lambda: dir(sys.modules[name])
    return module


def _complete(module):
    """Resolve every name that NumPy's module holds."""
    real = importlib.import_module(module._real_name)
    for name in list(vars(real)):
        if not name.startswith("__") and name not in module.__dict__:
            _resolve_in(module, name)
    # The interpreter takes names fast only from modules without a `__getattr__`.
    if isinstance(module, Facade) or hasattr(real, "__getattr__"):
        return
    for name, value in vars(real).items():
        if name not in ("__loader__", "__builtins__", "__cached__"):
            module.__dict__.setdefault(name, value)
    del module.__dict__["__getattr__"]


class Facade(types.ModuleType):
    """A module of NumPy's as Numloom offers it. Names resolve when first used and then stay."""

    def __init__(self, name):
        super().__init__(name)
        _space(self).pop("__loader__", None)
        _space(self)["_real_name"] = name

    @property
    def __dict__(self):
        """Who asks for it wants every name: `vars(np)`."""
        space = _space(self)
        if "_real_name" in space and "_complete" not in space:
            space["_complete"] = True
            for name in list(vars(self._real())):
                if not name.startswith("__") and name not in space:
                    getattr(self, name)
        return space

    def _real(self):
        name = _space(self)["_real_name"]
        return sys.modules.get(name) or importlib.import_module(name)

    def __getattr__(self, name):
        return _resolve_in(self, name)

    def __dir__(self):
        return dir(self._real())

    def __repr__(self):
        return repr(self._real()).replace("<module 'numpy", f"<module '{self.__name__.partition('.')[0]}", 1)

    def __reduce__(self):
        return importlib.import_module, (self.__name__,)


def facade(name="numpy"):
    """The facade of NumPy's module of that full name."""
    found = _facades.get(name)
    if found is not None:
        return found
    if name == "numpy.random" or name.startswith("numpy.random."):
        _provide_random()
    if name in _PLAIN_FACADES:
        found = _facades[name] = _plain_facade(name)
        _complete(found)
        return found
    found = _facades[name] = Facade(name)
    if hasattr(sys.modules.get(name), "__file__"):
        # The interpreter reads it here, not through __getattr__, to word an ImportError.
        _space(found)["__file__"] = sys.modules[name].__file__
    return found


@functools.cache
def _provide_random():
    """NumPy imports its generators when they are first asked for, since that takes a while; so do we."""
    from numloom import _random

    _provide(_random.provided)


def public():
    """The names that NumPy lists as its own, less those that it is about to lose."""
    return [name for name in numpy.__all__ if name not in ("f2py", "test", "core")]


def build():
    """Resolve NumPy's public names; returns them as a dict. Called once, at import."""
    _provided.update(_api.load())
    _ndarray.complete_methods(_provided)
    for name, ours in _core.functions.items():
        real = getattr(numpy, name, None)
        _provided[name] = function.make_native(ours, real, name) if real is not None else ours
    for name, ours in _core.ufuncs.items():
        real = getattr(numpy, name, None)
        if isinstance(real, numpy.ufunc):
            _native_ufuncs[real] = ours
            _by_real[id(real)] = ours
    _provide(_provided)
    names = {}
    top = facade()
    for name in public():
        # Modules that NumPy imports when first asked for, so do we: __getattr__ of the package finds them.
        if name in vars(numpy):
            names[name] = getattr(top, name)
    return names


def _provide(objects):
    """Let the names in `objects` stand for NumPy's."""
    _provided.update(objects)
    # One function of NumPy's is one of ours, whatever names it has: the name that it calls itself comes first.
    reals = {name: _lookup(name) for name in objects}
    _classes.update({real: objects[name] for name, real in reals.items() if isinstance(real, type)})
    for name in sorted(objects, key=lambda name: getattr(reals[name], "__name__", None) != name):
        real = reals[name]
        if isinstance(real, _function_types):
            ours = _provided[name]
            if isinstance(ours, types.FunctionType) and id(real) not in _by_real:
                ours = function.make_composite(ours, real, name)
            ours = _provided[name] = _by_real.setdefault(id(real), ours)
            _ndarray.register(real, ours)


def _lookup(dotted):
    owner = numpy
    for part in dotted.split("."):
        owner = getattr(owner, part, None)
    return owner


class _Finder:
    """Lets `import numloom.linalg` and `from numloom.ma.core import MaskedArray` find the facades of NumPy's modules.

    First on the path: a facade shows the folder of NumPy's package, from which the interpreter would load a second copy.
    """

    def __init__(self, package):
        self._package = package

    def find_spec(self, fullname, path=None, target=None):
        package, _, name = fullname.partition(".")
        if package != self._package:
            return None
        parent = sys.modules[fullname.rpartition(".")[0]]
        if "_real_name" not in _space(parent) and importlib.machinery.PathFinder.find_spec(fullname, path):
            return None  # a module of our own
        try:
            importlib.import_module(f"numpy.{name}")
        except ModuleNotFoundError as error:
            if error.name is None or not f"numpy.{name}".startswith(error.name):
                raise
            return None
        return importlib.machinery.ModuleSpec(fullname, self)

    def create_module(self, spec):
        return facade("numpy." + spec.name.partition(".")[2])

    def exec_module(self, module):
        pass


def register_submodules(package):
    """Let imports of the package's submodules find the facades."""
    sys.meta_path.insert(0, _Finder(package))
