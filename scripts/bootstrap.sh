#!/usr/bin/env bash
# Makes the virtual environment VENV for PYTHON (empty: the newest found) and installs the named sets of requirements.
#   scripts/bootstrap.sh VENV PYTHON SET...        SET: build, demo, test or lint (scripts/requirements-SET.txt)
# A set whose file has not changed since it was installed costs nothing, so this runs at the head of every target.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=$1 python=$2
shift 2

# Stamps hold a copy of what they were made from; comparing contents survives a fresh checkout's time stamps.
fresh() { [[ -f $venv/.numloom-$1 ]] && cmp -s "scripts/requirements-$1.txt" "$venv/.numloom-$1"; }

if [[ -n $python && -x $venv/bin/python ]]; then
  wanted=$(scripts/find_python.sh "$python")
  if [[ $("$wanted" -c 'import sys; print(sys.version_info[:2], sys.base_prefix)') != \
        $("$venv/bin/python" -c 'import sys; print(sys.version_info[:2], sys.base_prefix)' 2>/dev/null) ]]; then
    rm -rf "$venv"
  fi
fi
if ! "$venv/bin/python" -c '' 2>/dev/null; then
  found=$(scripts/find_python.sh "$python")
  echo "numloom: making $venv with $("$found" --version)"
  rm -rf "$venv"
  "$found" -m venv "$venv"
fi

requirements=() stale=()
for set_name in "$@"; do
  if ! fresh "$set_name"; then
    requirements+=(-r "scripts/requirements-$set_name.txt")
    stale+=("$set_name")
  fi
done
if [[ ${#stale[@]} -gt 0 ]]; then
  echo "numloom: installing what '${stale[*]}' needs into $venv"
  if ! "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --quiet "${requirements[@]}"; then
    echo "numloom: pip could not install the packages above; check the network or pip's settings, then run the same again" >&2
    exit 1
  fi
  for set_name in "${stale[@]}"; do cp "scripts/requirements-$set_name.txt" "$venv/.numloom-$set_name"; done
fi
