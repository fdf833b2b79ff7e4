"""Threads on the same arrays, with forks, signals and errors: a few seconds of stress.py, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

STRESS = Path(__file__).with_name("stress.py")


@pytest.mark.parametrize("seed", [1, 2])
def test_stress(seed):
    # ThreadSanitizer cannot follow a fork of a process with threads.
    options = ["--no-fork"] if "libtsan" in os.environ.get("LD_PRELOAD", "") else []
    command = [sys.executable, str(STRESS), os.environ.get("NUMLOOM_STRESS_SECONDS", "4"), str(seed), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr[-5000:]
