"""The data of the page for a trace, as nested dicts, lists and arrays."""

import re
from numbers import Real

import numpy as np
from sklearn.base import is_classifier

from skbackprop import activations, losses
from skbackprop.inspection.page.names import class_rows, feature_names, sample_names, target_names
from skbackprop.schedules import Scheduled

MOST_SAMPLES = 5000  # that a reader can choose from
MOST_NUMBERS = 1_000_000  # 20 MB of text
MOST_WORK = 50_000_000  # multiplications in a pass over all samples: a third of a second in a browser

USUAL_RATE = 0.1  # used if the estimator chooses its learning rate later

KNOWN_LAYERS = "Dense", "Dropout"
KNOWN_LOSSES = (
    losses.SquaredError,
    losses.AbsoluteError,
    losses.Huber,
    losses.LogCosh,
    losses.Quantile,
    losses.Poisson,
    losses.Gamma,
    losses.BinaryLogLoss,
    losses.MultinomialLogLoss,
    losses.CrossEntropy,
)
KNOWN_ACTIVATIONS = (
    *(kind for kind in activations.ACTIVATIONS.values() if kind.elementwise),
    activations.Bounded,
)


def model_of(trace):
    """The network, the rows, and the texts of the page about them."""
    connected = _connections(trace)
    reason = _why_not_editable(trace, connected)
    _check_size(trace, editable=reason is None)
    steps = _solver_steps(trace)
    return {
        "summary": _summary(trace),
        "notes": _notes(trace, connected),
        "editable": reason is None,
        "reason": reason,
        "features": feature_names(trace),
        "target_names": target_names(trace),
        "sample_names": sample_names(trace),
        "classes": class_rows(trace),
        "X": trace.X,
        "targets": trace.targets,
        "sample_weights": None if trace.sample_weight is None else trace.sample_weight[:, 0],
        "loss": {"kind": type(trace.loss).__name__, "settings": _settings(trace.loss, trace.step.progress)},
        "link": trace.loss.out_activation,
        "learning_rate": _learning_rate(trace.step.estimator),
        "solver": _solver_name(trace.step.estimator),
        "recorded": {
            "prediction": trace.outputs,
            "errors": trace.errors,
            "input_gradient": trace.input_gradient,
        },
        "layers": [
            _layer(layer, is_connected, steps.get(layer.index), recorded=reason is not None)
            for layer, is_connected in zip(trace.layers, connected)
        ],
    }


def _connections(trace):
    """Whether each layer receives the output of the previous layer in the list."""
    outputs = [trace.X, *(layer.output for layer in trace.layers)]
    return [
        np.array_equal(layer.inputs, output, equal_nan=True) for layer, output in zip(trace.layers, outputs)
    ]


def _why_not_editable(trace, connected):
    """None, or why the page cannot compute this network itself."""
    unknown = sorted({layer.kind for layer in trace.layers} - set(KNOWN_LAYERS))
    shown = "The numbers are the library's and cannot be changed here: "
    if unknown:
        return f"{shown}the page does not compute layers of kind {', '.join(unknown)}."
    if not all(connected):
        return f"{shown}the page can only compute layers that follow one another."
    for layer in trace.layers:
        if layer.kind == "Dense" and type(layer.layer.activation) not in KNOWN_ACTIVATIONS:
            return f"{shown}the page does not know the activation {layer.activation}."
    if type(trace.loss) not in KNOWN_LOSSES:
        return f"{shown}the page does not compute the loss {type(trace.loss).__name__}."
    return None


def _check_size(trace, editable):
    n_samples, n_weights = (
        len(trace.X),
        sum(a.size for layer in trace.layers for a in layer.parameters.values()),
    )
    numbers = trace.X.size + trace.targets.size + 2 * n_weights
    if not editable:
        numbers += n_samples * n_weights + sum(5 * layer.output.size for layer in trace.layers)
    too_many = n_samples > MOST_SAMPLES or numbers > MOST_NUMBERS
    if too_many or n_samples * n_weights > MOST_WORK:
        raise ValueError(
            f"The trace of {n_samples} samples through {n_weights} weights is too large for one page: "
            "trace fewer rows, for example trace(estimator, X[:20], y[:20])."
        )


def _layer(layer, is_connected, step, recorded):
    return {
        "name": layer.name,
        "kind": layer.kind,
        "n_units": layer.output.shape[1],
        "activation": _activation(layer),
        "connected": is_connected,
        "weight": layer.weight,
        "bias": layer.bias,
        "update": step,
        "recorded": _recorded(layer) if recorded else None,
    }


def _activation(layer):
    if layer.activation is None:
        return None
    activation = layer.layer.activation
    return {"kind": type(activation).__name__, "name": layer.activation, "settings": _settings(activation)}


def _recorded(layer):
    return {
        "inputs": layer.inputs,
        "net_input": layer.net_input,
        "output": layer.output,
        "output_gradient": layer.output_gradient,
        "delta": layer.delta,
        "weight_gradients": layer.weight_gradients,
        "bias_gradients": layer.bias_gradients,
    }


def _settings(component, progress=0.0):
    settings = component.get_params(deep=False)
    return {
        name: float(value.at(progress) if isinstance(value, Scheduled) else value)
        for name, value in settings.items()
        if isinstance(value, Real | Scheduled)
    }


def _solver_steps(trace):
    """The update of the estimator's solver for weight and bias of each layer, by the layer's index."""
    table, steps = trace.weights, {}
    if table["update"].isna().all():
        return steps
    for layer in trace.layers:
        if layer.weight is not None and layer.bias is not None:
            of_layer = table[table["layer"] == layer.index]
            steps[layer.index] = {
                "weight": _named(of_layer, "w").reshape(layer.weight.shape[::-1]).T,
                "bias": _named(of_layer, "b"),
            }
    return steps


def _named(table, letter):
    return table.loc[table["name"].str.startswith(f"{letter}["), "update"].to_numpy()


def _learning_rate(estimator):
    rate = getattr(estimator.solver, "learning_rate", estimator.learning_rate_init)
    return USUAL_RATE if rate is None else float(rate)


def _solver_name(estimator):
    return estimator.solver if isinstance(estimator.solver, str) else type(estimator.solver).__name__


def _words(name):
    """SquaredError: squared error."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


def _summary(trace):
    sizes = " - ".join(str(n) for n in (trace.X.shape[1], *(layer.output.shape[1] for layer in trace.layers)))
    n_samples = len(trace.X)
    return (
        f"{type(trace.step.estimator).__name__}, {sizes} nodes, {_words(type(trace.loss).__name__)}, "
        f"{n_samples} sample{'s' * (n_samples != 1)}"
    )


def _notes(trace, connected):
    divisor = f"{trace.n:.6g}" if np.ndim(trace.n) == 0 else "the sum of the weights"
    notes = [f"E is a sum over samples, as in a textbook; training divides it by {divisor}."]
    alpha = getattr(trace.step.estimator, "alpha", 0.0)
    if alpha:
        notes.append(f"Training adds the penalty with alpha = {alpha:g}; it is not part of E here.")
    if getattr(trace.step.targets, "scale", None) is not None:
        notes.append("Targets and outputs are scaled as the network learns them.")
    if not all(connected):
        notes.append("x[i,k] is an input of layer i; it is not an output of the layer drawn before it.")
    if trace.sample_weight is not None:
        notes.append("The error of each sample is multiplied by its weight.")
    if is_classifier(trace.step.estimator) and trace.targets.shape[1] == 1:
        notes.append(f"The output is the probability of {target_names(trace)[0]}.")
    return notes
