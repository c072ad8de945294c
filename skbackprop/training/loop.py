"""The loop over epochs, for one network, for members, for candidates of a search."""

import numpy as np

from skbackprop.beginning import Beginning
from skbackprop.divergence import DivergenceError
from skbackprop.training.step import train_epoch


@np.errstate(all="ignore")  # a loss that is not finite is an error of its own
def train(members, limits, hooks=()):
    """Epochs until every member has ended; None, or the limit that came first: 'max_iter' or 'max_time'.

    Each hook's `before_epoch()` and `after_epoch(ended)` are called around an epoch; the second may return
    True to end training. What ends an epoch before its time, an interrupt too, leaves the run at the end of
    the last whole one, random sequences and the order of the rows included.

    Parameters
    ----------
    members : Members

    limits : Limits

    hooks : list of Hook, default=()
    """
    limits.begin()
    beginning, is_under_way = None, False
    try:
        for epoch, n_planned in limits.epochs():
            for hook in hooks:
                hook.before_epoch()
            if beginning is None or beginning.batches is not members.batches:
                beginning = Beginning(members.run, members.batches, members.random)
            beginning.note()
            is_under_way = True
            members.shuffle()
            while True:
                try:
                    losses, n_rows = train_epoch(
                        members.run, members.batches, epoch, n_planned, limits.deadline, beginning
                    )
                    break
                except DivergenceError as error:
                    beginning.take_back_steps()
                    rest = members.without(error.diverged)
                    if rest is None:
                        raise
                    members = rest
                    beginning = Beginning(members.run, members.batches, members.random)
                    beginning.note()
            measured = members.measure()
            is_under_way = False  # from here on it is recorded
            rest = members.close_epoch(np.atleast_1d(losses), n_rows, measured)
            wishes = [hook.after_epoch(rest is None) for hook in hooks]
            if rest is None or any(wishes):
                return None
            members = rest
            if limits.is_late():
                return "max_time"
    except BaseException:
        if is_under_way:
            beginning.take_back()
        raise
    return limits.name
