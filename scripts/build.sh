#!/usr/bin/env bash
# Configures (when needed) and builds with the tools of VENV, and makes the package importable from it.
#   scripts/build.sh VENV BUILD_DIR BUILD_TYPE JOBS TARGET [-DOPTION=...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=$(realpath "$1") build=$2 type=$3 jobs=$4 target=$5
shift 5
export PATH="$venv/bin:$PATH"

# Kernels for this machine's GPUs alone, or for one architecture where there is none: a wheel holds them all, and the runtime
# compiles for others. Each costs a minute of processor time.
if [[ -z ${NUMLOOM_CUDA_ARCHS:-} ]]; then
  NUMLOOM_CUDA_ARCHS=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | tr -d . | sort -u | paste -sd ';') || true
  [[ $NUMLOOM_CUDA_ARCHS =~ ^[0-9]+(;[0-9]+)*$ ]] || NUMLOOM_CUDA_ARCHS=90
fi
set -- "-DNUMLOOM_CUDA_ARCHS=$NUMLOOM_CUDA_ARCHS" "$@"

# A build folder made by another interpreter or another checkout would fail in ways that name neither.
mark="$(realpath .) $venv $("$venv/bin/python" -V) ${CXX:-} $type $*"
if [[ ! -f $build/build.ninja || $(cat "$build/.configured" 2>/dev/null) != "$mark" ]]; then
  [[ ! -f $build/CMakeCache.txt ]] || rm -rf "$build/CMakeCache.txt" "$build/CMakeFiles"
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE="$type" -DPython_EXECUTABLE="$venv/bin/python" \
    "$@" --log-level=STATUS >"$build.log" 2>&1 || { cat "$build.log" >&2; rm -f "$build.log"; exit 1; }
  mv "$build.log" "$build/configure.log"
  echo "$mark" >"$build/.configured"
fi
cmake --build "$build" -j "$jobs" --target "$target"

# The package is imported from the tree: python/ on the path, with the extension built into it.
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
[[ $(cat "$site/numloom-tree.pth" 2>/dev/null) == "$PWD/python" ]] || echo "$PWD/python" >"$site/numloom-tree.pth"
