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


# A thread writes the index array, now with good and now with bad numbers, while another one indexes by it.
INDICES = """
import sys, threading
import numloom as np, numpy
n, how = int(sys.argv[1]), sys.argv[2]
table = np.arange(1000.0) + 1
index = np.zeros(n, dtype="i8")
mask = np.zeros(n, dtype=bool)
numbers = np.arange(n) + 0.0
done = False
sys.setswitchinterval(1e-5)

def write():
    seen = numpy.asarray(index) if how == "shared" else index
    bad = False
    while not done:
        bad = not bad
        seen[...] = 10**12 if bad else 5
        mask[::2] = bad

threads = [threading.Thread(target=write) for _ in range(2)]
for t in threads:
    t.start()
try:
    for turn in range(300):
        try:
            if how == "mask":
                found = numpy.asarray(numbers[mask] * 1)
                assert (found >= 0).all() and (found < n).all(), found
            elif how == "assigned":
                target = np.zeros(1000)
                target[index] = 1.0
                assert 1 <= float(target.sum()) <= 2
            else:
                found = set(numpy.unique(numpy.asarray(table[index] * 1)))
                assert found <= {1.0, 6.0}, found
        except IndexError as e:
            assert "is out of bounds for axis 0 with size 1000" in str(e)
finally:
    done = True
    for t in threads:
        t.join()
"""


@pytest.mark.parametrize("how", ["own", "shared", "assigned", "mask"])
@pytest.mark.parametrize("size", [3000, 200_000])
def test_indices_written_meanwhile(how, size):
    done = subprocess.run([sys.executable, "-c", INDICES, str(size), how], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr[-5000:]
