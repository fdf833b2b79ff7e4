"""Lets functions compiled by Numba take our arrays: they get host views of the same storage, and results come back as ours.

Numba's dispatchers read the memory of exactly NumPy's class, so the conversion happens at the call from Python.
"""

from numloom import _core
from numloom._fallback.convert import Loan

_installed = False


def install():
    """Patch Numba's dispatcher; does nothing while Numba is not fully imported, or when it has been done."""
    global _installed
    if _installed:
        return
    import sys

    module = sys.modules.get("numba.core.dispatcher")
    dispatcher = getattr(module, "Dispatcher", None)
    if dispatcher is None:
        return
    _installed = True
    ours = _core.ndarray
    plain_call = dispatcher.__call__

    def __call__(self, *args, **kwargs):
        for value in args:
            kind = type(value)
            if kind is ours or kind is tuple or kind is list:
                break
        else:
            if not kwargs:
                return plain_call(self, *args)
        loan = Loan()
        args = [loan.lend(value, True) for value in args]
        kwargs = {key: loan.lend(value, True) for key, value in kwargs.items()}
        if not loan.views:
            return plain_call(self, *args, **kwargs)
        return loan.take_back([plain_call(self, *args, **kwargs)])

    dispatcher.__call__ = __call__
