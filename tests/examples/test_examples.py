"""The programs in examples/ are plain NumPy, and give the same under Numloom."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

EXAMPLES = sorted((Path(__file__).resolve().parent.parent.parent / "examples").glob("*.py"))
SCALE = {"cavity": 0.1, "digits_clusters": 0.1, "digits_network": 0.2, "molecules": 0.02, "options": 0.02, "photos": 0.1}
STEPS = {"cavity": ["--steps", "20"], "digits_network": ["--steps", "10"]}


def run(command, path, folder):
    saved = folder / "results.npz"
    options = ["--scale", str(SCALE[path.stem]), "--save", str(saved), *STEPS.get(path.stem, [])]
    done = subprocess.run([*command, str(path), *options], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    with np_load(saved) as arrays:
        return {name: arrays[name] for name in arrays.files}


def np_load(path):
    return numpy.load(path, allow_pickle=False)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_same_results(path, tmp_path):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numloom").mkdir()
    theirs = run([sys.executable], path, tmp_path / "numpy")
    ours = run([sys.executable, "-m", "numloom"], path, tmp_path / "numloom")
    assert theirs.keys() == ours.keys()
    for name, expected in theirs.items():
        assert ours[name].dtype == expected.dtype, name
        assert ours[name].shape == expected.shape, name
        scale = numpy.abs(expected).max() or 1.0
        assert numpy.abs(ours[name].astype(float) - expected).max() <= 1e-9 * scale, name


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_knows_nothing_of_numloom(path):
    source = path.read_text()
    assert "numloom" not in source.lower()
    imported = {
        name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert {name.partition(".")[0] for name in imported} <= {"argparse", "numpy", "sklearn", "matplotlib"}
