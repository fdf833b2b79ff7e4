"""Runs every benchmark: on the CPU, or with --gpu those of the GPU (some five minutes), and the examples at last."""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu", action="store_true", help="on CUDA, against CuPy, JAX and PyTorch")
    parser.add_argument("--rounds", type=int, default=1, help="processes of each peer (default 1)")
    parser.add_argument("--save", type=Path, default=HERE / "results" / "latest.jsonl", metavar="FILE")
    parser.add_argument("--no-examples", action="store_true", help="without the programs of examples/")
    args = parser.parse_args()

    device = "cuda" if args.gpu else "cpu"
    names = ["black_scholes", "stencil", "reduce", "calls"]
    names += ["registers"] if args.gpu else ["small_calls", "threads", "functions", "ufuncs"]
    failed = []
    for name in names:
        command = [sys.executable, str(HERE / f"{name}.py"), "--device", device, "--rounds", str(args.rounds)]
        if subprocess.run([*command, "--save", str(args.save)]).returncode:
            failed.append(name)
    if not args.no_examples:
        command = [sys.executable, str(HERE / "demo.py"), "--device", device, "--fresh", "--rounds", "2"]
        command += ["--peer", "cupy", "--scale", "gpu"] if args.gpu else []
        if subprocess.run([*command, "--json", str(args.save.with_suffix(".demo.json"))]).returncode:
            failed.append("demo")
    if failed:
        sys.exit("failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
