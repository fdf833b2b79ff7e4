"""scripts/find_python.sh takes the interpreters that will do and says in one line why another will not."""

import subprocess
import sys
from pathlib import Path

import pytest

FIND = Path(__file__).parents[2] / "scripts" / "find_python.sh"
# An interpreter that runs `-c CODE ARGS` after `{change}`.
INTERPRETER = """#!{python}
import sys, sysconfig
{change}
sys.executable = sys.argv.pop(0)
exec(sys.argv.pop(1))
"""
CASES = {
    "one of ours": ("", ""),
    "free-threaded": (
        "sysconfig.get_config_var = lambda name: 1 if name == 'Py_GIL_DISABLED' else None",
        "is a free-threaded Python, which Numloom does not support",
    ),
    "too old": ("sys.version_info = (3, 10, 9)", "is no CPython 3.11 or newer"),
    "without headers": ("sysconfig.get_path = lambda name: '/nowhere'", "has no headers; install python3."),
}


@pytest.mark.parametrize("case", CASES)
def test_find_python(case, tmp_path):
    change, refusal = CASES[case]
    given = tmp_path / "python"
    given.write_text(INTERPRETER.format(python=sys.executable, change=change))
    given.chmod(0o755)
    found = subprocess.run([FIND, given], capture_output=True, text=True, check=False)
    if refusal:
        assert found.returncode == 1 and refusal in found.stderr and found.stderr.count("\n") == 1 and not found.stdout, found
    else:
        assert found.returncode == 0 and Path(found.stdout.strip()).name.startswith("python") and not found.stderr, found
