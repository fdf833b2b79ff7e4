"""Conway's game of life, three ways."""

import numpy as np

GLIDER = np.array([[0, 1, 0], [0, 0, 1], [1, 1, 1]], dtype=np.uint8)


def neighbours_roll(board):
    return sum(np.roll(np.roll(board, i, 0), j, 1) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))


def step(board):
    n = neighbours_roll(board)
    return ((n == 3) | ((board == 1) & (n == 2))).astype(board.dtype)


def step_loops(board):
    rows, cols = board.shape
    new = np.zeros_like(board)
    for i in range(rows):
        for j in range(cols):
            count = 0
            for di in (-1, 0, 1):
                for dj in (-1, 0, 1):
                    if di or dj:
                        count += board[(i + di) % rows, (j + dj) % cols]
            if board[i, j] and count in (2, 3):
                new[i, j] = 1
            elif not board[i, j] and count == 3:
                new[i][j] = 1
    return new


def step_padded(board):
    p = np.pad(board, 1, mode="wrap")
    n = np.zeros(board.shape, dtype=int)
    for i in range(3):
        for j in range(3):
            if i != 1 or j != 1:
                n += p[i : i + board.shape[0], j : j + board.shape[1]]
    born = (n == 3) & (board == 0)
    stay = ((n == 2) | (n == 3)) & (board == 1)
    out = board * 0
    out[born | stay] = 1
    return out


board = np.zeros((12, 16), dtype=np.uint8)
board[1:4, 1:4] = GLIDER
rng = np.random.RandomState(3)
board[6:, 6:] = rng.randint(0, 2, size=(6, 10))
a, b, c = board.copy(), board.copy(), board.copy()
for generation in range(12):
    a, b, c = step(a), step_loops(b), step_padded(c)
    assert np.array_equal(a, b) and (a == c).all(), generation
for row in a:
    print("".join(".#"[cell] for cell in row))
print(a.sum(), a.dtype, b.dtype, c.dtype, np.argwhere(a)[:3].tolist(), np.packbits(a, axis=1))
