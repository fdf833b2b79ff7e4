"""A device that is not there, or not as it should be: one clear line or the right exception, and the CPU goes on.

What no machine of the suite has (an old driver, a device without memory) is played by tests/cuda/emulator.
"""

import os
import time
from pathlib import Path

import pytest

from tests import modes

PROGRAM = """
    import numpy as np
    a = np.arange(1000.0)
    for _ in range(5):
        b = np.sqrt(a * a + 1)
    print(round(b.sum(), 6))
"""
RESULT = "499504.63322\n"

NO_DEVICE = {"CUDA_VISIBLE_DEVICES": ""}
emulator = pytest.mark.skipif(modes.EMULATED is None, reason="tests/cuda/emulator is not built")


def emulated(**variables):
    return {**modes.EMULATED[1], **variables}


@pytest.mark.parametrize("way", ["option", "variable"])
def test_no_device(project, way):
    project.write(main=PROGRAM)
    options, env = (["--device=cuda"], {}) if way == "option" else ([], {"NUMLOOM_DEVICE": "cuda"})
    found = project.numloom(*options, "main.py", env={**NO_DEVICE, **env})
    assert (found.returncode, found.stdout) == (1, "")
    assert "the device 'cuda' cannot be used: The NVIDIA driver" in found.stderr
    assert "use 'auto' or 'cpu'" in found.stderr
    assert "Traceback" not in found.stderr


def test_auto_without_a_device_is_the_cpu(project):
    assert project.output(PROGRAM, options=["--device=auto"], env=NO_DEVICE) == RESULT
    project.write(
        main="""
            import numloom as np
            try:
                np.set_device("cuda")
            except RuntimeError as e:
                print(e)
            print(np.device(), np.arange(3).sum())
        """
    )
    found = project.python("main.py", env={**NO_DEVICE, "NUMLOOM_DEVICE": "cpu"})
    assert found.stdout.startswith("the device 'cuda' cannot be used: The NVIDIA driver")
    assert found.stdout.endswith("cpu 3\n")


@emulator
def test_small_parts_are_read_alone(project):
    """What is read of an array on the device, and how much of it comes home for that."""
    program = """
        import io
        import numpy
        import numloom as np
        from numloom import debug
        home = lambda: debug.counters()["bytes_to_host"]
        full = numpy.arange(1200000.0).reshape(1200, 1000) / 7
        a = np.array(full) * 1
        def same(read, real, most):
            before = home()
            assert read(a) == read(real)
            assert 0 < home() - before <= most, home() - before
        same(lambda x: float(x[700, 3]), full, 8)
        same(lambda x: x[5:7, ::250].tolist(), full, 64)
        same(lambda x: x[::100, 4].tolist(), full, 96)
        def saved(np, x):
            file = io.BytesIO()
            np.savez(file, x[::60, ::40], x.T[::500, ::300], x[3])
            return numpy.load(io.BytesIO(file.getvalue()))
        before = home()
        ours, theirs = saved(np, a), saved(numpy, full)
        for name in theirs.files:
            assert ours[name].tobytes() == theirs[name].tobytes() and ours[name].strides == theirs[name].strides
        assert 0 < home() - before < 16000
        # As many reads as the whole costs, and it comes home; a write makes the count begin anew.
        for _ in range(100):
            a[0, 1:3].tolist()
        before = home()
        assert a[9, 9:11].tolist() == full[9, 9:11].tolist() and home() == before
        a += 1
        same(lambda x: x[0, 7:9].tolist(), full + 1, 16)
        b = a[0]
        b[1] = 5
        assert a[0, 1] == 5
    """
    project.write(main=program)
    found = project.python("main.py", env=emulated())
    assert found.returncode == 0, found.stderr


@emulator
def test_large_kernels_compiled_before_are_not_interpreted(project):
    program = """
        import numpy as np
        from numloom import debug
        a = np.arange(9000000.0)
        b = (a * 3 + 1).sum()
        counters = debug.counters()
        print(b, int(counters["interpreted"]), int(counters["compiled"]), int(counters["jit_queued"]))
    """
    cache = {"NUMLOOM_CACHE_DIR": str(project.folder / "cache")}
    sums = [
        project.output(program, options=["--device=cuda"], env=emulated(NUMLOOM_JIT=jit, **cache)).split()
        for jit in ("0", "sync", "1")
    ]
    assert sums[0][0] == sums[1][0] == sums[2][0]
    assert sums[0][2] == "0" and sums[1][1] == "0"
    assert sums[2][1:] == ["0", sums[1][2], "0"]


@emulator
def test_the_device_starts_while_the_program_imports(project):
    """With products and without, across a fork, and where the program is over at once."""
    assert project.output("pass", options=["--device=cuda"], env=emulated()) == ""
    program = """
        import os
        import numpy as np
        a = np.ones((8, 8))
        child = os.fork()
        if not child:
            os._exit(int(np.ones(3).sum()))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), (a @ a).sum())
    """
    assert project.output(program, options=["--device=cuda"], env=emulated()) == "3 512.0\n"


@emulator
@pytest.mark.parametrize("jit, asked", [("0", ""), ("1", "NVRTC is asked\n")])
def test_the_compiler_is_opened_early_where_kernels_are_compiled(project, jit, asked):
    project.write(main="pass")
    found = project.numloom("--device=cuda", "main.py", env=emulated(NUMLOOM_JIT=jit, EMULATOR_NVRTC_TELLS="1"))
    assert (found.returncode, found.stderr) == (0, asked)


@emulator
@pytest.mark.parametrize("kib, interpreter", [(16, "interp8"), (48, "stream8"), (64, "stream8"), (100, "stream8")])
def test_little_shared_memory(project, kib, interpreter):
    """As many warps to a block as fit (of 48 KiB not four), and the other interpreter where not even one does."""
    program = """
        import numpy as np
        from numloom import debug
        a = np.random.default_rng(1).random((8, 1424))
        values = [a[i % 4 : i % 4 + 4 : 2, i : i + 1400 : 2] for i in range(24)]
        with debug.watching():
            products = [values[i] * values[(7 * i + 5) % 24] for i in range(24)]
            total = products[0]
            for p in products[1:]:
                total = total + p
            print(total.tobytes().hex())
        print([code.split(",")[0].split("_")[0] for code in debug.bytecode()][:1])
        """
    expected = project.output(program, env={"NUMLOOM_DEVICE": "cpu"}).split()[0]
    assert project.output(program, env=emulated(EMULATOR_SHARED_KIB=str(kib))).split() == [expected, f"['{interpreter}']"]



@emulator
def test_an_old_driver(project):
    project.write(main=PROGRAM)
    found = project.numloom("main.py", env=emulated(EMULATOR_DRIVER="11040"))
    assert found.returncode == 1
    assert "The NVIDIA driver is too old: it supports CUDA 11.4. Install one of CUDA 12 or newer." in found.stderr
    found = project.numloom("--device=auto", "main.py", env=emulated(EMULATOR_DRIVER="11040"))
    assert (found.returncode, found.stdout) == (0, RESULT), found.stderr


@emulator
@pytest.mark.parametrize("variables", [{"EMULATOR_NVRTC_FAILS": "1"}, {"NUMLOOM_JIT": "0"}])
def test_without_a_compiler_the_interpreter_serves(project, variables):
    assert project.output(PROGRAM, env=emulated(**{"NUMLOOM_JIT": "sync", **variables})) == RESULT


@emulator
def test_ctrl_c_while_a_kernel_is_compiled(project, tmp_path):
    """The compiler's own handler, which would end the process, is in another process."""
    program = """
        import os, signal
        import numpy as np
        signal.signal(signal.SIGINT, signal.default_int_handler)
        a = np.arange(100_000.0)
        os.environ["EMULATOR_NVRTC_INTERRUPTS"] = str(os.getpid())
        try:
            print((np.sin(a) * a).sum())
        except KeyboardInterrupt:
            print("interrupted", signal.getsignal(signal.SIGINT) is signal.default_int_handler)
        print((a + 1).sum())
    """
    env = emulated(NUMLOOM_JIT="sync", NUMLOOM_CACHE_DIR=str(tmp_path / "cache"))
    assert project.output(program, env=env) == "interrupted True\n5000050000.0\n"


@emulator
def test_no_program_waits_for_compiles_and_none_is_lost(project, tmp_path):
    """A program ends while its kernels are being compiled: nothing of it is held by who compiles, nor would it have met a child that
    it did not make. What had begun is finished and kept."""
    program = """
        import os, signal
        import numpy as np
        signal.signal(signal.SIGCHLD, lambda *_: print("a child ended"))
        a = np.arange(100_000.0)
        for _ in range(10):
            b = (np.sin(a) * a).sum()
            print(b == 1, end=" ")
        try:
            os.wait()
        except ChildProcessError:
            print("no child")
        from numloom import debug
        print(int(debug.counters()["jit_queued"]) > 0, int(debug.counters()["jit_compiled"]))
    """
    gate, cache = tmp_path / "gate", tmp_path / "cache"
    env = emulated(NUMLOOM_JIT="1", NUMLOOM_CACHE_DIR=str(cache), EMULATOR_NVRTC_WAITS=str(gate))
    assert project.output(program, env=env) == "False " * 10 + "no child\nTrue 0\n"
    assert not list(cache.glob("*.cubin"))
    gate.touch()
    deadline = time.monotonic() + 100
    while not list(cache.glob("*.cubin")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(cache.glob("*.cubin"))


@emulator
def test_a_compiler_that_dies_leaves_the_interpreter(project, tmp_path):
    program = """
        import os, signal
        import numpy as np
        a = np.arange(100_000.0)
        print((np.sin(a) * a).sum())
        from numloom import debug
        counters = debug.counters()
        print(int(counters.get("jit_failed", -1)), int(counters.get("jit_compiled", -1)))
    """
    env = emulated(NUMLOOM_JIT="sync", NUMLOOM_CACHE_DIR=str(tmp_path / "cache"), EMULATOR_NVRTC_DIES="1")
    alone, counts = project.output(program, env=env).splitlines()
    assert alone == project.output(program, env={"NUMLOOM_DEVICE": "cpu"}).splitlines()[0]
    assert int(counts.split()[0]) > 0 and counts.split()[1] == "0"


@emulator
def test_out_of_device_memory(project):
    out = project.output(
        """
        import numpy as np
        a = np.ones(1000)
        try:
            b = np.ones((4000, 1000)) + a
            print(b[0, 0])
        except MemoryError as e:
            print(str(e), any("pool" in note for note in e.__notes__))
        print((a + 1).sum())
        """,
        env=emulated(EMULATOR_MEMORY=str(4 << 20)),
    )
    assert out == (
        "Unable to allocate 30.5 MiB for an array with shape (4000, 1000) and data type float64 on the device True\n2000.0\n"
    )


@emulator
@pytest.mark.parametrize("damage", ["truncated", "garbage", "empty"])
def test_damaged_cache_entries_are_made_anew(project, tmp_path, damage):
    cache = tmp_path / "cache"
    env = emulated(NUMLOOM_JIT="sync", NUMLOOM_CACHE_DIR=str(cache))
    assert project.output(PROGRAM, env=env) == RESULT
    entries = sorted(cache.glob("*.cubin"))
    assert entries and cache.stat().st_mode & 0o777 == 0o700
    whole = [entry.read_bytes() for entry in entries]
    for entry, data in zip(entries, whole, strict=True):
        entry.write_bytes({"truncated": data[:-7], "garbage": bytes(len(data)), "empty": b""}[damage])
    assert project.output(PROGRAM, env=env) == RESULT
    assert [len(entry.read_bytes()) for entry in entries] == [len(data) for data in whole]


@emulator
@pytest.mark.parametrize("folder", ["shared", "foreign", "file", "missing parent"])
def test_unusable_cache_folders_are_left_alone(project, tmp_path, folder):
    cache = tmp_path / "cache"
    if folder == "file":
        cache.write_text("")
    elif folder == "missing parent":
        (tmp_path / "parent").write_text("")
        cache = tmp_path / "parent" / "cache"
    else:
        cache.mkdir(mode=0o700)
        if folder == "shared":
            cache.chmod(0o777)
        elif os.geteuid():
            pytest.skip("giving a folder away needs root")
        else:
            os.chown(cache, 12345, 12345)
    assert project.output(PROGRAM, env=emulated(NUMLOOM_JIT="sync", NUMLOOM_CACHE_DIR=str(cache))) == RESULT
    assert not cache.is_dir() or not list(Path(cache).iterdir())


@emulator
@pytest.mark.parametrize("home", ["mine", "a link", "missing", "foreign"])
def test_the_cache_is_in_a_home_that_is_there_and_ours(project, tmp_path, home):
    folder = tmp_path / "home"
    if home != "missing":
        folder.mkdir()
    if home == "a link":
        folder = tmp_path / "link"
        folder.symlink_to(tmp_path / "home")
    if home == "foreign":
        if os.geteuid():
            pytest.skip("giving a folder away needs root")
        os.chown(folder, 12345, 12345)
    assert project.output(PROGRAM, env=emulated(NUMLOOM_JIT="sync", HOME=str(folder), XDG_CACHE_HOME="")) == RESULT
    assert bool(list(folder.glob(".cache/numloom/*.cubin"))) == (home in ("mine", "a link"))
    assert folder.exists() == (home != "missing")
