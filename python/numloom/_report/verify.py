"""`--verify`: every flush is computed again by NumPy on copies of its inputs, instruction by instruction, and compared.

A step is (kind, op, type, axis, axes, types, out, inputs, place); an operand is (bytes, dtype, offset, shape, strides) or
(None, dtype, value). `place` is (file, line) or None. See program.h for what the kinds mean. Work that is too small to be
recorded runs at the call and is not seen here.
"""

import atexit
import os
import sys

import numpy

_checked = 0
_differences = 0

_COMPOSED = {
    "copy": lambda a: a,
    "select": numpy.where,
    "clip": lambda a, low, high: numpy.minimum(numpy.maximum(a, low), high),
    "modf_fraction": lambda a: numpy.modf(a)[0],
    "modf_integral": lambda a: numpy.modf(a)[1],
    "frexp_mantissa": lambda a: numpy.frexp(a)[0],
    "frexp_exponent": lambda a: numpy.frexp(a)[1],
    "real_part": numpy.real,
    "imag_part": numpy.imag,
    "make_complex": lambda a, b: a + 1j * b,
}


def start():
    """Verify from now on, and say at the end what was found."""
    from numloom import _core

    _core.set_verify(check)
    process = os.getpid()

    def summary():
        _core.issue_warnings()
        if os.getpid() == process:
            found = f"{_differences} differ" if _differences else "no difference from NumPy"
            sys.stderr.write(f"numloom --verify: {_checked} flushes checked, {found}\n")

    atexit.register(summary)


def _view(operand, writable=False):
    memory, dtype, *rest = operand
    if memory is None:
        return dtype.type(rest[0])
    offset, shape, strides = rest
    view = numpy.ndarray(shape, dtype, memory, offset, strides)
    view.flags.writeable = writable
    return view


def _addresses(operand, offsets):
    """The byte of each element of an operand that is indexed by strides and by `offsets`."""
    _, _, start, shape, strides = operand
    place = numpy.asarray(offsets, dtype=numpy.int64) + start
    for d, (size, stride) in enumerate(zip(shape, strides, strict=True)):
        place = place + (numpy.arange(size) * stride).reshape((size,) + (1,) * (len(shape) - d - 1))
    return numpy.broadcast_to(place, numpy.broadcast_shapes(place.shape, shape))


def _gathered(operand, offsets):
    memory, dtype = operand[0], operand[1]
    place = _addresses(operand, offsets)
    return memory[place[..., None] + numpy.arange(dtype.itemsize)].reshape(*place.shape, dtype.itemsize).view(dtype)[..., 0]


def _compute(step):
    kind, op, dtype, axis, axes, types, out, inputs, _ = step
    function = getattr(numpy, op, None) if op not in _COMPOSED else None
    if kind == "scatter":
        values, offsets = _view(inputs[0]), _view(inputs[1])
        memory, element = out[0], out[1]
        place = _addresses(out, offsets)
        source = numpy.ascontiguousarray(numpy.broadcast_to(values, place.shape)).reshape(-1)
        source = source.astype(element).view(numpy.uint8).reshape(-1, element.itemsize)
        for at, raw in zip(place.reshape(-1).tolist(), source, strict=True):
            memory[at : at + element.itemsize] = raw
        return
    target = _view(out, True)
    if kind == "index":
        shape = [1] * target.ndim
        shape[axis] = target.shape[axis]
        target[...] = numpy.arange(target.shape[axis]).reshape(shape)
    elif kind == "gather":
        target[...] = _gathered(inputs[0], _view(inputs[1]))
    elif kind == "map":
        values = [numpy.asarray(_view(x)) for x in inputs]
        values = [x if t is None else x.astype(t) for x, t in zip(values, types, strict=True)]
        if function is None and op not in _COMPOSED:
            op = op.rpartition("_")[0]  # a comparison of signed with unsigned integers, by value
            function = getattr(numpy, op)
        target[...] = (function or _COMPOSED[op])(*values)
    elif kind == "reduce":
        chosen = tuple(d for d in range(target.ndim) if axes >> d & 1)
        result = function.reduce(_view(inputs[0]).astype(dtype), axis=chosen)
        target[tuple(0 if d in chosen else slice(None) for d in range(target.ndim))] = result
    elif kind == "matmul":
        target[...] = numpy.matmul(_view(inputs[0]), _view(inputs[1]))
    elif kind == "cumulate":
        target[...] = function.accumulate(_view(inputs[0]).astype(dtype), axis=axis)
    elif kind == "argreduce":
        arg = numpy.argmin if op == "minimum" else numpy.argmax
        target[...] = arg(_view(inputs[0]), axis=axis, keepdims=True)
    elif kind == "compact":
        target[...] = numpy.flatnonzero(_view(inputs[0]))
    elif kind == "order":
        lines = _view(inputs[0])
        target[...] = numpy.sort(lines)[:, _view(inputs[1])]
        target[numpy.isnan(lines).any(axis=1)] = numpy.nan if dtype.kind == "f" else 0
    elif kind == "bincount":
        target[...] = numpy.bincount(_view(inputs[0]), minlength=target.size)
    else:
        raise AssertionError(f"--verify does not know {kind}")


def _tolerance(dtype):
    if dtype.kind not in "fc":
        return 0.0
    return {"e": 2e-2, "f": 1e-4, "F": 1e-4}.get(dtype.char, 1e-9)


def _agree(expected, actual):
    if expected.dtype.kind not in "fc":
        return (expected == actual).all()
    limit = _tolerance(expected.dtype)
    with numpy.errstate(all="ignore"):
        finite = numpy.abs(expected[numpy.isfinite(expected)])
        scale = float(finite.max()) if finite.size else 0.0
        return numpy.isclose(actual, expected, rtol=limit, atol=limit * scale, equal_nan=True).all()


def check(steps, memories):
    """Compute a flush on the copies made before it, and compare what can still be seen, in the order of the program."""
    global _checked, _differences
    with numpy.errstate(all="ignore"):
        for step in steps:
            _compute(step)
    _checked += 1
    actual_of = {id(computed): actual for computed, actual in memories}
    for step in steps:
        kind, op, out, place = step[0], step[1], step[6], step[8]
        actual = actual_of.get(id(out[0]))
        if actual is None:
            continue
        if kind == "scatter":
            expected_view, actual_view = out[0].view(numpy.uint8), actual
            if out[0].nbytes % out[1].itemsize == 0:
                expected_view, actual_view = out[0].view(out[1]), actual.view(out[1])
        else:
            expected_view, actual_view = _view(out), _view((actual, *out[1:]))
        if _agree(expected_view, actual_view):
            continue
        _differences += 1
        if _differences == 1:
            where = f"{place[0]}:{place[1]}" if place else "an unknown line"
            sys.stderr.write(f"numloom --verify: {where}: {op or kind} ({out[1]}, shape {out[3]}) differs from NumPy\n")
        return
