"""The user's array-like classes: `__array__`, `__array_ufunc__`, `__array_function__`; class objects compared and dispatched on."""

import textwrap

# Defines Celsius, an array of floats to NumPy, `c`, and Places, the same for indices.
CELSIUS = """
import sys
import numpy as np
class Celsius:
    kind = float
    def __init__(self, v):
        self.v = np.asarray(v, self.kind)
    def __array__(self, dtype=None, copy=None):
        return self.v if dtype is None else self.v.astype(dtype)
class Places(Celsius):
    kind = int
c = Celsius([1, 2, 6])
"""


def test_array_method(project):
    project.same(
        CELSIUS
        + """
real = sys.modules["numpy"]  # as a library would have it
print(np.mean(c), np.asarray(c) + 1, np.add(c, 1), np.array(c, dtype=int), np.array([c, c]).shape, np.sort(c), np.stack([c, c]))
print(np.ones(3) + c, np.where(c, 1, 0), np.dot(c, c), np.ones(3) == c, real.asarray(c).sum(), real.linalg.norm(c))
a = np.zeros(3)
a[:] = c
a[np.asarray([0])] = 5
print(a, np.maximum(a, c), c.__array__() * 2, np.linalg.norm(c), np.histogram(c, 2))
print(real.asarray([c, c]).shape, np.float64(2) * c, real.add(c, 1), np.arange(8)[Places([1, 2])])
class Lazy:
    def __array__(self, dtype=None, copy=None):
        raise NotImplementedError("no values yet")
for read in (real.asarray, np.asarray, np.sort):
    try:
        read(Lazy())
    except NotImplementedError as error:
        print(error)
"""
    )


def test_decorated_array_method(project):
    """The decorator may be another library's: what counts is who wrote the method."""
    folder = project.folder / "lib" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "decorating.py").write_text(
        textwrap.dedent(
            """
            import functools
            def logged(function):
                @functools.wraps(function)
                def call(*args, **kwargs):
                    return function(*args, **kwargs)
                return call
            class Bound:
                def __init__(self, function):
                    functools.update_wrapper(self, function)
                def __get__(self, instance, owner):
                    return functools.partial(self.__wrapped__, instance)
            """
        )
    )
    project.same(
        f"""
        import sys
        sys.path.append({str(folder)!r})
        import decorating, numpy as np
        real = sys.modules["numpy"]
        class A:
            @decorating.logged
            @decorating.logged
            def __array__(self, dtype=None, copy=None):
                return np.arange(3.0)
        class B:
            @decorating.Bound
            def __array__(self, dtype=None, copy=None):
                return np.arange(3.0)
        real.testing.assert_array_equal(np.arange(3), A())
        print(real.asarray(A()), np.asarray(A()) + 1, real.add(A(), 1))
        print(real.asarray(B()), np.asarray(B()) + 1, real.add(B(), 1))
        """
    )


def test_overridden_ufuncs_and_functions(project):
    project.same(
        """
        import numpy as np, sys
        real = sys.modules["numpy"]
        HANDLED = {}
        def implements(function):
            def register(mine):
                HANDLED[function] = mine
                return mine
            return register
        class Diagonal:
            def __init__(self, n, v):
                self.n, self.v = n, v
            def __repr__(self):
                return f"Diagonal({self.n}, {self.v})"
            def __array__(self, dtype=None, copy=None):
                return self.v * np.eye(self.n)
            def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
                others = [type(x) is np.ndarray for x in inputs if x is not self]
                print("ufunc", ufunc.__name__, method, ufunc is np.multiply, ufunc in (np.add, np.multiply), sorted(keywords), others)
                if method == "__call__" and ufunc is np.multiply:
                    factors = [x for x in inputs if not isinstance(x, Diagonal)]
                    return Diagonal(self.n, self.v * np.sum(factors))
                return NotImplemented
            def __array_function__(self, func, types, args, keywords):
                print("function", func.__name__, func is np.sum, func in HANDLED, func.__module__, np.ndarray in types)
                return HANDLED[func](*args, **keywords) if func in HANDLED else NotImplemented
        implements(np.sum)(lambda d: d.n * d.v)
        implements(np.linalg.inv)(lambda d: Diagonal(d.n, 1 / d.v))
        implements(np.concatenate)(lambda parts, axis=0: len(parts))
        def attempt(action):
            try:
                print(action())
            except TypeError as error:
                print(str(error).partition(":")[0][:70])
        d, a = Diagonal(3, 2.0), np.arange(3.0)
        for action in (
            lambda: np.multiply(d, 3), lambda: np.multiply(a, d), lambda: a * d, lambda: np.add(d, 1), lambda: np.sin(d),
            lambda: np.sum(d), lambda: np.linalg.inv(d), lambda: np.concatenate([d, a]), lambda: np.mean(d), lambda: np.where(d, 1, 2),
            lambda: real.sum(d), lambda: real.multiply(d, 2), lambda: np.add.reduce(d), lambda: np.multiply(d, 1, out=a),
            lambda: real.concatenate([d]), lambda: np.multiply(np.ones(2), d, out=np.ones(2)),
        ):
            attempt(action)
        """
    )


def test_subclasses_of_the_array(project):
    project.same(
        """
        import numpy as np
        class Tagged(np.ndarray):
            def __new__(cls, values, tag=None):
                made = np.asarray(values).view(cls)
                made.tag = tag
                return made
            def __array_finalize__(self, other):
                self.tag = getattr(other, "tag", "none")
            def __array_wrap__(self, array, context=None, return_scalar=False):
                return super().__array_wrap__(array, context, return_scalar)
        class Sub(Tagged): pass
        a = Tagged([1.0, 2.0], "x")
        for made in (a, a + 1, a * 2, a[:1], np.sin(a), np.ones(2) + a, np.concatenate([a, a])):
            print(type(made).__name__, made, getattr(made, "tag", None))
        print(isinstance(a, np.ndarray), issubclass(Sub, np.ndarray), isinstance(np.ones(1), Tagged), type(Sub([1])).__mro__)
        print(np.ndarray.sum(a), np.ndarray.__getitem__(a, 0), np.ndarray.__new__(Tagged, (2,)).shape)
        m = np.matrix([[1, 2], [3, 4]])
        print(m * m, np.ones((2, 2)) @ m, type(np.asarray(m)) is np.ndarray)

        class Own(Tagged):
            def __array_ufunc__(self, ufunc, method, *inputs, out=None, **keywords):
                print(ufunc is np.add, ufunc.__name__, method)
                plain = [x.view(np.ndarray) if isinstance(x, Tagged) else x for x in inputs]
                made = super().__array_ufunc__(ufunc, method, *plain, **keywords)
                return made.view(Own) if isinstance(made, np.ndarray) else made
        t = Own([1.0, 2, 3], "x")
        for made in (t + 1, 1 - t, t.sum(), np.sqrt(t), np.add.reduce(t), np.add.outer(t, t), t[1:], np.mean(t), t @ t, np.arange(3) * t):
            print(type(made).__name__, made, getattr(made, "tag", None))

        class Counting(np.ndarray):
            def __array_function__(self, func, types, args, keywords):
                print(func is np.sort, func.__name__)
                return super().__array_function__(func, types, args, keywords)
        c = np.arange(3)[::-1].view(Counting)
        print(np.sort(c), np.concatenate([c, c]), type(np.roll(c, 1)).__name__)
        """
    )


def test_views_as_the_plain_class(project):
    project.same(
        """
        import numpy as np, pickle
        class Sub(np.ndarray):
            pass
        for a in (np.ones(2).view(Sub), np.array([None, 1]), np.ma.array([1, 2]), np.matrix([[1]]), np.ones(2),
                  pickle.loads(pickle.dumps(np.ones(2))), np.array(["a"]), np.ones(2).astype(">f8")):
            print(a.view(np.ndarray), a.view(type=np.ndarray), type(a.view(np.ndarray)) == np.ndarray, a.view().dtype)
        print(np.arange(2, dtype="i4").view("f4"), np.ones(2).view("i8"), np.ones(2).view(Sub).view("i8"))
        """
    )


def test_dispatch_on_the_class(project):
    project.same(
        """
        import functools, pickle
        import numpy as np
        @functools.singledispatch
        def kind(x): return "object"
        @kind.register(np.ndarray)
        def _(x): return "array"
        plain = pickle.loads(pickle.dumps(np.ones(2)))
        arrays = [np.ones(2), plain, np.array([None]), np.zeros(2, "i4,f8")]
        print([kind(a) for a in arrays], kind(1), kind([1]))
        print([type(a) == np.ndarray for a in arrays], [type(a) in (list, np.ndarray) for a in arrays], type(1) == np.ndarray)
        print([{np.ndarray: "found"}.get(type(a)) for a in arrays], {type(a) for a in arrays} == {np.ndarray}, np.ndarray != list)
        """
    )


def test_functions_as_attributes_of_a_class(project):
    project.same(
        """
        import numpy as np
        class Make:
            __getitem__ = np.array
            zeros = np.zeros
            sine = np.sin
            draw = np.random.RandomState(0).rand
        make = Make()
        print(make[1, 2, 3], make["a", "b"], make.zeros(2), make.sine(0.0), make.draw(), Make.zeros((1, 2)))
        class Values(list):
            middle = np.mean
            total = np.sum
            biggest = np.argmax
        print(Values([1, 2, 6]).middle(), Values([1, 2]).total(), Values([1, 5, 2]).biggest())
        """
    )


def test_user_classes_by_import(project):
    project.same_by_import(
        CELSIUS
        + """
print(np.asarray(c) + 1, np.array(c), np.add(c, 1), np.sort(c), np.ones(3) + c, np.dot(c, [1, 1, 1]))
HANDLED = {np.linalg.inv: lambda d: "inverse"}
class Duck:
    def __array__(self, dtype=None, copy=None):
        return np.eye(2)
    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        if ufunc is np.multiply and method == "__call__":
            return "product of " + type(inputs[1]).__name__
        return NotImplemented
    def __array_function__(self, func, types, args, keywords):
        return HANDLED[func](*args, **keywords) if func in HANDLED else NotImplemented
d = Duck()
print(np.multiply(d, 3), np.arange(2) * d, np.linalg.inv(d))
for action in (lambda: np.add(d, 1), lambda: np.sin(d), lambda: np.median(d)):
    try:
        print(action())
    except TypeError as error:
        print(str(error)[:60])
"""
    )


def test_functions_known_by_name_and_module(project):
    """Libraries of units look NumPy's functions up by the module and name that they show."""
    program = """
        import pickle
        import numpy as np
        class Metres:
            def __init__(self, v):
                self.v = v
            def __array_function__(self, func, types, args, keywords):
                return f"{func.__module__}.{func.__name__}", func in {np.diag: 1, np.nanmax: 2}, len(args), sorted(keywords)
        m = Metres(np.arange(3.0))
        print(np.diag(m), np.nanmax(m), np.linalg.norm(m), np.roll(m, 1), np.concatenate([m]), np.sum(m), np.isclose(m, m), np.vstack([m, m]))
        print(np.full_like(m, 2), np.full_like(m, 2, dtype=int), np.cross(m, np.ones(3)), np.hstack([np.ones(1), m]), np.tile(np.ones(2), reps=m))
        for f in (np.diag, np.linalg.norm, np.vstack, np.sum, np.isclose, np.fft.fft, np.tile, np.nan_to_num):
            print(f.__module__, f.__name__, f.__qualname__, pickle.loads(pickle.dumps(f)) is f)
        class Row(list):
            tiled = np.tile
        print(Row([1, 2]).tiled(2))
        """
    project.same(program)
    project.same_by_import(program)
