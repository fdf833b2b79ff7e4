#!/usr/bin/env bash
# Prints the path of the Python to use: $1 if given (a name or a path), else the newest of the supported ones on PATH.
# A candidate counts only if it runs (a pyenv shim may exist and fail), is new enough and has its headers and venv.
# What is missing is said in one line on stderr, with what to install; the exit status is then 1.
set -uo pipefail
oldest='3.11'

# Succeeds, and prints the interpreter's own path, if $1 runs and is new enough.
resolve() {
  "$1" -c '
import os, sys
oldest = tuple(map(int, sys.argv[1].split(".")))
if sys.version_info < oldest or sys.implementation.name != "cpython":
    sys.exit(1)
print(os.path.abspath(sys.executable))' "$oldest" 2>/dev/null
}

# Prints why $1 will not do for building an extension in a virtual environment; nothing if it will.
lacks() {
  "$1" -c '
import os, sys, sysconfig
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    sys.exit("numloom: %s is a free-threaded Python, which Numloom does not support; use one with the GIL" % sys.executable)
short = "python%d.%d" % sys.version_info[:2]
missing = []
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    missing.append((short + " has no headers", short + "-dev"))
try:
    import ensurepip, venv
except ImportError:
    missing.append((short + " has no venv module", short + "-venv"))
if missing:
    print("numloom: %s; install %s (Debian, Ubuntu: apt install %s)" % (
        " and ".join(m[0] for m in missing), " and ".join(m[1] for m in missing), " ".join(m[1] for m in missing)))
' 2>&1
}

# Where pyenv keeps the interpreters of version $1, which its shims hide unless they are activated.
pyenv_candidates() {
  local root=${PYENV_ROOT:-${HOME:-}/.pyenv}
  [[ -d $root/versions ]] && printf '%s\n' "$root"/versions/"$1"*/bin/python"$1" | sort -rV
}

if [[ $# -gt 0 && -n $1 ]]; then
  candidates=("$1")
  if [[ $1 =~ ^python(3\.[0-9]+)$ ]]; then
    while read -r path; do candidates+=("$path"); done < <(pyenv_candidates "${BASH_REMATCH[1]}")
  fi
else
  candidates=(python3.13 python3.12 python3.11 python3)
fi

complaint=''
for candidate in "${candidates[@]}"; do
  path=$(resolve "$candidate") || continue
  why=$(lacks "$path")
  if [[ -z $why ]]; then
    echo "$path"
    exit 0
  fi
  [[ -n $complaint ]] || complaint=$why
done

if [[ -n $complaint ]]; then
  echo "$complaint" >&2
elif [[ $# -gt 0 && -n $1 ]]; then
  echo "numloom: '$1' is no CPython $oldest or newer that runs; pass PYTHON=path of one" >&2
else
  echo "numloom: no Python $oldest or newer found; install it (Debian, Ubuntu: apt install python3-dev python3-venv) or pass PYTHON=path of one" >&2
fi
exit 1
