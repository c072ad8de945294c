"""Which engine does the steps."""

import sys
from importlib.util import find_spec

ENGINES = "auto", "numpy", "replay"
START_UP = 0.7  # seconds, to import what replay needs, and to compile the first kernels
RECORDING = 0.03  # seconds, to record and to check a step, and to compile what is new in it
SAVED = 4e-5  # seconds a step, about, for any network: what the replayed step does without Python


def make_engine(name, n_steps, present=None, saved=SAVED):
    """What replays the steps of a training; None: NumPy does each.

    Parameters
    ----------
    name : {'auto', 'numpy', 'replay'}
        'auto' takes replay where it can be had and the steps saved outweigh its start.

    n_steps : int
        The steps to come.

    present : Replay or None, default=None
        The engine of the steps before, whose recordings serve on.

    saved : float, default=4e-5
        Seconds that replay saves a step: by default those of Python in a step of few calls.

    Raises
    ------
    ImportError
        If 'replay' is wanted and numba is not installed.
    """
    if name == "numpy" or (name == "auto" and present is None and not _is_worth_it(n_steps * saved)):
        return None
    if present is not None:
        return present
    try:
        from skbackprop.replay.engine import Replay
    except ImportError as error:
        raise ImportError("engine='replay' needs numba: python -m pip install 'skbackprop[fast]'") from error
    return Replay()


def _is_worth_it(seconds):
    is_loaded = "skbackprop.replay.interpreter" in sys.modules
    cost = RECORDING + (0.0 if is_loaded else START_UP)
    return seconds > cost and (is_loaded or find_spec("numba") is not None)
