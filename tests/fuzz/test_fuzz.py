"""Random programs with fixed seeds, and every program that once showed a bug."""

import textwrap

import numloom
import pytest

from . import programs
from .found import FOUND

BATCH = 50


@pytest.mark.parametrize("name", FOUND)
def test_found_once(name):
    programs.compare(textwrap.dedent(FOUND[name]).strip().split("\n"), numloom)


@pytest.mark.parametrize("batch", range(20))
def test_programs(batch):
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        programs.run(seed, numloom)


def test_a_difference_is_shrunk():
    """The harness itself: a module that is wrong in one function is caught, and the program reduced to that function's call."""

    class Wrong:
        def __getattr__(self, name):
            return (lambda x: numloom.square(x) + 1) if name == "square" else getattr(numloom, name)

    statements = ["v0 = np.arange(3)", "v1 = v0 + 1", "v2 = np.square(v1)", "v3 = v0 * 2", "del v3"]
    with pytest.raises(AssertionError):
        programs.compare(statements, Wrong())
    least, text = programs.shrink(statements, Wrong())
    assert least == statements[:3] and text.startswith("v2")
    programs.compare(least, numloom)
