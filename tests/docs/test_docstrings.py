"""The examples in NumPy's own docstrings print under Numloom what they print under NumPy."""

import contextlib
import doctest
import importlib
import inspect
import io
import re
import types
import warnings

import numloom
import numpy
import pytest

from tests.parity.harness import numpy_before

pytestmark = pytest.mark.skipif(numpy_before("2.3.0"), reason="LEFT_OUT is of the docstrings of NumPy 2.3 and newer")

MODULES = """numpy numpy.linalg numpy.fft numpy.random numpy.ma numpy.char numpy.strings numpy.rec numpy.lib.scimath numpy.polynomial
numpy.polynomial.polynomial numpy.polynomial.chebyshev numpy.lib.stride_tricks numpy.lib.recfunctions numpy.lib.format""".split()
WITH_METHODS = "ndarray Generator RandomState MaskedArray matrix recarray poly1d Polynomial vectorize nditer".split()
# What cannot be compared, or need not be.
LEFT_OUT = {
    "memory that nobody wrote": "numpy.empty numpy.empty_like numpy.ndarray numpy.ma.empty numpy.ma.empty_like",
    "addresses": "numpy.all numpy.any numpy.ma.ids numpy.ma.MaskedArray.ids",
    "numbers that no seed decides": "numpy.random.Generator numpy.random.RandomState.tomaxint numpy.random.SeedSequence",
    "docs/differences.md: last-bits": "numpy.fft.fft numpy.polynomial.chebyshev.chebinterpolate numpy.polynomial.polynomial.polyfit",
    "docs/differences.md: unique-values-sorted": "numpy.unique_values",
    "docs/differences.md: not-a-subclass": "numpy.polynomial.polynomial.polyvalfromroots",
    "a warning of dtype names, told twice": "numpy.rec.fromfile",
    "the sizes of what NumPy made": "numpy.info",
}
NAMES_LEFT_OUT = {name for names in LEFT_OUT.values() for name in names.split()}
# What need not be there, has no seed, or shows addresses.
SOURCE_LEFT_OUT = re.compile(r"plt|matplotlib|scipy|default_rng\(\)|timeit|\.ctypes\.data")


def docstrings(module):
    """(name, text) of what the module holds, and of the methods of its array-like classes."""
    real = importlib.import_module(module)
    for name in sorted(n for n in dir(real) if not n.startswith("_")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = getattr(real, name)
        if isinstance(value, types.ModuleType):
            continue
        yield f"{module}.{name}", getattr(value, "__doc__", None)
        if inspect.isclass(value) and name in WITH_METHODS:
            for method in sorted(m for m in dir(value) if not m.startswith("_")):
                yield f"{module}.{name}.{method}", getattr(getattr(value, method, None), "__doc__", None)


def shown(examples, module):
    """What each example prints, warns of and raises, the addresses of objects left out."""
    names, lines = {"np": module, "__name__": "examples"}, []
    module.random.seed(1234)
    options = numpy.get_printoptions()
    for example in examples:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                exec(compile(example.source, "example", "single"), names)
            except Exception as error:
                out.write(f"{type(error).__name__}: {error}\n")
            numloom.eval()
        told = sorted(f"{w.category.__name__}: {w.message}" for w in caught)
        lines.append((example.source, re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), told))
    numpy.set_printoptions(**options)
    numpy.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    return lines


@pytest.fixture
def on_the_cpu(tmp_path, monkeypatch):
    """Where warnings are issued (docs/differences.md: cuda-warnings), and files go."""
    monkeypatch.chdir(tmp_path)
    before = numloom.device()
    numloom.set_device("cpu")
    yield
    numloom.set_device(before)


@pytest.mark.parametrize("module", MODULES)
def test_examples(module, on_the_cpu):
    parser, seen, compared = doctest.DocTestParser(), set(), 0
    for name, text in docstrings(module):
        if not isinstance(text, str) or text in seen or name in NAMES_LEFT_OUT:
            continue
        seen.add(text)
        examples = [e for e in parser.get_examples(text) if not SOURCE_LEFT_OUT.search(e.source)]
        theirs, ours = shown(examples, numpy), shown(examples, numloom)
        assert ours == theirs, name
        compared += len(examples)
    assert compared > 0
