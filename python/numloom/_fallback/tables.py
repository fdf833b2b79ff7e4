"""What is known about NumPy's functions that their signatures do not tell.

Names are dotted as in NumPy's documentation, without the leading `numpy.`; methods are written `ndarray.sort`.
"""

# Functions that write an argument, or hand parts of it to the caller's function, which may: the argument's position and its name.
WRITES = {
    "apply_along_axis": ((2, "arr"),),
    "copyto": ((0, "dst"),),
    "fill_diagonal": ((0, "a"),),
    "median": ((0, "a"),),
    "nan_to_num": ((0, "x"),),
    "nanmedian": ((0, "a"),),
    "nanpercentile": ((0, "a"),),
    "nanquantile": ((0, "a"),),
    "percentile": ((0, "a"),),
    "place": ((0, "arr"),),
    "put": ((0, "a"),),
    "put_along_axis": ((0, "arr"),),
    "putmask": ((0, "a"),),
    "quantile": ((0, "a"),),
}

# Methods of ndarray that write the array itself.
WRITING_METHODS = frozenset(
    """byteswap fill itemset partition put resize setfield setflags sort __setitem__ __setstate__
    __iadd__ __isub__ __imul__ __imatmul__ __itruediv__ __ifloordiv__ __imod__ __ipow__ __ilshift__ __irshift__
    __iand__ __ior__ __ixor__""".split()
)

# Functions and methods whose result may share memory with an argument: the loan is writable so that the result is, too.
ALIASES = frozenset(
    """array array_split asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray asmatrix atleast_1d
    atleast_2d atleast_3d bmat broadcast_arrays broadcast_to diag diagonal dsplit einsum expand_dims flip fliplr flipud
    from_dlpack frombuffer hsplit imag linalg.diagonal linalg.matrix_transpose matrix_transpose meshgrid moveaxis
    nested_iters nditer permute_dims ravel real real_if_close require reshape rollaxis rot90 split squeeze swapaxes
    transpose trim_zeros unstack vsplit astype
    ndarray.view ndarray.reshape ndarray.ravel ndarray.squeeze ndarray.swapaxes ndarray.transpose ndarray.diagonal
    ndarray.getfield ndarray.T ndarray.mT ndarray.real ndarray.imag ndarray.flat ndarray.__getitem__ ndarray.astype
    ndarray.to_device""".split()
)

# Functions and methods that read the values of their arguments during the call and give nothing of their memory: of a small part of
# an array on a device they need no more than that part.
READS = frozenset(
    """array2string array_repr array_str save savetxt savez savez_compressed
    ndarray.dump ndarray.dumps ndarray.tobytes ndarray.tofile""".split()
)

# Modules whose objects keep the arrays they are given, or write them (`out`, `shuffle`) where no signature tells which.
ALIASING_MODULES = ("ma.", "rec.", "lib.", "ctypeslib.", "matrixlib.", "random.", "_core._")

# Where `out` stands when it is passed by position, for functions without a signature that can be read.
OUT_POSITIONS = {"concatenate": 2, "dot": 2, "ndarray.conj": 1, "ndarray.conjugate": 1, "ndarray.dot": 2}

# Calls that belong on the host whatever the engine can do: input and output, text, metadata, NumPy's own generators.
# They are neither reported nor subject to the policy.
HOST = frozenset(
    """array2string array_repr array_str asarray_chkfinite base_repr binary_repr broadcast_shapes busday_count can_cast
    common_type datetime_as_string datetime_data format_float_positional format_float_scientific from_dlpack
    frombuffer fromfile fromregex fromstring genfromtxt get_include getbufsize geterr geterrcall get_printoptions
    info isdtype isfortran isscalar issubdtype iterable load loadtxt may_share_memory min_scalar_type mintypecode
    nditer nested_iters printoptions promote_types require result_type save savetxt savez savez_compressed set_printoptions
    setbufsize seterr seterrcall shares_memory show_config show_runtime typename
    ndarray.tolist ndarray.tofile ndarray.tobytes ndarray.dump ndarray.dumps ndarray.__repr__ ndarray.__str__
    ndarray.__format__ ndarray.__reduce__ ndarray.__reduce_ex__ ndarray.item ndarray.setflags ndarray.__sizeof__
    ndarray.__deepcopy__ ndarray.__copy__ ndarray.__dlpack__ ndarray.__dlpack_device__ ndarray.__array_interface__
    ndarray.__array_struct__ ndarray.flat ndarray.ctypes ndarray.data""".split()
)
HOST_MODULES = ("random.", "testing.", "lib.format.", "lib.npyio.", "ctypeslib.", "typing.", "_core.arrayprint.")

# Functions of plain values, and those that only pass on what they are given: handed out as they are.
PLAIN = frozenset(
    """base_repr binary_repr broadcast_shapes datetime_data format_float_positional format_float_scientific
    frompyfunc get_include get_printoptions getbufsize geterr geterrcall info isdtype issubdtype iterable
    mintypecode printoptions promote_types set_printoptions setbufsize show_config show_runtime typename test
    __array_namespace_info__
    testing.assert_raises testing.assert_raises_regex testing.assert_warns testing.assert_no_warnings
    testing.assert_no_gc_cycles""".split()
)


# Composites whose own Python takes longer, on a few numbers, than all that NumPy does: it does those calls in script mode, on
# small arrays or, of the second set, where no array of ours is given. bench/small_calls.py measures such calls.
SMALL_TO_NUMPY = frozenset("cov einsum eye fill_diagonal gradient linspace logspace pad".split())
SCALARS_TO_NUMPY = frozenset("allclose isclose".split())


def is_host(name):
    return name in HOST or name.startswith(HOST_MODULES)


def may_alias(name):
    return name in ALIASES or name.startswith(ALIASING_MODULES)
