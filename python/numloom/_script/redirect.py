"""Redirects `import numpy` in the user's modules to the facade.

`builtins.__import__` and `importlib.import_module` are replaced by functions that look at who imports. `numpy` in
`sys.modules` stays NumPy: third-party libraries, and pickles, never see anything else.
"""

import builtins
import functools
import importlib
import sys

from numloom import _core, _namespace

_user = None
_import = builtins.__import__
_import_module = importlib.import_module


def _import_numpy(name, globals=None, locals=None, fromlist=(), level=0):
    """`__import__` for NumPy's names."""
    module = _import(name, globals, locals, fromlist, level)
    if level:
        return module
    frame = sys._getframe(1)
    if not _user.redirects(frame.f_globals if globals is None else globals, frame):
        return module
    return _namespace.facade(name if fromlist else "numpy")


def install(user):
    """Redirect the imports of `user`'s modules from now on."""
    global _user
    if _user is not None:
        _user = user
        return
    _user = user
    # The compiled hook leaves no frame of ours in the traceback of a failing import.
    builtins.__import__ = _core.import_hook(_import, _import_numpy)

    @functools.wraps(_import_module)
    def import_module(name, package=None):
        module = _import_module(name, package)
        if name.partition(".")[0] == "numpy":
            frame = sys._getframe(1)
            if _user.redirects(frame.f_globals, frame):
                return _namespace.facade(name)
        return module

    importlib.import_module = import_module
