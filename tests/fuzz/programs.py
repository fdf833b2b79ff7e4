"""Random programs, run statement by statement under NumPy and under Numloom, which must agree on every value.

A program is a list of statements drawn from a seed: arrays of many types and shapes, views of views, writes in place through
overlapping views, live exports to NumPy that both sides write through, foreign buffers, reductions, index arrays. All values are
small integers (also in floats), so that every result is exact and any difference is a bug.

    python tests/fuzz/programs.py --count 100000        # open-ended
    python tests/fuzz/programs.py --seed 1234 --show    # one program
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import warnings

import numpy

DTYPES = ["bool", "int8", "int32", "int64", "uint8", "uint16", "float32", "float64", "complex128"]
UNARY = ["negative", "absolute", "square", "logical_not", "sign", "conjugate"]
BINARY = ["add", "subtract", "multiply", "maximum", "minimum", "equal", "less", "logical_and", "logical_or"]
INPLACE = ["add", "subtract", "multiply", "maximum", "minimum"]
REDUCE = ["sum", "min", "max", "any", "all", "argmax", "argmin", "cumsum", "count_nonzero"]


class Program:
    """One random program. `step(world)` draws a statement and runs it on every module's variables."""

    def __init__(self, seed: int, module) -> None:
        self.rng = random.Random(seed)
        self.numloom = module
        self.names: list[str] = []
        self.counter = 0
        # Per variable: (NumPy's array, ours).
        self.vars: dict[str, tuple] = {}
        self.exports: dict[str, tuple] = {}
        self.log: list[str] = []

    # -- drawing ---------------------------------------------------------------------------------------------------
    def shape(self) -> tuple[int, ...]:
        r = self.rng
        return tuple(r.choice([0, 1, 2, 3, 4, 5, 7]) if r.random() < 0.1 else r.choice([1, 2, 3, 4, 5, 7, 40])
                     for _ in range(r.choice([0, 1, 1, 2, 2, 2, 3])))

    def pick(self) -> str | None:
        return self.rng.choice(self.names) if self.names else None

    def index(self, shape: tuple[int, ...]):
        r = self.rng
        out = []
        for n in shape:
            kind = r.random()
            if kind < 0.15 and n:
                out.append(r.randrange(-n, n))
            elif kind < 0.8:
                start, stop = r.choice([None, r.randint(-n - 1, n + 1)]), r.choice([None, r.randint(-n - 1, n + 1)])
                out.append(slice(start, stop, r.choice([None, None, 1, -1, 2, -2, 3])))
            elif kind < 0.87:
                out.append(None)
                out.append(slice(None))
            else:
                out.append(slice(None))
        if out and r.random() < 0.2:
            out = out[: r.randint(0, len(out))]
            if r.random() < 0.5:
                out.append(Ellipsis)
        return tuple(out)

    def scalar(self):
        return self.rng.choice([0, 1, 2, 3, -1, 5, 2.0, -3.0, True])

    # -- running ---------------------------------------------------------------------------------------------------
    def both(self, text: str, f, store: bool = True) -> None:
        """Runs f(module, side) for NumPy (0) and Numloom (1); both must succeed, or fail."""
        self.log.append(text)
        results = []
        for side, module in enumerate((numpy, self.numloom)):
            try:
                results.append((None, f(module, side)))
            except (ValueError, TypeError, IndexError, OverflowError) as e:
                results.append((e, None))
        (e0, r0), (e1, r1) = results
        # Which of two errors comes first is the parity tests' business.
        if (e0 is None) != (e1 is None):
            raise AssertionError(f"NumPy: {e0!r}; Numloom: {e1!r}")
        if e0 is None and store:
            self.add(r0, r1)

    def add(self, a, b) -> None:
        name = f"v{self.counter}"
        self.counter += 1
        self.vars[name] = (a, b)
        self.names.append(name)
        self.log[-1] += f"  -> {name}"
        if len(self.names) > 14:
            self.drop(self.rng.choice(self.names))

    def drop(self, name: str) -> None:
        self.names.remove(name)
        del self.vars[name]

    def step(self) -> None:
        r = self.rng
        kind = r.random()
        if len(self.names) < 3 or kind < 0.08:
            shape, dtype, seed = self.shape(), r.choice(DTYPES), r.random()
            n = int(numpy.prod(shape, dtype=int))
            values = numpy.array([random.Random(seed + i).randint(-4, 4) for i in range(n)]).reshape(shape)
            real = numpy.abs(values).astype(dtype) if dtype.startswith("u") else values.astype(dtype)
            order = r.choice("CCF")
            foreign = r.random() < 0.2

            def create(module, side):
                mine = numpy.array(real, order=order)
                if side and foreign:
                    # Numloom shares the memory of a live NumPy array, which the program goes on writing.
                    self.exports[f"v{self.counter}"] = (None, mine)
                    return module.asarray(mine)
                return module.array(mine)

            self.both(f"array({dtype}, {shape}, {order}, foreign={foreign})", create)
            return
        name = self.pick()
        a = self.vars[name]
        v = lambda side: a[side]  # noqa: E731
        shape = numpy.shape(a[0])
        if kind < 0.25:
            index = self.index(shape)
            self.both(f"{name}[{index}]", lambda m, s: v(s)[index])
        elif kind < 0.31:
            how = r.choice(["T", "reshape", "ravel", "copy", "newaxis", "astype", "flip", "broadcast"])
            dtype = r.choice(DTYPES)

            def view(m, s):
                x = v(s)
                if how == "T":
                    return m.transpose(x)
                if how == "reshape":
                    return m.reshape(x, (-1, 1))
                if how == "ravel":
                    return m.ravel(x)
                if how == "copy":
                    return m.copy(x)
                if how == "newaxis":
                    return m.expand_dims(x, 0)
                if how == "astype":
                    return m.asarray(x).astype(dtype)
                if how == "flip":
                    return m.flip(x) if m.ndim(x) else m.copy(x)
                return m.broadcast_to(x, (2, *m.shape(x)))

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if how != "astype" or not (numpy.iscomplexobj(a[0]) or dtype.startswith(("u", "int8"))):
                    self.both(f"{how}({name})", view)
        elif kind < 0.38:
            op = r.choice(UNARY)
            self.both(f"{op}({name})", lambda m, s: getattr(m, op)(v(s)))
        elif kind < 0.55:
            op, other = r.choice(BINARY), self.pick()
            b = self.vars[other]
            if r.random() < 0.3:
                c = self.scalar()
                self.both(f"{op}({name}, {c!r})", lambda m, s: getattr(m, op)(v(s), c))
            else:
                self.both(f"{op}({name}, {other})", lambda m, s: getattr(m, op)(v(s), b[s]))
        elif kind < 0.72:
            # In place, through a view, from another array or another view of the same memory.
            op = r.choice(INPLACE)
            index = self.index(shape)
            other = name if r.random() < 0.5 else self.pick()
            b = self.vars[other]
            other_index = self.index(numpy.shape(b[0]))
            plain = r.random() < 0.4

            def write(m, s):
                if numpy.ndim(v(s)) == 0:
                    raise ValueError("not an array")
                value = b[s][other_index] if numpy.ndim(b[s]) else b[s]
                if plain:
                    # NumPy itself forgets to copy between overlapping 1-d views of different strides.
                    v(s)[index] = value if s else numpy.copy(value)
                else:
                    target = v(s)[index]
                    if numpy.ndim(target) == 0:
                        raise ValueError("not an array")
                    getattr(m, op)(target, value, out=target)

            text = f"{name}[{index}] {'=' if plain else op + '='} {other}[{other_index}]"
            if not self.lossy(a[0], b[0]):
                self.both(text, write, store=False)
        elif kind < 0.80:
            how = r.choice(REDUCE)
            axis = r.choice([None, *range(len(shape))])
            if how in ("cumsum",) and axis is None:
                axis = 0 if shape else None
            if 0 in shape and how in ("min", "max", "argmax", "argmin"):
                return
            if shape:
                self.both(f"{how}({name}, axis={axis})", lambda m, s: getattr(m, how)(v(s), axis=axis))
        elif kind < 0.86 and shape and 0 not in shape:
            # Index arrays and masks, read and write.
            n = shape[0]
            picks = [r.randrange(-n, n) for _ in range(r.choice([1, 2, 5]))]
            c = r.choice([0, 1, 2])
            how = r.choice(["read", "write", "mask_read", "mask_write", "where", "take"])

            def indexed(m, s):
                x = v(s)
                if how == "read":
                    return x[m.array(picks)]
                if how == "write":
                    x[m.array(picks)] = c
                    return x
                if how == "mask_read":
                    return x[x != c]
                if how == "mask_write":
                    x[x != c] = c
                    return x
                if how == "where":
                    return m.where(x != c, x, m.zeros_like(x))
                return m.take(x, m.array(picks), axis=0)

            self.both(f"{how}({name}, {picks}, {c})", indexed)
        elif kind < 0.92 and shape:
            # A live export: NumPy's view of our memory, which both sides write.
            c = r.choice([0, 1, 2])
            keep = r.random() < 0.5

            def export(m, s):
                real = numpy.asarray(v(s))
                if real.flags.writeable and real.size:
                    real[(0,) * real.ndim] = c
                return real if keep else None

            self.both(f"export({name}) = {c}, kept={keep}", export, store=keep)
        elif kind < 0.95:
            other = self.pick()
            b = self.vars[other]
            self.both(f"concatenate({name}, {other})", lambda m, s: m.concatenate([m.ravel(v(s)), m.ravel(b[s])]))
        elif len(self.names) > 4:
            self.log.append(f"del {name}")
            self.drop(name)

    @staticmethod
    def lossy(to, source) -> bool:
        """Assignments whose conversion warns or is not defined for these values."""
        return not numpy.can_cast(numpy.asarray(source).dtype, numpy.asarray(to).dtype, "same_kind")

    def check(self) -> None:
        for name in self.names:
            a, b = self.vars[name]
            b = numpy.asarray(b)
            a = numpy.asarray(a)
            if a.dtype != b.dtype or a.shape != b.shape:
                raise AssertionError(f"{name}: NumPy {a.dtype}{a.shape}, Numloom {b.dtype}{b.shape}")
            if not numpy.array_equal(a, b, equal_nan=a.dtype.kind in "fc"):
                raise AssertionError(f"{name}: NumPy\n{a}\nNumloom\n{b}")


def run(seed: int, module, steps: int = 40, show: bool = False) -> None:
    """Runs program `seed`. Raises AssertionError with the statements up to the first difference."""
    p = Program(seed, module)
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            for n in range(steps):
                p.step()
                if show:
                    print(p.log[-1])
                    p.check()
                elif n % 13 == 12:
                    p.check()
            p.check()
        except AssertionError as e:
            raise AssertionError(f"program {seed}:\n  " + "\n  ".join(p.log) + f"\n{e}") from None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="the first program")
    parser.add_argument("--count", type=int, default=1, help="how many programs")
    parser.add_argument("--steps", type=int, default=40, help="statements in each")
    parser.add_argument("--show", action="store_true", help="print statements and compare after each")
    args = parser.parse_args()
    import numloom

    start, failures = time.perf_counter(), 0
    for seed in range(args.seed, args.seed + args.count):
        try:
            run(seed, numloom, args.steps, args.show)
        except AssertionError as e:
            failures += 1
            if failures <= 3:
                print(e, file=sys.stderr)
    print(f"{args.count} programs, {failures} mismatches, {time.perf_counter() - start:.1f} s")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
