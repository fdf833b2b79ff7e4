"""NumPy's functions that are composed of native ones, arranged as NumPy's documentation is.

Each module registers its functions with `registry.provides`. A composite first decides, from the types and shapes of its
arguments alone, whether it can give exactly what NumPy gives; if not, it hands the untouched call to NumPy (`decline`),
which then also words the error of a wrong call.
"""

import importlib

from numloom._api.registry import provided

_MODULES = (
    "creation",
    "errors",
    "functional",
    "indexing",
    "io",
    "linalg",
    "logic",
    "manipulation",
    "math",
    "statistics",
)


def load():
    """Import every module; returns the dict of dotted name -> object."""
    for name in _MODULES:
        importlib.import_module("numloom._api." + name)
    return provided


__all__ = ["load"]
