"""Random statements that overwrite what they read at other positions, over arrays so large that rows and columns are copied first
and stencils get new storage (the programs of programs.py are smaller)."""

import random

import numloom
import numpy
import pytest

PROGRAMS = 50
SLICES = {-1: ":-2", 0: "1:-1", 1: "2:"}


def program(r):
    """(shape, statements) over the arrays a and b."""
    n, m = r.choice([(20, 24), (40, 33), (17, 64)])
    lines = []
    for _ in range(r.randint(1, 7)):
        x, y = r.choice("ab"), r.choice("ab")
        i, j, op = r.randrange(n), r.randrange(m), r.choice("+-*")

        def window(name, near=1, r=r):
            return f"{name}[{SLICES[r.randint(-near, near)]}, {SLICES[r.randint(-near, near)]}]"

        part = r.choice(
            [
                *(f"{x}[{i}]", f"{x}[:, {j}:{j + 1}]", f"{x}[{i}] * {x}[:, {j}, None]", f"{x}[{i}, {j}:{j + 1}]", y),
                *(f"{y}[{i}] + {x}[{i // 2}]", f"{x}[::-1]", f"{y}[:, ::-1] * 0.5", f"{x}[{i}, ::-1]"),
            ]
        )
        terms = f" {op} ".join(window(r.choice([x, x, y])) for _ in range(r.randint(1, 3)))
        whole = f"{x} {op}= {part}"
        lines.append(
            r.choice(
                [
                    *(whole, whole, f"np.minimum({x}, {part}, out={x})", f"{window(x, 0)} {op}= {terms}"),
                    *(f"{x}[1:] {op}= {x}[:-1] * 0.5", f"{x}[:, 1:] {op}= {x}[:, :1] * {y}[{i}, :-1]"),
                    *(f"s = {x}[{i}] - {y}[{i}]; {x}[{i} : {i} + 3] {op}= s", f"{x} = {x}.T.copy().T"),
                    f"s = ({x} * {x}[{i}]).sum(axis={i % 2}); {x} {op}= {x}[:, {j}, None]",
                ]
            )
        )
        if r.random() < 0.5:
            lines.append(f"np.remainder({x}, 7, out={x})")
    return (n, m), lines


def run(np, shape, lines, seed):
    rng = numpy.random.default_rng(seed)
    names = {"np": np, **{k: np.array(rng.integers(-9, 9, shape).astype("f8")) for k in "ab"}}
    with np.errstate(all="ignore"):
        for line in lines:
            exec(line, names)
    return {k: numpy.asarray(names[k]) for k in "abs" if k in names}


@pytest.mark.parametrize("batch", range(8))
def test_programs_in_place(batch):
    for seed in range(batch * PROGRAMS, (batch + 1) * PROGRAMS):
        shape, lines = program(random.Random(seed))
        want, got = run(numpy, shape, lines, seed), run(numloom, shape, lines, seed)
        for name, value in want.items():
            assert numpy.array_equal(value, got[name], equal_nan=True), (seed, name, shape, lines)
