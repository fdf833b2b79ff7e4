"""The face of a NumPy function that runs as a fallback: its name, its documentation, its signature."""

import copyreg
import functools

from numloom import _core
from numloom._fallback.convert import Loan
from numloom._fallback.target import Target


def _kind(real):
    """Functions bind to instances where NumPy's do."""
    return _core.function if hasattr(type(real), "__get__") else _core.builtin_function


def make(real, name):
    """A function that runs NumPy's `real` on host views, with no frame of ours between the caller and NumPy."""
    target = Target(real, name)
    function = target.function = _kind(real)(real, target.begin)
    describe(function, real, name)
    function.__module__ = getattr(real, "__module__", "numpy")
    return function


def make_drawing(real, name, mode):
    """The same for a drawing function of a random generator ('draws') or a method that draws ('method')."""
    function = _core.function(real, Target(real, name).begin, mode)
    describe(function, real, name)
    function.__module__ = "numpy.random"
    return function


def make_native(native, real, name):
    """A compiled function under NumPy's name, with its documentation and signature. Calls cost what the function costs."""
    function = _kind(real)(real, native, "native")
    describe(function, real, name)
    function.__module__ = getattr(real, "__module__", "numpy")
    return function


def make_composite(ours, real, name):
    """A composite under NumPy's name: the module that it shows is NumPy's, which user code looks functions up by."""
    function = _kind(real)(real, ours, "direct")
    describe(function, real, name)
    function.__module__ = getattr(real, "__module__", "numpy")
    return function


def make_lending(real):
    """A library's function that gets host views in place of our arrays; its results are left as they are."""

    def begin(args, kwargs):
        loan = Loan()
        lent = tuple([loan.lend(x, True) for x in args])
        return real, lent, {k: loan.lend(x, True) for k, x in kwargs.items()} if kwargs else None, _as_it_is

    function = _core.function(real, begin, "lends")
    functools.update_wrapper(function, real)
    return function


def _as_it_is(box):
    return box[0] if box else None


def describe(ours, real, name):
    """Give `ours` the metadata of NumPy's `real`, as far as its type lets it be set."""
    for attribute, value in (
        ("__name__", getattr(real, "__name__", name.rpartition(".")[2])),
        ("__qualname__", getattr(real, "__qualname__", name.rpartition(".")[2])),
        ("__doc__", getattr(real, "__doc__", None)),
        ("__wrapped__", real),
        ("_numloom_name", name),
    ):
        try:
            setattr(ours, attribute, value)
        except (AttributeError, TypeError):
            pass


def _reduce(self):
    name = self.__dict__.get("_numloom_name")
    return self.__qualname__ if name is None else (restore, (name,))


def restore(name):
    """The function of a dotted name: how our functions are pickled."""
    from numloom import _namespace

    owner = _namespace.facade()
    for part in name.split("."):
        owner = getattr(owner, part)
    return owner


_core.function.__reduce__ = _core.builtin_function.__reduce__ = _reduce
copyreg.pickle(_core.ufunc, lambda ufunc: (restore, (ufunc.__name__,)))
