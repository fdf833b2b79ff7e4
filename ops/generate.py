"""Writes what is generated from the op table into a folder: `python generate.py OUT_DIR`; `--list OUT_DIR` prints their paths.

Run by CMake with the build's Python; needs the standard library only. A file whose text would not change is left alone, so that
a new row rebuilds what it touches and nothing else.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import table
from table import DTYPES, ROWS, Row

HEAD = "// Generated from ops/table.py by ops/generate.py; edits are lost.\n"
WARNS = {"divide": 1, "over": 2, "under": 4, "invalid": 8}


def write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)


def info(row: Row) -> str:
    flags = row.flags.split()
    identity = "kNoIdentity" if row.identity is None else str(row.identity)
    warns = sum(WARNS[w] for w in row.warns.split())
    ranged = sum(1 << DTYPES.index(t) for t in row.ranged.split())
    return (
        f"    {{{quoted(row.name)}, {row.nin}, {int('reduces' in flags)}, {int('commutative' in flags)}, "
        f"{identity}, {warns}, {int(row.public)}, {ranged}, "
        f"{row.ulp[0]}, {row.ulp[1]}}},"
    )


def table_header() -> str:
    ops = ",\n  ".join(r.name for r in ROWS)
    return f"""{HEAD}// The ops: their names, and what every layer may ask about them. Constant tables; any thread.
#pragma once
#include <cstdint>
#include <string_view>

#include "array/dtype.h"

namespace numloom {{

enum class Op : uint16_t {{
  none,
  {ops},
}};
inline constexpr int kOps = {len(ROWS) + 1};  // `none` counts, so that tables can be indexed by Op

// NumPy's numbers of its floating-point warnings.
inline constexpr uint8_t kWarnDivide = 1, kWarnOver = 2, kWarnUnder = 4, kWarnInvalid = 8;

inline constexpr int8_t kNoIdentity = -128;

struct OpInfo {{
  const char* name;     // NumPy's ufunc name
  uint8_t nin;
  uint8_t reduces;      // may be a reduction
  uint8_t commutative;
  int8_t identity;      // 0, 1 or -1 (all bits set); kNoIdentity where an empty reduction is an error
  uint8_t warns;        // mask of kWarn* that it can give
  uint8_t is_public;    // NumPy has a ufunc of this name
  uint16_t ranged;      // bit t: the function of type t comes in fast, in_range and slow parts
  float ulp_f4, ulp_f8; // error bounds; 0: correctly rounded or exact
}};

extern const OpInfo kOpInfo[kOps];
inline const OpInfo& op_info(Op op) {{ return kOpInfo[static_cast<int>(op)]; }}

// kNoDType below: that there is none.
namespace detail {{
extern const DType kOpCompute[kOps][kDTypes];
extern const DType kOpOutput[kOps][kDTypes];
extern const DType kOpInput[kOps][3][kDTypes];
}}  // namespace detail

// The type NumPy computes in where the operands promote to `promoted` (for ldexp: the first operand alone; its second
// must cast to int64 under 'same_kind' from a signed integer); kNoDType where it raises TypeError.
inline DType op_compute_type(Op op, DType promoted) {{
  return detail::kOpCompute[static_cast<int>(op)][static_cast<int>(promoted)];
}}
// The type of the result, and of operand `operand`, of the loop which computes in `compute`.
inline DType op_output_type(Op op, DType compute) {{
  return detail::kOpOutput[static_cast<int>(op)][static_cast<int>(compute)];
}}
inline DType op_input_type(Op op, DType compute, int operand) {{
  return detail::kOpInput[static_cast<int>(op)][operand][static_cast<int>(compute)];
}}
inline bool op_supports(Op op, DType compute) {{ return op_output_type(op, compute) != kNoDType; }}

// By name or alias; Op::none where there is none.
Op op_by_name(std::string_view name);

}}  // namespace numloom
"""


def type_row(types: list[str | None]) -> str:
    return "{" + ", ".join("kNoDType" if t is None else f"DType::{t}" for t in types) + "}"


def table_source() -> str:
    none = type_row([None] * len(DTYPES))
    compute, output, operands, names = [none], [none], [f"{{{none}, {none}, {none}}}"], []
    for r in ROWS:
        have = table.loop_types(r)
        compute.append(type_row([table.compute_type(r, t) for t in DTYPES]))
        output.append(type_row([table.result_type(r, t) if t in have else None for t in DTYPES]))
        per = [type_row([table.operand_type(r, t, k) if t in have and k < r.nin else None for t in DTYPES]) for k in range(3)]
        operands.append("{" + ", ".join(per) + "}")
        names += [(n, r.name) for n in (r.name, *r.aliases)]
    rows = "\n".join(info(r) for r in ROWS)
    join = ",\n    ".join
    by_name = ",\n    ".join(f"{{{quoted(n)}, Op::{op}}}" for n, op in sorted(names))
    return f"""{HEAD}#include "ops_table.h"

#include <algorithm>
#include <iterator>

namespace numloom {{

const OpInfo kOpInfo[kOps] = {{
    {{"none", 0, 0, 0, kNoIdentity, 0, 0, 0, 0, 0}},
{rows}
}};

namespace detail {{
const DType kOpCompute[kOps][kDTypes] = {{
    {join(compute)}}};
const DType kOpOutput[kOps][kDTypes] = {{
    {join(output)}}};
const DType kOpInput[kOps][3][kDTypes] = {{
    {join(operands)}}};
}}  // namespace detail

namespace {{
struct Named {{
  std::string_view name;
  Op op;
}};
constexpr Named kByName[] = {{
    {by_name}}};
}}  // namespace

Op op_by_name(std::string_view name) {{
  const auto* at = std::lower_bound(std::begin(kByName), std::end(kByName), name,
                                    [](const Named& a, std::string_view b) {{ return a.name < b; }});
  return at != std::end(kByName) && at->name == name ? at->op : Op::none;
}}

}}  // namespace numloom
"""


LEVELS = ("v3", "v4")
SCALAR_TYPES = ("i4", "i8", "f4", "f8")
SCALAR_FAMILIES = ("arithmetic", "compare", "minmax", "select")
PAIRS = ("add", "subtract", "multiply", "divide")  # in the order of LoopTable::pair; the functions follow, as second ones
PAIR_FUNCTIONS = ("exp", "log")
BESIDES = {"sqrt": "nl::op_sqrt(x)", "divide": "nl::op_divide(x, y)"}  # in the order of LoopTable::beside
TABLES = ("exp", "log")  # the functions that look into a table, of float64
EXTREMES = {"maximum": "reduce_most", "minimum": "reduce_least", "fmax": "reduce_fmost", "fmin": "reduce_fleast"}
# Families whose float16 loops are their float32 loops between two conversions.
HALF_FAMILIES = ("exponential", "hyperbolic", "power", "trigonometric")
ROWS_OPS, ROWS_TYPES = ("add", "maximum", "minimum"), ("i8", "f4", "f8")  # LoopTable::rows
BOOL_REDUCES = {  # what the reductions of bools come to
    **dict.fromkeys(("add", "logical_or", "bitwise_or", "maximum", "fmax"), "|"),
    **dict.fromkeys(("multiply", "logical_and", "bitwise_and", "minimum", "fmin"), "&"),
    **dict.fromkeys(("logical_xor", "bitwise_xor"), "^"),
}
# By one divisor: the result from the quotient q, the dividend x and the divisor y.
DIVIDED = {"floor_divide": "q", "remainder": "nl::op_subtract(x, nl::op_multiply(q, y))"}  # q * y may lie below the lowest


def element(dtype: str) -> str:
    return "bool" if dtype == "b1" else f"nl::{dtype}"


def half_loop(r) -> str:
    """The loop of a float16 row: that of float32, as family_loops has it, between conversions."""
    second = r.nin == 2
    if r.name == "power":
        loop = "run_power_f4(o, x, y, m)"
    elif "f4" in r.ranged.split():
        loop = f"run_ranged1<nl::f4>(o, x, x, x, m, Parts_{r.name}{{}}, KeepFirst{{}}, KeepFirst{{}})"
    elif second:
        function = f"[](nl::f4 u, nl::f4 v) NL_INLINE {{ return nl::op_{r.name}(u, v); }}"
        loop = f"run2<nl::f4, nl::f4, nl::f4>(o, x, y, m, {function})"
    else:
        loop = f"run1<nl::f4, nl::f4>(o, x, m, [](nl::f4 u) NL_INLINE {{ return nl::op_{r.name}(u); }})"
    return f"  NL_HALF({r.name}, {'b' if second else 'nullptr'}, ({loop}))"


def family_loops(family: str, level: str) -> str:
    """The source of one family's loops for one CPU level (the build compiles it for that level)."""
    lines = []
    for r in (r for r in ROWS if r.family == family):
        for t in table.loop_types(r):
            kinds = [element(table.operand_type(r, t, k)) for k in range(r.nin)]
            types = ", ".join([element(table.result_type(r, t)), *kinds])
            if t == "f2" and family in HALF_FAMILIES:
                lines.append(half_loop(r))
            elif r.name == "power" and t == "f4":
                lines.append("  NL_POWER_F4")
            elif t in r.ranged.split():
                lines.append(f"  NL_RANGED{r.nin}({r.name}, {t}, {element(t)})")
            else:
                lines.append(f"  NL_LOOP{r.nin}({r.name}, {t}, {types})")
                if r.nin == 2 and t in SCALAR_TYPES and family in SCALAR_FAMILIES:
                    lines.append(f"  NL_SCALAR2({r.name}, {t}, {types})")
                if r.name in DIVIDED and t[0] in "iu":
                    lines.append(f"  NL_DIVIDE_BY({r.name}, {t}, {element(t)}, {DIVIDED[r.name]})")
            if r.name in ROWS_OPS and t in ROWS_TYPES:
                lines.append(f"  NL_ROWS({r.name}, {t}, {element(t)})")
            if "reduces" in r.flags and t == "b1" == table.result_type(r, t):
                lines.append(f"  NL_REDUCE_BOOLS({r.name}, {BOOL_REDUCES[r.name]})")
            elif "reduces" in r.flags and table.result_type(r, t) == t:
                how = "reduce_any" if t[0] in "iu" else "reduce_sum" if r.name == "add" else "reduce_tree"
                if t in ("f4", "f8"):
                    how = EXTREMES.get(r.name, how)
                lines.append(f"  NL_REDUCE({how}, {r.name}, {t}, {element(t)})")
    if family == "arithmetic":
        for first, second, t in itertools.product(range(len(PAIRS)), range(len(PAIRS)), ("f4", "f8")):
            lines.append(f"  NL_PAIR({first}, {PAIRS[first]}, {second}, {PAIRS[second]}, {t}, {element(t)})")
    for second, first, t in itertools.product(PAIR_FUNCTIONS, range(len(PAIRS)), ("f4", "f8")):
        if any(r.name == second for r in ROWS if r.family == family):
            place = len(PAIRS) + PAIR_FUNCTIONS.index(second)
            lines.append(f"  NL_RANGED_PAIR({first}, {PAIRS[first]}, {place}, {second}, {t}, {element(t)})")
    for function, first, what, t in itertools.product(PAIR_FUNCTIONS, (None, *PAIRS[:3]), BESIDES, ("f8",)):
        if any(r.name == function for r in ROWS if r.family == family):
            here = f"{list(BESIDES).index(what)}, {BESIDES[what]}, {PAIR_FUNCTIONS.index(function)}, {function}"
            operands = f"{1 + PAIRS.index(first)}, nl::op_{first}(x, y), 2" if first else "0, x, 1"
            lines.append(f"  NL_BESIDE({here}, {operands}, {t}, {element(t)})")
    if family == "exponential":
        lines += [f"  NL_LOGISTIC({t}, {element(t)})" for t in ("f4", "f8")]
    parts = "".join(
        f"NL_PARTS({r.name}, {str(r.name in TABLES).lower()})\n" for r in ROWS if r.family == family and r.ranged and r.nin == 1
    )
    if parts:
        parts = f"namespace {{\n{parts}}}\n"
    body = "\n".join(lines)
    if any(t in ("c8", "c16") for r in ROWS if r.family == family for t in table.loop_types(r)):
        family_headers = f'#include "scalar/complex.h"\n#include "scalar/{family}.h"'
    else:
        family_headers = f'#include "scalar/{family}.h"'
    if family != "arithmetic":
        family_headers += '\n#include "scalar/arithmetic.h"'
    return f"""{HEAD}#include "backend/cpu/lanes.h"
{family_headers}
#include "backend/cpu/{"power_loop" if family == "power" else "loop_templates"}.h"

namespace numloom {{
{parts}void fill_{family}_{level}(LoopTable& t) {{
{body}
}}
}}  // namespace numloom
"""


def cast_loops(level: str) -> str:
    def read(a: str, b: str) -> str:
        return "nl::u1" if a == "b1" != b else element(a)  # bools are bytes 0 and 1: converted as such, which vectorises

    lines = "\n".join(f"  NL_CAST({a}, {b}, {read(a, b)}, {element(b)})" for a in DTYPES for b in DTYPES)
    lines += "".join(f"\n  NL_SPECIAL({t})" for t in ("f2", "f4", "f8"))
    return f"""{HEAD}#include "scalar/cast.h"
#include "backend/cpu/loop_templates.h"

namespace numloom {{
void fill_cast_{level}(LoopTable& t) {{
{lines}
}}
}}  // namespace numloom
"""


def families() -> list[str]:
    return sorted({r.family for r in ROWS})


def fill_header() -> str:
    parts = [*families(), "cast"]
    out = [f'{HEAD}#pragma once\n#include "backend/cpu/loops.h"\n\nnamespace numloom {{']
    for level in LEVELS:
        out += [f"void fill_{p}_{level}(LoopTable& t);" for p in parts]
        calls = " ".join(f"fill_{p}_{level}(t);" for p in parts)
        out.append(f"inline void fill_loops_{level}(LoopTable& t) {{ {calls} }}")
    return "\n".join(out) + "\n}  // namespace numloom\n"


def ufuncs_header() -> str:
    """The public ufuncs as C++ functions (installed)."""
    public = [(number, r) for number, r in enumerate(ROWS, 1) if r.public]
    numbers = ",\n  ".join(f"{r.name} = {number}" for number, r in public)
    functions = []
    for _, r in public:
        names = ("a", "b", "c")[: r.nin]
        parameters = ", ".join(f"const operand& {n}" for n in names)
        functions.append(f"// {r.doc}")
        for name in (r.name, *r.aliases):
            functions.append(
                f"inline array {name}({parameters}, const ufunc_options& options = {{}}) "
                f"{{ return detail::call(detail::ufunc::{r.name}, options, {', '.join(names)}); }}"
            )
    body = "\n".join(functions)
    return f"""{HEAD}// NumPy's ufuncs. Thread safety: all may be called from any thread.
#pragma once
#include <cstdint>
#include <optional>

#include <numloom/array.h>

namespace numloom {{

struct ufunc_options {{
  const array* out = nullptr;       // written in place
  const array* where = nullptr;     // bool: elements elsewhere keep what `out` held, or are undefined
  std::optional<numloom::dtype> dtype = {{}};  // of the computation
}};

namespace detail {{
enum class ufunc : std::uint16_t {{
  {numbers},
}};
array call(ufunc f, const ufunc_options& options, const operand& a);
array call(ufunc f, const ufunc_options& options, const operand& a, const operand& b);
}}  // namespace detail

{body}

}}  // namespace numloom
"""


def files() -> dict[str, str]:
    """Name -> text of everything that is generated."""
    out = {
        "ops_table.h": table_header(),
        "ops_table.cpp": table_source(),
        "loops_fill.h": fill_header(),
        "numloom/ufuncs.h": ufuncs_header(),
    }
    for level in LEVELS:
        out[f"loops_cast_{level}.cpp"] = cast_loops(level)
        out |= {f"loops_{family}_{level}.cpp": family_loops(family, level) for family in families()}
    return out


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] == "--list":
        print(";".join(str(Path(sys.argv[2]) / name) for name in files()))
        return
    if len(sys.argv) != 2:
        sys.exit("usage: generate.py OUT_DIR | --list OUT_DIR")
    table.check()
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        write(out / name, text)


if __name__ == "__main__":
    main()
