"""`--verify`: each flush is computed again by NumPy."""

# Scans and products are rounded: CUDA adds in another order (docs/differences.md).
PROGRAM = """
    import numpy as np
    x = np.linspace(0, 1, 100000)
    y = np.sqrt(x * x + 1)
    y[1:-1] += 0.5 * (x[2:] - x[:-2])
    i = (np.arange(100000) * 7) % 100000
    z = y[i]
    z[i] = x
    w = np.where(z > 0.5, z, y).astype("f4")
    print(z.sum(), w.max(), round(np.cumsum(y)[-1], 6), y.argmax(), round((y.reshape(100, 1000) @ x.reshape(1000, 100)).mean(), 6))
    print(y.reshape(100, 1000).std(axis=1)[:3], np.exp(1j * x)[:2], np.divmod(i, 9)[1].sum(), (i < np.uint64(5)).sum())
    print(np.percentile(y, [5, 50]), np.median(i), np.bincount(i % 7), np.flatnonzero(z > 0.9)[:3])
"""


def test_agreement(project):
    found = project.same(PROGRAM, options=["--verify"])
    assert "no difference from NumPy" in found.stderr
    assert int(found.stderr.split("numloom --verify: ")[1].split()[0]) > 3


def test_the_first_difference_is_named_with_its_line(project):
    project.write(
        main="""
            import numpy as np
            from numloom._report import verify
            verify._COMPOSED["sqrt"] = lambda a: a * 2  # what "NumPy" computes from here on
            x = np.arange(100000.0)
            y = x + 1
            z = np.sqrt(y)
            print(z[5])
        """
    )
    found = project.numloom("main.py", env={"NUMLOOM_VERIFY": "1"})
    assert found.returncode == 0, found.stderr
    assert f"{project.folder / 'main.py'}:7: sqrt (float64, shape (100000,)) differs from NumPy" in found.stderr
    assert "1 differ" in found.stderr


def test_signal_handlers_compute_meanwhile(project):
    found = project.same(
        """
        import signal
        import numpy as np
        x = np.arange(300000.0)
        turns = []

        def handler(*_):
            turns.append(float((x * 2 + 1)[5] + np.cumsum(x)[3]))
            signal.setitimer(signal.ITIMER_REAL, 0.003 if len(turns) < 50 else 0)

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.003)
        y = x
        while len(turns) < 50:
            y = np.sqrt(y * y + 0.0)
            assert y.sum() > 0
        print(set(turns), y[7])
        """,
        options=["--verify"],
    )
    assert "no difference from NumPy" in found.stderr and "Error" not in found.stderr
