"""The modes that the suite runs in beside the default one: (name, environment). Read by scripts/run_tests.py and the fuzzer.

A mode changes how a program is planned and run and must never change a result: the same tests hold in each of them, bits included.
"""

from __future__ import annotations

from pathlib import Path

Mode = tuple[str, dict[str, str]]

MODES: list[Mode] = [
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

# The tiers of the CUDA backend; the CPU has one.
CUDA_MODES: list[Mode] = [
    ("cuda, interpreter only", {"NUMLOOM_DEVICE": "cuda", "NUMLOOM_JIT": "0"}),
    ("cuda, jit only", {"NUMLOOM_DEVICE": "cuda", "NUMLOOM_JIT": "sync"}),
]

# Without a GPU: the CUDA backend on tests/cuda/emulator, where `make test` has built it.
_emulator = Path(__file__).resolve().parent.parent / "build" / "emulator"


def emulated(build: Path) -> Mode:
    return "cuda emulated", {"LD_LIBRARY_PATH": str(build / "emulator"), "NUMLOOM_DEVICE": "cuda", "NUMLOOM_JIT": "0"}


EMULATED: Mode | None = emulated(_emulator.parent) if (_emulator / "libcuda.so.1").exists() else None
