"""The parameters that the two tabular estimators share, and the values that they may take."""

from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike

import numpy as np

from skbackprop.activations import ACTIVATIONS, Activation
from skbackprop.averaging import AVERAGES, ExponentialAverage, StochasticAverage
from skbackprop.compat import Interval, StrOptions
from skbackprop.estimators.stored import StoredParameters
from skbackprop.estimators.tabular.recipes import FOR_CLASSES, NUMERIC_EMBEDDINGS, SOLVERS
from skbackprop.replay.choice import ENGINES
from skbackprop.schedules import SCHEDULES, Schedule

SHARE = Interval(Real, 0, 1, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
COUNT = Interval(Integral, 1, None, closed="left")


@dataclass(eq=False, repr=False, kw_only=True)
class TabularParameters(StoredParameters):
    """Stores the parameters as they are given; says what the two estimators share.

    Parameters
    ----------
    recipe : {'bagged', 'td', 'td_s'}, default='bagged'
        What the parameters that are None stand for. 'td': RealMLP's tuned defaults, one network. 'td_s': its
        simple ones, at half the time: no embeddings, dropout and weight decay, categories as columns of ones
        and zeros. 'bagged': those of 'td' for several smaller networks, in less time than the one of 'td'.

    n_estimators : int or None, default=None
        Members whose predictions are averaged. Each validates on a part of the rows of its own, in turn, as
        in cross-validation, and keeps the weights of its best epoch. None: 5 of 'bagged', else 1.

    hidden_layer_sizes : int, list of int or None, default=None
        Nodes of each hidden layer. None: three times 128 of 'bagged', else three times 256.

    numeric_embedding : {'pbld', 'plr', 'pl', 'none'} or None, default=None
        What each number becomes before the first layer: waves of learned frequencies, then a linear map.
        None: 'none' of 'td_s', else 'pbld'.

    solver : {'adamw', 'muon'}, default='adamw'
        The optimiser; 'muon' makes orthogonal steps of the hidden matrices.

    learning_rate : str or callable, default='coslog4'
        The schedule, a name or an object from `skbackprop.schedules`, from 0 to 1 over `max_iter` epochs.

    beta_2 : float, default=0.95
        Decay rate of the mean of squared gradients.

    weight_decay : float or None, default=None
        Decoupled decay of the weights at first; it falls as `dropout` does. None: 0 of 'td_s',
        else 0.02.

    average : {'ema', 'swa'}, ExponentialAverage, StochasticAverage or None, default=None
        An average of the weights over training, which is measured and predicts in their place.

    batch_size : int, 'auto' or None, default=None
        About so many rows a step; rows are divided evenly. 'auto': 64 of up to 1,024 rows, 128 of up to
        8,192, 256 of up to 30,000, 512 of up to 100,000, else 1,024. None: 'auto' of 'bagged', else 256.

    max_iter : int or None, default=None
        Epochs. None: 100 of 'bagged', else 256.

    max_time : float or None, default=None
        Seconds for all members; fewer epochs are made, and schedules run over these. The step and the
        validation that are under way when they are over are the last ones.

    validation : int, cross-validation splitter or iterable, default=None
        Which rows members hold out: None, parts of `validation_fraction` at random. Else as `cv` in
        scikit-learn: members take its splits in turn, from the last one, those whose training part has 0.9
        times as many rows as the largest. ``KFold()`` gives each member another part, ``GroupKFold()`` keeps
        `groups` together, of ``TimeSeriesSplit()`` it is the last split for all.

    validation_fraction : float, default=0.2
        The share of rows that each member holds out, to choose its best epoch: the nearest of 1/2, 1/3, 1/4,
        ... 0, or where a part would have fewer than two rows: none are held out, and the last epoch is kept.

    early_stopping : bool or None, default=None
        Whether members that are trained together stop `n_iter_no_change` epochs after the best one of each,
        where rows are held out. None: True of 'bagged', else False.

    n_iter_no_change : int or None, default=None
        See `early_stopping`. None: two fifths of `max_iter`, so that the last cycle of the rate can begin.

    refit : bool, default=False
        Whether new members then learn all rows, as many epochs as were best. Doubles the time.

    categorical_features : 'from_dtype', array-like or None, default='from_dtype'
        The columns that are categories: see `skbackprop.preprocessing.TabularEncoder`.

    max_one_hot_categories : int, default=8
        A category with more levels is embedded in 8 numbers, others become columns of ones and zeros.

    checkpoint : str, PathLike, Checkpoint or None, default=None
        A file for the fitted estimator, which `skbackprop.load` reads. During `fit` there is a file for each
        network next to it, with ``.fit0``, ``.refit0`` and so on after the name, written every 10 epochs, or
        as often as a `skbackprop.training.Checkpoint` says. `random_state` must be a whole number.

    resume : bool, default=False
        Whether `fit` continues from these files, where there are any, to the same weights as a fit without
        interruption. Settings and data must be the same, but for `n_jobs`, `engine`, `verbose` and
        `max_time`.

    engine : {'auto', 'numpy', 'replay'}, default='auto'
        What does the training steps of `fit`: NumPy, or a compiled interpreter that replays them with the
        same numbers in half the time; it needs numba (``skbackprop[fast]``). 'auto' replays where numba is
        installed and there are enough steps to be worth its start.

    n_jobs : int or None, default=None
        Processes that train members side by side; threads in `partial_fit`. The result is the same with any
        number. None: one, or those of a `joblib.parallel_config`, which may choose threads too.

    random_state : int, RandomState or None, default=None
        For validation parts, first weights, orders and dropout.

    verbose : bool or int, default=False
        Whether a line is printed for every epoch of each network: losses, the learning rate, the time left.

    Attributes
    ----------
    model_ : Model
        What predicts: encoder, networks, targets and the loss between them.

    encoder_ : TabularEncoder
        From tables to numbers.

    networks_ : list of Network
        The members, some to each network: see `skbackprop.layers.Ensemble`.

    best_epochs_ : ndarray of shape (n_estimators,)
        The epoch, from 0, whose weights a member has.

    validation_losses_ : ndarray of shape (n_estimators,)
        What was measured then on the rows held out; lower is better.

    validation_curves_ : ndarray of shape (n_iter_, n_estimators)
        The same after every epoch; NaN after a member has stopped.

    loss_curves_ : ndarray of shape (n_iter_, n_estimators)
        The training loss of each member in every epoch; NaN after it has stopped.

    n_iter_ : int
        Epochs made, the most of all members.

    stop_reason_ : str
        Why training stopped, and which epochs' weights were kept, in one line.

    engine_ : str
        What did the training steps: 'numpy' or 'replay'.

    n_features_in_ : int
        Columns of X.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where they are all strings.
    """

    _parameter_constraints = {
        "recipe": [StrOptions(set(FOR_CLASSES))],
        "n_estimators": [COUNT, None],
        "hidden_layer_sizes": ["array-like", COUNT, None],
        "activation": [StrOptions(set(ACTIVATIONS)), Activation, None],
        "numeric_embedding": [StrOptions({*NUMERIC_EMBEDDINGS, "none"}), None],
        "dropout": [SHARE, None],
        "solver": [StrOptions(set(SOLVERS))],
        "learning_rate_init": [POSITIVE, None],
        "learning_rate": [StrOptions(set(SCHEDULES)), callable],
        "beta_2": [SHARE],
        "weight_decay": [NOT_NEGATIVE, None],
        "average": [StrOptions(set(AVERAGES)), *AVERAGES.values(), None],
        "batch_size": [StrOptions({"auto"}), COUNT, None],
        "max_iter": [COUNT, None],
        "max_time": [POSITIVE, None],
        "validation": ["cv_object"],
        "validation_fraction": [Interval(Real, 0, 0.5, closed="both")],
        "early_stopping": ["boolean", None],
        "n_iter_no_change": [COUNT, None],
        "refit": ["boolean"],
        "categorical_features": [StrOptions({"from_dtype"}), "array-like", None],
        "max_one_hot_categories": [Interval(Integral, 0, None, closed="left")],
        "checkpoint": [str, PathLike, None],
        "resume": ["boolean"],
        "engine": [StrOptions(set(ENGINES))],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    recipe: str = "bagged"
    n_estimators: int | None = None
    hidden_layer_sizes: tuple | int | None = None
    activation: str | Activation | None = None
    numeric_embedding: str | None = None
    dropout: float | None = None
    solver: str = "adamw"
    learning_rate_init: float | None = None
    learning_rate: str | Schedule = "coslog4"
    beta_2: float = 0.95
    weight_decay: float | None = None
    average: str | ExponentialAverage | StochasticAverage | None = None
    batch_size: int | str | None = None
    max_iter: int | None = None
    max_time: float | None = None
    validation: object = None
    validation_fraction: float = 0.2
    early_stopping: bool | None = None
    n_iter_no_change: int | None = None
    refit: bool = False
    categorical_features: object = "from_dtype"
    max_one_hot_categories: int = 8
    checkpoint: str | PathLike | None = None
    resume: bool = False
    engine: str = "auto"
    n_jobs: int | None = None
    random_state: int | np.random.RandomState | None = None
    verbose: bool | int = False
