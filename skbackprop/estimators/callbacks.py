"""Callbacks of scikit-learn (>= 1.9): each epoch of `fit` is a task in its tree of tasks."""

from copy import deepcopy

from skbackprop.training.hooks import Hook


class EpochCallbacks(Hook):
    """Calls the callbacks of an estimator at the beginning and the end of the fit and of every epoch."""

    def __init__(self, estimator, n_epochs, data):
        self.estimator, self.data = estimator, {"estimator": estimator, **data}
        self.fit = estimator._init_callback_context(max_subtasks=n_epochs)
        self.fit.call_on_fit_task_begin(**self.data)
        self.epoch = None

    def before_epoch(self):
        self.epoch = self.fit.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(**self.data)

    def after_epoch(self, stopped):
        return self.epoch.call_on_fit_task_end(**self.data, reconstruction_attributes=self._as_fitted)

    def at_the_end(self):
        self.fit.call_on_fit_task_end(**self.data, reconstruction_attributes=self._as_fitted)

    def _as_fitted(self):
        """What makes a copy of the estimator one whose training ended here."""
        estimator = self.estimator
        estimator._publish()
        return {"model_": deepcopy(estimator.model_), "loss_curve_": list(estimator.loss_curve_)}
