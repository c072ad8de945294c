"""A file that is written every so often while training goes on."""

import os
import warnings
from abc import ABC, abstractmethod
from time import monotonic

from skbackprop import files
from skbackprop.states import encode
from skbackprop.training.hooks import Hook


class CheckpointFile(Hook, ABC):
    """Written after so many epochs and seconds, and at the end; what it holds is said by `content`.

    Parameters
    ----------
    path : str or PathLike
        Of the file.

    by_epochs : int or None
        After so many epochs of all calls it is due.

    by_seconds : float or None
        After so many seconds it is due.
    """

    def __init__(self, path, by_epochs, by_seconds):
        self.path, self.by_epochs, self.by_seconds = path, by_epochs, by_seconds
        self.written_at, self.n_written, self.failed = monotonic(), None, False
        self.ended = False

    @abstractmethod
    def content(self):
        """What continues the run."""

    def begin(self, run):
        self.run = run

    def after_epoch(self, ended):
        self.ended = ended
        by_epochs = self.by_epochs is not None and self._n_epochs() % self.by_epochs == 0
        if by_epochs or (self.by_seconds is not None and monotonic() - self.written_at >= self.by_seconds):
            self.write()

    def at_the_end(self):
        if self.n_written != self._n_epochs():
            self.write()

    def write(self):
        """Put a new file in the place of the earlier one; a failure is told once, and training goes on."""
        written = write_or_warn(self.path, self.content(), is_told=self.failed)
        self.failed = self.failed or not written
        self.written_at, self.n_written = monotonic(), self._n_epochs()

    def _n_epochs(self):
        return self.run.records[0].n_epochs


def write_or_warn(path, content, is_told=False):
    """Whether the file could be written; a warning where it could not, unless that `is_told` already."""
    try:
        files.write(path, *encode(content))
    except OSError as error:
        if not is_told:
            warnings.warn(
                f"checkpoint={os.fspath(path)!r} could not be written: {error}. Training goes on.",
                stacklevel=2,
            )
        return False
    return True
