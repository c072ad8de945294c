"""From an estimator's parameters to its optimizer and its learning rate."""

from skbackprop.estimators.building import description
from skbackprop.names import resolve
from skbackprop.optimizers import (
    SGD,
    Adam,
    AdamW,
    Chain,
    ClipNorm,
    ClipValue,
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


def optimizer_settings(estimator):
    """What the optimizer depends on: a new one is made when this changes."""
    solver, clips = estimator.solver, (estimator.clip_norm, estimator.clip_value)
    if isinstance(solver, Optimizer):
        return description(solver), clips
    _, names = SOLVERS[solver]
    return solver, {name: getattr(estimator, name) for name in names.values()}, clips


def make_optimizer(estimator):
    """The optimizer that `solver` names or is, behind the clipping of the gradient."""
    optimizer = estimator.solver
    if not isinstance(optimizer, Optimizer):
        kind, names = SOLVERS[optimizer]
        settings = {field: getattr(estimator, name) for field, name in names.items()}
        optimizer = kind(learning_rate=estimator.learning_rate_init, **settings)
    clips = []
    if estimator.clip_value is not None:
        clips.append(ClipValue(estimator.clip_value))
    if estimator.clip_norm is not None:
        clips.append(ClipNorm(estimator.clip_norm))
    if not clips:
        return optimizer
    optimizer._validate_params()
    return Chain([*clips, *optimizer.transforms()], optimizer.learning_rate)


def rate_settings(estimator):
    """What the learning rate depends on."""
    solver = estimator.solver
    initial = getattr(solver, "learning_rate", estimator.learning_rate_init)
    is_sgd = solver == "sgd" or isinstance(solver, SGD)
    return is_sgd, estimator.learning_rate, initial, estimator.power_t


def make_rate(is_sgd, learning_rate, initial, power_t):
    """The learning rate over time."""
    if learning_rate == "invscaling" and is_sgd:
        return InverseScalingRate(initial, power_t)
    if learning_rate == "adaptive" and is_sgd:
        return AdaptiveRate(initial)
    name = "constant" if learning_rate in FOR_SGD else learning_rate
    schedule = resolve(name, SCHEDULES, "learning_rate")
    return (PlateauRate if isinstance(schedule, Plateau) else ScheduledRate)(initial, schedule)
