"""Operators, attributes, indexing, conversion to Python: what programs do with an array all the time."""

import pytest

from tests.parity.harness import check

SETUP = """
a = np.arange(12.0).reshape(3, 4)
b = np.arange(12).reshape(3, 4)
i = np.array([1, 2, 3], dtype=np.int32)
u = np.array([1, 2, 250], dtype=np.uint8)
f = np.array([0.5, -1.5, 2.25], dtype=np.float32)
z = np.array([1 + 2j, -3j, 0.5])
t = np.array([True, False, True])
e = np.zeros((0, 3))
s = np.array(2.5)
"""

OPERATORS = """
a + b | a - 1 | 1 - a | a * 2 | a / 2 | b / 2 | b // 2 | b % 3 | a % -3 | a // 0.3 | divmod(b, 3) | divmod(a, 0.7)
-a | +a | abs(-b) | ~b | ~t | b << 2 | b >> 1 | b & 3 | b | b ^ 5 | t & t | t ^ True
a ** 2 | a ** 0.5 | a ** 2.0 | f ** 3 | b ** 2 | i ** 3 | f ** -1 | 2 ** b | 2.0 ** f | b ** b
a < b | a <= 5 | a == b | a != 3 | a > 2.5 | a >= b | u < 300 | u > -1 | i == 2**40 | u == 2.5
a @ a.T | b @ b.T | i @ i | f @ f | a @ np.ones(4) | np.ones(3) @ a
u + 1 | u + 5 | u * 2 | u - 3 | -u | u + u | i + u | i + f | f + 1 | f + 1.5 | f * np.float64(2) | f + z | t + t | t * 2 | t + 1.5
i + np.int64(1) | u + np.uint16(3) | np.float32(2) * a | np.int8(1) + i | np.float64(2) * f | s + 1 | s * f
z * z | z / (1 + 1j) | abs(z) | z == z | z ** 2 | -z | z + 1 | z.real | z.imag | z.conj() | f.real | f.imag
e + 1 | e * e | e.sum(axis=0) | s ** 2 | s - s | -s | s == s | 5 // i | 5 % i
a[0] + a[:, :1] | a[::-1, ::2] * 2 | a.T + a.T | a.T * 2 | a[:, ::-1] + 1 | a.T[::-1] - a.T
"""

ERRORS = """
u + 300 | u - 1000 | a + np.zeros(5) | a @ a | i ** -1 | b ** -2 | -t | t - t | a & 1 | a << 1 | ~a | a | 3
a + "x" | a + None | a + object() | float(a) | int(a) | bool(a) | bool(e) | len(s) | iter(s) | hash(a)
a[5] | a[0, 7] | a[0, 0, 0] | a["x"] | a[1.5] | a[[0, 9]] | a[t] | a[np.array([True, False])] | a[..., ...]
a.reshape(5, 2) | a.reshape(-1, -1) | a.reshape(5, -1) | a.transpose(0, 0) | a.transpose(0) | a.swapaxes(0, 5) | a.squeeze(0)
a.sum(axis=2) | a.sum(axis=(0, 0)) | e.max() | e.min(axis=0) | e.argmax() | np.zeros(0).argmin() | a.mean(axis=-3)
np.concatenate([]) | np.concatenate([a, i]) | np.concatenate([s, s]) | np.stack([a, i]) | np.broadcast_to(a, (2, 2)) | np.zeros(-1)
np.dot(a, a) | np.matmul(a, s) | np.take(i, 7) | np.take(a, [0, 5], axis=0) | a.item() | a.astype("nonsense") | np.arange()
a.astype(int, casting="safe") | np.add(a, b, out=i) | np.add(i, 1.5, out=i) | np.add(a, a, out=np.zeros((3, 4), int))
np.sqrt(a, 1, 2, 3) | np.add(a) | np.sum() | np.sum(a, nonsense=1) | np.add(a, b, where=[1, 0]) | np.expand_dims(a, 5)
np.sin("x") | np.add("a", 1) | np.bitwise_and(a, a) | np.add.reduce(a, axis=7) | np.minimum.reduce(e) | np.left_shift(f, 1)
"""

STATEMENTS = [
    "a += 1; r = a",
    "a *= a; r = a",
    "b //= 2; r = b",
    "b /= 2; r = b",
    "i += 1.5; r = i",
    "i += f; r = i",
    "u += 300; r = u",
    "f += a[0, :3]; r = f",
    "a[1:] += a[:-1]; r = a",
    "a[:-1] -= a[1:]; r = a",
    "a -= a[1]; r = a",
    "a *= a[:, 2:3]; r = a",
    "a[1:, 1:] += a[:-1, :-1] * 2; r = a",
    "q = np.arange(1600.0).reshape(40, 40); np.minimum(q, q[:, 3, None] - q[3], out=q); r = q",
    "q = np.arange(1600.0).reshape(40, 40); q += q[7] * q[:, 5:6]; q -= q[3]; r = q",
    "q = np.arange(1600.0).reshape(40, 40); m = memoryview(q); q -= q[0, ::-1]; r = q, m[3, 4]",
    "q = np.arange(3600.0).reshape(60, 60); q[1:-1, 1:-1] += q[2:, 1:-1] * q[1:-1, :-2]; r = q",
    "q = np.arange(4096.0).reshape(16, 16, 16) % 7; q[1:, :-1, 1:-1] -= q[:-1, 1:, 2:]; r = q",
    "q = np.arange(4000.0).reshape(2, 2000).T; q[1:] *= q[:-1]; r = q",
    "q = np.arange(3600, dtype='i2').reshape(60, 60); p = q[:, ::-1]; p[1:, 1:] += p[:-1, :-1]; r = q",
    "v = a[1]; v *= 10; r = a",
    "a **= 2; r = a",
    "f **= 0.5; r = f",
    "b <<= 1; r = b",
    "t &= False; r = t",
    "t |= i > 1; r = t",
    "a @= np.ones((4, 4)); r = a",
    "a += np.zeros(7); r = a",
    "c = a; a = a + 1; r = (c, a)",
    "a[0, 0] = 5; r = a",
    "a[1] = 7; r = a",
    "a[:, 1] = [1, 2, 3]; r = a",
    "a[...] = 3; r = a",
    "a[a > 5] = 0; r = a",
    "a[[0, 2]] = -1; r = a",
    "a[[0, 0, 0], [1, 1, 1]] = [1.0, 2.0, 3.0]; r = a",
    "a[[2, 0]] += 10; r = a",
    "a[t] = a[t] * 2; r = a",
    "x = np.linspace(-1, 1, 999); r = [y.max() for y in (x, -x, x * 0, -(x * 0))], [y.min() for y in (x, x * 0, -(x * 0))]",
    "x = np.linspace(-1, 1, 999); x[700] = np.nan; r = x.max(), x.min(), x.argmax(), x.argmin(), np.nanmax(x)",
    "x = np.arange(5000) * 7919 % 5003; r = [(x.astype(d).argmax(), x.astype(d).argmin()) for d in ('i2', 'u4', 'i8', 'f4', 'f8')]",
    "x = np.arange(5000) % 3 == 1; r = x.any(), x.all(), x.sum(), np.count_nonzero(x), x[::2].sum(), x[:0].all(), x[4:5].any()",
    "x = np.arange(5040) % 7 == 1; r = [[k.tolist() for k in np.nonzero(x.reshape(s))] for s in ((5040,), (70, 72), (3, 5, 336), (7, 720))]",
    "x = np.arange(5000) % 3 == 1; y = np.arange(5000.0); r = y[x], np.where(x, y, -y), np.where(x, 1, y), np.any(y > 4998)",
    "x = np.float64(3) * i[0] + a[1, 2]; r = x, x / 3, 1 - x, x * x, x - x, 2 * x, x * np.float64(2), -x, x / a[1, 1]",
    "x = a[1, 2]; r = x * 1e-300 * 1e-300, x + True, x * 2**60, x - 2**70, 2**53 + x",
    "b[1, 1] = a[2, 2]; a[0, 0] = a[1, 1]; a[0, 1] = i[2]; a[0, 2] = f[2]; r = a, b",
    "f[[2, -1, 0]] = f[:3]; r = f",
    "f[1:][np.array([0, 1, 0])] = [5.0, 6.0, 7.0]; r = f",
    "f[np.array([0, 1, 9])] = 1; r = f",
    "try: f[np.array([0, 1, -9])] = [1.0, 2.0, 3.0]\nexcept IndexError: r = f",
    "i[i - 1 < 2] = 2.9; r = i",
    "f[f > 0] = f[f > 0][::-1]; r = f",
    "f[f > 0] = np.arange(9.0); r = f",
    "a.T[[1, 0]] = a.T[[0, 1]]; r = a",
    "a[np.array([2, 0])] = a[:2]; r = a",
    "x = np.arange(6); x[x[[5, 4, 3]]] = x[:3]; r = x",
    "x = np.arange(6); x[::2][np.array([2, 0])] = [7, 8]; r = x",
    "k = numpy.arange(4.0); m = np.asarray(k); m[np.array([3, 0])] = k[:2]; r = k",
    "u[np.array([1, 0])] = 300",
    "r = [np.sort(f) for _ in range(3)], [np.linalg.norm(f) for _ in range(3)], [np.argsort(a, axis=0) for _ in range(2)]",
    "r = [np.linalg.svd(np.eye(2)).S for _ in range(3)], [np.unique(i, return_counts=True) for _ in range(3)]",
    "x = [np.sort(a)[0] for _ in range(3)]; x[2][0] = 9; r = x, a",
    "for _ in range(3): r = np.trim_zeros(i); r[0] = 8\nr = i",
    "for _ in range(3):\n  try: np.linalg.inv(np.zeros((2, 2)))\n  except np.linalg.LinAlgError as e: r = str(e)",
    "a[::2, ::-1] = a[::2]; r = a",
    "a[:, [0, 1]] = a[:, [1, 0]]; r = a",
    "b[0, 0] = 3.7; r = b",
    "b[0, 0] = float('nan')",
    "u[0] = 300",
    "u[0] = -1",
    "u[:2] = [1, 300]",
    "b[0] = 1j",
    "b[0, 0] = 1j",
    "a[0, 0] = [1, 2]",
    "a[0] = [1, 2]",
    "a[5] = 1",
    "a[0, 9] = 1",
    "a['x'] = 1",
    "a[[0, 7]] = 1; r = a",
    "a[0, 0] = 'x'",
    "a[0, 0] = '2.5'; r = a",
    "a[0] = np.arange(4); r = a",
    "a[0] = np.float32(1.1); r = a",
    "z[0] = 5; r = z",
    "z.real = 1; r = z",
    "z.imag[1:] = 7; r = z",
    "a.shape = (4, 3); r = a",
    "a.shape = (5, 3)",
    "a.T.shape = (12,)",
    "del a[0]",
    "a.fill(3); r = a",
    "w = np.broadcast_to(i, (2, 3)); w[0] = 1",
    "w = a.diagonal(); w[0] = 1",
    "r = [float(x) for x in a[1]]",
    "r = [list(map(float, row)) for row in a]",
    "r = 3.0 in a, 99 in a, None in i",
    "r = a.tolist(), i.tolist(), t.tolist(), z.tolist()",
    "r = [x == y for x, y in zip(i, [1, 2, 3])]",
    "x = a[1, 2]; y = a; a = a * 2; r = (x, y)",
    "p = a[0]; q = p[1:]; q[:] = 9; r = a",
    "m = a.reshape(4, 3); m[0, 0] = 100; r = a",
    "m = a.T.reshape(-1); m[0] = 100; r = a",
    "m = a.ravel(); m[1] = 50; r = a",
    "m = a.flatten(); m[1] = 50; r = a",
    "m = np.asarray(a); m[0] = 1; r = (a, m is a)",
    "m = np.array(a); m[0] = 1; r = a",
    "m = a.copy(); m[0] = 1; r = a",
    "m = a.view(); m.shape = (12,); m[0] = 1; r = a",
    "m = a.astype(float, copy=False); r = m is a",
    "m = numpy.asarray(a); m[0, 0] = 77; r = a",
    "m = numpy.asarray(a); a[0, 0] = 78; r = m",
    "m = numpy.asarray(a); a += 1; r = m.copy()",
    "k = numpy.arange(4.0); m = np.asarray(k); m[0] = 5; r = k",
    "k = numpy.arange(4.0); m = np.asarray(k); k[0] = 5; r = m * 1",
    "m = memoryview(a); r = m.shape, m.strides, m.format, m.tolist()",
    "x, y, w = i; r = [int(x), int(y), int(w)]",
    "r = sorted(f), max(i), min(f), sum(i)",
    "r = i.base is None, a[1:].base is a.base, a.ravel().base is not None",
    "q = i[1:]; r = q.base is i, q[1:].base is i",
    "r = {1: i}[i[0]]",
    "r = [10, 20, 30][i[0]]",
    "r = np.arange(20)[i[0]:i[2]]",
    "r = range(i[0], i[2])",
    "r = a.reshape(i[0], -1)",
    "r = f'{a[0, 1]:.2f}', str(i), repr(f), str(a)",
    "r = bool(s > 1), float(s), int(s), complex(s), round(float(s))",
    "r = any(t), all(t), not s",
    "out = np.empty(3); r = np.add(i, 1, out=out) is out, out",
    "out = np.zeros(3); np.add(i, 1, out=out, where=t); r = out",
    "np.sqrt(a, out=a); r = a",
    "np.multiply(a, 2, a); r = a",
    "np.add(a, 1, out=(a,)); r = a",
    "np.cumsum(a, out=a.reshape(-1)); r = a",
    "import pickle; r = pickle.loads(pickle.dumps(a))",
    "import copy; c = copy.deepcopy(a); c[0] = 1; r = (a, copy.copy(i))",
]

EXPRESSIONS = """
a[1, 2] | a[-1, -1] | a[1] | a[-1] | a[1:] | a[:, 1] | a[::2] | a[::-1] | a[:, ::-2] | a[1:1] | a[..., 0] | a[0, ...] | a[...]
a[None] | a[:, None, 1] | a[1, None] | a[(1, 2)] | a[()] | s[()] | s[...] | s[None] | a[10:] | a[-100:2] | a[2:0:-1] | a[5:1:-1]
a[[0, 2]] | a[[0, 2], [1, 3]] | a[:, [1, 1, 0]] | a[[[0, 1], [1, 2]]] | a[i[:1]] | a[i - 1, 1] | a[1, i] | a[i - 1, 1:3] | a[[True, False, True]]
a[a > 4] | a[t] | a[t, 1] | a[t, [0, 1]] | a[:, a[0] > 1] | a[np.array(1)] | a[np.int32(1), 2] | a[[]] | a[True] | a[False] | s[True] | a[None, t]
a[np.array([2, 0])] | a[:, 0][np.array([2, -3])] | a.T[np.array([[0, 1], [3, 2]])] | a[:, ::2][np.array([1, 1])] | f[f > 0] | a[a[:, 0] > 3]
f[np.array([], int)] | e[np.array([], int)] | f[np.array([-9])] | a[np.array([3])] | a[np.array([True, False])] | i[np.array([2, 1], np.int32)]
a[[-1, -2]] | a[i.astype(np.uint8) - 1] | a[1:, [0, 1]] | a[np.ix_([0, 2], [1, 3])] | a[..., [0, 1]] | a[[0], :, None] | e[0:0] | e[[]]
a.shape | a.strides | a.ndim | a.size | a.itemsize | a.nbytes | a.dtype | a.T.strides | e.shape | s.shape | a.T | a[:, 0].T | a.mT | i.T
a.real | z.real.strides | a.flat[3] | a.flags.c_contiguous | a.T.flags.f_contiguous | a[::2].flags.contiguous | i.flags.writeable
a.item(3) | a.item(1, 2) | s.item() | i[0].item() | a.tobytes() | len(a) | a.astype(int) | a.astype("f4") | i.astype(bool) | f.astype(complex)
f.view(np.int32) | i.view("f4") | a.view(np.complex128) | u.view(np.int8) | t.view(np.uint8) | a.T.astype("f4") | a.T.copy() | a.T.copy("K") | a[:, ::2].copy()
np.float64(2) + s | np.ndim(a) | np.shape(a) | np.size(a) | np.iscomplexobj(z) | np.result_type(i, f) | np.can_cast(i.dtype, "f8")
isinstance(a, np.ndarray) | isinstance(numpy.zeros(2), np.ndarray) | isinstance(2.0, np.ndarray) | issubclass(np.float64, np.floating)
a == None | a == "x" | a != "x" | i == [1, 5, 3] | [1, 5, 3] == i | i + [1, 2, 3] | [1, 2, 3] + i | i * (1, 2, 3) | (a == a).all() | i == np.zeros(3)
np.isscalar(a[0, 0].item()) | a.__len__() | a.__array_priority__ | np.ndarray.sum(a) | np.ndarray.sum(numpy.ones(3)) | np.ndarray.reshape(i, 3, 1)
"""


def expressions(text):
    return [case.strip() for line in text.strip().splitlines() for case in line.split(" | ")]


@pytest.mark.parametrize("case", expressions(OPERATORS) + expressions(EXPRESSIONS))
def test_expression(case):
    check(SETUP + case)


@pytest.mark.parametrize("case", expressions(ERRORS))
def test_error(case):
    check(SETUP + case)


@pytest.mark.parametrize("case", STATEMENTS)
def test_statement(case):
    check(SETUP + case)
