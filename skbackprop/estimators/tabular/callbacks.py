"""Callbacks of scikit-learn (>= 1.9): each network is a task of `fit`, each of its epochs a task of that."""

from copy import deepcopy
from dataclasses import replace
from functools import partial

from skbackprop.training.hooks import Hook


def tasks_of(estimator, model, n_networks, n_rounds, n_epochs, data):
    """For each round of training the hooks of each network; none without callbacks.

    The second value is called when all are trained.
    """
    if not getattr(estimator, "_skl_callbacks", None):
        return [[()] * n_networks] * n_rounds, lambda: None
    data = {"estimator": estimator, **data}
    fit = estimator._init_callback_context(max_subtasks=n_networks * n_rounds, sequential_subtasks=False)
    fit.call_on_fit_task_begin(**data)
    contexts = [
        fit.subcontext(task_name="network", task_id=k, max_subtasks=n_epochs)
        for k in range(n_networks * n_rounds)
    ]
    rounds = [contexts[k * n_networks : (k + 1) * n_networks] for k in range(n_rounds)]

    def end():
        fit.call_on_fit_task_end(**data, reconstruction_attributes={})

    return [[[NetworkCallbacks(context, data, model)] for context in of_round] for of_round in rounds], end


class NetworkCallbacks(Hook):
    """Calls the callbacks of an estimator about the training of one network, in whatever process."""

    def __init__(self, context, data, model):
        self.context, self.data, self.model, self.epoch = context, data, model, None

    def begin(self, run):
        self.run = run
        self.context.call_on_fit_task_begin(**self.data)

    def before_epoch(self):
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(**self.data)

    def after_epoch(self, ended):
        """Whether one of them wishes to stop; the estimator that they see has this network alone."""
        attributes = partial(_as_fitted, self.model, self.run.measured)
        return self.epoch.call_on_fit_task_end(**self.data, reconstruction_attributes=attributes)

    def at_the_end(self):
        network = self.run.objective.network.copy()
        self.run.publish(network)
        attributes = partial(_as_fitted, self.model, network)
        self.context.call_on_fit_task_end(**self.data, reconstruction_attributes=attributes)


def _as_fitted(model, network):
    return {"model_": replace(model, networks=[deepcopy(network)])}
