"""Writes what the device code needs from the op table: `python generate_cases.py OPS_DIR OUT_DIR`.

  interp_cases.inc  every (op, type) and every cast as a case of the interpreter
  stream_cases.inc  the common ones as cases of the stream interpreter
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
# In the stream interpreters: what ops/scalar/quick.h has, and what is too long to be worked on side by side.
QUICK = set("divide reciprocal sqrt".split())
CALLED = {"tanh", "power"}
# A switch is a tree of branches: these, of floats as wide as a register, have a small one of their own.
HOT = [
    "add",
    "subtract",
    "subtract turned",
    "multiply",
    "divide",
    "divide turned",
    "negative",
    "absolute",
    "square",
    "sqrt",
    "maximum",
    "minimum",
    "less",
    "greater",
    "exp",
    "log",
]
TURNED = ("subtract", "divide")  # the last result is their second operand as often as their first
TURNED_BASE = 32768
FIRST_STREAM_OP = 5  # kStreamOps of block.h
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
    # Of the stream interpreters: id -> how it is done, and the functions that are called.
    streams: dict[str, dict[int, str]] = {"4": {}, "8": {}}
    named: list[tuple[str, int, str]] = []

    hot_ids: dict[int, tuple[str, str]] = {}
    turned: dict[str, dict[int, int]] = {"4": {}, "8": {}}  # ids of the ops below with their operands turned round

    def stream(row, t: str, code: int, call: str, width: str) -> None:
        """An op in the stream interpreters that have its type."""
        hot_ids[code] = (row.name, t)
        ranged = t in row.ranged.split() or (row.name in QUICK and t in ("f4", "f8"))
        for w in "48" if width == "4" else "8":
            if ranged and t == "f" + w and row.name not in CALLED:
                inner = call[call.index("(") + 1 : -1]
                quick = (
                    f"nl::quick_{row.name}({inner}, fine)"
                    if row.name in QUICK
                    else f"(nl::also(fine, nl::{row.name}_in_range({inner})), nl::{row.name}_fast({inner}))"
                )
                streams[w][code] = f"QUICK(%d, {quick})"
            elif ranged or row.name in HEAVY:
                streams[w][code] = "CALLED(%d)"
            else:
                streams[w][code] = f"{'TERNARY' if row.nin > 2 else 'PLAIN'}(%d, {call})"
                continue
            named.append((w, code, call))
        if row.name in TURNED and t in ("f4", "f8"):
            swapped = call.replace("(a)", "(?)").replace("(b)", "(a)").replace("(?)", "(b)")
            for w in "48" if width == "4" else "8":
                other = turned[w][code] = TURNED_BASE + code
                hot_ids[other] = (row.name + " turned", t)
                streams[w][other] = (
                    streams[w][code]
                    .replace("get<nl::f4>(a), get<nl::f4>(b)", "get<nl::f4>(b), get<nl::f4>(a)")
                    .replace("get<nl::f8>(a), get<nl::f8>(b)", "get<nl::f8>(b), get<nl::f8>(a)")
                )
                if not streams[w][code].startswith("PLAIN"):
                    named.append((w, other, swapped))

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
            if row.name in COMMON and width and (row.name, t) not in NOT_COMMON:
                stream(row, t, code, call, width)
    casts = []
    for a in table.DTYPES:
        for b in table.DTYPES:
            if a == b:
                continue
            code = CAST_BASE + number[a] * 16 + number[b]
            call = f"nl::cast<{cpp(b)}>(get<{cpp(a)}>(a))"
            casts.append(f"CASE({code}, {call})")
            if {a, b} <= {*COMMON_4}:
                streams["4"][code] = f"PLAIN(%d, {call})"
            if {a, b} <= {*COMMON_4, *COMMON_8}:
                streams["8"][code] = f"PLAIN(%d, {call})"
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

    hot = {w: [c for r in HOT for c in ops if c in hot_ids and hot_ids[c] == (r, "f" + w)] for w, ops in streams.items()}
    order = {w: hot[w] + sorted(set(ops) - set(hot[w])) for w, ops in streams.items()}
    dense = {w: {c: i for i, c in enumerate(order[w], FIRST_STREAM_OP)} for w in streams}
    quick = {w: [dense[w][c] for c in order[w] if bodies[c].startswith("QUICK")] for w, bodies in streams.items()}
    stream_lines = ["// Generated from the op table by generate_cases.py; edits are lost."]
    stream_lines += [f"NAMED({dense[w][code]}, {w}, {call})" for w, code, call in named]
    for w, bodies in streams.items():
        stream_lines.append(f"static constexpr unsigned kStreamHot{w} = {FIRST_STREAM_OP + len(hot[w])};")
        for what, ids_ in (("HOT", hot[w]), ("OPS", order[w][len(hot[w]) :])):
            stream_lines.append(f"#define STREAM_{what}_{w} \\\n  " + " \\\n  ".join(bodies[c] % dense[w][c] for c in ids_))

    out.mkdir(parents=True, exist_ok=True)
    scalar = sorted(p.name for p in (ops / "scalar").glob("*.h"))
    files: dict[str, object] = {
        "interp_cases.inc": "\n".join(lines) + "\n",
        "scalar_all.h": "#pragma once\n#ifdef __CUDACC_RTC__\n#define __builtin_memcpy memcpy\n#endif\n"
        + "".join(f'#include "scalar/{h}"\n' for h in scalar),
        "interp_common.inc": "// Generated: the ids that the interpreters of common ops have; those of streams in the order of their codes.\n"
        f"constexpr unsigned short kCommonOps4[] = {{{ids(fast['4'], fast['HEAVY_4'])}}};\n"
        f"constexpr unsigned short kCommonOps8[] = {{{ids(fast['4'], fast['8'], fast['HEAVY_8'])}}};\n"
        + "".join(f"constexpr unsigned short kStreamOps{w}[] = {{{', '.join(map(str, order[w]))}}};\n" for w in "48")
        + "// Codes of streams that keep their first operand aside: QUICK in stream.cu.\n"
        + "".join(f"constexpr unsigned short kStreamQuick{w}[] = {{{', '.join(map(str, quick[w]))}}};\n" for w in "48")
        + f"constexpr unsigned short kCommonReduces4[] = {{{ids(reduce['4'])}}};\n"
        f"constexpr unsigned short kCommonReduces8[] = {{{ids(reduce['4'], reduce['8'])}}};\n",
        "stream_cases.inc": "\n".join(stream_lines) + "\n",
        "device_text.inc": lambda: (
            "// Generated: the device sources, whole, for architectures without an image.\n"
            + "".join(
                f'{{"{n}", R"NUMLOOM({flatten(device / (n + ".cu"), [device.parent, out, ops, ops.parent / "src"], set())})NUMLOOM"}},\n'
                for n in ("interp", "stream", "calls")
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
