"""What messages about wrong parameters suggest: the nearest known name, or what there is instead."""

import re
from difflib import get_close_matches
from inspect import isclass
from numbers import Integral, Real

NAMES = {  # of other libraries, and what they are called here, if the class has such a parameter
    "batchsize": "batch_size",
    "classifier": "estimator",
    "cv": "validation",
    "dropout_rate": "rate",
    "epochs": "max_iter",
    "hidden_dim": "hidden_layer_sizes",
    "hidden_layers": "hidden_layer_sizes",
    "hidden_sizes": "hidden_layer_sizes",
    "hidden_units": "hidden_layer_sizes",
    "kernel_initializer": "initializer",
    "l2": "alpha",
    "layers": "hidden_layer_sizes",
    "lr": "learning_rate_init",
    "max_epochs": "max_iter",
    "model": "estimator",
    "n_epochs": "max_iter",
    "n_hidden": "hidden_layer_sizes",
    "n_lags": "lags",
    "n_layers": "hidden_layer_sizes",
    "nb_epoch": "max_iter",
    "num_epochs": "max_iter",
    "optimizer": "solver",
    "output_chunk_length": "horizon",
    "input_chunk_length": "lags",
    "patience": "n_iter_no_change",
    "regressor": "estimator",
    "seed": "random_state",
    "shuffle_data": "shuffle",
    "steps": "horizon",
    "units": "hidden_layer_sizes",
    "validation_split": "validation_fraction",
    "val_fraction": "validation_fraction",
    "weight_decay": "alpha",
    "window": "lags",
    "window_size": "lags",
}
OTHERWISE = {  # what other libraries have as a parameter, and here is something else
    "amsgrad": "choose a solver of skbackprop.optimizers",
    "batch_norm": "put a layer between the numbers: hidden_layer_sizes=[64, BatchNorm(), 64]",
    "callbacks": "call set_callbacks(...), with scikit-learn >= 1.9",
    "checkpoint_epochs": "give checkpoint=Checkpoint(path, n_epochs=...)",
    "checkpoint_seconds": "give checkpoint=Checkpoint(path, seconds=...)",
    "clip_value": "give solver=Chain([ClipValue(...), *Adam().transforms()])",
    "clipnorm": "give clip_norm=...",
    "clipvalue": "give solver=Chain([ClipValue(...), *Adam().transforms()])",
    "criterion": "give loss=...",
    "device": "this library computes on the processor: leave it out",
    "dropout": "put a layer between the numbers: hidden_layer_sizes=[64, Dropout(0.2), 64]",
    "max_grad_norm": "give clip_norm=...",
    "metrics": "give scoring=...",
    "module": "give hidden_layer_sizes=[...], numbers and layers",
    "n_jobs": "one network is trained by one process: leave it out",
    "objective": "give loss=...",
    "sample_weight": "give it to fit",
    "train_split": "give validation=..., or X_val and y_val to fit",
}
VALUES = {  # by parameter: values of other libraries
    "loss": {
        "l1": "absolute_error",
        "mae": "absolute_error",
        "mean_absolute_error": "absolute_error",
        "l2": "squared_error",
        "mse": "squared_error",
        "rmse": "squared_error",
        "squared": "squared_error",
        "mean_squared_error": "squared_error",
        "ls": "squared_error",
        "lad": "absolute_error",
        "pinball": "quantile",
        "smooth_l1": "huber",
        "logcosh": "log_cosh",
        "binary_crossentropy": "log_loss",
        "categorical_crossentropy": "log_loss",
        "bce": "log_loss",
        "crossentropy": "log_loss",
        "cross_entropy": "log_loss",
        "logloss": "log_loss",
        "nll": "log_loss",
    },
    "activation": {"sigmoid": "logistic", "linear": "identity", "swish": "silu", "none": "identity"},
    "scoring": {"auc": "roc_auc", "mse": "neg_mean_squared_error", "mae": "neg_mean_absolute_error"},
    "solver": {"l-bfgs": "lbfgs", "bfgs": "lbfgs", "adamax": "adam", "rms": "rmsprop", "sgdm": "sgd"},
    "missing": {
        "mean": "impute",
        "median": "impute",
        "fill": "impute",
        "drop": "skip",
        "ignore": "skip",
        "raise": "error",
        "allow-nan": "impute",
    },
    "average": {"exponential": "ema", "polyak": "ema", "stochastic": "swa"},
    "normalize": {"standard": "revin", "zscore": "revin", "naive": "last"},
    "strategy": {"multi": "mimo", "multioutput": "mimo", "iterative": "recursive"},
    "recipe": {"realmlp": "td", "default": "bagged", "realmlp-td": "td", "ensemble": "bagged"},
    "engine": {"numba": "replay", "jit": "replay", "fast": "replay", "python": "numpy"},
}
MOST = 20  # names that a message lists
QUOTED = re.compile(r"\{('[^{}]*')\}")


def did_you_mean(given, known):
    """The start of a sentence that names the nearest known name; '' if none is near."""
    found = nearest(given, known)
    return "" if found is None else f" Did you mean {found!r}?"


def nearest(given, known):
    """The known name that looks most like this text, whatever its case; None if none does."""
    by_lower = {str(name).lower(): name for name in known}
    given = str(given).lower()
    found = get_close_matches(given, by_lower, n=1, cutoff=0.6)
    if not found and len(given) > 2:
        found = [name for name in by_lower if name.startswith(given)]
    return by_lower[found[0]] if found else None


def for_name(name, known):
    """What to do where a class has no parameter of this name."""
    if NAMES.get(name) in known:
        return f" Here it is called {NAMES[name]!r}."
    if name in OTHERWISE:
        return f" Instead: {OTHERWISE[name]}."
    return did_you_mean(name, known)


def for_value(name, value, message):
    """What to add to scikit-learn's message about the value of a parameter, or ''."""
    listed = QUOTED.search(message)
    names = [] if listed is None else [part[1:-1] for part in listed[1].split(", ")]
    if isinstance(value, str):
        known = VALUES.get(name, {}).get(value.lower())
        if known in names:
            return f" Here {value!r} is called {known!r}."
        if found := did_you_mean(value, names):
            return found
    if isclass(value):
        return f" {value.__name__} is a class: give an object, {value.__name__}(...)."
    if name == "learning_rate" and isinstance(value, Real):
        return f" It is the schedule: the rate itself is learning_rate_init={value!r}."
    if name == "loss" and _are_sizes(value):
        return f" It is the first parameter: sizes of layers are given as hidden_layer_sizes={value!r}."
    if name == "hidden_layer_sizes" and isinstance(value, str):
        sizes = re.findall(r"\d+", value)
        return f" Give numbers: ({', '.join(sizes)}{',' * (len(sizes) == 1)})." if sizes else ""
    if name in ("loss", "activation", "initializer") and callable(value):
        kind = name.capitalize()
        return f" A function has no derivative: make it a class, {kind}, as the page 'extending' shows."
    if isinstance(value, float) and value.is_integer() and "must be an int" in message:
        return f" Give {int(value)}."
    if name == "rate" and isinstance(value, Real) and 1 < value < 100:
        return f" It is a share: {value!r} % is {value / 100!r}."
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return f" It is text: give the number, {value}."
    return ""


def _are_sizes(value):
    if isinstance(value, list | tuple):
        return len(value) > 0 and all(map(_are_sizes, value))
    return isinstance(value, Integral) and not isinstance(value, bool)


def in_order(message):
    """The names that a message of scikit-learn lists, in the order of the alphabet; few of many."""

    def ordered(found):
        names = sorted(found[1].split(", "))
        listed = ", ".join(names[:MOST])
        return f"{{{listed}}}" if len(names) <= MOST else f"{{{listed}, ...}} ({len(names)} names)"

    return QUOTED.sub(ordered, message)
