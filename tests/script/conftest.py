"""Script mode as a user runs it: every test starts processes."""

import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

_PACKAGE_PARENT = str(Path(importlib.util.find_spec("numloom").origin).parent.parent)


def _environment(extra):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NUMLOOM_", "PYTHON"))}
    environment["PYTHONPATH"] = _PACKAGE_PARENT
    # A device of the suite's choosing, the processor where it names none: most of these tests start many processes.
    environment["NUMLOOM_DEVICE"] = os.environ.get("NUMLOOM_DEVICE", "cpu")
    environment["MPLBACKEND"] = "Agg"
    environment.update(extra)
    return environment


class Project:
    """A folder with a user's program in it."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, **files):
        """Write modules: `main="..."` is main.py, `pkg__mod` is pkg/mod.py."""
        for name, text in files.items():
            path = self.folder / (name.replace("__", "/", 1) + ".py" if not name.startswith("__") else name + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return self

    def _run(self, command, stdin, env, timeout):
        return subprocess.run(
            command,
            cwd=self.folder,
            env=_environment(env or {}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def numloom(self, *arguments, stdin="", env=None, timeout=120):
        return self._run([sys.executable, "-m", "numloom", *arguments], stdin, env, timeout)

    def python(self, *arguments, stdin="", env=None, timeout=120):
        return self._run([sys.executable, *arguments], stdin, env, timeout)

    def start(self, *arguments):
        return subprocess.Popen(
            [sys.executable, "-m", "numloom", *arguments],
            cwd=self.folder,
            env=_environment({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A job that a script put into the background ignores Ctrl-C, and its children would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def alike(self, expected, found, fails=False):
        """Two runs have the same output and exit status. Only where the program `fails` may that be another than 0: of one
        that ends early by mistake, under both, nothing would be compared."""
        assert fails or expected.returncode == 0, expected.stderr
        assert (found.returncode, found.stdout) == (expected.returncode, expected.stdout), found.stderr
        assert fails or expected.stdout, "a program that prints nothing"
        return found

    def same_command(self, *command, stdin="", env=None):
        """Run `python COMMAND` and `python -m numloom COMMAND`: output and exit status are the same."""
        return self.alike(self.python(*command, stdin=stdin, env=env), self.numloom(*command, stdin=stdin, env=env))

    def same(self, source, *arguments, options=(), stdin="", env=None, stderr=False, fails=False):
        """Run `source` as main.py under python and under Numloom: output and exit status are the same."""
        self.write(main=source)
        expected = self.python("main.py", *arguments, stdin=stdin, env=env)
        found = self.numloom(*options, "main.py", *arguments, stdin=stdin, env=env)
        if stderr:
            assert found.stderr == expected.stderr
        return self.alike(expected, found, fails)

    def same_by_import(self, source, stdin=""):
        """Run `source`, which says `import numpy as np`, and the same with `import numloom as np`, under plain python."""
        line = "import numpy as np"
        assert line in source
        self.write(plain=source, imported=source.replace(line, "import numloom as np"))
        return self.alike(self.python("plain.py", stdin=stdin), self.python("imported.py", stdin=stdin))

    def output(self, source, *arguments, options=(), **keywords):
        """What `source` prints under Numloom; it must succeed."""
        self.write(main=source)
        found = self.numloom(*options, "main.py", *arguments, **keywords)
        assert found.returncode == 0, found.stderr
        return found.stdout


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder)
