"""The modes that the suite runs in beside the default one: (name, environment). One list, read by scripts/run_tests.py.

A mode changes how a program is planned and run and must never change a result: the same tests hold in each of them, bits included.
"""

from __future__ import annotations

MODES: list[tuple[str, dict[str, str]]] = [
    ("interpreter only", {"NUMLOOM_JIT": "off"}),
    ("jit only", {"NUMLOOM_JIT": "only"}),
    ("fusion off", {"NUMLOOM_FUSE": "0"}),
    ("cache off", {"NUMLOOM_PLAN_CACHE": "0"}),
    ("repetition off", {"NUMLOOM_REPETITION": "0"}),
    ("run-now 0", {"NUMLOOM_RUN_NOW": "0"}),
    ("run-now infinite", {"NUMLOOM_RUN_NOW": "inf"}),
    ("block size 1", {"NUMLOOM_BLOCK": "1"}),
    ("block size 2", {"NUMLOOM_BLOCK": "2"}),
    ("one thread", {"NUMLOOM_NUM_THREADS": "1"}),
    ("level v3", {"NUMLOOM_CPU_LEVEL": "v3"}),
    ("failing steps", {"NUMLOOM_FAIL_EVERY": "3", "NUMLOOM_RUN_NOW": "0"}),
    ("poisoned memory", {"NUMLOOM_POISON": "1"}),
]
