"""Writes what the device code needs from the op table: `python generate_cases.py OPS_DIR OUT_DIR`.

  interp_cases.inc  every (op, type) and every cast as a case of the interpreter
  scalar_all.h      includes all scalar headers
Run at build time; standard library only.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Ops with a case of their own in the interpreter's loop, and the types they have it for: what most programs are made of.
COMMON = """add subtract multiply divide negative absolute square reciprocal sqrt maximum minimum equal not_equal less less_equal
greater greater_equal logical_and logical_or logical_not bitwise_and bitwise_or bitwise_xor left_shift right_shift exp log sin
cos tanh power floor rint clip copy select isnan isfinite sign""".split()
COMMON_4 = ("b1", "i4", "f4")
COMMON_8 = ("i8", "f8")
# power of integers is a loop: not common.
# Long bodies: only in the interpreters of common ops, and at the type that their width is for; elsewhere they are called.
HEAVY = set("exp log sin cos tanh power".split())
NOT_COMMON = {("power", "i4"), ("power", "i8"), ("sign", "i4"), ("sign", "i8"), ("reciprocal", "i4"), ("reciprocal", "i8")}
REDUCE = ("add", "multiply", "maximum", "minimum")
CAST_BASE = 4096


def cpp(t: str) -> str:
    return "bool" if t == "b1" else f"nl::{t}"


def main() -> None:
    device = Path(__file__).resolve().parent
    ops, out = Path(sys.argv[1]), Path(sys.argv[2])
    sys.path.insert(0, str(ops))
    import table

    number = {t: i for i, t in enumerate(table.DTYPES)}
    groups = {
        "small": ("b1", "i1", "i2", "u1", "u2"),
        "integer": ("i4", "i8", "u4", "u8"),
        "float": ("f2", "f4", "f8"),
        "complex": ("c8", "c16"),
    }
    which = [next(i for i, g in enumerate(groups.values()) if t in g) for t in table.DTYPES]
    lines = [
        "// Generated from the op table by generate_cases.py; edits are lost.",
        f"static constexpr unsigned char kGroupOf[16] __attribute__((unused)) = {{{', '.join(map(str, which))}}};",
    ]
    fast: dict[str, list[str]] = {"4": [], "8": [], "HEAVY_4": [], "HEAVY_8": []}
    reduce: dict[str, list[str]] = {"4": [], "8": []}
    cases: dict[str, list[str]] = {g: [] for g in groups}
    reducing: list[str] = []
    for n, row in enumerate(table.ROWS, 1):
        for t in table.loop_types(row):
            code = n * 16 + number[t]
            args = ", ".join(f"get<{cpp(table.operand_type(row, t, k))}>({'abc'[k]})" for k in range(row.nin))
            call = f"nl::op_{row.name}({args})"
            group = next(g for g, types in groups.items() if t in types)
            cases[group].append(f"CASE({code}, {call})")
            width = "4" if t in COMMON_4 else "8" if t in COMMON_8 else None
            if row.name in COMMON and width and (row.name, t) not in NOT_COMMON:
                fast["HEAVY_" + width if row.name in HEAVY else width].append(f"FAST({code}, {call})")
            if "reduces" in row.flags.split() and table.result_type(row, t) == t:
                reducing.append(f"CASE({code}, {call})")
            if row.name in REDUCE and width and t != "b1":
                reduce[width].append(f"ACC({code}, {cpp(t)}, nl::op_{row.name})")
    casts = []
    for a in table.DTYPES:
        for b in table.DTYPES:
            if a == b:
                continue
            code = CAST_BASE + number[a] * 16 + number[b]
            call = f"nl::cast<{cpp(b)}>(get<{cpp(a)}>(a))"
            casts.append(f"CASE({code}, {call})")
            narrow = {a, b} <= set(COMMON_4)
            if narrow or {a, b} <= {*COMMON_4, *COMMON_8}:
                fast["4" if narrow else "8"].append(f"FAST({code}, {call})")
    for g, body in cases.items():
        lines += [f"GROUP(eval_{g})", *body, "GROUP_END"]
    lines += ["GROUP(eval_cast)", *casts, "GROUP_END"]
    lines += ["GROUP(eval_reduce)", *reducing, "GROUP_END"]
    for which_ops, body in fast.items():
        lines.append(f"#define FAST_OPS_{which_ops} \\\n  " + " \\\n  ".join(body))
    for width in "48":
        lines.append(f"#define FAST_REDUCE_{width} \\\n  " + " \\\n  ".join(reduce[width]))

    def ids(*bodies: list[str]) -> str:
        return ", ".join(map(str, sorted(int(f[f.index("(") + 1 :].split(",")[0]) for body in bodies for f in body)))

    out.mkdir(parents=True, exist_ok=True)
    scalar = sorted(p.name for p in (ops / "scalar").glob("*.h"))
    files: dict[str, object] = {
        "interp_cases.inc": "\n".join(lines) + "\n",
        "scalar_all.h": "#pragma once\n#ifdef __CUDACC_RTC__\n#define __builtin_memcpy memcpy\n#endif\n"
        + "".join(f'#include "scalar/{h}"\n' for h in scalar),
        "interp_common.inc": "// Generated: the ids that the interpreters of common ops have.\n"
        f"constexpr unsigned short kCommonOps4[] = {{{ids(fast['4'], fast['HEAVY_4'])}}};\n"
        f"constexpr unsigned short kCommonOps8[] = {{{ids(fast['4'], fast['8'], fast['HEAVY_8'])}}};\n"
        f"constexpr unsigned short kCommonReduces4[] = {{{ids(reduce['4'])}}};\n"
        f"constexpr unsigned short kCommonReduces8[] = {{{ids(reduce['4'], reduce['8'])}}};\n",
        "device_text.inc": lambda: (
            "// Generated: the device sources, whole, for architectures without an image.\n"
            + "".join(
                f'{{"{n}", R"NUMLOOM({flatten(device / (n + ".cu"), [device.parent, out, ops, ops.parent / "src"], set())})NUMLOOM"}},\n'
                for n in ("interp", "calls")
            )
        ),
        "scalar_text.inc": "// Generated: the scalar headers as text, for the JIT.\n"
        + "".join(f'{{"{h}", R"NUMLOOM({(ops / "scalar" / h).read_text()})NUMLOOM", "{own_ops(table, h)}"}},\n' for h in scalar)
        + f'{{"reduction.h", R"NUMLOOM({(ops.parent / "src/codegen/reduction.h").read_text()})NUMLOOM", ""}},\n',
    }
    for name, text in files.items():
        if callable(text):
            text = text()
        path = out / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def flatten(path: Path, folders: list[Path], seen: set[Path]) -> str:
    """`path` with its includes in place, each once."""
    lines = []
    for line in path.read_text().splitlines():
        if line.startswith('#include "'):
            name = line.split('"')[1]
            at = next(p.resolve() for d in [path.parent, *folders] if (p := d / name).exists())
            if at not in seen:
                seen.add(at)
                lines.append(flatten(at, folders, seen))
        elif line != "#pragma once":
            lines.append(line)
    return "\n".join(lines)


def own_ops(table, header: str) -> str:
    """The ops that a kernel needs `header` for, each with a space before and after."""
    family = header[:-2].removeprefix("complex_")
    return " " + " ".join(r.name for r in table.ROWS if r.family == family) + " "


if __name__ == "__main__":
    main()
