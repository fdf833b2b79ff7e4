"""Processes that multiprocessing starts afresh (spawn and forkserver) start through Numloom, and those of execnet, which
pytest's `-n` works with; forked ones are in script mode already.

What a parent sends to such a child before the child imports the user's main module is pickled. We add to it an object whose
unpickling switches the child to script mode, so no command line and no environment has to change.
"""

import os
import runpy

from numloom._fallback.after_import import after_import

_START = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child_start.py")


class _Start:
    def __init__(self, settings):
        self.settings = settings

    def __reduce__(self):
        # Only the standard library and an absolute path: the child may not have the package on its path yet.
        return runpy.run_path, (_START, {"settings": self.settings}, "numloom_child_start")


_installed = False


def install(options, roots, main_is_user):
    global _installed
    if _installed:
        return
    _installed = True
    settings = {
        "options": vars(options) | {"args": [], "target": ""},
        "roots": list(roots),
        "main_is_user": main_is_user,
        "parent": os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    }
    for name in ("multiprocessing.spawn", "joblib.externals.loky.backend.spawn", "loky.backend.spawn"):
        after_import(name, lambda module: _patch(module, settings))
    after_import("execnet.gateway_io", lambda module: _patch_execnet(module, settings))


def _patch(module, settings):
    plain = module.get_preparation_data

    def get_preparation_data(*args, **kwargs):
        data = plain(*args, **kwargs)
        data["numloom"] = _Start(settings)
        return data

    module.get_preparation_data = get_preparation_data


def _patch_execnet(module, settings):
    """Its children of this interpreter run one line of code each: ours goes before it."""
    plain = module.popen_args

    def popen_args(spec):
        args = plain(spec)
        if not spec.python:
            args[-1] = f"import runpy;runpy.run_path({_START!r},{{'settings':{settings!r}}},'numloom_child_start');{args[-1]}"
        return args

    module.popen_args = popen_args
