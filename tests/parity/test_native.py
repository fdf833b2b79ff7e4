"""What is native stays native: each of these calls runs without NumPy, on every dtype that it takes, and gives its values."""

import os

import numloom
import numpy
import pytest
from numloom._fallback import policy

from tests.parity.harness import check

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
ANY, ORDERED, NUMBERS, INEXACT = set(DTYPES), set(DTYPES[:12]), set(DTYPES[1:]), set(DTYPES[9:])

SETUP = """
rng = np.random.default_rng(5)
x = np.array((rng.random((4, 5)) * 3 + 1).astype({dtype!r}))
y = np.array((rng.random((4, 5)) * 3 + 1).astype({dtype!r}))
m = np.array(rng.random((4, 5)) > 0.4)
m[0] = True
i = np.array([0, 2, 1])
"""

CASES = {
    # reductions with all that they take
    "x.sum(axis=0, where=m), x.sum(dtype='f8') if x.dtype.kind != 'c' else 0, np.sum(x, axis=1, out=np.zeros(4, np.sum(x).dtype))": ANY,
    "x.prod(axis=0, where=m), np.prod(x, axis=(0, 1), keepdims=True), x.any(axis=1, where=m), np.all(x, out=np.zeros((), bool))": ANY,
    "x.mean(axis=0, where=m), x.mean(1, keepdims=True), np.mean(x, where=m, axis=1, keepdims=True)": ANY,
    "x.var(axis=0), x.std(1, ddof=1), x.var(), x.std(axis=(0, 1), keepdims=True), x.var(axis=1, where=m), x.std(0, where=m, ddof=0.5)": ANY,
    "x.var(axis=0, dtype='f8'), x.std(1, dtype='f4'), np.var(x, axis=0, out=np.zeros(5, np.var(x).dtype))": ORDERED,
    "np.cumsum(x, axis=0), np.cumsum(x), np.cumprod(x, axis=1), np.cumsum(x, 1, out=np.zeros((4, 5), np.cumsum(x).dtype))": ANY,
    "np.argmin(x, axis=0, out=np.zeros(5, int)), np.argmax(x, keepdims=True), np.count_nonzero(x, axis=0)": ANY,
    "np.bincount(x[0]), np.bincount(x.ravel(), minlength=9), np.bincount(x.T[1][::-1], None, 2), np.bincount(x[0, :0])": ORDERED
    - {"u8", "f2", "f4", "f8"},
    # joining, repeating, taking
    "np.repeat(x, [1, 0, 2, 1], axis=0), np.repeat(x, 3), np.repeat(x[0], np.array([2, 1, 0, 0, 1])), x.repeat(2, 1)": ANY,
    "np.concatenate((x, y), out=np.zeros((8, 5), x.dtype)), np.stack((x, y), out=np.zeros((2, 4, 5), x.dtype))": ANY,
    "np.array([x, y]), np.asarray([x[0], x[1] + y[1]]), np.array((x.T, y.T)), np.r_[x[0], y[0]], np.c_[x[0], y[0]]": ANY,
    "np.take(x, i, axis=1, out=np.zeros((4, 3), x.dtype)), np.dot(x, y.T, out=np.zeros((4, 4), x.dtype))": ANY,
    "np.pad(x, ((1, 2), (0, 3)), mode='maximum'), np.pad(x, 2, mode='minimum')": ORDERED,
    "np.pad(x, 1, mode='mean')": ORDERED - {"?"},
    # products
    "np.einsum('ij,kj->ik', x, y), np.einsum('ii->i', x[:, :4]), np.einsum('ii', x[:, :4])": ANY,
    "np.einsum('...j,...j', x, y), np.einsum('i...->...', x), np.einsum('ij,j', x, y[0])": ANY,
    "np.einsum('iij->ij', np.stack((x, y, x, y))[:, :4]), np.einsum(x, [0, 1], y, [2, 1], [0, 2]), np.einsum(x, [1, 0])": ANY,
    "np.einsum('a...b,b...c->...ac', np.stack((x, y)), np.stack((x.T, y.T), axis=2)), np.einsum('ij,jk', x[:, :1], y)": ANY,
    # functions
    "np.degrees(x), np.radians(x), np.rad2deg(x), np.deg2rad(x)": {"f2", "f4", "f8"},
    "np.linspace(x[0], y[0], 4), np.linspace(0, x, 3, endpoint=False, axis=-1), np.linspace(x[0], 9, 3, dtype=int)": ORDERED - {"f2", "f4"},
}


@pytest.fixture
def without_numpy():
    before = policy.set_policy("error")
    yield
    policy.set_policy(before)


def test_fallbacks_are_refused_here(without_numpy):
    with pytest.raises(policy.FallbackError):
        numloom.linalg.eigvals(numloom.eye(2))


@pytest.mark.parametrize("case", CASES)
def test_runs_without_numpy(case, without_numpy):
    for dtype in sorted(CASES[case]):
        setup = SETUP.format(dtype=dtype)
        # Products of another library (docs/differences.md).
        ulp = 4 if any(name in case for name in ("einsum", "dot", ".var(")) else 1
        check(setup + f"({case})", ulp=ulp, strides=False)


@pytest.mark.parametrize("bins", [1, 700, 5000, 300000])
def test_bincount_of_many(bins, without_numpy):
    check(f"x = np.arange(400000) * 7919 % {bins}\nx[3] = 1\n(np.bincount(x), np.bincount(x.astype('i4'), minlength={bins} + 5))")


def test_bincount_leaves_to_numpy_what_it_refuses():
    for arguments in ("[1, -1]", "[[1]]", "[1.5]", "np.array([1], 'u8')", "[], minlength=-1", "[1], minlength=None"):
        check(f"np.bincount({arguments})")
    check("np.bincount(np.array([1, 1, 3]), np.array([0.5, 2.0, 1.0]), 6)")


def test_a_sum_into_a_wider_array_is_summed_in_its_type():
    values = (numpy.random.default_rng(0).random(5000) * 1000).astype("f4")
    for kind, wide in (("f4", "f8"), ("f2", "f4"), ("f2", "f8"), ("i1", "i4"), ("f8", "f4")):
        x = values.astype(kind) if kind != "i1" else (values % 100).astype(kind)
        want, got = numpy.zeros((), wide), numloom.zeros((), wide)
        numpy.sum(x, out=want)
        numloom.sum(numloom.array(x), out=got)
        assert float(want) == float(got), (kind, wide)


ON_SMALL_ARRAYS = [
    "x + y, x - 2.5, 3 * x, x / y, -x, abs(x), x ** 2, x ** 0.5, np.sqrt(x), np.add(x, y)",
    "x.sum(), np.sum(x, axis=0), x.mean(), x.mean(axis=1), x.std(), x.var(0), x.prod(), x.min(), np.max(x, 1)",
    "x @ x.T, np.dot(x, y.T), x[0].dot(y[0]), np.linalg.norm(x[0]), np.clip(x, 1, 2)",
]
IN_PLACE = "z = x.copy()\nz += y\nz[1:] *= z[:-1]\nz -= 0.5\nz /= y\nz"


@pytest.mark.parametrize("case", [*ON_SMALL_ARRAYS, IN_PLACE])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_small_arrays_under_errstate_raise(case, dtype, without_numpy):
    if numloom.device() == "cuda" or os.environ.get("NUMLOOM_RUN_NOW") == "0":
        pytest.skip("work at the call is the processor's, where it is allowed")
    body = "\n".join("    " + line for line in case.split("\n")[:-1])
    result = case.split("\n")[-1]
    check(f"{SETUP.format(dtype=dtype)}\nwith np.errstate(all='raise'):\n{body}\n    r = {result}\nr", ulp=4)
    with numpy.errstate(all="raise"), pytest.raises(policy.FallbackError):
        numloom.zeros(3) / 0.0  # something goes wrong: only NumPy knows what it is to raise


VALUES = [0.0, -1.0, 1e308, 1e-308, 5e-324, numpy.inf, numpy.nan, 3.5]


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "c16"])
def test_what_errstate_raise_says(dtype):
    cases = "a + b; a - b; a * b; a / b; a @ b; a * v; a ** 2; a.sum(); a.mean(); a.std(); np.dot(a, b); np.sqrt(a); np.clip(a, 0, 2)"
    for case in cases.split("; ") + ["a.__iadd__(b)", "a.__itruediv__(b)", "np.linalg.norm(a)"]:
        for u in VALUES:
            for v in VALUES:
                check(
                    f"inf, nan = np.inf, np.nan\nwith np.errstate(all='ignore'):\n"
                    f"    v = {v!r}\n    a, b = np.array([1, {u!r}]).astype({dtype!r}), np.array([1, v]).astype({dtype!r})\n"
                    f"try:\n    with np.errstate(all='raise'):\n        r = {case}\n"
                    f"except FloatingPointError as e:\n    r = str(e)\n(r, a)",
                    ulp=4,
                )


LENT = [
    "np.putmask(a, a > 2, a * 2)",
    "np.add.at(a, i, 1.0)",
    "np.copyto(a, b, where=a > 2)",
    "np.lexsort((a, b))",
    "np.lexsort([a, b[::-1]])",
    "np.sort(a) is a",
    "np.add(a, b, out=(a,), where=a > 1) is a",
    "np.cumsum(a.astype(complex), out=None)",
    "np.interp(a, b, b)",
    "a.searchsorted([1.0, 2.0])",
    "np.random.default_rng(1).shuffle(a)",
    "np.random.default_rng(1).shuffle([a, b])",
    "np.random.RandomState(2).normal(a, b)",
    "np.random.default_rng(3).choice(a)",
    "np.broadcast_arrays(a, b)[0] is not None",
    "np.asfortranarray(a) is a",
    "np.multiply.reduceat(a, i, 0, None, b[:3])",
]


@pytest.mark.parametrize("case", LENT)
def test_calls_lent_without_asking_the_package(case):
    """The first call of a function asks the package what NumPy may write; those after it do not."""
    check(
        "a, b, i = np.array([3.0, 1.0, 2.0, 5.0]), np.arange(4.0), np.array([0, 2, 1])\nr = []\n"
        f"for _ in range(3):\n    r.append({case})\n(r, a, b)"
    )


BY_POSITION = {
    "np.compress(m[0], x, axis=1), np.compress([True, False, True], x, axis=0), np.compress(m.ravel(), x), np.compress([0, 1], x[0])": ANY,
    "np.delete(x, 1), np.delete(x, -2, axis=0), np.delete(x, slice(1, 3), 1), np.delete(x, [0, 2, -1], 1), np.delete(x, slice(3, 1), 1)": ANY,
    "np.insert(x, 2, x[0, 0]), np.insert(x[0], -1, y[1]), np.insert(x[0], 5, y[0, :0])": ANY,
    "np.resize(x, (3, 17)), np.resize(x, 7), np.resize(x[0], (2, 2)), np.resize(x[:, 1], 9)": ANY,
    "z = x.copy(); np.putmask(z, m, y); np.putmask(z[1:], m[:-1], z[:-1]); np.putmask(z[::2], m[::2], y[::-2]); z": ANY,
    "z = x.copy(); np.putmask(z, m, 3); np.place(z, ~m, [2]); np.place(z, z > 2, 7); z": {"i8", "f8"},
    "z = x.copy(); np.putmask(z, x > 2, np.nan); np.place(z, x < 2, [-np.inf]); np.putmask(z, m.astype(int), 1.5); z": {"f8"},
    "np.nansum(x), np.nansum(x, axis=0, keepdims=True), np.nanprod(x, 1), np.nanmean(x), np.nanmean(x, axis=1)": ORDERED - {"f2"},
    "np.nanmax(x), np.nanmin(x, axis=0), np.nanmax(x, axis=1, keepdims=True)": ORDERED,
    "np.cumulative_sum(x, axis=1), np.cumulative_sum(x[0]), np.cumulative_prod(x, axis=0), np.cumulative_sum(x[1], dtype='f8')": ORDERED,
}


@pytest.mark.parametrize("case", BY_POSITION)
def test_positions_without_numpy(case, without_numpy):
    *body, result = case.split("; ")
    if numloom.device() != "cuda" and not any(name in case for name in ("nansum", "nanmax", "cumulative", "resize")):
        policy.set_policy("silent")  # the host's are NumPy's
    for dtype in sorted(BY_POSITION[case]):
        ulp = 4 if numloom.device() == "cuda" and "cumulative" in case else 1
        check("\n".join([SETUP.format(dtype=dtype), *body, f"({result})"]), ulp=ulp, strides=False)


LEFT_TO_NUMPY = """np.compress([True] * 9, x, axis=1) | np.compress(m, x) | np.compress([False] * 9 , x, axis=0) | np.compress([True], 3)
np.delete(x, 9) | np.delete(x, [1, 9]) | np.delete(x, slice(None, None, 2), 1) | np.delete(x, m[0], 1) | np.delete(x, []) | np.delete(x, 1, 5)
np.delete(x.T, 1, 0) | np.delete(3.5, 0) | np.insert(x, 1, [1, 2], axis=1) | np.insert(x, 99, 1) | np.insert(x, [1, 2], 5.5) | np.insert(x[0], 2, 9)
np.resize(x, (2, -1)) | np.resize(x, 0) | np.resize([], (2, 2)) | np.resize(x, (np.int64(2), 3))
np.putmask(x, m[0], 1); x | np.putmask(x, m, [1, 2]); x | np.putmask(x, m, 1 + 2j); x | np.place(x, m, [1, 2, 3]); x | np.place(x, m, []); x | np.place(x, m[0], 1); x
np.putmask(x.astype(int), m, 1.5); x | z = x.copy(); z.flags.writeable = False; np.putmask(z, m, 1) | z = x.copy(); np.putmask(z, m, [1, 2, 3]); z
np.nanmax(np.zeros((0, 3), int)) | np.nansum(x.astype(int), where=m) | np.nanmean(np.zeros(0, int)) | np.cumulative_sum(x) | np.cumulative_sum(3)
np.cumulative_sum(x, axis=0, include_initial=True) | np.cumulative_sum(x, axis=0, out=np.empty((4, 5))) | np.nanmax(x.astype(int), axis=3)"""


@pytest.mark.parametrize("case", [c.strip() for line in LEFT_TO_NUMPY.splitlines() for c in line.split(" | ")])
def test_positions_left_to_numpy(case):
    ulp = 4 if numloom.device() == "cuda" and "cumulative" in case else 0
    check("\n".join([SETUP.format(dtype="f8"), *case.split("; ")]), strides=False, ulp=ulp)


TABLES = """
rng = np.random.default_rng(6)
x = (rng.standard_normal((70, 80)) * 3).astype({dtype!r})
t = np.sort((rng.standard_normal({n}) * 3).astype({dtype!r}))
"""
LOOKED_UP = {
    "np.searchsorted(t, x) | np.searchsorted(t, x, side='right') | np.digitize(x, t) | np.digitize(x, t, right=True)",
    "np.digitize(x, t[::-1]) | np.digitize(x, t[::-1], True) | np.digitize(x, list(t)) | np.digitize(x, np.round(t))",
    "np.interp(x, u, u * u) | np.interp(x, u, u, left=-7, right=2.5) | np.interp(x.T, u, 1 / (u * u + 0.3))",
    "np.searchsorted(x[0], x) | np.digitize(x, x[0]) | np.searchsorted(t, x, 'middle') | np.interp(x, x[0], x[1])",
    "np.interp(x, t, t, period=4) | np.digitize(x, []) | np.interp(x, t, t[1:])",
}
COPIES = """np.copyto(x, y, where=m) | np.copyto(x, y[0], where=m[:, :1]) | np.copyto(x[1:], x[:-1], where=m[1:]) | np.copyto(x, x[::-1], where=m)
np.copyto(x, 3, where=m) | np.copyto(x, 2.5, where=m[0]) | np.copyto(x, True, where=m) | np.copyto(x, 1e300, where=m) | np.copyto(x, 1 << 60, where=m)
np.copyto(x, y, where=False) | np.copyto(x, y[:, :2], where=m) | np.copyto(x, y, where=m[:, :2]) | np.copyto(x, 1j, where=m) | np.copyto(x, -1, where=m)
np.copyto(x, y.astype('f8'), where=m) | np.copyto(x, y, where=m, casting='no') | np.copyto(x, np.float64(0.1), where=m) | np.copyto(x[0], y, where=m)"""


@pytest.mark.parametrize("case", [c.strip() for line in COPIES.splitlines() for c in line.split(" | ")])
def test_copies_where_a_mask_holds(case):
    for dtype in DTYPES:
        check("\n".join([SETUP.format(dtype=dtype), case, "x"]))
        large = "x, y = (np.tile(a, (40, 1)) for a in (x, y))\nm = np.tile(m, (40, 1))"
        check("\n".join([SETUP.format(dtype=dtype), large, case, "x"]))


def test_masked_copies_run_here(without_numpy):
    for dtype in DTYPES:
        large = "x, y, m = (np.tile(a, (50, 40)) for a in (x, y, m))\n"
        check(SETUP.format(dtype=dtype) + large + "np.copyto(x, y, where=m)\nnp.copyto(x[:9], y[0], where=m[0])\nx")
        check(SETUP.format(dtype=dtype) + large + "np.putmask(x, m, y)\nnp.putmask(x.T, ~m.T, y.T)\nx")
    check(SETUP.format(dtype="f8") + large + "np.putmask(x, m, 0.5)\nnp.place(x, x > 2, [-1])\nx")


@pytest.mark.parametrize("cases", sorted(LOOKED_UP))
@pytest.mark.parametrize("n", [1, 2, 3, 5, 64, 1000])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i2"])
def test_tables(cases, n, dtype):
    setup = TABLES.format(dtype=dtype, n=n)
    if dtype[0] == "f":
        setup += "x[0, :5] = np.nan, np.inf, -np.inf, t[0], t[-1]\nx[1, :len(t[:80])] = t[:80]\n"
    for case in cases.split(" | "):
        check(f"{setup}u = np.unique(t)\n{case}", strides=False)


def test_devices_look_up_their_own_arrays(without_numpy):
    if numloom.device() != "cuda":
        pytest.skip("the host's searches are NumPy's")
    x, table = numloom.ones(5000), numloom.arange(9)
    for found in (numloom.searchsorted(table, x), numloom.digitize(x, table, True), numloom.interp(x, table, table)):
        assert (found == 1).all()
