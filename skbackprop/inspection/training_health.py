"""The next step of the solver compared with the weights, and the loss compared with that of a constant."""

from copy import deepcopy

import numpy as np
from scipy.optimize import minimize

from skbackprop.estimators.base import BaseBackprop
from skbackprop.inspection.findings import Finding
from skbackprop.inspection.named_arrays import learned_arrays
from skbackprop.memory import Workspaces
from skbackprop.network import net_input

LARGE = 0.1  # the length of a step, as a share of that of the weights
SMALL = 1e-5
USELESS = 0.98  # the loss, as a share of that of the best constant


def training_findings(model, batch, nodes_learn):
    """Steps that are large; a loss that a constant has too, and whether that is for small steps."""
    findings, ratios = [], _steps_relative_to_weights(model.estimator, batch)
    name = max(ratios, key=ratios.get, default="")
    if ratios and ratios[name] > LARGE:
        message = f"the next step changes the weights by {ratios[name]:.2g} times their size."
        if np.isinf(ratios[name]):
            message = "the next step would make the weights infinite."
        remedy = "Try a lower learning_rate_init (see learning_rate_range), a schedule, or clip_norm=1.0."
        findings.append(Finding("large_updates", name, ratios[name], message, remedy))
    loss, of_constant = _losses(model, batch)
    if np.isfinite(of_constant) and of_constant > 1e-12 and loss > USELESS * of_constant:
        if nodes_learn and ratios and ratios[name] < SMALL:
            message = f"the next step changes the weights by {ratios[name]:.1e} times their size at most."
            remedy = "Try a higher learning_rate_init (see learning_rate_range), and scaled inputs."
            findings.append(Finding("small_updates", name, ratios[name], message, remedy))
        ratio = loss / of_constant
        message = f"the loss is {ratio:.3g} times that of the best constant."
        if np.isinf(ratio):
            message = "the loss is infinite on these rows, that of the best constant is not."
        remedy = "Try more epochs, another learning_rate_init, scaled inputs and targets; or X tells nothing."
        findings.append(Finding("no_better_than_constant", "loss", ratio, message, remedy))
    return findings


def _steps_relative_to_weights(model, batch):
    """|step| / |weights| of each weight matrix; empty for a solver without steps."""
    if not isinstance(model, BaseBackprop) or model.run_.descent is None or model.solver == "lbfgs":
        return {}
    run = deepcopy(model.run_)
    network = run.objective.network
    arrays = learned_arrays(network.params, network.gradients, network.root.parameters(network.n_inputs))
    matrices = [part for part in arrays if part.declared.matrix]
    before = [part.array.copy() for part in matrices]
    run.objective.value_and_gradient(_one_batch(model, batch).astype(network.theta.dtype))
    run.descent.step()
    lengths = [(np.linalg.norm(part.array - b), np.linalg.norm(b)) for part, b in zip(matrices, before)]
    ratios = {part.name: float(step / size) for part, (step, size) in zip(matrices, lengths) if size > 0.0}
    return {name: np.inf if np.isnan(ratio) else ratio for name, ratio in ratios.items()}


def _one_batch(model, batch):
    """Rows from all over the batch, as many as the solver takes at once."""
    n_rows = len(batch.x)
    n = min(200 if model.batch_size == "auto" else model.batch_size, n_rows)
    chosen = np.linspace(0, n_rows - 1, n).astype(int)
    return type(batch)(*(None if part is None else part[chosen] for part in batch))


def _losses(model, batch):
    """The mean loss, and that of the best constant net input."""
    outputs = [
        network.predict(batch.x.astype(network.theta.dtype), net_input) for network in model.trained_networks
    ]
    z = np.concatenate([out.reshape(-1, *out.shape[-2:]) for out in outputs]).mean(axis=0, dtype=np.float64)
    work = Workspaces(model.loss.buffers(z.shape[1]), np.float64)[len(z)]

    def loss(z):
        return float(model.loss.value_and_delta(batch.y, z, batch.weight, work.delta, work).sum())

    def of_constant(c):
        return loss(np.tile(c, (len(z), 1))), work.delta.sum(axis=0)

    with np.errstate(over="ignore", invalid="ignore"):
        found = minimize(of_constant, np.median(z, axis=0), jac=True, method="L-BFGS-B")
        return loss(z), min(float(found.fun), loss(np.tile(z.mean(axis=0), (len(z), 1))))
