"""What is known about NumPy's functions that their signatures do not tell.

Names are dotted as in NumPy's documentation, without the leading `numpy.`; methods are written `ndarray.sort`.
"""

# Functions and methods that read the values of their arguments during the call and give nothing of their memory: of a small part of
# an array on a device they need no more than that part.
READS = frozenset(
    """array2string array_repr array_str save savetxt savez savez_compressed
    ndarray.dump ndarray.dumps ndarray.tobytes ndarray.tofile""".split()
)

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
SMALL_TO_NUMPY = frozenset(
    """compress cov delete digitize einsum eye fill_diagonal gradient insert interp linspace logspace median pad percentile place
    putmask quantile repeat resize searchsorted""".split()
)
SCALARS_TO_NUMPY = frozenset("allclose isclose polyval".split())


def is_host(name):
    return name in HOST or name.startswith(HOST_MODULES)
