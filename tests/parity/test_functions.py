"""NumPy's functions on arrays: creation, shapes, reductions, selection, joining, products."""

import numloom
import pytest

from tests.parity.harness import check, numpy_before
from tests.parity.test_language import expressions

SETUP = """
a = np.arange(24.0).reshape(2, 3, 4) - 7
b = np.arange(24).reshape(2, 3, 4) % 7
m = np.arange(12.0).reshape(3, 4) / 3
i = np.array([3, 1, 2, 1], dtype=np.int32)
u = np.array([1, 2, 250], dtype=np.uint8)
f = np.array([0.5, -1.5, 2.25, np.nan], dtype=np.float32)
z = np.array([1 + 2j, -3j, 0.5])
t = np.array([[True, False, True], [False, False, True]])
h = np.arange(300, dtype=np.float16) / 7
e = np.zeros((0, 3))
s = np.array(2.5)
"""

CREATION = """
np.zeros(3) | np.zeros((2, 3), int) | np.zeros((2, 3), order="F") | np.zeros(()) | np.zeros((0, 2)) | np.ones(4, dtype="f4") | np.ones((2, 2), bool)
np.empty((2, 0)) | np.full(3, 7) | np.full((2, 2), 1.5) | np.full(2, 1j) | np.full(3, 7, dtype="u1") | np.full(3, 2.7, dtype=int) | np.full(2, True) | np.full((2, 3), [1, 2, 3])
np.zeros_like(a) | np.ones_like(m.T) | np.zeros_like(i, dtype=float) | np.empty_like(e) | np.full_like(i, 9) | np.zeros_like([1, 2]) | np.zeros_like(a, shape=(2, 2)) | np.ones_like(3) | np.zeros_like(a.transpose(1, 0, 2))
np.arange(5) | np.arange(2, 9) | np.arange(9, 2, -2) | np.arange(0, 1, 0.1) | np.arange(5, dtype=float) | np.arange(5, dtype="u1") | np.arange(1.5, 4) | np.arange(3, dtype="f4") | np.arange(0, 1, 0.1, dtype="f4") | np.arange(0)
np.arange(5, 1) | np.arange(np.int32(5)) | np.arange(stop=4) | np.arange(1, 4, dtype=complex) | np.arange(-3.0) | np.arange(0, 5, 2) | np.arange(np.float32(3)) | np.arange(10, step=3)
np.array([1, 2, 3]) | np.array([1.0, 2]) | np.array([[1, 2], [3, 4]]) | np.array(5) | np.array([]) | np.array([True]) | np.array([1, 2], dtype="f4") | np.array(a) | np.array(a, dtype=int) | np.array(i, ndmin=3) | np.array(m.T) | np.array(m.T, order="C")
np.array([a[0], a[1]]) | np.array([i[0], 2.5]) | np.array([m, m]) | np.array([[s, s]]) | np.array("x") | np.array([None, 1]) | np.array([1, "a"]) | np.array(range(4)) | np.array((x for x in [1])).shape
np.asarray(i) is i | np.asarray(i, dtype="i4") is i | np.asarray([1, 2]) | np.asarray(i, float) | np.ascontiguousarray(m.T) | np.asfortranarray(m) | np.ascontiguousarray(s) | np.asanyarray(m) is m | np.array(i, copy=False) is i
np.linspace(0, 1, 5) | np.linspace(0, 1, 5, endpoint=False) | np.linspace(2, 3, num=1) | np.linspace(0, 10, 3, dtype=int) | np.linspace(0, 1, 3, retstep=True) | np.logspace(0, 2, 3) | np.geomspace(1, 8, 4)
np.eye(3) | np.eye(2, 3, k=1) | np.identity(2) | np.meshgrid(i, u) | np.meshgrid([1, 2], [3, 4, 5], indexing="ij") | np.fromfunction(lambda x, y: x + y, (2, 3)) | np.diag(i) | np.diag(m) | np.tri(3) | np.tril(m) | np.triu(m, 1)
np.indices((2, 3)) | np.mgrid[0:2, 0:3] | np.ogrid[0:2, 0:3] | np.r_[1:4, 0, 4] | np.c_[i, i] | np.vander(i) | np.frombuffer(b"abcd", dtype="u1") | np.fromiter([1, 2], float) | np.zeros(3, dtype="S3") | np.zeros(2, dtype=object)
"""

SHAPES = """
a.reshape(6, 4) | a.reshape(-1) | a.reshape((4, -1)) | np.reshape(a, (8, 3)) | a.reshape(4, 6, order="F") | m.T.reshape(-1) | m.T.reshape(12, order="F") | s.reshape(1, 1) | e.reshape(3, 0) | a[:, ::2].reshape(-1) | a[:, :, ::2].reshape(2, 6)
a.T | a.transpose(1, 0, 2) | a.transpose((2, 0, 1)) | np.transpose(m) | np.transpose(a, (0, 2, 1)) | a.transpose(None) | a.transpose(-1, 0, 1) | a.swapaxes(0, 2) | np.swapaxes(a, 0, -1) | np.moveaxis(a, 0, -1) | np.moveaxis(a, [0, 1], [-1, -2]) | np.rollaxis(a, 2)
a.ravel() | m.T.ravel() | m.ravel("F") | np.ravel(m.T, order="K") | m.T.ravel("A") | a.flatten() | m.T.flatten("F") | s.ravel() | np.ravel([[1, 2], [3, 4]]) | np.ravel(5)
np.squeeze(a[:1]) | a[:1].squeeze(0) | a[:1, :1].squeeze((0, 1)) | np.expand_dims(m, 0) | np.expand_dims(m, (0, 2)) | np.expand_dims(m, -1) | np.atleast_1d(s) | np.atleast_2d(i) | np.atleast_3d(m)
np.broadcast_to(i, (2, 4)) | np.broadcast_to(s, (2, 2)) | np.broadcast_to(3, (2,)) | np.broadcast_arrays(i, m) | np.broadcast_shapes((2, 1), (3,)) | np.flip(a) | np.flip(m, 0) | np.flip(a, (0, 2)) | np.fliplr(m) | np.flipud(m) | np.rot90(m) | np.roll(m, 1) | np.roll(m, 2, axis=1) | np.roll(m, (1, 1), axis=(0, 1))
np.diagonal(m) | m.diagonal(1) | a.diagonal(0, 1, 2) | np.trace(m) | a.trace() | np.tile(i, 2) | np.tile(m, (2, 2)) | np.repeat(i, 2) | np.repeat(m, 2, axis=0) | np.repeat(i, [1, 0, 2, 1]) | np.pad(i, 1) | np.pad(m, ((1, 0), (0, 2)), mode="edge") | np.pad(i, 2, mode="reflect") | np.pad(m, 1, constant_values=5)
np.concatenate([i, i]) | np.concatenate((m, m), axis=1) | np.concatenate([m, m], axis=None) | np.concatenate([i, f]) | np.concatenate([u, i[:2]]) | np.concatenate([m.T, m.T]) | np.concatenate([e, e]) | np.concatenate([i, [5, 6]]) | np.concatenate([i, i], dtype="f4") | np.concat([i, i])
np.stack([i, i]) | np.stack([m, m], axis=-1) | np.stack([m, m], 1) | np.vstack([i, i]) | np.hstack([i, i]) | np.hstack([m, m]) | np.dstack([m, m]) | np.column_stack([i, i]) | np.append(i, 5) | np.append(m, m, axis=0) | np.insert(i, 1, 9) | np.delete(i, 1) | np.block([[m, m], [m, m]])
np.split(i, 2) | np.split(m, [1, 3], axis=1) | np.array_split(i, 3) | np.hsplit(m, 2) | np.vsplit(m, 3) | np.unstack(m) | np.resize(i, 6)
"""

REDUCTIONS = """
a.sum() | a.sum(0) | a.sum(axis=1) | a.sum(axis=(0, 2)) | a.sum(-1, keepdims=True) | a.sum(axis=()) | b.sum() | u.sum() | t.sum() | t.sum(axis=0) | h.sum() | h.sum(dtype=float) | np.sum([1, 2, 3]) | np.sum(5) | np.sum(z) | e.sum() | e.sum(axis=1) | i.sum(dtype="f4")
a.prod(axis=0) | i.prod() | u.prod() | np.prod([]) | f[:3].prod() | a.min() | a.max() | a.min(axis=1) | a.max(axis=(1, 2)) | b.max(0, keepdims=True) | f.min() | f.max() | f[:3].max() | np.min(i) | np.amax(m, axis=0) | z.max() | t.max() | np.nanmax(f) | np.nanmin(f) | np.ptp(i) | u.min()
a.mean() | a.mean(axis=0) | a.mean(axis=(0, 1)) | b.mean() | i.mean() | u.mean() | t.mean() | z.mean() | h.mean() | h.mean(dtype="f4") | f[:3].mean() | m.mean(axis=1, keepdims=True) | np.mean([1, 2, 4]) | np.average(m) | np.average(i, weights=[1, 2, 3, 4])
a.var() | a.var(axis=0) | a.std() | m.std(axis=1) | m.std(ddof=1) | i.std() | z.var() | np.var(m, axis=0, ddof=1) | np.std(h) | np.var([1, 2, 3]) | m.var(keepdims=True) | np.median(m) | np.percentile(m, 30) | np.quantile(i, [0.25, 0.5])
t.any() | t.all() | t.any(axis=0) | t.all(axis=1) | a.any() | a.all(axis=2) | e.any() | e.all() | np.any([0, 0, 1]) | np.all(i > 0) | np.any(f, axis=0, keepdims=True) | i.any() | z.all()
a.argmax() | a.argmin() | a.argmax(axis=0) | a.argmin(1) | b.argmax(axis=2) | i.argmin() | f.argmax() | np.argmax([1, 5, 2]) | np.argmin(m, axis=0, keepdims=True) | t.argmax() | z.argmax() | b.argmax(-1)
a.cumsum() | a.cumsum(0) | b.cumsum(axis=1) | i.cumsum() | u.cumsum() | t.cumsum() | f.cumsum() | i.cumprod() | m.cumprod(axis=1) | np.cumsum([1, 2]) | np.cumsum(m, axis=-1, dtype="f4") | e.cumsum() | np.diff(i) | np.diff(m, axis=0) | np.diff(i, n=2) | np.ediff1d(i) | np.gradient(m[0]) | np.trapezoid(i)
np.count_nonzero(b) | np.count_nonzero(t, axis=0) | np.count_nonzero(i == 1) | np.nonzero(t) | t.nonzero() | np.nonzero(b == 3) | np.flatnonzero(b == 3) | np.argwhere(t) | np.where(t) | np.nonzero(e) | np.nonzero(f)
np.sum(m, where=m > 1) | np.max(m, initial=5) | np.min(m, initial=0, where=m > 1) | np.sum(m, initial=10) | m.sum(where=[True, False, True, False]) | np.mean(m, where=m > 1) | np.any(m, where=m > 1) | np.prod(i, initial=2) | np.maximum.reduce(m, initial=9)
np.logical_and.reduce(t) | np.bitwise_or.reduce(b, axis=None) | np.add.reduce(m, axis=(0, 1)) | np.add.accumulate(i) | np.multiply.accumulate(m, axis=1) | np.maximum.accumulate(i) | np.add.outer(i, i) | np.multiply.outer(m, i) | np.add.reduceat(i, [0, 2]) | np.subtract.outer(i, u) | np.hypot.reduce(i)
"""

OTHER = """
np.where(m > 1, m, 0) | np.where(t, 1, 2) | np.where(t, 1.5, i[:3]) | np.where([True, False], [1, 2], [3, 4]) | np.where(m, m, -m) | np.where(True, i, 0) | np.where(t, u, 1) | np.where(t, z, 0) | np.where(i > 1, np.float32(1), 0)
np.clip(a, -2, 2) | a.clip(0) | a.clip(max=3) | np.clip(i, 1, 2) | np.clip(u, 2, 100) | np.clip(m, m.T[:1].T, 3) | np.clip(f, -1, 1) | np.clip(i, 1.5, 2.5) | i.clip(-5, 300) | u.clip(-5, 300) | np.clip(5, 1, 3) | np.clip(m, None, 2) | m.clip(min=1, max=2)
np.take(m, [0, 2]) | np.take(m, [0, 2], axis=0) | m.take([[0, 1], [1, 2]], axis=1) | np.take(i, 1) | np.take(i, [5, -1], mode="wrap") | np.take(i, [9, -9], mode="clip") | m.take([], axis=0) | np.take_along_axis(m, np.argsort(m, axis=1), axis=1) | np.choose([0, 1], [i[:2], i[2:]]) | np.compress([True, False], m, axis=0) | np.extract(m > 1, m)
np.round(m, 1) | m.round() | np.round(i, 2) | np.round(f) | np.around(m, 2) | np.round(m, -1) | np.fix(a) | np.round(2.567, 1) | np.round(z, 1) | i.round(-1)
np.dot(m, m.T) | m.dot(m.T) | np.dot(i, i) | np.dot(2, i) | np.dot(s, i) | m @ m.T | np.matmul(a, m.T) | np.matmul(b, b.transpose(0, 2, 1)) | np.vdot(z, z) | np.inner(m, m) | np.outer(i, u) | np.tensordot(a, m, axes=([2], [1])) | np.einsum("ij,kj->ik", m, m) | np.einsum("ii", m[:, :3]) | np.kron(i, u) | np.cross(i[:3], u) | z @ z | np.matmul(u, u) | t @ t.T
np.maximum(m, 1) | np.minimum(i, 2) | np.fmax(f, 0) | np.sign(a) | np.abs(a) | np.hypot(3, m) | np.arctan2(m, 2) | np.power(m, 2) | np.power(2, i) | np.mod(b, 3) | np.divmod(b, 3) | np.modf(a) | np.frexp(a) | np.ldexp(m, 2) | np.heaviside(a, 0.5) | np.logaddexp(m, 1) | np.isclose(m, m + 1e-9) | np.allclose(m, m) | np.array_equal(i, i)
np.sort(i) | np.argsort(i, kind="stable") | np.unique(i) | np.searchsorted([1, 2, 3], i) | np.bincount(i) | np.histogram(m, 3) | np.digitize(m, [1, 2]) | np.interp(m, [0, 1], [0, 5]) | np.convolve(i, i) | np.corrcoef(m) | np.cov(m) | np.isin(i, [1]) | np.unravel_index(5, (2, 3)) | np.polyfit(i, i, 1).shape | np.lexsort((i, i))
np.real(z) | np.imag(z) | np.angle(z) | np.conj(z) | np.conjugate(i) | np.isreal(z) | np.nan_to_num(f) | np.iinfo(i.dtype).max | np.finfo(f.dtype).eps | np.result_type(i, 1.0) | np.promote_types("i4", "f4") | np.min_scalar_type(5) | np.copy(m.T) | np.shares_memory(m, m.T) | np.may_share_memory(m, i) | np.shape([[1]]) | np.ndim(5) | np.size(m, 0)
np.linalg.norm(m) | np.linalg.inv(np.eye(2) * 2) | np.linalg.det(np.eye(2)) | np.linalg.solve(np.eye(2), [1, 2]) | np.fft.fft(i).shape | np.linalg.eigh(np.eye(2)) | np.random.default_rng(3).random(3) | np.random.RandomState(1).randint(0, 5, 4)
np.add(m, 1, dtype="f4") | np.add(i, i, dtype=float) | np.sqrt(i, dtype="f4") | np.add(m, 1, where=m > 1, out=np.zeros((3, 4))) | np.equal(i, 1, dtype=bool) | np.multiply(i, 2, casting="unsafe", dtype="u1") | np.add(i, 1, casting="no") | np.add(m.T, 1, order="C") | np.exp(m, order="F") | np.add(m, i, subok=False)
"""

# Bounds of what is rounded in another order, or by another library, than NumPy's; all else has its bits.
BLACK_BOX = {
    "np.logspace": 4,
    "np.geomspace": 4,
    "mean": 1,
    "var": 1,
    "std": 1,
    "np.einsum": 2,
    "norm": 2,
    "hypot": 2,
    "arctan2": 4,
    "logaddexp": 6,
    "np.angle": 4,
}
if numloom.device() == "cuda":  # docs/differences.md: another library's products
    BLACK_BOX |= {"dot": 4, "@": 4, "matmul": 4, "np.inner": 4}


@pytest.mark.parametrize("case", expressions(CREATION) + expressions(SHAPES) + expressions(REDUCTIONS) + expressions(OTHER))
def test_function(case):
    ulp = max([bound for name, bound in BLACK_BOX.items() if name in case], default=0)
    if case == "np.power(m, 2)" and numpy_before("2.1.0"):
        ulp = 1  # its loop did not square
    uninitialised = case.startswith(("np.empty(", "np.empty_like("))
    # NumPy's index arrays are the columns of one array; ours stand alone.
    columns = "nonzero(" in case or case == "np.where(t)"
    check(SETUP + (f"({case}).shape" if uninitialised else case), ulp=ulp, strides=not columns)


BASES = [
    "a.reshape(-1)",
    "a.T",
    "a[1:]",
    "a.ravel()",
    "a.copy()",
    "a.squeeze()",
    "np.expand_dims(a, 0)",
    "a.swapaxes(0, 1)",
    "a.real",
    "a.view()",
    "a.diagonal()",
    "np.asarray(a)",
    "np.broadcast_to(a, (2, 2, 3, 4))",
    "a.astype(float, copy=False)",
    "a.flatten()",
    "np.atleast_1d(a)",
    "np.ascontiguousarray(a)",
    "np.split(a, 2)[0]",
    "np.moveaxis(a, 0, 1)",
    "np.flip(a)",
    "np.array(a, copy=None)",
    "a[a > 0]",
    "a[[0]]",
    "a[0]",
]


@pytest.mark.parametrize("case", BASES)
def test_aliasing(case):
    """What is a view in NumPy is a view: writes are seen on both sides, and `base` says so."""
    check(f"{SETUP}v = {case}\na[...] = 5\nr = v", strides=False)
    check(f"{SETUP}v = {case}\nr = v.base is a.base, v.base is None, v is a, np.shares_memory(v, a), v.flags.writeable")
    check(f"{SETUP}v = {case}\nif v.flags.writeable:\n    v[...] = 9\nr = a")
