"""Callbacks of scikit-learn (>= 1.9): each model of a forecaster is a task of its `fit`."""


class ModelCallbacks:
    """Calls the callbacks of a forecaster at the beginning and the end of the fit and of every model."""

    def __init__(self, estimator, X, y):
        self.estimator, self.data, self.fit = estimator, {"estimator": estimator, "X": X, "y": y}, None

    def told(self, models):
        """Each model in turn, to be trained before the next one is asked for."""
        if self.fit is None and getattr(self.estimator, "_skl_callbacks", None):
            self.fit = self.estimator._init_callback_context(max_subtasks=None)
            self.fit.call_on_fit_task_begin(**self.data)
        for model in models:
            task = self.fit and self.fit.subcontext(task_name="model").call_on_fit_task_begin(**self.data)
            yield model
            if task:
                task.call_on_fit_task_end(**self.data)

    def end(self):
        if self.fit:
            self.fit.call_on_fit_task_end(**self.data, reconstruction_attributes={})
