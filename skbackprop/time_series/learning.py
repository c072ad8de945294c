"""How an estimator learns from windows: the default network in chunks, others from all at once."""

import warnings
from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from skbackprop.estimators import BackpropRegressor
from skbackprop.time_series.progress import LEAST, interruptible
from skbackprop.time_series.waiting import TooFewRowsError

BATCH_SIZE = 256
CHUNK = 128 * BATCH_SIZE  # windows that are copied at once
FAR = 6.0  # standard deviations beyond which an input is clipped
LARGE = 30.0  # the size of inputs that a network should not have
PATIENCE = 0.2  # of the planned epochs without a better one, after which training stops early


def default_network(levels, random_state):
    """The network that `LagForecaster` has by default; it learns medians, or several quantiles."""
    return BackpropRegressor(
        "absolute_error" if levels == (0.5,) else "quantile",
        quantile=0.5 if levels == (0.5,) else list(levels),
        hidden_layer_sizes=(256,),
        solver="adamw",
        alpha=0.0,
        learning_rate="cosine",
        learning_rate_init=2e-3,
        tol=0.0,
        random_state=random_state,
    )


@dataclass
class Chunked:
    """The default network, trained for `n_updates` steps on windows copied chunk by chunk."""

    n_updates: int
    seed: int
    levels: tuple  # the quantiles
    network: BackpropRegressor | None = None
    center: np.ndarray | None = None
    spread: np.ndarray | None = None
    fill: float = field(default=0.0, init=False)
    reason: str = field(default="", init=False)  # why training stopped

    def fit(self, rows_of, learned, validated, seconds=None):
        """Learn windows by their numbers; stop by those to validate on, if there are any.

        It makes as many steps as `seconds` are enough for, and the rate falls over these. Returns False if an
        interrupt came; what was learned so far is kept.
        """
        rng = np.random.default_rng(self.seed)
        n_wanted, n_windows = self.n_updates * BATCH_SIZE, len(learned)
        n_chunks = -(-min(n_wanted, n_windows) // CHUNK)
        n_passes = max(1, round(n_wanted / n_windows))
        n_planned, begun = n_chunks * n_passes, monotonic()
        self.network = default_network(self.levels, self.seed).set_params(
            schedule_epochs=n_planned,
            early_stopping=len(validated) > 0,
            scoring="loss" if len(validated) else None,
            n_iter_no_change=max(1, round(PATIENCE * n_planned)),
        )
        held_out = rows_of(rng.permutation(validated)[:CHUNK]) if len(validated) else None
        passes = (rng.permutation(n_windows)[:n_wanted] for _ in range(n_passes))
        chunks = (chunk for order in passes for chunk in np.array_split(order, n_chunks))
        is_whole, self.reason = True, f"all steps of n_updates={self.n_updates} are done"
        for n_done, chunk in enumerate(chunks, start=1):
            try:
                with interruptible():
                    self._learn(*rows_of(learned[chunk]), held_out)
            except KeyboardInterrupt:
                if n_done == 1:
                    raise
                is_whole, self.reason = False, "interrupted by the user"
                break
            if seconds is not None:
                n_enough = int(seconds * n_done / (monotonic() - begun))
                self.network.set_params(schedule_epochs=min(n_planned, max(n_done, n_enough)))
            if n_done == self.network.schedule_epochs:
                self.reason = self.reason if n_done == n_planned else "max_time is over"
                break
            if n_done % n_chunks == 0 and self.network.stopped_:
                self.reason = "the last windows in time were forecast no better"
                break
        self.network.set_params(
            learning_rate="constant",
            learning_rate_init=1e-4,
            early_stopping=False,
            scoring=None,
            schedule_epochs=None,
        )
        return is_whole

    def partial_fit(self, X, Z, weight):
        self._learn(X, Z, weight, None)

    def predict(self, X):
        return self.network.predict(self._inputs(X)).reshape(len(X), -1, len(self.levels))

    def _learn(self, X, Z, weight, held_out):
        if self.center is None:
            self.center, spread = X.mean(axis=0), X.std(axis=0)
            self.spread = np.where(spread > 1e-6, spread, 1)
        Z, weight = of_outputs(Z, weight)
        self.network.set_params(batch_size=min(BATCH_SIZE, len(X)))
        validation = {}
        if held_out is not None:
            X_val, (Z_val, weight_val) = held_out[0], of_outputs(*held_out[1:])
            validation = {"X_val": self._inputs(X_val), "y_val": _column(Z_val).astype(np.float32)}
            validation["sample_weight_val"] = weight_val
        self.network.partial_fit(self._inputs(X), _column(Z).astype(np.float32), weight, **validation)

    def _inputs(self, X):
        return np.clip((X - self.center) / self.spread, -FAR, FAR).astype(np.float32)


@dataclass
class Whole:
    """Any regressor, fitted on all windows, or on `max_windows` of them drawn at random.

    One for each quantile, and for each step ahead if it has a single output, or if some targets are not known
    and its outputs cannot have weights of their own.
    """

    estimator: BaseEstimator
    max_windows: int | None
    seed: int
    levels: tuple  # the quantiles
    fitted: list | None = None  # [quantile][group of steps]: an estimator, and the steps

    @property
    def reason(self):
        """Why the last of its fits stopped."""
        estimator = _last(self.fitted[-1][-1][0])
        own = getattr(estimator, "stop_reason_", f"{type(estimator).__name__} is fitted").rstrip(".")
        return own[0].lower() + own[1:] if hasattr(estimator, "stop_reason_") else own

    @property
    def fill(self):
        """What missing values of X become; None: the estimator learns rows that hold NaN."""
        learns_nan = get_tags(self.estimator).input_tags.allow_nan
        return None if learns_nan and getattr(_last(self.estimator), "missing", None) != "skip" else 0.0

    def fit(self, rows_of, learned, validated, seconds=None):
        """Learn windows by their numbers; estimators with `max_time` share `seconds`."""
        if self.max_windows is not None and len(learned) > self.max_windows:
            learned = np.sort(np.random.default_rng(self.seed).permutation(learned)[: self.max_windows])
        windows = rows_of(learned)
        validation = rows_of(validated) if len(validated) else None
        all_known = all(np.isfinite(part[1]).all() for part in (windows, validation) if part is not None)
        _check_inputs(self.estimator, windows[0])
        last, steps = _last(self.estimator), np.arange(windows[1].shape[1])
        together = get_tags(last).target_tags.multi_output and (all_known or self._weighs_outputs)
        groups = [steps] if together else steps[:, None]
        n_left, end = len(self.levels) * len(groups), None if seconds is None else monotonic() + seconds
        self.fitted = []
        for level in self.levels:
            self.fitted.append([])
            for group in groups:
                share = None if end is None else max(end - monotonic(), LEAST) / n_left
                with interruptible():
                    self.fitted[-1].append((self._fitted(level, group, windows, validation, share), group))
                n_left -= 1
        return True

    def partial_fit(self, X, Z, weight):
        for of_level in self.fitted:
            for estimator, group in of_level:
                if not hasattr(estimator, "partial_fit"):
                    raise AttributeError(
                        f"{type(estimator).__name__} has no partial_fit: `observe` needs none."
                    )
                part, known = Z[:, group], np.isfinite(Z[:, group])
                if len(group) > 1 and not known.all() and not self._weighs_outputs:
                    part = np.where(
                        known, part, estimator.predict(X)
                    )  # their own predictions, of which there is no error to learn
                rows, targets, weights = self._targets(X, part, weight)
                if len(rows):
                    estimator.partial_fit(rows, targets, **_known(estimator, sample_weight=weights))

    @property
    def _weighs_outputs(self):
        """Whether `sample_weight` may have a column for each output."""
        return isinstance(_last(self.estimator), BackpropRegressor) and _takes_weights(self.estimator)

    def _targets(self, X, Z, weight):
        """The windows of which a target is known, as an estimator takes them."""
        if Z.shape[1] > 1:
            return X, *of_outputs(Z, weight)
        known = np.isfinite(Z[:, 0])
        return (X, Z[:, 0], weight) if known.all() else (X[known], Z[known, 0], weight[known])

    def predict(self, X):
        with warnings.catch_warnings():
            # LightGBM names the columns of arrays in fit, and then misses the names in predict
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            levels = [
                np.column_stack([estimator.predict(X) for estimator, _ in of_level])
                for of_level in self.fitted
            ]
        return np.sort(np.stack(levels, axis=2), axis=2)  # quantiles learned separately may cross

    def _fitted(self, level, group, windows, validation, seconds):
        """A clone that has learned a quantile of some steps ahead."""
        estimator = clone(self.estimator)
        for name, value in estimator.get_params().items():
            if name.rpartition("__")[2] == "random_state" and value is None:
                estimator.set_params(**{name: self.seed})
        if len(self.levels) > 1:
            _set_last(estimator, "quantile", quantile=level, loss="quantile")
        X, Z, weight = self._part(windows, group, "to learn from")
        given = {"sample_weight": weight}
        if validation is not None:
            _set_last(estimator, "early_stopping", early_stopping=True)
            X_val, Z_val, weight_val = self._part(validation, group, "to validate on")
            given |= {"X_val": X_val, "y_val": Z_val, "sample_weight_val": weight_val}
        own = has_max_time(estimator) and {"max_time": _last(estimator).max_time}
        if own and seconds is not None:
            _last(estimator).set_params(max_time=min(seconds, own["max_time"] or np.inf))
        estimator.fit(X, Z, **_known(estimator, **given))
        if own:
            _last(estimator).set_params(**own)
        if validation is not None:  # in a stream, training does not stop
            _last(estimator).set_params(early_stopping=_last(self.estimator).early_stopping)
        return estimator

    def _part(self, windows, group, purpose):
        X, Z, weight = windows
        part = self._targets(X, Z[:, group], weight)
        if len(part[0]) == 0:
            raise TooFewRowsError(
                f"Of {len(X)} windows {purpose} none has a known y {group[0] + 1} steps after its end: give "
                "rows where y is known at these steps, or a smaller horizon."
            )
        return part


def of_outputs(Z, weight):
    """Targets without NaN, and weights; if some were missing, a weight for each output, 0 for these."""
    known = np.isfinite(Z)
    if known.all():
        return Z, weight
    return np.where(known, Z, Z[known].mean()), weight[:, None] * known


def _check_inputs(estimator, X):
    """A warning for a network whose inputs are much larger than the 1 that its first weights are made for.

    The slopes of its forecasts are then too steep. Training corrects that only for windows like those
    learned; the windows of forecasts that continue from forecasts become others.
    """
    size = np.sqrt(np.nanmean(np.square(X, dtype=np.float64), axis=0)).max()
    if isinstance(estimator, BackpropRegressor) and size > LARGE:
        warnings.warn(
            f"A network needs inputs of about 1, and columns of its windows are of {size:.3g}: forecasts "
            "that continue from forecasts may explode. Give normalize='mean', or as estimator "
            "make_pipeline(StandardScaler(), ...).",
            stacklevel=2,
        )


def has_max_time(estimator):
    """Whether the last step of the estimator has a limit of time."""
    return "max_time" in _last(estimator).get_params(deep=False)


def _last(estimator):
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def _set_last(estimator, reason, **values):
    """Set those parameters that the last step has; it must have the first one."""
    last = _last(estimator)
    needed, known = next(iter(values)), last.get_params(deep=False)
    if needed not in known:
        raise ValueError(
            f"{reason}= needs a regressor with a parameter {needed}, such as BackpropRegressor or "
            f"HistGradientBoostingRegressor, but {type(last).__name__} has none."
        )
    last.set_params(**{name: value for name, value in values.items() if name in known})


def _takes_weights(estimator):
    """Whether weights reach the last step; through a Pipeline they go by its name."""
    in_pipeline = isinstance(estimator, Pipeline)
    routed = in_pipeline and get_config()["enable_metadata_routing"]
    return has_fit_parameter(_last(estimator), "sample_weight") and not routed


def _known(estimator, **values):
    """What `fit` of the estimator takes."""
    known = {name: value for name, value in values.items() if has_fit_parameter(estimator, name)}
    if isinstance(estimator, Pipeline) and _takes_weights(estimator):
        known[f"{estimator.steps[-1][0]}__sample_weight"] = values["sample_weight"]
    return known


def _column(Z):
    return Z[:, 0] if Z.shape[1] == 1 else Z
