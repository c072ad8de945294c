"""Where and how often the state of a fit is written."""

from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike, fspath
from pathlib import PurePath

from skbackprop.compat import Interval
from skbackprop.parametrized import Parametrized


@dataclass(eq=False, repr=False)
class Checkpoint(Parametrized, PathLike):
    """The file of `checkpoint`, and how often it is written; it stands for its path.

    Parameters
    ----------
    path : str or Path
        The file; a new one takes the place of the one before in one step.

    n_epochs : int or None, default=10
        It is written after every so many epochs (or calls of `partial_fit`), and when training is over.

    seconds : float or None, default=None
        It is also written after the first epoch that ends so many seconds after the last time.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.training import Checkpoint
    >>> net = BackpropRegressor(checkpoint=Checkpoint("run.skb", seconds=60), resume=True)
    """

    path: str | PurePath
    n_epochs: int | None = 10
    seconds: float | None = None

    _parameter_constraints = {
        "path": [str, PurePath],
        "n_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "seconds": [Interval(Real, 0, None, closed="left"), None],
    }

    def __fspath__(self):
        return fspath(self.path)


def checkpoint_of(value):
    """A `Checkpoint` for what the parameter of an estimator is set to, not None."""
    checkpoint = value if isinstance(value, Checkpoint) else Checkpoint(value)
    checkpoint._validate_params()
    return checkpoint
