"""The smallest programs that showed each bug which random programs found, with a word of what it was."""

from __future__ import annotations

# The first three stand for seeds of an older generator: 259, 1286, 2159, 2856, 3800, 4915, 20658 and 24321.
FOUND: dict[str, str] = {
    "a value loaded by a kernel that overwrites its memory was read after the store": """
        v0 = np.arange(4000.0)
        v1 = v0 * 2
        v2 = v0 + 0
        v0 -= 1
        v3 = v1 + v0
        v0[...] = v1
        v4 = v2 - v0
        v5 = v0[::-1] + v2
    """,
    "views that overlap through a long, fine axis were taken for disjoint": """
        v0 = np.arange(3 * 5000, dtype='float32').reshape((3, 5000)) % 7
        v0[:, 1:] += v0[:, :-1]
        v0[:, ::2] -= v0[:, 1::2]
        v0[1:, 2000:] = settled(v0[:-1, 3000:0:-1])
        v1 = v0.T
        v1[:-2] += v1[2:]
    """,
    "reductions, scans and where of a transposed operand took C order": """
        v0 = np.array(numpy.arange(60).reshape((3, 4, 5)), order='F')
        v1 = np.sum(v0, axis=1)
        v2 = np.cumsum(v0.transpose(1, 0, 2), axis=0)
        v3 = np.where(v0 > 9, v0, -v0)
        v4 = np.any(v0[:, ::-1], axis=0)
    """,
    "an index array or a mask on a scalar reached the array's own method": """
        v0 = np.ones((), dtype='float32')
        v1 = v0[()] * 2
        v2 = v1[v1 != 2]
        v3 = v1[True].T
        v4 = v1[False]
    """,
    "np.asarray of a scalar gave the scalar's own, read-only memory": """
        v0 = np.max(np.array([1, 2]) > 0)
        v1 = np.asarray(v0)
        v1[()] = False
    """,
    "np.flip let axis 0 of an array without axes pass": """
        v0 = np.array(np.argmin(np.arange(3)))
        v1 = np.flip(v0, 0)
    """,
    "np.flip of an array without axes was a view": """
        v0 = np.asarray(numpy.array([4], dtype='float16').reshape(()))
        v1 = np.flip(v0)
        v0[()] = 0
    """,
    "views of a scalar shared a memory that could be written": """
        v0 = np.rint(np.mean(np.array([[1, 2], [3, 4]]), axis=(0, 1)))
        v1 = np.transpose(v0, ())
        v2 = v1[...]
        v3 = np.squeeze(v2)
        v3[()] += 1
    """,
    "the imaginary part of a real scalar was an array": """
        v0 = np.any(np.array([2]))
        v1 = v0.imag
        v2 = v1[...]
        v2[...] = v0
    """,
    "the imaginary part of a real array forgot the memory order": """
        v0 = np.array(numpy.arange(45, dtype='uint8').reshape((3, 5, 3)), order='F')
        v1 = v0.imag
        v2 = np.ascontiguousarray(v1)
        v2[:3, ::1] += 1
    """,
    "an empty mask was checked against the axis": """
        v0 = np.argwhere(np.any(np.array([1])))
        v0[np.flatnonzero(np.arange(1)) > 1] = 2
        v1 = np.ones((3, 2))[np.zeros((0, 2), bool)]
        v2 = np.ones((3, 2))[np.zeros((2, 0), bool)]
    """,
    "a reduction without identity over an empty axis passed where the result was empty too": """
        v0 = np.outer(np.zeros(0), np.zeros(0))
        v1 = np.max(v0, axis=0)
        v2 = np.ptp(v0, axis=0)
        v3 = np.min(np.zeros((0, 3)), axis=1)
    """,
    "results whose operands have axes of length 1 or broadcast axes took C order": """
        v0 = np.array((numpy.arange(120) % 9).astype('float64').reshape((40, 1, 3)), order='F')
        v1 = (v0 + 1) % 5
        v2 = v1.reshape(120)
        v1[18:] = 0
        v3 = v1[:, None] + v1
    """,
    "joined arrays followed the operands' memory order only where all were in Fortran order": """
        v0 = np.array(numpy.arange(30).reshape((10, 3)), order='F')
        v1 = np.stack([v0, v0], axis=-1)
        v2 = v1.reshape(-1)
        v1[0] = 7
        v3 = np.concatenate([v1.transpose(2, 0, 1), v1.transpose(2, 0, 1)], axis=0)
    """,
    "stacks of matrix products did not follow the operands' memory order": """
        v0 = np.moveaxis(np.tensordot(np.ones((3, 3)), np.eye(3), axes=0), 1, 0)
        v1 = v0 @ v0
        v2 = np.ones((1, 4, 4, 4)) @ np.ones((4, 4, 4, 1))
    """,
    "copies counted the stride of a broadcast axis as that of another": """
        v0 = np.broadcast_to(np.array(numpy.arange(200).reshape((40, 5))), (2, 40, 5))
        v1 = np.zeros_like(v0)
        v2 = np.count_nonzero(v0, axis=2)
        v3 = v0.astype('float32')
    """,
    "np.dot of a matrix and a scalar followed the operand's memory order where NumPy leaves it to BLAS": """
        v0 = np.array(numpy.arange(15).reshape((3, 5)), order='F')
        v1 = np.dot(v0, np.full((), 2, dtype='int32'))
        v2 = np.dot(v0, np.full((), 2, dtype='float32'))
    """,
    "an operand that is an export of the array written was not seen to overlap it": """
        v0 = np.arange(4)
        e1 = numpy.from_dlpack(v0, device='cpu')
        v0[np.array([1, 2, -2], dtype=int)] = settled(e1[:3])
        v2 = np.arange(5.0)
        e3 = numpy.asarray(v2)
        np.add(e3[:-1], 1, out=v2[1:])
        np.negative(e3[::-1], out=v2)
    """,
    "copies and conversions of a scalar were arrays that could be written": """
        v0 = np.array([1, 2, 3])[-1] * 2
        v1 = v0.copy()
        v2 = v1[...]
        v2[()] = 9
        v3 = np.any(np.array([1])).astype('float64')
        v4 = v3[...]
        v4[...] -= v4
    """,
    "where with a condition that is broadcast took its axis for the fastest": """
        v0 = np.broadcast_to(np.array([1, 3, 1], dtype='uint8'), (2, 3))
        v1 = np.where(v0, v0, np.array([1, 2, 3]))
    """,
    "running sums of a broadcast operand took its axis for the fastest": """
        v0 = np.broadcast_to(np.array([4, 3, 0], dtype='uint8'), (2, 3))
        v1 = np.cumsum(v0, axis=-1)
    """,
    "an infinite scalar was assigned to an element of an integer array": """
        v0 = np.array([1, 2, 3])
        v1 = np.sum(np.zeros(0, dtype='uint8'))
        v0[-3] //= v1
    """,
    "np.where refused a Python integer beyond the type, which NumPy before 2.5 lets wrap": """
        v0 = np.arange(4, dtype='uint16')
        v1 = np.where(v0, v0, -1)
        v2 = np.where(v0 > 1, 70000, v0)
        v3 = np.where(v0 > 1, v0 > 2, 300)
    """,
    "a scalar was put into an element of a signed type that cannot hold it": """
        v0 = np.zeros(3, dtype='int8')
        v1 = np.arange(130, dtype='uint32').sum()
        v0[0] = v1
        v0[1] *= v1
        v0[2] = v1 * 0 + 7
        v2 = np.zeros(2, dtype='int64')
        v2[0] = np.sum(np.array([2**63], dtype='uint64'))
        v3 = np.zeros(2, dtype='uint8')
        v3[0] = v1
    """,
    "np.dot with a number cast no operand first, which decides the order of the result": """
        f0 = numpy.arange(16, dtype='int8').reshape((8, 2))
        v0 = np.broadcast_to(np.asarray(f0), (2, 8, 2))
        v1 = np.dot(np.asarray(3, dtype='int16'), v0)
        v2 = np.dot(v0, np.asarray(2.5))
    """,
    "a sum along the first axis, read where it lies, left out what its kernel had to store": """
        v0 = np.array((numpy.arange(3000) * 32 % 9 + -4).astype('float64').reshape((3, 1000)))
        e1 = numpy.array([2], dtype='int8')
        v1 = np.asarray(e1)
        v2 = np.cumsum(v0, axis=0)
        e1 = e1 * v2
        v0[2::-1] += v0[0:3]
        v3 = np.add.reduce(e1, axis=0)
    """,
    "a product of a matrix in Fortran order with a number kept that order": """
        v0 = np.ones((7, 2), dtype='float32', order='F')
        v1 = np.dot(v0, 2.0)
        v2 = np.dot(numpy.float32(3), v0)
        v3 = np.dot(np.ones((7, 2), dtype='int32', order='F'), 2)
    """,
}
