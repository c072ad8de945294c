"""The network inside what scikit-learn puts around it."""

from sklearn.utils.validation import check_is_fitted

from skbackprop.estimators import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)

NETS = BackpropClassifier, BackpropRegressor
TABULAR = TabularBackpropClassifier, TabularBackpropRegressor


def fitted_network(estimator, kinds=NETS + TABULAR):
    """The fitted network at the end of a Pipeline, a search or a TransformedTargetRegressor."""
    given = estimator
    while not isinstance(estimator, kinds):
        if hasattr(estimator, "steps") and estimator.steps:
            estimator = estimator.steps[-1][1]
            continue
        for name in ("best_estimator_", "regressor_"):
            if hasattr(estimator, name):
                estimator = getattr(estimator, name)
                break
        else:
            names = ", ".join(kind.__name__ for kind in kinds)
            raise TypeError(
                f"estimator={given!r} is not one of {names}, nor a fitted Pipeline, search or "
                "TransformedTargetRegressor that ends in one."
            )
    check_is_fitted(estimator, "networks_" if isinstance(estimator, TABULAR) else "network_")
    return estimator
