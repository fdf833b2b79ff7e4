"""Threads that do everything at once, on the same arrays: `stress.py SECONDS SEED`; the exit status is 1 if a result was wrong.

They record, read and write shared arrays, fork, drop arrays, raise in flushes and change warning filters, while the main thread
meets alarms whose handler computes, and Ctrl-C. Also run under ThreadSanitizer (scripts/run_tests.py), which sees the races
that do no harm here.
"""

import contextlib
import gc
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections import Counter

import numloom as np
import numpy

SIZES = (10, 1000, 50_000, 300_000)
COUNTED = [np.arange(n, dtype="f8") for n in SIZES]  # nobody writes them
SCRATCH = [np.zeros(n) for n in SIZES]  # everybody does
FIRST = np.arange(1000)
NUMBERS = [0.5]  # a list that everybody changes, and makes arrays of

ROWS = [COUNTED[2] + 1]  # likewise, with arrays in it

turns: Counter[str] = Counter()
wrong: list[object] = []
lock = threading.Lock()
held: list[np.ndarray] = []


def check(ok: bool, what: object) -> None:
    if not ok:
        wrong.append(what)


def record(r: random.Random) -> None:
    a = r.choice(COUNTED)
    b = a * 2 + 1
    for _ in range(r.randrange(1, 40)):
        b = np.sqrt(b * b + 0.0)
    check(float(b[-1]) == 2 * a.size - 1, "record")
    check(float(a.sum()) == (a.size - 1) * a.size / 2, "sum")


def write(r: random.Random) -> None:
    a = r.choice(SCRATCH)
    a[r.randrange(a.size) :] += 1
    a[:5] = r.random()
    check(float(a.max()) >= 0, "write")


def read(r: random.Random) -> None:
    a = r.choice(SCRATCH)
    check(float(a[r.randrange(a.size)]) >= 0 and bool(str(a[:3])) and min(a[::97].tolist()) >= 0, "read")
    check(float(numpy.asarray(a)[:3].sum()) >= 0, "export of what others write")


def index(r: random.Random) -> None:
    a = r.choice(COUNTED[1:])
    check(float(a[FIRST].sum()) == 499500, "gather")
    check(float(a[a < 7].sum()) == 21, "mask")
    with contextlib.suppress(IndexError):
        a[np.array([a.size])]
        check(False, "no IndexError")


def drop(r: random.Random) -> None:
    with lock:
        held.append(r.choice(COUNTED) + r.random())
        if len(held) > 30:
            del held[: r.randrange(30)]
    if r.random() < 0.02:
        gc.collect()


def fail(r: random.Random) -> None:
    with np.errstate(all="raise"), contextlib.suppress(FloatingPointError):
        float((1 / np.zeros(r.choice([20, 200_000])))[0])
        check(False, "no FloatingPointError")
    with contextlib.suppress(ValueError):
        np.ones(3) + np.ones(4)
        check(False, "no ValueError")
    with contextlib.suppress(MemoryError):
        np.empty((1 << 30, 1 << 20))
        check(False, "no MemoryError")


def filters(r: random.Random) -> None:
    # Filters are the process's: what another thread sees of them is as in NumPy.
    with lock, warnings.catch_warnings(), contextlib.suppress(RuntimeWarning):
        warnings.simplefilter(r.choice(["error", "ignore"]))
        float(np.log(np.zeros(r.choice([5, 100_000])))[0])


def export(r: random.Random) -> None:
    a = np.arange(20_000.0)
    view = numpy.asarray(a)
    a += 1
    check(view[7] == 8, "export")
    memory = memoryview(a)
    a *= 2
    check(memory[3] == 8, "buffer")


def product(r: random.Random) -> None:
    a = COUNTED[1].reshape(10, 100)
    check(float((a @ a.T)[0, 0]) == 328350, "matmul")


def convert(r: random.Random) -> None:
    NUMBERS[:] = [r.random() for _ in range(r.randrange(1, 3000))]
    check(np.array(NUMBERS).ndim == 1 and np.array(NUMBERS, dtype="f4").dtype == "f4", "array of a list")


def lend(r: random.Random) -> None:
    ROWS[:] = [COUNTED[2] + r.random() for _ in range(r.randrange(1, 9))]  # still to be computed when they are lent
    check(int(np.lexsort(ROWS)[7]) == 7, "rows lent")


def fork(r: random.Random) -> None:
    if r.random() > 0.1:
        return
    b = COUNTED[2] + 1
    child = os.fork()
    if child == 0:
        os._exit(int(float((b * 2).sum()) != 50_000 * 50_001))
    check(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "fork")


def work(until: float, seed: int, kinds: list) -> None:
    r = random.Random(seed)
    while time.monotonic() < until:
        kind = r.choice(kinds)
        turns[kind.__name__] += 1
        try:
            kind(r)
        except Exception as e:
            wrong.append(f"{kind.__name__}: {e!r}")


def main(seconds: float, seed: int) -> int:
    alarms = interrupts = 0

    def handler(number: int, frame: object) -> None:
        nonlocal alarms
        alarms += 1
        k = alarms
        check(float((np.arange(200_000.0) * k)[3]) == 3 * k, "signal handler")

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
    warnings.simplefilter("ignore")
    kinds = [record, write, read, index, drop, fail, filters, export, product, convert, lend, fork]
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=work, args=(until, seed * 100 + k, kinds)) for k in range(4)]
    for t in threads:
        t.start()
    r = random.Random(seed)
    while any(t.is_alive() for t in threads):
        try:
            if r.random() < 0.3:
                os.kill(os.getpid(), signal.SIGINT)
            record(r)
            time.sleep(0.01)
        except KeyboardInterrupt:
            interrupts += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    for t in threads:
        t.join()
    print(f"{sum(turns.values())} turns of {len(turns)} kinds, {alarms} alarms, {interrupts} interrupts; wrong: {Counter(map(str, wrong))}")
    return int(bool(wrong) or len(turns) < len(kinds) or not alarms or not interrupts)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2])))
