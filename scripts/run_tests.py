"""Runs the test suite and says how much of each kind ran: `make test`, `make test-all` (--all).

Kinds: the C++ unit tests (ctest); the folders of tests/ (pytest), all of them in the default mode, and a seeded tenth (--all: all)
in each mode of tests/modes.py; the C++ consumer project, built against a fresh `make install`; with --all the C++ unit tests
under the sanitizers. `--only KIND` runs one kind. The last line is `N passed, M failed`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT / "tests"))
from modes import MODES  # noqa: E402

SANITIZERS = {"asan": "address,undefined", "tsan": "thread"}
STEP_LIMIT = 3600  # seconds; a hang must end in a failure that names the step


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: Count) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


class Suite:
    """The counts so far, by kind in order of first appearance, and the names of what failed."""

    def __init__(self) -> None:
        self.kinds: dict[str, Count] = {}
        self.failures: list[str] = []

    def add(self, kind: str, count: Count) -> None:
        self.kinds.setdefault(kind, Count()).add(count)

    def add_one(self, kind: str, name: str, ok: bool) -> None:
        self.add(kind, Count(passed=int(ok), failed=int(not ok)))
        if not ok:
            self.failures.append(f"{kind}: {name}")

    def add_junit(self, path: Path, kind_of: str | None, suffix: str = "") -> bool:
        """Adds the results in a JUnit file; `kind_of` None takes each test's folder. False if there is no such file."""
        if not path.exists():
            return False
        for case in ElementTree.parse(path).iter("testcase"):
            folder = re.match(r"tests[./](\w+)", case.get("classname", ""))
            kind = (kind_of or (folder[1] if folder else "other")) + suffix
            if case.find("failure") is not None or case.find("error") is not None:
                self.add(kind, Count(failed=1))
                self.failures.append(f"{kind}: {case.get('classname')}::{case.get('name')}")
            elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
                self.add(kind, Count(skipped=1))
            else:
                self.add(kind, Count(passed=1))
        return True

    def report(self, seconds: float) -> int:
        total = Count()
        width = max([len(k) for k in self.kinds] + [4])
        print(f"\n{'kind':{width}}  passed  failed  skipped")
        for kind, count in self.kinds.items():
            print(f"{kind:{width}}  {count.passed:6}  {count.failed:6}  {count.skipped:7}")
            total.add(count)
        if self.failures:
            print("\nfailed:")
            print("\n".join(f"  {name}" for name in self.failures[:50]))
            if len(self.failures) > 50:
                print(f"  and {len(self.failures) - 50} more")
        print(f"\nin {seconds:.0f} s")
        print(f"{total.passed} passed, {total.failed} failed" + (f", {total.skipped} skipped" if total.skipped else ""))
        return int(total.failed > 0 or total.passed == 0)


def run(command: Iterable[object], env: dict[str, str] | None = None) -> int:
    """Runs a step with the tools of this environment first on PATH; 124 if it takes longer than STEP_LIMIT."""
    full = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **(env or {})}
    try:
        return subprocess.run([str(c) for c in command], cwd=ROOT, env=full, timeout=STEP_LIMIT, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"numloom: stopped after {STEP_LIMIT} s: {' '.join(map(str, command))}", flush=True)
        return 124


def heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


def cpp_unit(suite: Suite, build: Path, jobs: int, kind: str, env: dict[str, str] | None = None) -> None:
    heading(kind)
    if "numloom_unit_tests" not in (build / "build.ninja").read_text():
        run(["cmake", build])  # GoogleTest may have been installed since
    if "numloom_unit_tests" not in (build / "build.ninja").read_text():
        print("GoogleTest not found: left out")
        return
    if run(["cmake", "--build", build, "-j", jobs, "--target", "numloom_unit_tests"]):
        suite.add_one(kind, "build", False)
        return
    report = (build / "ctest.xml").resolve()
    report.unlink(missing_ok=True)
    options = ["--output-on-failure", "--progress", "--output-junit", report, "-j", jobs, "--timeout", 600]
    run(["ctest", "--test-dir", build, *options], env)
    if not suite.add_junit(report, kind):
        suite.add_one(kind, "ctest left no report", False)


def sanitized(suite: Suite, build: Path, jobs: int, name: str) -> None:
    kind = f"C++ unit, {name}"
    folder = build.with_name(f"{build.name}-{name}")
    heading(f"building for {kind}")
    options = ["-DNUMLOOM_PYTHON=OFF", f"-DNUMLOOM_SANITIZE={SANITIZERS[name]}"]
    if run(["scripts/build.sh", BIN.parent, folder, "Debug", jobs, "numloom", *options]):
        suite.add_one(kind, "build", False)
        return
    limits = {
        "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "TSAN_OPTIONS": "halt_on_error=1",
    }
    cpp_unit(suite, folder, jobs, kind, limits)


def python_tests(suite: Suite, build: Path, jobs: int, folders: list[str], mode: str, env: dict[str, str], sample: float) -> None:
    where = [f"tests/{f}" for f in folders if any((ROOT / "tests" / f).rglob("test_*.py"))]
    suffix = f", {mode}" if mode else ""
    if not where:
        return
    heading(f"{' '.join(where)}{suffix}" + (f" (a seeded {sample:g} of them)" if sample < 1 else ""))
    report = (build / "pytest.xml").resolve()
    report.unlink(missing_ok=True)
    variables = {
        **env,
        "PYTHONPATH": str(ROOT / "scripts"),
        "NUMLOOM_TEST_SAMPLE": f"{sample}:{mode}",
        "NUMLOOM_TEST_MODE": mode or "default",
        "OMP_NUM_THREADS": "1",
    }
    options = ["-q", "--no-header", "-n", jobs, "-p", "sample_plugin", "--tb=short", "--maxfail=50", f"--junitxml={report}"]
    code = run([sys.executable, "-m", "pytest", *options, *where], variables)
    kind = None if not mode else "parity and fuzz"
    if not suite.add_junit(report, kind, suffix):
        suite.add_one(f"pytest{suffix}", f"left no report (exit status {code})", False)


def consumer(suite: Suite, build: Path) -> None:
    """The project of a user of the installed library: find_package, ten lines, one caught exception."""
    kind = "C++ consumer"
    heading(kind)
    with tempfile.TemporaryDirectory() as folder:
        prefix, out = Path(folder) / "prefix", Path(folder) / "build"
        steps: list[list[object]] = [
            ["cmake", "--install", build, "--prefix", prefix, "--component", "cpp"],
            ["cmake", "-S", "tests/cpp/consumer", "-B", out, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"],
            ["cmake", "--build", out],
            [out / "consumer"],
        ]
        for step in steps:
            if run(step):
                suite.add_one(kind, " ".join(str(s) for s in step[:2]), False)
                return
    suite.add_one(kind, "consumer", True)


def emulated_cuda(suite: Suite, build: Path, jobs: int, folders: list[str], sample: float) -> None:
    """The CUDA backend without a GPU: its kernels run on the CPU, under a libcuda of our own (tests/cuda/emulator)."""
    if run(["cmake", "--build", build, "-j", jobs, "--target", "emulated_cuda"]):
        suite.add_one("pytest, emulated cuda", "build", False)
        return
    env = {"NUMLOOM_DEVICE": "cuda", "NUMLOOM_JIT": "0", "LD_LIBRARY_PATH": str((build / "emulator").resolve())}
    python_tests(suite, build, jobs, folders, "emulated cuda", env, sample)


def has_cuda() -> bool:
    probe = "import numloom; numloom.set_device('cuda')"
    return subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, check=False).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--all", action="store_true", help="every test in every mode, and the sanitizers")
    parser.add_argument("--only", choices=["cpp", "python", "modes", "consumer", "sanitizers"], help="one kind")
    args = parser.parse_args()

    start = time.monotonic()
    suite = Suite()
    chosen = {args.only} if args.only else {"cpp", "python", "modes", "consumer"} | ({"sanitizers"} if args.all else set())
    folders = sorted(p.name for p in (ROOT / "tests").iterdir() if p.is_dir() and p.name != "cpp")
    if "cpp" in chosen:
        cpp_unit(suite, args.build_dir, args.jobs, "C++ unit")
    if "consumer" in chosen:
        consumer(suite, args.build_dir)
    if "python" in chosen:
        python_tests(suite, args.build_dir, args.jobs, folders, "", {}, 1.0)
    if "modes" in chosen:
        compared = [f for f in folders if f in ("parity", "fuzz")]
        if has_cuda():
            python_tests(suite, args.build_dir, args.jobs, compared, "cuda", {"NUMLOOM_DEVICE": "cuda"}, 1.0)
        else:
            emulated_cuda(suite, args.build_dir, args.jobs, compared, 1.0 if args.all else 0.1)
        for mode, env in MODES:
            python_tests(suite, args.build_dir, args.jobs, compared, mode, env, 1.0 if args.all else 0.1)
    if "sanitizers" in chosen:
        for name in SANITIZERS:
            sanitized(suite, args.build_dir, args.jobs, name)
    return suite.report(time.monotonic() - start)


if __name__ == "__main__":
    sys.exit(main())
