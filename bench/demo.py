"""Runs the programs in examples/ under plain Python and under Numloom, and compares: time, results, memory.

    python bench/demo.py [--device cpu|cuda|auto] [--scale S] [--peer numpy|cupy] [--only NAME] [--fresh]

How it measures. Every run is a process of its own, alike on both sides. The time shown is that of the program without its
imports: what runs is a copy with three lines more, which add up eight numbers after the imports (this starts the device,
where there is one) and note the clock then and at the end. Subtracting the time of another process's imports would be
simpler, but those vary by more than some of the programs take. The runs are interleaved (one of each, then again) and the
best of each counts. Before them each program runs once to save its results, which are compared; kernels are compiled then.
The peak memory shown is that of the program less that of a process which only does the imports and adds up the eight
numbers. On Linux a child's peak memory is at least what its parent held when it was started, so each run is started by a
small process of its own. With --peer cupy the reference is the same source with `import cupy as np`. The JSON has the raw
figures of every run.
"""

import argparse
import ast
import datetime
import hashlib
import importlib.util
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import machine, versions
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

PACKAGES = ("numpy", "scikit-learn", "cupy-cuda12x", "cupy-cuda13x")
ROOT = Path(__file__).resolve().parent.parent
FORMAT = 3  # of the JSON; part of the key of cached figures
TIME_LIMIT = 900.0  # seconds for one process

# What --scale means "GPU-sized" for each program: about what one GPU needs to be busy.
GPU_SCALE = {
    "cavity": 64,
    "digits_clusters": 16,
    "digits_network": 16,
    "molecules": 64,
    "options": 8,
    "photos": 16,
}


def programs(only):
    found = sorted(path for path in (ROOT / "examples").glob("*.py"))
    return [path for path in found if not only or path.stem in only]


START = "float(np.ones(8).sum())"  # starts the device
NOTE = "print(__import__('time').perf_counter(), file=open(__import__('os').environ['DEMO_CLOCK'], 'a'))"


def imports_of(source):
    return [node for node in ast.parse(source).body if isinstance(node, (ast.Import, ast.ImportFrom))]


def imports_only(source):
    """The program's imports and a first, tiny operation."""
    return "\n".join([*map(ast.unparse, imports_of(source)), START, ""])


def timed(source):
    """The program, noting the clock after its imports and at its end."""
    lines = source.splitlines()
    lines.insert(imports_of(source)[-1].end_lineno, f"{START}; {NOTE}")
    return "\n".join([*lines, NOTE, ""])


# Runs argv[2:] and writes what it took to the file argv[1].
LAUNCHER = """
import os, sys, time
start = time.perf_counter()
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - start
with open(sys.argv[1], "w") as f:
    print(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, os.waitstatus_to_exitcode(status), file=f)
"""


def one_run(command, folder):
    """Runs it to its end; wall time, between its notes and of the whole process, peak memory in bytes, exit code, output, error."""
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        report, clock = Path(work) / "usage", Path(work) / "clock"
        launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(report)]
        process = subprocess.Popen(
            launcher + command,
            cwd=folder,
            env=os.environ | {"DEMO_CLOCK": str(clock)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            process.wait(TIME_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        measured = report.read_text().split() if report.exists() else [TIME_LIMIT, TIME_LIMIT, 0, -signal.SIGKILL]
        notes = [float(note) for note in clock.read_text().split()] if clock.exists() else []
        out.seek(0)
        err.seek(0)
        return {
            "seconds": notes[1] - notes[0] if len(notes) == 2 else None,
            "whole_seconds": float(measured[0]),
            "cpu_seconds": float(measured[1]),
            "peak_bytes": int(measured[2]),
            "exit": int(measured[3]),
            "output": out.read().decode(errors="replace"),
            "error": err.read().decode(errors="replace")[-4000:],
        }


class Side:
    """One of the two ways to run a program."""

    def __init__(self, name, command, folder):
        self.name = name
        self.command = command  # (script, report file) -> argv
        self.folder = folder  # where its copies of the scripts are
        folder.mkdir(parents=True, exist_ok=True)

    def source(self, path):
        return path.read_text()

    def prepare(self, path):
        """Writes the scripts that are run: the timed one and the imports."""
        source = self.source(path)
        script, imports = self.folder / path.name, self.folder / f"imports_{path.stem}.py"
        script.write_text(timed(source))
        imports.write_text(imports_only(source))
        return script, imports


class CupySide(Side):
    def source(self, path):
        return path.read_text().replace("import numpy as np", "import cupy as np")


def sides(args, work):
    python = sys.executable
    device = ["--device", args.device]
    numloom = Side(
        "numloom", lambda s, report: [python, "-m", "numloom", *device, "--report-json", str(report), str(s)], work / "numloom"
    )
    if args.peer == "cupy":
        return [CupySide("cupy", lambda s, report: [python, str(s)], work / "cupy"), numloom]
    return [Side("numpy", lambda s, report: [python, str(s)], work / "numpy"), numloom]


def fingerprint(args, paths):
    """Changes whenever the figures might: the package, the programs, this file, the versions, the options."""
    digest = hashlib.sha256()
    spec = importlib.util.find_spec("numloom")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("demo: numloom is not built for this Python; `make demo` builds it")
    package = Path(next(iter(spec.submodule_search_locations)))
    files = [p for p in sorted(package.rglob("*")) if p.suffix in {".py", ".so"}]
    for path in [*files, *paths, Path(__file__)]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    options = [args.device, args.scale, args.peer, args.rounds]
    digest.update(json.dumps([FORMAT, versions(PACKAGES), *options, os.cpu_count()]).encode())
    return digest.hexdigest()


def measure(args, paths, work, console):
    """name -> side -> {"check": run, "imports": [runs], "runs": [runs], "report": figures}."""
    both = sides(args, work)
    raw = {path.stem: {side.name: {"imports": [], "runs": []} for side in both} for path in paths}
    started = time.perf_counter()
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=(args.rounds + 1) * len(paths) * len(both))
        for turn in range(args.rounds + 1):
            # Two rounds always; a third only where it fits the time.
            if turn >= 3 and time.perf_counter() - started > args.budget:
                break
            for path in paths:
                for side in both:
                    what = f"{path.stem} under {side.name}, " + (f"round {turn}" if turn else "results")
                    bar.update(task, description=what)
                    record = raw[path.stem][side.name]
                    script, imports = side.prepare(path)
                    scale = args.scale if args.scale is not None else GPU_SCALE.get(path.stem, 1)
                    results = work / f"{path.stem}.{side.name}.npz"
                    report = work / f"{path.stem}.{side.name}.report.json"
                    report.unlink(missing_ok=True)
                    command = [*side.command(script, report), "--scale", str(scale)]
                    if turn == 0:
                        results.unlink(missing_ok=True)
                        run = record["check"] = one_run([*command, "--save", str(results)], ROOT)
                    else:
                        run = one_run(command, ROOT)
                        record["runs"].append(run)
                        if report.exists():  # of a copy: the places are the program's own
                            text = report.read_text().replace(f"{side.folder}/", "examples/")
                            record["report"] = json.loads(text.replace(f"{ROOT}/", ""))
                    if turn < 2:
                        record["imports"].append(one_run(side.command(imports, work / "imports.json"), ROOT))
                    if not console.is_terminal:
                        failed = f", exit {run['exit']}" if run["exit"] else ""
                        console.print(f"  {what}: {run['whole_seconds']:.2f} s in all{failed}")
                    bar.advance(task)
    return raw


def difference(first, second):
    """The largest |a - b| over the largest |a|, over all arrays; infinity where they do not correspond."""
    import numpy as np

    worst = 0.0
    with np.load(first) as a, np.load(second) as b:
        if set(a.files) != set(b.files):
            return math.inf
        for name in a.files:
            x, y = a[name], b[name]
            if x.shape != y.shape or x.dtype != y.dtype:
                return math.inf
            if x.size == 0 or np.array_equal(x, y, equal_nan=True):
                continue
            x, y = x.astype(float), y.astype(float)
            worst = max(worst, float(np.abs(x - y).max() / (np.abs(x).max() or 1.0)))
            if math.isnan(worst):
                return math.inf
    return worst


def summarise(raw, args, work):
    rows = []
    for name, by_side in raw.items():
        row = {"program": name}
        for side, record in by_side.items():
            runs = record["runs"]
            bad = [run for run in (record["check"], *runs) if run["exit"] != 0 or run["seconds"] is None]
            if bad:
                row["failed"] = (bad[-1]["error"].strip().splitlines() or ["it ended before its last line"])[-1]
                row["failed_side"] = side
                continue
            seconds, whole = (min(run[key] for run in runs) for key in ("seconds", "whole_seconds"))
            peak = min(run["peak_bytes"] for run in runs) - min(run["peak_bytes"] for run in record["imports"])
            first = record["check"]["seconds"]
            row[side] = {"seconds": seconds, "first_seconds": first, "whole_seconds": whole, "peak_bytes": max(peak, 0)}
        reference = args.peer
        if "failed" not in row:
            row["speedup"] = row[reference]["seconds"] / row["numloom"]["seconds"]
            row["whole_speedup"] = row[reference]["whole_seconds"] / row["numloom"]["whole_seconds"]
            random = "default_rng" in (ROOT / "examples" / f"{name}.py").read_text()
            if reference == "numpy" or not random:  # CuPy's random numbers are its own
                row["difference"] = difference(work / f"{name}.{reference}.npz", work / f"{name}.numloom.npz")
                row["same_output"] = by_side[reference]["runs"][-1]["output"] == by_side["numloom"]["runs"][-1]["output"]
            counters = by_side["numloom"].get("report", {}).get("counters", {})
            row["kernels"], row["fused_ops"] = counters.get("kernels"), counters.get("fused_ops")
        rows.append(row)
    good = [row["speedup"] for row in rows if "speedup" in row]
    mean = math.exp(sum(map(math.log, good)) / len(good)) if good else None
    return rows, mean


def show(figures, console):
    reference = {"numpy": "NumPy", "cupy": "CuPy"}[figures["options"]["peer"]]
    table = Table(title=f"examples under {reference} and under Numloom ({figures['options']['device']})")
    for title, justify in (
        ("program", "left"),
        (reference, "right"),
        ("Numloom", "right"),
        ("speed-up", "right"),
        ("largest difference", "right"),
        ("kernels", "right"),
        ("operations fused", "right"),
        (f"memory, {reference}", "right"),
        ("memory, Numloom", "right"),
    ):
        table.add_column(title, justify=justify)

    def count(value):
        return "-" if value is None else f"{value:,.0f}"

    for row in figures["programs"]:
        if "failed" in row:
            table.add_row(row["program"], f"[red]failed under {row['failed_side']}[/]", *[""] * 7)
            continue
        peer, ours = row[figures["options"]["peer"]], row["numloom"]
        gap = "-" if "difference" not in row else "0" if row["difference"] == 0 else f"{row['difference']:.1e}"
        table.add_row(
            row["program"],
            f"{peer['seconds']:.2f} s",
            f"{ours['seconds']:.2f} s",
            f"{row['speedup']:.2f} x",
            gap,
            count(row["kernels"]),
            count(row["fused_ops"]),
            f"{peer['peak_bytes'] / 2**20:,.0f} MiB",
            f"{ours['peak_bytes'] / 2**20:,.0f} MiB",
        )
    console.print(table)
    if figures["geometric_mean"]:
        console.print(f"geometric mean of the speed-ups: {figures['geometric_mean']:.2f} x")
    about = figures["machine"]
    where = f"{about['processor']}, {about['cores']} cores" + (f", {about['gpu']}" if "gpu" in about else "")
    console.print(f"{where}; Python {figures['versions']['python']}, NumPy {figures['versions']['numpy']}; {figures['date']}")
    console.print(f"Times are without the imports, peak memory is less theirs; best of {figures['rounds']} interleaved runs.")
    for row in figures["programs"]:
        if "failed" in row:
            console.print(f"{row['program']} under {row['failed_side']}: {row['failed']}", style="red", markup=False)
        elif row.get("same_output") is False:
            console.print(f"{row['program']}: the printed output differs in its last digits", markup=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cpu", "cuda", "auto"], default="auto")
    parser.add_argument("--peer", choices=["numpy", "cupy"], default="numpy", help="what to compare with")
    parser.add_argument("--scale", help="times as much work in each program; 'gpu': GPU-sized (default 1)", default="1")
    parser.add_argument("--rounds", type=int, default=3, help="at most; at least 2 where asked for 2 or more")
    parser.add_argument("--budget", type=float, default=100.0, help="seconds after which no third round is begun")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this program; can be given more than once")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "demo.json", metavar="FILE")
    parser.add_argument("--fresh", action="store_true", help="measure even if nothing has changed")
    args = parser.parse_args()
    args.scale = None if args.scale == "gpu" else float(args.scale)
    args.rounds = max(args.rounds, 1)
    paths = programs(args.only)
    if not paths:
        parser.error("no such program in examples/")

    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    key = fingerprint(args, paths)
    if not args.fresh and args.json.exists():
        try:
            known = json.loads(args.json.read_text())
        except ValueError:
            known = {}
        if known.get("key") == key:
            show(known, console)
            console.print(f"Nothing has changed since: figures from {args.json.name}; `make demo ARGS=--fresh` measures again.")
            return 0

    work = args.json.resolve().parent / "demo"
    work.mkdir(parents=True, exist_ok=True)
    console.print(f"Running {len(paths)} programs under {args.peer} and under numloom; a process each, best of several.")
    raw = measure(args, paths, work, console)
    rows, mean = summarise(raw, args, work)
    failed = any("failed" in row for row in rows)
    rounds = max(len(record["runs"]) for by_side in raw.values() for record in by_side.values())
    figures = {
        "key": None if failed else key,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine() | {"load": os.getloadavg()},
        "versions": versions(PACKAGES),
        "rounds": rounds,
        "options": {"device": args.device, "peer": args.peer, "scale": args.scale if args.scale is not None else GPU_SCALE},
        "programs": rows,
        "geometric_mean": mean,
        "raw": raw,
    }
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(figures, indent=1) + "\n")
    show(figures, console)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
