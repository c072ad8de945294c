"""The candidates of a search on the training rows of one fold: prepared one by one, trained at once."""

from dataclasses import dataclass
from time import perf_counter

import joblib
import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state

from skbackprop.estimators import BackpropClassifier, BackpropRegressor
from skbackprop.estimators.building import description
from skbackprop.estimators.fitting import Fitting
from skbackprop.estimators.running import train_begun
from skbackprop.estimators.validation import validation_arguments
from skbackprop.model_selection.errors import errors_of_fits
from skbackprop.model_selection.together import Fit, Stream, train_together

CACHED = 3 * 2**14  # numbers of all layers' outputs at once: with net inputs and deltas they fit the cache
FEWEST = 8  # at once, where even less would fit: they share the rows


@dataclass(eq=False)
class CandidateFit(Fit):
    """One that is part of a search."""

    whole: object  # the estimator, or the pipeline that ends in it

    def __post_init__(self):
        self.kind, self.signature = _kind(self), _signature(self.stream)


def network_of(estimator):
    """The last step of a pipeline, or the estimator itself."""
    return estimator.steps[-1][1] if type(estimator) is Pipeline else estimator


def is_network(estimator):
    """Whether it is an estimator of this library, and no subclass with ways of its own."""
    return type(estimator) in (BackpropClassifier, BackpropRegressor)


def train_candidates(base, candidates, X, y, params, n_calls):
    """For each candidate its estimator, trained, and the time it took; (None, 0.0) for one to fit alone.

    `n_calls`: how many calls like this one the process does, one after the other.
    """
    begin, calls = perf_counter(), {}
    fits = [_begun(base, candidate, X, y, params, calls) for candidate in candidates]
    groups = list(parts([fit for fit in fits if fit is not None]))
    for group in groups:
        _train(group, len(groups) * n_calls)
    trained = [None if fit is None or fit.estimator is None else fit.whole for fit in fits]
    seconds = (perf_counter() - begin) / max(1, len(trained) - trained.count(None))
    return [(estimator, 0.0 if estimator is None else seconds) for estimator in trained]


def _begun(base, candidate, X, y, params, calls):
    """A candidate before its first step; None if it is fitted alone, which tells what is wrong with it."""
    whole = clone(base).set_params(**clone(candidate, safe=False))
    network = network_of(whole)
    if not (is_network(network) and _has_plain_epochs(network)):
        return None
    try:
        arguments, metadata = (X, y), params
        if whole is not network:
            arguments, metadata = _call_of_fit(whole, candidate, X, y, params, calls)
        fitting = _begun_fitting(network, *arguments, **metadata)
    except errors_of_fits(whole, X, y, params):
        return None
    if issparse(fitting.batches.X):
        return None
    stream = Stream(fitting.batches, fitting.run.random_state)
    return CandidateFit(network, fitting, stream, whole)


def _has_plain_epochs(network):
    """Whether nothing but epochs happens while it trains."""
    alone = network.verbose, network.warm_start, network.checkpoint is not None, network.max_time is not None
    return network.solver != "lbfgs" and not any(alone) and not hasattr(network, "_skl_callbacks")


class Recorder(BaseEstimator):
    """Stands for the last step of a pipeline, to see what this would be fitted with."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y=None, **metadata):
        self.call_ = (X, y), metadata
        return self

    def get_metadata_routing(self):
        return self.estimator.get_metadata_routing()


def _call_of_fit(pipeline, candidate, X, y, params, calls):
    """What a pipeline passes to its last step; steps before that are fitted once for the same settings."""
    name, network = pipeline.steps[-1]
    settings = (p for p in candidate.items() if p[0] != name and not p[0].startswith(f"{name}__"))
    key = tuple((parameter, id(value)) for parameter, value in settings)
    if key not in calls:
        recorder = Recorder(network)
        pipeline.steps = [*pipeline.steps[:-1], (name, recorder)]
        pipeline.fit(X, y, **params)
        calls[key] = pipeline.steps[:-1], *recorder.call_
    before, arguments, metadata = calls[key]
    pipeline.steps = [*before, (name, network)]
    return arguments, metadata


def _begun_fitting(
    network, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None, groups=None
):
    fitting = Fitting(network)
    fitting.begin(X, y, sample_weight, validation_arguments(X_val, y_val, sample_weight_val), groups)
    return fitting


def _kind(fit):
    """Equal for fits that can be members of one network."""
    settings, run, batches = fit.fitting.settings, fit.run, fit.stream.batches
    network, averaging = run.objective.network, run.averaging
    return (
        description(network.root),
        (network.n_inputs, network.n_outputs, network.theta.dtype),
        description(run.objective.loss),
        description(run.descent.transforms),
        None if averaging is None else description(averaging.average),
        (batches.n_samples, batches.batch_size),
        (settings.max_iter, settings.schedule_epochs, settings.shuffle),
    )


def _signature(stream):
    """Equal for fits that shuffle alike; draws from NumPy's global generator follow each other."""
    if stream.random_state is check_random_state(None):
        return f"{id(stream)}"
    return joblib.hash((stream.batches.order, stream.random_state.get_state(legacy=False)))


def parts(fits):
    """Lists of fits to train at once: as many as fit into the cache."""
    groups = []
    for fit in fits:
        for group in groups:
            if group[0].kind == fit.kind and _same_data(group[0], fit):
                group.append(fit)
                break
        else:
            groups.append([fit])
    for group in groups:
        group.sort(key=lambda fit: fit.signature)
        n_parts = -(-len(group) // _together(group[0]))
        yield from (part.tolist() for part in np.array_split(np.array(group, dtype=object), n_parts))


def _together(fit):
    network = fit.run.objective.network
    widths = [network.n_inputs]
    for layer in network.root.layers:
        widths.append(layer.n_outputs(widths[-1]))
    return max(FEWEST, CACHED // (fit.stream.batches.batch_size * sum(widths)))


def _same_data(fit, other):
    ours, theirs = fit.stream.batches, other.stream.batches
    return all(
        a is b or (a is not None and b is not None and np.array_equal(a, b))
        for a, b in zip((ours.X, ours.targets, ours.weights), (theirs.X, theirs.targets, theirs.weights))
    )


def _train(fits, n_groups):
    """What goes wrong is left to the fits alone, where it can be told."""
    streams = {}
    for fit in fits:
        fit.stream = streams.setdefault(fit.signature, fit.stream)
    try:
        if len(fits) > 1:
            train_together(fits, n_groups)
        else:
            (fit,) = fits
            fit.fitting.batches = fit.stream.batches
            train_begun(fit.fitting)
    except errors_of_fits([fit.whole for fit in fits]):
        for fit in fits:
            fit.estimator = None
