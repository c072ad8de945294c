"""The parameters that the regressor and the classifier share, and the values that they may take."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike

import numpy as np
from sklearn.metrics import get_scorer_names

from skbackprop.activations import ACTIVATIONS, Activation
from skbackprop.averaging import AVERAGES, ExponentialAverage, StochasticAverage
from skbackprop.compat import Interval, Options, StrOptions
from skbackprop.estimators.missing import MISSING
from skbackprop.estimators.settings import Settings
from skbackprop.estimators.solver import SOLVERS
from skbackprop.layers import Dense, Layer, Pretrained
from skbackprop.optimizers import Optimizer
from skbackprop.replay.choice import ENGINES
from skbackprop.schedules import SCHEDULES, Schedule


@dataclass(eq=False, repr=False, kw_only=True)
class BackpropParameters(Settings):
    """Stores the parameters as they are given; the docstrings of the two estimators explain them."""

    _parameter_constraints = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left"), Layer],
        "activation": [StrOptions(set(ACTIVATIONS)), Activation, list, tuple],
        "solver": [StrOptions({"lbfgs", *SOLVERS}), Optimizer],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"invscaling", "adaptive", *SCHEDULES}), callable],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "output_layer": [Dense, Pretrained, None],
        "validation": ["cv_object"],
        "scoring": [StrOptions({*get_scorer_names(), "loss"}), callable, None],
        "best_epoch": [StrOptions({"first", "last"})],
        "grow": ["boolean"],
        "schedule_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "checkpoint": [str, PathLike, None],
        "checkpoint_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "checkpoint_seconds": [Interval(Real, 0, None, closed="left"), None],
        "resume": ["boolean"],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
        "engine": [StrOptions(set(ENGINES))],
        "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
        "clip_value": [Interval(Real, 0, None, closed="neither"), None],
        "average": [StrOptions(set(AVERAGES)), *AVERAGES.values(), None],
        "missing": [StrOptions(set(MISSING))],
        "predict_missing": [StrOptions({"fill", "nan"})],
        "transform_layer": [Integral],
    }

    solver: str | Optimizer = "adam"
    alpha: float = 0.0001
    batch_size: int | str = "auto"
    learning_rate: str | Schedule = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: int | np.random.RandomState | None = None
    tol: float = 1e-4
    verbose: bool | int = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float = 10
    max_fun: int = 15000
    output_layer: Dense | Pretrained | None = None
    validation: object = None
    scoring: str | Callable | None = None
    best_epoch: str = "first"
    grow: bool = False
    schedule_epochs: int | None = None
    checkpoint: str | PathLike | None = None
    checkpoint_epochs: int | None = 10
    checkpoint_seconds: float | None = None
    resume: bool = False
    max_time: float | None = None
    engine: str = "auto"
    clip_norm: float | None = None
    clip_value: float | None = None
    average: str | ExponentialAverage | StochasticAverage | None = None
    missing: str = "error"
    predict_missing: str = "fill"
    transform_layer: int = -1
