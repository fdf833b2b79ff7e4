"""Threads that work on arrays of their own: what one recorder for all of them costs (docs/design/laziness.md, "Threads").

A figure is the time from the first thread's start to the last one's end, or what the processors worked in it (`work`), divided by
the turns of all. Every turn computes a few operations; `read` turns also ask for a value, which flushes what every thread
recorded.
"""

import functools
import threading
import time

from measure import Peer, main

THREADS = (1, 2, 4)
# name -> (elements, turns of each thread)
SIZES = {"10": (10, 3000), "2,500": (2_500, 1500), "20,000": (20_000, 300), "1,000,000": (1_000_000, 12)}
ROUNDS = 5


def chain(xp, elements, turns):
    x = xp.arange(float(elements))
    for _ in range(turns):
        x = xp.sqrt(x * 0.5 + 1.0)
    return float(x[-1])


def read(xp, elements, turns):
    x = xp.arange(float(elements))
    total = 0.0
    for turn in range(turns):
        total += float(xp.sqrt(x * 0.5 + turn).sum())
    return total


def together(work, threads):
    """What so many threads take, by the clock and of processor time, and what they returned."""
    ready = threading.Barrier(threads + 1)
    results = [None] * threads

    def run(k):
        ready.wait()
        results[k] = work()

    running = [threading.Thread(target=run, args=(k,)) for k in range(threads)]
    for thread in running:
        thread.start()
    ready.wait()
    clock, work_done = time.perf_counter(), time.process_time()
    for thread in running:
        thread.join()
    return time.perf_counter() - clock, time.process_time() - work_done, results


def measured(xp):
    figures = {}
    for work in (chain, read):
        for name, (elements, turns) in SIZES.items():
            for threads in THREADS:
                runs = [together(functools.partial(work, xp, elements, turns), threads) for _ in range(ROUNDS)]
                if len({value for *_, results in runs for value in results}) != 1:
                    raise AssertionError(f"threads disagree: {[results for *_, results in runs]}")
                label = f"{work.__name__}, {name} elements, {threads} thread{'s' * (threads > 1)}"
                figures[label] = min(clock for clock, *_ in runs) / (threads * turns)
                figures[f"{label}: work"] = min(done for _, done, _ in runs) / (threads * turns)
    return figures


def numpy_(options):
    import numpy

    return measured(numpy)


def numloom_(options):
    import numloom

    numloom.set_device(options.device)
    return measured(numloom)


PEERS = {"NumPy": Peer(numpy_, ("cpu",)), "Numloom": Peer(numloom_)}

if __name__ == "__main__":
    main("threads with arrays of their own", PEERS, transposed=True, ratio=("Numloom", "NumPy"))
