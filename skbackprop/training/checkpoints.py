"""A file that is written every so often during training."""

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

    checkpoint : Checkpoint
        How often it is due, in epochs of all calls and in seconds.
    """

    def __init__(self, path, checkpoint):
        self.path, self.by_epochs, self.by_seconds = path, checkpoint.n_epochs, checkpoint.seconds
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
        """Put a new file in the place of the earlier one; a failure is told once, and training continues."""
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
                f"checkpoint={os.fspath(path)!r} could not be written: {error}. Training continues.",
                stacklevel=2,
            )
        return False
    return True
