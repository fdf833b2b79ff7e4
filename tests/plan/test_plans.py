"""Plans as text. Nothing here needs a device: what is asserted is how programs are cut into kernels, what is never stored, what
fusion refused and why, and how often a loop has to be planned.

A kernel is written as `loads -> ops -> stores`: what it reads from memory, what it does in registers, what it stores or reduces;
`new` stores go to new storage of their buffers, `copied` loads come from copies made before.
"""

import json
import os
import re
import subprocess
import sys
import textwrap

import pytest

from tests import modes

SETUP = """
import numpy
import numloom as np
from numloom import debug, _core
a, b, c = (np.ones((40, 50)) * k for k in (1, 2, 3))
v = np.arange(2000.0)
u = np.arange(2000.0).reshape(40, 50) + 0
i = np.arange(2000)[::-1] + 0
np.synchronize()
"""


def run(code, **environment):
    """What `code` prints, as JSON, in a process where nothing runs at the call and no mode of the suite acts."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NUMLOOM_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**clean, "NUMLOOM_DEVICE": "cpu", "NUMLOOM_RUN_NOW": "0", **environment},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def summary(plan):
    """The plan's text with each kernel in one line."""
    lines = []
    for step in re.split(r"^step \d+: ", plan, flags=re.M)[1:]:
        head, _, body = step.partition("\n")
        if head.startswith("call"):
            lines.append("call")
            continue
        words = [line.split() for line in body.splitlines() if line.startswith("  ")]
        values = [w[2].split(".")[0] for w in words if len(w) > 2 and w[1] == "="]
        loads = sum(w == "load" for w in values)
        ops = " ".join(w for w in values if w != "load" and w != "scalar")
        stores = sum(w[0] == "store" for w in words)
        reduces = [w[2].split(".")[0] for w in words if w[0] == "reduce"]
        ends = [f"{stores}"] * bool(stores) + [f"reduce {r}" for r in reduces]
        copied = head.count("copy of #")
        begin = f"{loads}, {copied} copied" if copied else f"{loads}"
        ends += [f"{new} new"] if (new := head.count("new storage #")) else []
        lines.append(" -> ".join(filter(None, [begin, ops, ", ".join(ends)])))
    tail = plan[plan.rindex("never stored") :]
    kept = re.match(r"never stored: (\d+) buffers; refused: hazard (\d+) shape (\d+) axes (\d+) size (\d+)", tail)
    lines.append(f"elided {kept[1]}" + "".join(f", {why} {n}" for why, n in zip(WHY, kept.groups()[1:], strict=True) if n != "0"))
    return lines


WHY = ("hazard", "shape", "axes", "size")


def planned(program, **environment):
    code = SETUP + "with debug.watching():\n" + textwrap.indent(textwrap.dedent(program), "    ")
    code += "\n    _core.settle()\nimport json; print(json.dumps(debug.plan()))"
    return summary(run(code, **environment))


PLANS = {
    "a chain": ("r = np.sqrt(a * b + c) - 1", ["3 -> multiply add sqrt subtract -> 1", "elided 3"]),
    "a value with a name is stored too": ("t = a * b; r = t + c", ["3 -> multiply add -> 2", "elided 0"]),
    "what has no reader does not run": ("a * b; r = a + c", ["2 -> add -> 1", "elided 0"]),
    "the mean of squares": (
        "r = ((a - b) ** 2).mean()",
        ["2 -> subtract square -> reduce add", "1 -> divide -> 1", "elided 2, hazard 1"],
    ),
    "softmax: a reduction ends its nest": (
        "e = np.exp(a - a.max(axis=1, keepdims=True)); r = e / e.sum(axis=1, keepdims=True); del e",
        ["1 -> reduce maximum", "2 -> subtract exp -> 1, reduce add", "2 -> divide -> 1", "elided 1, hazard 2"],
    ),
    "one value used twice": ("t = a + b; r = t * t + t; del t", ["2 -> add multiply add -> 1", "elided 2"]),
    "equal expressions are one": ("r = (a + b) * c; s = (a + b) / c", ["3 -> add multiply divide -> 2", "elided 2"]),
    "two shapes": ("r = a + 1; s = v + 1", ["1 -> add -> 1", "1 -> add -> 1", "elided 0, shape 1"]),
    "two axes": ("r = a.sum(axis=0); s = a.sum(axis=1)", ["1 -> reduce add", "1 -> reduce add", "elided 0, axes 1"]),
    "a stencil": (
        "u[1:-1, 1:-1] = 0.25 * (u[1:-1, 2:] + u[1:-1, :-2] + u[2:, 1:-1] + u[:-2, 1:-1])",
        ["4 -> add add add multiply -> 1, 1 new", "elided 4"],
    ),
    "Jacobi from a copy": (
        "old = u.copy(); u[1:-1, 1:-1] = 0.5 * (old[1:-1, 2:] + old[1:-1, :-2]); u[0] = u[1]; del old",
        ["1 -> 1", "2 -> add multiply -> 1", "1 -> 1", "elided 2, hazard 3"],
    ),
    "what one later nest uses is made there": (
        """
        for _ in range(3):
            old = u.copy()
            u[:, 1:] = old[:, :-1] + a[:, 1:] * 2
        del old
        """,
        [
            "1 -> 1",
            "2 -> multiply add -> 1",
            "1 -> 1",
            "2 -> multiply add -> 1",
            "1 -> 1",
            "2 -> multiply add -> 1",
            "elided 6, hazard 8, shape 3",
        ],
    ),
    "operands moved by one: the result is new storage": ("v[1:] += v[:-1]", ["2 -> add -> 1, 1 new", "elided 1"]),
    "a row and a column are copied first": (
        "np.minimum(u, u[:, 3, None] + u[3], out=u)",
        ["3, 2 copied -> add minimum -> 1", "elided 1"],
    ),
    "a row to each row": ("u -= u[0]; u += 1", ["2, 1 copied -> subtract add -> 1", "elided 1"]),
    "the same view in place": ("v *= 2; v += 1; np.sqrt(v, out=v)", ["1 -> multiply add sqrt -> 1", "elided 0"]),
    "a gather joins what uses it": ("r = v[i] * 2 + v", ["2 -> multiply gather multiply add -> 1", "elided 3"]),
    "where": ("r = np.where(a > b, a, b * c)", ["3 -> greater multiply select -> 1", "elided 2"]),
    "a masked write": ("a[a > 0] = 5; r = a + b", ["2 -> greater select add -> 2", "elided 1"]),
    "a matrix product between": (
        "r = np.tanh((a + 1) @ (b.T * 2) + 1)",
        ["1 -> add -> 1", "1 -> multiply -> 1", "call", "1 -> add tanh -> 1", "elided 1, hazard 2, shape 1"],
    ),
    "concatenate": ("r = np.concatenate([a + 1, b * 2])", ["2 -> add multiply -> 2", "elided 2"]),
    "types change on the way": ("r = (a > 1).astype('f4') + np.float32(2)", ["1 -> greater cast add -> 1", "elided 2"]),
}


@pytest.mark.parametrize("name", PLANS)
def test_plan(name):
    program, expected = PLANS[name]
    assert planned(program) == expected


SHOW = """
import json
with debug.watching():
    r = np.sqrt(a * b + c) - 1
    m = r.mean(axis=1)
    _core.settle()
print(json.dumps([debug.kernels(), debug.bytecode(), debug.texts()]))
"""


def test_bytecode_on_the_cpu():
    kernels, bytecode, texts = run(SETUP + SHOW)
    assert len(kernels) == 2 and len(bytecode) == 2
    assert kernels[1].splitlines()[-1].startswith("  store")
    registers = r"r\d+:f8 = "
    fused = bytecode[0].splitlines()
    assert sum(bool(re.fullmatch(rf"  \d+: {registers}load #\d+", line)) for line in fused) == 3
    assert sum(bool(re.match(rf"  \d+: {registers}multiply\.f8 r\d+ r\d+", line)) for line in fused) == 1
    # The sum alone uses the product.
    product = next(line for line in fused if "multiply" in line).split(":")[0].strip()
    assert re.search(rf"{registers}add\.f8 r\d+ r\d+, pair with {product}\b", bytecode[0])
    # A scalar that one loop takes as it is has no register; what is stored is computed where it goes.
    stored = re.search(r"store (#\d+)", kernels[0])[1]
    assert re.search(rf"{registers}subtract\.f8 r\d+ s0, direct {stored}\b", bytecode[0])
    assert re.search(r"reduce #\d+ add\.f8 r\d+", "".join(bytecode))
    assert texts == ["", ""]


def test_bytecode_of_an_op_beside_a_function():
    source = """
import json
with debug.watching():
    r = np.sqrt(a) - c + np.exp(b * c)
    _core.settle()
print(json.dumps(debug.bytecode()))
"""
    (bytecode,) = run(SETUP + source)
    # The exponential and its product move up to the root, which stands right before.
    root = int(re.search(r"(\d+): r\d+:f8 = sqrt\.f8", bytecode)[1])
    assert re.search(rf"  {root + 1}: r\d+:f8 = exp\.f8 r\d+, pair with \d+, beside {root}\b", bytecode)


ON_CUDA = {"NUMLOOM_DEVICE": "cuda"} if os.environ.get("NUMLOOM_DEVICE") == "cuda" else modes.EMULATED and modes.EMULATED[1]


@pytest.mark.skipif(ON_CUDA is None, reason="no CUDA device, and tests/cuda/emulator is not built")
def test_bytecode_and_text_on_cuda():
    kernels, bytecode, texts = run(SETUP + SHOW, **ON_CUDA)
    assert len(kernels) == len(bytecode) == len(texts) == 2
    for op in ("multiply", "add", "sqrt", "subtract"):
        assert re.search(rf"\b{op}\.f8 ", bytecode[0]) and f"op_{op}(" in texts[0]
    # The interpreter that runs each: the general one where there are reductions, else that of streams.
    assert bytecode[0].startswith("interp8") and " reduce " in kernels[0]
    assert re.fullmatch(r"stream8, 0 registers\n  last = load slot0\n  last = divide\.f8 last const0\n  store last -> slot1\n", bytecode[1])
    assert all(re.search(r"\bvoid\b.*\bkernel\(", text) for text in texts)


def test_nothing_is_kept_where_nobody_watches():
    code = SETUP + "with debug.watching():\n    r = a + b\n    _core.settle()\ns = a * b\nt = s.sum()\n_core.settle()\n"
    bytecode = run(code + "import json; print(json.dumps(debug.bytecode()))")
    assert len(bytecode) == 1 and "add.f8" in bytecode[0] and "multiply" not in bytecode[0]


def flushes(code):
    """How often `code` made recorded work run."""
    count = "sum(n for name, n in debug.counters().items() if name.startswith('flush_'))"
    return run(f"{SETUP}before = {count}\n{textwrap.dedent(code)}\nprint(int({count} - before))")


def test_indices_of_known_range_run_nothing():
    assert flushes("r = v[(i * 7) % 2000] + v[np.arange(2000) * 1]") == 1  # the range of `* 1` is unknown
    assert flushes("r = v[i * 7 % 2000] + v[np.arange(2000)] + v[a.argmax(axis=1)][0]") == 0
    assert flushes("r = v[i % 2000]; i[5] = 3; s = v[i % 2000]; t = np.arange(5); t += 1; x = v[t]") == 1


def misses(setup, turn, turns=60, settled=10, **environment):
    """How often the turns after the first `settled` had to be planned."""
    code = SETUP + textwrap.dedent(setup) + "\ncounts = []\nfor t in range(" + str(turns) + "):\n"
    code += textwrap.indent(textwrap.dedent(turn).strip(), "    ")
    code += "\n    counts.append(debug.counters()['plan_misses'])\nimport json; print(json.dumps(counts))"
    counts = run(code, **environment)
    assert counts[-1] > 0, "nothing was planned at all"
    return counts[-1] - counts[settled - 1]


LOOPS = {
    "a value read in each turn": ("", "a = a * 0.5 + b; float(a.sum())"),
    "two arrays change places": ("x, y = a, b", "x, y = y, x * 0.5 + y; float(y[3, 3])"),
    "a growing slice": ("", "v[: t + 5] += 1; float(v[: t + 5].sum())"),
    "a list of results": ("kept = []", "kept.append(a + t); float(kept[-1].max())"),
    "two branches": ("", "a = a + 1 if t % 2 else a * 2; float(a[0, 0])"),
    "a window that slides": ("", "v[t + 1 : t + 100] = v[t : t + 99] * 0.5; float(v[t + 7])"),
    "a scalar that changes": ("", "a = a * float(t) + b ** 2.0; float(a[1, 1])"),
    "a stencil, cut by the soft limit": (
        "",
        "u[1:-1, 1:-1] = 0.25 * (u[1:-1, 2:] + u[1:-1, :-2] + u[2:, 1:-1] + u[:-2, 1:-1])",
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_steady_loop_is_planned_no_more(name):
    environment = {"NUMLOOM_SOFT_INSTRUCTIONS": "16"} if "soft limit" in name else {}
    assert misses(*LOOPS[name], **environment) == 0


def test_shapes_that_never_repeat_are_planned_alike():
    """The forms of programs over growing arrays differ only where a length is 0 or 1, or equals another."""
    assert misses("x = np.ones(2)", "x = np.concatenate([x, x[:1] + 1]); float(x.sum())", turns=80, settled=10) == 0


@pytest.mark.parametrize("name", ["a chain", "a stencil", "softmax: a reduction ends its nest"])
def test_without_fusion_each_instruction_is_a_step(name):
    steps = planned(PLANS[name][0], NUMLOOM_FUSE="0")[:-1]
    assert len(steps) > len(PLANS[name][1][:-1])
    assert all(len(step.split(" -> ")[1].split()) <= 1 or "reduce" in step for step in steps)


def test_numbers_of_a_nest_fit_its_interpreters():
    code = f"""{SETUP}
with debug.watching():
    x = v
    for k in range(150):
        x = x * (1 + k / 512) if k % 2 else np.where(x > k, k + 0.25, x)
    np.eval(x)
print(json.dumps(debug.kernels()))
"""
    kernels = run("import json\n" + code)
    scalars = [len(re.findall(r"= scalar", kernel)) for kernel in kernels]
    assert len(kernels) > 1 and sum(scalars) > 150 and max(scalars) <= 60, scalars
