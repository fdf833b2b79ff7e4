"""NumPy's protocols in the user's own classes, spoken by NumPy itself and by libraries that keep it."""

PROGRAM = """
    import json
    import sys

    import numpy as np

    class Holder:
        def __init__(self, values):
            self.values = np.asarray(values)

        def __array__(self, dtype=None, copy=None):
            return self.values if dtype is None else self.values.astype(dtype)

    class Units:
        seen = []

        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            plain = [type(x) is np.ndarray for x in inputs if x is not self]
            self.seen.append((ufunc is np.add, ufunc is np.multiply, ufunc == np.add, method, plain))
            return "units"

        def __array_function__(self, func, types, args, kwargs):
            return func is np.concatenate, func in {np.concatenate: 1}, func.__name__

    real = sys.modules["numpy"]  # as a library would have it
    h, u = Holder([1.0, 2.0, 3.0]), Units()
    print(real.asarray(h).sum(), real.asarray([h, h]).shape, (np.float64(2) * h).tolist(), real.add(h, 1).tolist())
    print(np.asarray(h).tolist(), np.array([h, h]).shape, np.array(h, dtype=int).tolist(), np.arange(4)[Holder([1, 2])].tolist())
    print(np.add(u, 1), np.arange(3) * u, np.add(np.ones(2), u, out=np.ones(2)), real.add(1, u), Units.seen)
    print(np.concatenate([u, u]), real.concatenate([u]), np.sum(u))
    print(type(np.zeros(3)) == np.ndarray, type(np.zeros(3, "O")) == np.ndarray, type(np.zeros(3, "O")) in (list, np.ndarray))

    class Lazy:
        def __array__(self, dtype=None, copy=None):
            raise NotImplementedError("no values yet")

    try:
        real.asarray(Lazy())
    except NotImplementedError as error:
        print(error)

    from collections.abc import Hashable
    print(isinstance(np.zeros(2), Hashable))
    try:
        {np.zeros(2): 1}
    except TypeError as error:
        print(error)
    try:
        memoryview(np.zeros(2)).nothing
    except AttributeError as error:
        print(error)
    try:
        real.ndarray.__array_wrap__
        len(5, np.zeros(2))
    except TypeError as error:
        print(error)
"""


def test_a_users_classes(project):
    project.write(main=PROGRAM)
    ours, theirs = project.numloom("main.py"), project.python("main.py")
    assert theirs.returncode == 0, theirs.stderr
    assert ours.stdout == theirs.stdout, ours.stdout + ours.stderr


def test_testing_functions_hand_on_what_they_get(project):
    project.write(
        main="""
        import numpy as np
        from numpy.testing import assert_no_warnings, assert_raises, assert_warns

        def write(a):
            a[0] = 5
            raise ValueError(type(a) is np.ndarray)

        a = np.zeros(3)
        with assert_raises(ValueError) as caught:
            write(a)
        assert_raises(ValueError, write, a)
        assert_no_warnings(np.add, a, 1)
        assert_raises(TypeError, np.copyto, np.arange(3), 1.5)
        print(a, caught.exception)
        """
    )
    ours, theirs = project.numloom("main.py"), project.python("main.py")
    assert ours.stdout == theirs.stdout, ours.stdout + ours.stderr
