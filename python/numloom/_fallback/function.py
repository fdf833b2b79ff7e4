"""The face of a NumPy function that runs as a fallback: its name, its documentation, its signature."""

import copyreg
import functools
import importlib
import operator

from numloom import _core
from numloom._fallback import tables
from numloom._fallback.convert import LibraryLoan
from numloom._fallback.target import Target, target_of


def _kind(real):
    """Functions bind to instances where NumPy's do."""
    return _core.function if hasattr(type(real), "__get__") else _core.builtin_function


def make(real, name):
    """A function that runs NumPy's `real` on host views, with no frame of ours between the caller and NumPy."""
    target = Target(real, name)
    function = target.function = describe(_kind(real)(real, target.begin), real, name)
    return function


@functools.cache
def declining(name, reason):
    """NumPy's function of that dotted name for what a composite of ours leaves to it, noted under `reason`."""
    target = Target(target_of(name).real, name)
    function = _core.builtin_function(target.real, lambda args, kwargs: target.begin(args, kwargs, reason))
    function._numloom_name, function._numloom_reason = name, reason
    target.function = function
    return function


def make_drawing(real, name, mode):
    """The same for a drawing function of a random generator ('draws') or a method that draws ('method'; 'shared': of NumPy's
    Generator, whose large requests are shared out to threads)."""
    return describe(_core.function(real, Target(real, name).begin, mode), real, name, "numpy.random")


def make_native(native, real, name):
    """A compiled function under NumPy's name, with its documentation and signature. Calls cost what the function costs."""
    return describe(_kind(real)(real, native, "native"), real, name)


def make_composite(ours, real, name):
    """A composite under NumPy's name: the module that it shows is NumPy's, which user code looks functions up by."""
    function = describe(_kind(real)(real, ours, "direct"), real, name)
    work = name.removeprefix("ndarray.")
    if work in tables.SMALL_TO_NUMPY or work in tables.SCALARS_TO_NUMPY:
        function.small = 2 if work in tables.SMALL_TO_NUMPY else 1
    return function


def make_lending(real, borrow=LibraryLoan):
    """A library's function that gets host views in place of our arrays, as the class `borrow` lends them; its results are left as
    they are, but that a view which it gives back is our array."""

    def begin(args, kwargs):
        loan = borrow()
        lent = tuple([loan.lend(x) for x in args])
        return real, lent, {k: loan.lend(x) for k, x in kwargs.items()} if kwargs else None, loan.own

    function = _kind(real)(real, begin, "lends")
    functools.update_wrapper(function, real)
    return function


def describe(ours, real, name, module=None):
    """`ours` with the metadata of NumPy's `real`."""
    last = name.rpartition(".")[2]
    ours.__name__ = getattr(real, "__name__", last)
    ours.__qualname__ = getattr(real, "__qualname__", last)
    ours.__doc__ = getattr(real, "__doc__", None)
    ours.__module__ = module or getattr(real, "__module__", "numpy")
    ours.__wrapped__ = getattr(real, "__wrapped__", real)
    ours._numloom_name = name
    return ours


class Namespace:
    """Pickles as the module that the program imported: in script mode NumPy, so that reading the pickle needs no Numloom, and
    where user code of script mode reads it that is the facade."""

    def __reduce__(self):
        return importlib.import_module, ("numpy" if _core.script_mode() else "numloom",)


def _reduce(self):
    name = self.__dict__.get("_numloom_name")
    return self.__qualname__ if name is None else reduced(name)


def reduced(name):
    """How our object of that dotted name is pickled."""
    return operator.attrgetter(name), (Namespace(),)


_core.function.__reduce__ = _core.builtin_function.__reduce__ = _reduce
for _kind_of_function in (_core.function, _core.builtin_function, _core.ufunc):
    _kind_of_function.__copy__ = _kind_of_function.__deepcopy__ = lambda self, memo=None: self
copyreg.pickle(_core.ufunc, lambda ufunc: reduced(ufunc.__name__))


class NumpysClass(type):
    """The class of classes of ours that stand for NumPy's, and pickle by the dotted name that they say."""


def reduce_class(cls):
    name = cls.__dict__.get("_numloom_name")
    return cls.__qualname__ if name is None else reduced(name)


copyreg.pickle(NumpysClass, reduce_class)
