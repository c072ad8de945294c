"""Members of one network, trained at once: each has its own rows, and keeps its own best weights."""

from math import inf

import numpy as np
from sklearn.model_selection import check_cv

from skbackprop.batches import MemberBatches, evenly
from skbackprop.estimators.validation import about
from skbackprop.training import Measured, train_epoch

ROWS_AT_ONCE = 1024
AS_LARGE = 0.9  # of the largest training part: splits with smaller ones are not used


def learn_once(run, generator, rows, batch_size):
    """One pass over the rows by every member, at the first values of all schedules."""
    n_members = len(run.theta)
    order = np.tile(np.arange(len(rows.X)), (n_members, 1))
    batches = MemberBatches(*rows, evenly(len(rows.X), batch_size), order)
    batches.shuffle(generator)
    with np.errstate(all="ignore"):
        train_epoch(run, batches, 0, inf)


class HeldOut:
    """Measures each member on the rows that it does not learn.

    Parameters
    ----------
    criterion : callable
        Of (columns, z, weight); lower is better.

    rows : TableRows

    places : array of int of shape (n_members, n_held_out)
        The rows of each member.
    """

    def __init__(self, criterion, rows, places):
        self.criterion = criterion
        self.X, self.columns = rows.X[places], rows.columns[places]
        self.weight = None if rows.weight is None else rows.weight[places]

    def __call__(self, network):
        z = self.net_input(network)
        weights = [None] * len(z) if self.weight is None else self.weight[..., 0]
        found = [float(self.criterion(*member)) for member in zip(self.columns, z, weights)]
        return [Measured(None, value, None, -value) for value in found]

    def net_input(self, network):
        """z of each member, shape (n_members, n_held_out, n_outputs)."""
        parts = range(0, self.X.shape[1], ROWS_AT_ONCE)
        return np.concatenate(
            [network.forward(self.X[:, k : k + ROWS_AT_ONCE]).copy() for k in parts], axis=1
        )


class UpToBest:
    """Stands for validation where the best epoch of each member is known from others, which held out rows."""

    def __init__(self, best_epochs):
        self.best_epochs, self.epoch = best_epochs, -1

    def __call__(self, network):
        self.epoch += 1
        return [Measured(None, -c, None, c) for c in np.where(self.epoch <= self.best_epochs, 0.0, -inf)]


def folds(n_rows, n_members, validation_fraction, strata, random_state):
    """The rows that each member learns, and those that it holds out: two lists of arrays.

    Members hold out the parts of a division in turn, in each of which every stratum has its share; a new
    division begins when all parts were held out. Numbers of rows are the same for all members.
    """
    n_parts = round(1 / validation_fraction) if validation_fraction else 0
    if not 1 < n_parts <= n_rows // 2:
        return everything(n_rows, n_members), [np.empty(0, np.intp)] * n_members
    learned, held_out = [], []
    for member in range(n_members):
        if member % n_parts == 0:
            order = random_state.permutation(n_rows)
            if strata is not None:
                order = order[np.argsort(strata[order], kind="stable")]
        part = np.arange(n_rows) % n_parts == member % n_parts
        learned.append(random_state.permutation(order[~part]))
        held_out.append(order[part])
    return tuple([rows[: min(map(len, kind))] for rows in kind] for kind in (learned, held_out))


def everything(n_rows, n_members):
    """All rows for each member."""
    return [np.arange(n_rows)] * n_members


def given_folds(estimator, numbered, data, n_members, classifier):
    """As `folds`, by the splitter `validation`: its splits in turn, from the last one.

    Those count whose training part has nearly as many rows as the largest: of splits in the order of time it
    is the last one.
    """
    with about(f"validation={estimator.validation!r}"):
        splitter = check_cv(estimator.validation, data.y, classifier=classifier)
        splits = [parts for parts, _ in numbered.splits(splitter, data)]
        for learned, held_out in splits:
            if np.isin(held_out, learned).any():
                raise ValueError("rows to validate on are also rows to train on.")
        most = max(len(learned) for learned, _ in splits)
        splits = [s for s in splits[::-1] if len(s[0]) >= AS_LARGE * most and len(s[1])]
        if not splits or not most:
            raise ValueError("no split has rows to train on and rows to validate on.")
    chosen = [splits[member % len(splits)] for member in range(n_members)]
    return [learned for learned, _ in chosen], [held_out for _, held_out in chosen]


def of_one_size(slices, learned, held_out):
    """Slices of members, cut where numbers of rows change: members of a network have the same ones."""
    sizes = [(len(a), len(b)) for a, b in zip(learned, held_out)]
    parts = []
    for part in slices:
        start = part.start
        for stop in range(part.start + 1, part.stop + 1):
            if stop == part.stop or sizes[stop] != sizes[start]:
                parts.append(slice(start, stop))
                start = stop
    return parts
