"""The integral of df/dx along lines, by pieces that are halved until the sum on each piece is correct."""

import numpy as np

NODES, WEIGHTS = np.polynomial.legendre.leggauss(4)
NODES, WEIGHTS = (NODES + 1.0) / 2.0, WEIGHTS / 2.0
AT_ONCE = 256  # the number of pieces that are computed together
MOST = 1024  # the most pieces of a row that are halved together
SHORTEST = 2.0**-24  # the shortest piece that is halved
SHARE = 1.0 / 16.0  # the fraction of the error of a row that is allowed for one piece


def integral(function, start, x, sums, n_pieces, allowed):
    """(x - b) times the mean of df/dx from b to x, summed by column: (n_samples, n_columns, n_outputs).

    On each piece the sum of the contributions may differ from the change of f by at most SHARE times the
    `allowed` error of each output. So pieces are short only at a kink, where half the length is half the
    error.
    """
    total = np.zeros((len(x), len(sums.names), len(allowed)))
    change = x - start
    edges = np.linspace(0.0, 1.0, n_pieces + 1)
    row = np.repeat(np.arange(len(x)), n_pieces + 1)
    values = function.values(start[row] + np.tile(edges, len(x))[:, None] * change[row])
    values = values.reshape(len(x), n_pieces + 1, -1)
    row = np.repeat(np.arange(len(x)), n_pieces)
    left, right = np.tile(edges[:-1], len(x)), np.tile(edges[1:], len(x))
    before, after = (part.reshape(len(row), -1) for part in (values[:, :-1], values[:, 1:]))
    while len(row):
        last = (np.bincount(row)[row] > MOST) | (right - left < SHORTEST)
        rest = np.zeros(len(row), dtype=bool)
        for k in range(0, len(row), AT_ONCE):
            piece = slice(k, k + AT_ONCE)
            of = row[piece]
            found = _of_pieces(function, start[of], change[of], left[piece], right[piece], sums)
            errors = np.abs(after[piece] - before[piece] - found.sum(axis=1))
            rest[piece] = (errors > SHARE * allowed).any(axis=1) & ~last[piece]
            np.add.at(total, of[~rest[piece]], found[~rest[piece]])
        row, left, right, before, after = (part[rest] for part in (row, left, right, before, after))
        middle = (left + right) / 2.0
        if len(row):
            between = function.values(start[row] + middle[:, None] * change[row])
            row = np.tile(row, 2)
            left, right = np.append(left, middle), np.append(middle, right)
            before, after = np.append(before, between, axis=0), np.append(between, after, axis=0)
    return total


def _of_pieces(function, start, change, left, right, sums):
    """The contributions on each piece, from its four points, (n_pieces, n_columns, n_outputs)."""
    places = left[:, None] + NODES * (right - left)[:, None]
    points = start[:, None] + places[:, :, None] * change[:, None]
    gradients = function.gradients(points.reshape(-1, change.shape[1]))
    weights = WEIGHTS[None, :, None, None] * (right - left)[:, None, None, None]
    mean = (gradients.reshape(*places.shape, *gradients.shape[1:]) * weights).sum(axis=1)
    return sums(mean * change[:, :, None])
