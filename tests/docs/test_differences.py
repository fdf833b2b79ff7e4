"""Each line of docs/differences.md is true: a test named after its id holds it."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numloom
import numpy
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "differences.md"


def listed():
    return re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text(), flags=re.M)


def run(code, *options):
    """The standard output of `code` as a script under Numloom."""
    done = subprocess.run(
        [sys.executable, "-m", "numloom", *options, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def cuda():
    try:
        before = numloom.device()
        numloom.set_device("cuda")
        numloom.set_device(before)
    except RuntimeError:
        return False
    return True


cpu_only = pytest.mark.skipif(numloom.device() == "cuda", reason="about the host's memory, or warnings, which CUDA does not give")
needs_cuda = pytest.mark.skipif(not cuda(), reason="no CUDA device")


def ulps(a, b):
    """The distance of two arrays of positive doubles in units in the last place."""
    return int(numpy.abs(a.view("i8") - b.view("i8")).max())


def test_every_line_has_a_test():
    tests = {name[len("test_") :].replace("_", "-") for name in globals() if name.startswith("test_")}
    assert listed()
    assert not [name for name in listed() if name not in tests]
    assert not tests - set(listed()) - {"every-line-has-a-test"}


def test_complex_products():
    source = numpy.random.default_rng(0)
    a, b = (source.normal(size=1000) + 1j * source.normal(size=1000) for _ in range(2))
    for name, operands in (("multiply", (a, b)), ("square", (a,)), ("absolute", (a,))):
        theirs = getattr(numpy, name)(*operands)
        ours = numloom.asnumpy(getattr(numloom, name)(*map(numloom.array, operands)))
        assert numpy.abs((ours - theirs) / theirs).max() < 4 * numpy.finfo(float).eps
    product = numloom.asnumpy(numloom.array(a) * numloom.array(b))
    assert (product.real == a.real * b.real - a.imag * b.imag).all()
    assert (product != a * b).any()


def test_bytes_of_bools():
    for np, count in ((numpy, 100000), (numloom, 300000)):
        a = np.ones(100000, bool)
        b = a.view(np.uint8)
        b *= 3
        assert int(a.sum()) == count


@cpu_only
def test_pending_integers(recwarn):
    known = numloom.array([2**62])[0]
    pending = numloom.full(100000, 2**62 // 100000).sum() + (2**62 % 100000)
    assert int(pending * 4) == 0 and not recwarn.list
    assert int(known * 4) == 0 and "scalar multiply" in str(recwarn.list[0].message)


def test_product_order():
    # NumPy: 0 * 1 * 2 ... stays 0; in pairs the rest overflows on its own.
    source = numpy.arange(130, dtype="float32")
    with numpy.errstate(all="ignore"):
        assert numpy.prod(source) == 0
        assert numpy.isnan(numloom.asnumpy(numloom.prod(numloom.array(source))))
    few = numpy.linspace(0.5, 1.5, 100)
    assert abs(float(numloom.prod(numloom.array(few))) / numpy.prod(few) - 1) < 1e-13


def test_index_columns():
    source = numpy.ones((3, 4))
    assert numpy.nonzero(source)[0].strides == (16,)
    assert numloom.nonzero(numloom.array(source))[0].strides == (8,)


def test_scalar_slots():
    # What NumPy gives without us it still gives; what it would ask us for comes at once, and is the same.
    code = """
        import numpy, sys
        before = [type(s + o) for s in (numpy.float64(2), numpy.int8(3)) for o in (1, 1.5, numpy.float32(1), numpy.ones(2), [1, 2])]
        import numloom
        after = [type(s + o) for s in (numpy.float64(2), numpy.int8(3)) for o in (1, 1.5, numpy.float32(1), numpy.ones(2), [1, 2])]
        assert before == after
        a = numloom.arange(3)
        direct, way_round = numpy.float32(2) * a, numpy.multiply(numpy.float32(2), a)
        assert type(direct) is type(way_round) is numloom.ndarray and direct.dtype == way_round.dtype
        assert direct.tolist() == way_round.tolist() and (numpy.int8(1) < a).tolist() == [False, False, True]
        print("same")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert done.stdout == "same\n", done.stderr


def test_scalars_are_arrays():
    total = numloom.arange(10.0).sum()
    assert isinstance(total, numloom.ndarray) and total.shape == ()
    assert not isinstance(total, numpy.float64)
    assert hash(total) == hash(45.0)
    with pytest.raises((TypeError, ValueError)):
        total[()] = 1.0
    before = total
    total += 1
    assert (float(before), float(total)) == (45.0, 46.0)
    assert run("import numpy as np; print(type(np.arange(10.0).sum()) is np.float64)") == "True"


def test_not_a_subclass():
    a = numloom.arange(3.0)
    assert type(a) is numloom.ndarray
    assert not issubclass(numloom.ndarray, numpy.ndarray)
    view = numpy.asarray(a)
    view[0] = 7.0
    assert float(a[0]) == 7.0


def test_last_bits():
    x = numpy.random.default_rng(1).uniform(0.1, 3.0, 100_000)
    differ = 0
    for name in ("exp", "log1p", "tanh", "cosh", "expm1", "arctan", "cbrt"):
        ours = numpy.array(getattr(numloom, name)(numloom.array(x)))
        theirs = getattr(numpy, name)(x)
        assert ulps(ours, theirs) <= 8, name  # each within 4 of the truth
        differ += not numpy.array_equal(ours, theirs)
    assert differ


def test_strided_sums():
    x = numpy.random.default_rng(1).random((4099, 37))
    ours, theirs = numpy.array(numloom.array(x).sum(axis=0)), x.sum(axis=0)
    assert not numpy.array_equal(ours, theirs)
    assert numpy.allclose(ours, theirs, rtol=1e-12)
    # Ours is what NumPy gives for each column laid out contiguously.
    assert numpy.array_equal(ours, numpy.array([numpy.ascontiguousarray(x[:, j]).sum() for j in range(37)]))


def test_matrix_products():
    rng = numpy.random.default_rng(1)
    a, b = rng.random((300, 1000)), rng.random((1000, 200))
    ours = numpy.array(numloom.array(a) @ numloom.array(b))
    assert numpy.allclose(ours, a @ b, rtol=1e-12)


def test_out_of_range_casts():
    x = numpy.array([-1.0, 3e9, -3e9, 1e20])
    with numpy.errstate(all="ignore"):
        ours = numpy.array(numloom.array(x).astype("u4"))
        # A strided view takes NumPy's scalar loop.
        theirs = numpy.repeat(x, 2)[::2].astype("u4")
    assert ours.dtype == theirs.dtype
    assert numpy.array_equal(ours, theirs)


def test_unread_warnings():
    code = """
        import warnings
        import numpy as np
        warnings.simplefilter("always")
        with warnings.catch_warnings(record=True) as seen:
            x = np.zeros(1_000_000)
            y = 1.0 / x
            del y
        print(len(seen))
        with warnings.catch_warnings(record=True) as seen:
            y = 1.0 / x
            y[0]
        print(len(seen))
    """
    unread, read = run(code, "--device", "cpu").split()
    assert (int(unread), int(read)) == (0, 1)


@cpu_only
def test_late_memory_errors(monkeypatch):
    monkeypatch.setenv("NUMLOOM_HOST_LIMIT", str(20 << 20))
    out = run(
        """
        import numpy as np
        a = np.ones(1 << 20)
        held = np.ones(1 << 20)
        print(float(a[0] + held[0]))
        b = a + held
        print("recorded")
        try:
            b[0]
        except MemoryError as e:
            print(any("computing add" in note and "<string>:6" in note for note in e.__notes__))
        try:
            np.ones(1 << 40)
        except MemoryError:
            print("at the call")
        """
    )
    assert out.splitlines() == ["2.0", "recorded", "True", "at the call"]


@needs_cuda
def test_cuda_warnings():
    code = """
        import warnings
        import numpy as np
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            y = 1.0 / np.zeros(1_000_000)
            y[0]
        print(len(seen))
        try:
            with np.errstate(divide="raise"):
                y = 1.0 / np.zeros(1_000_000)
                y[0]
        except FloatingPointError:
            print("raised")
    """
    assert run(code, "--device", "cuda").split() == ["0", "raised"]


@needs_cuda
def test_cuda_scans():
    code = """
        import itertools
        import numpy as np
        x = np.random.default_rng(1).random(1_000_001)
        def difference(x):
            return np.cumsum(x)[-1] - list(itertools.accumulate(x.tolist()))[-1]
        print(difference(x), difference(x[:8192]))
    """
    long, short = map(float, run(code, "--device", "cuda").split())
    assert 0 < abs(long) < 1e-6
    assert short == 0


@needs_cuda
def test_device_capsules():
    before = numloom.device()
    numloom.set_device("cuda")
    try:
        a = numloom.arange(5.0) + 1
        assert a.__dlpack_device__() == (2, 0)
        with pytest.raises((RuntimeError, BufferError), match="Unsupported device"):  # the latter since NumPy 2.5
            numpy.from_dlpack(a)
        assert numpy.asarray(a).tolist() == [1, 2, 3, 4, 5]
    finally:
        numloom.set_device(before)
    # NumPy's arrays are on the host, so those of a script are, too.
    assert run("import numpy as np; print((np.arange(5.0) + 1).__dlpack_device__() == (1, 0))", "--device", "cuda") == "True"


@needs_cuda
def test_device_arrays_after_fork():
    code = """
        import os
        import numpy as np
        x = np.ones(1_000_000) * 2
        y = np.ones(200_000_000) * 2
        child = os.fork()
        if child == 0:
            assert x.sum() == 2_000_000
            try:
                y[0]
                os._exit(1)
            except RuntimeError:
                os._exit(0)
        print(os.waitpid(child, 0)[1])
    """
    assert run(code, "--device", "cuda") == "0"


def test_two_array_classes():
    code = """
        import sys
        import numpy as np
        for x in np.zeros(2, object), sys.modules["numpy"].zeros(2):
            print(type(x) is np.ndarray, type(x) == np.ndarray, isinstance(x, np.ndarray), hash(type(x)) == hash(np.ndarray))
    """
    assert run(code) == "\n".join(["False True True True"] * 2)


def test_class_of_an_instance():
    code = """
        import sys
        import numpy as np
        x = np.zeros(2)
        print(x.__class__ is np.ndarray, x.__class__ == np.ndarray, x.__class__ is sys.modules["numpy"].ndarray)
    """
    assert run(code) == "False True True"


def test_functions_are_equal():
    code = """
        import pickle
        import numpy as np
        add = pickle.loads(pickle.dumps(__import__("sys").modules["numpy"].add))
        print(add is np.add, add == np.add, {np.add: 1}[add])
    """
    assert run(code) == "False True 1"


def test_dtype_in_place():
    a = numloom.zeros(4)
    with pytest.raises(TypeError):
        a.dtype = [("x", "f4"), ("y", "f4")]
    assert a.view([("x", "f4"), ("y", "f4")]).shape == (4,)


def test_writeable_broadcasts(recwarn):
    a, _ = numloom.broadcast_arrays(numloom.arange(3.0), numloom.ones((2, 1)))
    a[0, 1] = 7
    assert a.tolist() == [[0, 7, 2], [0, 7, 2]]
    a.flags._warn_on_write = True
    a[0, 1] = 8
    assert not recwarn.list


def test_aligned_flag():
    seen = []
    for np in (numpy, numloom):
        a = np.zeros(3)
        a.flags.aligned = False
        seen.append(a.flags.aligned)
    assert seen == [False, True]


def test_unique_values_sorted():
    source = numpy.array([7, 1, 300, 1, -5, 7, 12])
    values = numloom.unique_values(numloom.asarray(source))
    assert values.tolist() == sorted(set(source.tolist()))
    # The difference is gone when NumPy sorts them, too, as it did before 2.3.
    assert numpy.lib.NumpyVersion(numpy.__version__) < "2.3.0" or numpy.unique_values(source).tolist() != values.tolist()
