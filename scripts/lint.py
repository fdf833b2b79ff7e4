"""Formats and checks: clang-format, clang-tidy, ruff, mypy, the layer order: `make lint`.

With CI set (or --check) nothing is rewritten, and a file that is not formatted fails. clang-tidy skips a file that passed with the
same text, headers and checks before (stamps in the build folder). Every step runs; the exit status is 1 if any failed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CPP = {".h", ".cpp", ".cu"}


def tracked(suffixes: set[str]) -> list[str]:
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return [n for n in names if Path(n).suffix in suffixes and (ROOT / n).is_file()]


def step(name: str, command: list[str]) -> bool:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    text = (done.stdout + done.stderr).strip()
    print(f"{name}: {'ok' if done.returncode == 0 else 'failed'}", flush=True)
    if text and done.returncode:
        print(text[-20000:])
    return done.returncode == 0


def tidy(build: Path, jobs: int) -> bool:
    """clang-tidy on the sources that changed since they last passed: of the bindings, what clang refuses, g++ building them."""
    database = build / "compile_commands.json"
    entries = {Path(e["file"]).resolve(): e["command"] for e in json.loads(database.read_text())}
    shared = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    shared.update((ROOT / "scripts/requirements-lint.txt").read_bytes())
    for name in sorted(tracked({".h"})):
        shared.update((ROOT / name).read_bytes())
    stamps = build / "lint"
    stamps.mkdir(exist_ok=True)

    def checks_of(name: str) -> list[str]:
        # (clang-tidy wants one check beside the compiler's.)
        return [] if name.startswith("src/") else ["--checks=-*,clang-diagnostic-*,bugprone-use-after-move"]

    def check(name: str) -> tuple[str, str]:
        path = ROOT / name
        key = shared.copy()
        key.update(path.read_bytes() + entries[path].encode() + "".join(checks_of(name)).encode())
        stamp = stamps / key.hexdigest()
        if stamp.exists():
            return "", ""
        command = [BIN / "clang-tidy", "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option", *checks_of(name), name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            stamp.touch()
            return name, ""
        return name, done.stdout + done.stderr

    names = [n for n in tracked({".cpp"}) if n.startswith(("src/", "python/bindings/")) and ROOT / n in entries]
    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(check, names))
    failed = [text for _, text in results if text]
    print(f"clang-tidy: {'failed' if failed else 'ok'} ({len(names)} files, {sum(bool(n) for n, _ in results)} checked anew)")
    print("".join(failed)[-20000:], end="", flush=True)
    return not failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--check", action="store_true", default=bool(os.environ.get("CI")), help="rewrite nothing")
    parser.add_argument("--format-only", action="store_true", help="rewrite, check nothing")
    args = parser.parse_args()

    rewrite = not args.check or args.format_only
    ok = True
    sources = tracked(CPP)
    if sources:
        ok &= step("clang-format", [str(BIN / "clang-format"), *(["-i"] if rewrite else ["--dry-run", "-Werror"]), *sources])
    ok &= step("ruff check", [str(BIN / "ruff"), "check", "--quiet", *(["--fix"] if rewrite else []), "."])
    if args.format_only:
        return int(not ok)
    ok &= step("layers", [sys.executable, "scripts/check_layers.py"])
    ok &= step("mypy", [sys.executable, "-m", "mypy"])
    ok &= tidy(args.build_dir.resolve(), args.jobs)
    return int(not ok)


if __name__ == "__main__":
    sys.exit(main())
