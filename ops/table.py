"""The op table: every elementwise op, once.

Everything that names ops is generated from these rows (`generate.py`): the `Op` enum and its descriptors, the CPU loops, the
cases of the GPU interpreter, the Python ufuncs, the docs index and the base cases of the parity tests.
To add an op: a row here, and its scalar function `nl::op_<name>` in the header `scalar/<family>.h` that the row names.

Columns
  name       NumPy's ufunc name; ops that NumPy has no ufunc for carry `public=False`.
  aliases    NumPy's other names of it.
  family     the header in `scalar/` which defines it (complex types: `scalar/complex_<family>.h` where there is one).
  nin        operands.
  types      classes of types it has loops for: b bool, i all integers, f all floats, c both complex types; single types
             may follow after a comma.
  result     type of the result where it is not the compute type: a type, or `real` (of a complex type).
  operands   types of operands which are not the compute type: {index: type}; `real` as above.
  promotion  how NumPy picks the compute type from the promoted one (see PROMOTIONS).
  identity   what an empty reduction gives; None where there is none.
  flags      `reduces` (may be a reduction), `commutative`.
  ulp        bound of the error in units in the last place, (float32, float64); 0: the correctly rounded value (or exact).
             Where the result can be next to zero but an operand not (logaddexp), in units of the larger operand.
  ranged     the types whose function comes in fast, in_range and slow parts (scalar/core.h).
  warns      floating-point warnings which it can give: divide, over, under, invalid.
  domain     what the tests feed it (see DOMAINS).
  doc        one line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DTYPES = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")

PROMOTIONS = {
    "first_safe": "the first loop, in NumPy's order, that the promoted type casts to safely",
    "no_bool": "the same, but bool alone is a TypeError",
    "true_divide": "the same, but bool and integers compute in float64",
}

DOMAINS = {
    "any": "all values, specials included",
    "moderate": "magnitudes at which the function neither overflows nor vanishes, and specials",
    "nonnegative": "from zero up",
    "unit": "from -1 to 1",
    "above_minus_one": "from -1 up",
    "from_one": "from 1 up",
    "shift": "the second operand counts bits",
    "exponent": "the second operand is a small non-negative integer for integer types",
}


@dataclass(frozen=True)
class Row:
    name: str
    family: str
    nin: int
    types: str
    doc: str
    aliases: tuple[str, ...] = ()
    result: str = ""
    operands: dict[int, str] = field(default_factory=dict)
    promotion: str = "first_safe"
    identity: int | None = None
    flags: str = ""
    ulp: tuple[float, float] = (0, 0)
    ranged: str = ""
    warns: str = ""
    domain: str = "any"
    public: bool = True


def _compare(name: str, doc: str, commutative: bool = False) -> Row:
    return Row(name, "compare", 2, "bifc", doc, result="b1", flags="commutative" if commutative else "")


def _compare_iu(name: str, sign: str) -> Row:
    # NumPy compares int64 with uint64 by value; neither promotes to a type that holds both.
    return Row(name, "compare", 2, ",i8", f"int64 {sign} uint64, by value.", result="b1", operands={1: "u8"}, public=False)


# fmt: off
ROWS: tuple[Row, ...] = (
    # Arithmetic
    Row("add", "arithmetic", 2, "bifc", "a + b", identity=0, flags="reduces commutative", warns="over invalid"),
    Row("subtract", "arithmetic", 2, "ifc", "a - b", promotion="no_bool", warns="over invalid"),
    Row("multiply", "arithmetic", 2, "bifc", "a * b", identity=1, flags="reduces commutative",
        warns="over under invalid"),
    Row("divide", "arithmetic", 2, "fc", "a / b", aliases=("true_divide",), promotion="true_divide", ulp=(0, 0),
        warns="divide over under invalid"),
    Row("floor_divide", "division", 2, "if", ranged="f4 f8", doc="The largest integer not above a / b.", warns="divide over invalid"),
    Row("remainder", "division", 2, "if", ranged="f4 f8", doc="a - floor(a / b) * b, with the sign of b.", aliases=("mod",), warns="divide invalid"),
    Row("fmod", "division", 2, "if", ranged="f4 f8", doc="a - trunc(a / b) * b, with the sign of a.", warns="divide invalid"),
    Row("negative", "arithmetic", 1, "ifc", "-a", promotion="no_bool"),
    Row("positive", "arithmetic", 1, "ifc", "+a", promotion="no_bool"),
    Row("absolute", "arithmetic", 1, "bifc", "|a|", aliases=("abs",), result="real", ulp=(1, 1), warns="over invalid"),
    Row("fabs", "arithmetic", 1, "f", "|a| of a float."),
    Row("sign", "arithmetic", 1, "ifc", "-1, 0 or 1; a / |a| for complex.", promotion="no_bool", ulp=(2, 2), warns="invalid"),
    Row("square", "arithmetic", 1, "ifc", "a * a", warns="over under invalid"),
    Row("reciprocal", "arithmetic", 1, "ifc", "1 / a", ulp=(2, 2), warns="divide over under invalid"),
    Row("conjugate", "arithmetic", 1, "ifc", "The complex conjugate.", aliases=("conj",)),
    Row("clip", "minmax", 3, "bifc", "min(max(a, low), high), NaN where any is NaN.", public=False),

    # Minima and maxima
    Row("maximum", "minmax", 2, "bifc", "The larger one; NaN where either is NaN.", flags="reduces commutative"),
    Row("minimum", "minmax", 2, "bifc", "The smaller one; NaN where either is NaN.", flags="reduces commutative"),
    Row("fmax", "minmax", 2, "bifc", "The larger one; the other where one is NaN.", flags="reduces commutative"),
    Row("fmin", "minmax", 2, "bifc", "The smaller one; the other where one is NaN.", flags="reduces commutative"),

    # Comparison and logic
    _compare("equal", "a == b", commutative=True),
    _compare("not_equal", "a != b", commutative=True),
    _compare("less", "a < b"),
    _compare("less_equal", "a <= b"),
    _compare("greater", "a > b"),
    _compare("greater_equal", "a >= b"),
    _compare_iu("equal_iu", "=="),
    _compare_iu("not_equal_iu", "!="),
    _compare_iu("less_iu", "<"),
    _compare_iu("less_equal_iu", "<="),
    _compare_iu("greater_iu", ">"),
    _compare_iu("greater_equal_iu", ">="),
    Row("logical_and", "compare", 2, "bifc", "Both are not zero.", result="b1", identity=1,
        flags="reduces commutative"),
    Row("logical_or", "compare", 2, "bifc", "At least one is not zero.", result="b1", identity=0,
        flags="reduces commutative"),
    Row("logical_xor", "compare", 2, "bifc", "Exactly one is not zero.", result="b1", identity=0,
        flags="reduces commutative"),
    Row("logical_not", "compare", 1, "bifc", "It is zero.", result="b1"),
    Row("isnan", "compare", 1, "bifc", "It is NaN.", result="b1"),
    Row("isinf", "compare", 1, "bifc", "It is infinite.", result="b1"),
    Row("isfinite", "compare", 1, "bifc", "It is neither NaN nor infinite.", result="b1"),
    Row("signbit", "compare", 1, "f", "The sign bit is set.", result="b1"),

    # Bits and integers
    Row("bitwise_and", "integer", 2, "bi", "a & b", identity=-1, flags="reduces commutative"),
    Row("bitwise_or", "integer", 2, "bi", "a | b", identity=0, flags="reduces commutative"),
    Row("bitwise_xor", "integer", 2, "bi", "a ^ b", identity=0, flags="reduces commutative"),
    Row("invert", "integer", 1, "bi", "~a", aliases=("bitwise_not", "bitwise_invert")),
    Row("left_shift", "integer", 2, "i", "a << b; 0 where b is the width or more.", aliases=("bitwise_left_shift",),
        domain="shift"),
    Row("right_shift", "integer", 2, "i", "a >> b; the sign where b is the width or more.", aliases=("bitwise_right_shift",),
        domain="shift"),
    Row("bitwise_count", "integer", 1, "i", "The number of set bits of |a|.", result="u1"),
    Row("gcd", "integer", 2, "i", "The greatest common divisor.", promotion="no_bool", flags="commutative"),
    Row("lcm", "integer", 2, "i", "The least common multiple.", promotion="no_bool", flags="commutative"),

    # Rounding and the parts of a float
    Row("rint", "rounding", 1, "fc", "The nearest integer, halves to even."),
    Row("floor", "rounding", 1, "bif", "The largest integer not above it."),
    Row("ceil", "rounding", 1, "bif", "The smallest integer not below it."),
    Row("trunc", "rounding", 1, "bif", "The integer part."),
    Row("copysign", "rounding", 2, "f", "|a| with the sign of b."),
    Row("nextafter", "rounding", 2, "f", "The float next to a towards b.", warns="over"),
    Row("spacing", "rounding", 1, "f", "The distance to the next float away from zero.", warns="invalid"),
    Row("modf_fraction", "rounding", 1, "f", "The fractional part, with the sign of a.", public=False),
    Row("modf_integral", "rounding", 1, "f", "The integral part, as a float.", public=False),
    Row("frexp_mantissa", "rounding", 1, "f", "m of a = m * 2**e, |m| in [0.5, 1).", public=False),
    Row("frexp_exponent", "rounding", 1, "f", "e of a = m * 2**e, |m| in [0.5, 1).", result="i4", public=False),
    Row("ldexp", "rounding", 2, "f", "a * 2**b", operands={1: "i8"}, warns="over under"),
    Row("heaviside", "rounding", 2, "f", "0 below zero, b at zero, 1 above."),

    # Exponentials and logarithms
    Row("sqrt", "exponential", 1, "fc", "The square root.", ulp=(0, 0), warns="invalid", domain="nonnegative"),
    Row("cbrt", "exponential", 1, "f", "The cube root.", ulp=(0.6, 0.7)),
    Row("exp", "exponential", 1, "fc", "e**a", ranged="f4 f8", ulp=(1, 1), warns="over under", domain="moderate"),
    Row("exp2", "exponential", 1, "fc", "2**a", ranged="f4 f8", ulp=(1, 1), warns="over under", domain="moderate"),
    Row("expm1", "exponential", 1, "fc", "e**a - 1, exact near zero.", ulp=(2.5, 1.5), warns="over", domain="moderate"),
    Row("log", "exponential", 1, "fc", "The natural logarithm.", ranged="f4 f8", ulp=(1, 1), warns="divide invalid",
        domain="nonnegative"),
    Row("log2", "exponential", 1, "fc", "The logarithm to base 2.", ranged="f4 f8", ulp=(1, 1), warns="divide invalid",
        domain="nonnegative"),
    Row("log10", "exponential", 1, "fc", "The logarithm to base 10.", ranged="f4 f8", ulp=(1, 1), warns="divide invalid",
        domain="nonnegative"),
    Row("log1p", "exponential", 1, "fc", "log(1 + a), exact near zero.", ulp=(1, 1), warns="divide invalid",
        domain="above_minus_one"),
    Row("logaddexp", "exponential", 2, "f", "log(exp(a) + exp(b))", flags="commutative", ulp=(4, 4), warns="over invalid",
        domain="moderate"),
    Row("logaddexp2", "exponential", 2, "f", "log2(2**a + 2**b)", flags="commutative", ulp=(4, 4), warns="over invalid",
        domain="moderate"),
    Row("power", "power", 2, "ifc", "a**b; integers wrap.", aliases=("pow",), ranged="f4 f8", ulp=(0.51, 1.1),
        warns="divide over under invalid", domain="exponent"),
    Row("float_power", "power", 2, ",f8,c16", "a**b in at least double precision.", ranged="f8", ulp=(0.6, 1.1),
        warns="divide over under invalid", domain="moderate"),

    # Trigonometry
    Row("sin", "trigonometric", 1, "fc", "The sine.", ranged="f4 f8", ulp=(1.6, 1), warns="invalid", domain="moderate"),
    Row("cos", "trigonometric", 1, "fc", "The cosine.", ranged="f4 f8", ulp=(1.6, 1), warns="invalid", domain="moderate"),
    Row("tan", "trigonometric", 1, "fc", "The tangent.", ranged="f4 f8", ulp=(2.5, 2.5), warns="invalid", domain="moderate"),
    Row("arcsin", "trigonometric", 1, "fc", "The inverse of sin.", aliases=("asin",), ulp=(1.5, 1.5),
        warns="invalid", domain="unit"),
    Row("arccos", "trigonometric", 1, "fc", "The inverse of cos.", aliases=("acos",), ulp=(1, 1),
        warns="invalid", domain="unit"),
    Row("arctan", "trigonometric", 1, "fc", "The inverse of tan.", aliases=("atan",), ulp=(2, 2),
        warns="invalid"),
    Row("arctan2", "trigonometric", 2, "f", "The angle of the point (b, a).", aliases=("atan2",), ulp=(2, 2)),
    Row("hypot", "trigonometric", 2, "f", "sqrt(a*a + b*b) without undue overflow.", flags="commutative", ulp=(0.6, 0.6),
        warns="over"),
    Row("deg2rad", "trigonometric", 1, "f", "Degrees to radians.", warns="under"),
    Row("radians", "trigonometric", 1, "f", "Degrees to radians.", warns="under"),
    Row("rad2deg", "trigonometric", 1, "f", "Radians to degrees.", warns="over"),
    Row("degrees", "trigonometric", 1, "f", "Radians to degrees.", warns="over"),

    # Hyperbolic functions
    Row("sinh", "hyperbolic", 1, "fc", "The hyperbolic sine.", ulp=(2.5, 2.5), warns="over", domain="moderate"),
    Row("cosh", "hyperbolic", 1, "fc", "The hyperbolic cosine.", ulp=(1.5, 2), warns="over", domain="moderate"),
    Row("tanh", "hyperbolic", 1, "fc", "The hyperbolic tangent.", ulp=(3, 3)),
    Row("arcsinh", "hyperbolic", 1, "fc", "The inverse of sinh.", aliases=("asinh",), ulp=(2, 2)),
    Row("arccosh", "hyperbolic", 1, "fc", "The inverse of cosh.", aliases=("acosh",), ulp=(2.5, 2.5),
        warns="invalid", domain="from_one"),
    Row("arctanh", "hyperbolic", 1, "fc", "The inverse of tanh.", aliases=("atanh",), ulp=(2, 2),
        warns="divide invalid", domain="unit"),

    # Moving values
    Row("copy", "select", 1, "bifc", "a", public=False),
    Row("select", "select", 3, "bifc", "b where a, else c.", operands={0: "b1"}, public=False),
    Row("real_part", "select", 1, "c", "The real part.", result="real", public=False),
    Row("imag_part", "select", 1, "c", "The imaginary part.", result="real", public=False),
    Row("make_complex", "select", 2, "c", "a + b * 1j", operands={0: "real", 1: "real"}, public=False),
)
# fmt: on


def loop_types(row: Row) -> tuple[str, ...]:
    """The types which `row` has loops for, in the order of DTYPES."""
    classes, *single = row.types.split(",")
    of = {"b": ("b1",), "i": DTYPES[1:9], "f": DTYPES[9:12], "c": DTYPES[12:]}
    have = {t for c in classes for t in of[c]} | set(single)
    return tuple(t for t in DTYPES if t in have)


# NumPy registers its loops in this order and takes the first that fits.
_NUMPY_ORDER = ("b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16")

_SAFE = {
    "b1": set(DTYPES),
    "i1": {"i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"},
    "i2": {"i2", "i4", "i8", "f4", "f8", "c8", "c16"},
    "i4": {"i4", "i8", "f8", "c16"},
    "i8": {"i8", "f8", "c16"},
    "u1": {"u1", "u2", "u4", "u8", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"},
    "u2": {"u2", "u4", "u8", "i4", "i8", "f4", "f8", "c8", "c16"},
    "u4": {"u4", "u8", "i8", "f8", "c16"},
    "u8": {"u8", "f8", "c16"},
    "f2": {"f2", "f4", "f8", "c8", "c16"},
    "f4": {"f4", "f8", "c8", "c16"},
    "f8": {"f8", "c16"},
    "c8": {"c8", "c16"},
    "c16": {"c16"},
}


def compute_type(row: Row, promoted: str) -> str | None:
    """The type NumPy computes in when the operands promote to `promoted`; None for a TypeError."""
    if row.promotion == "no_bool" and promoted == "b1":
        return None
    if row.promotion == "true_divide" and promoted[0] in "biu":
        return "f8"
    have = loop_types(row)
    return next((t for t in _NUMPY_ORDER if t in have and t in _SAFE[promoted]), None)


def _typed(spec: str, compute: str) -> str:
    return {"c8": "f4", "c16": "f8"}.get(compute, compute) if spec == "real" else spec


def result_type(row: Row, compute: str) -> str:
    return _typed(row.result, compute) if row.result else compute


def operand_type(row: Row, compute: str, index: int) -> str:
    return _typed(row.operands[index], compute) if index in row.operands else compute


def check() -> None:
    """Raises where the rows contradict themselves."""
    names = [n for r in ROWS for n in (r.name, *r.aliases)]
    if len(names) != len(set(names)):
        raise ValueError(f"op named twice: {sorted({n for n in names if names.count(n) > 1})}")
    for r in ROWS:
        if r.promotion not in PROMOTIONS or r.domain not in DOMAINS:
            raise ValueError(f"{r.name}: unknown promotion or domain")
        if set(r.flags.split()) - {"reduces", "commutative"}:
            raise ValueError(f"{r.name}: unknown flag in {r.flags!r}")
        if set(r.warns.split()) - {"divide", "over", "under", "invalid"}:
            raise ValueError(f"{r.name}: unknown warning in {r.warns!r}")
        if not loop_types(r):
            raise ValueError(f"{r.name}: no loops")
        if "reduces" in r.flags and r.nin != 2:
            raise ValueError(f"{r.name}: only binary ops reduce")
