"""Who trains in a run: what is measured of each member, when it ends, and who continues without it."""

from dataclasses import dataclass
from math import inf


@dataclass
class Rule:
    """When a member ends, and which weights are its result."""

    tol: float = 0.0
    n_iter_no_change: float = inf  # epochs without progress before it ends, one more ends it
    by_score: bool = False  # progress is that of the validation criterion, else that of the training loss
    keeps_best: bool = False  # the result is the best epoch's, else the last one's


class Members:
    """Members of one run that end together, when none of them makes progress.

    Parameters
    ----------
    run : Run

    batches : Batches or MemberBatches

    rules : list of Rule
        One for each member.

    random : RandomState or Generator, default=None
        Draws a new order of the rows before each epoch; None: they keep their order.

    validation : callable, default=None
        Called with a network after every epoch; gives `Measured` of each member.
    """

    def __init__(self, run, batches, rules, random=None, validation=None):
        self.run, self.batches, self.rules = run, batches, rules
        self.random, self.validation = random, validation

    def shuffle(self):
        """The rows in the order of the next epoch."""
        if self.random is not None:
            self.batches.shuffle(self.random)

    def measure(self):
        """What validation finds for each member, None without it."""
        return [None] * len(self.rules) if self.validation is None else self.validation(self.run.measured)

    def close_epoch(self, losses, n_rows, measured):
        """Record an epoch; the members that continue, None if all have ended."""
        rows = self.run.rows_of(self.run.measured.theta)
        each = zip(self.run.records, self.rules, losses, measured, rows)
        ended = [
            close_epoch(record, rule, self.run.rate, loss, n_rows, found, theta)
            for record, rule, loss, found, theta in each
        ]
        return None if all(ended) else self

    def without(self, diverged):
        """The members that continue when some have diverged; None: none of them can."""
        return None


def only(run, batches, rule, shuffles=True, monitor=None):
    """The one member of a run, whose rows are shuffled by the random sequence of the run."""
    validation = None if monitor is None else lambda network: [monitor(network)]
    random = run.random_state if shuffles and batches.n_samples > 1 else None  # one row has one order
    return Members(run, batches, [rule], random, validation)


def close_epoch(record, rule, rate, loss, n_rows, measured, theta):
    """What follows an epoch of one member: it is recorded; whether its patience is used up."""
    record.n_iter += 1
    record.n_epochs += 1
    record.n_samples_seen += n_rows
    record.loss_curve.append(float(loss))
    if measured is not None:
        record.curves.append(measured)
    if not rule.by_score:
        record.patience.update(-record.loss_curve[-1], rule.tol)
    elif measured is not None:
        is_best = record.patience.update(measured.criterion, rule.tol)
        if is_best and rule.keeps_best:
            record.keep_as_best(theta)
    rate.end_epoch(record.n_samples_seen)
    if record.patience.n_epochs_without <= rule.n_iter_no_change:
        return False
    if not rate.lower():  # a rate that can be lowered on a plateau starts the patience anew
        return True
    record.patience.n_epochs_without = 0
    return False
