"""What a program asks of an array and of NumPy: elements by `flat`, flags, kinds and memory, few numbers in order, errstate."""

import pytest

from tests.parity.harness import check

# `a.flat` and `a.flags`: `s` are arrays of several layouts.
FLAT = """
[list(a.flat) for a in s]
[a.flat[k] for a in s for k in (0, 4, -1, -6, np.int64(3), np.int8(2))]
s[0].flat[6]
s[1].flat[-7]
s[0].flat[2**70]
s[0].flat["x"]
[a.flat[1:5:2] for a in s], s[0].flat[[0, 2]], s[0].flat[s[0].ravel() > 2], s[0].flat[np.array([1, 1])], s[0].flat[...]
it = s[0].flat; [next(it), next(it), it.index, it.coords, len(it), it[4], it.index, next(it), it.index, list(it), it.index, it.coords]
it = s[1].flat; next(it); it[3] = 9; [it.index, next(it), it[1:3], it.index, next(it), it == 3, it.index, next(it), it.copy(), it.index]
it = s[1].flat; next(it); it < np.arange(6), it.index, next(it), it.index, list(it)
it = s[0].flat; list(it); next(it)
for a in s: a.flat[0] = 7; a.flat[-1] = np.float64(2.5); a.flat[2] = np.int64(4); a.flat[1:2] = [8]; r = s
a = np.arange(6); a.flat[1] = 2.75; a.flat[2] = np.float64(3.5); a.flat[3] = True; a.flat[4] = np.float32(1.5); a
a = np.arange(6, dtype=np.uint8); a.flat[1] = 300; a
a = np.arange(6); a.flat[1] = float("nan"); a[1:3]
a = np.arange(6); a.flat[1] = 1j; a
a = np.arange(6.0); a.flat[1] = "x"; a
a = np.arange(6.0); a.flat[1] = [8, 9]; a
a = np.arange(6.0); a.flat[9] = 1; a
a = np.arange(6.0); a.flags.writeable = False; a.flat[1] = 1
a = np.arange(6.0); it = a.flat; a.flags.writeable = False; it[0] = 9
a = np.arange(6.0); it = a.flat; it[1:3] = 8; a.flags.writeable = False; it[1:3] = 9
a = np.arange(6.0); it = a.flat; it[:1]; a.flags.writeable = False; np.asarray(it).flags.writeable
a = np.arange(6.0); a.flags.writeable = False; it = a.flat; it[:1]; a.flags.writeable = True; it[0] = 9; it[1:2] = 8; a
a = np.arange(6.0); a.flat = [1, 2]; b = np.arange(6); b.flat = 3; a.flat[2:] = np.arange(2.0); [a, b]
a = np.arange(6.0); a[1:] += a[:-1]; it = a.flat; next(it); a[1] = 9; [*it, a.flat.base is a]
a = np.arange(300000.0) + 1; b = a * 2; a.flat[0] = 7; it = a.flat; it[1] = 8; c = a + b; it[2] = 9; [b[:3], a[:3], c[:3]]
a = np.arange(6.0); it = a.flat; a[:] = 2; [next(it), np.asarray(it), np.array(a.flat, dtype=np.float32), np.sum(a.flat), a.flat + 1]
z = np.array(3.0); [z.flat[0], list(z.flat), z.flat.coords, len(z.flat)]
np.zeros((2, 0)).flat[0]
np.arange(3.0).flat.index = 2
np.arange(3.0).flat.base = 2
del np.arange(3.0).flat
hash(np.arange(3.0).flat)
type(np.arange(3.0).flat)()
[np.dtype(type(v)) for t in "?bhilBHILefdFD" for v in (np.ones(2, t).flat[1], next(np.ones((2, 2), t).T.flat))]
"""

WRITEABLE_AND_OTHERS = """
[(str(a.flags), a.flags.num, [a.flags[k] for k in "C F O W A X B CA FA FNC FORC CARRAY C_CONTIGUOUS".split()]) for a in s]
[[getattr(a.flags, k) for k in "contiguous fortran owndata writeable aligned writebackifcopy fnc forc behaved carray farray".split()] for a in s]
a = np.zeros(3); f = a.flags; a.flags.writeable = False; g = a.flags; g.writeable = True; [f.writeable, g.writeable, a.flags.writeable, f == g, f != g, f == a.flags]
a = np.zeros(3); a.flags["W"] = 0; a.flags.writeable
a = np.zeros(3); a.flags[b"WRITEABLE"] = 0; a[0] = 1
np.zeros(3).flags["writeable"]
np.zeros(3).flags["C\\0"]
np.zeros(3).flags["\\xc7"]
np.zeros(3).sum().flags.writeable = True
np.zeros(3).sum().flags["W"] = False
x = np.zeros(3).sum(); [x.setflags(write=True), x.setflags(uic=True), x.flags.writeable]
np.zeros(3).flags[0]
np.zeros(3).flags["C"] = True
np.zeros(3).flags.c_contiguous = True
np.zeros(3).flags.writebackifcopy = True
a = np.zeros(3); a.flags.aligned = True; a.flags.aligned
del np.zeros(3).flags.writeable
np.zeros(3).flags.writeable = np.ones(2)
np.zeros(3).flags.other = 1
np.zeros(3).flags.other
np.zeros(3).flags < np.zeros(3).flags
[np.zeros(3).flags == 3, np.zeros(3).flags == numpy.zeros(3).flags, numpy.zeros((2, 2)).flags == np.zeros(3).flags]
len(np.zeros(3).flags)
hash(np.zeros(3).flags)
b = np.broadcast_to(np.arange(3.0), (2, 3)); b.flags.writeable = True; b.flags.writeable
"""

# Views lent to NumPy are used again for other arrays: what was kept of them is not.
LENT_AGAIN = """
kept = [np.lib.stride_tricks.as_strided(np.arange(6.0) + k, (2, 3)) for k in range(9)]; [kept, [np.sort(np.arange(4.0)[::-1] * k) for k in range(9)]]
kept = [memoryview(np.arange(3.0) + k) for k in range(9)]; [[np.argsort(np.arange(4)[::-1]) for k in range(9)], [np.array(m) for m in kept]]
[(np.argsort(a), np.sort(a, axis=None), np.searchsorted(np.arange(6), a[0])) for k in range(3) for a in (s[0], s[1], np.arange(4)[::2], np.ones(3, np.float32), s[0] > 2)]
seen = []; [np.piecewise(np.arange(3.0) + k, [np.arange(3) > 0], [lambda v: seen.append(v) or v, 0]) for k in range(9)]; [seen, np.sort(np.arange(5.0))]
a = np.arange(3.0)[::-1].copy(); a.flags.writeable = False; b = np.arange(3.0)[::-1].copy(); np.sort(a); b.sort(); [b, a.sort()]
"""


@pytest.mark.parametrize("source", [line for table in (FLAT, WRITEABLE_AND_OTHERS, LENT_AGAIN) for line in table.strip().splitlines()])
def test_flat_and_flags(source):
    check("s = [np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(3, 2).T, np.arange(12.0)[::2], np.arange(12.0)[::-2]]\n" + source)


# What only asks about dtypes, kinds and memory, and what gives back the array itself.
INQUIRIES = """
[np.result_type(np.ones(2, x), np.ones((), y)) for x in "?bhilBHILefdFD" for y in "?bhilBHILefdFD"]
[np.result_type(np.ones(2, x), np.dtype(y)) for x in "?bIfD" for y in ("i2", "f8", "U3", "O", "M8[s]") if not (x != "O" and y == "M8[s]" and x in "fD")]
a = np.ones(2, "f4"); [np.result_type(*k) for k in ((a,), (a, 1), (a, 1.5), (a, 1j), (a, np.float64(1)), (1, 2.5), (a, [1.0]), ("i4", a), (np.int8, a), (np.ones(2, "i2"), np.ones(2, "u2"), a))]
np.result_type(np.ones(2), "nonsense")
np.result_type()
np.result_type(np.ones(2), x=1)
[np.can_cast(x, y, c) for x in "?bIfD" for y in "?bIfD" for c in ("safe", "same_kind", "unsafe", "equiv")]
np.can_cast(np.ones(2, "f8"), "f4"), np.can_cast(np.ones(2), to="f4", casting="same_kind"), np.can_cast(np.float32(1), float)
np.can_cast(1, "i2")
np.can_cast(np.ones(2))
np.can_cast(from_=np.ones(2), to="f4"), np.can_cast(np.ones(2).sum(), "f4")
np.can_cast("f4", np.ones(2))
np.can_cast(np.ones(2), to=np.ones(2))
np.can_cast(np.ones(2), float, np.ones(2))
np.can_cast(np.ones(2), "f4", casting="no such")
[(f(np.ones(2, t)), f(np.ones(2, t)[0])) for t in "?lfdFD" for f in (np.iscomplexobj, np.isrealobj)]
[f(v) for f in (np.iscomplexobj, np.isrealobj) for v in (1, 1j, "x", [1, 1j], [np.ones(2, complex)], np.ma.ones(2), np.matrix([[1j]]), None, np.dtype(complex))]
np.iscomplexobj()
np.isrealobj(1, 2)
import fractions; [np.isscalar(v) for v in (1, 1.5, 1j, True, "a", b"a", np.str_("a"), np.float32(1), np.ones(2)[0], np.ones(2).sum(), np.ones(2), np.array(1.0), [1], None, memoryview(b"a"), fractions.Fraction(1, 2), type("S", (str,), {})("a"), type("I", (int,), {})(1), np.datetime64("2024"))]
np.isscalar()
a = np.arange(12.0); v = [a, a[::2], a[1::2], a[:6], a[6:], a.reshape(3, 4).T, a[:0], a.copy(), a.view("i4")[1::2], np.broadcast_to(a[3], (5,)), a[::-1]]; [(f(x, y), f(y, x)) for f in (np.may_share_memory, np.shares_memory) for x in v for y in v]
import array; m = array.array("d", range(6)); a, b = np.frombuffer(m), np.frombuffer(m)[2:]; [(f(a, b), f(a[:2], b), f(a[::2], b[1::2])) for f in (np.may_share_memory, np.shares_memory)]
a = np.arange(6); np.may_share_memory(a, a[1:], max_work=-1), np.shares_memory(a[::2], a[1::2], max_work=1), np.may_share_memory(a, [1]), np.may_share_memory(a[0], a)
np.may_share_memory(np.arange(3))
a = np.arange(6.0); [np.require(a) is a, np.require(a, float) is a, np.require(a, "f4"), np.require(a[::2], None, "C").flags.c_contiguous, np.require(a, requirements=["O", "W"]).flags.owndata, np.require([1, 2])]
a = np.arange(6.0).reshape(2, 3); [np.ascontiguousarray(a) is a, np.ascontiguousarray(a.T), np.ascontiguousarray(np.array(2.0)), a.squeeze() is a, np.squeeze(a) is a, a[None].squeeze(), a.squeeze(()), np.atleast_1d(a) is a, np.atleast_2d(a) is a]
a = np.arange(6.0); [np.squeeze(a[:, None]).base is a, a.squeeze(0)]
[f(v) for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d) for v in (1, 2.5, True, 1j, np.float32(2), [1, 2], (1, 2.5), [[1], [2]], np.array(3), np.arange(3)[::2], np.ones((2, 3)).T, "abc", None, [], b"x", np.datetime64("2024-01-01"))]
[type(f(v)).__name__ for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d) for v in (np.matrix([[1]]), np.ma.ones(3))]
[f(1, np.arange(3), [[1.0]]) for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d)], np.atleast_1d(), np.atleast_2d()
[type(f(1, np.arange(3))).__name__ for f in (np.atleast_1d, np.atleast_2d)], np.atleast_1d(*[[1, 2]])
np.atleast_1d(1, x=2)
np.atleast_1d([[1, 2], [3]])
a = np.arange(3); b = np.atleast_2d(a); b[0, 0] = 9; [a, b.base is a, b.strides]
a = np.arange(6.0).reshape(2, 3); [a.data.shape, a.data.format, a.T.data.f_contiguous, bytes(a[1].data), a.data.readonly]
a = np.arange(3.0); d = a.data; d[1] = 7; a
a = np.arange(6).reshape(2, 3); [a.repeat(2), a.repeat(2, 1), a.repeat([1, 2], axis=0), a.repeat(0), np.repeat(a, np.array([1, 0, 2]), 1), np.arange(3).repeat(np.int64(2)), np.array(5).repeat(3)]
np.arange(3).repeat(-1)
np.arange(3).repeat([1, 2])
np.arange(3).repeat(2, axis=1)
np.arange(3).repeat(2.5)
[np.zeros(2, t) for t in (object, [("x", "f8")], {"names": ["a"], "formats": ["i4"]}, {"x": ("f8", 0)}, [])]
np.zeros(2, [1])
np.zeros(2, {1: 2})
z = np.arange(6.0).reshape(2, 3) + 1j; [np.vdot(z, z * 2), np.vdot(z[0], [1, 2, 3]), np.vdot(2, 3), np.vdot(np.arange(3), np.arange(3)[::-1]), np.vdot(z.real, z.T.real)]
import gc; f = [np.frombuffer(bytearray(8 * k), float) for k in range(1, 9)]; g = [x[:1] for x in f]; del f, x; gc.collect(); g
np.arange(3.0).astype([("x", "f8")])["x"], np.arange(3.0).view([("x", "f8")])["x"], np.arange(3.0).astype(object)
[list(np.ndenumerate(np.arange(4.0).reshape(2, 2).T)), [float(v) for v in np.nditer(np.arange(3.0))], [(int(x), int(y)) for x, y in np.nditer([np.arange(3), [4, 5, 6]])]]
a = np.arange(3.0); it = np.nditer(a, op_flags=["readwrite"], flags=["multi_index"]); [x.__setitem__(..., it.multi_index[0] * 2) for x in it]; it.close(); a
issubclass(np.flatiter, np.flatiter), isinstance(np.ones(2).flat, np.flatiter), np.errstate.__module__
e = np.errstate(divide="ignore"); e.__enter__(); x = np.ones(2) / np.zeros(2); e.__exit__(None, None, None); [x, np.ones(2) / np.zeros(2)]
"""


@pytest.mark.parametrize("source", INQUIRIES.strip().splitlines())
def test_inquiries(source):
    check(source)


# Few numbers are sorted where they lie, by NumPy's loops; all else is its call.
SORTED = """
[(np.sort(x), x.argsort(), np.argsort(x), x.sort(), x) for t in "?bhilBHILefdFD" for x in [(np.arange(40) * 7 % 11).astype(t)]]
[(np.sort(x), np.argsort(x)) for t in "efdFD" for x in [np.array([3, np.nan, -0.0, 0.0, -np.inf, np.nan, 2, np.inf], t)]]
x = np.arange(24.0)[::-1].reshape(2, 3, 4).copy(); [np.sort(x), x.argsort(), np.sort(x, 0), np.sort(x, axis=None), x.argsort(axis=1), np.sort(x.T), np.sort(x[:, :, ::2]), np.argsort(x[1])]
[(np.sort(x), np.argsort(x), x.copy().argsort()) for n in (0, 1, 2, 511, 512, 513, 2000) for x in [np.arange(n) * 37 % 101]]
x = np.zeros((3, 0)); [np.sort(x), x.argsort(), x.sort(), np.sort(np.zeros((0, 3)))]
x = np.array([3, 1, 2]); y = np.sort(x); z = x[::-1]; z.sort(); [x, y, z, y.base, np.sort(x) is x]
x = np.arange(6.0)[::-1].copy(); y = x[1:5]; y.sort(); [x, y.argsort(), x[:2].sort(), x]
x = np.array([3, 1, 2]); x.flags.writeable = False; [np.sort(x), x.argsort()]
x = np.array([3, 1, 2]); x.flags.writeable = False; x.sort()
np.array(1).sort()
np.sort(np.array(1))
np.array(3).argsort()
np.sort(1)
np.sort()
np.array([2, 1]).sort(5)
np.array([2, 1]).sort(kind="nonsense")
np.array([2, 1]).sort(what=1)
x = np.array([3, 1, 2]); x.sort(kind="stable"); [x, np.sort(x[::-1], kind="heapsort"), np.argsort(x, stable=True), np.sort(x, order=None)]
[np.sort([3, 1, 2]), np.sort((2.5, 1)), np.argsort([[3, 1], [1, 2]]), np.sort([]), np.argsort([True, False]), np.sort(["b", "a"]), np.argsort(["b", "a"]), np.sort([3, None][:1])]
[type(np.sort(np.matrix([[2, 1]]))).__name__, np.sort(np.ma.array([3, 1, 2], mask=[0, 1, 0])).tolist(), np.argsort(np.ma.array([3, 1, 2], mask=[0, 1, 0])).tolist()]
d = np.array(["2024-02-01", "2023-01-01"], "M8[D]"); [np.sort(d), d.argsort(), np.diff(d), np.unique(d), np.flip(d), np.roll(d, 1), np.where(d > d[1], d, d[0]), np.repeat(d, 2), np.tile(d, 2), np.append(d, d)]
o = np.array([3, 1, 2], object); [np.sort(o), np.argsort(o), np.diff(o), np.cumsum(o), np.pad(o, 1), np.delete(o, 1), np.insert(o, 1, np.arange(2)), np.isin(o, [1, 2])]
r = np.array([(2, 1.0), (1, 5.0)], [("a", "i4"), ("b", "f8")]); [np.sort(r, order="a")["b"], np.argsort(r), np.take(r, [1]), np.roll(r, 1)["a"], np.append(r, r)["a"]]
x = np.array([3, 1, 2]) * 2; x += 1; x.sort(); np.sort(x * 2 - np.arange(3)), x
"""


@pytest.mark.parametrize("source", SORTED.strip().splitlines())
def test_sorting(source):
    check(source)

# Every mode that np.errstate knows, alone and beside others.
@pytest.mark.parametrize("mode", ["ignore", "warn", "raise", "print"])
@pytest.mark.parametrize("kind", ["divide", "over", "under", "invalid", "all"])
def test_errstate(kind, mode):
    check(
        f"""
def run(**modes):
    try:
        with np.errstate(**modes):
            return np.array([1.0, 0.0, 1e308, 1e-308, 6.0]) / np.array([0.0, 0.0, 1e-10, 1e308, 3.0])
    except FloatingPointError as error:
        return str(error)
[run({kind}="{mode}"), run(**{{"all": "ignore", "{kind}": "{mode}"}}), run(**{{"all": "raise", "{kind}": "{mode}"}}), run()]
"""
    )


def test_errstate_calls():
    check(
        """
told = []
with np.errstate(divide="call", invalid="log", call=lambda *what: told.append(what)):
    x = np.ones(2) / np.zeros(2)
class Log:
    def write(self, text):
        told.append(text)
old = np.seterrcall(Log())
with np.errstate(divide="log"):
    y = np.ones(2) / np.zeros(2)
    with np.errstate(all="ignore"):
        z = np.ones(2) / np.zeros(2)
    w = np.ones(2) / np.zeros(2)
np.seterrcall(old)
[told, x, y, z, w]
"""
    )
