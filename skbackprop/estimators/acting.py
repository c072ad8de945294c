"""Which parameters have no effect together with which others: the only table of these.

Where scikit-learn's MLP has the parameter and all that it depends on, it says nothing, and so it is here:
`momentum` with solver='adam', `validation_fraction` without `early_stopping`, `shuffle` with 'lbfgs'.
"""

from numbers import Integral

from skbackprop.activations import ACTIVATIONS
from skbackprop.averaging import AVERAGES, StochasticAverage
from skbackprop.compat import N_FRAMES, InvalidParameterError
from skbackprop.estimators.solver import FOR_SGD, MOMENTS
from skbackprop.layers import Layer
from skbackprop.names import resolve
from skbackprop.optimizers import SGD, Optimizer
from skbackprop.schedules import Constant, ScheduledRate
from skbackprop.unused import warn_unused

MLP_SOLVERS = "lbfgs", "sgd", "adam"
MLP_RATES = "constant", *FOR_SGD
OF_SGD = "momentum", "nesterovs_momentum"


def warn_of_network(fitting, given):
    """For each parameter of an estimator of one network that does nothing; a stream is told once.

    `given` is the validation part that the user gave, None without one.
    """
    settings, earlier, incremental = fitting.settings, fitting.earlier, fitting.incremental
    if incremental and earlier is not None and settings.objects is earlier.objects:
        return
    goes_on = incremental and not fitting.is_first  # it may have had a part in an earlier call
    has_part = fitting.monitor is not None or goes_on
    reasons = _reasons_of_network(settings, fitting.run, has_part, given is not None)
    warn_unused(fitting.estimator, reasons, 6 if incremental else 6 + N_FRAMES)


def _reasons_of_network(settings, run, has_part, is_given):
    """(names, why they do nothing)."""
    e, is_lbfgs = settings, settings.solver == "lbfgs"
    yield ("learning_rate_init",), _of_own_solver(e, "learning_rate")
    yield OF_SGD, _of_solvers(e, "sgd")
    yield tuple(MOMENTS), _of_solvers(e, "adam", "adamw", "nadam")
    yield ("max_fun",), _of_solvers(e, "lbfgs")
    yield ("learning_rate",), _of_rate(e)
    yield ("power_t",), _of_power(e)
    without_steps = "solver='lbfgs' has steps of its own kind: choose another solver." if is_lbfgs else None
    yield ("clip_norm", "average"), without_steps
    yield ("engine",), without_steps if e.engine == "replay" else None
    yield ("schedule_epochs",), without_steps or _of_schedules(e, run)
    yield ("best_epoch",), None if e.early_stopping and not is_lbfgs else _stops_never(e)
    yield (
        ("scoring",),
        None
        if has_part
        else (
            "no part of the rows is held out to be scored: give validation=..., X_val and y_val, or "
            "early_stopping=True with another solver than 'lbfgs'."
        ),
    )
    yield ("validation_fraction",), _of_fraction(e, is_given)
    yield ("predict_missing",), None if e.missing == "skip" else "it is about missing='skip'."
    yield ("activation",), _of_activation(e)


def reasons_of_members(estimator, settings, has_part, is_given):
    """(names, why they do nothing) for the tabular estimators; `settings`: with the recipe's values.

    `has_part`: whether members are measured on rows that they do not learn, `is_given`: on those of the user.
    """
    e, without_part = estimator, None if has_part else "no rows are held out: see validation_fraction."
    if without_part and getattr(e, "calibration", None) is not None:
        raise ValueError(f"calibration={e.calibration!r} needs a validation part: {without_part}")
    yield ("early_stopping",), without_part if e.early_stopping else None
    yield ("validation_fraction",), _of_fraction(e, is_given)
    yield from _of_every_member(e, settings, without_part)


def reasons_of_stream(estimator, settings):
    """The same where members begin with `partial_fit`, which is one pass over rows that come once.

    `max_iter`, `n_iter_no_change` and `validation_fraction` do nothing there in scikit-learn's MLP either.
    """
    e, whole = estimator, "partial_fit holds out no rows, as fit does."
    yield ("early_stopping",), whole if e.early_stopping else None
    yield ("refit", "validation"), whole
    yield ("checkpoint", "resume"), "partial_fit writes no file."
    if hasattr(e, "calibration"):
        yield ("calibration",), whole
    yield ("max_time",), "partial_fit learns its rows once, fit in epochs."
    constant = isinstance(e.learning_rate, str) and e.learning_rate == "constant"
    yield (
        ("learning_rate",),
        None if constant else "it is constant in partial_fit, since a stream has no end.",
    )
    yield from _of_every_member(e, settings, whole)


def _of_every_member(e, settings, without_part):
    yield (
        ("max_one_hot_categories",),
        None
        if settings.embed_categories
        else (f"all categories become columns of ones and zeros with recipe={e.recipe!r}."),
    )
    if hasattr(e, "scoring"):  # it says whether labels are smoothed, where nothing else does
        yield ("scoring",), None if e.label_smoothing is None else without_part


def check_quantile(estimator):
    """An error for a quantile that no loss asks for: the mean would be predicted in its place."""
    loss, quantile = estimator.loss, estimator.quantile
    parts = loss if isinstance(loss, list | tuple) else [loss]
    if any(isinstance(part, str) and part == "quantile" for part in parts):
        return
    if not (isinstance(quantile, float) and quantile == 0.5):
        raise InvalidParameterError(
            f"quantile={quantile!r} has no effect with loss={loss!r}: give loss='quantile', or leave it out."
        )


def _of_own_solver(e, name):
    if isinstance(e.solver, Optimizer):
        return f"solver={e.solver!r} has settings of its own: set solver__{name}."
    return None


def _of_solvers(e, *takers):
    if isinstance(e.solver, Optimizer):
        return f"solver={e.solver!r} has settings of its own: set them there."
    if e.solver in takers or e.solver in MLP_SOLVERS:
        return None
    return f"it is a setting of solver={' and '.join(map(repr, takers))}, not of {e.solver!r}."


def _is_sgd(e):
    return e.solver == "sgd" or isinstance(e.solver, SGD)


def _is_of_mlp(e):
    """Whether solver and learning rate are such as scikit-learn's MLP has."""
    return all(
        isinstance(value, str) and value in known
        for value, known in ((e.solver, MLP_SOLVERS), (e.learning_rate, MLP_RATES))
    )


def _of_rate(e):
    if _is_of_mlp(e):
        return None
    if e.solver == "lbfgs":
        return "solver='lbfgs' has no learning rate: choose another solver."
    if isinstance(e.learning_rate, str) and e.learning_rate in FOR_SGD and not _is_sgd(e):
        return f"it is for SGD, and solver={e.solver!r}: 'inverse' and 'plateau' are for all solvers."
    return None


def _of_power(e):
    is_used = isinstance(e.learning_rate, str) and e.learning_rate == "invscaling" and _is_sgd(e)
    if is_used or _is_of_mlp(e):
        return None
    return "it is the exponent of learning_rate='invscaling', which is for SGD."


def _of_schedules(e, run):
    moves = type(run.rate) is ScheduledRate and not isinstance(run.rate.schedule, Constant)
    averages = isinstance(resolve(e.average, AVERAGES, "average"), StochasticAverage) if e.average else False
    if moves or averages or run.follows:
        return None
    return "nothing follows a schedule: see learning_rate, average='swa' and skbackprop.schedules.Scheduled."


def _stops_never(e):
    if e.solver == "lbfgs":
        return "solver='lbfgs' does not stop by validation scores: the last weights are kept."
    return "the last weights are kept: early_stopping=True takes those of the best epoch."


def _of_fraction(e, is_given):
    if e.validation is not None:
        return f"validation={e.validation!r} says which rows are held out."
    return "X_val and y_val are the validation part." if is_given else None


def _of_activation(e):
    """It is for layers given as numbers, and sets the range of the output layer's first weights."""
    sizes = e.hidden_layer_sizes
    sizes = [sizes] if isinstance(sizes, Layer) or not hasattr(sizes, "__iter__") else list(sizes)
    if not sizes or any(isinstance(size, Integral) for size in sizes):
        return None
    sets_range = e.output_layer is None and not isinstance(e.activation, list | tuple)
    if sets_range and getattr(resolve(e.activation, ACTIVATIONS, "activation"), "saturates", False):
        return None
    return "no hidden layer is given as a number of nodes: set the activation of the layers."
