"""How an estimator learns from windows: all at once, or, the default network, in chunks."""

import warnings
from dataclasses import dataclass, field

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from skbackprop.estimators import BackpropRegressor

BATCH_SIZE = 256
CHUNK = 128 * BATCH_SIZE  # windows that are copied at once
FAR = 6.0  # standard deviations beyond which an input is clipped


def default_network(random_state):
    """The network that `LagForecaster` has by default; it learns medians."""
    return BackpropRegressor(
        "absolute_error",
        hidden_layer_sizes=(256,),
        solver="adamw",
        alpha=0.0,
        learning_rate="cosine",
        learning_rate_init=2e-3,
        random_state=random_state,
    )


@dataclass
class Chunked:
    """The default network, trained for `n_updates` steps on windows copied chunk by chunk."""

    n_updates: int
    seed: int
    network: BackpropRegressor = None
    center: np.ndarray = None
    spread: np.ndarray = None
    fill: float = field(default=0.0, init=False)

    def fit(self, rows_of, n_windows):
        rng = np.random.default_rng(self.seed)
        n_wanted = self.n_updates * BATCH_SIZE
        n_chunks = -(-min(n_wanted, n_windows) // CHUNK)
        n_passes = max(1, round(n_wanted / n_windows))
        self.network = default_network(self.seed).set_params(schedule_epochs=n_chunks * n_passes)
        for _ in range(n_passes):
            order = rng.permutation(n_windows)[:n_wanted]
            for chunk in np.array_split(order, n_chunks):
                self.partial_fit(*rows_of(chunk))
        self.network.set_params(learning_rate="constant", learning_rate_init=1e-4)
        return self

    def partial_fit(self, X, Z, weight):
        if self.center is None:
            self.center, spread = X.mean(axis=0), X.std(axis=0)
            self.spread = np.where(spread > 1e-6, spread, 1)
        self.network.set_params(batch_size=min(BATCH_SIZE, len(X)))
        self.network.partial_fit(self._inputs(X), _column(Z).astype(np.float32), weight)
        return self

    def predict(self, X):
        return self.network.predict(self._inputs(X))

    def _inputs(self, X):
        return np.clip((X - self.center) / self.spread, -FAR, FAR).astype(np.float32)


@dataclass
class Whole:
    """Any regressor, fitted on all windows, or on `max_windows` of them drawn at random."""

    estimator: BaseEstimator
    max_windows: int | None
    seed: int

    @property
    def fill(self):
        return None if get_tags(self.estimator).input_tags.allow_nan else 0.0

    def fit(self, rows_of, n_windows):
        drawn = np.arange(n_windows)
        if self.max_windows is not None and n_windows > self.max_windows:
            drawn = np.sort(np.random.default_rng(self.seed).permutation(n_windows)[: self.max_windows])
        X, Z, weight = rows_of(drawn)
        estimator = clone(self.estimator)
        if "random_state" in estimator.get_params(deep=False) and estimator.random_state is None:
            estimator.set_params(random_state=self.seed)
        last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
        if Z.shape[1] > 1 and not get_tags(last).target_tags.multi_output:
            estimator = MultiOutputRegressor(estimator)
        self.estimator = estimator.fit(X, _column(Z), **self._weighted(estimator, weight))
        return self

    def partial_fit(self, X, Z, weight):
        if not hasattr(self.estimator, "partial_fit"):
            raise AttributeError(
                f"{type(self.estimator).__name__} has no partial_fit: `observe` advances without learning."
            )
        self.estimator.partial_fit(X, _column(Z), **self._weighted(self.estimator, weight))
        return self

    def predict(self, X):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            return self.estimator.predict(X)

    @staticmethod
    def _weighted(estimator, weight):
        inner = estimator.estimator if isinstance(estimator, MultiOutputRegressor) else estimator
        return {"sample_weight": weight} if has_fit_parameter(inner, "sample_weight") else {}


def _column(Z):
    return Z[:, 0] if Z.shape[1] == 1 else Z
