"""Every public estimator and transformer: tiny settings, data that suits it, and what is not claimed of it.

A new public name takes its place here, as an entry or in `NO_ESTIMATORS`; `test_catalogue.py` says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import signature

from sklearn.linear_model import LinearRegression, Ridge

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    BackpropSearchCV,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)
from skbackprop.preprocessing import CategoryEncoder, SignedOneHotEncoder, SquashingScaler, TabularEncoder
from skbackprop.time_series import (
    CalendarFeatures,
    DifferenceFeatures,
    EwmFeatures,
    ExpandingFeatures,
    FourierFeatures,
    LagFeatures,
    LagForecaster,
    RollingFeatures,
    RunningScaler,
    StreamingPipeline,
)

INVARIANTS = {
    "units of X": "columns times a factor, plus a shift, give the same",
    "units of y": "targets times a factor, plus a shift, give predictions likewise",
    "order of rows": "rows in another order give the same model",
    "order of columns": "columns in another order give the same features, or the same predictions",
    "names": "classes, levels and series under other names give the same",
    "containers": "other dtypes and containers of X and y give the same",
    "weight 0": "rows of weight 0 are as absent, whatever they hold",
    "weight k": "a row of weight k is as k rows, on full batches",
    "parts": "predictions of a part are the part of the predictions",
    "failures": "calls that fail change nothing",
    "saving": "pickle, copy, joblib and `save` in the middle change nothing",
    "chunks": "a stream in chunks is as the whole",
    "global settings": "those of scikit-learn change nothing but the container of results",
}


@dataclass(frozen=True)
class Entry:
    """A public class."""

    kind: type
    make: Callable  # of the parameters of one of the settings
    settings: tuple = ({},)
    data: str = "numbers"  # or "table", "series"
    target: str | None = None  # "numbers", "labels", "series"
    methods: tuple = ("predict",)  # whose results are compared
    exceptions: dict = field(default_factory=dict)  # what is not claimed, and why
    rounding: float = 1e-9  # what the order of a sum may change, relative to the largest number
    units: str = "no effect"  # of X on `transform`: or "by name", see `test_units.py`
    rows: str = "any"  # that may be asked for alone: or "first", where rows see those before them
    stream: str = "features"  # what chunks are of, see `test_chunks.py`
    halves: bool = False  # whether only rows of one half may change places: folds are halves
    starts_alike: bool = False  # whether first weights can be alike for all columns
    whole_times: bool = True  # whether times may be whole numbers, beside dates
    weights: bool | None = None  # whether rows have weights; None: by the signature of `fit`

    def __str__(self):
        return self.kind.__name__

    def estimator(self, case):
        settings = dict(self.settings[case.settings])
        settings.pop("n_targets", None)
        return self.make(**settings)

    def data_settings(self, case):
        settings = self.settings[case.settings]
        grouped = settings.get("groups") is not None
        turn = self.whole_times and case.number // len(self.settings) % 2 == 1
        times = "numbers" if "unit" in settings or turn else "dates"
        if "time" in settings and settings["time"] is None:
            times = "none"
        if self.kind in (BackpropRegressor, BackpropClassifier) and "missing" not in settings:
            case = case._replace(oddity="plain" if case.oddity == "missing" else case.oddity)
        return self.data, case, self.target, settings.get("n_targets", 1), grouped, times

    def claims(self, invariant):
        return invariant not in self.not_claimed()

    def not_claimed(self):
        """Invariants with the reasons why they are not claimed; most follow from the class itself."""
        reasons = {}
        if self.target not in ("numbers", "series"):
            reasons["units of y"] = "it learns no numbers"
        if self.target != "labels" and self.data == "numbers":
            reasons["names"] = "numbers have no names"
        if not self.has_weights:
            reasons["weight 0"] = reasons["weight k"] = "no sample_weight"
        if not hasattr(self.kind, "partial_fit"):
            reasons["chunks"] = "no partial_fit"
        return reasons | self.exceptions

    @property
    def has_weights(self):
        return (
            "sample_weight" in signature(self.kind.fit).parameters if self.weights is None else self.weights
        )


SGD = {"solver": "sgd", "learning_rate_init": 0.1, "shuffle": False, "max_iter": 2, "random_state": 0}
NET = {**SGD, "hidden_layer_sizes": (2,), "activation": "tanh", "engine": "numpy"}
TABULAR = {
    "recipe": "td_s",
    "hidden_layer_sizes": [2],
    "n_estimators": 1,
    "max_iter": 2,
    "validation_fraction": 0.0,
    "learning_rate": "constant",
    "engine": "numpy",
    "random_state": 0,
}
PLAIN_NETS = (
    {},
    {"missing": "impute"},
    {"solver": "lbfgs"},
    {"missing": "skip"},
)
OWN_UNITS = "the network learns the columns in the units in which they come: scaling them is a step before it"
STEP_BY_STEP = "each call of partial_fit is a pass over its rows: more calls are more passes"
BY_PLACE = "first weights are drawn for the places of columns"
FROM_ROWS = "first biases are net inputs of rows that are drawn by their places"
OF_TABLES = {
    "order of columns": BY_PLACE,
    "chunks": STEP_BY_STEP,
    "order of rows": FROM_ROWS,
    "weight k": FROM_ROWS,
}


def regressor(**settings):
    return BackpropRegressor(**{**NET, "target_scaling": "standard", **settings})


def classifier(**settings):
    return BackpropClassifier(**{**NET, **settings})


def search(**settings):
    return BackpropSearchCV(regressor(missing="impute"), {"alpha": [1e-3]}, cv=2, error_score="raise")


def forecaster(**settings):
    start = {"lags": 2, "horizon": 2, "n_members": 1, "time": "t"}
    return LagForecaster(**{"estimator": Ridge(1e-3), **start, **settings})


def stream(**settings):
    steps = [(name, step) for name, step in STREAMS[settings["steps"]]()]
    return StreamingPipeline(steps)


STREAMS = {
    "lags": lambda: [
        ("lags", LagFeatures([0, 1], time="t")),
        ("net", regressor(missing="skip")),
    ],
    "scaled lags": lambda: [
        ("scaled", RunningScaler(time="t", groups="g", passthrough=["t", "g"])),
        ("lags", LagFeatures(2, time="t", groups="g")),
        ("net", regressor(missing="skip")),
    ],
}


def tabular(kind):
    return lambda **settings: kind(**{**TABULAR, **settings})


def features(kind):
    return lambda **settings: kind(**{"time": "t", **settings})


def history(kind, *settings, **more):
    """An entry of features of rows and of those before them, of one and of several series."""
    no_time = {"time": None, "history": "continue"}
    settings = tuple(s | more for s in settings for more in ({}, {"groups": "g"}, no_time))
    return Entry(
        kind,
        features(kind),
        settings,
        "series",
        methods=("transform",),
        units="by name",
        rows="first",
        **more,
    )


CATALOGUE = [
    Entry(
        BackpropRegressor,
        regressor,
        (
            *PLAIN_NETS,
            {"loss": "quantile", "quantile": [0.1, 0.5, 0.9], "missing": "impute"},
            {"n_targets": 2, "missing": "impute"},
        ),
        target="numbers",
        methods=("predict", "transform"),
        exceptions={"units of X": OWN_UNITS},
        starts_alike=True,
        stream="passes",
    ),
    Entry(
        BackpropClassifier,
        classifier,
        (*PLAIN_NETS, {"class_weight": "balanced", "missing": "impute"}),
        target="labels",
        methods=("predict", "predict_proba", "transform"),
        exceptions={"units of X": OWN_UNITS},
        starts_alike=True,
        stream="passes",
    ),
    Entry(
        BackpropSearchCV,
        search,
        target="numbers",
        exceptions={"units of X": OWN_UNITS, "order of columns": BY_PLACE},
        halves=True,
        weights=True,
    ),
    Entry(
        TabularBackpropRegressor,
        tabular(TabularBackpropRegressor),
        ({}, {"n_estimators": 2}, {"recipe": "td", "dropout": 0.0}),
        data="table",
        target="numbers",
        exceptions=OF_TABLES,
        rounding=1e-3,
    ),
    Entry(
        TabularBackpropClassifier,
        tabular(TabularBackpropClassifier),
        ({}, {"class_weight": "balanced"}, {"recipe": "td", "dropout": 0.0, "scoring": "neg_log_loss"}),
        data="table",
        target="labels",
        methods=("predict", "predict_proba"),
        exceptions=OF_TABLES,
        rounding=1e-3,
    ),
    Entry(
        SquashingScaler,
        SquashingScaler,
        ({}, {"max_absolute_value": None}),
        methods=("transform",),
    ),
    Entry(
        TabularEncoder,
        TabularEncoder,
        ({}, {"max_one_hot_categories": 2}, {"embed": False, "missing_indicator": False}),
        data="table",
        methods=("transform",),
        rounding=1e-5,  # float32
    ),
    Entry(
        CategoryEncoder,
        CategoryEncoder,
        ({}, {"max_categories": 2}, {"min_frequency": 2}),
        data="table",
        methods=("transform",),
    ),
    Entry(
        SignedOneHotEncoder,
        SignedOneHotEncoder,
        ({}, {"max_categories": 2}, {"min_frequency": 2}),
        data="table",
        methods=("transform",),
    ),
    Entry(
        CalendarFeatures,
        lambda **settings: CalendarFeatures(["dayofweek", "dayofyear", "month"], **settings),
        ({"time": "t"}, {"time": "t", "unit": "D", "encoding": "ordinal"}),
        data="series",
        methods=("transform",),
        whole_times=False,
    ),
    Entry(
        FourierFeatures,
        features(FourierFeatures),
        ({}, {"periods": [5, 7], "order": [1, 2]}),
        data="series",
        methods=("transform",),
    ),
    history(LagFeatures, {"lags": [0, 1, 3]}, {"lags": 2, "columns": ["v"]}),
    history(DifferenceFeatures, {}, {"periods": [1, 2]}),
    history(
        RollingFeatures,
        {"windows": [2, 3], "statistics": ["mean", "std", "var", 0.25], "min_periods": 2},
        {"windows": 3, "statistics": ["min", "max", "median", "sum"], "shift": 0},
    ),
    history(
        ExpandingFeatures,
        {"statistics": ["mean", "std", "var", "sum"]},
        {"statistics": ["min", "max"], "shift": 2, "min_periods": 2},
    ),
    history(EwmFeatures, {}, {"span": [2, 5], "shift": 0}),
    history(RunningScaler, {}),
    Entry(
        LagForecaster,
        forecaster,
        (
            {},
            {"strategy": "recursive", "normalize": "last"},
            {"strategy": "direct", "groups": "g"},
            {"strategy": "dirrec", "normalize": "revin"},
            {"normalize": "level", "known_future": ["w"]},
            {"normalize": None, "estimator": LinearRegression()},
            {"time": None},
        ),
        data="series",
        target="series",
        methods=("predict", "forecast"),
        stream="observed",
    ),
    Entry(
        StreamingPipeline,
        stream,
        ({"steps": "lags"}, {"steps": "scaled lags", "groups": "g"}),
        data="series",
        target="series",
        exceptions={
            "units of X": OWN_UNITS,
            "order of columns": BY_PLACE,
            "weight 0": "rows without weight are still the past of later rows",
            "weight k": "the rows of a series are not repeated",
        },
        stream="pipeline",
        rows="first",
    ),
]

FAULTS = {}  # (test, class): what is known to fail; nothing may stay here for long

BY_NAME = {str(entry): entry for entry in CATALOGUE}
