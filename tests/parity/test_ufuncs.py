"""Every row of the op table under NumPy and under Numloom, on every dtype it takes: an op that is not tested cannot exist.

Domains, error bounds and warnings are the row's own columns.
"""

import itertools
import sys
import warnings
from pathlib import Path

import numloom
import numpy
import pytest

from tests.parity.harness import check, numpy_before

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "ops"))
import table  # noqa: E402

ROWS = [r for r in table.ROWS if r.public and hasattr(numpy, r.name)]
NAMES = {t: numpy.dtype({"b1": "?"}.get(t, t)).name for t in table.DTYPES}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, numpy.inf, -numpy.inf, numpy.nan]


def values(domain: str, dtype: str, second: bool, n: int, seed: int):
    """Operands as the row's domain wants them, specials first."""
    rng = numpy.random.default_rng(seed)
    kind = dtype[0]
    if kind == "b":
        return rng.integers(0, 2, n).astype(bool)
    if kind in "iu":
        info = numpy.iinfo(NAMES[dtype])
        if domain == "shift" and second:
            return rng.integers(0, info.bits + 3, n).astype(NAMES[dtype])
        if domain == "exponent" and second:
            return rng.integers(0, 5, n).astype(NAMES[dtype])
        wide = rng.integers(info.min, info.max, n, dtype=NAMES[dtype], endpoint=True)
        small = rng.integers(max(info.min, -9), 10, n).astype(NAMES[dtype])
        ends = numpy.array([info.min, info.max, 0, 1], NAMES[dtype])[:n]
        mixed = numpy.where(rng.random(n) < 0.5, wide, small).astype(NAMES[dtype])
        mixed[: len(ends)] = ends
        return mixed
    low, high = {"nonnegative": (0, 50), "unit": (-1, 1), "above_minus_one": (-0.99, 20), "from_one": (1, 50)}.get(domain, (-8, 8))
    draw = rng.uniform(low, high, n)
    if domain == "exponent" and second:
        draw = rng.uniform(-3, 3, n)
    if kind == "c":
        return (draw + 1j * rng.uniform(-3, 3, n)).astype(NAMES[dtype])
    special = numpy.array(SPECIAL[:n])
    if n > 8:
        draw[:8] = special if not second else rng.permutation(special)
    return draw.astype(NAMES[dtype])


def operand_names(row, dtype):
    """The dtypes of a call whose operands promote to `dtype`."""
    return [NAMES[dtype] if k not in row.operands else row.operands[k] for k in range(row.nin)]


# NumPy's complex loops contract to fused operations where the CPU has them, or not, by the operands' layout.
COMPLEX_ARITHMETIC = {"multiply", "divide", "square", "reciprocal", "absolute", "sqrt"}
# Their bounds in the table are for complex numbers.
EXACT_REALS = {"absolute", "reciprocal", "sign"}
# Where both operands are zeros NumPy's sign depends on the layout.
EITHER_ZERO = {"fmax", "fmin", "maximum", "minimum"}
# Before NumPy 2.5 the float16 of two zeros was the first one, against IEEE 754.
OLD_NEXTAFTER = numpy_before("2.5.0")
# Whether 0 ** -inf divides by zero depends on NumPy's loop, which depends on the layout.
WARNS_BY_LAYOUT = {"power", "float_power"}
# NumPy 2.4 itself is wrong for these into a strided bool array: isnan([0, nan])[...] gives True for both.
STRIDED_BOOL = {"isnan", "isinf", "isfinite", "signbit"}


def bound(row, dtype):
    compute = table.compute_type(row, dtype)
    if compute[0] == "c" and row.name in COMPLEX_ARITHMETIC:
        return 4
    if compute[0] == "c" and ("power" in row.name or row.name == "exp2"):
        return 64  # NumPy's own (the C library's cpow; exp of a rounded product) are tens of units off
    if compute[0] != "c" and row.name in EXACT_REALS:
        return 0
    ulp = row.ulp[0] if compute in ("f2", "f4", "c8") else row.ulp[1]
    if compute == "f2":
        return ulp and 1  # both compute in float32 and round
    # NumPy's own distance from the correct value comes on top of ours.
    return 0 if ulp == 0 else ulp + 4


CASES = [(r, t) for r in ROWS for t in table.DTYPES if table.compute_type(r, t)]
IDS = [f"{r.name}-{NAMES[t]}" for r, t in CASES]


def signed_zeros(row, dtype):
    return row.name not in EITHER_ZERO and not (OLD_NEXTAFTER and row.name == "nextafter" and dtype == "f2")


def call(row, *operands, rest=""):
    return f"np.{row.name}({', '.join(operands)}{rest})"


def arrays(row, dtype, n, seed=1):
    names = operand_names(row, dtype)
    made = [values(row.domain, dtype, k > 0, n, seed + k) for k in range(row.nin)]
    if row.name == "ldexp":
        made[1] = numpy.arange(n) % 7 - 3
    made = [x.astype(name) for x, name in zip(made, names, strict=True)]
    return dict(zip("xyz", made, strict=False))


@pytest.mark.parametrize("row,dtype", CASES, ids=IDS)
def test_values(row, dtype):
    x = arrays(row, dtype, 41)
    setup = "; ".join(f"{k} = np.array({k})" for k in x)
    check(f"{setup}\n{call(row, *x)}", ulp=bound(row, dtype), **x)


@pytest.mark.parametrize("row,dtype", CASES, ids=IDS)
def test_shapes(row, dtype):
    """Empty, one element, no dimensions, strided, transposed, broadcast: the same loops behind other layouts."""
    ulp, warned = bound(row, dtype), row.name not in WARNS_BY_LAYOUT
    x = arrays(row, dtype, 24)
    names = list(x)
    base = "; ".join(f"{k} = np.array({k})" for k in names) + "\n"
    first = ", ".join(f"{k}[:0]" for k in names)
    one = ", ".join(f"{k}[3:4]" for k in names)
    none = ", ".join(f"{k}[5]" for k in names)
    strided = ", ".join(f"{k}[::-2]" for k in names)
    two = [f"{k}.reshape(4, 6)" for k in names]
    turned = ", ".join(f"{k}.T" for k in two)
    for operands in (first, one, none, strided, ", ".join(two), turned):
        check(f"{base}np.{row.name}({operands})", ulp=ulp, warned=warned, zeros=signed_zeros(row, dtype), **x)
    if row.nin == 2:
        for operands in (
            f"{two[0]}, {names[1]}[:6]",
            f"{two[0]}, {names[1]}.reshape(6, 4).T",
            f"{names[0]}[:4, None], {names[1]}[None, :5]",
        ):
            check(f"{base}np.{row.name}({operands})", ulp=ulp, warned=warned, zeros=signed_zeros(row, dtype), **x)


@pytest.mark.parametrize("row,dtype", CASES, ids=IDS)
def test_options(row, dtype):
    """out, where, casting: into a buffer that already holds something."""
    ulp = bound(row, dtype)
    x = arrays(row, dtype, 16, seed=5)
    base = "; ".join(f"{k} = np.array({k})" for k in x) + "\n"
    result = NAMES[table.result_type(row, table.compute_type(row, dtype))]
    outs = [f"np.full(16, 1, '{result}')"]
    if row.name not in STRIDED_BOOL:
        outs.append(f"np.full(32, 1, '{result}')[::2]")
    if ulp == 0:
        outs.append("np.full(16, 1, 'complex128')")
    for out in outs:
        check(f"{base}out = {out}\nr = {call(row, *x, rest=', out=out')} is out, out", ulp=ulp, **x)
    check(
        f"{base}out = np.full(16, 1, '{result}')\nm = np.arange(16) % 3 == 0\n{call(row, *x, rest=', out=out, where=m')}\nr = out",
        ulp=ulp,
        **x,
    )


MIXED = [
    (r, a, b)
    for r in ROWS
    if r.nin == 2 and not r.operands
    for a in ("i1", "u8", "f4", "i8")
    for b in ("u1", "f8", "i8", "c8", "b1")
]


@pytest.mark.parametrize("row,a,b", MIXED, ids=[f"{r.name}-{a}-{b}" for r, a, b in MIXED])
def test_promotion(row, a, b):
    x = numpy.array([1, 2, 3, 4]).astype(a)
    y = numpy.array([1, 2, 1, 3]).astype({"b1": "?"}.get(b, b))
    for operands in ("np.array(x), np.array(y)", "np.array(x), 3", "2.5, np.array(y)"):
        check(f"np.{row.name}({operands})", ulp=bound_mixed(row, operands, x, y), x=x, y=y)


def bound_mixed(row, operands, x, y):
    try:
        made = eval(f"numpy.{row.name}({operands})", {"numpy": numpy, "np": numpy, "x": x, "y": y})
    except TypeError:
        return 0
    return bound(row, numpy.asarray(made).dtype.str[1:]) if made.dtype.kind in "fc" else 0


REDUCING = [(r, t) for r in ROWS if "reduces" in r.flags for t in table.loop_types(r)]


@pytest.mark.parametrize("row,dtype", REDUCING, ids=[f"{r.name}-{NAMES[t]}" for r, t in REDUCING])
def test_reductions(row, dtype):
    rng = numpy.random.default_rng(3)
    x = rng.integers(0, 3, (4, 5, 6)).astype(NAMES[dtype])
    base = "x = np.array(x)\n"
    for rest in ("", ", axis=None", ", axis=1", ", axis=(0, 2)", ", axis=-1, keepdims=True"):
        check(f"{base}np.{row.name}.reduce(x{rest})", x=x)
    check(f"{base}np.{row.name}.reduce(x[:0])", x=x)
    check(f"{base}np.{row.name}.reduce(x[:, :0], axis=1)", x=x)
    check(f"{base}np.{row.name}.accumulate(x, axis=1)", x=x)
    check(f"{base}np.{row.name}.reduce(x.T[::-1], axis=(0, 1))", x=x)


ALONE = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, numpy.inf, -numpy.inf, numpy.nan]
FLOATS = [case for case in CASES if case[1] in ("f2", "f4", "f8") and case[0].nin <= 2 and not case[0].operands]


@pytest.mark.skipif(numloom.device() != "cpu", reason="docs/differences.md: CUDA does not warn")
@pytest.mark.parametrize("row,dtype", FLOATS, ids=[f"{row.name}-{dtype}" for row, dtype in FLOATS])
def test_warnings_of_each_value_alone(row, dtype):
    """What no other element of an array hides."""

    def warned(np, values):
        operands = [np.full(20, v, dtype) for v in values]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results = getattr(np, row.name)(*operands)
            for made in results if isinstance(results, tuple) else (results,):
                numpy.asarray(made)
        return [str(w.message) for w in caught]

    for values in itertools.product(ALONE, repeat=row.nin):
        if row.name == "spacing" and dtype == "f2" or row.name in ("power", "float_power") and values[1] == -numpy.inf:
            continue  # NumPy's own flags: of a NaN; at a pole, or not, by dtype
        assert sorted(warned(numloom, values)) == sorted(warned(numpy, values)), values
