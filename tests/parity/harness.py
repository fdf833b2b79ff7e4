"""Runs the same code under NumPy and under Numloom and compares what can be seen of it.

A case is source text. Its last expression is the result; `np` is the module under test. Compared: the value (bits, or within
a bound given in units in the last place), dtype, shape, strides of arrays, or else class and text of the exception; and the
warnings: category and text. For a NumPy scalar Numloom must give its 0-d scalar, and for a 0-d array an array.
"""

from __future__ import annotations

import ast
import warnings

import numloom
import numpy
from numloom import _core


def numpy_before(version: str) -> bool:
    """Whether the NumPy that is installed is older: where it gave something else then, or had something not yet."""
    return numpy.lib.NumpyVersion(numpy.__version__) < version


class Outcome:
    def __init__(self, value=None, error=None, warned=()):
        self.value = value
        self.error = error
        self.warned = sorted(warned)


def run(source: str, module, **names) -> Outcome:
    """Executes `source` with `np` = module; its last statement's value (or the variable `r`) is the result."""
    tree = ast.parse(source)
    last = None
    if isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    space = {"np": module, "numpy": numpy, **names}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = error = None
        try:
            exec(compile(tree, "case", "exec"), space)
            value = eval(compile(last, "case", "eval"), space) if last else space.get("r")
            # Recorded work may still warn, and may not raise.
            value = freeze(value)
            if module is numloom:
                numloom.synchronize()
        except Exception as e:
            error = e
    return Outcome(value, error, [(w.category.__name__, str(w.message)) for w in caught])


def freeze(value):
    """The result as NumPy's objects, with what was visible of ours kept."""
    if type(value) is numloom.ndarray:
        return Seen(numpy.array(numloom.asnumpy(value)), value.strides, value.shape, value.dtype, _core.is_scalar(value))
    if isinstance(value, numpy.ndarray):
        return Seen(numpy.array(value), value.strides, value.shape, value.dtype)
    if isinstance(value, numpy.generic):
        return Seen(numpy.array(value), (), (), value.dtype, True)
    if isinstance(value, (tuple, list)):
        return type(value)(freeze(v) for v in value) if type(value) in (tuple, list) else tuple(freeze(v) for v in value)
    if isinstance(value, dict):
        return {k: freeze(v) for k, v in value.items()}
    return value


class Seen:
    def __init__(self, array, strides, shape, dtype, scalar=False):
        self.array, self.strides, self.shape, self.dtype, self.scalar = array, strides, shape, dtype, scalar

    def __repr__(self):
        return f"{self.array!r} {'scalar' if self.scalar else f'shape {self.shape} strides {self.strides}'} dtype {self.dtype}"


def ulp_distance(a, b):
    """The largest distance of two float arrays in units in the last place of `b`; 0 where both are NaN or equal."""
    if a.dtype.kind == "c":
        # Normwise: the distance of the numbers in units of the larger part.
        with numpy.errstate(all="ignore"):
            same = (a == b) | (numpy.isnan(a) & numpy.isnan(b))
            scale = numpy.spacing(numpy.maximum(abs(b.real), abs(b.imag)))
            return float(numpy.max(numpy.where(same, 0, abs(a - b) / scale), initial=0))
    with numpy.errstate(all="ignore"):
        same = (a == b) | (numpy.isnan(a) & numpy.isnan(b))
        wide = numpy.float64 if a.dtype != numpy.float64 else numpy.longdouble
        distance = abs(a.astype(wide) - b.astype(wide)) / numpy.spacing(abs(b)).astype(wide)
        distance = numpy.where(same, 0, distance)
        return float(numpy.max(numpy.where(numpy.isnan(distance), numpy.inf, distance), initial=0))


def same(ours, theirs, ulp: float = 0, strides: bool = True, where: str = "result", zeros: bool = True) -> None:
    if isinstance(theirs, Seen):
        assert isinstance(ours, Seen), f"{where}: {ours!r} for {theirs!r}"
        assert ours.dtype == theirs.dtype, f"{where}: dtype {ours.dtype}, NumPy {theirs.dtype}"
        assert ours.scalar == theirs.scalar, f"{where}: {ours}\nNumPy {theirs}"
        assert ours.shape == theirs.shape, f"{where}: shape {ours.shape}, NumPy {theirs.shape}"
        if strides and theirs.array.size > 1:
            # A dimension of length 1 has no step that can be seen.
            o, t = ([s for s, n in zip(x.strides, x.shape, strict=True) if n > 1] for x in (ours, theirs))
            assert o == t, f"{where}: strides {ours.strides}, NumPy {theirs.strides}"
        if theirs.dtype.kind in "fc":
            assert numpy.array_equal(numpy.isnan(ours.array), numpy.isnan(theirs.array)), (
                f"{where}: NaN in other places: {ours} {theirs}"
            )
            if ulp == 0:
                assert numpy.array_equal(ours.array, theirs.array, equal_nan=True), f"{where}: {ours}\nNumPy {theirs}"
            else:
                distance = ulp_distance(ours.array, theirs.array)
                assert distance <= ulp, f"{where}: {distance} ULP apart, {ulp} allowed: {ours}\nNumPy {theirs}"
            if theirs.dtype.kind == "f" and zeros:
                both = (ours.array == 0) & (theirs.array == 0)
                signs = numpy.signbit(ours.array) == numpy.signbit(theirs.array)
                assert signs[both].all(), f"{where}: signs of zeros: {ours}\nNumPy {theirs}"
        else:
            assert numpy.array_equal(ours.array, theirs.array), f"{where}: {ours}\nNumPy {theirs}"
    elif isinstance(theirs, (tuple, list)):
        assert type(ours) is type(theirs) and len(ours) == len(theirs), f"{where}: {ours!r} for {theirs!r}"
        for i, (o, t) in enumerate(zip(ours, theirs, strict=True)):
            same(o, t, ulp, strides, f"{where}[{i}]", zeros)
    elif isinstance(theirs, float) and theirs != theirs:
        assert ours != ours, f"{where}: {ours!r} for nan"
    else:
        assert type(ours) is type(theirs) and ours == theirs, f"{where}: {ours!r} for {theirs!r}"


def check(source: str, ulp: float = 0, warned: bool = True, strides: bool = True, zeros: bool = True, **names) -> None:
    """Asserts that `source` does the same under both, and that it does something: gives a value, raises or warns."""
    theirs = run(source, numpy, **names)
    assert theirs.value is not None or theirs.error or theirs.warned, "a case whose result nobody sees"
    ours = run(source, numloom, **names)
    if theirs.error is not None or ours.error is not None:
        assert ours.error is not None, f"NumPy raises {theirs.error!r}; got {ours.value!r}"
        assert theirs.error is not None, f"NumPy gives {theirs.value!r}; raised {ours.error!r}"
        assert type(ours.error).__name__ == type(theirs.error).__name__, f"{ours.error!r}, NumPy {theirs.error!r}"
        assert str(ours.error) == str(theirs.error), f"{ours.error!r}, NumPy {theirs.error!r}"
    else:
        same(ours.value, theirs.value, ulp, strides, zeros=zeros)
    if warned and numloom.device() == "cpu":  # docs/differences.md: CUDA warns only under errstate raise
        assert ours.warned == theirs.warned, f"warned {ours.warned}, NumPy {theirs.warned}"
