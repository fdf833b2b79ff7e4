"""Processes that multiprocessing starts afresh (spawn and forkserver) start through Numloom; forked ones are in script
mode already.

What a parent sends to such a child before the child imports the user's main module is pickled. We add to it an object whose
unpickling switches the child to script mode, so no command line and no environment has to change.
"""

import dataclasses
import os
import runpy
import sys

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
        "options": dataclasses.asdict(options) | {"args": [], "target": ""},
        "roots": list(roots),
        "main_is_user": main_is_user,
        "parent": os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    }
    _patch_when_imported("multiprocessing.spawn", settings)
    _patch_when_imported("joblib.externals.loky.backend.spawn", settings)
    _patch_when_imported("loky.backend.spawn", settings)


def _patch(module, settings):
    plain = module.get_preparation_data

    def get_preparation_data(*args, **kwargs):
        data = plain(*args, **kwargs)
        data["numloom"] = _Start(settings)
        return data

    module.get_preparation_data = get_preparation_data


def _patch_when_imported(name, settings):
    """Patch the module now, or right after its first import: importing it here would slow down every start."""
    if name in sys.modules:
        _patch(sys.modules[name], settings)
        return
    sys.meta_path.insert(0, _Finder(name, settings))


class _Finder:
    def __init__(self, name, settings):
        self._name = name
        self._settings = settings

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        import importlib.util

        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        plain_exec = spec.loader.exec_module

        def exec_module(module):
            plain_exec(module)
            _patch(module, self._settings)

        spec.loader.exec_module = exec_module
        return spec
