"""Random programs, run under NumPy and under Numloom, which must agree on every value.

A program is a list of statements as text, drawn from a seed: arrays of many types and shapes, views of views, writes in place
through overlapping views, live exports to NumPy that both sides write through, foreign buffers, reductions, index arrays, loops.
All values are small integers (also in floats), so that every result is exact and any difference is a bug. A statement that fails
must fail in both. A program that differs is shrunk to the fewest statements that still do.

    python tests/fuzz/programs.py --count 100000            # open-ended; --modes: each stretch of seeds in another mode
    python tests/fuzz/programs.py --seed 1234 --show        # one program
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy

DTYPES = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
UNARY = [
    "negative",
    "absolute",
    "square",
    "logical_not",
    "sign",
    "conjugate",
    "positive",
    "invert",
    "rint",
    "floor",
    "isnan",
    "real",
    "imag",
]
BINARY = ["add", "subtract", "multiply", "maximum", "minimum", "fmax", "fmin", "floor_divide", "remainder"]
COMPARE = ["equal", "not_equal", "less", "less_equal", "greater", "logical_and", "logical_or", "logical_xor"]
BITS = ["bitwise_and", "bitwise_or", "bitwise_xor"]
SYMBOLS = ["+", "-", "*", "+", "-", "*", "//", "%", "&", "|", "<", ">=", "==", "!="]
AUGMENTED = ["+=", "-=", "*=", "+=", "-=", "//=", "%=", "|=", "&="]
REDUCE = ["sum", "min", "max", "any", "all", "prod", "count_nonzero"]
# Beyond these a sum might round, and the order of its terms would show.
LIMITS = {"e": 60, "f": 1000, "d": 1e7, "F": 200, "D": 1e5, "g": 1e7, "G": 1e5}
INTEGER_LIMIT = 2**40
LARGEST = 200_000  # elements
ERRORS = (ValueError, TypeError, IndexError, OverflowError, AttributeError, NameError, ZeroDivisionError, MemoryError)


def settled_numpy(value):
    """NumPy itself forgets to copy between some overlapping 1-d views of different strides, so its side copies first."""
    return numpy.copy(value)


def settled_ours(value):
    return value


def space(module) -> dict:
    return {"np": module, "numpy": numpy, "settled": settled_numpy if module is numpy else settled_ours}


def variables(names: dict) -> dict:
    return {k: v for k, v in names.items() if k[0] in "vef" and k[1:].isdigit()}


class Generator:
    """Draws statements; runs each under NumPy, to know what the next ones may say."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.names = space(numpy)
        self.counter = 0
        self.statements: list[str] = []
        r = self.rng
        self.lengths = r.choice([[1, 2, 3, 4, 5, 7], [1, 2, 3, 4, 5, 7], [1, 2, 3, 5, 8, 17, 40], [1, 3, 40, 130, 1000]])
        self.kinds = [getattr(self, name) for name in dir(Generator) if name.startswith("draw_")]
        # Each program leans to a few kinds of statements, so that rare ones meet each other too.
        self.weights = [r.choice([1, 1, 2, 5]) for _ in self.kinds]

    # -- parts -----------------------------------------------------------------------------------------------------
    def arrays(self) -> dict[str, numpy.ndarray]:
        return {k: v for k, v in variables(self.names).items() if isinstance(v, (numpy.ndarray, numpy.generic))}

    def new(self) -> str:
        self.counter += 1
        return f"v{self.counter - 1}"

    def pick(self) -> str:
        return self.rng.choice(list(self.arrays()))

    def writeable(self) -> str | None:
        # NumPy's own unsigned arrays refuse our scalars where they are negative (docs/differences.md, scalars-are-arrays).
        found = [
            k
            for k, v in self.arrays().items()
            if isinstance(v, numpy.ndarray) and v.flags.writeable and (k[0] == "v" or v.dtype.kind != "u")
        ]
        return self.rng.choice(found) if found else None

    def shape(self) -> tuple[int, ...]:
        r = self.rng
        while True:
            lengths = [0, *self.lengths] if r.random() < 0.08 else self.lengths
            shape = tuple(r.choice(lengths) for _ in range(r.choice([0, 1, 1, 1, 2, 2, 2, 3, 3, 4])))
            if numpy.prod(shape, dtype=float) <= 50_000:
                return shape

    def scalar(self) -> str:
        return self.rng.choice(
            ["0", "1", "2", "3", "-1", "5", "2.0", "-3.0", "True", "np.int8(2)", "np.float32(3)", "np.int64(-2)", "2j"]
        )

    def slice(self, n: int) -> str:
        r = self.rng
        start, stop = (r.choice([None, r.randint(-n - 1, n + 1)]) for _ in range(2))
        step = r.choice([None, None, 1, -1, 2, -2, 3])
        text = ":".join("" if x is None else str(x) for x in (start, stop))
        return text if step is None else f"{text}:{step}"

    def index(self, shape: tuple[int, ...]) -> str:
        r = self.rng
        out = []
        for n in shape:
            kind = r.random()
            if kind < 0.12 and n:
                out.append(str(r.randrange(-n, n)))
            elif kind < 0.75:
                out.append(self.slice(n))
            elif kind < 0.8:
                out += ["None", ":"]
            else:
                out.append(":")
        if r.random() < 0.2:
            out = out[: r.randint(0, len(out))]
            if r.random() < 0.5 or not out:
                out.append("...")
        return ", ".join(out) or "..."

    def picks(self, n: int, count: int | None = None) -> str:
        """An integer index array for an axis of length n, often with repeated places, now and then out of range."""
        r = self.rng
        k = r.choice([0, 1, 2, 3, 5, 8]) if count is None else count
        wild = r.random() < 0.03
        values = [r.randrange(-n, n + wild) if n else 0 for _ in range(k if n or wild else 0)]
        dtype = r.choice(["", "", "", ", dtype='int32'", ", dtype='int8'"])
        if k == 4 and r.random() < 0.5:
            return f"np.array({[values[:2], values[2:]]}{dtype})"
        return str(values) if values and r.random() < 0.3 else f"np.array({values}{dtype or ', dtype=int'})"

    def fancy(self, shape: tuple[int, ...]) -> str:
        """An index with one or two index arrays or masks, and slices between."""
        r = self.rng
        if not shape:
            return r.choice(["True", "False", "..."])
        out = [r.choice([":", ":", "::-1", "1:", "::2"]) for _ in shape]
        for axis in {r.randrange(len(shape)) for _ in range(r.choice([1, 1, 2]))}:
            out[axis] = self.picks(shape[axis], r.choice([None, 3]))
        if r.random() < 0.2:
            axis = r.randrange(len(shape))
            mask = [bool(r.getrandbits(1)) for _ in range(shape[axis])]
            if len(mask) < 50:
                out = [":"] * len(shape)
                out[axis] = f"np.array({mask}, dtype=bool)"
        if r.random() < 0.1 and shape[0]:
            out[0] = str(r.randrange(shape[0]))
        return ", ".join(out)

    def value(self, text: str):
        try:
            return eval(text, self.names)
        except Exception:
            return None

    def compatible(self, shape: tuple[int, ...], onto: bool = False) -> str:
        """An operand that broadcasts with `shape`; with `onto`, to it exactly."""
        r = self.rng
        found = list(self.arrays())
        r.shuffle(found)
        for name in found[:8]:
            for text in (name, f"{name}[{self.index(numpy.shape(self.names[name]))}]", f"{name}.T"):
                if text != name and r.random() < 0.5:
                    continue
                other = self.value(text)
                if other is None:
                    continue
                try:
                    joint = numpy.broadcast_shapes(shape, numpy.shape(other))
                except ValueError:
                    continue
                if (joint == shape or not onto) and numpy.prod(joint, dtype=float) <= LARGEST:
                    return text
        return self.scalar()

    def expression(self, depth: int) -> str:
        r = self.rng
        if depth == 0:
            name = self.pick()
            return name if r.random() < 0.6 else f"{name}[{self.index(numpy.shape(self.names[name]))}]"
        left = self.expression(depth - 1)
        kind = r.random()
        if kind < 0.2:
            return f"np.{r.choice(UNARY)}({left})"
        right = self.compatible(numpy.shape(self.value(left)))
        if kind < 0.7:
            if r.random() < 0.2:
                left, right = right, left
            return f"({left} {r.choice(SYMBOLS)} {right})"
        return f"np.{r.choice(BINARY + COMPARE + BITS)}({left}, {right})"

    def axis(self, shape: tuple[int, ...]) -> str:
        r = self.rng
        n = len(shape)
        if n == 0 or r.random() < 0.2:
            return "None"
        if n > 1 and r.random() < 0.3:
            return str(tuple(r.sample(range(n), r.randint(1, n))))
        return str(r.randrange(-n, n))

    def overlap(self, name: str) -> tuple[str, str] | None:
        """Two windows of one array, of the same shape, which may share some elements."""
        r = self.rng
        shape = numpy.shape(self.names[name])
        axes = [k for k, n in enumerate(shape) if n > 1]
        if not axes:
            return None
        axis = r.choice(axes)
        n = shape[axis]
        length = r.randint(1, n)
        parts = []
        for _ in range(2):
            start = r.randint(0, n - length)
            window = f"{start}:{start + length}"
            if r.random() < 0.25:
                window = f"{start + length - 1}:{start - 1 if start else ''}:-1"
            parts.append(", ".join([":"] * axis + [window]))
        return f"{name}[{parts[0]}]", f"{name}[{parts[1]}]"

    # -- statements ------------------------------------------------------------------------------------------------
    def draw_create(self) -> str:
        r = self.rng
        shape, dtype, v = self.shape(), r.choice(DTYPES), self.new()
        n = int(numpy.prod(shape, dtype=int))
        low = 0 if dtype[0] in "ub" else -4
        if n <= 12:
            values = f"numpy.array({[r.randint(low, 4) for _ in range(n)]}, dtype='{dtype}')"
        else:
            values = f"(numpy.arange({n}) * {r.randrange(1, 99)} % 9 + {low}).astype('{dtype}')"
        make = f"{values}.reshape({shape})" if shape != (n,) else values
        kind = r.random()
        if kind < 0.45:
            order = r.choice(["", "", ", order='F'"])
            return f"{v} = np.array({make}{order})"
        if kind < 0.6:  # memory of a live NumPy array, which the program goes on writing
            return f"f{v[1:]} = {make}\n{v} = np.asarray(f{v[1:]})"
        if kind < 0.7 and n:
            named, view = f"f{v[1:]}", f"frombuffer(f{v[1:]}, dtype='{dtype}').reshape({shape})"
            return f"{named} = bytearray({make}.tobytes())\ne{v[1:]} = numpy.{view}\n{v} = np.{view}"
        if kind < 0.8:
            return f"{v} = np.full({shape}, {r.randint(0, 3)}, dtype='{dtype}')"
        if kind < 0.88:
            return f"{v} = np.{r.choice(['zeros', 'ones'])}({shape}, dtype='{dtype}', order='{r.choice('CF')}')"
        if kind < 0.94:
            return f"{v} = np.arange({r.choice(self.lengths)}, dtype='{dtype if dtype != 'bool' else 'int64'}')"
        like = self.pick() if self.arrays() else "numpy.ones(3)"
        return f"{v} = np.{r.choice(['zeros_like', 'ones_like'])}({like})"

    def draw_index(self) -> str:
        name = self.pick()
        return f"{self.new()} = {name}[{self.index(numpy.shape(self.names[name]))}]"

    def draw_view(self) -> str:
        r = self.rng
        name, v = self.pick(), self.new()
        shape = numpy.shape(self.names[name])
        n = len(shape)
        a, b = (r.randrange(n) if n else 0 for _ in range(2))
        size = int(numpy.prod(shape, dtype=int))
        return f"{v} = " + r.choice([
            f"{name}.T", f"np.transpose({name}, {tuple(r.sample(range(n), n))})", f"np.reshape({name}, (-1, 1))",
            f"np.ravel({name})", f"{name}.reshape({size})", f"np.reshape({name}, -1, order='F')", f"np.expand_dims({name}, {r.randint(0, n)})",
            f"np.squeeze({name})", f"np.flip({name})", f"np.flip({name}, {a})", f"np.broadcast_to({name}, {(2, *shape)})",
            f"np.moveaxis({name}, {a}, {b})", f"np.swapaxes({name}, {a}, {b})", f"{name}.real", f"{name}.imag", f"np.diagonal({name})",
            f"np.atleast_2d({name})", f"np.asarray({name})", name, f"{name}.copy()", f"np.array({name}, copy=True, order='K')",
            f"np.ascontiguousarray({name})", f"{name}.astype('{self.cast(name)}')", f"{name}.flatten()", f"np.split({name}, 1)[0]",
        ])  # fmt: skip

    def cast(self, name: str) -> str:
        """A type to which the values convert without a warning or a choice left to the machine."""
        a = self.names[name]
        fits = [d for d in DTYPES if (numpy.iscomplexobj(a) <= (d[0] == "c")) and (d[0] != "u" or numpy.all(numpy.real(a) >= 0))]
        return self.rng.choice(fits)

    def draw_elementwise(self) -> str:
        return f"{self.new()} = {self.expression(self.rng.choice([1, 1, 2, 2, 3]))}"

    def draw_rebind(self) -> str:
        v = self.pick()
        shape = numpy.shape(self.names[v])
        return f"{v} = {v} {self.rng.choice(SYMBOLS[:6])} {self.compatible(shape)}"

    def draw_out(self) -> str | None:
        r = self.rng
        target = self.writeable()
        if target is None:
            return None
        shape = numpy.shape(self.names[target])
        index = self.index(shape)
        inner = self.value(f"{target}[{index}]")
        if not isinstance(inner, numpy.ndarray):
            return None
        out = f"{target}[{index}]"
        a, b = (self.compatible(inner.shape, onto=True) for _ in range(2))
        if r.random() < 0.3 and (windows := self.overlap(target)):
            out, a = windows
            inner = self.value(out)
        call = f"np.{r.choice(UNARY)}({a}" if r.random() < 0.2 else f"np.{r.choice(BINARY + COMPARE)}({a}, {b}"
        plain = self.value(call + ")")
        literal = any(x[0] in "0123456789-T" for x in (a, b))
        if r.random() < 0.4 and not literal and plain is not None and numpy.result_type(plain) == inner.dtype:
            # Where the result is converted and `out` overlaps an operand, NumPy writes where `where` says not to; and it
            # crashes comparing a Python integer with an unsigned scalar under `where`.
            return f"{call}, out={out}, where={self.condition(inner.shape)})"
        casting = ", casting='unsafe'" if r.random() < 0.3 and inner.dtype.kind not in "u" else ""
        return f"{call}, out={out}{casting})"

    def condition(self, shape: tuple[int, ...]) -> str:
        text = self.compatible(shape, onto=True)
        return f"(np.asarray({text}) > {self.rng.choice([0, 1])})"

    def draw_augmented(self) -> str | None:
        r = self.rng
        target = self.writeable()
        if target is None:
            return None
        shape = numpy.shape(self.names[target])
        if r.random() < 0.4 and (windows := self.overlap(target)):
            return f"{windows[0]} {r.choice(AUGMENTED)} {windows[1]}"
        place = target if r.random() < 0.3 else f"{target}[{self.index(shape)}]"
        return f"{place} {r.choice(AUGMENTED)} {self.compatible(numpy.shape(self.value(place)), onto=True)}"

    def draw_assign(self) -> str | None:
        r = self.rng
        target = self.writeable()
        if target is None:
            return None
        if r.random() < 0.35 and (windows := self.overlap(target)):
            return f"{windows[0]} = settled({windows[1]})"
        place = f"{target}[{self.index(numpy.shape(self.names[target]))}]"
        source = self.compatible(numpy.shape(self.value(place)), onto=True)
        other = self.value(source)
        kind = self.names[target].dtype.kind
        if numpy.iscomplexobj(other) and kind != "c":
            source = f"np.real({source})"
        if kind == "u" and numpy.any(numpy.real(other) < 0):
            source = f"np.absolute({source})"
        return f"{place} = settled({source})"

    def draw_reduce(self) -> str:
        r = self.rng
        name, v = self.pick(), self.new()
        shape = numpy.shape(self.names[name])
        how, axis = r.choice(REDUCE), self.axis(shape)
        source = name if r.random() < 0.7 else f"({name} {r.choice(['+', '*', '>'])} {self.compatible(shape)})"
        more = ", keepdims=True" if r.random() < 0.25 else ""
        if how in ("sum", "min", "max", "any", "all") and r.random() < 0.15:
            more += f", where={self.condition(shape)}"
            more += ", initial=0" if how in ("min", "max") else ""
        if how == "sum" and r.random() < 0.15:
            more += f", dtype='{r.choice(['int64', 'float64'])}'"
        if how == "prod":  # of more, partial products overflow, in another order than NumPy's
            source = f"np.clip({source}, -1, 1)"
        if r.random() < 0.1 and how in ("sum", "max") and (out := self.writeable()):
            return f"np.{how}({source}, axis={axis}, out={out})"
        if r.random() < 0.1:
            return f"{v} = np.rint(np.mean({source}, axis={axis}))"
        return f"{v} = np.{how}({source}, axis={axis}{more})"

    def draw_scan(self) -> str:
        r = self.rng
        name = self.pick()
        n = numpy.ndim(self.names[name])
        axis = r.randrange(-n, n) if n else 0
        how = r.choice(
            ["cumsum", "cumsum", "argmax", "argmin", "diff", "sort", "argsort", "maximum.accumulate", "add.reduce", "ptp"]
        )
        # Of equal elements the place is a matter of the algorithm.
        stable = ", kind='stable'" if how == "argsort" else ""
        return f"{self.new()} = np.{how}({name}, axis={axis}{stable})"

    def draw_fancy_read(self) -> str:
        r = self.rng
        name, v = self.pick(), self.new()
        shape = numpy.shape(self.names[name])
        n = shape[0] if shape else 1
        return f"{v} = " + r.choice([
            f"{name}[{self.fancy(shape)}]", f"{name}[{self.fancy(shape)}]", f"{name}[{name} != {r.choice('012')}]",
            f"np.take({name}, {self.picks(n)}, axis=0)", f"np.where({self.condition(shape)}, {name}, {self.compatible(shape)})",
            f"np.nonzero({name})[-1].copy()", f"np.compress({[bool(r.getrandbits(1)) for _ in range(min(n, 9))]}, {name}, axis=0)",
            f"np.extract({self.condition(shape)}, {name})", f"{name}[{self.fancy(shape)}].T", f"np.argwhere({name})", f"np.flatnonzero({name})",
        ])  # fmt: skip

    def draw_fancy_write(self) -> str | None:
        r = self.rng
        name = self.writeable()
        if name is None:
            return None
        a = self.names[name]
        c = r.choice("012")
        index = self.fancy(a.shape)
        place = self.value(f"{name}[{index}]")
        source = self.compatible(numpy.shape(place), onto=True) if place is not None else c
        if numpy.iscomplexobj(self.value(source)) > (a.dtype.kind == "c") or (
            a.dtype.kind == "u" and numpy.any(numpy.real(self.value(source)) < 0)
        ):
            source = c
        return r.choice([
            f"{name}[{index}] = settled({source})", f"{name}[{index}] = settled({source})", f"{name}[{index}] += {source}",
            f"{name}[{name} != {c}] = {r.choice('0123')}", f"{name}[{self.condition(a.shape)}] = {c}", f"{name}[{name} > {c}] -= 1",
            f"np.copyto({name}, {c}, where={self.condition(a.shape)})", f"np.putmask({name}, {self.condition(a.shape)}, {c})",
            f"np.add.at({name}, {self.picks(a.shape[0] if a.ndim else 1)}, 1)", f"np.put({name}, {self.picks(a.size)}, {c})",
            f"{name}.fill({c})", f"{name}.sort(axis=0)", f"{name}.flat[{r.randint(0, 3)}] = {c}", f"np.fill_diagonal({name}, {c})",
        ])  # fmt: skip

    def draw_element(self) -> str | None:
        r = self.rng
        name = self.writeable()
        if name is None or not self.names[name].size:
            return None
        a = self.names[name]
        place = ", ".join(str(r.randrange(-n, n)) for n in a.shape) or "()"
        return r.choice([
            f"{name}[{place}] = {r.choice('0123')}", f"{name}[{place}] += 1", f"{self.new()} = {name}[{place}] * 2",
            f"{self.new()} = {name}[{place}] if {name}.any() else {name}", f"{name}[{place}] = {name}.max()",
        ])  # fmt: skip

    def draw_export(self) -> str | None:
        """A live view of our memory in NumPy's hands, which both sides go on writing."""
        r = self.rng
        name = self.pick()
        e = f"e{self.new()[1:]}"
        how = r.choice([f"numpy.asarray({name})", f"numpy.asarray({name})[::-1]", f"numpy.array({name}, copy=None)[...]",
                        f"numpy.asarray(memoryview({name}))", f"numpy.from_dlpack({name}, device='cpu')"])  # fmt: skip
        if not isinstance(self.names[name], numpy.ndarray) or ("dlpack" in how and not self.names[name].flags.writeable):
            return None
        return f"{e} = {how}"

    def draw_export_write(self) -> str | None:
        r = self.rng
        found = [
            k for k, a in self.arrays().items() if k[0] in "ef" and isinstance(a, numpy.ndarray) and a.flags.writeable and a.size
        ]
        if not found:
            return None
        name = r.choice(found)
        a = self.names[name]
        place = ", ".join(str(r.randrange(n)) for n in a.shape) or "()"
        return f"{name}[{place}] = {r.choice('012')}" if r.random() < 0.5 else f"{name}[{self.index(a.shape)}] = {r.choice('012')}"

    def draw_join(self) -> str:
        r = self.rng
        a, b, v = self.pick(), self.pick(), self.new()
        return f"{v} = " + r.choice([
            f"np.concatenate([np.ravel({a}), np.ravel({b})])", f"np.concatenate([{a}, {a}], axis=0)", f"np.stack([{a}, {a}], axis=-1)",
            f"np.tile({a}, 2)", f"np.repeat({a}, 2, axis=0)", f"np.roll({a}, 1)", f"np.roll({a}, -2, axis=0)", f"np.pad({a}, 1)",
            f"np.clip({a}, -1, 2)", f"np.hstack([{a}, {b}])", f"np.vstack([{a}, {b}])", f"np.where({a}, {a}, {self.compatible(numpy.shape(self.names[a]))})",
            f"np.pad({a}, 1, mode='edge')", f"np.array([{a}, {a}])", f"np.unique({a})",
        ])  # fmt: skip

    def draw_product(self) -> str | None:
        r = self.rng
        a, b = self.pick(), self.pick()
        shapes = [numpy.shape(self.names[n]) for n in (a, b)]
        if max(numpy.prod(s, dtype=float) for s in shapes) > 600:
            return None
        v = self.new()
        return f"{v} = " + r.choice([
            f"np.dot({a}, {b})", f"{a} @ {b}", f"{a} @ {a}.T", f"np.outer(np.ravel({a})[:9], np.ravel({b})[:9])", f"np.trace({a})",
            f"np.ascontiguousarray(np.einsum('...i,...i', {a}, {a}))", f"np.tensordot({a}, {a}, axes=0)" if sum(map(len, shapes)) < 5 else f"np.vdot({a}, {a})",
        ])  # fmt: skip

    def draw_loop(self) -> str | None:
        """A steady loop: the same statements over fixed or sliding windows, kept small by a remainder."""
        r = self.rng
        name = self.writeable()
        if name is None or self.names[name].dtype.kind in "cb" or not self.names[name].ndim:
            return None
        a = self.names[name]
        turns = r.choice([2, 3, 5, 9])
        lines = []
        for _ in range(r.choice([1, 1, 2, 3])):
            windows = self.overlap(name)
            if windows is None:
                return None
            x, y = windows
            other = self.compatible(numpy.shape(self.value(x)), onto=True)
            if numpy.iscomplexobj(self.value(other)):
                other = "1"
            lines.append(r.choice([
                f"{x} = ({y} + {other}) % 5", f"t = {x} * 2 - {y}; {x} = t % 7", f"{x} += {y}; {x} %= 6",
                f"{name} = ({name} + 1) % 5", f"{name}[k % {max(a.shape[0], 1)}] = k", f"{name}[k:] = settled({name}[k:]) + 1; {name} %= 9",
                f"t = np.where({x} > 2, {y}, {x}); {x} = t", f"{name}[{x} > 3] = 1" if a.ndim == 1 else f"{x} = ({x} + {y}.sum()) % 4",
                f"t, {name} = {name}, ({name} * 3 + 1) % 8", f"{x} = np.minimum({y}, {other} + k) % 5",
            ]))  # fmt: skip
        if a.dtype.kind == "u":
            lines = [line.replace(" - ", " + ") for line in lines]
        return f"for k in range({turns}):\n    " + "\n    ".join(lines)

    def draw_check(self) -> str:
        return "check()"

    def draw_delete(self) -> str | None:
        return f"del {self.rng.choice(list(variables(self.names)))}" if len(variables(self.names)) > 4 else None

    # -- the program -----------------------------------------------------------------------------------------------
    def generate(self, steps: int) -> list[str]:
        self.names["check"] = lambda: None
        with warnings.catch_warnings(), numpy.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            while len(self.statements) < steps:
                draw = self.draw_create if len(self.arrays()) < 3 else self.rng.choices(self.kinds, self.weights)[0]
                text = draw()
                if text is not None:
                    self.accept(text)
        return self.statements

    def accept(self, text: str) -> None:
        try:
            code = compile(text, "statement", "exec")
        except SyntaxError:
            return
        try:
            exec(code, self.names)
        except ERRORS:
            if self.rng.random() < 0.7:  # a failing loop or a pair of statements may have done something
                for name in set(variables(self.names)) - set(self.kept):
                    del self.names[name]
                if "\n" not in text and ";" not in text:
                    return
        self.statements.append(text)
        # Values that would round, and arrays beyond the size, go: named views of one buffer all see the same.
        for name, a in self.arrays().items():
            limit = LIMITS.get(a.dtype.char, INTEGER_LIMIT)
            if a.size > LARGEST or a.dtype.kind not in "biufc":
                self.statements.append(f"del {name}")
            elif a.size and not (numpy.max(numpy.abs(a)) <= limit):
                write = isinstance(a, numpy.ndarray) and a.flags.writeable
                self.statements.append(f"{name}.fill(1)" if write else f"del {name}")
            else:
                continue
            exec(self.statements[-1], self.names)
        for name, a in variables(self.names).items():
            if not isinstance(a, (numpy.ndarray, numpy.generic, bytearray)):
                self.statements.append(f"del {name}")
                exec(self.statements[-1], self.names)
        while len(variables(self.names)) > 14:
            self.statements.append(f"del {self.rng.choice(list(variables(self.names)))}")
            exec(self.statements[-1], self.names)

    @property
    def kept(self) -> list[str]:
        """Names that the statements so far bind (a name bound by a statement that was left out is none)."""
        return [n for n in variables(self.names) if any(f"{n} = " in s for s in self.statements)]


def generate(seed: int, steps: int = 40) -> list[str]:
    return Generator(seed).generate(steps)


def first_difference(a, real, same) -> str:
    places = numpy.argwhere(numpy.logical_not(same))
    at = tuple(places[0].tolist())
    return f"{len(places)} elements differ, at {at} NumPy {a[at]!r}, Numloom {real[at]!r}"


def compare(statements: list[str], module, show: bool = False) -> None:
    """Runs the statements under NumPy and under `module`; AssertionError at the first difference."""
    theirs, ours = space(numpy), space(module)

    def check() -> None:
        empties = any(numpy.size(a) == 0 for a in variables(theirs).values())
        for name, a in variables(theirs).items():
            b = ours[name]
            if not isinstance(a, (numpy.ndarray, numpy.generic)):
                continue
            real = numpy.asarray(b)
            # Steps of length-1 axes show nowhere; what an empty array leaves of its own in results is not followed.
            strides = [tuple(s for s, n in zip(x.strides, x.shape, strict=True) if n > 1) for x in (a, b)]
            assert strides[0] == strides[1] or empties, f"{name}{a.shape}: NumPy's strides {a.strides}, Numloom {b.strides}"
            assert a.dtype == b.dtype and a.shape == b.shape, f"{name}: NumPy {a.dtype}{a.shape}, Numloom {b.dtype}{b.shape}"
            same = (a == real) | ((a != a) & (real != real))
            assert numpy.all(same), f"{name}{a.shape}: {first_difference(a, real, same)}"

    theirs["check"] = ours["check"] = lambda: None
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for text in statements:
            code = compile(text, "statement", "exec")
            errors: list = [None, None]
            for side, names in enumerate((theirs, ours)):
                try:
                    exec(code, names)
                except ERRORS as e:
                    errors[side] = e
            # Which of two errors comes first is the parity tests' business.
            assert (errors[0] is None) == (errors[1] is None), f"NumPy: {errors[0]!r}; Numloom: {errors[1]!r} at {text}"
            if show:
                print(text, f"   # {errors[0]!r}" if errors[0] else "")
            if show or text == "check()":
                check()
        assert set(variables(theirs)) == set(variables(ours)), "other variables"
        check()


def shrink(statements: list[str], module) -> tuple[list[str], str]:
    """The fewest statements that still differ, and how."""

    def failure(candidate: list[str]) -> str | None:
        try:
            compare(candidate, module)
        except AssertionError as e:
            return str(e)
        return None

    text = failure(statements)
    if text is None:
        return statements, "no difference when run again"
    size = max(len(statements) // 2, 1)
    while True:
        at = 0
        while at < len(statements):
            candidate = statements[:at] + statements[at + size :]
            if (found := failure(candidate)) is not None:
                statements, text = candidate, found
            else:
                at += size
        if size == 1:
            return statements, text
        size //= 2


def run(seed: int, module, steps: int = 40, show: bool = False) -> None:
    """Runs program `seed`. Raises AssertionError with the fewest statements that show a difference."""
    statements = generate(seed, steps)
    try:
        compare(statements, module, show)
    except AssertionError as e:
        least, text = shrink(statements, module)
        raise AssertionError(
            f"program {seed}: {e}\nshrunk:\n  " + "\n  ".join("\n".join(least).split("\n")) + f"\n{text}"
        ) from None


def stretch(first: int, count: int, mode: str, env: dict[str, str], steps: int) -> int:
    """Runs seeds in a process of their own, in a mode; the number of programs that differed or ended the process."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder) / "seed"
        command = [
            sys.executable,
            __file__,
            "--seed",
            str(first),
            "--count",
            str(count),
            "--steps",
            str(steps),
            "--progress",
            str(at),
        ]
        begin = time.perf_counter()
        # A program that hangs, or kills the process, counts as one that differs.
        try:
            done = subprocess.run(
                command, env={**os.environ, **env}, text=True, capture_output=True, check=False, timeout=60 + count
            )
            text, code = done.stdout.strip() + done.stderr.strip(), done.returncode
        except subprocess.TimeoutExpired:
            text, code = "hangs", -1
        bad = 0
        if code:
            bad = 1 if code != 1 else int(text.split(" mismatches")[0].split()[-1]) if " mismatches" in text else 1
            print(f"{text[-6000:]}\nexit status {code}, last seed {at.read_text() if at.exists() else '?'}")
        print(f"{count} programs from {first}, {mode}: {bad} bad, {time.perf_counter() - begin:.0f} s", flush=True)
        return bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="the first program")
    parser.add_argument("--count", type=int, default=1, help="how many programs")
    parser.add_argument("--steps", type=int, default=40, help="statements in each")
    parser.add_argument("--show", action="store_true", help="print statements and compare after each")
    parser.add_argument("--modes", action="store_true", help="stretches of 250 programs, each in the next mode of tests/modes.py")
    parser.add_argument("--most", type=int, default=3, help="how many differences to print in full")
    parser.add_argument("--progress", type=Path, help="a file that holds the seed which runs")
    args = parser.parse_args()
    start, failures = time.perf_counter(), 0
    if args.modes:
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
        from modes import EMULATED, MODES

        modes = [("default", {}), *MODES]
        if EMULATED:
            modes.append(EMULATED)
        for turn, first in enumerate(range(args.seed, args.seed + args.count, 250)):
            count = min(250, args.seed + args.count - first)
            failures += stretch(first, count, *modes[turn % len(modes)], args.steps)
    else:
        import numloom

        for seed in range(args.seed, args.seed + args.count):
            if args.progress:
                args.progress.write_text(str(seed))
            try:
                run(seed, numloom, args.steps, args.show)
            except AssertionError as e:
                failures += 1
                if failures <= args.most:
                    print(e, file=sys.stderr)
    print(f"{args.count} programs, {failures} mismatches, {time.perf_counter() - start:.1f} s")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
