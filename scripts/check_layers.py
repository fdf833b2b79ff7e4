"""Checks the layer order and that no file names a path of somebody's machine: `python scripts/check_layers.py`.

A file may include headers of its own layer and of the layers listed before it, nothing else of the project. Prints one line per
breach and exits 1 if there is any.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ["base", "array", "runtime", "program", "plan", "codegen", "backend", "engine", "api", "bindings"]

# Headers that live elsewhere, and the layer whose readers may see them: error classes and the version know nothing; the op
# table and the scalar functions know dtypes; the rest of the installed headers are what api/ implements.
PLACED = [
    (re.compile(r"numloom/(error|version)\.h"), "base"),
    (re.compile(r"ops_table\.h|scalar/.*|ops/.*"), "array"),
    (re.compile(r"numloom/.*"), "api"),
    (re.compile(r"python/bindings/.*"), "bindings"),
]
# A GPU backend and the CPU backend are siblings: neither may know the other.
SIBLINGS = ["backend/cpu/", "backend/cuda/"]

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.M)
FOREIGN_PATH = re.compile(r"(?<![\w.$}~/])/(?:home|root|work|Users|mnt|workspace|opt/wheels)/[\w.-]+")


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return [Path(n) for n in names if (ROOT / n).is_file()]


def layer_of(include: str) -> str | None:
    """The layer of an include path as written, or None if it is not of this project."""
    for pattern, layer in PLACED:
        if pattern.fullmatch(include):
            return layer
    head = include.split("/", 1)[0]
    return head if head in LAYERS and (ROOT / "src" / include).exists() else None


def own_layer(path: Path) -> str | None:
    parts = path.parts
    if parts[:2] == ("python", "bindings"):
        return "bindings"
    if parts[0] == "src" and parts[1] in LAYERS:
        return parts[1]
    if parts[:2] == ("include", "numloom"):
        return layer_of("/".join(parts[1:]))
    return "array" if parts[0] == "ops" else None


def check_includes(path: Path, text: str) -> list[str]:
    own = own_layer(path)
    if own is None:
        return []
    breaches = []
    inside = next((s for s in SIBLINGS if f"src/{s}" in f"{path}"), None)
    for match in INCLUDE.finditer(text):
        layer = layer_of(match[1])
        line = text.count("\n", 0, match.start()) + 1
        if layer and LAYERS.index(layer) > LAYERS.index(own):
            breaches.append(f"{path}:{line}: {own} includes {match[1]}, which is of the higher layer {layer}")
        if inside and any(match[1].startswith(s) for s in SIBLINGS if s != inside):
            breaches.append(f"{path}:{line}: a backend includes {match[1]}, which is another backend's")
    return breaches


def main() -> int:
    breaches: list[str] = []
    checked = 0
    for path in tracked():
        try:
            text = (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue
        if path.suffix in {".h", ".cpp", ".cu"}:
            breaches += check_includes(path, text)
            checked += 1
        if path != Path("scripts/check_layers.py"):
            breaches += [
                f"{path}:{text.count(chr(10), 0, m.start()) + 1}: names a path of one machine: {m[0]}"
                for m in FOREIGN_PATH.finditer(text)
            ]
    print("\n".join(breaches) if breaches else f"layers: {checked} files keep the order")
    return bool(breaches)


if __name__ == "__main__":
    sys.exit(main())
