"""A program of the replay, run."""

import numpy as np

from skbackprop.replay.interpreter import run_steps


def replayed(program):
    """One step, without rows of data; by the function whose compiled form numba keeps on the disk."""
    rate, loss = np.zeros(1), np.zeros(1)
    tables, order, streams = np.empty((0, 4), np.int64), np.zeros((1, 1), np.intp), np.empty((1, 0), np.uint8)
    rates, losses = np.ones(1).view(np.uint8).reshape(1, 8), np.array([loss.ctypes.data, 1, 8])
    totals, last = np.zeros(1), np.zeros(1)
    done = run_steps(
        program.code(), tables, order, 0, 1, rate.ctypes.data, rates, streams, losses, totals, last
    )
    assert done == 1
