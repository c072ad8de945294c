"""The parameters that the regressor and the classifier share, and the values that they may take."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike

import numpy as np
from sklearn.metrics import get_scorer_names

from skbackprop.activations import ACTIVATIONS, Activation
from skbackprop.averaging import AVERAGES, ExponentialAverage, StochasticAverage
from skbackprop.compat import Interval, Options, StrOptions
from skbackprop.estimators.solver import SOLVERS
from skbackprop.estimators.stored import StoredParameters
from skbackprop.layers import Dense, Layer, Pretrained
from skbackprop.model.columns import MISSING
from skbackprop.optimizers import Optimizer
from skbackprop.replay.choice import ENGINES
from skbackprop.schedules import SCHEDULES, Schedule


@dataclass(eq=False, repr=False, kw_only=True)
class BackpropParameters(StoredParameters):
    """Stores the parameters as they are given; says what the two estimators share.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int or Layer, int or Layer, default=(100,)
        The hidden layers in order: a number stands for a dense layer of so many nodes, an object from
        `skbackprop.layers` for itself, as in ``[Dense(64), Dropout(0.2), 32]``.

    activation : str, Activation or list of them, default="relu"
        phi of the hidden layers given as numbers, one for all or one for each: 'identity', 'logistic',
        'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'softplus', 'silu', 'gelu', 'mish', 'softmax', or an
        object from `skbackprop.activations`.

    solver : str or Optimizer, default="adam"
        'lbfgs' is SciPy's L-BFGS-B on all rows at once; 'sgd' and 'adam' take the parameters below, 'adamw'
        and 'nadam' those of 'adam', 'rmsprop', 'lion' and 'muon' `learning_rate_init` only; an object from
        `skbackprop.optimizers` brings its own, which a grid search reaches as ``solver__learning_rate``.

    alpha : float, default=0.0001
        Strength of the L2 penalty: alpha / (2 * sum of the batch's sample weights) * the sum of the
        squared weights (not biases) is added to the loss.

    batch_size : int or 'auto', default="auto"
        Rows in a mini-batch; 'auto' is min(200, n_samples). Not used by 'lbfgs'.

    learning_rate : str or callable, default="constant"
        How the learning rate moves. For every solver but 'lbfgs': 'constant', 'step', 'exponential',
        'cosine', 'cosine_restarts', 'one_cycle', 'warm_up', 'inverse', 'plateau', the schedules of
        `skbackprop.schedules` with their defaults; or a callable, one of these or your own: it takes the
        share of `max_iter` epochs that is over, 0 to 1, and returns a factor of the initial rate. Every call
        of `fit` starts at 0; in a stream the calls of `partial_fit` are the epochs. For SGD only, as in
        scikit-learn: 'invscaling' divides the initial rate by (t + 1)^power_t at every epoch's end, t the
        samples seen; 'adaptive' divides it by 5 whenever `n_iter_no_change` epochs brought no progress.

    learning_rate_init : float, default=0.001
        The initial learning rate of the solvers given by name.

    power_t : float, default=0.5
        The exponent of 'invscaling'.

    max_iter : int, default=200
        The largest number of epochs, or of iterations of 'lbfgs', in one call of `fit`.

    shuffle : bool, default=True
        Whether the rows are shuffled before every epoch.

    random_state : int, RandomState instance or None, default=None
        Draws the first weights, the validation part, the order of rows, and dropout. After an int, calls
        of `partial_fit`, and of `fit` with `warm_start`, continue the sequence.

    tol : float, default=1e-4
        An epoch counts as progress if the loss falls, or the validation score rises, by at least `tol`.
        For 'lbfgs' the bound on the gradient.

    verbose : bool, default=False
        Whether the loss is printed after every epoch.

    warm_start : bool, default=False
        Whether `fit` continues the fitted network, with the optimizer's state and the random sequence.

    momentum : float, default=0.9
        Of solver='sgd', in [0, 1].

    nesterovs_momentum : bool, default=True
        Whether 'sgd' looks ahead (Nesterov).

    validation_fraction : float, default=0.1
        The share of rows held out with `early_stopping`, where nothing else says which.

    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay rates of the moments of 'adam', in [0, 1).

    epsilon : float, default=1e-8
        Added to the root of the second moment of 'adam'.

    n_iter_no_change : int, default=10
        Training stops after more than so many epochs without progress.

    max_fun : int, default=15000
        The largest number of evaluations of 'lbfgs'.

    output_layer : Dense, default=None
        The settings of the last layer, such as ``Dense(1, learning_rate=0.1, max_norm=3.0)``: its number of
        nodes and its activation are set by the estimator.

    validation : int, cross-validation splitter or iterable, default=None
        Which rows `fit` holds out. None: a random part of `validation_fraction`, with `early_stopping`. Else
        as `cv` in scikit-learn, of which the last split is taken: ``TimeSeriesSplit()`` holds out the last
        rows, ``GroupShuffleSplit()`` whole `groups`. Curves are then kept without `early_stopping` too.

    best_epoch : {'first', 'last'}, default="first"
        Which of several epochs with the same best score gives the weights, with `early_stopping`.

    schedule_epochs : int or None, default=None
        Number of epochs over which a schedule of `learning_rate`, and `average='swa'`, run. With
        `warm_start` they continue from call to call, so that several fits are one long one. None: `max_iter`,
        from the start in every `fit`.

    checkpoint : str, PathLike, Checkpoint or None, default=None
        A file to which the state of training is written: every 10 epochs (or calls of `partial_fit`) and when
        training is over, or as often as a `skbackprop.training.Checkpoint` says. It replaces the one before
        in one step; `skbackprop.load` reads it. A file that cannot be written is a warning. Not with 'lbfgs'.

    resume : bool, default=False
        Whether `fit` continues from `checkpoint`, if the file exists, to the same weights as a fit without
        interruption. Data and settings must be the same, except `max_iter` and `max_time`.

    max_time : float, default=None
        The largest number of seconds in one call of `fit`: training ends after the step in which they pass.

    engine : {'auto', 'numpy', 'replay'}, default='auto'
        What does the training steps: NumPy, call by call, or a compiled interpreter that replays a recorded
        step, with the same numbers, several times as fast on small networks; it needs numba
        (``skbackprop[fast]``). 'auto' replays where numba is installed and there are enough steps to be
        worth its start. What cannot be recorded is done by NumPy: see `engine_`.

    clip_norm : float, default=None
        The largest norm of the gradient: a longer one is shortened. Other limits are transforms of
        `skbackprop.optimizers`, such as ``Chain([ClipValue(0.1), *Adam().transforms()])`` as `solver`.

    average : {'ema', 'swa'}, ExponentialAverage, StochasticAverage or None, default=None
        Predict with an average of the weights: over the steps with exponential decay, or over the ends of
        the last epochs; from `skbackprop.averaging`. Not for 'lbfgs'.

    transform_layer : int, default=-1
        The hidden layer whose output `transform` gives, counted as in a list; dropout and normalisation
        layers count.

    Attributes
    ----------
    loss_ : float
        The loss of the last epoch: the mean over its batches, each before its step, with the penalty.

    best_loss_ : float or None
        The smallest value of `loss_curve_`; None with `early_stopping`.

    loss_curve_ : list of float
        `loss_` of every epoch since the network was made, or the loss of every iteration of 'lbfgs'.

    validation_scores_ : list of float or None
        The validation score of every epoch, with `early_stopping`.

    validation_loss_curve_ : list of float or None
        The loss of the validation part after every epoch, without the penalty, where there is such a part.

    training_scores_ : list of float or None
        The score, after every epoch, of as many of the training rows as there are validation rows.

    stopped_ : bool
        Whether validation scores have used up `n_iter_no_change`: `partial_fit` learns no longer, until the
        validation part or `early_stopping` changes.

    engine_ : str
        What did the last training steps: 'numpy' or 'replay'.

    engine_refusal_ : str or None
        Why steps could not be replayed, where that was tried.

    n_rows_skipped_ : int
        Rows left out of training because of NaN, with ``missing="skip"``.

    best_validation_score_ : float or None
        The largest of `validation_scores_`.

    t_ : int
        The number of samples that the solver has seen.

    coefs_ : list of ndarray of shape (n_inputs, n_units)
        W of every dense layer, in net input = x W + b. They are views, not copies, and can be set, each
        or all at once; those of `NTKDense`, which keeps its weights in another unit, can only be set.

    intercepts_ : list of ndarray of shape (n_units,)
        b of every dense layer: views, not copies, which can be set too.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    n_iter_ : int
        Number of epochs, or of iterations of 'lbfgs', of the last call.

    stop_reason_ : str
        Why the last `fit` stopped, and which epoch's weights were kept, in one line.

    n_layers_ : int
        Number of dense layers, the output among them, plus 1 for the input.

    n_outputs_ : int
        Number of nodes of the last layer.

    out_activation_ : str
        The activation from the last net input to the prediction.

    model_ : Model
        What predicts: columns, network, targets and the loss between them.

    run_ : Run
        What trains and continues in later calls: weights, optimizer, learning rate, average, records.

    network_ : Network
        The network itself: layers, `theta`, and named views of it.
    """

    _parameter_constraints = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left"), Layer],
        "activation": [StrOptions(set(ACTIVATIONS)), Activation, list, tuple],
        "solver": [StrOptions({"lbfgs", *SOLVERS}), Optimizer],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"invscaling", "adaptive", *SCHEDULES}), callable],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "output_layer": [Dense, Pretrained, None],
        "validation": ["cv_object"],
        "scoring": [StrOptions({*get_scorer_names(), "loss"}), callable, None],
        "best_epoch": [StrOptions({"first", "last"})],
        "grow": ["boolean"],
        "schedule_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "checkpoint": [str, PathLike, None],
        "resume": ["boolean"],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
        "engine": [StrOptions(set(ENGINES))],
        "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
        "average": [StrOptions(set(AVERAGES)), *AVERAGES.values(), None],
        "missing": [StrOptions(set(MISSING))],
        "predict_missing": [StrOptions({"fill", "nan"})],
        "transform_layer": [Integral],
    }

    solver: str | Optimizer = "adam"
    alpha: float = 0.0001
    batch_size: int | str = "auto"
    learning_rate: str | Schedule = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: int | np.random.RandomState | None = None
    tol: float = 1e-4
    verbose: bool | int = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float = 10
    max_fun: int = 15000
    output_layer: Dense | Pretrained | None = None
    validation: object = None
    scoring: str | Callable | None = None
    best_epoch: str = "first"
    grow: bool = False
    schedule_epochs: int | None = None
    checkpoint: str | PathLike | None = None
    resume: bool = False
    max_time: float | None = None
    engine: str = "auto"
    clip_norm: float | None = None
    average: str | ExponentialAverage | StochasticAverage | None = None
    missing: str = "error"
    predict_missing: str = "fill"
    transform_layer: int = -1
