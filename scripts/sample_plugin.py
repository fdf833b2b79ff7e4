"""A pytest plugin that keeps a seeded part of the tests: `-p sample_plugin`, with NUMLOOM_TEST_SAMPLE=FRACTION:SEED.

A test is kept or not by a hash of its name and the seed, so every xdist worker and every machine keeps the same ones, and each
mode (its name is the seed) another tenth.
"""

from __future__ import annotations

import os
import zlib

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    fraction, _, seed = os.environ.get("NUMLOOM_TEST_SAMPLE", "1:").partition(":")
    limit = float(fraction) * 2**32
    kept, left_out = [], []
    for item in items:
        (kept if zlib.crc32(f"{seed}/{item.nodeid}".encode()) < limit else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept
