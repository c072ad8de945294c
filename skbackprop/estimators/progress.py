"""`verbose`: a line for every epoch."""

from time import monotonic

from skbackprop.training.hooks import Hook

COLUMNS = ("epoch", 6), ("loss", 12), ("val loss", 12), ("val score", 11), ("rate", 10), ("left", 9)


class Progress(Hook):
    """Prints what was measured in an epoch, the learning rate and the time left at most."""

    def __init__(self, run, n_epochs):
        self.run = run
        self.n_epochs, self.n_before, self.started = n_epochs, None, monotonic()

    def after_epoch(self, stopped):
        n_iter = self.run.records[0].n_iter
        if self.n_before is None:
            self.n_before = n_iter - 1
            print("".join(f"{name:>{width}}" for name, width in self._columns()))
        seconds = (monotonic() - self.started) / (n_iter - self.n_before)
        left = 0.0 if stopped else seconds * (self.n_epochs - n_iter)
        cells = [f"{n_iter}", f"{self._mean('loss_curve'):.5g}"]
        if self._validates() and self.run.records[0].curves.validation_scores:
            cells += [
                f"{self._mean(name, of='curves'):.5g}" for name in ("validation_losses", "validation_scores")
            ]
        cells += [f"{self.run.descent.learning_rate.flat[0]:.3g}", duration(left)]
        print("".join(f"{cell:>{width}}" for cell, (_, width) in zip(cells, self._columns())))

    def _mean(self, name, of=None):
        """The last value of a curve, the mean over members."""
        records = self.run.records if of is None else [getattr(record, of) for record in self.run.records]
        last = [getattr(record, name)[-1] for record in records]
        return sum(last) / len(last)

    def _validates(self):
        return self.run.records[0].curves is not None

    def _columns(self):
        return [column for column in COLUMNS if self._validates() or not column[0].startswith("val")]


def duration(seconds):
    """As 3.2 s, 4:05 or 1:02:03."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
