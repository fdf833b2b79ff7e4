"""Runs the test suite and says how much of each kind ran: `make test`, `make test-all` (--all).

Kinds: the C++ unit tests (ctest); the folders of tests/ (pytest), all of them in the default mode, and a seeded tenth (--all: all)
in each mode of tests/modes.py; the CUDA backend, on the GPUs that there are, else on the emulator of tests/cuda, where the
texts that the suite asks NVRTC for are collected and then compiled by the real one, as many as the time allows; the C++
consumer project, built against a fresh `make install`; with --all the Debug builds of INSTRUMENTED, plain and under the
sanitizers. `--only KIND` runs one kind. The last line is `N passed, M failed`.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT / "tests"))
from modes import CUDA_MODES, MODES, emulated  # noqa: E402

Environment = dict[str, str]


@dataclass
class Instrumented:
    """A Debug build, which verifies every level of representation after each pass, and what of the suite runs on it."""

    folders: list[str]  # of tests/
    select: str = ""  # of their tests, as pytest's -k
    sanitizer: str = ""  # of the compiler's
    preloaded: list[str] = field(default_factory=list)  # libraries of the compiler's that must be in a process before Python is
    targets: dict[str, list[str]] = field(default_factory=lambda: {"numloom_unit_tests": ["-LE", "cuda"]})  # and options of ctest
    variables: dict[str, str] = field(default_factory=dict)


# One make target each (test-debug, ...); `make test-all` runs them all.
INSTRUMENTED = {
    "debug": Instrumented(["parity", "plan", "fuzz", "threads", "examples"]),
    "asan": Instrumented(
        ["parity", "fuzz", "script", "threads"],
        sanitizer="address,undefined",
        preloaded=["libasan.so", "libstdc++.so"],  # it looks for what throws in the other when it starts
        targets={"numloom_unit_tests": ["-LE", "cuda"], "cuda_tests": ["-L", "cuda"]},
        variables={
            "ASAN_OPTIONS": "strict_string_checks=1:allocator_may_return_null=1",
            "UBSAN_OPTIONS": "print_stacktrace=1",
            "SELFTEST_SMALL": "1",
        },
    ),
    "tsan": Instrumented(
        ["script", "threads"],
        select="thread",
        sanitizer="thread",
        preloaded=["libtsan.so"],
        variables={"TSAN_OPTIONS": f"die_after_fork=0:suppressions={ROOT}/tests/threads/tsan.supp"},
    ),
}
# Kernel texts: of the whole suite some 19,000, which take 6 minutes on two idle cores.
TEXT_SECONDS = 1200  # for compiling those of the whole suite; of a part of it, that part
ADDR_NO_RANDOMIZE = 0x0040000  # of personality(2)
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
        self.steps: list[tuple[str, float]] = []

    def heading(self, text: str) -> None:
        """Begins a step: prints its name, and notes the time."""
        self.steps.append((text, time.monotonic()))
        print(f"\n== {text}", flush=True)

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
        print("\nseconds  step")
        ends = [at for _, at in self.steps[1:]] + [time.monotonic()]
        for (name, at), end in zip(self.steps, ends, strict=True):
            print(f"{end - at:7.0f}  {name}")
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


def ctest(suite: Suite, build: Path, jobs: int, kind: str, target: str, options: list[str], env: Environment | None = None) -> None:
    suite.heading(kind)
    if target not in (build / "build.ninja").read_text():
        run(["cmake", build])  # GoogleTest may have been installed since
    if target not in (build / "build.ninja").read_text():
        print("GoogleTest not found: left out")
        return
    if run(["cmake", "--build", build, "-j", jobs, "--target", target]):
        suite.add_one(kind, "build", False)
        return
    report = (build / "ctest.xml").resolve()
    report.unlink(missing_ok=True)
    options = ["--output-on-failure", "--progress", *options]
    run(["ctest", "--test-dir", build, *options, "--output-junit", report, "-j", jobs, "--timeout", STEP_LIMIT], env)
    if not suite.add_junit(report, kind):
        suite.add_one(kind, "ctest left no report", False)


def compiler_library(name: str) -> str:
    """The path of a library of the compiler's: a sanitizer's must be in a process before Python is."""
    found = subprocess.run([os.environ.get("CXX", "c++"), f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def instrumented(suite: Suite, build: Path, jobs: int, name: str) -> None:
    kind, what = f"Debug, {name}", INSTRUMENTED[name]
    folder = build.with_name(f"{build.name}-{name}").resolve()
    suite.heading(f"building for {kind}")
    package = folder / "python" / "numloom"
    built = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree(ROOT / "python" / "numloom", package, dirs_exist_ok=True, ignore=built)
    options = [f"-DNUMLOOM_SANITIZE={what.sanitizer}", f"-DNUMLOOM_MODULE_DIR={package}"]
    if run(["scripts/build.sh", BIN.parent, folder, "Debug", jobs, "all", *options]):
        suite.add_one(kind, "build", False)
        return
    if what.sanitizer == "thread":  # g++ 12's cannot run where the kernel spreads addresses over more bits than it knows
        ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)
    for target, chosen in what.targets.items():
        ctest(suite, folder, jobs, f"C++ {target}, {kind}", target, chosen, what.variables)
    env = {**what.variables, "PYTHONPATH": str(folder / "python")}
    if what.preloaded:
        env["LD_PRELOAD"] = " ".join(map(compiler_library, what.preloaded))
    if "libasan.so" in what.preloaded:  # the interpreter frees little at its end
        env["ASAN_OPTIONS"] += ":detect_leaks=0"
    python_tests(suite, build, jobs, what.folders, kind, env, 1.0, what.select)


def python_tests(
    suite: Suite, build: Path, jobs: int, folders: list[str], mode: str, env: Environment, sample: float, select: str = ""
) -> None:
    where = [f"tests/{f}" for f in folders if any((ROOT / "tests" / f).rglob("test_*.py"))]
    suffix = f", {mode}" if mode else ""
    if not where:
        return
    suite.heading(f"{' '.join(where)}{suffix}" + (f" (a seeded {sample:g} of them)" if sample < 1 else ""))
    report = (build / "pytest.xml").resolve()
    report.unlink(missing_ok=True)
    variables = {
        **env,
        "PYTHONPATH": ":".join([str(ROOT / "scripts"), *filter(None, [env.get("PYTHONPATH")])]),
        "NUMLOOM_TEST_SAMPLE": f"{sample}:{mode}",
        "NUMLOOM_TEST_MODE": mode or "default",
        "OMP_NUM_THREADS": "1",
    }
    options = ["-q", "--no-header", "-n", jobs, "-p", "sample_plugin", "--tb=short", "--maxfail=50", f"--junitxml={report}"]
    if select:
        options += ["-k", select]
    code = run([sys.executable, "-m", "pytest", *options, *where], variables)
    kind = " and ".join(folders) if mode else None
    if not suite.add_junit(report, kind, suffix):
        suite.add_one(f"pytest{suffix}", f"left no report (exit status {code})", False)


def consumer(suite: Suite, build: Path) -> None:
    """The project of a user of the installed library: find_package, ten lines, one caught exception."""
    kind = "C++ consumer"
    suite.heading(kind)
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


def has_cuda() -> bool:
    probe = "import numloom; numloom.set_device('cuda'); assert float((numloom.ones(3) + 1).sum()) == 6"
    return subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, check=False).returncode == 0


def cuda(suite: Suite, build: Path, jobs: int, folders: list[str], sample: float) -> None:
    """The CUDA backend: the suite on the GPU; without one, on the emulator, and its kernel texts through NVRTC."""
    ctest(suite, build, jobs, "CUDA backend, emulated", "cuda_tests", ["-L", "cuda"])
    if has_cuda():
        python_tests(suite, build, jobs, [*folders, "docs", "examples", "script"], "cuda", {"NUMLOOM_DEVICE": "cuda"}, 1.0)
        for mode, env in CUDA_MODES:
            python_tests(suite, build, jobs, folders, mode, env, sample)
        return
    mode, env = emulated(build.resolve())
    with tempfile.TemporaryDirectory() as texts:
        collect = {"NUMLOOM_JIT": "sync", "EMULATOR_NVRTC_COLLECTS": texts, "NUMLOOM_CACHE_DIR": f"{texts}/none"}
        python_tests(suite, build, jobs, folders, mode, {**env, **collect}, sample)
        kind = "kernel texts, NVRTC"
        suite.heading(kind)
        library = re.search(r"NUMLOOM_NVRTC_LIBRARY:\w+=(.*)", (build / "CMakeCache.txt").read_text())
        report = (build / "texts.xml").resolve()
        report.unlink(missing_ok=True)
        limits = ["--seconds", TEXT_SECONDS * sample, "--jobs", jobs, "--junit", report]
        run([sys.executable, "tests/cuda/compile_texts.py", library[1] if library else "libnvrtc.so", texts, *limits])
        if not suite.add_junit(report, kind):
            suite.add_one(kind, "left no report", False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cuda-sample", type=float, default=0.1, help="the part of parity and fuzz that the CUDA modes run (0.1)")
    parser.add_argument("--all", action="store_true", help="every test in every mode, and the sanitizers")
    parser.add_argument("--only", choices=["cpp", "python", "modes", "cuda", "consumer", *INSTRUMENTED], help="one kind")
    args = parser.parse_args()

    start = time.monotonic()
    suite = Suite()
    usual = {"cpp", "python", "modes", "cuda", "consumer"}
    chosen = {args.only} if args.only else usual | set(INSTRUMENTED if args.all else ())
    folders = sorted(p.name for p in (ROOT / "tests").iterdir() if p.is_dir() and p.name not in ("cpp", "cuda"))
    if chosen - {"cpp", "consumer"}:  # tests in Python play with them, and take what is there
        run(["cmake", "--build", args.build_dir, "-j", args.jobs, "--target", "emulated_cuda", "emulated_nvrtc"])
    if "cpp" in chosen:
        ctest(suite, args.build_dir, args.jobs, "C++ unit", "numloom_unit_tests", ["-LE", "cuda"])
    if "consumer" in chosen:
        consumer(suite, args.build_dir)
    if "python" in chosen:
        python_tests(suite, args.build_dir, args.jobs, folders, "", {}, 1.0)
    compared = [f for f in folders if f in ("parity", "fuzz")]
    if "modes" in chosen:
        for mode, env in MODES:
            python_tests(suite, args.build_dir, args.jobs, compared, mode, env, 1.0 if args.all else 0.1)
    if "cuda" in chosen:
        cuda(suite, args.build_dir, args.jobs, compared, 1.0 if args.all else args.cuda_sample)
    for name in INSTRUMENTED:
        if name in chosen:
            instrumented(suite, args.build_dir, args.jobs, name)
    return suite.report(time.monotonic() - start)


if __name__ == "__main__":
    sys.exit(main())
