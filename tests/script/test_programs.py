"""Small programs as people write them: the same output, character for character, under python and under Numloom."""

import os
from pathlib import Path

import pytest

_PROGRAMS = sorted(Path(__file__).with_name("programs").glob("*.py"))
if os.environ.get("NUMLOOM_DEVICE") == "cuda":
    # It shows warnings (docs/differences.md: cuda-warnings).
    _PROGRAMS = [p for p in _PROGRAMS if p.stem != "errors"]
# They print the classes of scalars, which are arrays by import (docs/differences.md: scalars-are-arrays).
_SHOW_CLASSES = {"heat", "kalman", "nbody", "perceptron", "tiny_arrays"}


@pytest.mark.parametrize("program", _PROGRAMS, ids=lambda path: path.stem)
def test_program(project, program):
    project.same(program.read_text())


@pytest.mark.parametrize("program", [p for p in _PROGRAMS if p.stem not in _SHOW_CLASSES], ids=lambda path: path.stem)
def test_program_by_import(project, program):
    project.same_by_import(program.read_text())
