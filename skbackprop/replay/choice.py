"""Which engine does the steps."""

import sys
from functools import cache
from importlib.util import find_spec

from skbackprop.training import Steps

ENGINES = "auto", "numpy", "replay"
START_UP = 0.7  # seconds, to import what replay needs, and to compile the first kernels
RECORDING = 0.03  # seconds, to record and to check a step, and to compile what is new in it
# seconds that replay saves a step, about, measured on networks of 30 to 500,000 parameters
SAVED = 3.5e-5  # in Python
SAVED_BY_NUMBER = 1.4e-10  # for each in a workspace: what stays in the registers
SAVED_BY_PARAMETER = 1.7e-9


class NumPySteps:
    """Stands for an engine that cannot be had: NumPy does each step, `refusal` says why."""

    def __init__(self, refusal):
        self.refusal = refusal

    def steps(self, training, batches):
        """What `train_epoch` goes through."""
        return Steps(training, batches)


def make_engine(name, n_steps, network, batch_size, present=None, n_trainings=1):
    """What replays the steps of a training; None: NumPy does each.

    Parameters
    ----------
    name : {'auto', 'numpy', 'replay'}
        'auto' takes replay where it can be had and the steps saved outweigh its start.

    n_steps : int
        The steps to come.

    network : Network
        What is trained.

    batch_size : int
        Rows of a step.

    present : Replay or None, default=None
        The engine of the steps before, whose recordings serve on.

    n_trainings : int, default=1
        How many like this one the process does.

    Raises
    ------
    ImportError
        If 'replay' is wanted and numba is not installed, or cannot be used.
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
    """None, or the error with which numba ends: it is tried once a process."""
    try:
        import skbackprop.replay.interpreter  # noqa: F401
    except Exception as error:  # numba's, of any kind: missing, none for this NumPy, told to compile nothing
        return error.with_traceback(None)
    return None


def _saved(network, batch_size):
    n_numbers = network.workspaces.n_numbers(batch_size)
    return SAVED + SAVED_BY_NUMBER * n_numbers + SAVED_BY_PARAMETER * network.theta.size


def _is_worth_it(seconds):
    if "skbackprop.replay.interpreter" in sys.modules:
        return seconds > 0.0
    return seconds > START_UP and find_spec("numba") is not None
