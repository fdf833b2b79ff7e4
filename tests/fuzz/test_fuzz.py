"""Random programs with fixed seeds. Every bug that fuzzing found keeps its seed in FOUND."""

import numloom
import pytest

from . import programs

FOUND: list[int] = []
BATCH = 50


@pytest.mark.parametrize("seed", FOUND)
def test_found_once(seed):
    programs.run(seed, numloom)


@pytest.mark.parametrize("batch", range(40))
def test_programs(batch):
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        programs.run(seed, numloom)
