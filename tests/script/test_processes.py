"""multiprocessing: children that are forked and children that start afresh are in script mode, too."""

import os

import pytest

POOL = """
    import sys
    import multiprocessing
    import numpy as np

    IS_OURS = type(np.ones(1)) is np.ndarray and np is not sys.modules["numpy"]

    def work(i):
        a = np.arange(1000.0) * i
        return i, float(a.sum()), IS_OURS, a[:2]

    if __name__ == "__main__":
        before = np.ones(1000) * 3
        with multiprocessing.get_context("{method}").Pool(2) as pool:
            for i, total, ours, head in pool.map(work, range(4)):
                print(i, total, ours, head, (head + 1).sum(), before.sum())
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools(project, method):
    shown = project.output(POOL.replace("{method}", method)).splitlines()
    assert [line.split()[2] for line in shown] == ["True"] * 4
    assert [float(line.split()[1]) for line in shown] == [499500.0 * i for i in range(4)]


def test_children_of_a_module(project):
    project.write(pkg__tool=POOL.replace("{method}", "spawn"))
    (project.folder / "pkg" / "__init__.py").touch()
    found = project.numloom("-m", "pkg.tool")
    assert found.returncode == 0, found.stderr
    assert found.stdout.count(" True ") == 4


def test_options_reach_the_children(project):
    project.write(
        main="""
            import multiprocessing, numpy as np
            def work(i):
                try:
                    np.sort(np.ones(3))
                except RuntimeError as e:
                    return type(e).__name__
            if __name__ == "__main__":
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    print(pool.map(work, [1]))
        """
    )
    assert project.numloom("--fallback", "error", "main.py").stdout == "['FallbackError']\n"


def test_process_pool_executor_and_shared_memory(project):
    project.same(
        """
        import numpy as np
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context, shared_memory

        def fill(name):
            block = shared_memory.SharedMemory(name=name)
            a = np.ndarray((4,), dtype="f8", buffer=block.buf)
            a[:] = np.arange(4) * 2
            del a
            block.close()

        if __name__ == "__main__":
            block = shared_memory.SharedMemory(create=True, size=32)
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                pool.submit(fill, block.name).result()
            a = np.ndarray((4,), dtype="f8", buffer=block.buf)
            print(a.copy())
            del a
            block.close()
            block.unlink()
        """
    )


def test_os_fork(project):
    project.same(
        """
        import os, sys, numpy as np
        a = np.arange(10000.0) * 2
        b = a + 1
        sys.stdout.flush()
        if os.fork() == 0:
            print((b * 2).sum(), flush=True)
            os._exit(0)
        os.wait()
        print(b.sum())
        """
    )


def test_fork_while_other_threads_compute(project):
    project.same(
        """
        import os, sys, threading, numpy as np
        stop = False
        def work(k):
            x = np.full(200_000, float(k))
            while not stop:
                x = np.sqrt(x * x + 1) - np.exp(-x)
                x.sum()
        threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
        for t in threads: t.start()
        a = np.arange(100_000.0)
        codes = []
        for turn in range(15):
            b = a * turn
            child = os.fork()
            if child == 0:
                os._exit(int((b + np.ones(100_000)).sum() != 4999950000 * turn + 100_000))
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stop = True
        for t in threads: t.join()
        print(codes, b[:3])
        """
    )


@pytest.mark.skipif(os.environ.get("NUMLOOM_DEVICE") != "cuda", reason="only kernels for CUDA are compiled in the background")
@pytest.mark.parametrize("way", ["", "sys.exit(0)", "threading.Thread(target=work).start()"])
def test_exit_while_a_kernel_is_compiled(project, tmp_path, way):
    project.write(
        main=f"""
            import sys, threading, numpy as np
            def work():
                for i in range(10):
                    x = np.sqrt(np.arange(1000.0) + i).sum()
                print(x > 0)
            work()
            {way}
        """
    )
    found = project.numloom("main.py", env={"NUMLOOM_CACHE_DIR": str(tmp_path / "cache")}, timeout=60)
    assert found.returncode == 0 and set(found.stdout.split()) == {"True"}, found.stderr


def test_workers_of_pytest(project):
    """pytest -n starts its workers through execnet."""
    pytest.importorskip("xdist")
    project.write(
        test_it="""
            import os, sys
            import numpy as np

            def test_ours():
                assert np is not sys.modules["numpy"] and type(np.ones(1)) is np.ndarray
                assert os.environ["PYTEST_XDIST_WORKER"]
        """
    )
    found = project.numloom("-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "test_it.py")
    assert "1 passed" in found.stdout, found.stdout + found.stderr
