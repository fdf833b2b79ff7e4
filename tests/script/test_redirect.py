"""Whose imports are redirected, and what they get."""

import pytest

OURS = "print(type(np.ones(2)) is np.ndarray, type(np.ones(2)) is not REAL.ndarray)"
HEAD = "import sys; import numpy; REAL = sys.modules['numpy']\n"


@pytest.mark.parametrize(
    "statement",
    [
        "import numpy as np",
        "import numpy; np = numpy",
        "from numpy import ones, ndarray; import types; np = types.SimpleNamespace(ones=ones, ndarray=ndarray)",
        "import types; from numpy import *; import numpy as np",
        "import importlib; np = importlib.import_module('numpy')",
        "np = __import__('numpy')",
        "import numpy.linalg; np = numpy",
        "import numpy.linalg as la; import numpy as np; assert type(la.inv(np.eye(2))) is np.ndarray",
        "from numpy.linalg import inv; import numpy as np; assert type(inv(np.eye(2))) is np.ndarray",
        "from numpy import linalg, random; import numpy as np; assert type(random.rand(2)) is np.ndarray",
        "from numpy.lib.stride_tricks import as_strided; import numpy as np; as_strided(np.ones(4), (2,), (16,))[0] = 3",
        "ns = {}; exec('import numpy as np', ns); np = ns['np']",
        "def f():\n    import numpy as np\n    return np\nnp = f()",
    ],
)
def test_forms_of_import(project, statement):
    assert project.output(HEAD + statement + "\n" + OURS) == "True True\n"


def test_modules_under_the_folder_are_the_users(project):
    project.write(
        helper="import numpy as np\ndef make(): return np.ones(2)", pkg__mod="from numpy import zeros\ndef make(): return zeros(2)"
    )
    source = "import numpy as np, helper, pkg.mod\nprint(type(helper.make()) is np.ndarray, type(pkg.mod.make()) is np.ndarray)"
    assert project.output(source) == "True True\n"


def test_a_packages_own_module_called_numpy(project):
    """`from .numpy import x` names a module of the package; an absolute import beside it is NumPy."""
    project.write(
        pkg__numpy="import numpy as np\ndef make(): return np.ones(2)",
        pkg__user="from .numpy import make\nfrom . import numpy as mine\nimport numpy as np\nprint(mine.__name__, type(make()) is np.ndarray)",
    )
    assert project.output("import pkg.user, pkg.numpy as third; print(third.__name__)") == "pkg.numpy True\npkg.numpy\n"


def test_libraries_keep_numpy(project):
    folder = project.folder / "venv" / "lib" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "installed.py").write_text("import numpy\nMODULE = numpy\n")
    (project.folder / "venv" / "pyvenv.cfg").write_text("")
    (project.folder / "venv" / "loose.py").write_text("import numpy\nMODULE = numpy\n")
    source = f"""
        import sys
        sys.path += [{str(folder)!r}, {str(project.folder / "venv")!r}]
        import numpy, installed, loose
        real = sys.modules["numpy"]
        print(installed.MODULE is real, loose.MODULE is real, numpy is real)
    """
    assert project.output(source) == "True True False\n"
    assert project.output(source, options=["--include", "installed"]) == "False True False\n"


def test_exclude(project):
    project.write(helper="import numpy\nMODULE = numpy\n", pkg__mod="import numpy\nMODULE = numpy\n")
    source = "import sys, helper, pkg.mod; real = sys.modules['numpy']; print(helper.MODULE is real, pkg.mod.MODULE is real)"
    assert project.output(source) == "False False\n"
    assert project.output(source, options=["--exclude", "pkg"]) == "False True\n"
    assert project.output(source, env={"NUMLOOM_EXCLUDE": "pkg,helper"}) == "True True\n"


def test_numpy_itself_is_untouched(project):
    source = """
        import sys
        import numpy as np
        real = sys.modules["numpy"]
        print(real.__name__, type(real.ones(2)) is real.ndarray, np.float64 is real.float64, np.dtype is real.dtype)
        print(np.__version__ == real.__version__, np.__file__ == real.__file__, np.pi, np.newaxis)
        print(np.ndarray.__module__, repr(np.ndarray))
    """
    shown = project.output(source).splitlines()
    assert shown[0] == "numpy True True True"
    assert shown[1].startswith("True True")
    assert shown[2] == "numpy <class 'numpy.ndarray'>"


def test_every_public_name_is_there(project):
    source = """
        import sys, numpy as np
        real = sys.modules["numpy"]
        for where in ("", "linalg", "fft", "random", "ma", "polynomial", "lib", "lib.stride_tricks", "testing", "char", "rec"):
            a, b = np, real
            for part in filter(None, where.split(".")):
                a, b = getattr(a, part), getattr(b, part)
            for name in getattr(b, "__all__", dir(b)):
                if callable(getattr(b, name)) and not callable(getattr(a, name)):
                    print(where, name)
            assert set(dir(b)) <= set(dir(a)), where
        print("done")
    """
    assert project.output(source) == "done\n"


def test_names_numpy_removed_say_so(project):
    project.same(
        """
        import numpy as np
        for name in ("float", "in1d_nothing", "product"):
            try:
                getattr(np, name)
            except AttributeError as e:
                print(e)
        """
    )


def test_numba_module_keeps_numpy(project):
    pytest.importorskip("numba")
    project.write(
        kernels="""
            import numba, numpy as np
            @numba.njit
            def total(a):
                s = 0.0
                for x in a:
                    s += x
                return s
            @numba.njit
            def scale(a, k):
                for i in range(a.size):
                    a[i] *= k
                return a * 2
            IS_REAL = np.ones(1).__class__.__module__, np
        """
    )
    source = """
        import sys, numpy as np, kernels
        print(kernels.IS_REAL[1] is sys.modules["numpy"], np is sys.modules["numpy"])
        a = np.arange(4.0)
        print(kernels.total(a))
        b = kernels.scale(a, 10.0)
        print(a, b, type(b) is np.ndarray, np.sin(b).sum())
    """
    shown = project.output(source).splitlines()
    assert shown[0] == "True False"
    assert shown[1:2] == ["6.0"]
    assert shown[2].startswith("[ 0. 10. 20. 30.] [ 0. 20. 40. 60.] True")


def test_pytest_runs_a_users_suite(project):
    project.write(
        tests__conftest="""
            import numpy as np, pytest
            @pytest.fixture
            def made(): return np.arange(3)
        """,
        tests__test_it="""
            import sys
            import numpy as np
            import mylib
            def test_ours(made):
                assert type(made) is np.ndarray is type(mylib.make())
                assert np is not sys.modules["numpy"]
            def test_values(made):
                assert (made + 1).tolist() == [1, 2, 3]
            def test_fails(made):
                assert made.sum() == 4
        """,
        mylib="import numpy\ndef make(): return numpy.zeros(2)\n",
    )
    (project.folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    found = project.numloom("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/")
    assert "1 failed, 2 passed" in found.stdout, found.stdout + found.stderr
    assert "assert np.int64(3) == 4" in found.stdout
    assert found.returncode == 1


def test_doctest_and_timeit(project):
    project.write(
        documented='''
            """
            >>> np.arange(3) + 1
            array([1, 2, 3])
            """
            import numpy as np
        '''
    )
    assert "1 passed" in project.same_command("-m", "doctest", "-v", "documented.py").stdout
    source = """
        from timeit import timeit
        print(timeit("assert np is not sys.modules['numpy']", "import sys, numpy as np", number=1) < 9)
    """
    assert project.output(source) == "True\n"


def test_a_modules_names_copied_into_another(project):
    """As wrappers of NumPy do. What the copy says of itself is not what numpy says."""
    project.write(
        pkg__wrapped="""
            import numpy as _np

            def wrap(old, new):
                for name, value in old.items():
                    if callable(value):
                        new[name] = value

            wrap(_np.__dict__, globals())
        """,
        pkg__fft="import numpy.fft as plain\nmine = plain.fft",
    )
    (project.folder / "pkg" / "__init__.py").write_text("from . import fft\nfrom .wrapped import *\n")
    source = "import pkg, numpy as np; print(pkg.fft.__name__, pkg.sqrt is np.sqrt, hasattr(pkg.wrapped, '__all__'), hasattr(np, '__all__'))"
    assert project.output(source) == "pkg.fft True False True\n"


def test_looking_through_all_modules_imports_none(project):
    source = """
        import sys, warnings
        import numpy as np
        warnings.simplefilter("error")
        before = set(sys.modules)
        for module in list(sys.modules.values()):
            getattr(module, "__file__", None), getattr(module, "__spec__", None)
        print(set(sys.modules) - before)
        """
    assert project.output(source) == "set()\n"
