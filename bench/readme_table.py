"""Puts the table of a real `make demo` run between the markers in README.md and README.zh-CN.md.

    python bench/readme_table.py build/demo.json bench/results/NAME.demo.json

The figures are copied to the second file, which is committed beside the table.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

HEADS = {
    "README.md": (
        "program | NumPy | Numloom | speed-up | largest difference | kernels | operations fused | memory, NumPy | memory, Numloom",  # noqa: E501
        "{cpu}, {cores} cores, Python {python}, NumPy {numpy}, {date}; device `{device}`. Geometric mean of the speed-ups: "
        "**{mean:.2f}**. Times are without the imports, peak memory is less theirs; best of {rounds} interleaved runs "
        "([all figures]({file})).",
    ),
    "README.zh-CN.md": (
        "程序 | NumPy | Numloom | 加速比 | 最大差异 | 内核数 | 融合的运算数 | NumPy 内存 | Numloom 内存",
        "{cpu}，{cores} 核，Python {python}，NumPy {numpy}，{date}；设备 `{device}`。加速比的几何平均：**{mean:.2f}**。"
        "时间不含导入，内存峰值已减去导入所用；交替运行 {rounds} 次取最好成绩（[全部数据]({file})）。",
    ),
}


def rows(figures):
    for row in figures["programs"]:
        numpy, ours = row["numpy"], row["numloom"]
        gap = "0" if row["difference"] == 0 else f"{row['difference']:.0e}"
        yield (
            f"[{row['program']}](examples/{row['program']}.py) | {numpy['seconds']:.2f} s | {ours['seconds']:.2f} s | "
            f"{row['speedup']:.2f} | {gap} | {row['kernels']:,.0f} | {row['fused_ops']:,.0f} | "
            f"{numpy['peak_bytes'] / 2**20:,.0f} MiB | {ours['peak_bytes'] / 2**20:,.0f} MiB"
        )


def table(figures, name, kept):
    """What stands between the markers of README `name`, for figures kept in the file `kept` (relative to the root)."""
    head, foot = HEADS[name]
    about = {
        "cpu": figures["machine"]["processor"],
        "cores": figures["machine"]["cores"],
        "python": figures["versions"]["python"],
        "numpy": figures["versions"]["numpy"],
        "date": figures["date"][:10],
        "device": figures["options"]["device"],
        "mean": figures["geometric_mean"],
        "rounds": figures["rounds"],
        "file": kept,
    }
    lines = [f"| {head} |", "| --- " + "| ---: " * head.count("|") + "|"]
    lines += [f"| {row} |" for row in rows(figures)]
    return "\n".join([*lines, "", foot.format(**about)])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, kept = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    figures = json.loads(source.read_text())
    if figures["options"]["peer"] != "numpy" or any("failed" in row for row in figures["programs"]):
        sys.exit("readme_table: these are not the figures of a whole run against NumPy")
    for by_side in figures["raw"].values():
        for record in by_side.values():
            for run in [record["check"], *record["imports"], *record["runs"]]:
                run.pop("error")  # warnings name files of this machine
    kept.write_text(json.dumps(figures, indent=1) + "\n")
    for name in HEADS:
        lines = table(figures, name, kept.relative_to(ROOT))
        path = ROOT / name
        text, found = re.subn(
            r"(<!-- demo:begin -->\n).*?(<!-- demo:end -->)",
            lambda m, t=lines: f"{m[1]}\n{t}\n\n{m[2]}",
            path.read_text(),
            flags=re.S,
        )
        if found != 1:
            sys.exit(f"readme_table: no markers in {name}")
        path.write_text(text)


if __name__ == "__main__":
    main()
