"""`verbose`: a line for every epoch."""

from time import monotonic

COLUMNS = ("epoch", 6), ("loss", 12), ("val loss", 12), ("val score", 11), ("rate", 10), ("left", 9)


class Progress:
    """Prints what was measured in an epoch, the learning rate and the time left at most."""

    def __init__(self, estimator, n_epochs):
        self.training = estimator._training
        self.n_epochs, self.n_before, self.started = n_epochs, None, monotonic()

    def after_epoch(self, stopped):
        training = self.training
        if self.n_before is None:
            self.n_before = training.n_iter - 1
            print("".join(f"{name:>{width}}" for name, width in self._columns()))
        seconds = (monotonic() - self.started) / (training.n_iter - self.n_before)
        left = 0.0 if stopped else seconds * (self.n_epochs - training.n_iter)
        cells = [f"{training.n_iter}", f"{training.loss_curve[-1]:.5g}"]
        if training.curves is not None and training.curves.validation_scores:
            cells += [
                f"{training.curves.validation_losses[-1]:.5g}",
                f"{training.curves.validation_scores[-1]:.5g}",
            ]
        cells += [f"{training.descent.learning_rate.flat[0]:.3g}", duration(left)]
        print("".join(f"{cell:>{width}}" for cell, (_, width) in zip(cells, self._columns())))

    def _columns(self):
        validates = self.training.curves is not None
        return [column for column in COLUMNS if validates or not column[0].startswith("val")]


def duration(seconds):
    """As 3.2 s, 4:05 or 1:02:03."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
