"""CONTRIBUTING's steps, followed: what the page says to write is written, into a copy, and it works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def section(title):
    text = (ROOT / "CONTRIBUTING.md").read_text()
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, flags=re.S | re.M)
    assert found, title
    return found[1]


def block(text, language):
    return re.search(rf"^```{language}\n(.*?)^```", text, flags=re.S | re.M)[1]


@pytest.fixture
def ops(tmp_path):
    shutil.copytree(ROOT / "ops", tmp_path / "ops", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "ops"


def test_how_to_add_an_op(ops, tmp_path):
    steps = section("How to add an op")
    row, function = block(steps, "python"), block(steps, "cpp")
    name, family = re.search(r'Row\("(\w+)", "(\w+)"', row).groups()

    table = ops / "table.py"
    text = table.read_text()
    first = re.search(r"^    Row\(", text, flags=re.M).start()
    table.write_text(text[:first] + row + text[first:])
    header = ops / "scalar" / f"{family}.h"
    text = header.read_text()
    end = text.rindex("}")
    header.write_text(text[:end] + function + text[end:])

    out = tmp_path / "generated"
    subprocess.run([sys.executable, "-B", str(ops / "generate.py"), str(out)], check=True)
    assert re.search(rf"^\s*{name},", (out / "ops_table.h").read_text(), flags=re.M)
    assert re.search(rf'^\s*{{"{name}", ', (out / "ops_table.cpp").read_text(), flags=re.M)

    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if not compiler:
        pytest.skip("no compiler")
    include = [f"-I{out}", f"-I{ops}", f"-I{ROOT / 'src'}", f"-I{ROOT / 'include'}"]
    program = tmp_path / "softsign.cpp"
    program.write_text(
        f'#include "scalar/{family}.h"\n#include "ops_table.h"\n'
        f"static_assert(numloom::Op::{name} != numloom::Op::none);\n"
        f"int main() {{ return nl::op_{name}(1.0) == 0.5 && nl::op_{name}(-3.0f) == -0.75f ? 0 : 1; }}\n"
    )
    flags = ["-std=c++20", "-O1", "-march=x86-64-v3", "-ffp-contract=off"]
    subprocess.run([compiler, *flags, *include, str(program), "-o", str(tmp_path / "softsign")], check=True)
    subprocess.run([str(tmp_path / "softsign")], check=True)
    loops = out / f"loops_{family}_v3.cpp"
    subprocess.run([compiler, *flags, "-fsyntax-only", *include, str(loops)], check=True)


def test_files_named_there_exist():
    named = re.findall(r"`((?:src|ops|python|tests|docs|bench)/[\w/.]*[\w/])`", (ROOT / "CONTRIBUTING.md").read_text())
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]
