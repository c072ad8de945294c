"""The choice of the engine that computes the steps."""

import sys
from functools import cache
from importlib.util import find_spec

from skbackprop.training import Steps

ENGINES = "auto", "numpy", "replay"
START_UP = 0.7  # seconds to import numba and to compile the first kernels
RECORDING = 0.03  # seconds to record and check a step, and to compile its new kernels
# about how many seconds replay saves per step, measured on networks of 30 to 500,000 parameters
SAVED = 3.5e-5  # the work of Python
SAVED_BY_NUMBER = 1.4e-10  # for each number in a workspace, because it stays in a register
SAVED_BY_PARAMETER = 1.7e-9


class NumPySteps:
    """Used if replay is not available: NumPy computes each step, and `refusal` says why."""

    def __init__(self, refusal):
        self.refusal = refusal

    def steps(self, training, batches):
        """The steps for `train_epoch`."""
        return Steps(training, batches)


def make_engine(name, n_steps, network, batch_size, present=None, n_trainings=1):
    """The engine that replays the steps of a training; None if NumPy computes each step.

    Parameters
    ----------
    name : {'auto', 'numpy', 'replay'}
        'auto' uses replay if it is available and saves more time than its start takes.

    n_steps : int
        The number of steps to come.

    network : Network
        The network to train.

    batch_size : int
        The number of rows of a step.

    present : Replay or None, default=None
        The engine of earlier steps; its recordings are used again.

    n_trainings : int, default=1
        The number of similar trainings in this process.

    Raises
    ------
    ImportError
        If `name` is 'replay' and numba is not installed or cannot be used.
    """
    if name == "numpy":
        return None
    if present is not None and not (name == "replay" and isinstance(present, NumPySteps)):
        return present
    saved = n_steps * _saved(network, batch_size) - RECORDING
    if name == "auto" and not _is_worth_it(n_trainings * saved):
        return None
    error = _why_not()
    if error is None:
        from skbackprop.replay.engine import Replay

        return Replay()
    if name == "auto":
        return NumPySteps(f"numba cannot be used here: {error}")
    if isinstance(error, ModuleNotFoundError):
        reason = ": python -m pip install 'skbackprop[fast]'"
    else:
        reason = f", which cannot be used here: {error}"
    raise ImportError(f"engine='replay' needs numba{reason}") from error


@cache
def _why_not():
    """The error that numba raises here, or None: numba is tried once per process."""
    try:
        import skbackprop.replay.interpreter  # noqa: F401
    except Exception as error:  # any error of numba: it is missing, disabled, or does not support this NumPy
        return error.with_traceback(None)
    return None


def _saved(network, batch_size):
    n_numbers = network.workspaces.n_numbers(batch_size)
    return SAVED + SAVED_BY_NUMBER * n_numbers + SAVED_BY_PARAMETER * network.theta.size


def _is_worth_it(seconds):
    if "skbackprop.replay.interpreter" in sys.modules:
        return seconds > 0.0
    return seconds > START_UP and find_spec("numba") is not None
