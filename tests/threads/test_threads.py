"""Threads on the same arrays, with forks, signals and errors: a few seconds of stress.py, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

STRESS = Path(__file__).with_name("stress.py")


@pytest.mark.parametrize("seed", [1, 2])
def test_stress(seed):
    command = [sys.executable, str(STRESS), "4", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr[-5000:]
