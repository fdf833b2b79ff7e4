#!/usr/bin/env bash
# Builds a self-contained wheel for the Python $1 (a name, a path, or empty: the newest found) into the folder $2.
# BLAS is in it and libstdc++ is linked statically, so that it needs NumPy alone where it is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=$2
python=$(scripts/find_python.sh "$1")
tag=$("$python" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
venv=build/wheel-$tag-venv
mkdir -p build "$out"
scripts/bootstrap.sh "$venv" "$python" build
export PATH="$PWD/$venv/bin:$PATH"
export CMAKE_GENERATOR=Ninja CMAKE_BUILD_PARALLEL_LEVEL=${JOBS:-$(nproc 2>/dev/null || echo 2)}

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
echo "numloom: building the wheel for $("$python" --version)"
"$venv/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps \
  -Cbuild.verbose=false -Clogging.level=WARNING -w "$fresh" .
"$venv/bin/python" scripts/tag_wheel.py "$fresh"/numloom-*.whl "$out"
