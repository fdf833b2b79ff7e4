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


_ROWS = (
    ("time_cpu", "time on the CPU", _seconds),
    ("time_cuda", "time on the GPU", _seconds),
    ("kernels", "kernels launched", "{:,}".format),
    ("fused_ops", "operations fused into them", "{:,}".format),
    ("run_now_ops", "small operations run at once", "{:,}".format),
    ("temporaries_elided_bytes", "temporaries never stored", _bytes),
    ("kept_by_name_bytes", "stored only because a name held them", _bytes),
    ("bytes_to_device", "moved to the device", _bytes),
    ("bytes_to_host", "moved to the host", _bytes),
    ("plan_hits", "plans found", "{:,}".format),
    ("plan_misses", "plans made", "{:,}".format),
)


def as_text(figures):
    """The report for a person."""
    counters = figures["counters"]
    lines = ["", f"Numloom {figures['numloom']} on {figures['device']}, {_seconds(figures['seconds'])} in all"]
    for name, label, show in _ROWS:
        if counters.get(name):
            lines.append(f"  {label:<40} {show(counters[name]):>12}")
    for name, label in (("flush_reasons", "why work ran"), ("fusion_refusals", "why loops stayed apart")):
        if isinstance(counters.get(name), dict) and any(counters[name].values()):
            lines.append(f"  {label}:")
            ranked = sorted(counters[name].items(), key=lambda item: -item[1])
            lines += [f"    {key:<38} {value:>12,}" for key, value in ranked if value]
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
