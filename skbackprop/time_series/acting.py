"""Which parameters have no effect together with others, or for such rows: those of time series."""

from skbackprop.time_series.learning import has_max_time
from skbackprop.time_series.rows import as_list
from skbackprop.time_series.stepping import kind_of


def reasons_of_forecaster(forecaster, times):
    """(names, why they have no effect); `times` are those of the rows, or None."""
    e = forecaster
    yield (
        ("n_updates",),
        None if e.estimator is None else "a given estimator learns as its own parameters say.",
    )
    yield (
        ("max_windows",),
        (
            "it is for a given estimator: n_updates says how much the default network learns."
            if e.estimator is None
            else None
        ),
    )
    yield (
        ("max_time",),
        (
            None
            if e.estimator is None or has_max_time(e.estimator)
            else f"{type(e.estimator).__name__} has no max_time of its own."
        ),
    )
    seeds = _of_seeds(e)
    yield ("n_members",), seeds if e.n_members > 1 else None  # a single one saves time
    yield ("random_state",), seeds
    yield (
        ("validation_fraction",),
        None if e.early_stopping else "nothing is held out without early_stopping=True.",
    )
    yield from reasons_of_clock(e, times)


def reasons_of_features(features, times):
    """The same for what looks back."""
    yield (
        ("forget_after",),
        None if as_list(features.groups) else "all rows are one series: groups= tells several apart.",
    )
    yield from reasons_of_clock(features, times)


def reasons_of_clock(owner, times):
    """The same for what has a clock."""
    counts_rows = getattr(owner, "on_gap", "nan") == "ignore" and getattr(owner, "forget_after", None) is None
    if times is None:
        yield ("freq",), "the rows have no time: time= names what holds it."
    elif counts_rows and not (getattr(owner, "seasons", ()) is None and kind_of(times) == "dates"):
        yield ("freq",), "on_gap='ignore' counts rows instead of time."


def reasons_of_pipeline(pipeline, streams):
    """The same for a streaming pipeline; `streams`: in its `partial_fit`."""
    yield ("groups",), None if pipeline.label_delay else "it says whose labels come later: see label_delay."
    if streams:
        yield ("memory", "transform_input"), "it is for `fit`: `partial_fit` has no use for it."


def _of_seeds(e):
    """Why seeds have no effect: members differ by `random_state`, if it is None, and by the windows drawn."""
    if e.estimator is None or e.max_windows is not None:
        return None
    own = {
        name: value
        for name, value in e.estimator.get_params().items()
        if name.rpartition("__")[2] == "random_state"
    }
    if any(value is None for value in own.values()):
        return None
    if own:
        name, value = next(iter(own.items()))
        return f"the estimator has a seed of its own, {name}={value!r}: leave it None."
    return f"nothing is drawn at random: {type(e.estimator).__name__} has no random_state."
