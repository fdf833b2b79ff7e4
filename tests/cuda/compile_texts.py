"""Compiles kernel texts with NVRTC, which needs no GPU: `compile_texts.py LIBNVRTC FOLDER [--seconds N] [--jobs N] [--junit FILE]`.

FOLDER holds what the suite asked NVRTC for (emulator/libnvrtc.cpp, EMULATOR_NVRTC_COLLECTS): texts, headers, options. Where
there are more texts than the time allows, those that come first in the order of their hashes are compiled: a sample that
stays the same from run to run. Prints each text that fails, with NVRTC's log; the exit status is 1 if any did.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path


def compile_one(nvrtc_path: str, folder: Path, until: float, name: str) -> tuple[str, str | None, float]:
    """(name, log of a failure or None, seconds); seconds < 0: out of time."""
    if time.time() > until:
        return name, None, -1
    start = time.time()
    nvrtc = ctypes.CDLL(nvrtc_path)
    headers = sorted(p for p in folder.iterdir() if p.suffix in (".h", ".inc"))
    texts = (ctypes.c_char_p * len(headers))(*(p.read_bytes() for p in headers))
    names = (ctypes.c_char_p * len(headers))(*(p.name.encode() for p in headers))
    options = (folder / "options").read_text().split()
    flags = (ctypes.c_char_p * len(options))(*(o.encode() for o in options))
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), (folder / name).read_bytes(), name.encode(), len(headers), texts, names)
    log = None
    if nvrtc.nvrtcCompileProgram(program, len(options), flags):
        size = ctypes.c_size_t()
        nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetProgramLog(program, buffer)
        log = buffer.value.decode(errors="replace")
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return name, log, time.time() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("nvrtc", help="the path of libnvrtc, or its name for the loader")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60, help="start no compile after this time")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--junit", type=Path, help="write the results there")
    args = parser.parse_args()
    names = sorted(p.name for p in args.folder.glob("*.cu"))
    work = partial(compile_one, args.nvrtc, args.folder, time.time() + args.seconds)
    start, report, compiled, failed = time.time(), ElementTree.Element("testsuite"), 0, 0
    with ProcessPoolExecutor(args.jobs) as pool:
        for name, log, seconds in pool.map(work, names):
            if seconds < 0:
                continue
            compiled += 1
            case = ElementTree.SubElement(report, "testcase", classname="nvrtc", name=name, time=f"{seconds:.3f}")
            if log is not None:
                failed += 1
                ElementTree.SubElement(case, "failure", message="NVRTC failed").text = log
                if failed <= 5:
                    print(f"{name}:\n{log[:2000]}")
    if args.junit:
        ElementTree.ElementTree(report).write(args.junit)
    print(f"{len(names)} kernel texts, {compiled} compiled in {time.time() - start:.0f} s, {failed} failed")
    return int(failed > 0 or not names)


if __name__ == "__main__":
    sys.exit(main())
