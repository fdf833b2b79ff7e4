"""Views of the engine at work: what was recorded, how it was planned, what ran."""

from numloom import _core


def program():
    """The program that is pending, as text."""
    return _core.debug_program()


def plan():
    """The plan of the last flush, as text."""
    return _core.debug_plan()


def kernels():
    """The kernels of the last flush, each with its bytecode and its text where it has been compiled."""
    listing = getattr(_core, "debug_kernels", None)
    return listing() if listing is not None else []


def counters():
    """Counters since the start of the process: flush reasons, fusion refusals, plan hits and misses, kernels, bytes moved."""
    return _core.counters()
