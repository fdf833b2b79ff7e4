"""Runs in a process that multiprocessing has just started, before the user's main module is imported there.

Run by path with `settings` among the globals: it may use the standard library only until the package is importable.
"""

import sys

settings = globals()["settings"]
if settings["parent"] not in sys.path:
    sys.path.append(settings["parent"])

from numloom._script import mode  # noqa: E402
from numloom._script.options import Options  # noqa: E402

mode.activate(Options(**settings["options"]), settings["roots"], settings["main_is_user"])
