"""Gives a wheel the platform tag that its libraries allow: `python tag_wheel.py WHEEL OUT_DIR`.

The build leaves `linux_x86_64`, which says nothing of the C library. The tag manylinux_2_N names the newest glibc symbol version
that any library in the wheel asks for, so pip refuses the wheel where it would not load. Also fails if a library needs
anything beside the C library and what the wheel itself holds.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

SYSTEM_LIBRARIES = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "ld-linux-x86-64.so.2"}
SIZE_LIMIT = 60 << 20


def objdump(path: Path) -> str:
    return subprocess.run(["objdump", "-p", path], check=True, capture_output=True, text=True).stdout


def platform_tag(wheel: zipfile.ZipFile) -> str:
    newest = 17
    libraries = [n for n in wheel.namelist() if re.search(r"\.so(\.|$)", n)]
    own = {Path(n).name for n in libraries}
    with tempfile.TemporaryDirectory() as folder:
        for name in libraries:
            text = objdump(Path(wheel.extract(name, folder)))
            foreign = set(re.findall(r"NEEDED\s+(\S+)", text)) - SYSTEM_LIBRARIES - own
            if foreign:
                sys.exit(f"numloom: {name} needs {', '.join(sorted(foreign))}, which is not in the wheel")
            newest = max([newest, *(int(v) for v in re.findall(r"GLIBC_2\.(\d+)", text))])
    return f"manylinux_2_{newest}_x86_64"


def retag(source: Path, out: Path) -> Path:
    with zipfile.ZipFile(source) as wheel:
        platform = platform_tag(wheel)
        *head, _ = source.stem.split("-")
        target = out / ("-".join([*head, platform]) + ".whl")
        for old in out.glob("-".join(head) + "-*.whl"):
            old.unlink()
        records: list[tuple[str, str, object]] = []
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as fresh:
            for item in wheel.infolist():
                if item.filename.endswith(".dist-info/RECORD"):
                    record = item
                    continue
                data = wheel.read(item)
                if item.filename.endswith(".dist-info/WHEEL"):
                    data = re.sub(rb"(?m)^(Tag: \S+-)linux_x86_64", rb"\g<1>" + platform.encode(), data)
                fresh.writestr(item, data, zipfile.ZIP_DEFLATED, 9)
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                records.append((item.filename, f"sha256={digest}", len(data)))
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows([*records, (record.filename, "", "")])
            fresh.writestr(record, text.getvalue(), zipfile.ZIP_DEFLATED)
    return target


def main() -> None:
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    target = retag(source, out)
    size = target.stat().st_size
    if size > SIZE_LIMIT:
        sys.exit(f"numloom: {target} has {size / 2**20:.1f} MiB, more than {SIZE_LIMIT >> 20}")
    print(f"{target} ({size / 2**20:.1f} MiB)")


main()
