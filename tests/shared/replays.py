"""A program of the replay, run."""

import numpy as np

from skbackprop.replay.interpreter import run


def replayed(program):
    run(program.code(), 0, np.zeros(4, np.intp), np.zeros(1, np.intp), np.zeros(4, np.intp))
