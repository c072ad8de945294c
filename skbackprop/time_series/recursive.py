"""Statistics that a recursion updates from step to step."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real

import numpy as np
from scipy.signal import lfilter

from skbackprop.compat import Interval
from skbackprop.docstrings import documented
from skbackprop.time_series.features import HistoryFeatures
from skbackprop.time_series.rolling import check_statistics


class Recursion(ABC):
    """What gives the features of each step from the state before it."""

    n_features: int
    initial: np.ndarray  # (n_states,), of a new series

    @abstractmethod
    def scan(self, x, state):
        """Features (n_features, n, n_steps) and states (n_states, n, n_steps) after each step.

        x are values (n, n_steps), `state` (n, n_states) is that before them.
        """


def runs(recursion, placed, shift):
    """For each column: the timeline, its features (n_features, size), and the states `shift` steps back."""
    timeline = placed.timeline()
    begin, lengths = timeline.spans()
    for column, (tail, values) in enumerate(zip(placed.tail.T, placed.values.T)):
        buffer = timeline.scatter(tail, values, float)
        results = np.full((recursion.n_features, timeline.size), np.nan)
        states = placed.state[:, column].copy()
        for group in of_similar_length(lengths):
            places = begin[group, None] + np.arange(lengths[group].max())
            inside = places < (begin + lengths)[group, None]
            x = np.where(inside, buffer[np.minimum(places, timeline.size - 1)], np.nan)
            features, after = recursion.scan(x, placed.state[group, column])
            results[:, places[inside]] = features[:, inside]
            last = lengths[group] - 1 - shift
            rows = np.flatnonzero(last >= 0)
            states[group[rows]] = after[:, rows, last[rows]].T
        yield timeline, results, states


def states_of(recursion, placed, shift):
    """The states to remember (n_series, n_columns, n_states)."""
    states = np.empty_like(placed.state)
    for column, (_, _, after) in enumerate(runs(recursion, placed, shift)):
        states[:, column] = after
    return states


def of_similar_length(lengths):
    """Indices, in groups within which lengths differ by less than a factor of two."""
    size = np.frexp(lengths)[1]
    for value in np.unique(size):
        yield np.flatnonzero(size == value)


@dataclass(eq=False, repr=False, kw_only=True)
class RecursiveFeatures(HistoryFeatures):
    """Features that a recursion gives.

    Parameters
    ----------
    shift : int, default=1
        How many steps before the row the newest value is. 0: the row itself.
    """

    _parameter_constraints = {
        **HistoryFeatures._parameter_constraints,
        "shift": [Interval(Integral, 0, None, closed="left")],
    }

    shift: int = 1

    @abstractmethod
    def _recursion(self):
        """A `Recursion` with the parameters of these features."""

    def _keep(self):
        return self.shift

    def _initial(self):
        return self._recursion().initial

    def _states(self, placed):
        return states_of(self._recursion(), placed, self.shift)

    def _fill(self, out, placed):
        feature = 0
        for timeline, results, _ in runs(self._recursion(), placed, self.shift):
            for result in results:
                timeline.gather(result.astype(out.dtype, copy=False), self.shift, out[feature])
                feature += 1


@dataclass(frozen=True)
class Moments(Recursion):
    """`statistics` of all steps so far, where there are `min_periods` values.

    Means and variances are updated as in Welford (1962): mean_n = mean_(n-1) + (x - mean_(n-1)) / n,
    M2_n = M2_(n-1) + (x - mean_(n-1)) (x - mean_n).
    """

    statistics: Sequence[str]
    min_periods: int
    initial = np.array([0.0, np.nan, 0.0, 0.0, np.nan, np.nan])  # n, first, sum of x - first, M2, min, max

    @property
    def n_features(self):
        return len(self.statistics)

    def scan(self, x, state):
        n_0, first, total_0, squares_0, low, high = state.T[:, :, None]
        seen = ~np.isnan(x)
        own = np.take_along_axis(x, seen.argmax(axis=1)[:, None], axis=1)
        first = np.where(n_0 > 0, first, own)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            d = np.where(seen, x - first, 0.0)
            n, total = carried(np.add, n_0, seen), carried(np.add, total_0, d)
            mean = total / np.maximum(n, 1.0)
            before = np.concatenate([total_0 / np.maximum(n_0, 1.0), mean[:, :-1]], axis=1)
            squares = carried(np.add, squares_0, np.where(seen, (d - before) * (d - mean), 0.0))
            low, high = carried(np.fmin, low, x), carried(np.fmax, high, x)
            after = np.array([n, np.broadcast_to(first, n.shape), total, squares, low, high])
            features = np.array([EXPANDING[name](*after) for name in self.statistics])
        return np.where(n >= self.min_periods, features, np.nan), after


def carried(ufunc, state, values):
    """Accumulate along the steps, from the state (n, 1) on."""
    return ufunc.accumulate(np.concatenate([state, values], axis=1), axis=1)[:, 1:]


def _variance(n, first, total, squares, low, high):
    return np.where(n > 1, squares / np.maximum(n - 1, 1.0), np.nan)


EXPANDING = {
    "mean": lambda n, first, total, squares, low, high: first + total / n,
    "std": lambda *state: np.sqrt(_variance(*state)),
    "var": _variance,
    "min": lambda n, first, total, squares, low, high: low,
    "max": lambda n, first, total, squares, low, high: high,
    "sum": lambda n, first, total, squares, low, high: first * n + total,
}


@documented
@dataclass(eq=False, repr=False)
class ExpandingFeatures(RecursiveFeatures):
    """Statistics of columns over all steps up to `shift` steps before the row.

    Means and variances are updated as in Welford (1962): mean_n = mean_(n-1) + (x - mean_(n-1)) / n,
    M2_n = M2_(n-1) + (x - mean_(n-1)) (x - mean_n). NaN is not counted.

    Parameters
    ----------
    statistics : list, default=('mean',)
        Of 'mean', 'std', 'var' (both with n - 1), 'min', 'max', 'sum'.

    min_periods : int, default=1
        How many values there must be.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.time_series import ExpandingFeatures
    >>> ExpandingFeatures(["mean", "max"]).fit_transform(np.array([[1.0], [3.0], [2.0]]))
    array([[nan, nan],
           [ 1.,  1.],
           [ 2.,  3.]])
    """

    _parameter_constraints = {
        **RecursiveFeatures._parameter_constraints,
        "statistics": ["array-like"],
        "min_periods": [Interval(Integral, 1, None, closed="left")],
    }
    statistics: Sequence[str] = ("mean",)
    _: KW_ONLY
    min_periods: int = 1

    def _check_settings(self):
        check_statistics(self.statistics, list(EXPANDING), quantiles=False)

    def _recursion(self):
        return Moments(self.statistics, self.min_periods)

    def _n_missing(self):
        return self._keep() + self.min_periods

    def _feature_names(self, columns):
        shift = "" if self.shift == 1 else f"shift_{self.shift}_"
        return [f"{column}_expanding_{shift}{name}" for column in columns for name in self.statistics]


FORGOTTEN = 1e-290  # a sum of weights below which nothing is left of the past


@dataclass(frozen=True)
class Fading(Recursion):
    """Means over all steps so far, of which a value i steps back has the weight (1 - alpha)^i."""

    alphas: np.ndarray

    @property
    def n_features(self):
        return len(self.alphas)

    @property
    def initial(self):
        return np.zeros(2 * len(self.alphas))  # of the next step: sum of weighted values, and of weights

    def scan(self, x, state):
        seen = ~np.isnan(x)
        x = np.where(seen, x, 0.0)
        features, after = [], []
        for alpha, values, weights in zip(self.alphas, state.T[::2], state.T[1::2]):
            keep = 1.0 - alpha
            values, _ = lfilter([1.0], [1.0, -keep], x, axis=1, zi=values[:, None])
            weights, _ = lfilter([1.0], [1.0, -keep], seen.astype(float), axis=1, zi=weights[:, None])
            with np.errstate(invalid="ignore", divide="ignore"):
                features.append(np.where(weights > FORGOTTEN, values / weights, np.nan))
            after += [keep * values, keep * weights]
        return np.array(features), np.array(after)


ALPHA = {
    "span": lambda span: 2.0 / (span + 1.0),
    "halflife": lambda halflife: -np.expm1(-np.log(2.0) / halflife),
    "alpha": float,
}


@documented
@dataclass(eq=False, repr=False)
class EwmFeatures(RecursiveFeatures):
    """Exponentially weighted means of columns, up to `shift` steps before the row.

    sum_i (1 - alpha)^i x_(t-i) / sum_i (1 - alpha)^i, over the steps with a value, as pandas'
    ``ewm(adjust=True)``. Exactly one of `span`, `halflife` and `alpha` is given.

    Parameters
    ----------
    span : float, list or None, default=None
        alpha = 2 / (span + 1).

    halflife : float, list or None, default=None
        alpha = 1 - 2^(-1 / halflife), in steps.

    alpha : float, list or None, default=None
        The weight of the newest value, above 0 and at most 1. None of the three: 0.5.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.time_series import EwmFeatures
    >>> EwmFeatures(alpha=0.5).fit_transform(np.array([[1.0], [4.0], [0.0]]))
    array([[nan],
           [ 1.],
           [ 3.]])
    """

    _parameter_constraints = {
        **RecursiveFeatures._parameter_constraints,
        "span": [None, Real, "array-like"],
        "halflife": [None, Real, "array-like"],
        "alpha": [None, Real, "array-like"],
    }

    span: float | Sequence[float] | None = None
    _: KW_ONLY
    halflife: float | Sequence[float] | None = None
    alpha: float | Sequence[float] | None = None

    def _given(self):
        """The name of the parameter that is given, and its numbers."""
        given = [name for name in ALPHA if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"Give only one of span, halflife and alpha, not {' and '.join(given)}.")
        name = given[0] if given else "alpha"
        value = 0.5 if not given else getattr(self, name)
        return name, [value] if isinstance(value, Real) else list(value)

    def _alphas(self):
        name, values = self._given()
        return np.array([ALPHA[name](value) for value in values])

    def _check_settings(self):
        name, values = self._given()
        allowed = {"span": "at least 1", "halflife": "above 0", "alpha": "above 0 and at most 1"}[name]
        low, high = {"span": (1, np.inf), "halflife": (1e-300, np.inf), "alpha": (1e-300, 1)}[name]
        if not values or any(not low <= value <= high for value in values):
            raise ValueError(f"{name}={getattr(self, name)!r}: they must be {allowed}.")

    def _recursion(self):
        return Fading(self._alphas())

    def _reach(self):
        fading = -np.log1p(-np.minimum(self._alphas().min(), 0.999))
        return max(1, self.shift, int(np.ceil(-np.log(FORGOTTEN * 1e-10) / fading)))

    def _feature_names(self, columns):
        shift = "" if self.shift == 1 else f"_shift_{self.shift}"
        name, values = self._given()
        return [f"{column}_ewm_{name}_{value:g}{shift}" for column in columns for value in values]
