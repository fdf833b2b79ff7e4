"""Products of vectors, matrices and tensors, all through `dot`, `matmul` and fused multiply-and-sum; vector norms."""

import numpy

from numloom import _core
from numloom._api.registry import axis_tuple, decline, lift, ndarray, provides

_functions = _core.functions
_dot = _functions["dot"]
_matmul = _core.ufuncs["matmul"]
_multiply = _core.ufuncs["multiply"]
_add_reduce = _core.ufuncs["add"].reduce
_sqrt = _core.ufuncs["sqrt"]
_abs = _core.ufuncs["absolute"]


def _product(sizes):
    result = 1
    for size in sizes:
        result *= size
    return result


@provides()
def outer(a, b, out=None):
    x, y = lift(a), lift(b)
    if x is None or y is None:
        return decline("outer", (a, b, out), {})
    keywords = {} if out is None else {"out": out}
    return _multiply(x.ravel()[:, None], y.ravel()[None, :], **keywords)


@provides()
def inner(a, b, /):
    x, y = lift(a), lift(b)
    if x is None or y is None or (x.ndim and y.ndim and x.shape[-1] != y.shape[-1]):
        return decline("inner", (a, b), {})
    if not x.ndim or not y.ndim:
        return _multiply(x, y)
    return _dot(x, y) if y.ndim == 1 else tensordot(x, y, (-1, -1))


@provides()
def vdot(a, b, /):
    x, y = lift(a), lift(b)
    if x is None or y is None or x.size != y.size:
        return decline("vdot", (a, b), {})
    if x.ndim != 1 or y.ndim != 1:
        x, y = x.ravel(), y.ravel()
    return _dot(x.conj(), y)


@provides()
def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    lifted = lift(a)
    if lifted is None or lifted.ndim < 2 or axis_tuple((axis1, axis2), lifted.ndim) is None:
        return decline("trace", (a, offset, axis1, axis2, dtype, out), {})
    return lifted.diagonal(offset, axis1, axis2).sum(-1, dtype=dtype, out=out)


@provides()
def tensordot(a, b, axes=2):
    x, y = lift(a), lift(b)
    pairs = None
    if x is not None and y is not None:
        if type(axes) is int:
            if 0 <= axes <= min(x.ndim, y.ndim):
                pairs = tuple(range(x.ndim - axes, x.ndim)), tuple(range(axes))
        elif type(axes) in (tuple, list) and len(axes) == 2:
            pairs = axis_tuple(axes[0], x.ndim), axis_tuple(axes[1], y.ndim)
    if (
        pairs is None
        or None in pairs
        or len(pairs[0]) != len(pairs[1])
        or any(x.shape[i] != y.shape[j] for i, j in zip(*pairs, strict=True))
    ):
        return decline("tensordot", (a, b, axes), {})
    kept_x = [d for d in range(x.ndim) if d not in pairs[0]]
    kept_y = [d for d in range(y.ndim) if d not in pairs[1]]
    length = _product(x.shape[d] for d in pairs[0])
    rows, columns = [x.shape[d] for d in kept_x], [y.shape[d] for d in kept_y]
    left = x.transpose((*kept_x, *pairs[0])).reshape(_product(rows), length)
    right = y.transpose((*pairs[1], *kept_y)).reshape(length, _product(columns))
    result = _dot(left, right)
    return result.reshape((*rows, *columns))


@provides()
def kron(a, b):
    x, y = lift(a), lift(b)
    if x is None or y is None:
        return decline("kron", (a, b), {})
    if not x.ndim or not y.ndim:
        return _multiply(x, y)
    ndim = max(x.ndim, y.ndim)
    sx = (1,) * (ndim - x.ndim) + x.shape
    sy = (1,) * (ndim - y.ndim) + y.shape
    wide = _multiply(x.reshape([part for size in sx for part in (size, 1)]), y.reshape([part for size in sy for part in (1, size)]))
    return wide.reshape([p * q for p, q in zip(sx, sy, strict=True)])


# ---------------------------------------------------------------------------------------------------- einsum


def _spelled(operands):
    """(subscripts, arrays) of a call in either of einsum's forms, or None."""
    if type(operands[0]) is str:
        return operands[0].replace(" ", ""), operands[1:]
    pairs = len(operands) // 2
    labels = list(operands[1 : 2 * pairs : 2]) + list(operands[2 * pairs :])
    if not pairs or any(type(one) not in (list, tuple) for one in labels):
        return None
    terms = []
    for one in labels:
        if not all(part is Ellipsis or (type(part) is int and 0 <= part < 52) for part in one):
            return None
        # Letters in the order of the numbers, in which a result without its own labels has its axes.
        terms.append("".join("..." if part is Ellipsis else chr((65 if part < 26 else 71) + part) for part in one))
    return ",".join(terms[:pairs]) + "".join("->" + term for term in terms[pairs:]), operands[: 2 * pairs : 2]


def _parse(text, arrays):
    """(arrays, labels of each, labels of the result), all axes labelled: those of an ellipsis by digits, repeated labels as
    diagonals, and axes of length 1 that stand for longer ones taken away. None for what only NumPy reads, or refuses."""
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(arrays) or "-" in right or ">" in right:
        return None
    inputs, hidden = [], ""
    for term, a in zip(terms, arrays, strict=True):
        start, dots, end = term.partition("...")
        count = a.ndim - len(start) - len(end)
        if not (start + end).isalpha() and start + end or not (start + end).isascii() or (count if not dots else count < 0):
            return None
        if count > 10:
            return None
        digits = "0123456789"[10 - count :] if count else ""  # counted from the last axis, as broadcasting aligns them
        inputs.append(start + digits + end)
        hidden = max(hidden, digits, key=len)
    joined = "".join(inputs)
    if not arrow:
        single = sorted(label for label in set(joined) - set(hidden) if joined.count(label) == 1)
        right = hidden + "".join(single)
    else:
        start, dots, end = right.partition("...")
        if (hidden and not dots) or "." in end or (start + end and not (start + end).isalpha()):
            return None
        right = start + hidden + end if dots else right
    if len(set(right)) != len(right) or not set(right) <= set(joined):
        return None
    sizes = {}
    for labels, a in zip(inputs, arrays, strict=True):
        for label, size in zip(labels, a.shape, strict=True):
            known = sizes.setdefault(label, size)
            if known == 1:
                sizes[label] = size
            elif size not in (1, known):
                return None
    plain = []
    for k, (labels, a) in enumerate(zip(inputs, arrays, strict=True)):
        # A label of length 1 here and more elsewhere says nothing about this operand.
        single = [d for d, label in enumerate(labels) if a.shape[d] == 1 != sizes[label]]
        if single:
            a = a[tuple(0 if d in single else slice(None) for d in range(a.ndim))]
            labels = "".join(label for d, label in enumerate(labels) if d not in single)
        for label in sorted(set(labels), key=labels.index):
            while labels.count(label) > 1:
                first = labels.index(label)
                second = labels.index(label, first + 1)
                if a.shape[first] != a.shape[second]:
                    return None
                a, writeable = a.diagonal(0, first, second), a.flags.writeable
                a.flags.writeable = writeable  # which the view of a diagonal alone is not
                labels = labels[:first] + labels[first + 1 : second] + labels[second + 1 :] + label
        inputs[k] = labels
        plain.append(a)
    return plain, inputs, right


def _summed(a, labels, keep):
    """`a` with the axes summed whose labels are not kept."""
    axes = tuple(d for d, label in enumerate(labels) if label not in keep)
    if not axes:
        return a, labels
    return _add_reduce(a, axes, a.dtype), "".join(label for label in labels if label in keep)


def _contract(a, la, b, lb, keep):
    """The product of two operands, summed over the labels that are in none of `keep`; and its labels."""
    a, la = _summed(a, la, set(lb) | keep)
    b, lb = _summed(b, lb, set(la) | keep)
    shared = [label for label in la if label in lb]
    batch = [label for label in shared if label in keep]
    inner = [label for label in shared if label not in keep]
    rows = [label for label in la if label not in lb]
    columns = [label for label in lb if label not in la]
    size = dict(zip(la, a.shape, strict=True)) | dict(zip(lb, b.shape, strict=True))
    if not inner or (batch and not (rows and columns)):
        # No matrix product in it: multiply, and sum in the same pass.
        order = batch + rows + columns + inner
        wide = [
            x.transpose([labels.index(q) for q in order if q in labels]).reshape([size[q] if q in labels else 1 for q in order])
            for x, labels in ((a, la), (b, lb))
        ]
        product = _multiply(*wide)
        if inner:
            product = _add_reduce(product, tuple(range(len(order) - len(inner), len(order))), product.dtype)
        return product, "".join(batch + rows + columns)
    n = {part: _product(size[label] for label in labels) for part, labels in (("r", rows), ("c", columns), ("i", inner))}
    stack = [size[label] for label in batch]
    left = a.transpose([la.index(label) for label in batch + rows + inner]).reshape([*stack, n["r"], n["i"]])
    right = b.transpose([lb.index(label) for label in batch + inner + columns]).reshape([*stack, n["i"], n["c"]])
    product = _matmul(left, right).reshape([size[label] for label in batch + rows + columns])
    return product, "".join(batch + rows + columns)


@provides()
def einsum(*operands, out=None, optimize=False, **kwargs):
    call = (operands, {"out": out, "optimize": optimize, **kwargs})
    spelled = _spelled(operands) if operands and not kwargs and optimize in (False, True, "greedy", "optimal") else None
    arrays = [lift(x) for x in spelled[1]] if spelled else [None]
    if any(a is None for a in arrays) or (out is not None and type(out) is not ndarray):
        return decline("einsum", *call)
    parsed = _parse(spelled[0], arrays)
    if parsed is None:
        return decline("einsum", *call, "labels that do not fit the operands")
    arrays, inputs, result = parsed
    dtype = numpy.result_type(*(a.dtype for a in arrays))
    view = len(arrays) == 1 and len(inputs[0]) == len(result)
    # NumPy adds up float16 in float32, and bools by "or".
    inside = dtype if view else {"e": numpy.float32, "?": numpy.int64}.get(dtype.char, dtype)
    arrays = [a if a.dtype == inside else a.astype(inside) for a in arrays]
    a, labels = arrays[0], inputs[0]
    for k in range(1, len(arrays)):
        later = set(result).union(*inputs[k + 1 :])
        a, labels = _contract(a, labels, arrays[k], inputs[k], later)
    a, labels = _summed(a, labels, set(result))
    if result:
        a = a.transpose([labels.index(label) for label in result])
    if inside != dtype:
        a = a.astype(dtype)
    if out is None:
        return a if result else a[()]
    if out.shape != getattr(a, "shape", ()) or not numpy.can_cast(dtype, out.dtype, "safe"):
        return decline("einsum", *call)
    out[...] = a
    return out


# ---------------------------------------------------------------------------------------------------- norms


@provides("linalg.norm")
def norm(x, ord=None, axis=None, keepdims=False):
    a = lift(x)
    if a is None or a.dtype.char == "e":
        return decline("linalg.norm", (x, ord, axis, keepdims), {})
    if a.dtype.kind not in "fc":
        a = a.astype(float)
    if axis is None and (ord is None or (ord in ("f", "fro") and a.ndim == 2) or (ord == 2 and a.ndim == 1)):
        flat = a.ravel(order="K")
        if flat.dtype.kind == "c":
            real, imag = flat.real, flat.imag
            length = _sqrt(_dot(real, real) + _dot(imag, imag))
        else:
            length = _sqrt(_dot(flat, flat))
        return length.reshape((1,) * a.ndim) if keepdims else length
    axes = tuple(range(a.ndim)) if axis is None else axis_tuple(axis, a.ndim)
    if axes is not None and len(axes) == 1:
        if ord is None or ord == 2:
            return _sqrt(_add_reduce(_squares(a), axes, keepdims=keepdims))
        if ord == numpy.inf:
            return _abs(a).max(axis=axes, keepdims=keepdims)
        if ord == -numpy.inf:
            return _abs(a).min(axis=axes, keepdims=keepdims)
        if ord == 1:
            return _add_reduce(_abs(a), axes, keepdims=keepdims)
    elif axes is not None and len(axes) == 2 and (ord is None or ord in ("f", "fro")):
        return _sqrt(_add_reduce(_squares(a), axes, keepdims=keepdims))
    return decline("linalg.norm", (x, ord, axis, keepdims), {})


def _squares(a):
    if a.dtype.kind == "c":
        return (a.conj() * a).real
    return a * a


@provides("linalg.matrix_transpose")
def _matrix_transpose(x, /):
    from numloom._api.manipulation import matrix_transpose

    return matrix_transpose(x)


@provides("linalg.matmul")
def matmul(x1, x2, /):
    return _matmul(x1, x2)


@provides("linalg.tensordot")
def _linalg_tensordot(x1, x2, /, *, axes=2):
    return tensordot(x1, x2, axes)
