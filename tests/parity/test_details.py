"""Details of NumPy's documented behaviour: each line is one program, whose last expression is compared."""

import numloom
import numpy
import pytest

from tests.parity.harness import check

CASTS = """
a = np.array([1.0, np.nan, 3.0]); a.astype(np.int64)
a = np.array([1.0, np.inf]); a.astype(np.int8)
a = np.full(100000, 1e300); a.astype(np.float32)
a = np.full(100000, np.nan, np.float32); a.astype(np.int64)
a = np.full((5, 5, 5), np.inf)[:, ::2, :]; a.astype(np.uint32)
a = np.array([70000, 1]); a.astype(np.float16)
a = np.empty(3, np.float32); a[0] = 1e300; a[:1]
a = np.empty(3, np.float16); a[...] = 70000; a
a = np.empty(3, np.float16); a.fill(70000.0); a
a = np.empty(3, np.complex64); a[1] = 2e300j; a[1:2]
a = np.zeros(3, np.float32); a[[0, 2]] = np.array([1e200, 1.0]); a
a = np.zeros(3, np.int32); a[[True, False, True]] = np.array([np.nan, 1.0]); a[1:]
a = np.zeros(3, np.int16); np.copyto(a, np.array([np.inf, 1, 2]), casting="unsafe"); a[1:]
np.ones(2, np.float32) * 1e300
np.ones(2, np.float16) + 70000
np.where(np.array([True, False]), np.ones(2, np.float32), 1e150)
np.array([1.0, np.inf], dtype=np.float64).astype(bool)
np.ldexp(10, np.arange(3)), np.ldexp(10, 3), np.ldexp(10, np.int64(3)), np.ldexp(True, np.arange(3)), np.ldexp(2.0, np.arange(3))
a = np.arange(6.0).reshape(2, 3); np.apply_along_axis(lambda v: v.__setitem__(0, 9) or v.sum(), 1, a), a
"""

# Lists and the arrays that they make.
LISTS = """
[np.array(v) for v in ([], [1, 2], [True, False], [1.5, 2], [1 + 2j, 3, 2.5], [np.True_, False], [np.int64(3), 2.5], [2**62, 1.5], [np.complex128(1j), 2])]
[np.array(v) for v in ([True, 2], [2**63, 1], [np.float32(1), 2], [None, 1], ["a"], [b"a", b"bc"], [[True], [False]], [[1, 2], (3, 4.5)], [[], []])]
[np.array([1, 0], t) for t in "?bhilBHILefdFDgGOU"], [np.asarray([1.75, -2.5], t) for t in "?bhilefdFDgGO"], np.array([], "f4"), np.array([2, 1j], "F")
[np.array([True, False], t) for t in ("i1", "f2", "f4", "c16", ">i4", "S1")], np.array([[1, 2], [3, 4]], float), np.asarray([0.1], "f4")
np.array([1, 300], np.uint8)
np.array([-1], np.uint64)
np.array([1e300], np.float32)
np.array([1.0, float("nan")], int)
np.array([1, [2]])
a = np.arange(3.0); b = a + 1; np.array([a, b]), np.array([a[1], b[1], 2]), np.asarray((a[:0], b[:0])), np.array([a > 1, b > 1]), np.sum([a, b]), np.array([a.reshape(1, 3).T] * 2)
a = np.arange(3.0); c = np.array([a, a]); c[0] = 7; a, c, np.array([a, [1, 2, 3]]), np.array([a, a.astype(int)]), np.array([a, a], "f4"), np.array([[a], [a]]).shape
np.array([np.arange(3), np.arange(2)])
np.array([np.array(1.5)], dtype="S3"), np.array([np.array(1.5), np.array(2)], dtype="U5"), np.asarray([[np.array(1)]], dtype="U"), np.array([np.array(1.5), "a"])
np.array([[1], 2], dtype="U5")
np.array([np.array(3), 4], "m8[s]"), np.array([np.array(3), "2020"], "M8[s]"), np.array([np.array(300), 2], "u1"), np.array([np.array(2**40)], "i1")
np.array([[np.array("x")], [1]], "M8[s]")
np.array([np.array(300), "x"], "u1")
A = type("A", (), {"__array__": lambda self, dtype=None, copy=None: np.arange(3)}); np.array([[A()], [[1, 2, 3]]]), np.array((A(), A()), "U3")
A = type("A", (), {"__array__": lambda self, dtype=None, copy=None: np.arange(3)}); a = [A()]; np.concatenate([a, [[1, 2, 3]]]), np.stack([a, a]), np.sum(a), np.arange(3.0) + a, np.add.reduce(a), np.arange(9)[a], np.where(a, 1, 2), np.dot(a, np.ones(3)), np.clip(a, 1, a), np.sort(a), np.mean(a, 0), np.atleast_2d(a), np.reshape(a, 3), np.full((2, 3), a)
np.add([np.array(1), "x"], 1)
np.ndarray.repeat()
a = np.arange(3.0); np.concatenate(([0], a)), np.concatenate(([1, 2], [3.5])), np.stack(([1], [2j])), np.hstack(([1, 2], [True])), np.vstack(([1, 2], a[:2]))
a = np.arange(3); np.r_[a, 1], np.r_[a, 2.5], np.r_[1, 2.5], np.r_[a.astype("u1"), 1], np.r_[a.astype("f4"), 1.0], np.r_[a, 2**70], np.r_[a, 1j], np.r_[0:3, a], np.r_[True, a]
a = np.arange(3.0); np.c_[a, a], np.c_[a, a > 1], np.c_[a, [1, 2, 3]], np.c_[a.reshape(3, 1), a], np.r_["0,2", a, a], np.c_[a, a[:2]]
"""

# What happens in the middle of a long chain over several blocks warns, once, even where nothing of it is left in the result.
CHAINS = """
a = np.linspace(1, 2, 20000); a[7777] = 0; 1 / (1 + 1 / a)
a = np.linspace(1, 2, 20000); a[7777] = 0; np.where(np.log(a) < -5, a, a * 2)
a = np.linspace(1, 2, 20000); a[7777] = 1e200; 1 / (1 + a * a * 2)
a = np.linspace(1, 2, 20000); a[19999] = -1; np.where(a < 0, 0, np.sqrt(a) * 2 + a)
a = np.linspace(1, 2, 20000); a[5] = np.inf; 1 / (1 + a)
a = np.linspace(1, 2, 20000); a[5] = np.nan; np.exp(a) + np.log(a) * a
a = np.linspace(1, 2, 20000); a[5] = -1e5; np.exp(a) + a * 2
a = np.linspace(1, 2, 20000); a[5] = 1e5; 1 / (1 + np.exp(a) * 2)
a = np.linspace(1, 2, 20000); a[5] = 5e-324; np.log(a) * 2 + a
a = np.linspace(1, 2, 20000); a[7777] = -1; np.where(a < 0, 0, np.sqrt(a) * 2 + np.exp(-0.5 * a))
a = np.linspace(1, 2, 20000); a[7777] = 0; np.where(a == 0, 0, np.log(a + 1) + 2 / a)
a = np.linspace(1, 2, 200003); a[150001] = 1000; np.sqrt(a) + np.exp(a)
a = np.linspace(1, 2, 200003); b = a[::-1].copy(); a /= b; b[...] = np.exp(b - 1) * a; a, b
a = np.linspace(1, 2, 200003); b = np.sqrt(a); np.exp(a, out=a); b[100000:100002], a - b
a = np.arange(60000.0).reshape(200, 300); b = np.empty((200, 150)); b[...] = a[:, ::2]; c = a.T.copy(); d = a[::-1, 1::2] * 2 + b; b, c, d
a = np.arange(60000.0).reshape(200, 300); a[:, ::2] = a[:, 1::2]; b = a[:, :1] + a; b[:, :100] = a[::-1, 200:]; a += 1; a, b
a = np.linspace(0.5, 0.6, 20000); a[9000] = 1; 1 / (np.arctanh(a) + a)
a = np.linspace(1, 2, 20000); a[9000] = 0; a /= a; a += 1; a
a = np.linspace(1, 2, 20000); a[9000] = 0; b = 1 / a; a *= 2; a -= b; a[8999:9002]
a = np.linspace(1, 2, 20000); a[9000] = 0; (1 / (1 + 1 / a)).sum()
a = np.linspace(1, 2, 20000).reshape(100, 200)[:, 3:190]; b = a * a; c = 1 / (b - b[50, 50]) * 2; 1 / c
a = np.linspace(1, 2, 20000).astype(np.float32); a[7777] = 1e30; 1 / (1 + a * a * 2)
a = np.linspace(1, 2, 20000).astype(np.float16); a[7777] = 6e4; 1 / (1 + a * a * 2)
a = np.arange(20000); b = a - 7777; 5 // b + a * 2
a = np.linspace(1, 2, 20000); b = a[::-1].copy(); 3 - (a + b) * 2, 2 / (a - b * 3), (1 - a) / b - (b - a * a), (a / 3 - b) * (b / (2 - a))
a = np.linspace(1, 2, 20000); b = a[::-1].copy(); a *= 2 - b; a -= b * b - a; a += a * 3; b /= 1 + a; b -= 1 - b * a; a + b
a = np.linspace(1, 2, 20000).astype(np.float32); b = a[::-1].copy(); c = a * b; d = np.exp(-c) * b; c * (1 + d) - (a - d) * b / (1 + b)
a = np.linspace(1, 2, 20000); a[7777] = np.inf; b = a * 2; c = b - a; 1 / (1 + (c * 0 + 3) * 2)
a = np.linspace(-1, 1, 20000) * (1 + 2j); a[7777] = 0; np.where(a == 0, 3j, 1 / a) * 2
a = np.linspace(1, 2, 90000); a[45000] = 0; b = np.where(a < 1.5, 2.5, np.where(a > 1.8, -3.5, 1 / a)); b + np.where(a == 0, 7, b * a)
a = np.linspace(1, 2, 90000).reshape(300, 300)[:, 3:290]; a[150, 9] = 0; np.where(a < 1.5, 2.5, np.where(a > 1.8, -3.5, 1 / a)) * a[::-1]
"""

CASTS_THAT_RAISE = """
np.array([np.nan]).astype(int)
np.array([1e300, 1]).astype(np.float32)
np.zeros(3, np.float32)[:1].__setitem__(0, 1e300)
np.copyto(np.zeros(2, np.int8), np.array([np.inf, 1]), casting="unsafe")
np.zeros(2, np.int8).__setitem__([0, 1], np.array([np.nan, 1]))
np.array(np.array([np.inf, 2]), dtype=np.int32)
np.dot(np.array([np.inf, 1.0]), np.array([0.0, 1.0]))
np.array([[np.inf, 1.0]]) @ np.array([[0.0], [1.0]])
"""

# Long masks are read eight elements at a time, and runs of them are moved together.
LONG_MASKS = """
a = np.arange(97.0); m = a % 7 != 3; a[m], a[~m], a[a < 0], a[a >= 0], a[::-1][m], a[1:][m[1:]]
a = np.arange(97.0); m = (a > 20) & (a < 60); a[m] = a[m][::-1] * 2; a[~m] = 5; a[m] += a[:39]; a
a = np.arange(60.0).reshape(5, 4, 3); m = a[..., 0] % 2 == 0; a[m], a[a > 7], a[:, :, 1][m], a[m[:, 0]], a.T[a.T > 50]
a = np.arange(60).reshape(5, 4, 3); m = a[..., 0] % 2 == 0; a[m] = a[m] + 100; a[a > 130] = np.arange((a > 130).sum()); a[~m] = [7, 8, 9]; a
a = np.arange(600, dtype=np.int8).reshape(20, 30); m = a > 3; a[m], a[m].dtype, (a * 1j)[m], a.astype(bool)[m], a.astype(np.float16)[m]
a = np.arange(200000) % 251; m = a % 100 < 70; b = a[m]; a[m] = b[::-1]; a[m] -= 1; b.sum(), a.sum(), a[:300]
a = np.arange(200000.0).reshape(400, 500); m = np.hypot(a // 500 - 200, a % 500 - 250) < 150; b = a * 2; b[m] = a[m] * 3; b[m].sum(), b.sum(), m.sum(), b[~m][:9]
a = np.arange(200000); m = np.random.default_rng(1).random(200000) < 0.5; a[m].sum(), a[~m][:9]; a[m] = a[~m][:1]; a[:50]
a = np.zeros(200000); m = np.zeros(200000, bool); m[7::11] = True; a[m] = np.arange(m.sum()); a[m] = a[m][::-1].astype(np.float32); a[:100], a.sum()
a = np.zeros((300, 70)); a[np.arange(300) % 3 == 0] = np.arange(70); a[a[:, 1] > 0][:, 3] = 9; a.sum()
a = np.zeros(100); a[a == 0] = np.arange(99)
a = np.zeros((10, 10)); a[np.ones((10, 9), bool)]
a = np.zeros((10, 10)); a[np.ones(10, bool)] = np.zeros((9, 10))
m = np.array([0, 2, 255, 1, 0, 3, 0, 0, 7, 4], np.uint8).view(bool); a = np.arange(10); a[m]
a = np.arange(30.0); m = a > 9; a[m] = a[10:] * 2; a[1:][m[1:]] = a[:20]; a
a = np.zeros((0, 3)); a[np.zeros((0, 3), bool)], a[np.zeros(0, bool)].shape, np.zeros((3, 0))[np.zeros((3, 0), bool)]
"""

AXES = """
np.tensordot(np.ones((2, 3, 4)), np.ones((3, 2)), [np.array([0, 1]), np.arange(1, -1, -1)])
np.tensordot(np.ones((2, 3)), np.ones((3, 2)), np.array([[0], [1]]))
np.tensordot(np.ones((2, 3)), np.ones((3, 2)), [np.array([0.5]), [1]])
np.flip(np.arange(6).reshape(2, 3), np.array([0, 1]))
np.moveaxis(np.zeros((2, 3, 4)), np.arange(2), np.array([1, 2])).shape
np.roll(np.arange(6).reshape(2, 3), np.array([1, 2]), np.arange(2))
np.squeeze(np.zeros((1, 2, 1)), np.array([0, 2]))
np.sum(np.ones((2, 3)), np.arange(2))
np.expand_dims(np.ones(3), np.array([0, 2])).shape
np.sum(np.array(3.0), axis=np.int64(0)), np.max(np.array(3), axis=np.int8(-1), keepdims=True), np.all(np.array(3), np.uint8(0))
np.mean(np.array(3.0), axis=0)
np.std(np.array(3.0), axis=-1, keepdims=True)
np.flip(np.array(3.0), axis=0)
np.reshape(np.arange(6), numpy.array([3, 2])), np.zeros(numpy.array([2, 3])), np.arange(6).reshape(numpy.array([-1, 2]))
np.ones((2, 3, 4)).transpose(numpy.array([2, 0, 1])).shape, np.moveaxis(np.zeros((2, 3, 4)), numpy.array([0]), numpy.array([2])).shape
np.broadcast_to(1.0, numpy.array([2])), np.zeros(numpy.array(3)), np.full(numpy.array([2]), 7), np.empty(numpy.array([0, 2])).shape
np.zeros(numpy.array([2.0, 3.0]))
np.sum(np.ones(3), axis=False)
np.sum(np.ones((1, 1)), axis=(0, True))
np.cumsum(np.ones(3), axis=False)
np.concatenate([np.ones(3), np.ones(2)], axis=False)
r = np.ones(2, [("a", object), ("b", "f8")]); np.broadcast_to(r[0], (3,)), np.broadcast_to(r, (3, 2)), np.isscalar(r[0])
o = np.empty(2, object); o[:] = [np.arange(2), np.ones(3)]; np.broadcast_to(o, (2, 2)).shape, np.repeat(o, 2)[3]
"""

CREATION = """
np.array(3.0), np.asarray(2), np.array(True), np.asanyarray(2j), np.array(2**63), np.array(2**64), np.array(-(2**63) - 1)
np.array(np.float32(3)), np.asarray(np.int8(-2)), np.array(np.longlong(3)).dtype.char, np.array(np.float16(2.5)), np.array(np.complex64(1j))
np.ascontiguousarray(3.0), np.asfortranarray(2), np.ascontiguousarray([1.0, 2])
a = np.asfortranarray([[1.0, 2], [3, 4], [5, 6]]); (a, a.flags.f_contiguous, a.strides)
a = np.ascontiguousarray([[1, 2], [3, 4]]); (a, a.flags.c_contiguous, a.strides)
x = np.asarray(3.5); x[...] = 4; x += 1; (x, x.flags.writeable, x.base is None)
np.arange(start=4)
np.arange(start=4, stop=6)
np.arange(0, 1, np.inf)
np.arange(0, 2.2e-16, 1.7e308)
np.zeros((2**40, 2**40))
np.zeros(2**62, np.uint16)
np.zeros(2**70)
np.empty((True, 2))
np.empty(np.iinfo(np.intp).max, np.uint8)
np.array([1, 2, 3]).reshape(True, -1)
np.reshape(np.arange(4), (True, -1))
np.ones(4).reshape(2**32, 2**32)
np.ones(4).reshape(2**62, 4, 1)
np.array([1, 2], dtype=np.int8) + np.array([2**63 + 5], dtype=np.uint64)[0]
np.array([1], np.uint64) + 2**63
np.array([1], np.uint8) + (2**63 + 1)
a = np.empty(2, np.uint64); a.fill(2**64 - 1); a
np.frombuffer(b"12345678", dtype=np.uint8).base
np.array(np.arange(3), copy=np._CopyMode.NEVER)
np.array(np.arange(3), dtype=float, copy=np._CopyMode.NEVER)
np.array(np.arange(3), dtype=float, copy=np._CopyMode.IF_NEEDED)
np.arange(3).astype(float, copy=np._CopyMode.NEVER)
np.zeros(2, np.longlong).dtype.char
np.zeros(2, np.dtype("i4", metadata={"unit": "m"})).dtype.metadata["unit"]
np.zeros(3, np.dtype(("i4", [("low", "i2"), ("high", "i2")])))["high"]
"""

LAYOUT = """
np.arange(24).reshape(2, 1, 3, 4).copy("F").copy("K")
np.array(np.arange(24).reshape(2, 1, 3, 4).copy("F"))
np.arange(24.0).reshape(2, 1, 3, 4).copy("F") + 1
np.ones_like(np.arange(24).reshape(2, 1, 3, 4).copy("F"))
a = np.arange(12); a.strides = (-8,); a.strides
a = np.arange(12)[::2]; a.strides = (24,); a
a = np.arange(10)[:3]; a.strides = (32,); a
a = np.arange(10)[:3]; a.strides = (40,); a
a = np.arange(10)[4:7]; a.strides = (-16,); a
a = np.arange(6.0); del a.strides
a = np.zeros(17, np.uint8)[1:].view(np.float64); (a.flags.aligned, a + 1)
a = np.zeros(24, np.uint8)[8:].view(np.float64); (a.flags.aligned, a + 1)
import sys; a = np.arange(10.0); (sys.getsizeof(a) > sys.getsizeof(a[1:]), sys.getsizeof(a[1:]))
import sys; sys.getsizeof(np.zeros((2, 3, 4))) - sys.getsizeof(np.zeros(24))
a = np.arange(3.0); del a.flat[0]
"""

RESIZING = """
x = np.eye(3); x.resize(); x
x = np.eye(3); x.resize(None); x
x = np.eye(3); x.resize(2, 2); x
x = np.eye(2); x.resize((3, 3)); x
x = np.eye(3).T; x.resize(2, 4); x
x = np.eye(3); x.resize(-1)
x = np.eye(3); x.resize("hi")
x = np.eye(3); x.resize(2, order=1)
x = np.eye(3); x.resize(2, refcheck="hi")
x = np.eye(3); y = x; x.resize(2, 2)
x = np.eye(3); y = x; x.resize(2, 2, refcheck=False); y
x = np.eye(3); y = x[1]; x.resize(2, 2)
x = np.eye(3); x[1:].resize(1)
x = np.eye(4)[::2]; x.resize(2)
x = np.zeros((10, 0)); v = x[...]; v.resize((0, 100)); v
import weakref; x = np.eye(3); w = weakref.ref(x); x.resize(2)
"""



VALUES = """
np.power(np.array([0j, 0j, 0j]), np.array([1 + 4j, 2 - 3j, 1 - 1j]))
np.power(np.array([0j], np.complex64), 1 + 4j)
np.power(np.array([0j]), -1 + 1j)
np.sum(np.array([-0.0] * 3), initial=-0.0)
np.sum(np.zeros(0), initial=-0.0)
np.arange(1, 1236, dtype="f2").sum()
np.ones(100000, "f2").sum()
np.cumsum(np.full(3, 1e308))
np.cumprod(np.full(3, 1e30, np.float32))
x = np.arange(24.0).reshape(2, 3, 4) ** 1.5; np.std(x, axis=1, mean=np.mean(x, axis=1, keepdims=True)) == np.std(x, axis=1)
x = np.arange(24.0).reshape(2, 3, 4) * 1.25; np.var(x, axis=2, mean=np.mean(x, axis=2, keepdims=True))
m = np.array([0, 1, 2, 255, 128], np.uint8).view(bool); (m.sum(), ~m, m & True, m == True, m.argmax(), np.add(1, 1, where=m, out=np.zeros(5)))
m = np.frombuffer(b"\\x00\\x02\\x01", dtype=bool); (np.count_nonzero(m), m ^ True, np.arange(3)[m], m.astype(int))
"""

REFUSALS = """
np.broadcast_to(np.ones((2, 1)), (2, -1))
np.broadcast_to(np.ones(3), (-1,))
np.broadcast_to(np.ones((1,)), ())
np.broadcast_to(np.ones(3), (0,))
np.broadcast_to(np.ones(3), (2,))
np.moveaxis(np.ones((2, 3)), 5, 0)
np.moveaxis(np.ones((2, 3)), 0, 5)
np.moveaxis(np.ones((2, 3)), [0, 0], [0, 1])
np.moveaxis(np.ones((2, 3)), 0, [0, 1])
np.clip(np.arange(5), 2)
np.clip(np.arange(5), a_max=2)
np.clip(np.arange(5), 2, min=1)
np.clip(np.arange(5), 2, 3, max=3)
np.concatenate([np.ones(2), np.ones((2, 2))])
np.concatenate([np.ones((2, 3)), np.ones((2, 2))])
np.concatenate([np.ones((2, 3)), np.ones((3, 2))], axis=1)
np.concatenate(np.ones(3))
np.concatenate((np.ones(3), 2))
np.concatenate((np.ones(3), np.ones(3)), axis=1)
np.maximum(np.ones(2), 2, np.ones(2))
np.ndarray[int, float, int]
np.ndarray[()]
np.arange(6)[0.0:, 0.0]
np.zeros((0, 0)).max(axis=1)
np.maximum.reduce(np.zeros((0, 0)), axis=1)
"""

DERIVED = """
np.matrix([[1, 2], [3, 4]]) * np.ones((2, 2))
np.matrix([[1, 2], [3, 4]]) * np.ones(2)
np.ones((2, 2)) * np.matrix([[1, 2], [3, 4]])
np.matrix([[1, 2], [3, 4]]) + np.ones((2, 2))
np.matrix([[1, 2], [3, 4]]) @ np.ones((2, 2))
np.matrix([[1, 2], [3, 4]]) ** np.array(2)
np.recarray((2,), dtype=[("a", int)]).view(np.ndarray).shape
numpy.zeros(2, [("a", "i4")]).view(type=np.ndarray)
numpy.zeros(2, "O").view(np.ndarray)
numpy.zeros(2).view(np.ndarray) + 1
o = np.zeros(3, int); r = np.ma.array([1, 2, 3], mask=[0, 1, 0]).cumsum(out=o); (r is o, o)
o = np.zeros(3); r = np.ma.array([1.5, 2, 3], mask=[0, 1, 0]).round(0, out=o); (r is o, o)
np.ma.array([1.5, 2, 3]).view(np.ndarray)
"""

FANCY_LAYOUT = """
np.arange(10)[np.arange(10).reshape(5, 2).T]
np.arange(20).reshape(10, 2)[np.arange(10).reshape(5, 2).T]
np.arange(20).reshape(10, 2)[np.arange(10).reshape(5, 2).T, 0]
np.arange(60).reshape(3, 10, 2)[:, np.arange(10).reshape(5, 2).T]
"""

GENERATORS = """
np.random.default_rng(np.array([1, 2, 3])).integers(10, size=3)
np.random.PCG64(np.arange(3)).random_raw()
np.random.SeedSequence(np.arange(3)).generate_state(1)
np.random.RandomState(np.arange(3)).randint(100, size=3)
np.random.MT19937(np.array([1])).state["bit_generator"]
(isinstance(np.random.PCG64(1), np.random.BitGenerator), issubclass(np.random.PCG64, np.random.BitGenerator))
isinstance(np.random.default_rng(5).bit_generator, np.random.PCG64)
import pickle; g = np.random.Generator(np.random.Philox(3)); h = pickle.loads(pickle.dumps(g)); (g.random(), h.random())
import pickle; pickle.loads(pickle.dumps(np.random.SeedSequence(3))).entropy
"""

BROADCAST = """
a, b = np.broadcast_arrays(np.ones((3, 1)), np.ones(3)); (a.flags.writeable, a.strides, b.strides)
a, b = np.broadcast_arrays(np.arange(3.0), np.ones((2, 1))); a[0, 1] = 7; a
"""


# What warnings name. A scalar of NumPy's: np.array([x])[0].
WARNINGS = """
np.array([1.0])[0] / 0
1.0 / np.array([0.0])[0]
np.array([1.0, 2])[0] // np.array([0.0])[0]
np.array([1.0])[0] % 0
divmod(np.array([1.0])[0], 0)
divmod(np.array([1.0, 0]), 0)
np.divmod(np.array([1.0, 0]), 0)
np.array([1e200])[0] ** 2
np.array([1e200])[0] ** 2.0
np.array([0.0])[0] ** -1
np.array([1e308])[0] * 10
np.array([1e308])[0] + np.float64(1e308)
np.array([1e308]).sum() * 10
np.full(100000, 1e303).sum() * 1e10
np.array([1e38], "f4")[0] * np.array([1e300])[0]
np.array([1 + 0j])[0] / 0
np.array([True])[0] / 0
np.array([1.0], "f4")[0] / np.array([False])[0]
np.array([1.0])[0] / np.array(0.0)
np.array(1.0) / np.array([0.0])[0]
np.divide(np.array([1.0])[0], 0)
np.sqrt(np.array([-1.0])[0])
np.divide(np.ones(3), 0.0, out=np.zeros(3), where=np.zeros(3, bool))
np.divide(np.ones(3), 0.0, out=np.zeros(3), where=np.array([False, True, False]))
np.power(np.zeros(3), -1.0, out=np.ones(3), where=np.zeros(3, bool))
np.remainder(7, np.arange(3), out=np.ones(3, int), where=np.arange(3) > 0)
np.floor_divide(np.arange(20000), np.arange(20000) % 5, out=np.ones(20000, int), where=np.arange(20000) % 5 > 0)
np.floor_divide(np.arange(20000), np.arange(20000) % 5, out=np.ones(20000, int), where=np.arange(20000) % 5 < 4)
np.arctanh(np.zeros(3), out=np.zeros(3), where=np.array([False, True, False]))
np.array([2**62])[0] * 4
np.array([100], "i1")[0] + np.array([100], "i1")[0]
np.array([-128], "i1")[0] - 1
-np.array([-128], "i1")[0]
abs(np.array([-128], "i1")[0])
np.array([1])[0] // 0
np.array([-2**63])[0] // -1
x = np.array([2**62, 3])[0]; x *= 4; x
np.array([1e200, 1]) ** 2.0
np.array([1e200, 1]) ** 2
np.power(np.array([1e200, 1]), 2)
np.full(100000, 1e200) ** 2.0
x = np.full(100000, 1e200); x **= 2.0; x
np.full(100000, 10.0).prod()
np.full(100000, 10.0, "f4").prod()
np.full(100000, 1e304).sum()
(np.full(100000, 1e304) * 1.0).sum()
np.full((2, 100000), 10.0).prod(1)
np.full((100000, 3), 1e304).sum(0)
np.full((3, 100000), 10.0).T.prod(0)
np.full((100000, 32), 1e304).sum(0)
np.full((20000, 5), 1e308).sum(1)[:3]
np.full((2000, 300), np.inf).sum(0)[:3]
np.array([np.inf, -np.inf] * 50000).sum()
np.array([np.nan] * 50000).sum()
np.full(100000, np.inf).max()
np.array([np.nan, 1] * 50000).min()
np.full(40000, 100, "f2").sum()
np.full((40000, 2), 100, "f2").sum(0)
np.full(40000, 100, "f2").prod()
np.full(100000, 1e304 + 1j).sum()
np.cumsum(np.full(3, 1e308))
np.cumsum(np.full(100000, 1e305))[-1]
np.cumprod(np.full(100000, 1e3))[-1]
np.cumsum(np.full((3, 40000), 1e305), 1)[:, -1]
np.cumsum(np.full((40000, 3), 1e305), 0)[-1]
np.cumsum(np.full((40000, 3), 1e305)[:, ::2], 0)[-1]
np.cumsum(np.array([np.inf, -np.inf] * 50000))[-1]
np.cumsum(np.array([np.nan] * 50000))[-1]
np.cumsum(np.full(100000, 1e34, "f4"))[-1]
np.maximum.accumulate(np.full(100000, np.inf))[-1]
"""

FLAGS = """
np.zeros(2).flags._warn_on_write
np.zeros(2).flags._warn_on_write = True; 0
np.zeros(2).flags._warn_on_write = False
np.broadcast_to(np.zeros(2), (2, 2)).flags._warn_on_write = True
"""

SETTERS = """
a = np.zeros(2, complex); a.real = [1, 2]; a.imag = 3; a
a = np.zeros(2, complex); a.imag = 3j; a
a = np.zeros(3); a.real = 1j; a
a = np.zeros(3); a.real = "3"; a
a = np.zeros(3); a.real = None; a
a = np.zeros(3, int); a.real = 2.7; a
a = np.zeros(3, int); a.real = [np.inf, 1, 2]; a[1:]
a = np.zeros(3, np.float32); a.real = np.full(3, 1e300); a
a = np.zeros(3); a.imag = 1
a = np.zeros(3); del a.real
a = np.zeros(3, complex); del a.imag
a = np.broadcast_to(np.zeros(3), (2, 3)); a.real = 1
a = np.zeros(3); a.dtype = complex
a = np.zeros((2, 3))[:, ::2]; a.dtype = np.float32
a = np.zeros(3, np.float32); a.dtype = np.float64
a = np.array(1.0); a.dtype = np.float32
a = np.zeros((2, 3)); a.dtype = np.int32; a
a = np.zeros((2, 3)); a.shape = (1,) * 70
a = np.zeros((2, 3)); a.shape = "x"
np.zeros(3).sum(keepdims=np.ones(2))
np.add.reduce(np.zeros(3), keepdims=np.ones(2))
np.argmax(np.zeros(3), keepdims=np.ones(2))
np.mean(np.zeros(3), keepdims="x")
np.zeros(3).max(keepdims=1)
np.concatenate([np.ones(2), np.ones(2) * 1.5], out=np.zeros(4, int))
np.concatenate([np.ones(2) * 1.5], dtype=int)
np.concatenate([np.zeros(0)], dtype=int)
np.concatenate([np.ones(2, int)], dtype="f4")
np.stack([np.ones(2) * 1.5], dtype=int)
np.vstack([np.ones(2) * 1j], dtype=float)
np.concatenate([np.ones(2) * 1.5], dtype=int, casting="unsafe")
np.add.reduce(np.array([-0.0]), initial=-0.0)
np.add.reduce(np.array(1.0))
np.add.reduce(np.ones(3), where=1)
np.maximum.reduce(np.arange(6).reshape(2, 3), 1, where=np.array([True, False, True]), initial=0)
np.zeros(3).device
np.ndarray((2,), float, np.arange(3.0), 8)
np.ndarray(shape=(2,), dtype="i4", buffer=b"12345678")
np.ndarray("x")
"""

MOVED_AXES = """
np.moveaxis(np.zeros((2, 3)), (0, 0), (0, 1))
np.moveaxis(np.zeros((2, 3)), (0,), (0, 1))
np.moveaxis(np.zeros((2, 3, 4)), (0, 1), (-1, 0)).shape
np.zeros((2, 3)).transpose(0, 0)
np.zeros((2, 3)).transpose(0)
np.zeros((2, 3)).transpose(1.0, 0)
np.zeros((2, 3)).reshape(2.0, 3)
np.zeros((2, 3)).reshape(3, -1, order="A")
np.expand_dims(np.zeros(3), (0, 0))
np.expand_dims(np.zeros(3), (0, -1)).shape
np.squeeze(np.zeros((1, 3, 1)), 1)
a = np.zeros((2, 3)); a.shape = 7
a = np.zeros((2, 3)); del a.shape
"""

MASKS = """
np.zeros((0, 3))[np.ones((2, 3), bool)]
np.zeros((0, 3))[np.ones((0, 2), bool)]
np.zeros((0, 3))[np.ones((0, 3), bool)]
np.zeros(0)[np.ones(2, bool)]
np.zeros(0)[[True, False]]
np.zeros((3, 0))[np.ones((3, 2), bool)]
np.zeros((2, 0, 3))[:, np.ones(2, bool)]
np.zeros((0, 3))[np.zeros((2, 3), bool)]
np.zeros((0, 3))[np.ones(2, bool)] = 1
np.zeros((3, 0))[:, np.ones(2, bool)] = np.zeros(0)
a = np.zeros((0, 3)); a[np.ones((2, 3), bool)] += 1
"""


def lines(*tables):
    return [line for table in tables for line in table.strip().splitlines()]


TABLES = (CASTS, LISTS, AXES, CREATION, LAYOUT, RESIZING, VALUES, REFUSALS, DERIVED, FANCY_LAYOUT, GENERATORS, FLAGS, SETTERS, MOVED_AXES, MASKS, LONG_MASKS)


@pytest.mark.parametrize("source", lines(*TABLES))
def test_detail(source):
    check(source.replace("; ", "\n"))


@pytest.mark.parametrize("source", lines(CHAINS))
def test_chains_warn_of_what_happens_inside(source):
    check(source.replace("; ", "\n"), ulp=8)


@pytest.mark.parametrize("source", lines(CASTS_THAT_RAISE))
def test_errstate_raise(source):
    check(f"with np.errstate(all='raise'):\n    r = {source}\nr")


@pytest.mark.parametrize("source", lines(BROADCAST))
def test_broadcast_arrays_can_be_written(source):
    # NumPy warns of it; see docs/differences.md.
    check(source.replace("; ", "\n"), warned=False)


@pytest.mark.parametrize("source", lines(WARNINGS))
def test_warnings_name_what_was_called(source):
    check(source.replace("; ", "\n"))


@pytest.mark.parametrize("error", ["ValueError", "TypeError", "OverflowError"])
def test_errors_of_array_methods_are_raised_once(error):
    check(
        f"""
calls = []
class Failing:
    def __array__(self, dtype=None, copy=None):
        calls.append(1)
        raise {error}("object __array__ method not producing an array")
try:
    np.array([Failing(), np.array(1)])
except {error} as e:
    r = [str(e), len(calls)]
"""
    )


def test_lists_that_change_while_they_are_read():
    # NumPy may crash here, so nothing is compared.

    class Emptying:
        def __index__(self):
            sizes.clear()
            return 2

        def __array__(self, dtype=None, copy=None):
            parts.clear()
            return numpy.arange(3.0)

    for made in (numloom.zeros, numloom.arange(24.0).reshape):
        sizes = [Emptying(), 3, 4]
        assert made(sizes).shape == (2, 3, 4)
    parts = [[Emptying()], numloom.ones((1, 3)) + 1, [[4, 5, 6]]]
    assert numloom.concatenate(parts).tolist() == [[0, 1, 2], [2, 2, 2], [4, 5, 6]]


def test_axis_errors_know_their_axis():
    check(
        """
def told(call):
    try:
        call()
    except np.exceptions.AxisError as error:
        return error.axis, error.ndim, str(error)
a = np.zeros((2, 3))
calls = (lambda: np.moveaxis(a, 5, 1), lambda: a.sum(axis=-3), lambda: a.transpose(1, 5), lambda: a.swapaxes(0, 2),
         lambda: np.expand_dims(a, 4), lambda: np.concatenate([a, a], 2), lambda: np.stack([a], 4), lambda: a.take([0], 2))
[told(call) for call in calls]
"""
    )


def test_underflow_is_warned_of_where_asked():
    check("with np.errstate(under='warn'):\n    r = np.full(3, 1e-200) * 1e-200\nr")


def test_functions_bind_as_numpys_do():
    check(
        """
class Maker:
    make = np.array
    total = np.sum
    root = np.sqrt
    def __array__(self, dtype=None, copy=None):
        return numpy.arange(3)
(Maker().make([1, 2]), Maker().total(), Maker().root(4.0))
"""
    )


def test_functions_equal_numpys_own():
    check(
        """
table = {numpy.sum: 1, numpy.add: 2, numpy.concatenate: 3, numpy.zeros: 4, numpy.ndarray: 5}
(table[np.sum], table[np.add], table[np.concatenate], table[np.zeros], table[np.ndarray],
 np.sum == numpy.sum, numpy.add == np.add, np.add != np.subtract, np.ndarray == numpy.ndarray, np.ndarray != int,
 type(numpy.zeros(2, "O")) == np.ndarray)
"""
    )


def test_signatures_of_methods():
    check("import inspect\n[str(inspect.signature(getattr(np.ndarray, name))) for name in ('sum', 'reshape', 'astype', 'take')]")


def test_a_pointer_keeps_its_array():
    check(
        """
import ctypes, gc, weakref
a = np.arange(4.0)
w = weakref.ref(a)
p = a.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
del a
gc.collect()
(p[2], w() is not None)
"""
    )


def test_all_names_of_a_module():
    check("(sum(isinstance(x, np.ufunc) for x in vars(np).values()) > 100, 'sum' in vars(np), 'norm' in vars(np.linalg))")


def test_signatures_of_functions():
    check("import inspect\n[str(inspect.signature(f)) for f in (np.sum, np.dot, np.where, np.zeros, np.copyto, np.linalg.norm)]")
    check("[np.dot.__signature__ == numpy.dot.__signature__, np.zeros.__text_signature__ == numpy.zeros.__text_signature__]")


_NUMPYS_BLAS = numpy.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {}).get("name")


@pytest.mark.skipif(_NUMPYS_BLAS != "scipy-openblas" or numloom.device() == "cuda", reason="another BLAS than NumPy's")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", [1, 2, 3, 5, 16, 33, 100])
def test_products_of_vectors_have_numpys_bits(dtype, length):
    """The same BLAS calls as NumPy's, so that programs which iterate follow the same path."""
    check(
        f"""
rng = np.random.RandomState({length})
x = rng.randn(2 * {length}).astype({dtype!r})
m = rng.randn({length}, 7).astype({dtype!r})
a, b = x[:{length}], x[{length}:]
[np.dot(a, b), a @ b, a @ m, m.T @ a, np.inner(a, b), m.T.copy() @ b, np.linalg.norm(a)]
"""
    )


def test_ufuncs_under_errstate_raise():
    """NumPy runs them: the short way must keep identity, outputs, read-only arrays and errors."""
    check(
        """
def tried(f):
    try:
        return f()
    except (FloatingPointError, ValueError) as error:
        return str(error)

with np.errstate(all="raise"):
    a, b, o = np.arange(9.0).reshape(3, 3), np.zeros(3), np.empty((3, 3))
    same = a
    a += 1
    a /= 2.0
    made = np.subtract(a, b, out=o)
    row = a[0]
    row *= 0.5
    row.flags.writeable = False
    seen = [same is a, made is o, a.copy(), o.copy(), tried(lambda: a / b), tried(lambda: row.__iadd__(1)), np.sqrt(a), a * np.float32(2),
            tried(lambda: np.add(a, np.ones(4))), tried(lambda: np.multiply(a, 2, out=row)), -a, tried(lambda: np.log(b))]
seen
"""
    )


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("live", [24, 56, 100, 200])
def test_many_values_at_once(live, dtype):
    """Loaded early and used late, from strided rows, beside as many constants: more than an interpreter's fast memory holds for all
    of its threads, or for one."""
    check(
        f"""
a = np.random.default_rng(1).random((8, 2 * 700 + {live})).astype({dtype!r})
values = [a[i % 4 : i % 4 + 4 : 2, i : i + 1400 : 2] for i in range({live})]
total = values[0]
for i in range({live}):
    total = total + values[i] * values[({live} - 1 - i) * 5 % {live}] * (i / 3 - 5)
for value in values:
    total = total - value
total
"""
    )


@pytest.mark.parametrize("n", [1, 1023, 1025, 8192])
def test_running_sums_add_in_turn(n):
    """To the last bit, on every device."""
    check(
        f"""
x = np.random.default_rng(1).standard_normal((2, 2 * {n}))
arrays = [x[:, ::2].astype(t) for t in ("f2", "f4", "f8", "F", "D")] + [x[::-1, 1::2], x[:, :{n}].T]
[f(a, axis=axis) for a in arrays for axis in (0, 1) for f in (np.cumsum, np.add.accumulate, np.maximum.accumulate)] + [
    np.cumprod(a * 0.1 + 1, axis=-1) for a in arrays if a.dtype.kind == "f"
]
"""
    )
