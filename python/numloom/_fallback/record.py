"""The log of fallbacks: where, what, why, how often, and what they cost.

One entry per call site, function and reason. A site is a code object and an offset; its line is computed only when the
log is read, so that noting a fallback stays cheap. Thread-safe under the GIL: entries are only added and counted up.
"""

import os
import sys
from time import perf_counter
from typing import NamedTuple

from numloom import _core
from numloom._fallback import policy

DEFAULT_REASON = "not native yet"
UFUNC_REASON = "arguments beyond the native ufunc"
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_internal_files = {}


class _Tally:
    __slots__ = ("bytes", "calls", "seconds")

    def __init__(self):
        self.calls = 0
        self.seconds = 0.0
        self.bytes = 0


_tallies = {}


class Entry(NamedTuple):
    """One line of the log, as the report shows it."""

    file: str
    line: int
    function: str
    reason: str
    calls: int
    seconds: float
    bytes: int


def is_internal(filename):
    known = _internal_files.get(filename)
    if known is None:
        known = _internal_files[filename] = os.path.abspath(filename).startswith(_PACKAGE)
    return known


def caller():
    """The first frame outside this package, as (code, offset, line), or (None, 0, 0)."""
    frame = sys._getframe(1)
    while frame is not None and is_internal(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return None, 0, 0
    return frame.f_code, frame.f_lasti, frame.f_lineno


def begin(name, reason):
    """Note that a fallback starts. Returns what `end` needs. Raises or warns as the policy says."""
    code, offset, line = caller()
    if policy.get_policy() != "silent":
        policy.enforce(name, reason, code, line)
    key = (code, offset, name, reason)
    tally = _tallies.get(key)
    if tally is None:
        tally = _tallies.setdefault(key, _Tally())
    tally.calls += 1
    return tally, perf_counter()


def end(note, moved):
    tally, started = note
    tally.seconds += perf_counter() - started
    tally.bytes += moved


def _line_of(code, offset):
    if code is None:
        return 0
    for start, stop, line in code.co_lines():
        if start <= offset < stop:
            return line or code.co_firstlineno
    return code.co_firstlineno


def entries():
    """Every entry so far, the costliest first."""
    merged = {}
    for (code, offset, name, reason), tally in list(_tallies.items()):
        filename = code.co_filename if code is not None else "<unknown>"
        key = (filename, _line_of(code, offset), name, reason)
        calls, seconds, moved = merged.get(key, (0, 0.0, 0))
        merged[key] = (calls + tally.calls, seconds + tally.seconds, moved + tally.bytes)
    for place, function, calls, seconds in _core.quick_fallbacks():
        if type(function) is tuple:
            what = function
        elif name := getattr(function, "_numloom_name", None):
            what = "numpy." + name, getattr(function, "_numloom_reason", DEFAULT_REASON)
        else:  # a ufunc of NumPy's, or a method of one
            ufunc = getattr(function, "__self__", None)
            what = f"numpy.{ufunc.__name__}.{function.__name__}" if ufunc else "numpy." + function.__name__, UFUNC_REASON
        key = (*(place or ("<unknown>", 0)), *what)
        before = merged.get(key, (0, 0.0, 0))
        merged[key] = (before[0] + calls, before[1] + seconds, before[2])
    result = [Entry(*key, *cost) for key, cost in merged.items()]
    result.sort(key=lambda entry: (-entry.seconds, entry.file, entry.line))
    return result


def clear():
    _tallies.clear()
    _core.clear_quick_fallbacks()
