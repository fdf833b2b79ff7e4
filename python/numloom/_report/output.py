"""Writes the report. The text goes to standard error: a program's own output stays what it is under python."""

import atexit
import json
import os
import sys

from numloom._report.collect import collect

_SHOWN_FALLBACKS = 40


def at_exit(text, json_file):
    """Report when this process ends; not in processes forked from it."""
    process = os.getpid()

    def report():
        if os.getpid() != process:
            return
        figures = collect()
        if text:
            try:
                sys.stdout.flush()
            except (AttributeError, OSError, ValueError):
                pass
            sys.stderr.write(as_text(figures))
        if json_file:
            try:
                with open(json_file, "w") as file:
                    json.dump(figures, file, indent=2)
                    file.write("\n")
            except OSError as error:
                sys.stderr.write(f"numloom: cannot write the report: {error}\n")

    atexit.register(report)


def _bytes(count):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return ""


def _seconds(count):
    if count < 1e-3:
        return f"{count * 1e6:.0f} us"
    return f"{count * 1e3:.1f} ms" if count < 1 else f"{count:.2f} s"


_count = "{:,}".format
_ROWS = (
    ("time_cpu", "time on the CPU", _seconds),
    ("time_cuda", "time on the GPU", _seconds),
    ("time_planning", "time planning", _seconds),
    ("kernels", "kernels launched", _count),
    ("fused_ops", "operations fused into them", _count),
    ("calls", "library calls", _count),
    ("run_now", "small operations run at once", _count),
    ("dead_ops", "operations nobody needed", _count),
    ("temporaries_elided", "temporaries never stored", _count),
    ("temporaries_elided_bytes", "memory they did not take", _bytes),
    ("stored_bytes", "results stored", _bytes),
    ("bytes_to_device", "moved to the device", _bytes),
    ("bytes_to_host", "moved to the host", _bytes),
    ("host_bytes_peak", "peak of the engine's memory", _bytes),
    ("plan_hits", "plans found", _count),
    ("plan_misses", "plans made", _count),
)
_GROUPS = (("flush_", "work ran for the sake of"), ("refused_", "loops stayed apart because of"))


def as_text(figures):
    """The report for a person."""
    counters = figures["counters"]
    lines = ["", f"Numloom {figures['numloom']} on {figures['device']}, {_seconds(figures['seconds'])} in all"]
    for name, label, show in _ROWS:
        if counters.get(name):
            lines.append(f"  {label:<40} {show(counters[name]):>12}")
    for prefix, label in _GROUPS:
        group = {name.removeprefix(prefix): n for name, n in counters.items() if name.startswith(prefix) and n}
        if group:
            ranked = sorted(group.items(), key=lambda item: -item[1])
            lines.append(f"  {label:<40} " + ", ".join(f"{name.replace('_', ' ')} ({n:,})" for name, n in ranked))
    fallbacks = figures["fallbacks"]
    if not fallbacks:
        lines.append("  nothing ran on NumPy")
    else:
        calls = sum(entry["calls"] for entry in fallbacks)
        cost = sum(entry["seconds"] for entry in fallbacks)
        lines.append(f"  ran on NumPy: {calls:,} calls, {_seconds(cost)}")
        for entry in fallbacks[:_SHOWN_FALLBACKS]:
            where = f"{_short(entry['file'])}:{entry['line']}"
            what = f"{entry['calls']:,} x, {_seconds(entry['seconds'])}"
            if entry["bytes"]:
                what += f", {_bytes(entry['bytes'])} moved"
            lines.append(f"    {where}  {entry['function']}  ({what}): {entry['reason']}")
        if len(fallbacks) > _SHOWN_FALLBACKS:
            lines.append(f"    and {len(fallbacks) - _SHOWN_FALLBACKS} more places (--report-json lists all)")
    return "\n".join(lines) + "\n"


def _short(path):
    relative = os.path.relpath(path) if os.path.isabs(path) else path
    return relative if len(relative) < len(path) else path
