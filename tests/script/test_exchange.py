"""The CUDA array interface, both ways; on the GPU, or on the emulated one, where device memory is the host's."""

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
        import ctypes

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
