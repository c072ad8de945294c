"""From settings to the optimizer, the learning rate and the average of a run."""

import numpy as np

from skbackprop.averaging import AVERAGES, Averaging
from skbackprop.estimators.settings import first_rate
from skbackprop.lbfgs import check_network
from skbackprop.names import resolve
from skbackprop.optimizers import (
    SGD,
    Adam,
    AdamW,
    Chain,
    ClipNorm,
    Descent,
    Lion,
    Muon,
    NAdam,
    Optimizer,
    RMSProp,
)
from skbackprop.schedules import (
    SCHEDULES,
    AdaptiveRate,
    InverseScalingRate,
    Plateau,
    PlateauRate,
    ScheduledRate,
)

MOMENTS = {"beta_1": "beta_1", "beta_2": "beta_2", "epsilon": "epsilon"}
SOLVERS = {  # the optimizer that a name stands for, and what it takes from the estimator's parameters
    "sgd": (SGD, {"momentum": "momentum", "nesterov": "nesterovs_momentum"}),
    "adam": (Adam, MOMENTS),
    "adamw": (AdamW, MOMENTS),
    "nadam": (NAdam, MOMENTS),
    "rmsprop": (RMSProp, {}),
    "lion": (Lion, {}),
    "muon": (Muon, {}),
}
FOR_SGD = "invscaling", "adaptive"  # as in scikit-learn; with other solvers the rate is constant


def prepare(run, settings, network):
    """Make the descent, the learning rate and the average whose settings have changed; the others stay.

    `network` is the one that predicts.
    """
    now = settings.described  # before anything is changed in place
    if settings.solver == "lbfgs":
        if settings.checkpoint is not None:
            raise ValueError("checkpoint needs another solver than 'lbfgs', whose state is SciPy's.")
        check_network(network)
        run.go_on_from(network)
        run.settings = run.settings or settings
        return
    before = None if run.rate is None else run.settings.described
    if run.descent is None or of_optimizer(now) != of_optimizer(before):
        descent = Descent(make_optimizer(settings), run.objective.network)
        if run.descent is not None:
            descent.continue_from(run.descent)
        run.descent = descent
    if run.rate is None or of_rate(now) != of_rate(before):
        run.rate = make_rate(settings)
    if now["average"] != (before and before["average"]):
        average = resolve(settings.average, AVERAGES, "average")
        if not run.has_best:
            np.copyto(run.theta, network.theta)
        run.averaging = None if average is None else Averaging(average, run.objective.network)
    run.settings = settings


def of_optimizer(described):
    """What the optimizer depends on."""
    solver = described["solver"]
    names = SOLVERS[solver][1].values() if isinstance(solver, str) else ()
    return solver, {name: described[name] for name in names}, described["clip_norm"]


def of_rate(described):
    """What the learning rate depends on."""
    return (*described["rate"], described["learning_rate"], described["power_t"])


def make_optimizer(settings):
    """The optimizer that `solver` names or is, after the clipping of the gradient."""
    optimizer = settings.solver
    if not isinstance(optimizer, Optimizer):
        kind, names = SOLVERS[optimizer]
        values = {field: getattr(settings, name) for field, name in names.items()}
        optimizer = kind(learning_rate=settings.learning_rate_init, **values)
    if settings.clip_norm is None:
        return optimizer
    optimizer._validate_params()
    return Chain([ClipNorm(settings.clip_norm), *optimizer.transforms()], optimizer.learning_rate)


def make_rate(settings):
    """The learning rate over time."""
    learning_rate = settings.learning_rate
    is_sgd, initial = first_rate(settings)
    if learning_rate == "invscaling" and is_sgd:
        return InverseScalingRate(initial, settings.power_t)
    if learning_rate == "adaptive" and is_sgd:
        return AdaptiveRate(initial)
    name = "constant" if learning_rate in FOR_SGD else learning_rate
    schedule = resolve(name, SCHEDULES, "learning_rate")
    return (PlateauRate if isinstance(schedule, Plateau) else ScheduledRate)(initial, schedule)
