"""The scalar functions give the same bits under g++, clang++ and (on a GPU) NVRTC, at any optimisation; NVRTC compiles all of them.

The source compiled here is made from the op rows: every op on every type, over one set of operands in a file.
"""

import ctypes
import glob
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "ops"))
import table  # noqa: E402

N = 4096
NVRTC_FLAGS = ["--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true", "-std=c++17", f"-I{ROOT / 'ops'}"]
COMMON = ["-std=c++20", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", f"-I{ROOT / 'ops'}"]
# As far apart as two builds get; the loops' own tests compare the levels.
COMPILERS = {
    "g++ -O3, v4": ["g++", "-O3", "-march=x86-64-v4", "-mprefer-vector-width=512"],
    "clang++ -O2, v3": ["clang++", "-O2", "-march=x86-64-v3"],
    "g++ -O1, v3": ["g++", "-O1", "-march=x86-64-v3"],
}


def element(dtype: str) -> str:
    return "bool" if dtype == "b1" else f"nl::{dtype}"


def includes() -> str:
    return "".join(f'#include "scalar/{h}.h"\n' for h in sorted({r.family for r in table.ROWS} | {"cast", "complex"}))


def cases() -> list[tuple[str, list[str], str, str]]:
    """(name, operand types, result type, expression in p0[i], ...) of all loops and casts."""
    out = []
    for r in table.ROWS:
        for t in table.loop_types(r):
            operands = [table.operand_type(r, t, k) for k in range(r.nin)]
            call = ", ".join(f"p{k}[i]" for k in range(r.nin))
            out.append((f"{r.name}_{t}", operands, table.result_type(r, t), f"nl::op_{r.name}({call})"))
    for a in table.DTYPES:
        for b in table.DTYPES:
            out.append((f"cast_{a}_{b}", [a], b, f"nl::cast<{element(b)}>(p0[i])"))
    return out


def numpy_dtype(dtype: str) -> np.dtype:
    return np.dtype("?") if dtype == "b1" else np.dtype(dtype)


def operands(dtype: str, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    d = numpy_dtype(dtype)
    if d.kind == "b":
        return rng.random(N) < 0.5
    if d.kind in "iu":
        wide = rng.integers(0, 2**64 - 1, N, dtype="u8", endpoint=True).astype(d)
        return np.where(rng.random(N) < 0.5, wide, rng.integers(0, 9, N).astype(d))
    if d.kind == "c":
        part = "f4" if dtype == "c8" else "f8"
        z = np.empty(N, d)
        z.real, z.imag = operands(part, seed + 50), operands(part, seed + 51)
        return z
    special = np.array([0, -0.0, 1, -1, 0.5, 2, 3, -2.5, np.inf, -np.inf, np.nan, 1e-310, 700, -750, 1e22, 88.5])
    sides = [
        rng.uniform(-10, 10, N),
        rng.uniform(-1, 1, N) * np.exp2(rng.uniform(-900, 900, N)),
        np.round(rng.uniform(-30, 30, N)),
        rng.choice(special, N),
    ]
    with np.errstate(all="ignore"):
        return np.choose(rng.integers(0, 4, N), sides).astype(d)


def comparable(raw: bytes, dtype: str) -> np.ndarray:
    d = numpy_dtype(dtype)
    if d.kind not in "fc":
        return np.frombuffer(raw, d)
    part = {"c8": "f4", "c16": "f8"}.get(dtype, dtype)
    values = np.frombuffer(raw, part)
    return np.where(np.isnan(values), 0x7E00, np.frombuffer(raw, f"u{values.itemsize}").astype("u8"))


def host_source() -> str:
    body = []
    for name, types, result, expression in cases():
        parameters = ", ".join(f"const {element(t)}* p{k}" for k, t in enumerate(types))
        body.append(
            f'extern "C" void {name}({element(result)}* o, {parameters}, long n)'
            f" {{ for (long i = 0; i < n; ++i) o[i] = {expression}; }}"
        )
    return includes() + "\n".join(body) + "\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bits")
    source = folder / "bits.cpp"
    source.write_text(host_source())
    made = {}
    flags = Path("/proc/cpuinfo").read_text()
    for name, (compiler, *options) in COMPILERS.items():
        if shutil.which(compiler) is None or ("v4" in name and "avx512dq" not in flags):
            continue
        library = folder / f"{len(made)}.so"
        subprocess.run([compiler, *options, *COMMON, "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
        made[name] = ctypes.CDLL(str(library))
    return made


def results(library, name, types, result) -> bytes:
    arrays = [np.ascontiguousarray(operands(t, k)) for k, t in enumerate(types)]
    out = np.empty(N, numpy_dtype(result))
    getattr(library, name)(ctypes.c_void_p(out.ctypes.data), *(ctypes.c_void_p(a.ctypes.data) for a in arrays), ctypes.c_long(N))
    return out.tobytes()


def test_host_compilers_give_the_same_bits(built):
    if len(built) < 2:
        pytest.skip("one compiler only")
    first, *others = built
    different = []
    for name, types, result, _ in cases():
        want = comparable(results(built[first], name, types, result), result)
        for other in others:
            got = comparable(results(built[other], name, types, result), result)
            if not np.array_equal(got, want):
                different.append((name, other, int((got != want).sum())))
    assert not different


def nvrtc():
    found = importlib.util.find_spec("nvidia")
    roots = list(found.submodule_search_locations) if found else []
    patterns = [f"{r}/*/lib/libnvrtc.so*" for r in roots] + ["/usr/local/cuda*/lib64/libnvrtc.so*"]
    return next((ctypes.CDLL(p) for pattern in patterns for p in sorted(glob.glob(pattern))), None)


def device_source() -> str:
    body = []
    for name, types, result, expression in cases():
        parameters = ", ".join(f"const {element(t)}* p{k}" for k, t in enumerate(types))
        body.append(
            f'extern "C" __global__ void {name}({element(result)}* o, {parameters}, long n)'
            f" {{ const long i = blockIdx.x * (long)blockDim.x + threadIdx.x; if (i < n) o[i] = {expression}; }}"
        )
    return includes() + "\n".join(body) + "\n"


def compile_cubin(library, architecture: str) -> bytes:
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    assert library.nvrtcCreateProgram(ctypes.byref(program), device_source().encode(), b"ops.cu", 0, None, None) == 0
    options = [o.encode() for o in [f"-arch={architecture}", *NVRTC_FLAGS]]
    status = library.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    assert status == 0, log.value.decode()
    library.nvrtcGetCUBINSize(program, ctypes.byref(size))
    cubin = ctypes.create_string_buffer(size.value)
    library.nvrtcGetCUBIN(program, cubin)
    return cubin.raw


def device():
    """The driver with a context on GPU 0, or None."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    gpu, context = ctypes.c_int(), ctypes.c_void_p()
    if cuda.cuInit(0) != 0 or cuda.cuDeviceGet(ctypes.byref(gpu), 0) != 0:
        return None
    cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), gpu)
    cuda.cuCtxSetCurrent(context)
    return cuda


def test_nvrtc_compiles_every_op():
    library = nvrtc()
    if library is None:
        pytest.skip("no NVRTC")
    assert len(compile_cubin(library, "sm_90")) > 100_000


def test_nvrtc_gives_the_hosts_bits(built):
    library, cuda = nvrtc(), device()
    if library is None or cuda is None:
        pytest.skip("no NVRTC" if library is None else "no GPU")
    major, minor = ctypes.c_int(), ctypes.c_int()
    cuda.cuDeviceGetAttribute(ctypes.byref(major), 75, 0)
    cuda.cuDeviceGetAttribute(ctypes.byref(minor), 76, 0)
    module = ctypes.c_void_p()
    cubin = compile_cubin(library, f"sm_{major.value}{minor.value}")
    assert cuda.cuModuleLoadData(ctypes.byref(module), cubin) == 0
    host = next(iter(built.values()))
    different = []
    for name, types, result, _ in cases():
        function, memory = ctypes.c_void_p(), []
        assert cuda.cuModuleGetFunction(ctypes.byref(function), module, name.encode()) == 0
        out = np.empty(N, numpy_dtype(result))
        for array in [out, *(np.ascontiguousarray(operands(t, k)) for k, t in enumerate(types))]:
            memory.append(ctypes.c_uint64())
            cuda.cuMemAlloc_v2(ctypes.byref(memory[-1]), ctypes.c_size_t(array.nbytes))
            cuda.cuMemcpyHtoD_v2(memory[-1], ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes))
        arguments = [*memory, ctypes.c_long(N)]
        pointers = (ctypes.c_void_p * len(arguments))(*(ctypes.addressof(a) for a in arguments))
        assert cuda.cuLaunchKernel(function, N // 256, 1, 1, 256, 1, 1, 0, None, pointers, None) == 0
        assert cuda.cuMemcpyDtoH_v2(ctypes.c_void_p(out.ctypes.data), memory[0], ctypes.c_size_t(out.nbytes)) == 0, name
        for m in memory:
            cuda.cuMemFree_v2(m)
        got = comparable(out.tobytes(), result)
        want = comparable(results(host, name, types, result), result)
        if not np.array_equal(got, want):
            at = int(np.flatnonzero(got != want)[0])
            different.append((name, int((got != want).sum()), at, hex(int(got[at])), hex(int(want[at]))))
    assert not different
