"""Gathers the figures of a run from the engine's counters and the log of fallbacks."""

import time

import numpy

from numloom import _core
from numloom._fallback import record

_started = time.perf_counter()


def collect():
    """A dict that JSON can hold."""
    counters = {name: _plain(value) for name, value in _core.counters().items()}
    fallbacks = [
        {
            "file": entry.file,
            "line": entry.line,
            "function": entry.function,
            "reason": entry.reason,
            "calls": entry.calls,
            "seconds": entry.seconds,
            "bytes": entry.bytes,
        }
        for entry in record.entries()
    ]
    from numloom._version import __version__

    return {
        "numloom": __version__,
        "numpy": numpy.__version__,
        "device": _core.device(),
        "seconds": time.perf_counter() - _started,
        "counters": counters,
        "fallbacks": fallbacks,
    }


def _plain(value):
    """Counts as integers, seconds as they are."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
