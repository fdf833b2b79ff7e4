"""What the benchmarks share: each peer in a process of its own, the best of several rounds, a table, a line of JSON.

A benchmark file calls `main(title, peers)`, where `peers` maps a name to a function of the options that returns
{figure: seconds}. The process of one peer is this same file with `--one NAME`; it imports that peer alone, so that no
library's threads, allocator or context disturb another's. A peer that is not installed is named and left out.
"""

import argparse
import datetime
import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_MARK = "@figures "


# glibc gives large blocks back to the system at once, and the next temporary pays for every page again; with these variables
# it keeps them, so that NumPy's temporaries are warm.
WARM = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "17179869184", "MALLOC_TOP_PAD_": "1073741824"}


class Peer:
    """A function that measures, the environment of its process, and for which devices it is meant."""

    def __init__(self, run, devices=("cpu", "cuda"), env=None):
        self.run = run
        self.devices = devices
        self.env = env or {}


def best(call, seconds=1.0, at_least=5, batch=1, finish=None, clock=time.perf_counter):
    """The shortest time of `call`, in seconds, over runs of `batch` calls each followed by `finish`."""
    shortest, done, end = float("inf"), 0, time.perf_counter() + seconds
    while done < at_least or time.perf_counter() < end:
        start = clock()
        for _ in range(batch):
            call()
        if finish is not None:
            finish()
        shortest = min(shortest, (clock() - start) / batch)
        done += 1
    return shortest


def first(call, finish=None):
    """The time of one call, the first."""
    start = time.perf_counter()
    call()
    if finish is not None:
        finish()
    return time.perf_counter() - start


def figures(call, seconds, batch=1, finish=None):
    """The first call and a steady one."""
    return {"first call": first(call, finish), "steady": best(call, seconds, batch=batch, finish=finish)}


def numloom_figures(options, call):
    """The first call of Numloom's and a steady one, after the time in which a background compile ends."""
    import numloom

    at_first = first(call, numloom.synchronize)
    best(call, 3.0, finish=numloom.synchronize)
    batch = 1 if options.device == "cpu" else 20
    return {"first call": at_first, "steady": best(call, 2.0, batch=batch, finish=numloom.synchronize)}


def jax_figures(options, function, *args):
    """The same of a function that JAX compiles."""
    import jax

    run, out = jax.jit(function), [None]

    def call():
        out[0] = run(*args)

    return figures(call, 3, 1 if options.device == "cpu" else 20, lambda: out[0].block_until_ready())


PEERS = ("numloom", "numpy", "cupy-cuda12x", "cupy-cuda13x", "jax", "torch", "numba", "numexpr")


def versions(names=PEERS):
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


def machine():
    about = {"system": platform.platform(), "cores": len(os.sched_getaffinity(0)), "processor": platform.machine()}
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                about["processor"] = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    try:
        query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        about["gpu"] = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        pass
    return about


def _spawn(name, peer, argv):
    """({figure: seconds}, None), or (None, why not)."""
    with tempfile.TemporaryDirectory() as empty:
        env = dict(os.environ)
        # Empty compile caches, so that first calls are first calls.
        env.update(CUPY_CACHE_DIR=f"{empty}/cupy", TORCHINDUCTOR_CACHE_DIR=f"{empty}/inductor", CUDA_CACHE_PATH=f"{empty}/cuda")
        env.update(TRITON_CACHE_DIR=f"{empty}/triton", NUMLOOM_CACHE_DIR=f"{empty}/numloom", XDG_CACHE_HOME=empty)
        env.update(XLA_PYTHON_CLIENT_PREALLOCATE="false")
        env.update(peer.env)
        command = [sys.executable, str(Path(sys.argv[0]).resolve()), *argv, "--one", name]
        try:
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            return None, "did not end within 300 s"
    for line in reversed(done.stdout.splitlines()):
        if line.startswith(_MARK):
            return json.loads(line[len(_MARK) :]), None
    last = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
    if last.startswith(("ModuleNotFoundError", "ImportError")):
        return None, f"not installed ({last.split(':', 1)[1].strip()})"
    return None, last[:160]


def show_time(seconds):
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1.0:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _table(rows, columns):
    widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    for row in [columns, ["-" * width for width in widths], *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *cells[1:]]))


def main(title, peers, add_options=None, transposed=False, ratio=None):
    """Measures every peer that suits the device and prints the table; with `transposed` a row is a figure, and `ratio` names two
    peers whose quotient becomes a last column."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=2, help="processes of each peer, interleaved; the best counts")
    parser.add_argument("--peer", action="append", metavar="NAME", help="only this one; can be given more than once")
    parser.add_argument("--save", type=Path, metavar="FILE", help="append the figures there, a line of JSON each run")
    parser.add_argument("--one", metavar="NAME", help=argparse.SUPPRESS)
    if add_options:
        add_options(parser)
    options = parser.parse_args()

    if options.one:
        print(_MARK + json.dumps(peers[options.one].run(options)))
        return

    chosen = {n: p for n, p in peers.items() if options.device in p.devices and (not options.peer or n in options.peer)}
    argv = [a for a in sys.argv[1:] if a != "--one"]
    figures, absent = {}, {}
    for _ in range(options.rounds):
        for name, peer in chosen.items():
            if name in absent:
                continue
            found, why = _spawn(name, peer, argv)
            if found is None:
                absent[name] = why
                figures.pop(name, None)
                continue
            known = figures.setdefault(name, {})
            for figure, seconds in found.items():
                known[figure] = min(seconds, known.get(figure, float("inf")))

    print(f"\n{title} [{options.device}]")
    names = list(dict.fromkeys(figure for found in figures.values() for figure in found))

    def cell(peer, figure):
        return show_time(figures[peer][figure]) if figure in figures[peer] else "-"

    if transposed:
        rows, heads = [[figure, *(cell(peer, figure) for peer in figures)] for figure in names], ["", *figures]
        if ratio and all(peer in figures for peer in ratio):
            quotients = {f: figures[ratio[0]][f] / figures[ratio[1]][f] for f in names if all(f in figures[p] for p in ratio)}
            rows = [[*row, f"{quotients[row[0]]:.2f}" if row[0] in quotients else "-"] for row in rows]
            heads.append("ratio")
            mean = math.exp(sum(map(math.log, quotients.values())) / len(quotients))
            rows.append(["geometric mean", *[""] * len(figures), f"{mean:.2f}"])
        _table(rows, heads)
    else:
        _table([[peer, *(cell(peer, figure) for figure in names)] for peer in figures], ["", *names])
    for name, why in absent.items():
        print(f"left out: {name}: {why}")
    if options.save:
        options.save.parent.mkdir(parents=True, exist_ok=True)
        record = {
            "benchmark": title,
            "device": options.device,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "versions": versions(),
            "seconds": figures,
            "left_out": absent,
        }
        with options.save.open("a") as file:
            file.write(json.dumps(record) + "\n")
