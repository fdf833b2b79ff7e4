"""Views of the engine at work: what was recorded, how it was planned, what ran."""

import re
from contextlib import contextmanager

from numloom import _core


def program():
    """The program that is pending, as text."""
    return _core.debug_program()


@contextmanager
def watching():
    """Within this context the engine keeps its plans, for `plan`, `kernels`, `bytecode` and `texts` to show."""
    _core.debug_keep(True)
    try:
        yield
    finally:
        _core.debug_keep(False)


def plan():
    """The last plan that ran while `watching`, as text."""
    return _core.debug_plan()


def kernels():
    """Its kernels, each as text."""
    # A step's line and those that belong to it, which are indented; the plan's last lines are of no step.
    return re.findall(r"^step \d+: kernel.*\n(?:  .*\n)*", plan(), flags=re.M)


def bytecode():
    """What the backend that ran it interprets, for each of `kernels`: registers for blocks of elements on the CPU; on CUDA the
    instructions of the interpreter that takes it, which its first line names (`last` is the result of the one before), and nothing
    for a kernel too large for both."""
    return _core.debug_bytecode()


def texts():
    """The source that the compiler of that backend gets once the kernel is hot, for each of `kernels`: CUDA C++ with the entry
    `kernel`, in the form for operands that lie as these did. The CPU compiles nothing: empty strings there."""
    return _core.debug_texts()


def counters():
    """Counters since the start of the process: flush reasons, fusion refusals, plan hits and misses, kernels, bytes moved."""
    return _core.counters()


def reset_counters():
    """Set them to nothing."""
    _core.reset_counters()
