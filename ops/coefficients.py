"""Prints the polynomial coefficients and constants of `scalar/`: `python coefficients.py` (needs mpmath; not run by the build).

Each polynomial is the Chebyshev interpolant of its function on the interval, in the variable named: within a small factor
of the best, and its rounding to the format is part of the error bounds that tests/cpp/ops/accuracy_test.cpp holds.
"""

import struct

from mpmath import asin, atan, chebyfit, exp, floor, ln, log, log1p, mp, mpf, pi, sqrt, tan

mp.dps = 60


def rounded(x, bits):
    """x to `bits` significant bits, to nearest."""
    if x == 0:
        return x
    e = int(floor(log(abs(x), 2)))
    unit = mpf(2) ** (e - bits + 1)
    return mp.nint(x / unit) * unit


def fit(name, f, low, high, degree, bits):
    c = list(reversed(chebyfit(f, [low, high], degree + 1)))
    worst = max(
        abs(
            sum(rounded(ck, bits) * (low + (high - low) * mpf(i) / 200) ** k for k, ck in enumerate(c))
            - f(low + (high - low) * mpf(i) / 200)
        )
        for i in range(201)
    )
    show = (lambda v: float(v).hex()) if bits == 53 else (lambda v: float(rounded(v, 24)).hex() + "f")
    print(f"// {name}: degree {degree} on [{float(low):.4g}, {float(high):.4g}], error {float(worst):.1e}")
    print(", ".join(show(v) for v in c))


def near_zero(f, series):
    """f, and `series` where f would divide 0 by 0."""
    return lambda x: f(x) if abs(x) > mpf(10) ** -12 else series(x)


h = ln(2) / 2 * mpf("1.0005")
small = sqrt(2) - 1  # tan(pi / 8)
s_max = (sqrt(2) - 1) / (sqrt(2) + 1) * mpf("1.0005")


def exp_q(x):
    return sum(x**k / mp.factorial(k + 2) for k in range(30))


def exp2_q(x):
    return sum(x**k * ln(2) ** (k + 2) / mp.factorial(k + 2) for k in range(40))


def exp2_1(x):
    return sum(x**k * ln(2) ** (k + 1) / mp.factorial(k + 1) for k in range(40))


def expm1_q(x):  # (expm1(x) - x - x**2/2) / x**3
    return sum(x**k / mp.factorial(k + 3) for k in range(30))


def log_r(z):  # log(m) = 2s + s * z * log_r(z), s = (m - 1) / (m + 1), z = s * s
    return sum(2 * z**k / (2 * k + 3) for k in range(60))


def log2_f(f):  # log2(1 + f) / f
    return near_zero(lambda t: log1p(t) / t, lambda t: 1 - t / 2)(f) / ln(2)


def log_f(f):
    return near_zero(lambda t: (log1p(t) - t) / t**2, lambda t: mpf(-1) / 2 + t / 3)(f)


def log_scaled(base):  # (log(1 + f) - f) / f**2 in that base
    return lambda f: log_f(f) / ln(base)


def tan_r(z):
    return near_zero(lambda t: (tan(sqrt(t)) / sqrt(t) - 1) / t, lambda t: mpf(1) / 3 + t * 2 / 15)(z)


def log_r5(z):  # the same after 2/3 z
    return sum(2 * z**k / (2 * k + 5) for k in range(60))


def sin_r(z):
    return sum((-1) ** (k + 1) * z**k / mp.factorial(2 * k + 3) for k in range(20))


def cos_r(z):
    return sum((-1) ** k * z**k / mp.factorial(2 * k + 4) for k in range(20))


def atan_r(z):
    return near_zero(lambda t: (atan(sqrt(t)) / sqrt(t) - 1) / t, lambda t: mpf(-1) / 3 + t / 5)(z)


def asin_r(z):
    return near_zero(lambda t: (asin(sqrt(t)) / sqrt(t) - 1) / t, lambda t: mpf(1) / 6 + t * 3 / 40)(z)


# Of log's table: searched around short ones in steps of 2**-42 until the logarithm lay next to a multiple of 2**-42.
RECIPROCALS = (
    "0x1.637fdcdb928p+0",
    "0x1.54ffd7a6234p+0",
    "0x1.477fe44cec8p+0",
    "0x1.3a7fffb731cp+0",
    "0x1.2effc86b808p+0",
    "0x1.23ffc8fc43p+0",
    "0x1.19ffb419728p+0",
    "0x1.1100128d2a4p+0",
    "0x1.057fe04572cp+0",
    "0x1p+0",
    "0x1.e10097e72fp-1",
    "0x1.c5ffd965c38p-1",
    "0x1.adff7a00790p-1",
    "0x1.98fff931408p-1",
    "0x1.85ffa55f1f8p-1",
    "0x1.73ff8f04fa0p-1",
)

if __name__ == "__main__":
    q4 = (pi / 4 * mpf("1.0005")) ** 2
    fit("exp f8", exp_q, -h, h, 9, 53)
    fit("exp f8 by eighths", exp_q, -h / 8, h / 8, 5, 53)
    fit("exp f4", exp_q, -h, h, 4, 24)
    fit("exp2 for pow f4 (f8), by eighths, (2**x - 1) / x", exp2_1, -mpf(1) / 16, mpf(1) / 16, 3, 53)
    fit("exp2 f8", exp2_q, -mpf("0.5"), mpf("0.5"), 9, 53)
    fit("exp2 f4", exp2_q, -mpf("0.5"), mpf("0.5"), 4, 24)
    fit("expm1 f8", expm1_q, -h, h, 9, 53)
    fit("expm1 f4", expm1_q, -h, h, 3, 24)
    fit("log f8", log_r, mpf(0), s_max**2, 7, 53)
    fit("log f8 by table", log_f, mpf("-0.029349418082319723") * mpf("1.0005"), mpf("0.033203125") * mpf("1.0005"), 7, 53)
    fit("log f4", log_r, mpf(0), s_max**2, 3, 24)
    fit("log2 for pow f4 (f8), over f", log2_f, -mpf(1) / 32, mpf(1) / 16, 5, 53)
    fit("log2 f4", log_scaled(2), sqrt(mpf(1) / 2) - 1, sqrt(2) - 1, 9, 24)
    fit("log10 f4", log_scaled(10), sqrt(mpf(1) / 2) - 1, sqrt(2) - 1, 9, 24)
    fit("log for pow f8", log_r5, mpf(0), s_max**2, 8, 53)
    fit("sin f8", sin_r, mpf(0), q4, 6, 53)
    fit("cos f8", cos_r, mpf(0), q4, 6, 53)
    fit("sin f4", sin_r, mpf(0), q4, 3, 24)
    fit("cos f4", cos_r, mpf(0), q4, 2, 24)
    fit("tan f4", tan_r, mpf(0), q4, 6, 24)
    fit("atan f8", atan_r, mpf(0), small**2 * mpf("1.001"), 11, 53)
    fit("atan f4", atan_r, mpf(0), small**2 * mpf("1.001"), 4, 24)
    fit("asin f8", asin_r, mpf(0), mpf("0.25"), 12, 53)
    fit("asin f4", asin_r, mpf(0), mpf("0.25"), 5, 24)
    for name, value in (
        ("ln2", ln(2)),
        ("log2e", 1 / ln(2)),
        ("log10e", 1 / ln(10)),
        ("log10(2)", log(2, 10)),
        ("pi/2", pi / 2),
        ("2/pi", 2 / pi),
    ):
        rest, parts = value, []
        for bits in (42, 53) if name in ("ln2", "log10(2)") else (33, 33, 53) if name == "pi/2" else (53, 53):
            parts.append(rounded(rest, bits))
            rest -= parts[-1]
        print(
            f"// {name} f8: " + ", ".join(float(p).hex() for p in parts),
            " plain:",
            float(value).hex(),
            float(value - rounded(value, 53)).hex(),
        )
        rest, parts = value, []
        for bits in (13, 24) if name in ("ln2", "log10(2)") else (24, 24):
            parts.append(rounded(rest, bits))
            rest -= parts[-1]
        print(f"// {name} f4: " + ", ".join(float(p).hex() for p in parts))
    # The shift, of 2**-44 times the integers up to 2**29 in turn, is the best that all eight roots round well with.
    shift = mpf(float.fromhex("0x1.ea5fbe4p-16"))
    roots = [mpf(2) ** (mpf(j) / 8) * exp(shift) for j in range(8)]
    print("// roots of 2, shifted: " + ", ".join(float(r).hex() for r in roots))
    print(f"// worst rounding: 2**{float(max(log(abs(r - mpf(float(r))) / r, 2) for r in roots)):.2f}")
    logs = [-ln(mpf(float.fromhex(c))) * 2**42 for c in RECIPROCALS]
    print("// logs of the reciprocals: " + ", ".join(float(mp.nint(v) / 2**42).hex() for v in logs))
    print(f"// worst rest: 2**{float(max(log(abs(v - mp.nint(v)) + mpf(2) ** -99, 2) for v in logs) - 42):.1f}")
    eighths = [int.from_bytes(struct.pack(">d", mpf(2) ** (mpf(j) / 8))) - (j << 49) for j in range(8)]
    print("// eighths: " + ", ".join(struct.unpack(">d", b.to_bytes(8))[0].hex() for b in eighths))
    middles = [(1 + (j + mpf(0.5)) / 16) / (2 if j >= 8 else 1) for j in range(16)]
    sixteenths = [1 / m if 0 < j < 15 else mpf(1) for j, m in enumerate(middles)]
    print("// sixteenths: " + ", ".join(float(c).hex() for c in sixteenths))
    logs = [(j >= 8) - log(mpf(float(c)), 2) for j, c in enumerate(sixteenths)]
    print("// their logs: " + ", ".join(float(v).hex() for v in logs))
    mp.dps = 450
    words = floor(2 / pi * mpf(2) ** (64 * 20))
    print("// 2/pi, 64 bits a word")
    print(", ".join(hex(int(words) >> (64 * (19 - i)) & (2**64 - 1)) + "ul" for i in range(20)))
