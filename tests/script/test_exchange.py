"""The CUDA array interface and DLPack, both ways; on the GPU, or on the emulated one, where device memory is the host's."""

import ctypes
import gc
import os

import numloom
import numpy
import pytest

on_cuda = os.environ.get("NUMLOOM_DEVICE") == "cuda"
emulated = "emulator" in os.environ.get("LD_LIBRARY_PATH", "")


class Foreign:
    """Another library's array."""

    def __init__(self, address, shape, strides, typestr, owner=None):
        self.owner = owner
        self.__cuda_array_interface__ = {
            "data": (address, False),
            "shape": shape,
            "strides": strides,
            "typestr": typestr,
            "version": 3,
            "stream": None,
        }


@pytest.mark.skipif(on_cuda, reason="arrays are on the GPU")
def test_an_array_on_the_host_has_none():
    assert not hasattr(numloom.arange(3.0), "__cuda_array_interface__")


@pytest.mark.skipif(not on_cuda, reason="needs NUMLOOM_DEVICE=cuda")
class TestOnCuda:
    def test_what_it_says(self):
        a = (numloom.arange(12.0).reshape(3, 4) + 1)[:, 1:]
        said = a.__cuda_array_interface__
        assert said["shape"] == (3, 3) and said["strides"] == (32, 8) and said["typestr"] == "<f8"
        assert said["version"] == 3 and said["stream"] == 1 and said["data"][1] is False
        whole = numloom.ones((2, 2), "f4").__cuda_array_interface__
        assert whole["strides"] is None and whole["typestr"] == "<f4"

    def test_our_own_memory_comes_back_as_a_copy(self):
        a = numloom.arange(20.0).reshape(4, 5) * 2
        for view in (a, a[::-1, ::2], a.T, a[1:1]):
            said = view.__cuda_array_interface__
            b = numloom.asarray(Foreign(said["data"][0], said["shape"], said["strides"], said["typestr"], a))
            assert numpy.array_equal(numpy.asarray(b), numpy.asarray(view * 1))
            assert numloom.array(Foreign(said["data"][0], said["shape"], said["strides"], said["typestr"], a), "f4").dtype == "f4"
        b = numloom.asarray(Foreign(a.__cuda_array_interface__["data"][0], (4, 5), None, "<f8", a))
        b += 1
        assert a[0, 0] == 0 and b[0, 0] == 1

    def test_later_work_is_seen_through_it(self):
        a = numloom.zeros(1000) + 1
        address = a.__cuda_array_interface__["data"][0]
        look = Foreign(address, (1000,), None, "<f8", a)
        a += 1
        assert numpy.all(numpy.asarray(numloom.asarray(look)) == 2)
        a[3:5] = 7
        assert a.__cuda_array_interface__["data"][0] == address
        assert numloom.asarray(look)[3] == 7 and float(a.sum()) == 2 * 998 + 14

    @pytest.mark.skipif(not emulated, reason="device memory is out of reach here")
    def test_what_others_write_is_seen(self):
        a = numloom.zeros(8) + 1
        memory = (ctypes.c_double * 8).from_address(a.__cuda_array_interface__["data"][0])
        numloom.synchronize()
        assert list(memory) == [1.0] * 8
        memory[2] = 5.0
        assert a[2] == 5 and a.tolist()[2] == 5 and float((a * 2).sum()) == 2 * 12
        memory[2] = 6.0
        assert a[2] == 6 and float(a.max()) == 6
        a[0] = 9
        assert memory[0] == 9

    def test_bad_ones(self):
        with pytest.raises(ValueError, match="lacks an entry"):
            bad = Foreign(0, (1,), None, "<f8")
            del bad.__cuda_array_interface__["data"]
            numloom.asarray(bad)

    @pytest.mark.skipif(emulated, reason="needs a GPU")
    def test_cupy(self):
        cupy = pytest.importorskip("cupy")
        a = numloom.arange(6.0).reshape(2, 3) + 1
        c = cupy.asarray(a)
        assert c.data.ptr == a.__cuda_array_interface__["data"][0]
        c *= 10
        cupy.cuda.get_current_stream().synchronize()
        assert numpy.array_equal(numpy.asarray(a * 1), (numpy.arange(6.0).reshape(2, 3) + 1) * 10)
        a += 1
        assert cupy.array_equal(c, cupy.asarray((numpy.arange(6.0).reshape(2, 3) + 1) * 10 + 1))
        assert numpy.array_equal(numpy.asarray(numloom.asarray(cupy.arange(5)[::2])), [0, 2, 4])

    @pytest.mark.skipif(emulated, reason="needs a GPU")
    def test_torch(self):
        torch = pytest.importorskip("torch")
        a = numloom.arange(6.0, dtype="f4") + 1
        t = torch.as_tensor(a, device="cuda")
        assert t.is_cuda and t.tolist() == [1, 2, 3, 4, 5, 6]
        t += 1
        torch.cuda.synchronize()
        assert a.tolist() == [2, 3, 4, 5, 6, 7]
        assert numloom.asarray(torch.arange(4, device="cuda") * 3).tolist() == [0, 3, 6, 9]


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", ctypes.c_int32 * 2),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("offset", ctypes.c_uint64),
    ]


DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Managed(ctypes.Structure):
    _fields_ = [("tensor", Tensor), ("owner", ctypes.c_void_p), ("deleter", DELETER)]


class Versioned(ctypes.Structure):
    _fields_ = [
        ("version", ctypes.c_uint32 * 2),
        ("owner", ctypes.c_void_p),
        ("deleter", DELETER),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    ]


api = ctypes.pythonapi
api.PyCapsule_GetPointer.restype = ctypes.c_void_p
api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
api.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]
api.PyCapsule_New.restype = ctypes.py_object
api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
NAMES = {Managed: b"dltensor", Versioned: b"dltensor_versioned"}


def consume(capsule, kind=Versioned):
    """What another library makes of a capsule: the managed tensor, which it has to delete."""
    managed = kind.from_address(api.PyCapsule_GetPointer(capsule, NAMES[kind]))
    api.PyCapsule_SetName(capsule, {Managed: b"used_dltensor", Versioned: b"used_dltensor_versioned"}[kind])
    return managed


class Producer:
    """Another library's array on the (emulated) device."""

    def __init__(self, values, kind=Versioned, flags=0, device=(2, 0), strides=None, code=2):
        self.values, self.kind, self.device = values, kind, device
        self.asked, self.deleted = [], 0
        self.shape = (ctypes.c_int64 * values.ndim)(*values.shape)
        steps = [s // values.itemsize for s in values.strides]
        self.strides = (ctypes.c_int64 * values.ndim)(*steps) if strides else None
        self.managed = kind()
        t = self.managed.tensor
        t.data, t.ndim, t.code, t.bits, t.lanes = values.ctypes.data, values.ndim, code, values.itemsize * 8, 1
        t.device[:] = device
        t.shape, t.strides = self.shape, self.strides or None
        self.managed.deleter = DELETER(self._delete)
        if kind is Versioned:
            self.managed.version[:] = (1, 1)
            self.managed.flags = flags

    def _delete(self, managed):
        assert managed == ctypes.addressof(self.managed)
        self.deleted += 1

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, **options):
        if self.kind is Managed and "max_version" in options:
            raise TypeError("unexpected keyword")
        self.asked.append(options)
        return api.PyCapsule_New(ctypes.addressof(self.managed), NAMES[self.kind], None)


@pytest.mark.skipif(on_cuda, reason="arrays are on the GPU")
def test_arrays_on_the_host_give_host_capsules():
    a = numloom.arange(3.0)
    assert a.__dlpack_device__() == (1, 0)
    with pytest.raises((BufferError, ValueError, TypeError)) as theirs:  # by the version
        numpy.ones(3).__dlpack__(dl_device=(9, 0))
    with pytest.raises(theirs.type):
        a.__dlpack__(dl_device=(9, 0))


@pytest.mark.skipif(not (on_cuda and emulated), reason="needs device memory within reach")
class TestDLPack:
    def test_a_capsule_of_ours(self):
        a = (numloom.arange(12.0).reshape(3, 4) + 1)[:, 1:]
        assert a.__dlpack_device__() == (2, 0)
        m = consume(a.__dlpack__(max_version=(1, 1)))
        t = m.tensor
        assert list(m.version) == [1, 0] and m.flags == 0
        assert list(t.device) == [2, 0] and (t.ndim, t.code, t.bits, t.lanes, t.offset) == (2, 2, 64, 1, 0)
        assert t.shape[:2] == [3, 3] and t.strides[:2] == [4, 1]
        memory = (ctypes.c_double * 11).from_address(t.data)
        numloom.synchronize()
        assert memory[0] == 2 and memory[8] == 10
        # Both sides see what the other one writes.
        memory[0] = 50
        assert a[0, 0] == 50 and float(a.max()) == 50
        a += 1
        numloom.synchronize()
        assert memory[0] == 51
        m.deleter(ctypes.addressof(m))
        assert a[0, 0] == 51

    def test_it_is_ours_alone_again_when_deleted(self):
        a = numloom.zeros(100_000) + 1
        m = consume(a.__dlpack__(max_version=(1, 0)))
        b = a * 2  # runs at the call
        assert numloom.debug.program() == ""
        m.deleter(ctypes.addressof(m))
        c = b * 2 + a
        assert numloom.debug.program() != ""
        assert float(c[5]) == 5

    def test_the_capsule_keeps_the_memory(self):
        a = numloom.arange(1000.0) + 1
        capsule = a.__dlpack__()
        del a
        others = [numloom.zeros(1000) + 7 for _ in range(5)]
        numloom.synchronize()
        m = consume(capsule, Managed)
        assert list((ctypes.c_double * 3).from_address(m.tensor.data)) == [1, 2, 3]
        m.deleter(ctypes.addressof(m))
        assert float(others[0][0]) == 7

    def test_types(self):
        codes = {"?": (6, 8), "i1": (0, 8), "u4": (1, 32), "f2": (2, 16), "f4": (2, 32), "c8": (5, 64), "c16": (5, 128)}
        for name, expected in codes.items():
            m = consume(numloom.ones(3, name).__dlpack__(max_version=(1, 0)))
            assert (m.tensor.code, m.tensor.bits) == expected
            m.deleter(ctypes.addressof(m))

    def test_what_may_be_asked(self):
        a = numloom.arange(5.0) + 1
        for stream in (None, -1, 1, 2):
            a.__dlpack__(stream=stream, max_version=(1, 0))  # dropped unused
        for stream in (0, -2):
            with pytest.raises(ValueError, match="stream"):
                a.__dlpack__(stream=stream)
        copied = consume(a.__dlpack__(max_version=(1, 0), copy=True))
        a[0] = 100
        numloom.synchronize()
        assert copied.flags == 2 and ctypes.c_double.from_address(copied.tensor.data).value == 1
        copied.deleter(ctypes.addressof(copied))
        a.flags.writeable = False
        with pytest.raises(BufferError, match="readonly"):
            a.__dlpack__()
        m = consume(a.__dlpack__(max_version=(1, 0), dl_device=(2, 0), copy=False))
        assert m.flags == 1
        m.deleter(ctypes.addressof(m))

    def test_numpy_gets_it_on_the_host(self):
        if numpy.lib.NumpyVersion(numpy.__version__) < "2.1.0":
            pytest.skip("from_dlpack without device=")
        a = numloom.arange(5.0) + 1
        real = numpy.from_dlpack(a, device="cpu")
        assert real.tolist() == [1, 2, 3, 4, 5]
        a[0] = 7
        assert real[0] == 7

    @pytest.mark.parametrize("kind", [Managed, Versioned])
    def test_a_capsule_of_theirs(self, kind):
        theirs = Producer(numpy.arange(12.0).reshape(3, 4)[::-1, ::2], kind, strides=True)
        a = numloom.from_dlpack(theirs)
        assert theirs.asked[0]["stream"] == 1 and theirs.asked[0].get("max_version") == (None if kind is Managed else (1, 0))
        assert a.shape == (3, 2) and a.strides == (-32, 16) and a.tolist() == theirs.values.tolist()
        assert a.__cuda_array_interface__["data"][0] == theirs.values.ctypes.data
        a += 1
        numloom.synchronize()
        assert theirs.values[0, 0] == 9
        theirs.values[0, 0] = 100
        assert a[0, 0] == 100 and float((a * 2).max()) == 200
        view = a[1:]
        del a
        gc.collect()
        assert theirs.deleted == 0
        del view
        assert theirs.deleted == 1

    def test_pending_work_keeps_it(self):
        theirs = Producer(numpy.ones(5000))
        b = numloom.from_dlpack(theirs) * 3
        assert float(b.sum()) == 15000 and theirs.deleted == 1

    def test_two_arrays_over_one_memory(self):
        values = numpy.arange(20.0)
        a, b = numloom.from_dlpack(Producer(values[:-1])), numloom.from_dlpack(Producer(values[1:]))
        expected = values.copy()
        expected[1:] = expected[:-1] + 1
        b[...] = a + 0
        numloom.add(b, 1, out=b)
        numloom.synchronize()
        assert values.tolist() == expected.tolist()
        numloom.negative(a, out=b)
        expected[1:] = -expected[:-1].copy()
        assert b.tolist() == expected[1:].tolist()

    def test_read_only_and_copies(self):
        a = numloom.from_dlpack(Producer(numpy.ones(3), flags=1))
        assert not a.flags.writeable
        old = Producer(numpy.ones(3), Managed)
        c = numloom.from_dlpack(old, copy=True)
        c += 1
        assert old.values.tolist() == [1, 1, 1] and c.tolist() == [2, 2, 2]
        new = Producer(numpy.ones(3))
        numloom.from_dlpack(new, copy=True)
        assert new.asked[0]["copy"] is True

    def test_what_is_refused(self):
        for theirs, error in (
            (Producer(numpy.ones(3), device=(2, 1)), "first one"),
            (Producer(numpy.ones(3), code=4), "type"),
        ):
            with pytest.raises(BufferError, match=error):
                numloom.from_dlpack(theirs)
            assert theirs.deleted == 0
        assert numloom.from_dlpack(Producer(numpy.ones((0, 3)))).shape == (0, 3)

    def test_ours_is_a_view(self):
        a = numloom.arange(5.0) + 1
        b = numloom.from_dlpack(a)
        b[0] = 9
        assert a[0] == 9
        c = numloom.from_dlpack(a, copy=True)
        c[0] = 1
        assert a[0] == 9


@pytest.mark.skipif(not on_cuda or emulated, reason="needs a GPU")
class TestDLPackOnAGpu:
    def test_cupy(self):
        cupy = pytest.importorskip("cupy")
        a = numloom.arange(1 << 20, dtype="f4") + 1
        with cupy.cuda.Stream(non_blocking=True) as stream:  # its work waits for ours
            c = cupy.from_dlpack(a)
            assert c.data.ptr == a.__cuda_array_interface__["data"][0]
            total = c.sum(dtype="f8")
            stream.synchronize()
        n = 1 << 20
        assert float(total) == n * (n + 1) / 2
        theirs = cupy.arange(6.0).reshape(2, 3)
        b = numloom.from_dlpack(theirs)
        assert b.__cuda_array_interface__["data"][0] == theirs.data.ptr
        b *= 2
        assert theirs.get().tolist() == [[0, 2, 4], [6, 8, 10]]

    def test_torch(self):
        torch = pytest.importorskip("torch")
        a = numloom.arange(6.0, dtype="f4") + 1
        t = torch.from_dlpack(a)
        assert t.is_cuda and t.data_ptr() == a.__cuda_array_interface__["data"][0]
        t += 1
        torch.cuda.synchronize()
        assert a.tolist() == [2, 3, 4, 5, 6, 7]
        theirs = torch.arange(1 << 20, device="cuda", dtype=torch.float64)
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):  # ours waits for what is under way there
            for _ in range(20):
                theirs = theirs + 1
            b = numloom.from_dlpack(theirs)
            assert float(b[0]) == 20 and b.__cuda_array_interface__["data"][0] == theirs.data_ptr()
        flags = numloom.from_dlpack(torch.ones(3, device="cuda", dtype=torch.bool))
        assert flags.dtype == "?" and flags.tolist() == [True] * 3
