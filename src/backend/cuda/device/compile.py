"""Compiles the CUDA sources to cubins with NVRTC: `python compile.py LIBNVRTC OUT_DIR ARCH... -- SOURCE... -- INCLUDE_DIR...`.

Needs no GPU and no nvcc. One process for each (source, architecture), as many at a time as there are cores. Writes one file of
images end to end, and images.inc with where each begins. An architecture that this NVRTC does not know is left out: the
runtime compiles for it once, or loads the image of an older one of the same generation.

Cubins are kept in NUMLOOM_BUILD_CACHE (default ~/.cache/numloom-build) by the text of all that goes into them, the flags and
NVRTC's version, as ccache keeps objects: a compile takes a minute of processor time.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

FLAGS = ["--std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true", "--disable-warnings"]


def compile_one(job: tuple[str, str, str, list[str]]) -> tuple[str, str, bytes | None, str, float]:
    library, source, arch, includes = job
    start = time.time()
    nvrtc = ctypes.CDLL(library)
    program = ctypes.c_void_p()
    text = Path(source).read_bytes()
    kept = cache_path(nvrtc, source, arch, includes)
    if kept.exists():
        return source, arch, kept.read_bytes(), "", time.time() - start
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, Path(source).name.encode(), 0, None, None)
    options = [*FLAGS, f"--gpu-architecture=sm_{arch}", *(f"-I{d}" for d in includes)]
    array = (ctypes.c_char_p * len(options))(*(o.encode() for o in options))
    rc = nvrtc.nvrtcCompileProgram(program, len(options), array)
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    if rc != 0:
        return source, arch, None, log.value.decode(errors="replace"), time.time() - start
    nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size))
    cubin = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetCUBIN(program, cubin)
    keep(kept, cubin.raw)
    return source, arch, cubin.raw, log.value.decode(errors="replace"), time.time() - start


def texts(path: Path, includes: list[str], seen: dict[Path, bytes]) -> None:
    """Collects the text of `path` and of all that it includes, wherever that is found."""
    if path in seen:
        return
    seen[path] = text = path.read_bytes()
    for name in re.findall(rb'#include "([^"]+)"', text):
        for folder in (path.parent, *map(Path, includes)):
            if (folder / name.decode()).exists():
                texts(folder / name.decode(), includes, seen)
                break


def cache_path(nvrtc: ctypes.CDLL, source: str, arch: str, includes: list[str]) -> Path:
    seen: dict[Path, bytes] = {}
    texts(Path(source), includes, seen)
    major, minor = ctypes.c_int(), ctypes.c_int()
    nvrtc.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    digest = hashlib.sha256(repr((FLAGS, arch, major.value, minor.value, sorted(seen.values()))).encode())
    root = os.environ.get("NUMLOOM_BUILD_CACHE") or Path.home() / ".cache" / "numloom-build"
    return Path(root) / f"{Path(source).stem}-sm_{arch}-{digest.hexdigest()[:32]}.cubin"


def keep(path: Path, cubin: bytes) -> None:
    """A cache that cannot be written is no reason to fail."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(cubin)
        draft.rename(path)
    except OSError:
        pass


def known(library: str) -> set[str]:
    nvrtc = ctypes.CDLL(library)
    count = ctypes.c_int()
    nvrtc.nvrtcGetNumSupportedArchs(ctypes.byref(count))
    archs = (ctypes.c_int * count.value)()
    nvrtc.nvrtcGetSupportedArchs(archs)
    return {str(a) for a in archs}


def main() -> None:
    library, out = sys.argv[1], Path(sys.argv[2])
    groups: list[list[str]] = [[]]
    for a in sys.argv[3:]:
        if a == "--":
            groups.append([])
        else:
            groups[-1].append(a)
    archs, sources, includes = groups
    have = known(library)
    jobs = [(library, s, a, includes) for s in sources for a in archs if a in have]
    images, index = bytearray(), []
    with ProcessPoolExecutor(max(1, min(os.cpu_count() or 1, len(jobs)))) as pool:
        for source, arch, cubin, log, seconds in pool.map(compile_one, jobs):
            if cubin is None:
                sys.exit(f"{source} (sm_{arch}): NVRTC failed\n{log}")
            print(f"  {Path(source).stem} sm_{arch}: {len(cubin) >> 10} KiB in {seconds:.1f} s", flush=True)
            images += b"\0" * (-len(images) % 64)
            index.append(f'{{"{Path(source).stem}", {arch}, {len(images)}, {len(cubin)}}},')
            images += cubin
    out.mkdir(parents=True, exist_ok=True)
    (out / "images.bin").write_bytes(images)
    (out / "images.inc").write_text("\n".join(index) + "\n")


if __name__ == "__main__":
    main()
