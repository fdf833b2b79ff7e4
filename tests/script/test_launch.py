"""The program runs as under python: what it sees of its own start, how it ends, what it says when it dies."""

import json
import signal
import time
import zipfile

import pytest

WHAT_MAIN_SEES = """
    import sys, __main__
    print(__name__, __file__, __doc__, __package__, __spec__, type(__loader__).__name__, __builtins__)
    print(sys.argv, sys.path[0], __main__.__dict__ is globals(), sys.modules["__main__"] is __main__)
    print(sorted(name for name in globals() if name.startswith("__")))
"""


def test_main_is_what_python_makes_it(project):
    project.same(WHAT_MAIN_SEES, "one", "--two", "-3")


def test_main_in_another_folder(project):
    project.write(deep__main=WHAT_MAIN_SEES)
    project.same_command("deep/main.py", "x")


def test_module(project):
    project.write(pkg____init__="", pkg__tool="import sys; print(__name__, __package__, __spec__.name, sys.argv[1:], sys.path[0])")
    project.same_command("-m", "pkg.tool", "a", "-b")


@pytest.mark.parametrize("dash", ["-c", "-"])
def test_code(project, dash):
    code = "import sys, numpy as np; print(sys.argv, repr(sys.path[0]), __name__, '__file__' in globals(), np.arange(3).sum())"
    rest, stdin = (["-c", code, "p", "-q"], "") if dash == "-c" else (["-", "p", "-q"], code)
    project.same_command(*rest, stdin=stdin)


def test_stdin_belongs_to_the_program(project):
    project.same("print(sum(int(line) for line in open(0)), input.__name__)", stdin="1\n2\n3\n")


def test_folder_and_archive(project):
    source = "import sys, numpy as np; print(np.ones(2), sys.argv, sys.path[0], __name__)"
    project.write(app____main__=source)
    with zipfile.ZipFile(project.folder / "app.zip", "w") as archive:
        archive.writestr("__main__.py", source)
    for target in ("app", "app.zip"):
        project.same_command(target, "x")


@pytest.mark.parametrize(
    "ending",
    ["sys.exit()", "sys.exit(3)", "sys.exit('words')", "raise SystemExit((1, 2))", "sys.exit(True)", "sys.exit(None)", "1 / 0"],
)
def test_exit_status_and_words(project, ending):
    project.same(f"import sys\nprint('before')\n{ending}", stderr=True, fails=True)


def test_traceback_has_no_frame_of_ours(project):
    project.write(helper="def f(x):\n    raise ValueError(x)\n")
    project.same(
        """
        import helper
        def g():
            try:
                helper.f(1)
            except ValueError as first:
                raise RuntimeError("second") from first
        g()
        """,
        stderr=True,
        fails=True,
    )


def test_traceback_of_a_failing_import(project):
    project.write(broken="x = (\n")
    project.same("import broken", stderr=True, fails=True)
    project.same("import numpy\nimport nowhere_to_be_found", stderr=True, fails=True)
    project.same("from numpy import nothing_of_that_name", stderr=True, fails=True)
    project.same(
        """
        import traceback
        try:
            import nowhere_to_be_found
        except ImportError:
            traceback.print_exc()
        """,
        stderr=True,
        fails=True,
    )


def test_traceback_of_an_error_in_numpy(project):
    project.same("import numpy as np\nnp.linalg.inv(np.ones(3))", stderr=True, fails=True)


def test_syntax_error(project):
    project.same("x = = 1\n", stderr=True, fails=True)


def test_missing_script(project):
    expected = project.python("nothing.py")
    found = project.numloom("nothing.py")
    assert (found.returncode, found.stderr) == (expected.returncode, expected.stderr)


def test_missing_module(project):
    expected = project.python("-m", "nothing_of_that_name")
    found = project.numloom("-m", "nothing_of_that_name")
    assert (found.returncode, found.stderr) == (expected.returncode, expected.stderr)


def test_excepthook_and_atexit(project):
    project.same(
        """
        import atexit, sys
        atexit.register(print, "at exit")
        def hook(kind, value, trace):
            names = []
            while trace:
                names.append(trace.tb_frame.f_code.co_name)
                trace = trace.tb_next
            print(kind.__name__, value, names)
        sys.excepthook = hook
        def f():
            raise KeyError("k")
        f()
        """,
        fails=True,
    )


def test_keyboard_interrupt_kills_by_signal(project):
    project.write(main="import numpy, time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    process = project.start("main.py")
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert "numloom" not in errors


def test_objects_of_main_pickle(project):
    project.same(
        """
        import pickle
        class Point:
            def __init__(self, x): self.x = x
        def double(x): return 2 * x
        p, f = pickle.loads(pickle.dumps((Point(3), double)))
        print(p.x, f(4), Point.__module__)
        """
    )


def test_help_and_versions(project):
    shown = project.numloom("--help")
    assert shown.returncode == 0
    for option in ("--device", "--fallback", "--report", "--verify", "--include", "--exclude"):
        assert option in shown.stdout
    assert project.numloom("--version").stdout.startswith("numloom ")


@pytest.mark.parametrize("arguments", [["--no-such-option"], ["--device", "abacus", "x.py"], ["--fallback"]])
def test_wrong_options(project, arguments):
    found = project.numloom(*arguments)
    assert found.returncode == 2
    assert found.stderr.startswith("numloom: ")
    assert "Traceback" not in found.stderr


def test_options_beat_the_environment(project):
    project.write(main="import numpy as np\nnp.sort(np.ones(3))\nprint('ran')")
    env = {"NUMLOOM_FALLBACK": "error"}
    assert project.numloom("main.py", env=env).returncode == 1
    assert project.numloom("--fallback", "silent", "main.py", env=env).stdout == "ran\n"


def test_report_as_json(project):
    project.write(main="import numpy as np\n\nnp.sort(np.arange(10.0))\nnp.sort(np.arange(10.0))\n")
    found = project.numloom("--report-json", "report.json", "main.py")
    assert found.returncode == 0, found.stderr
    report = json.loads((project.folder / "report.json").read_text())
    entries = {(entry["line"], entry["function"]): entry for entry in report["fallbacks"]}
    assert set(entries) == {(3, "numpy.sort"), (4, "numpy.sort")}
    assert entries[3, "numpy.sort"]["file"] == str(project.folder / "main.py")
    assert entries[3, "numpy.sort"]["calls"] == 1 and entries[3, "numpy.sort"]["seconds"] > 0


def test_report_counts_every_call_of_a_loop(project):
    project.write(main="import numpy as np\na = np.arange(3.0)\nfor _ in range(5):\n    np.sort(a)\n    np.linalg.norm(a, ord=1)\n")
    found = project.numloom("--report-json", "report.json", "main.py")
    assert found.returncode == 0, found.stderr
    report = json.loads((project.folder / "report.json").read_text())
    entries = {(entry["line"], entry["function"]): entry["calls"] for entry in report["fallbacks"]}
    assert entries[4, "numpy.sort"] == 5


def test_report_as_text_leaves_standard_output_alone(project):
    project.write(main="import numpy as np\nprint(np.sort(np.array([2, 1])))\n")
    found = project.numloom("--report", "main.py")
    assert found.stdout == "[1 2]\n"
    assert "main.py:2  numpy.sort" in found.stderr


def test_warn_policy_names_the_line(project):
    project.write(main="import numpy as np\na = np.ones(3)\nnp.sort(a)\n")
    found = project.numloom("--fallback=warn", "main.py")
    assert f"{project.folder / 'main.py'}:3: FallbackWarning: numpy.sort runs on NumPy" in found.stderr


def test_python_options_pass_through(project):
    project.write(main="assert False\nimport warnings; warnings.warn('x')")
    environment = {"PYTHONOPTIMIZE": "1", "PYTHONWARNINGS": "error"}
    expected = project.python("main.py", env=environment)
    assert project.numloom("main.py", env=environment).stderr == expected.stderr


def test_start_loads_no_more_than_the_program(project):
    project.same("""
        import numpy as np
        import gc, os, sys
        lazy = "numpy.ma numpy.random numpy.fft dataclasses mmap pkgutil signal sysconfig threading traceback".split()
        print([name for name in lazy if name in sys.modules])
        print({name: value for name, value in os.environ.items() if "OPENBLAS" in name}, gc.isenabled(), gc.get_freeze_count())
        from numpy.random import default_rng
        print(default_rng(1).integers(9, size=3), np.random.__name__, np.fft.fft(np.ones(2)))
        masked, out = np.ma.array(np.arange(3.0), mask=[0, 1, 0]), np.zeros(())
        print(masked.sum(out=out) is out, out)
    """)
