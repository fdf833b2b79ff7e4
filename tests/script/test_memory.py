"""Out of memory: the right exception, where the value is wanted, and a process that goes on."""

import os

import pytest

pytestmark = pytest.mark.skipif(
    os.environ.get("NUMLOOM_DEVICE") == "cuda", reason="the host's memory; test_devices has the device's"
)

LIMIT = {"NUMLOOM_HOST_LIMIT": str(50 << 20)}


def test_a_result_that_could_never_fit_raises_at_the_call(project):
    project.same(
        """
        import numpy as np
        try:
            np.ones((1 << 30, 1 << 20))
        except MemoryError as e:
            print("MemoryError", e)
        row = np.ones((1, 1 << 22), "float32")
        try:
            row * np.ones((1 << 22, 1), "float32")
        except MemoryError as e:
            print("MemoryError", e)
        print(row.sum())
        """
    )


def test_the_process_goes_on(project):
    out = project.output(
        """
        import numpy as np
        held = [np.full(1 << 20, float(k)) for k in range(4)]   # 32 of 50 MiB
        print([float(h[3]) for h in held])
        a, b, c = (held[0] + k for k in range(1, 4))            # 24 MiB more
        for name in "abc":
            try:
                print(name, float(globals()[name][7]))
            except MemoryError as e:
                print(name, str(e), any("computing add of float64 (1048576,)" in n and "main.py:5" in n for n in e.__notes__),
                      any("in use by arrays" in n for n in e.__notes__))
        print(float(held[3][5]), float((held[2][:1000] * 2).sum()))
        del held[1:]
        print(float(a[7]), float(b[7]), float(c[7]))
        """,
        env=LIMIT,
    )
    lines = out.splitlines()
    assert lines[0] == "[0.0, 1.0, 2.0, 3.0]"
    assert lines[-2:] == ["3.0 4000.0", "1.0 2.0 3.0"]
    failed = [line for line in lines[1:4] if "Unable to allocate" in line]
    assert failed
    for line in failed:
        assert line.endswith("Unable to allocate 8.00 MiB for an array with shape (1048576,) and data type float64 True True"), out


def test_the_error_is_numpys(project):
    """Class and text, whether the call raises or the flush."""
    out = project.output(
        """
        import numpy as np
        from numpy._core._exceptions import _ArrayMemoryError
        x = np.full(10, 2.0)[:1]
        for n in (1_100_000, 2_000_003, 8_000_001, 15_999_999, 131_072_001):
            try:
                print(float((np.broadcast_to(x, n) * 3)[5]))
            except _ArrayMemoryError as e:
                print(str(e) == str(_ArrayMemoryError((n,), np.dtype("f8"))), e)
        """,
        env={"NUMLOOM_HOST_LIMIT": str(9 << 20), "NUMLOOM_DEVICE": "cpu"},
    ).splitlines()
    assert len(out) == 5 and out[0] == "6.0", out
    assert all(line.startswith("True Unable to allocate ") for line in out[1:]), out


def test_a_failed_write_leaves_what_was_there(project):
    out = project.output(
        """
        import numpy as np
        import numloom
        x = np.zeros(1 << 20)
        x[5] = 1
        held = [np.ones(1 << 20) for _ in range(3)]
        numloom.eval(*held)
        x[:] = np.cumsum(x + 1) + np.cumsum(held[0] * 2)        # two temporaries in memory
        try:
            x.sum()
        except MemoryError:
            print("MemoryError")
        try:
            x[0]
        except MemoryError:
            print("MemoryError")
        held.clear()
        print(float(x[0]), float(x[5]), float(x[-1]))
        """,
        env=LIMIT,
    )
    assert out.splitlines() == ["MemoryError", "MemoryError", "3.0 19.0 3145729.0"]


def test_an_export_of_what_fails_raises(project):
    out = project.output(
        """
        import numpy as np
        import numloom
        held = [np.ones(1 << 20) for _ in range(5)]
        numloom.eval(*held)
        a = held[0] + held[1]
        b = held[0] - held[1]
        try:
            memoryview(a), memoryview(b)
        except MemoryError:
            print("MemoryError")
        held[2:] = []
        print(memoryview(a)[3], memoryview(b)[3])
        """,
        env=LIMIT,
    )
    assert out.splitlines() == ["MemoryError", "2.0 0.0"]


def test_a_sequence_read_without_room(project):
    out = project.output(
        """
        import numpy as np
        import numloom
        held = [np.ones(1 << 20) for _ in range(5)]
        numloom.eval(*held)
        values = [0.5] * (2 << 20)
        try:
            np.array(values)
        except MemoryError as e:
            print("MemoryError")
        held.pop(), held.pop()
        print(np.array(values).sum())
        """,
        env=LIMIT,
    )
    assert out.splitlines() == ["MemoryError", "1048576.0"]


def test_what_the_program_keeps_is_given_back(project):
    """Recorded work holds the memory of dead arrays; an allocation that would fail runs it first."""
    out = project.output(
        """
        import numpy as np
        held = [np.ones(1 << 20) for _ in range(3)]
        total = sum(h[0] for h in held)
        s = (held[0] * held[1] * held[2])[::1 << 19] + 1       # 16 bytes of result, 24 MiB of operands
        del held
        big = np.array(np.asarray([1.5] * (4 << 20)))           # 32 MiB, twice
        print(s, big[7])
        """,
        env={"NUMLOOM_HOST_LIMIT": str(68 << 20)},
    )
    assert out.strip() == "[2. 2.] 1.5"


def test_zeros_take_room_only_where_touched(project):
    project.same(
        """
        import resource
        import numpy as np
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        table = np.zeros((3000, 1000, 128))
        table[7, 3, 5] += 2
        table[2999, 999] = 1
        other = np.zeros(table.shape)
        other[5, :3] = table[7, 3]
        print(table[7, 3, 4:7], table[2999, 999].sum(), table[1500, 0].any(), other[5].sum(), other[5, 2, 5])
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10 < 300)
        """
    )


def test_numpy_gets_the_room_that_is_not_in_use(project):
    out = project.output(
        """
        import numpy as np
        from numloom import debug
        x = np.full(1 << 20, 2.0)
        total = float((x * x).sum()) + float(np.sort(np.arange(1 << 17) * 1.0)[5])
        y = x + 1
        y[3] = 0
        print(float(y[5]))
        del y
        before = debug.counters()["host_bytes_cached"]
        print(np.linalg.norm(np.ones((3, 3)), "nuc").round(3))
        print(before >= 8 << 20, debug.counters()["host_bytes_cached"])
        """,
        env={"NUMLOOM_DEVICE": "cpu"},
    )
    assert out.splitlines() == ["3.0", "3.0", "True 0.0"]


def test_zeros_are_zero_where_little_may_be_cached(project):
    out = project.output(
        """
        import numpy as np
        for n in (5_000, 9_000, 12_000, 15_000, 17_000):
            x = np.full(n, 7.0)
            held = float(x[5])
            del x
            x = np.zeros(n)
            print(any(x.tolist()), end=" ")
        """,
        env={"NUMLOOM_HOST_LIMIT": str(1 << 20)},
    )
    assert out.split() == ["False"] * 5
