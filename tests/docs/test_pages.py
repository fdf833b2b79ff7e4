"""The pages for readers: their programs run, their figures are measured, the two READMEs say the same."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
READMES = ("README.md", "README.zh-CN.md")
PAGES = [*READMES, "CONTRIBUTING.md", "CHANGELOG.md", *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "docs").rglob("*.md")))]


def read(name):
    return (ROOT / name).read_text()


def blocks(name, language):
    return re.findall(rf"^```{language}\n(.*?)^```", read(name), flags=re.S | re.M)


# CONTRIBUTING's blocks are steps; test_contributing.py follows them.
PROGRAMS = [(name, i, text) for name in PAGES if name != "CONTRIBUTING.md" for i, text in enumerate(blocks(name, "python"))]


@pytest.mark.parametrize("name, text", [(n, t) for n, _, t in PROGRAMS], ids=[f"{n}-{i}" for n, i, _ in PROGRAMS])
def test_programs_print_the_same(name, text, tmp_path):
    # Large grids are for readers; the lines are the same on small ones.
    small = re.sub(r"\b\d{3,4}\b", lambda m: str(int(m[0]) // 20), text)
    (tmp_path / "page.py").write_text(small)
    numpy, ours = (
        subprocess.run([sys.executable, *option, "page.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
        for option in ((), ("-m", "numloom"))
    )
    assert numpy.returncode == 0, numpy.stderr
    assert (ours.returncode, ours.stdout) == (0, numpy.stdout), ours.stderr
    assert numpy.stdout.strip()


def test_options_of_the_pages_exist():
    usage = subprocess.run([sys.executable, "-m", "numloom", "--help"], capture_output=True, text=True, check=True).stdout
    named = set()
    for name in PAGES:
        for line in re.findall(r"python -m numloom ([^\n`]*)", read(name)):
            named |= set(re.findall(r"--[a-z-]+", line.split(".py")[0]))
    assert named
    assert not [option for option in named if option not in usage]


def test_targets_of_the_pages_exist():
    rules = re.findall(r"^([a-z -]+):", read("Makefile"), flags=re.M)
    targets = {target for rule in rules for target in rule.split()}
    named = {t for name in PAGES for t in re.findall(r"(?:`|^    )make ([a-z-]+)", read(name), flags=re.M)}
    assert {"demo", "test"} <= named
    assert named <= targets


def test_links_lead_somewhere():
    missing = []
    for name in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", read(name)):
            if not ((ROOT / name).parent / target).exists():
                missing.append((name, target))
    assert not missing


@pytest.mark.parametrize("name", READMES)
def test_the_table_is_measured(name):
    spec = importlib.util.spec_from_file_location("readme_table", ROOT / "bench" / "readme_table.py")
    readme_table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(readme_table)
    shown = re.search(r"<!-- demo:begin -->\n\n(.*?)\n\n<!-- demo:end -->", read(name), flags=re.S)[1]
    kept = re.search(r"\((bench/results/[^)]*\.json)\)", shown)[1]
    assert shown == readme_table.table(json.loads(read(kept)), name, kept)


def test_the_readmes_say_the_same():
    english, chinese = map(read, READMES)
    shape = lambda text: [len(m) for m in re.findall(r"^(#+) ", text, flags=re.M)]  # noqa: E731
    assert shape(english) == shape(chinese)
    assert blocks(READMES[0], "python") == blocks(READMES[1], "python")
    code = lambda text: set(re.findall(r"`([^`\n]+)`", text))  # noqa: E731
    assert code(english) == code(chinese)
    links = lambda text: {t for t in re.findall(r"\]\(([^)]+)\)", text) if not t.startswith("README")}  # noqa: E731
    assert links(english) == links(chinese)
    numbered = lambda text: len(re.findall(r"^\d+\. ", text, flags=re.M))  # noqa: E731
    assert numbered(english) == numbered(chinese) == 10
