"""Third-party libraries keep NumPy, and take our arrays."""

import subprocess
import sysconfig
import textwrap

import numpy
import pytest


def test_matplotlib(project):
    pytest.importorskip("matplotlib")
    shown = project.output(
        """
        import numpy as np
        import matplotlib.pyplot as plt
        x = np.linspace(0, 1, 50)
        fig, (a, b) = plt.subplots(1, 2)
        line, = a.plot(x, np.sin(x), label="sin")
        a.scatter(x, x ** 2, c=x); a.hist(np.random.default_rng(0).normal(size=100)); a.bar([0, 1], np.ones(2)); a.legend()
        a.fill_between(x, x, x + 1); a.set_xlim(x.min(), x.max()); a.errorbar(x[:3], x[:3], yerr=x[:3])
        u = np.outer(x, x)
        image = b.imshow(u); b.contour(u)
        u[:] = 1 - u
        fig.savefig("x.png")
        print(line.get_xdata().sum() == x.sum(), image.get_array().shape)
        """
    )
    assert shown == "True (50, 50)\n"
    assert (project.folder / "x.png").stat().st_size > 5000


def test_pandas(project):
    pytest.importorskip("pandas")
    program = """
        import numpy as np
        import pandas as pd
        a = np.arange(6.0).reshape(3, 2)
        df = pd.DataFrame(a, columns=["x", "y"])
        df["z"] = np.sqrt(df["x"]) + np.arange(3)
        print(df, df.sum(), np.log1p(df["y"]), df["x"].to_numpy() + np.ones(3), np.mean(df["x"]))
        s = pd.Series(np.array([1, 2, 2]))
        print(s.value_counts(), s[np.array([True, False, True])], np.where(s > 1, s, 0), s + np.ones(3), np.ones(3) + s)
        print(pd.Series(np.array(["a", "b"])), pd.cut(np.arange(4), 2), df.groupby(np.array([0, 0, 1])).mean())
        print(df.iloc[np.array([0, 2])])
        print(pd.DataFrame({"a": np.arange(2), "b": np.ones(2)}).describe(), pd.isna(np.array([1.0, np.nan])))
        print(df.apply(np.sum), df[["x", "y"]] + a, a + df[["x", "y"]], df[np.array([True, False, True])], np.maximum(df["x"], np.ones(3)))
        """
    project.same(program)
    project.same_by_import(program)


def test_scikit_learn(project):
    pytest.importorskip("sklearn")
    project.same(
        """
        import numpy as np
        from sklearn.linear_model import LinearRegression
        from sklearn.cluster import KMeans
        from sklearn.decomposition import PCA
        from sklearn.model_selection import train_test_split
        from sklearn.datasets import load_digits
        from sklearn.metrics import accuracy_score
        x = np.arange(20.0).reshape(10, 2); y = x @ np.array([1.0, 2.0]) + 3
        m = LinearRegression().fit(x, y)
        print(np.round(m.predict(x[:2]), 6), np.round(m.coef_ * 1, 6).shape)
        print(sorted(np.bincount(KMeans(2, n_init=1, random_state=0).fit_predict(x)).tolist()), PCA(1).fit_transform(x).shape)
        d = load_digits(); a, b, c, e = train_test_split(d.data, d.target, random_state=np.random.RandomState(0))
        print(a.shape, (a / 16).mean() > 0, accuracy_score(np.array([1, 2]), np.array([1, 3])))
        """
    )


def test_scipy(project):
    pytest.importorskip("scipy")
    project.same(
        """
        import numpy as np
        from scipy import integrate, interpolate, linalg, ndimage, optimize, signal, sparse, special, stats
        a = np.arange(9.0).reshape(3, 3) + np.eye(3)
        print(np.round(linalg.inv(a), 6), np.round(linalg.eigvalsh(a @ a.T), 4))
        print(np.round(special.erf(np.linspace(0, 1, 3)), 6))
        r = optimize.minimize(lambda v: ((v - np.array([1.0, 2.0])) ** 2).sum(), np.zeros(2))
        print(np.round(r.x, 3), round(optimize.brentq(lambda x: np.cos(x) - x, 0, 1), 6))
        print(np.round(optimize.curve_fit(lambda t, k: k * t, np.arange(4.0), 2 * np.arange(4.0))[0], 6))
        s = sparse.csr_matrix(a); print((s @ np.ones(3)).sum(), (s * 2).toarray().sum(), type(s @ np.ones(3)).__name__)
        print(np.round(integrate.solve_ivp(lambda t, y: -y, (0, 1), np.array([1.0])).y[0, -1], 3))
        print(ndimage.gaussian_filter(a, 1).shape)
        print(np.round(stats.norm.cdf(np.array([0.0, 1.0])), 6))
        print(stats.ttest_ind(np.arange(5.0), np.arange(5.0)).pvalue, signal.convolve(np.ones(3), np.ones(2)))
        print(interpolate.interp1d(np.arange(3.0), np.arange(3.0) ** 2)(1.5))
        print(integrate.quad(lambda x: np.exp(-x), 0, 1)[0] > 0.6)
        """
    )


def test_scikit_image(project):
    pytest.importorskip("skimage")
    program = """
        import numpy as np
        from skimage import color, exposure, feature, filters, measure, morphology, segmentation, transform, util
        y, x = np.mgrid[0:64, 0:64]
        image = np.exp(-((x - 20) ** 2 + (y - 30) ** 2) / 50.0) + 0.5 * np.exp(-((x - 45) ** 2 + (y - 40) ** 2) / 30.0)
        print(np.round(filters.gaussian(image, 2)[::16, ::16], 6), round(float(filters.threshold_otsu(image)), 6))
        print(np.round(filters.sobel(image).max(), 6), feature.peak_local_max(image, min_distance=5).tolist())
        mask = image > 0.3
        labels = measure.label(mask)
        print(labels.max(), [(r.area, np.round(r.centroid, 3).tolist()) for r in measure.regionprops(labels, intensity_image=image)])
        print(morphology.dilation(mask).sum(), segmentation.find_boundaries(labels).sum(), util.img_as_ubyte(mask).sum())
        rgb = np.stack([image, image / 2, 1 - image], axis=-1).clip(0, 1)
        print(np.round(color.rgb2gray(rgb).mean(), 6), np.round(color.rgb2hsv(rgb)[::32, ::32], 5), exposure.histogram(image, 4)[0])
        print(transform.resize(image, (8, 8)).shape, np.round(transform.rotate(image, 30)[::16, 32], 6), len(measure.find_contours(image, 0.4)))
        """
    project.same(program)
    project.same_by_import(program)


def test_pillow(project):
    pytest.importorskip("PIL")
    project.same(
        """
        import numpy as np
        from PIL import Image
        a = (np.arange(64 * 64 * 3) % 256).astype(np.uint8).reshape(64, 64, 3)
        image = Image.fromarray(a[::2])
        image.save("x.png")
        b = np.asarray(Image.open("x.png"))
        c = np.array(image.convert("L"), dtype=float)
        print(image.size, (b == a[::2]).all(), c.mean() > 0, b.flags.writeable, (b / 255.0).max())
        """
    )


def test_autograd_as_the_users_code(project):
    """It wraps each of NumPy's callables that is not exactly of class `type`; np.ndarray must stay a class."""
    project.write(
        autograd__tracer="def primitive(f):\n    def f_wrapped(*a):\n        return f(*a)\n    return f_wrapped\n",
        autograd__wrap="""
            import numpy as np
            from autograd.tracer import primitive
            names = {k: primitive(v) for k, v in vars(np).items() if callable(v) and type(v) is not type}
        """,
    )
    (project.folder / "autograd" / "__init__.py").touch()
    source = "import numpy as np; from autograd.wrap import names; print(names['ndarray'] is np.ndarray, names['sqrt'] is np.sqrt, names['sqrt'](4.0))"
    assert project.output(source) == "True False 2.0\n"


def test_libraries_take_our_arrays_for_numpys(project):
    """They ask with isinstance and singledispatch, and know NumPy's own ufuncs."""
    folder = project.folder / "venv" / "lib" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "installed.py").write_text(
        textwrap.dedent(
            """
            import functools
            import numpy as np

            @functools.singledispatch
            def kind(x):
                return "object"

            @kind.register(np.ndarray)
            def _(x):
                return "array"

            def is_array(x):
                return isinstance(x, np.ndarray)

            class Deciding:
                def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
                    return ufunc is np.matmul, getattr(ufunc, "__module__", "numpy"), [isinstance(x, np.ndarray) for x in inputs]
            """
        )
    )
    source = f"""
        import copy, sys
        sys.path.append({str(folder)!r})
        import installed, numpy as np
        x = np.ones((2, 2))
        print(installed.is_array(x), installed.kind(x), installed.kind(2.0), x @ installed.Deciding())
        print(isinstance(x, (int, float)), x.__class__ == np.ndarray, copy.copy(x).sum(), np.ndarray.sum(x), type(np.add).__module__)
        try:
            x.__class__ = int
        except TypeError:
            print("refused")
        """
    assert project.output(source) == (
        "True array object (True, 'numpy', [True, False])\nFalse True 4.0 4.0 numpy\nrefused\n"
    )


_COMPILED = """
#include <Python.h>
#include <numpy/arrayobject.h>

static PyObject* first(PyObject* self, PyObject* args) {  // writes the array and gives it back
  PyObject* a;
  if (!PyArg_ParseTuple(args, "O!", &PyArray_Type, &a)) return NULL;
  *(double*)PyArray_DATA((PyArrayObject*)a) += 1;
  Py_INCREF(a);
  return a;
}
static PyObject* length(PyObject* self, PyObject* a) {  // the sum of the elements' lengths, unchecked as h5py's are
  npy_intp n = 0;
  for (npy_intp i = 0; i < PyArray_SIZE((PyArrayObject*)a); ++i)
    n += PyArray_SIZE(((PyArrayObject**)PyArray_DATA((PyArrayObject*)a))[i]);
  return PyLong_FromSsize_t(n);
}
static PyObject* flags(PyObject* self, PyObject* function) { return PyLong_FromLong(PyCFunction_GET_FLAGS(function) != 0); }
static int init(PyObject* self, PyObject* args, PyObject* kwargs) {
  if (PyTuple_GET_SIZE(args) == 0) return 0;
  PyObject* a = first(self, args);
  Py_XDECREF(a);
  return a ? 0 : -1;
}
static PyObject* call(PyObject* self, PyObject* args, PyObject* kwargs) { return first(self, args); }
static PyObject* numpy_class;
static PyObject* is_exact(PyObject* self, PyObject* o) {  // as Rust's orjson asks
  while (PyList_Check(o)) o = PyList_GET_ITEM(o, 0);
  return PyBool_FromLong((PyObject*)Py_TYPE(o) == numpy_class);
}
static PyMethodDef functions[] = {{"first", first, METH_VARARGS, "its doc"}, {"is_exact", is_exact, METH_O, NULL}, {"length", length, METH_O, NULL},
                                  {"flags", flags, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static PyMethodDef methods[] = {{"first", first, METH_VARARGS, NULL}, {"is_exact", is_exact, METH_O | METH_STATIC, NULL}, {NULL, NULL, 0, NULL}};
static PyTypeObject type = {PyVarObject_HEAD_INIT(NULL, 0)}, derived = {PyVarObject_HEAD_INIT(NULL, 0)};
static PyTypeObject inheriting = {PyVarObject_HEAD_INIT(NULL, 0)};
static int init_derived(PyObject* self, PyObject* args, PyObject* kwargs) {
  return type.tp_init(self, args, kwargs) || type.tp_init(self, args, kwargs);
}
static PyObject* call_derived(PyObject* self, PyObject* args, PyObject* kwargs) { return type.tp_call(self, args, kwargs); }
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "compiled", NULL, -1, functions};

PyMODINIT_FUNC PyInit_compiled(void) {
  numpy_class = PyObject_GetAttrString(PyImport_ImportModule("numpy"), "ndarray");
#ifndef ALONE  // else another library is left to read NumPy's C API
  import_array();
#endif
  type.tp_name = "compiled.Thing", type.tp_basicsize = sizeof(PyObject), type.tp_flags = Py_TPFLAGS_DEFAULT;
  type.tp_methods = methods, type.tp_call = call, type.tp_init = init, type.tp_new = PyType_GenericNew;
  derived.tp_name = "compiled.Derived", inheriting.tp_name = "compiled.Inheriting";
  derived.tp_base = inheriting.tp_base = &type;
  derived.tp_flags = inheriting.tp_flags = Py_TPFLAGS_DEFAULT;
  derived.tp_init = init_derived, derived.tp_call = call_derived;
  if (PyType_Ready(&type) < 0 || PyType_Ready(&derived) < 0 || PyType_Ready(&inheriting) < 0) return NULL;
  PyObject* m = PyModule_Create(&module);
  Py_INCREF(&PyDict_Type);
  PyModule_AddObject(m, "Mapping", (PyObject*)&PyDict_Type);
  PyModule_AddObject(m, "Thing", (PyObject*)&type);
  PyModule_AddObject(m, "Derived", (PyObject*)&derived);
  PyModule_AddObject(m, "Inheriting", (PyObject*)&inheriting);
  return m;
}
"""


def _compile_module(project, *flags):
    (project.folder / "compiled.c").write_text(_COMPILED)
    flags = [*flags, f"-I{sysconfig.get_path('include')}", f"-I{numpy.get_include()}"]
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", *flags, "compiled.c", "-o", "compiled.so"], cwd=project.folder, check=True)


def test_compiled_modules_get_numpys_arrays(project):
    """Code against NumPy's C API takes its class alone, in functions, methods, calls and as elements of arrays of objects."""
    _compile_module(project)
    source = """
        import pickle, types
        import numpy as np
        import compiled
        a, thing = np.zeros(100_000) + 1, compiled.Thing()
        print(compiled.first(a) is a, thing.first(a) is a, thing(a) is a, type(compiled.Thing(a)) is compiled.Thing, a[:2])
        b = np.zeros(100_000)
        print(compiled.Derived(b)(b) is b, compiled.Inheriting(b)(b) is b, b[:2])
        objects = np.empty(2, object)
        objects[0], objects[1] = np.arange(3), np.arange(4)
        records = np.empty(2, [("x", object)])
        records["x"] = objects
        print(compiled.length(objects), compiled.length(records), type(objects[0]) == np.ndarray)
        f = compiled.first
        print(type(f) is types.BuiltinFunctionType, f.__doc__, pickle.loads(pickle.dumps(f)) is f, compiled.flags(f))
        try:
            f([1.0])
        except TypeError as error:
            print(error)
        """
    assert project.output(source) == (
        "True True True True [5. 1.]\nTrue True [5. 0.]\n7 7 True\nTrue its doc True 1\nargument 1 must be numpy.ndarray, not list\n"
    )


def test_compiled_modules_that_name_numpy_get_its_arrays(project):
    """And only classes of their own change."""
    _compile_module(project, "-DALONE")
    source = """
        import numpy as np
        import compiled
        a = np.arange(3.0)
        print(compiled.is_exact(a), compiled.Thing.is_exact(a), compiled.is_exact([[[[a]]]]), compiled.is_exact(1))
        print(compiled.Mapping is dict, type(dict.values).__name__, dict(a=a).values())
        """
    assert project.output(source) == (
        "True True True False\nTrue method_descriptor dict_values([array([0., 1., 2.])])\n"
    )


def test_generators_of_libraries(project):
    """They are NumPy's own, and shuffle our arrays as NumPy's."""
    source = """
        import warnings
        import numpy as np
        warnings.simplefilter("error")
        x = np.arange(5)
        np.random.mtrand._rand.seed(0)
        np.random.mtrand._rand.shuffle(x)
        print(x, type(np.random.mtrand.RandomState(0).rand(3)) is np.ndarray)
        """
    assert project.output(source) == "[2 0 1 3 4] True\n"


def test_scipys_compiled_loops(project):
    """They demand NumPy's class itself: of a gradient that the user's function returns, of a right hand side."""
    pytest.importorskip("scipy")
    source = """
        import numpy as np
        import scipy.sparse as sp
        import scipy.sparse.linalg as sl
        from scipy import ndimage
        from scipy.optimize import minimize
        goal = np.array([1.0, 2.0])
        found = minimize(lambda x: np.sum((x - goal) ** 2), np.zeros(2), jac=lambda x: 2 * (x - goal), method="L-BFGS-B")
        print(found.x.round(6))
        found = minimize(lambda x: np.sum((x - goal) ** 2), np.zeros(2), jac=lambda x: 2 * (x - goal), method="SLSQP")
        print(found.x.round(6))
        labels = np.zeros(4, np.int32)
        print(ndimage.label(np.array([1, 0, 1, 1]), output=labels), labels)
        a = sp.csc_matrix(np.array([[4.0, 1.0], [1.0, 3.0]]))
        b = np.array([5.0, 4.0])
        lu = sl.splu(a)
        print(lu.solve(b).round(6), sl.factorized(a)(b).round(6), sl.spilu(a).solve(b).round(6), lu.shape, lu.L.nnz)
        print(isinstance(lu, sl.SuperLU))
        """
    assert project.output(source) == (
        "[1. 2.]\n[1. 2.]\n2 [1 0 2 2]\n[1. 1.] [1. 1.] [1. 1.] (2, 2) 3\nTrue\n"
    )
