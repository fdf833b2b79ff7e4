"""Functions of other libraries' compiled modules get host views of our arrays: same storage, no copy on the host.

What is written against NumPy's C API looks into NumPy's own objects and takes no other; and a module that names NumPy looks for
its class, or leaves the rest to a library of its own that it is linked to. Its callers are no help: a library that
asks `isinstance(x, numpy.ndarray)` hands ours on, and so do callbacks of the user's that return them. So the functions and
the methods of such a module lend, from its import on. Calls without an array of ours go straight to them. A package that reads
arrays on the GPU (CuPy) is left: it takes ours as they are, where they are.
"""

import builtins
import functools
import importlib.machinery
import os
import sys
import types

from numloom import _core
from numloom._fallback.after_import import after_import
from numloom._fallback.function import make_lending

_loader = importlib.machinery.ExtensionFileLoader
# Fused functions of Cython's are left: they are indexed by type, and take any buffer.
_FUNCTIONS = ("builtin_function_or_method", "cython_function_or_method", "method_descriptor")
_OURS = frozenset(("numpy", "numloom"))
_OTHERS = _OURS | sys.stdlib_module_names
_PYTHONS = frozenset(value for module in (builtins, types) for value in vars(module).values() if isinstance(value, type))
_LEFT = _OURS | frozenset(("cupy", "cupy_backends", "cupyx"))
_NAMES = b"_ARRAY_API", b"numpy"  # the capsule with NumPy's C functions, which may also be read by a library linked to


def install():
    plain_exec = _loader.exec_module

    @functools.wraps(plain_exec)
    def exec_module(self, module):
        plain_exec(self, module)
        _adapt(module)

    _loader.exec_module = exec_module
    _adapt_loaded()
    after_import("numpy.random", _adapt_generators)


def _adapt_generators(random):
    """Those that libraries made, and gave to user code."""
    _adapt_class(random.RandomState)
    _adapt_class(random.Generator)


def _adapt_loaded():
    """Modules from before us: other modules may hold their functions, too."""
    replaced = {}
    for module in list(sys.modules.values()):
        if isinstance(getattr(getattr(module, "__spec__", None), "loader", None), _loader):
            replaced.update(_adapt(module))
    if not replaced:
        return
    for module in list(sys.modules.values()):
        if type(module) is types.ModuleType:
            for name, value in list(vars(module).items()):
                pair = replaced.get(id(value))
                if pair is not None:
                    setattr(module, name, pair[1])


def _adapt(module):
    """Have the module's functions and methods lend. Returns what was replaced: id of a function -> it and its replacement."""
    if _is_of(module.__name__, _LEFT) or not _is_against_numpy(getattr(module, "__file__", None)):
        return {}
    replaced = {}
    for key, value in list(vars(module).items()):
        if key.startswith("__"):
            continue
        if _is_function(value):
            made = _lending(value)
            replaced[id(value)] = value, made
            setattr(module, key, made)
        elif isinstance(value, type) and _is_librarys(value):
            _adapt_class(value)
    return replaced


def _is_of(module, packages):
    return isinstance(module, str) and module.partition(".")[0] in packages


def _is_librarys(cls):
    """Modules hold classes of Python's and NumPy's, too. Those of C may name no module, which is as if they were Python's."""
    if cls.__module__ == "builtins":
        return cls not in _PYTHONS
    return not _is_of(cls.__module__, _OTHERS)


def _is_against_numpy(file):
    try:
        if os.path.basename(os.path.dirname(file)) == "lib-dynload":  # the interpreter's own
            return False
        import mmap

        # Such files can be large: mapped, what is read of them is not the process's own memory.
        with open(file, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as memory:
            return any(memory.find(name) >= 0 for name in _NAMES)
    except (OSError, TypeError, ValueError):
        return False


def _is_function(value):
    return type(value).__name__ in _FUNCTIONS


def _lending(function):
    made = make_lending(function)
    return _core.as_builtin(made) if isinstance(function, types.BuiltinFunctionType) else made


def _adapt_class(cls):
    for name, value in list(vars(cls).items()):
        if type(value).__name__ == "instancemethod":  # how pybind11 binds its functions, the special ones too
            if isinstance(value.__func__, types.BuiltinFunctionType):
                _core.set_in_class(cls, name, type(value)(_lending(value.__func__)))
        elif name in ("__call__", "__init__") and type(value) is types.WrapperDescriptorType:
            _core.set_in_class(cls, name, make_lending(value))
        elif name.startswith("__"):
            continue
        elif _is_function(value):
            _core.set_in_class(cls, name, make_lending(value))
        elif isinstance(value, staticmethod | classmethod) and _is_function(value.__func__):
            _core.set_in_class(cls, name, type(value)(make_lending(value.__func__)))
