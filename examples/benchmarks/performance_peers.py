"""The peers that are estimators. A package is imported when a peer is made, because each has its own process.

Every peer has these methods: `fit(n_epochs)` trains a new network for this number of epochs; `begin()` and
then `epoch()` train a network one epoch at a time; `predict(X)`; and, for some, `partial_fit(X, y)`, one step
on these rows.
"""

import os
from functools import partial

import numpy as np
from performance_plan import ALPHA, LEARNING_RATE


class Estimator:
    """A peer that is used through the methods of scikit-learn."""

    def __init__(self, case, n_threads):
        self.case = case
        self.X, self.y = case.data()

    def fit(self, n_epochs):
        self.model = self.make(n_epochs).fit(self.X, self.y)

    def begin(self):
        self.model = self.make(1)

    def epoch(self):
        self.model.partial_fit(self.X, self.y)

    def predict(self, X):
        return self.model.predict(X)

    def partial_fit(self, X, y):
        self.model.partial_fit(X, y)


class MLP(Estimator):
    package = "scikit-learn"

    def __init__(self, case, n_threads):
        super().__init__(case, n_threads)
        regressor, classifier = self.kinds()
        self.kind = classifier if case.for_classes else regressor
        self.settings = {}

    @staticmethod
    def kinds():
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        return MLPRegressor, MLPClassifier

    def make(self, n_epochs):
        return self.kind(
            hidden_layer_sizes=self.case.hidden,
            batch_size=self.case.batch,
            learning_rate_init=LEARNING_RATE,
            alpha=ALPHA,
            max_iter=n_epochs,
            n_iter_no_change=np.inf,
            random_state=np.random.RandomState(0),  # an integer would shuffle every partial_fit equally
            **self.settings,
        )

    def search(self, grid, n_epochs, n_jobs):
        from sklearn.model_selection import GridSearchCV

        return GridSearchCV(self.make(n_epochs), grid, cv=5, n_jobs=n_jobs).fit(self.X, self.y)


class Backprop(MLP):
    """skbackprop with one of its engines."""

    package = "skbackprop"

    def __init__(self, case, n_threads, engine):
        super().__init__(case, n_threads)
        self.settings = {"engine": engine}

    @staticmethod
    def kinds():
        from skbackprop import BackpropClassifier, BackpropRegressor

        return BackpropRegressor, BackpropClassifier

    def fit(self, n_epochs):
        super().fit(n_epochs)
        if self.model.engine_ != self.settings["engine"]:
            raise RuntimeError(self.model.engine_refusal_)


class BackpropSearch(Backprop):
    """A search that trains candidates as members of ensembles."""

    def __init__(self, case, n_threads):
        super().__init__(case, n_threads, "auto")

    def search(self, grid, n_epochs, n_jobs):
        from skbackprop import BackpropSearchCV

        return BackpropSearchCV(self.make(n_epochs), grid, cv=5, n_jobs=n_jobs).fit(self.X, self.y)


class Linear(Estimator):
    """A linear model by stochastic gradient descent, one row at a time: the smallest cost of a row."""

    package = "scikit-learn"

    def __init__(self, case, n_threads):
        from sklearn.linear_model import SGDClassifier, SGDRegressor

        super().__init__(case, n_threads)
        self.kind = partial(SGDClassifier, loss="log_loss") if case.for_classes else SGDRegressor

    def make(self, n_epochs):
        return self.kind(max_iter=n_epochs, tol=None, random_state=0)


class Skorch(Estimator):
    """skorch as in its documentation, with the fused Adam and without a validation part."""

    package = "skorch"

    def __init__(self, case, n_threads):
        import torch
        from performance_torch import network
        from skorch import NeuralNetClassifier, NeuralNetRegressor

        super().__init__(case, n_threads)
        torch.set_num_threads(n_threads)
        torch.set_default_dtype(getattr(torch, case.dtype))
        self.kind = NeuralNetClassifier if case.for_classes else NeuralNetRegressor
        self.settings = {"module": network, "module__widths": case.widths, "optimizer": torch.optim.Adam}
        self.settings |= {"criterion": torch.nn.CrossEntropyLoss} if case.for_classes else {}
        self.y = self.target(self.y)

    def target(self, y):
        return y if self.case.for_classes else y[:, None]

    def make(self, n_epochs):
        return self.kind(
            **self.settings,
            optimizer__fused=True,
            optimizer__weight_decay=ALPHA / self.case.batch,
            lr=LEARNING_RATE,
            batch_size=self.case.batch,
            max_epochs=n_epochs,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        )

    def predict(self, X):
        return np.ravel(self.model.predict(X))

    def partial_fit(self, X, y):
        self.model.partial_fit(X, self.target(y), epochs=1)


class Keras(Estimator):
    """Keras' own wrapper for scikit-learn, on JAX; every fit makes a new network."""

    package = "keras"

    def __init__(self, case, n_threads):
        os.environ.setdefault("KERAS_BACKEND", "jax")
        import keras

        super().__init__(case, n_threads)
        keras.config.set_floatx(case.dtype)
        self.keras = keras
        self.settings = {"batch_size": case.batch, "verbose": 0}

    def make_network(self, X, y):
        layers = self.keras.layers
        stack = [layers.Input((self.case.n_inputs,))]
        stack += [layers.Dense(n, activation="relu") for n in self.case.hidden]
        stack += [layers.Dense(self.case.n_outputs, activation="softmax" if self.case.for_classes else None)]
        model = self.keras.Sequential(stack)
        loss = "categorical_crossentropy" if self.case.for_classes else "mean_squared_error"
        model.compile(self.keras.optimizers.Adam(LEARNING_RATE), loss)
        return model

    def make(self, n_epochs):
        wrappers = self.keras.wrappers
        kind = wrappers.SKLearnClassifier if self.case.for_classes else wrappers.SKLearnRegressor
        return kind(self.make_network, fit_kwargs=self.settings | {"epochs": n_epochs})

    def begin(self):
        self.network = self.make_network(self.X, self.y)

    def epoch(self):
        self.network.fit(self.X, self.y, **self.settings)

    def predict(self, X):
        return np.ravel(self.network.predict(X, verbose=0))
