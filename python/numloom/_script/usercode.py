"""Whose imports are redirected: the user's own modules.

The user's are `__main__` and the files under the roots (the script's folder, or the current directory with -m and -c), less
installed packages, the standard library, environments that lie inside a root, and modules that import Numba: Numba
compiles what it knows, NumPy's own functions. A decision is made once for each module.
"""

import os
import re
import sys

_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
_INSTALLED = ("site-packages", "dist-packages")


class UserCode:
    def __init__(self, roots, include=(), exclude=(), main_is_user=True, main_source=None):
        self._roots = [os.path.realpath(root) for root in roots]
        self._include = tuple(include)
        self._exclude = tuple(exclude)
        self._main_is_user = main_is_user
        self._main_source = main_source
        self._decisions = {}
        self._environments = {}
        # As sysconfig says, whose table of the build's variables takes a megabyte.
        own = os.path.join(sys.base_exec_prefix, sys.platlibdir, "python{}.{}".format(*sys.version_info))
        self._library = {os.path.realpath(path) for path in (os.path.dirname(os.__file__), own)}

    def redirects(self, module_globals, frame=None):
        """Whether an import made with these globals is redirected. `frame` is where to look when they name no file."""
        name = module_globals.get("__name__")
        file = module_globals.get("__file__")
        if file is None:
            spec = module_globals.get("__spec__")
            file = getattr(spec, "origin", None) if getattr(spec, "has_location", False) else None
        if file is None and name not in ("__main__", "__mp_main__"):
            return self._redirects_runner(frame)
        key = (name, file)
        decision = self._decisions.get(key)
        if decision is None:
            decision = self._decisions[key] = self._decide(name, file, module_globals)
        if not decision and file is not None and frame is not None and frame.f_globals is module_globals:
            # Code made from text in a module of the standard library, as timeit does. A compiled module has no frame, and shows
            # that of the import system.
            source = frame.f_code.co_filename
            if source.startswith("<") and not source.startswith("<frozen ") and self._in_library(os.path.realpath(file)):
                return self._redirects_runner(frame.f_back)
        return decision

    def _redirects_runner(self, frame):
        """Code without a file belongs to whoever runs it: the innermost module with a file outside the standard library."""
        while frame is not None:
            file = frame.f_globals.get("__file__")
            if file is not None and not self._in_library(os.path.realpath(file)):
                return self.redirects(frame.f_globals)
            if frame.f_globals.get("__name__") == "__main__":
                return self._main_is_user
            frame = frame.f_back
        return False

    def _decide(self, name, file, module_globals):
        package = (module_globals.get("__package__") or name or "") if name == "__main__" else (name or "")
        if self._named(package, self._exclude) or self._named(name or "", self._exclude):
            return False
        included = self._named(package, self._include)
        if not included:
            if file is None:
                if not self._main_is_user:
                    return False
            elif not (self.is_user_file(file) or (name in ("__main__", "__mp_main__") and self._main_is_user)):
                return False
        return not self._imports_numba(file)

    @staticmethod
    def _named(name, packages):
        return any(name == package or name.startswith(package + ".") for package in packages)

    def _in_library(self, path):
        if any(_under(path, library) for library in self._library):
            return not any(part in _INSTALLED for part in path.split(os.sep))
        return False

    def is_user_file(self, file):
        path = os.path.realpath(file)
        if _under(path, _PACKAGE):
            return False
        return any(_under(path, root) and self._is_own(path, root) for root in self._roots)

    def _is_own(self, path, root):
        parts = os.path.relpath(path, root).split(os.sep)
        if any(part in _INSTALLED for part in parts):
            return False
        if len(parts) > 1:  # a library is a folder below the root
            for library in self._library:
                if _under(path, library) and not _under(root, library):
                    return False
        folder = root
        for part in parts[:-1]:
            folder = os.path.join(folder, part)
            if self._is_environment(folder):
                return False
        return True

    def _is_environment(self, folder):
        known = self._environments.get(folder)
        if known is None:
            known = os.path.exists(os.path.join(folder, "pyvenv.cfg")) or os.path.isdir(os.path.join(folder, "conda-meta"))
            self._environments[folder] = known
        return known

    def _imports_numba(self, file):
        source = self._main_source if file is None or file == "<stdin>" else _read(file)
        if source is None or b"numba" not in source or not re.search(rb"\bnumba\b", source):
            return False
        import ast
        import importlib.util

        if importlib.util.find_spec("numba") is None:
            return False
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return False
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                if any(alias.name.partition(".")[0] == "numba" for alias in node.names):
                    return True
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                if node.module.partition(".")[0] == "numba":
                    return True
        return False


def _under(path, folder):
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _read(file):
    if file.endswith((".pyc", ".pyo")):
        file = file[:-1]
    try:
        with open(file, "rb") as source:
            return source.read()
    except OSError:
        for module in list(sys.modules.values()):
            if getattr(module, "__file__", None) == file and hasattr(getattr(module, "__loader__", None), "get_source"):
                try:
                    text = module.__loader__.get_source(module.__name__)
                except (ImportError, OSError):
                    return None
                return text.encode() if text is not None else None
        return None
