"""Compiles kernel texts with NVRTC, which needs no GPU: `compile_texts.py LIBNVRTC FOLDER [--seconds N] [--jobs N] [--junit FILE]`.

FOLDER holds what the suite asked NVRTC for (emulator/libnvrtc.cpp, EMULATOR_NVRTC_COLLECTS): texts, headers, options. Reading the
headers takes longer than a text, so texts that begin with the same lines (what they include) share one compile, each in a namespace of
its own. Where there are more texts than the time allows, those that come first in the order of their hashes are compiled: a
sample that stays the same from run to run. Prints each text that fails, with NVRTC's log; the exit status is 1 if any did.
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

TOGETHER = 16  # texts in a compile


def head_and_body(text: str) -> tuple[str, str]:
    """The lines that include and define, with which a text begins, and the rest."""
    lines = text.splitlines(keepends=True)
    n = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "".join(lines[:n]), "".join(lines[n:])


def batches(folder: Path, names: list[str]) -> list[list[str]]:
    """The texts in groups with one head, in the order of their first."""
    groups: dict[str, list[str]] = {}
    out: list[list[str]] = []
    for name in names:
        head, _ = head_and_body((folder / name).read_text())
        if head not in groups:
            groups[head] = []
            out.append(groups[head])
        groups[head].append(name)
        if len(groups[head]) == TOGETHER:
            del groups[head]
    return out


def joined(texts: list[str]) -> str:
    parts = [head_and_body(texts[0])[0]]
    for k, text in enumerate(texts):
        body = head_and_body(text)[1]
        parts.append(f"#define kernel kernel_{k}\nnamespace text_{k} {{\n{body}\n}}\n#undef kernel\n")
    return "".join(parts)


def compile_text(nvrtc: ctypes.CDLL, folder: Path, text: str) -> str | None:
    """The log of a failure, or None."""
    headers = sorted(p for p in folder.iterdir() if p.suffix in (".h", ".inc"))
    texts = (ctypes.c_char_p * len(headers))(*(p.read_bytes() for p in headers))
    names = (ctypes.c_char_p * len(headers))(*(p.name.encode() for p in headers))
    options = (folder / "options").read_text().split()
    flags = (ctypes.c_char_p * len(options))(*(o.encode() for o in options))
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"kernel.cu", len(headers), texts, names)
    log = None
    if nvrtc.nvrtcCompileProgram(program, len(options), flags):
        size = ctypes.c_size_t()
        nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetProgramLog(program, buffer)
        log = buffer.value.decode(errors="replace")
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return log


def compile_batch(nvrtc_path: str, folder: Path, until: float, names: list[str]) -> list[tuple[str, str | None]]:
    """(name, log of a failure or None) of each text; nothing when out of time."""
    if time.time() > until:
        return []
    nvrtc = ctypes.CDLL(nvrtc_path)
    texts = [(folder / name).read_text() for name in names]
    if len(texts) > 1 and compile_text(nvrtc, folder, joined(texts)) is None:
        return [(name, None) for name in names]
    return [(name, compile_text(nvrtc, folder, text)) for name, text in zip(names, texts, strict=True)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("nvrtc", help="the path of libnvrtc, or its name for the loader")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60, help="start no compile after this time")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--junit", type=Path, help="write the results there")
    args = parser.parse_args()
    names = sorted(p.name for p in args.folder.glob("*.cu"))
    work = partial(compile_batch, args.nvrtc, args.folder, time.time() + args.seconds)
    start, report, compiled, failed = time.time(), ElementTree.Element("testsuite"), 0, 0
    with ProcessPoolExecutor(args.jobs) as pool:
        for done in pool.map(work, batches(args.folder, names)):
            for name, log in done:
                compiled += 1
                case = ElementTree.SubElement(report, "testcase", classname="nvrtc", name=name)
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
