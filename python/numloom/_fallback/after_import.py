"""Acts right after another module's first import, without importing it: that would slow down every start."""

import sys

_actions = {}


def after_import(name, action):
    """Call `action(module)` once the module of that full name has been imported; at once if it has been."""
    if name in sys.modules:
        action(sys.modules[name])
        return
    if not _actions:
        sys.meta_path.insert(0, _Finder())
    _actions.setdefault(name, []).append(action)


class _Finder:
    """First on the path: finds nothing itself, but has the loader of an awaited module act when it is done."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in _actions:
            return None
        for finder in list(sys.meta_path):
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = find and find(fullname, path, target)
            if spec is not None:
                break
        else:
            return None
        if spec.loader is None:
            return spec
        plain_exec = spec.loader.exec_module

        def exec_module(module):
            plain_exec(module)
            for action in _actions.pop(fullname, ()):
                action(module)

        spec.loader.exec_module = exec_module
        return spec
