"""From an estimator's parameters to its layers and its loss."""

from dataclasses import replace
from numbers import Integral, Real
from zlib import crc32

import numpy as np
from sklearn.base import BaseEstimator

from skbackprop.activations import ACTIVATIONS
from skbackprop.compat import InvalidParameterError
from skbackprop.initializers import BoundedGlorot
from skbackprop.layers import Dense, Ensemble, Layer, Pretrained, Sequential
from skbackprop.losses import REGRESSION_LOSSES, JointLoss, Loss, Quantile, Quantiles
from skbackprop.names import resolve
from skbackprop.network import first_layer
from skbackprop.sparse import ONLY_DENSE
from skbackprop.targets import ManyOutputs

SCALARS = {type(None), bool, int, float, str}


def make_layers(estimator, n_columns, output_activation):
    """The root layer: the hidden layers, then a Dense layer with a node for each target column."""
    sizes = estimator.hidden_layer_sizes
    sizes = [sizes] if isinstance(sizes, Layer) or not hasattr(sizes, "__iter__") else list(sizes)
    n_numbers = sum(not isinstance(size, Layer) for size in sizes)
    activations = iter(_activations(estimator.activation, n_numbers))
    hidden = [
        size if isinstance(size, Layer) else _hidden_layer(size, next(activations), sizes) for size in sizes
    ]
    if any(isinstance(layer, Ensemble) for layer in hidden):
        raise ValueError(
            "hidden_layer_sizes cannot hold an Ensemble: it must be the outermost layer of a Network."
        )
    return Sequential([*hidden, _last_layer(estimator, n_columns, output_activation)])


def _last_layer(estimator, n_columns, output_activation):
    """A node for each column; the other settings are those of `output_layer`."""
    layer = estimator.output_layer
    if layer is None:
        return Dense(n_columns, output_activation, _output_initializer(estimator.activation))
    if isinstance(layer, Pretrained):
        return replace(layer, layer=replace(layer.layer, n_units=n_columns, activation=output_activation))
    if layer.activation != Dense.activation:
        given, used = (resolve(a, ACTIVATIONS, "activation") for a in (layer.activation, output_activation))
        if description(given) != description(used):
            remedy = (
                "set output_activation" if hasattr(estimator, "output_activation") else "the loss has its own"
            )
            raise InvalidParameterError(
                f"output_layer={layer!r}: its activation is set by the estimator, to {output_activation!r}; "
                f"{remedy}, and leave it out here."
            )
    return replace(layer, n_units=n_columns, activation=output_activation)


def _activations(activation, n_layers):
    if not isinstance(activation, list | tuple):
        return [activation] * n_layers
    if len(activation) != n_layers:
        raise InvalidParameterError(
            f"activation={activation!r} has {len(activation)} entries, but hidden_layer_sizes has "
            f"{n_layers} numbers of nodes: give one name or object, or one for each."
        )
    return activation


def _hidden_layer(size, activation, sizes):
    if not isinstance(size, Integral) or size <= 0:
        raise ValueError(f"hidden_layer_sizes must be > 0, whole numbers of nodes or layers, got {sizes}.")
    return Dense(size, activation)


def _output_initializer(activation):
    """As in scikit-learn, the hidden activation sets the range of the last layer too."""
    last = activation[-1] if isinstance(activation, list | tuple) and activation else activation
    saturates = getattr(resolve(last, ACTIVATIONS, "activation"), "saturates", False)
    return BoundedGlorot(factor=2.0 if saturates else 6.0)


def description(value):
    """A parameter as nested tuples: equal for equal settings, whatever changes in place later."""
    if type(value) in SCALARS:
        return value
    if isinstance(value, BaseEstimator):
        return type(value).__qualname__, *(
            (name, description(part)) for name, part in sorted(vars(value).items())
        )
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":  # weights, perhaps many
        return value.shape, value.dtype.str, crc32(np.ascontiguousarray(value))
    if isinstance(value, list | tuple | range | np.ndarray):
        return tuple(description(part) for part in value)
    return value


def is_fixed(value):
    """Whether the description of this object can never change."""
    if isinstance(value, tuple):
        return all(map(is_fixed, value))
    return not isinstance(value, BaseEstimator | list | np.ndarray)


def check_first_layer(root):
    """Sparse rows go into a Dense layer only."""
    layer = first_layer(root)
    if not isinstance(layer, Dense):
        raise TypeError(f"{ONLY_DENSE} The first layer is {layer!r}.")


def make_regression_loss(loss, quantile, n_targets):
    """The loss of a regressor for so many targets: one for all of them, or one for each."""
    if isinstance(loss, list | tuple):
        if all(isinstance(part, str | Loss) for part in loss) and len(loss) != n_targets:
            raise InvalidParameterError(
                f"loss={loss!r} has {len(loss)} entries, but y has {n_targets} column(s): give one for each."
            )
        return JointLoss([make_regression_loss(part, quantile, 1) for part in loss])
    if isinstance(loss, str) and loss == "quantile":
        loss = Quantile(quantile) if isinstance(quantile, Real) else Quantiles(tuple(quantile))
    loss = check_loss(resolve(loss, REGRESSION_LOSSES, "loss"), for_classes=False)
    return JointLoss([loss] * n_targets) if isinstance(loss, Quantiles) and n_targets > 1 else loss


def widths_of_targets(loss, n_targets):
    """Columns of the network's output for each target."""
    n_columns = loss.n_nodes(n_targets)
    if isinstance(loss, JointLoss):
        return tuple(loss.nodes_of_losses())
    return (n_columns // n_targets,) * n_targets


def check_loss(loss, for_classes):
    """Its settings are valid, and its kind is right: a loss of the other kind would predict nonsense."""
    if not isinstance(loss, Loss):
        raise InvalidParameterError(
            f"loss={loss!r} is neither a name nor a loss. (`loss` is the regressor's first "
            "parameter: sizes of layers are given as hidden_layer_sizes=...)"
        )
    loss._validate_params()
    if loss.for_classes is not for_classes:
        wanted, example = ("class labels", "LogLoss()") if for_classes else ("numbers", "Huber()")
        raise ValueError(f"loss={loss!r} is not for {wanted}: give one that is, such as {example}.")
    return loss


def make_classification_loss(loss, targets, class_weight):
    """The loss of a classifier: several outputs, or labels with weights of their own, have one each."""
    if isinstance(targets, ManyOutputs) or (len(targets.blocks) > 1 and class_weight is not None):
        widths = [columns.stop - columns.start for columns, _ in targets.blocks]
        loss = JointLoss([loss] * len(widths), y_widths=widths)
    return loss.for_columns(targets.exclusive)
