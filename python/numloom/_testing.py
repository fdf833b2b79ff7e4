"""`numpy.testing` with arrays of ours, in library mode too: its assertions ask for NumPy's class, and get host views."""

import types

from numloom._fallback import tables
from numloom._fallback.after_import import after_import
from numloom._fallback.function import make_lending


def _lend(module):
    for name in module.__all__:
        plain = getattr(module, name, None)
        if not name.startswith("assert_") or f"testing.{name}" in tables.PLAIN or not isinstance(plain, types.FunctionType):
            continue
        setattr(module, name, make_lending(plain))


def install():
    after_import("numpy.testing", _lend)
