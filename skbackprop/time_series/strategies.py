"""From windows to forecasts of many steps: which models there are, and what each of them sees."""

from typing import NamedTuple

import numpy as np


class Stage(NamedTuple):
    """A model that looks from `shift` steps after the origin at `n_more` further lags, `steps` ahead."""

    shift: int
    n_more: int
    steps: np.ndarray


def mimo(horizon):
    """One model with an output for each step."""
    return [Stage(0, 0, np.arange(1, horizon + 1))]


def recursive(horizon):
    """One model of the next step; its forecasts are the lags of later steps."""
    return [Stage(0, 0, np.array([1]))]


def direct(horizon):
    """A model for each step."""
    return [Stage(0, 0, np.array([step])) for step in range(1, horizon + 1)]


def dirrec(horizon):
    """A model for each step, which sees the earlier forecasts as well (Sorjamaa, Lendasse 2006)."""
    return [Stage(step, step, np.array([1])) for step in range(horizon)]


STRATEGIES = {"mimo": mimo, "recursive": recursive, "direct": direct, "dirrec": dirrec}
