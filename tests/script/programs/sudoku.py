"""Sudoku by backtracking over an integer array; N queens; flood fill; a maze by breadth-first search."""

from collections import deque

import numpy as np

grid = np.array([list(map(int, row)) for row in """
530070000 600195000 098000060
800060003 400803001 700020006
060000280 000419005 000080079""".split()])


def candidates(g, r, c):
    box = g[r // 3 * 3 : r // 3 * 3 + 3, c // 3 * 3 : c // 3 * 3 + 3]
    used = np.union1d(np.union1d(g[r], g[:, c]), box)
    return np.setdiff1d(np.arange(1, 10), used)


def solve(g):
    empty = np.argwhere(g == 0)
    if len(empty) == 0:
        return True
    options = [candidates(g, *cell) for cell in empty]
    best = min(range(len(empty)), key=lambda k: len(options[k]))
    r, c = empty[best]
    for n in options[best]:
        g[r, c] = n
        if solve(g):
            return True
        g[r, c] = 0
    return False


print(solve(grid))
print(grid)
print(all(set(grid[i]) == set(range(1, 10)) for i in range(9)), (grid.sum(0) == 45).all(), {*grid[0].tolist()})


def queens(n, board=None, row=0):
    board = np.zeros((n, n), int) if board is None else board
    if row == n:
        yield np.where(board)[1].copy()
        return
    for col in range(n):
        if board[:, col].any() or np.diagonal(board, col - row).any() or np.fliplr(board).diagonal(n - 1 - col - row).any():
            continue
        board[row, col] = 1
        yield from queens(n, board, row + 1)
        board[row][col] = 0


solutions = list(queens(6))
print(len(solutions), solutions[0], np.array(solutions).shape)
maze = np.array([[int(ch == "#") for ch in line] for line in ["..#....", ".##.##.", "....#..", ".##...#", "...#..."]])
distance = np.full(maze.shape, -1)
distance[0, 0] = 0
queue = deque([(0, 0)])
while queue:
    y, x = queue.popleft()
    for dy, dx in np.array([[0, 1], [1, 0], [0, -1], [-1, 0]]):
        ny, nx = y + dy, x + dx
        if 0 <= ny < maze.shape[0] and 0 <= nx < maze.shape[1] and not maze[ny, nx] and distance[ny, nx] < 0:
            distance[ny, nx] = distance[y, x] + 1
            queue.append((ny, nx))
print(distance, (distance == distance.max()).nonzero(), np.unravel_index(distance.argmax(), distance.shape))
magic = np.arange(9).reshape(3, 3)
print(np.rot90(magic), magic.T.ravel(), np.kron(np.eye(2, dtype=int), magic)[2:5], list(magic.flat)[:3])
