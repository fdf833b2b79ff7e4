"""The example that exists in C++ too prints the numbers of the Python one."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CMAKE = Path(sys.executable).with_name("cmake")


def test_cavity(tmp_path):
    cmake = str(CMAKE) if CMAKE.exists() else shutil.which("cmake")
    if not cmake or not (ROOT / "build" / "CMakeCache.txt").exists():
        pytest.skip("no build of the library in build/")

    def run(*command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(cmake, "--install", ROOT / "build", "--prefix", tmp_path / "installed", "--component", "cpp")
    run(cmake, "-S", ROOT / "examples" / "cpp", "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={tmp_path / 'installed'}")
    run(cmake, "--build", tmp_path / "build")
    ours = run(tmp_path / "build" / "cavity", "0.1", "20", "10").splitlines()
    theirs = run(sys.executable, ROOT / "examples" / "cavity.py", "--scale", "0.1", "--steps", "20").splitlines()
    assert len(ours) == 5
    assert ours == [theirs[0], *theirs[-4:]]
