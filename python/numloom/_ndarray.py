"""Completes the compiled `ndarray`: protocols, text, pickling, and the methods that fall back.

The compiled type has the hot paths. Everything else that NumPy's ndarray has is attached here, once, so that attribute
access on an array never goes through Python code that guesses.
"""

import copyreg
import functools
import inspect
import math
import sys
import types

import numpy

from numloom import _core
from numloom._fallback.after_import import after_import
from numloom._fallback.convert import Loan, to_host
from numloom._fallback.function import reduced
from numloom._fallback.target import Target, running

ndarray = _core.ndarray
_real = numpy.ndarray


# ---------------------------------------------------------------------------------------------- protocols

_implementations = {}  # NumPy's function -> ours


def register(real, ours):
    """Calls of NumPy's own `real` on our arrays run `ours`."""
    _implementations[real] = ours


def _defer(kind):
    """Whether a type must decide about a call itself: it overrides the protocol and is no array of NumPy's."""
    return kind is not ndarray and not issubclass(kind, _real)


def __array_function__(self, func, types, args, kwargs):
    if any(map(_defer, types)):
        return NotImplemented
    stack = running()
    if stack and stack[-1] is func:
        # Already falling back: an array hid in a container that only NumPy can open. It converts through __array__.
        return func._implementation(*args, **kwargs)
    implementation = _implementations.get(func)
    if implementation is None:
        name = f"{func.__module__}.{func.__name__}".removeprefix("numpy.")
        implementation = _implementations[func] = Target(func, name).call_plain
    return implementation(*args, **kwargs)


def __array__(self, dtype=None, *, copy=None):
    view = _core.to_numpy(self)
    if _core.is_scalar(self):
        view = numpy.asarray(view)  # an array of its own, which may be written
    if dtype is not None and numpy.dtype(dtype) != view.dtype:
        if copy is False:
            raise ValueError("Unable to avoid copy while creating an array as requested.")
        return view.astype(dtype)
    return view.copy() if copy else view


def __array_namespace__(self, /, *, api_version=None):
    real = numpy.empty(0).__array_namespace__(api_version=api_version)  # NumPy checks the version
    assert real is numpy
    from numloom import _namespace

    return _namespace.facade() if _core.script_mode() else sys.modules["numloom"]


def __array_wrap__(self, array, context=None, return_scalar=False, /):
    if return_scalar and getattr(array, "ndim", None) == 0:
        return array[()]
    if issubclass(type(array), _real):
        return _core.wrap_result(array if type(array) is _real else array.view(_real))
    return array


# ---------------------------------------------------------------------------------------------- text, copies, pickles


def __format__(self, spec, /):
    return format(_core.to_numpy(self), spec)


def __reduce__(self, /):
    return _core.to_numpy(self).__reduce__()


def __reduce_ex__(self, protocol, /):
    return _core.to_numpy(self).__reduce_ex__(protocol)


def __copy__(self, /):
    return self.copy("K")


def __deepcopy__(self, memo, /):
    return self.copy("K")


_EMPTY = numpy.empty(0)
_DIMENSION = _real.__sizeof__(numpy.empty((0, 0))) - _real.__sizeof__(_EMPTY)


def __sizeof__(self, /):
    header = _real.__sizeof__(_EMPTY) + (self.ndim - 1) * _DIMENSION
    return header + (self.nbytes if self.base is None else 0)


# What NumPy's scalars have beyond its arrays: of a scalar of ours alone.
_OF_SCALARS = "as_integer_ratio bit_count denominator fromhex hex is_integer numerator".split()


def _scalar_attribute(name):
    def get(self):
        if _core.is_scalar(self):
            return getattr(_core.to_numpy(self)[()], name)
        raise AttributeError(f"'{type(self).__module__}.ndarray' object has no attribute {name!r}")

    return property(get)


def __trunc__(self):
    if not _core.is_scalar(self):
        raise TypeError("type numpy.ndarray doesn't define __trunc__ method")
    return math.trunc(_core.to_numpy(self)[()])


# ---------------------------------------------------------------------------------------------- flags


def setflags(self, /, write=None, align=None, uic=None):
    # `align` only ever describes: our arrays are aligned, and NumPy lets a flag be cleared without any effect on use.
    if _core.is_scalar(self):  # NumPy's scalars ignore it
        return
    if uic:
        raise ValueError("cannot set WRITEBACKIFCOPY flag to True")
    if write is None:
        return
    if write and not _may_write(self):
        raise ValueError("cannot set WRITEABLE flag to True of this array")
    _core.set_writeable(self, bool(write))


def _may_write(array):
    """NumPy's rule: an array may be made writeable if it owns its data, or what it views can be written."""
    base = array.base
    if base is None or array.flags.writeable:
        return True
    if isinstance(base, (_real, ndarray)):
        return bool(base.flags.writeable)
    try:
        return not memoryview(base).readonly
    except TypeError:
        return False


# ---------------------------------------------------------------------------------------------- the class itself


def _construct(cls, *args, **kwargs):
    """`np.ndarray(shape, ...)`; a derived class derives from NumPy's own and is made by it."""
    made = _real.__new__(_real if cls is ndarray else cls, *map(to_host, args), **{k: to_host(v) for k, v in kwargs.items()})
    return _core.from_numpy(made) if cls is ndarray else made


def _make_subclass(meta, name, bases, namespace, **kwargs):
    """`class Sub(np.ndarray)`: NumPy's own ndarray takes our place among the bases."""
    real_bases = tuple(_real if base is ndarray else base for base in bases)
    return types.new_class(name, real_bases, kwargs, lambda body: body.update(namespace))


def _take_our_class(cls):
    """Let `x.view(np.ndarray)` mean NumPy's class where a derived class asks about classes in Python."""
    plain = cls.view

    @functools.wraps(plain)
    def view(self, *args, **kwargs):
        args = [_real if value is ndarray else value for value in args]
        return plain(self, *args, **{name: _real if value is ndarray else value for name, value in kwargs.items()})

    cls.view = view


def _take_our_outputs(cls):
    """Let the methods of a derived class write an array of ours: `masked.sum(0, out=ours)`."""
    for name, plain in list(vars(cls).items()):
        if isinstance(plain, types.FunctionType) and "out" in plain.__code__.co_varnames[: plain.__code__.co_argcount]:
            setattr(cls, name, _lending_out(plain))


def _lending_out(plain):
    @functools.wraps(plain)
    def method(*args, **kwargs):
        if ndarray not in map(type, args) and type(kwargs.get("out")) is not ndarray:
            return plain(*args, **kwargs)
        loan = Loan()
        lent = [loan.lend(value) for value in args]
        result = plain(*lent, **{name: loan.lend(value) for name, value in kwargs.items()})
        owner = loan.owners.get(id(result))
        return result if owner is None else owner

    return method


def _adapt_masked_arrays(module):
    _take_our_class(module.MaskedArray)
    _take_our_outputs(module.MaskedArray)


_take_our_outputs(numpy.matrix)
after_import("numpy.ma.core", _adapt_masked_arrays)


class _EitherMethod:
    """`np.ndarray.sum` and the like, looked up on the class: works on our arrays and on NumPy's own."""

    __slots__ = ("__dict__", "_ours", "_real")

    def __init__(self, name, ours, real):
        self.__name__ = name
        self.__qualname__ = f"ndarray.{name}"
        self.__doc__ = getattr(real, "__doc__", None)
        self._ours = ours
        self._real = real

    @property
    def __signature__(self):
        return inspect.signature(self._real)

    @property
    def __text_signature__(self):
        return self._real.__text_signature__

    @property
    def __objclass__(self):
        return ndarray

    def __get__(self, instance, owner=None):
        return self if instance is None else types.MethodType(self, instance)

    def __call__(self, /, *args, **kwargs):
        if not args or issubclass(type(args[0]), _real):  # not isinstance: our arrays show its class
            return self._real(*args, **kwargs)
        return self._ours(*args, **kwargs)

    def __repr__(self):
        return f"<method '{self.__name__}' of 'numpy.ndarray' objects>"


_either = {}


def _class_attribute(cls, name):
    """Attributes of the class object. Attributes of arrays never come here."""
    if cls is ndarray:
        either = _either.get(name)
        if either is not None:
            return either
    return type.__getattribute__(cls, name)


def _is_instance(cls, instance):
    return type(instance) is ndarray or isinstance(instance, _real)


def _is_subclass(cls, subclass):
    return subclass is ndarray or issubclass(subclass, _real)


# ---------------------------------------------------------------------------------------------- attaching


def _fallback_method(name):
    from numloom._fallback import function

    return function.make(getattr(_real, name), "ndarray." + name)


def complete_methods(composites):
    """Methods whose work a composite does, `composites` being dotted name -> function. Called once, at import."""
    from numloom._fallback import function

    for name in ("repeat", "trace"):
        setattr(ndarray, name, function.make_composite(composites[name], getattr(_real, name), "ndarray." + name))


def _host_property(name):
    """An attribute that describes the memory itself: of a host view, which it keeps alive where NumPy's would."""
    return property(lambda self: getattr(_core.to_numpy(self), name), doc=getattr(_real, name).__doc__)


_METHODS = (
    __array_function__,
    __array__,
    __array_namespace__,
    __array_wrap__,
    __format__,
    __reduce__,
    __reduce_ex__,
    __copy__,
    __deepcopy__,
    __sizeof__,
    __trunc__,
    setflags,
)
# What only makes sense on the class, or that object already does right.
_SKIPPED = frozenset(
    """__new__ __init__ __init_subclass__ __subclasshook__ __class__ __dir__ __doc__ __getattribute__ __setattr__
    __delattr__ __getstate__ __hash__ __array_finalize__ __array_priority__ __array_ufunc__ __class_getitem__ __eq__ __ne__
    __lt__ __le__ __gt__ __ge__""".split()
)
# Of these, what derived classes call on the class.
_EITHER_TOO = frozenset("__array_finalize__ __array_ufunc__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__".split())


def complete():
    """Attach to the compiled type all that it lacks. Called once, at import."""
    for method in _METHODS:
        method.__qualname__ = "ndarray." + method.__name__
        setattr(ndarray, method.__name__, method)
    ndarray.device = property(
        lambda self: "cpu",
        lambda self, value: setattr(_core.to_numpy(self), "device", value),  # NumPy says that it cannot be set
        doc="As NumPy's; see numloom.device().",
    )
    for name in _OF_SCALARS:
        setattr(ndarray, name, _scalar_attribute(name))
    ndarray.__class_getitem__ = classmethod(_class_getitem)
    for name in dir(_real):
        if name in ndarray.__dict__ or name in _SKIPPED:
            continue
        setattr(ndarray, name, _fallback_method(name) if callable(getattr(_real, name)) else _host_property(name))
    ndarray.__new__ = staticmethod(_construct)
    ndarray.__doc__ = _real.__doc__
    _complete_class()


def _class_getitem(cls, item, /):
    _real[item]  # NumPy counts the arguments
    return types.GenericAlias(cls, item)


def _complete_class():
    meta = _core.ndarray_meta
    for name in dir(_real):
        if name in _SKIPPED - _EITHER_TOO:
            continue
        ours, real = getattr(ndarray, name, None), getattr(_real, name)
        if callable(real) and name not in ("__class__", "__class_getitem__"):
            _either[name] = _EitherMethod(name, ours, real)
    meta.__new__ = staticmethod(_make_subclass)
    meta.__instancecheck__ = _is_instance
    meta.__subclasscheck__ = _is_subclass
    meta.__getattribute__ = _class_attribute
    copyreg.pickle(meta, lambda cls: reduced("ndarray"))


def present_as(module):
    """Show the class as `module`.ndarray. Script mode presents it as NumPy's."""
    ndarray.__module__ = module
    _core.show_class_as(f"{module}.ndarray")
    if module == "numpy":
        # There are no scalars of ours there: arrays are as unhashable as NumPy's.
        ndarray.__hash__ = None
        for name in (*_OF_SCALARS, "__trunc__"):
            if name in ndarray.__dict__:
                delattr(ndarray, name)
    _core.flatiter.__module__ = _core.ufunc.__module__ = module
