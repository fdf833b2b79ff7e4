"""What programs do with arrays besides computing: text formats, views, C libraries, errors, warnings, pickles, threads."""

import os
import signal
import time

import pytest


def test_scalars_are_numpys(project):
    project.same(
        """
        import json, sqlite3, math
        import numpy as np
        a = np.arange(10.0)
        m = a.mean()
        print(json.dumps({"mean": m, "first": a[3], "list": a.tolist()}), type(m), type(a[0]), isinstance(m, float))
        db = sqlite3.connect(":memory:")
        print(db.execute("select ? + 1", (m,)).fetchone(), math.floor(m), f"{m:.2f}", round(m), hash(m) == hash(4.5))
        print({a[1]: "one"}[1.0], [10, 20, 30][np.arange(3)[1]], "%d" % a[2], np.float64(3) == a[3])
        """
    )


def test_a_view_of_numpys_stays_alive_across_a_loop(project):
    project.write(memoryview_holder="def hold(a): return memoryview(a)")
    project.same(
        """
        import numpy as np
        import memoryview_holder
        a = np.zeros(1000)
        held = memoryview_holder.hold(a)
        for i in range(50):
            a += 1
            a[i] = -held[i]
            held[999] = i
        print(a[:5], a[999], held[:3].tolist(), a.sum())
        """
    )


def test_a_library_keeps_a_view(project):
    project.same(
        """
        import sys, numpy as np
        real = sys.modules["numpy"]
        a = np.zeros((50, 50))
        view = real.asarray(a)
        b = a[1:]
        for i in range(20):
            b[i] += i
            view[0, i] = 7
            a[:, 0] = a[0].sum()
        print(real.array_equal(view, a), view.sum(), a[0, :3])
        """
    )


def test_c_code_writes_into_an_array(project):
    project.same(
        """
        import ctypes, numpy as np
        a = np.zeros(8)
        b = a[2:6]
        ctypes.memset(b.ctypes.data, 0xFF, 8)
        pointer = b.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        pointer[1] = 2.5
        a += 0
        pointer[2] = 3.5
        print(a, b.ctypes.strides[0], b.ctypes.shape[0])
        buffer = (ctypes.c_double * 4)(1, 2, 3, 4)
        c = np.frombuffer(buffer)
        buffer[0] = 9
        c[1] = 8
        print(c, list(buffer))
        """
    )


def test_errors_are_raised_once_and_where_they_are_made(project):
    project.same(
        """
        import numpy as np
        a = np.arange(10)
        def attempt(f):
            try:
                print(f())
            except Exception as e:
                print(type(e).__mro__[:2], e)
        idx = np.array([1, 20])
        def assign(): a[idx] = 5
        attempt(lambda: a[idx]); attempt(assign); print(a)
        attempt(lambda: a[10]); attempt(lambda: a[1, 2]); attempt(lambda: a + np.ones(3)); attempt(lambda: a.reshape(3, 4))
        attempt(lambda: np.ones(3) @ np.ones(4)); attempt(lambda: np.array([]).max()); attempt(lambda: a[1.5])
        attempt(lambda: np.ones((2, 2)) ** "x"); attempt(lambda: np.linalg.inv(np.zeros((2, 2)))); attempt(lambda: a ** -1)
        attempt(lambda: np.sum(a, axis=3)); attempt(lambda: np.stack([a, a[1:]])); attempt(lambda: bool(a))
        attempt(lambda: np.arange(3, dtype="i1").astype("S", casting="safe")); attempt(lambda: np.zeros(-1))
        try:
            a[idx]
        except IndexError:
            print("caught")
        """
    )


WARNS = pytest.mark.skipif(os.environ.get("NUMLOOM_DEVICE") == "cuda", reason="docs/differences.md: CUDA does not warn")


@WARNS
def test_warnings_have_their_lines(project):
    project.same(
        """
        import numpy as np
        a = np.array([1.0, 0.0, -1.0])

        b = a / 0

        c = np.log(a)
        d = np.sqrt(a)
        print(b, c, d)
        np.mean(np.array([]))
        np.polyfit([1.0, 1.0], [1.0, 2.0], 3)
        """,
        stderr=True,
    )


def test_errstate_and_warning_filters(project):
    project.same(
        """
        import numpy as np, warnings
        a = np.array([1.0, 0.0])
        with np.errstate(divide="ignore"):
            print(1 / a)
        try:
            with np.errstate(all="raise"):
                print(1 / a)
        except FloatingPointError as e:
            print(e)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                print(1 / a)
            except RuntimeWarning as e:
                print("caught", e)
            for use in lambda x: 1 / x, np.log, lambda x: x.__itruediv__(0), lambda x: (x / x).sum():
                try:
                    use(np.zeros(100000))
                    print("not raised at the call")
                except RuntimeWarning as e:
                    print("caught", e)
        log = []
        with np.errstate(divide="call", call=lambda *args: log.append(args)):
            1 / a
        print(log)
        old = np.seterr(divide="ignore")
        print(old, 1 / a, np.geterr()["divide"])
        """
    )


@WARNS
def test_recorded_warnings(project):
    project.same(
        """
        import numpy as np, warnings
        a = np.array([1.0, 0.0])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            x = 1 / a
            y = np.log(a)
            z = 1 / np.zeros(100000)
        print([str(w.message) for w in caught], [w.lineno for w in caught])
        """
    )


def test_object_structured_text_and_dates(project):
    project.same(
        """
        import numpy as np
        o = np.array([1, "a", None], dtype=object)
        print(o, o.dtype, [type(x).__name__ for x in o], np.append(o, [2]))
        s = np.zeros(3, dtype=[("x", "f8"), ("n", "i4"), ("name", "U4")])
        s["x"] = np.arange(3) * 0.5
        s[1] = (9, 8, "abc")
        print(s, s["x"].sum(), np.sort(s, order="x")["n"], s.dtype.names, s[1]["name"])
        r = s.view(np.recarray)
        print(r.x + 1, type(r).__name__)
        t = np.array(["b", "aa"])
        print(np.sort(t), np.char.upper(t), t == "b", np.strings.str_len(t))
        d = np.array(["2020-01-01", "2020-02-01"], dtype="datetime64[D]")
        print(np.diff(d), d + np.arange(2), np.arange(3).astype("m8[D]"), d.astype("M8[M]"))
        big = np.arange(3, dtype=">f8")
        print(big + 1, (big + 1).dtype, np.longdouble(1) / 3 > 0, np.ones(2, dtype=np.longdouble).sum())
        """
    )


def test_masked_arrays(project):
    project.same(
        """
        import numpy as np
        a = np.arange(6.0)
        m = np.ma.masked_where(a > 3, a)
        print(m, m.mean(), (m + a).sum(), np.ma.median(m), m.filled(-1), type(m).__name__)
        n = np.ma.array(a, mask=[0, 1, 0, 0, 0, 1], copy=False)
        n[0] = 50
        print(a[0], n, np.sqrt(n), np.ma.getmaskarray(n), np.sum(n), np.mean(m))
        """
    )


def test_memmap_and_files(project):
    project.same(
        """
        import io, os, numpy as np
        f = np.memmap("m.bin", dtype="f8", mode="w+", shape=(4,))
        f[:] = np.arange(4) * 2
        f.flush()
        del f
        g = np.memmap("m.bin", dtype="f8", mode="r")
        print(np.sum(g), (g + np.ones(4)).tolist(), isinstance(g, np.ndarray), np.fromfile("m.bin"))
        np.save("a.npy", np.eye(2)); np.savez("b.npz", x=np.arange(3), y=np.ones(2)); np.savez_compressed("c.npz", np.ones(1))
        print(np.load("a.npy"), type(np.load("a.npy")) is np.ndarray)
        with np.load("b.npz") as archive:
            print(sorted(archive.files), archive["x"] + archive["y"][0], type(archive["x"]) is np.ndarray, "x" in archive)
        np.savetxt("t.txt", np.arange(4).reshape(2, 2), fmt="%d"); print(open("t.txt").read(), np.loadtxt("t.txt"))
        print(np.genfromtxt(io.StringIO("1,2\\n3,4"), delimiter=","), np.fromstring("1 2", sep=" "))
        a = np.arange(3.0); a.tofile("d.bin"); print(os.path.getsize("d.bin"), a.tobytes() == open("d.bin", "rb").read())
        print(np.array2string(a, precision=2), repr(np.arange(2000)), str(np.eye(2)), f"{a}", np.array_repr(a))
        with np.printoptions(precision=1): print(np.array([1.23456]))
        """
    )


def test_pickles_of_functions_and_generators_are_numpys(project):
    write = """
        import pickle, copy, numpy as np
        made = [np.mean, np.add, np.ma.sum, np.random.default_rng(3), np.random.RandomState(3), np.vectorize(abs), np.random.PCG64]
        made[3].normal(), made[4].normal()
        for value in made:
            text = pickle.dumps(value)
            assert b"numloom" not in text
            again = pickle.loads(text)
            assert type(again) is type(value)
            if value in (np.mean, np.add, np.random.PCG64) or value is np.ma.sum and np.lib.NumpyVersion(np.__version__) >= "2.4.0":
                assert again is value
        assert type(pickle.loads(pickle.dumps(made[3])).random(2)) is np.ndarray
        open("made.pickle", "wb").write(pickle.dumps(made))
        print(made[3].random(), made[4].normal(), made[0]([1, 2]))
    """
    read = "import pickle, sys; m = pickle.load(open('made.pickle', 'rb')); print(m[3].random(), m[4].normal(), m[0]([1, 2]))"
    written = project.write(main=write).numloom("main.py")
    assert written.returncode == 0, written.stderr
    assert project.python("-c", read).stdout == written.stdout


def test_pickles_are_numpys(project):
    source = """
        import pickle, copy, sys, numpy as np
        a = np.arange(6.0).reshape(2, 3)
        for protocol in range(2, 6):
            b = pickle.loads(pickle.dumps(a.T, protocol))
            assert (b == a.T).all() and isinstance(b, np.ndarray)
        c, d = copy.copy(a), copy.deepcopy({"a": a, "again": a})
        c[0] = d["a"][1] = 9
        print(a, d["a"] is d["again"], pickle.loads(pickle.dumps(np.sum))(a), pickle.loads(pickle.dumps(np.add))(1, 2))
        print(pickle.loads(pickle.dumps(np.linspace))(0, 1, 3), pickle.loads(pickle.dumps(np.ndarray)).__name__)
        print(copy.deepcopy(np.sort)([2, 1]))
        print(pickle.loads(pickle.dumps([np.float64, np.dtype("i4"), np.random.default_rng(1)]))[2].random())
        open("a.pickle", "wb").write(pickle.dumps(a))
        """
    project.same(source)
    read = project.python("-c", "import pickle, sys; a = pickle.load(open('a.pickle', 'rb')); print(a, 'numloom' in sys.modules)")
    assert read.stdout.endswith("False\n")


def test_random_streams_are_numpys(project):
    project.same(
        """
        import random, numpy as np
        np.random.seed(5); random.seed(5)
        print(np.random.rand(3), np.random.randn(2, 2), np.random.randint(0, 10, 5), np.random.choice([1, 2, 3]))
        print(np.random.normal())
        a = np.arange(10); np.random.shuffle(a); print(a, np.random.permutation(5))
        state = np.random.get_state(); x = np.random.rand(); np.random.set_state(state); print(x == np.random.rand())
        g = np.random.default_rng(7)
        print(g.normal(size=3), g.integers(0, 5, (2, 2)), g.choice(a, 3, replace=False), g.random())
        print(g.standard_normal(2, dtype="f4"))
        b = np.zeros(4); print(g.random(out=b) is b, b); g.shuffle(b)
        print(b, g.permuted(a), g.multivariate_normal([0, 0], np.eye(2)))
        print(isinstance(g, np.random.Generator), isinstance(np.random.RandomState(1), np.random.RandomState))
        r = np.random.RandomState(3); print(r.uniform(size=2), r.beta(np.array([1.0, 2]), 3))
        h = np.random.Generator(np.random.PCG64(1))
        print(h.random(2), type(h.spawn(1)[0]).__name__, np.random.SeedSequence(4).entropy)
        """
    )


def test_interfaces_of_arrays(project):
    project.same(
        """
        import numpy as np
        a = np.arange(12.0).reshape(3, 4)
        a.flat[3] = 50; a.flat[::5] = -1; print(a, a.flat[2:5], list(a.flat)[:3], len(a.flat), a.flat.copy()[:2])
        a.flat = 2; print(a.sum(), a.flags.c_contiguous, a.T.flags["F"], a.strides, a.base is None, a[1:].base is a)
        b = a[1]; b.sort(); a.resize((2, 6)) if False else None
        print(a.data.shape, a.nbytes, a.itemsize, memoryview(a).format)
        print(bytes(np.arange(2, dtype="u1")), a.tolist()[0], a.item(3), np.asarray(a) is a, np.array(a) is a)
        print(a.__array__().shape)
        a.setflags(write=False)
        try:
            a[0] = 1
        except ValueError as e:
            print(e)
        c = np.arange(3); c.shape = (3, 1)
        print(c, c.dtype.kind, c.squeeze().view("u8"), np.ndarray((2,), "f8", b"\\0" * 16))
        it = np.nditer([c, None]); print(it.nop); print([x.item() for x in np.nditer(np.arange(3))])
        w = np.arange(4.0)
        with np.nditer(w, op_flags=["readwrite"]) as it:
            for x in it: x[...] = 2 * x
        print(w, list(np.ndenumerate(w))[1], list(np.ndindex(1, 2)), np.r_[w, 1], np.c_[w, w].shape, np.mgrid[0:2, 0:2].sum())
        print(np.vectorize(lambda x: x + 1)(w), np.frompyfunc(lambda x, y: x + y, 2, 1)(w, 1), np.apply_along_axis(sum, 0, w))
        print(isinstance(np.add, np.ufunc), np.add.reduceat(w, [0, 2]), np.add.outer([1], [2]))
        print(np.multiply.accumulate(w), w.ptp if hasattr(w, "ptp") else "no")
        np.add.at(w, [0, 0], 1); np.put(w, 1, 9); np.place(w, w > 8, [5]); np.copyto(w[2:], 3, where=[True, False]); print(w)
        x, y = np.unique(np.array([3, 1, 3]), return_counts=True); print(x, y, np.histogram(w, 3), np.linalg.eigh(np.eye(2)))
        s = np.linalg.svd(np.eye(2))
        print(s.S, type(s).__name__, np.einsum("ii", np.eye(3)), np.lib.stride_tricks.sliding_window_view(w, 2).shape)
        out = np.empty(2)
        print(np.sort(w)[::-1], np.median(w, out=np.empty(())).item(), np.cumsum([1, 2], out=out) is out, out)
        print(np.ndarray[int, float], np.ndarray | None, getattr(np, "bool")(1), np.array([1]).__array_namespace__() is np)
        """
    )


def test_threads_share_arrays_under_load(project):
    """Each thread writes its own rows of one array and reads what nobody writes; the main thread reads all of it meanwhile."""
    project.same(
        """
        import threading, numpy as np
        shared, common = np.zeros((8, 30_000)), np.arange(30_000.0)
        wrong = []
        def work(k):
            row = shared[k]
            for turn in range(40):
                row += common * (k + 1)
                if turn % 3 == 0:
                    row[::2] -= 1; row[::2] += 1
                mine = np.sqrt(common * common) + k
                if mine[7] != 7 + k or row[5] != 5.0 * (k + 1) * (turn + 1) or common.sum() != 449985000:
                    wrong.append((k, turn))
        threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
        for t in threads: t.start()
        while any(t.is_alive() for t in threads):
            shared.sum(), shared.copy(), common[::-1] + 1
        for t in threads: t.join()
        print(wrong, [float(row[3]) for row in shared], shared.sum())
        """
    )


@WARNS
def test_threads_warn_as_each_asked(project):
    """Work of one thread may run in a flush of another: its warnings are still those that it wanted itself."""
    out = project.output(
        """
        import threading, warnings, numpy as np
        warnings.simplefilter("always")
        seen = []
        warnings.showwarning = lambda message, *rest, **more: seen.append(str(message))
        zero, held = np.zeros(20_000), {}
        ready, go = threading.Event(), threading.Event()
        def quiet():
            with np.errstate(divide="ignore"):
                held["quiet"] = 1 / zero
                ready.set()
                go.wait()
        t = threading.Thread(target=quiet)
        t.start()
        ready.wait()
        held["loud"] = np.log(zero)
        print(float((held["quiet"] + held["loud"] * 0 + 1)[0]), float(held["loud"][1]))
        go.set()
        t.join()
        print(sorted(set(seen)))
        """
    )
    assert out.splitlines() == [
        "nan -inf",
        "['divide by zero encountered in log', 'invalid value encountered in multiply']",
    ]


def test_threads_share_arrays(project):
    project.same(
        """
        import threading, numpy as np
        from concurrent.futures import ThreadPoolExecutor
        a = np.zeros((8, 10000))
        def work(i):
            for _ in range(20):
                a[i] += i
            return float(a[i].sum())
        with ThreadPoolExecutor(4) as pool:
            print(list(pool.map(work, range(8))))
        shared = np.ones(1000)
        result = []
        t = threading.Thread(target=lambda: result.append((shared * 2).sum()))
        t.start(); t.join(); print(result, a.sum())
        """
    )


@pytest.mark.parametrize("options", [[], ["--verify"]])
def test_ctrl_c_in_a_long_computation(project, options):
    project.write(
        main="""
            import numpy as np
            a = np.ones(2_000_000)
            print("ready", flush=True)
            while True:
                a = np.sqrt(a * 1.0001 + 0.5)
                a.sum()
        """
    )
    process = project.start(*options, "main.py")
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in errors
    assert "Exception ignored" not in errors


def test_signal_handlers_compute_while_a_flush_runs(project):
    project.write(
        main="""
            import signal, time, numpy as np
            x = np.linspace(0, 1, 400_000)
            calls, wrong = 0, 0
            def handler(number, frame):
                global calls, wrong
                calls += 1
                k = calls
                wrong += float((np.arange(200_000.0) * k)[3]) != 3 * k  # flushes
                wrong += float((np.ones(5) + k).sum()) != 5 * (k + 1)
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, 0.03, 0.03)
            end, results = time.monotonic() + 4, set()
            while time.monotonic() < end:
                y = x
                for turn in range(80):
                    y = np.sin(y) * 0.9 + np.exp(-y) - 0.001 * turn
                    rows = y.reshape(2, -1)[:, : 1000 + turn].sum(axis=1)  # another nest: steps end here and there
                results.add((float(y.sum()), float(rows[0])))
            signal.setitimer(signal.ITIMER_REAL, 0)
            print(calls > 0, wrong, len(results))
        """
    )
    found = project.numloom("main.py", timeout=60)
    assert (found.returncode, found.stdout) == (0, "True 0 1\n"), found.stderr


def test_facade_of_the_interpreter(project):
    project.same(
        """
        import numpy as np, inspect, functools
        print(np, np.linalg.__name__, callable(np.sum), np.sort.__name__, np.sort.__module__, inspect.getdoc(np.sort)[:20])
        print(list(inspect.signature(np.sort).parameters)[:2], functools.partial(np.sort, axis=0)([2, 1]))
        class Uses:
            total = staticmethod(np.sum)
        print(Uses.total([1, 2]), np.sum([1, 2], dtype=float), np.errstate.__name__)
        @functools.singledispatch
        def kind(x): return "other"
        @kind.register(np.ndarray)
        def _(x): return "array"
        print(kind(np.ones(1)), kind(3))
        match np.ones(2):
            case np.ndarray(shape=(2,)): print("matched")
        """
    )


def test_bytes_seen_as_bools(project):
    project.same(
        """
        import numpy as np
        raw = np.frombuffer(b"\\xff\\x00\\x01\\x80", dtype=bool)
        plain = np.array([True, False, True, True])
        print((raw == plain).all(), raw.sum(), np.allclose(raw, plain), raw & plain, ~raw, raw.astype(int), np.logical_xor(raw, plain))
        bytes_ = np.array([0, 255, 2, 1], np.uint8)
        seen = bytes_.view(bool)
        seen[0] = True
        print(bytes_, seen, seen.sum(), np.where(seen, 1, 0), (seen != True).any(), np.arange(4)[seen], seen.view(np.uint8))
        print(np.array([[0, 1], [1, 0]], np.uint8).view(bool).T.sum(axis=0), np.packbits(raw), np.count_nonzero(raw), raw.mean())
        """
    )


def test_testing_functions_hand_on_what_they_get(project):
    project.same(
        """
        import numpy as np
        from numpy.testing import assert_no_warnings, assert_raises, assert_warns

        def write(a):
            a[0] = 5
            raise ValueError(type(a) is np.ndarray)

        a = np.zeros(3)
        with assert_raises(ValueError) as caught:
            write(a)
        assert_raises(ValueError, write, a)
        assert_no_warnings(np.add, a, 1)
        assert_raises(TypeError, np.copyto, np.arange(3), 1.5)
        print(a, caught.exception)
        """
    )


def test_the_class_in_errors_and_abstract_classes(project):
    project.same(
        """
        from collections.abc import Hashable
        import numpy as np
        print(isinstance(np.zeros(2), Hashable))
        for wrong in (lambda: {np.zeros(2): 1}, lambda: len(5, np.zeros(2)), lambda: memoryview(np.zeros(2)).nothing,
                      lambda: np.zeros(2).nothing):
            try:
                wrong()
            except (TypeError, AttributeError) as error:
                print(type(error).__name__, error)
        """
    )


def test_the_report_counts_ufuncs_under_errstate(project):
    source = "import numpy as np\nnp.seterr(all='raise')\na = np.ones(3)\nfor _ in range(5):\n    a = np.exp(a) / 9\n"
    project.write(main=source)
    found = project.numloom("--report", "main.py")
    assert "main.py:5  numpy.exp  (5 x" in found.stderr, found.stderr


def test_composites_on_a_few_numbers(project):
    """NumPy does these; in a larger size they are native."""
    project.same("""
        import numpy as np
        for n in (3, 40):
            m = np.arange(float(n * n)).reshape(n, n)
            print(np.einsum("ij,ij->", m, m), np.einsum("ij,j->i", m, m[0])[-1], np.einsum(m, [0, 1], [1, 0]).strides)
            diagonal = np.einsum("ii->i", m)
            diagonal[:] = 7
            np.fill_diagonal(m[1:, 1:], -1.0)
            out = np.zeros(n)
            print(np.einsum("ij->i", m, out=out) is out, m.trace(), out.sum(), type(out).__name__)
            print(np.linspace(0, 1, n, retstep=True)[1], np.logspace(0, 1, n)[-1], np.eye(n, dtype=int).sum(), np.linspace(0, n, 500).shape)
            mid = np.zeros(n)
            print(np.median(m), np.percentile(m, [25, 50], axis=1)[:, 0], np.quantile(m, 0.3), np.median(m, axis=0, out=mid) is mid, mid[1])
            print(np.repeat(m, 2, axis=1).shape, np.repeat(m[0], 2)[:3], np.polyval([1, 2], n), np.polyval([1.0, 2.0], m[0])[:2])
            print(np.pad(m, 1, mode="edge").sum(), np.gradient(m)[0].sum(), np.cov(m[0], m[1]).shape, np.gradient(m[0])[:2])
        print(np.isclose(1.0, 1.0 + 1e-9), np.allclose(2, 3), np.isclose([1.0, 2.0], 1.0), np.polyval([1.0, 2.0, 3.0], 2.0))
        for bad in (lambda: np.einsum("ij,jk", m, np.ones(3)), lambda: np.linspace(0, 1, -1), lambda: np.pad(m, -1)):
            try:
                bad()
            except ValueError as error:
                print(error)
        a = np.arange(6.0).reshape(2, 3)
        print(a.item(1, 2), a.item(-2, 0), a.T.tobytes() == a.T.copy().tobytes(), a[:, ::2].tobytes("A"), a.tobytes(order="F"))
        for index in ((2, 0), (0, -4)):
            try:
                a.item(*index)
            except IndexError as error:
                print(error)
    """)


def test_a_dtype_that_numpy_warns_of_warns_once(project):
    project.same("""
        import warnings
        import numpy as np
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            for make in (lambda t: np.empty(2, dtype=t), lambda t: np.array([1], t), lambda t: np.full(2, 1, dtype=t),
                         lambda t: np.ones_like(np.zeros(2), dtype=t), lambda t: np.arange(2.0).astype(t), lambda t: np.zeros(2, t)):
                try:
                    print(make("a5").dtype, len(seen))
                except TypeError as error:  # from NumPy 2.5 on
                    print(error)
                print(make("=f4").dtype, make("uint16").dtype)
    """)


def test_ufuncs_of_frompyfunc_go_when_they_are_dropped(project):
    project.same("""
        import sys
        import numpy as np
        def first(x, y):
            return x
        a = np.arange(4)
        before = sys.getrefcount(first)
        for _ in range(20):
            u = np.frompyfunc(first, 2, 1)
            u(a, 1), u(a, a), u.reduce(a), u.outer(a, a), u.accumulate(a.astype(object))
        del u
        print(sys.getrefcount(first) - before)
    """)
