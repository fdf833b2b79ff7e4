"""Masked arrays, memmap, tofile and fromfile, save and load, pickles and copies."""

import copy
import os
import pickle
import tempfile

import numpy as np
import numpy.ma as ma

temperatures = ma.masked_values([20.5, -999.0, 22.0, 19.5, -999.0], -999.0)
print(temperatures, temperatures.mean(), temperatures.mask, temperatures.filled(0), temperatures.count(), repr(temperatures))
x = ma.array(np.arange(6).reshape(2, 3), mask=[[0, 1, 0], [0, 0, 1]])
print(x.sum(axis=0), x.compressed(), x + 1, ma.where(x > 2, x, -1), x.max(), np.ma.median(x), x[0, 1] is ma.masked)
x[0, 0] = ma.masked
x[1] = 7
print(x, ma.masked_where(x.data > 3, x.data), ma.masked_invalid([1, np.nan, np.inf]), ma.average([1, 2], weights=[3, 1]))
raw = np.linspace(0, 1, 5)
m = ma.masked_greater(raw, 0.6)
m += 1
print(m, raw, np.sqrt(m), ma.polyfit(np.arange(4), np.arange(4.0), 1).round(6), m.std().round(8), np.mean(m))
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "data.bin")
    mm = np.memmap(path, dtype="float32", mode="w+", shape=(3, 4))
    mm[:] = np.arange(12).reshape(3, 4)
    mm[1, 2] += 0.5
    mm *= 2
    mm.flush()
    print(os.path.getsize(path), type(mm).__name__, mm.sum(), isinstance(mm, np.ndarray))
    again = np.memmap(path, dtype="float32", mode="r", shape=(3, 4))
    print(again, again[1:, ::2].mean(), np.asarray(again).flags.writeable)
    try:
        again[0, 0] = 1
    except ValueError as error:
        print(error)
    raw = np.fromfile(path, dtype=np.float32, count=5, offset=4)
    print(raw, raw.dtype)
    np.arange(4, dtype=">i2").tofile(path)
    print(np.fromfile(path, ">i2"), open(path, "rb").read(), np.fromfile(path, dtype="<i2"))
    np.save(os.path.join(folder, "a.npy"), np.eye(2))
    print(np.load(os.path.join(folder, "a.npy")), np.load(os.path.join(folder, "a.npy"), mmap_mode="r")[0])
    np.savez_compressed(os.path.join(folder, "z.npz"), a=np.arange(3), b=np.array(["s"]))
    with np.load(os.path.join(folder, "z.npz")) as z:
        print({k: z[k].tolist() for k in z}, "a" in z, z.files)
    del mm, again
a = np.arange(12.0).reshape(3, 4)
b = pickle.loads(pickle.dumps(a))
c = pickle.loads(pickle.dumps(a[:, ::2], protocol=5))
d = copy.deepcopy({"a": a, "list": [a, a]})
print((a == b).all(), c.flags.c_contiguous, c.shape, d["list"][0] is d["list"][1], d["a"] is not a, type(b) == type(a))
print(pickle.loads(pickle.dumps([np.float32(1.5), np.dtype("i4"), np.sin, np.random.RandomState(3)]))[:3])
e = copy.copy(a)
e[0, 0] = 99
print(a[0, 0], e[0, 0], a.T.copy(order="K").flags.f_contiguous, np.array(a, copy=None) is a, np.asarray(a) is a)
print(np.frombuffer(a.tobytes()).reshape(a.shape)[2], np.frombuffer(bytearray(b"\x01\x02\x03\x04"), dtype="<u2"), a.data.shape)
