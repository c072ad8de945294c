"""`verbose`: a line for every epoch."""

from time import monotonic

from skbackprop.training.hooks import Hook

COLUMNS = ("epoch", 6), ("loss", 12), ("val loss", 12), ("val score", 11), ("rate", 10), ("left", 9)


class Progress(Hook):
    """Prints what was measured in an epoch, the learning rate and the time left at most."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def begin(self, run):
        self.run, self.n_before, self.started = run, None, monotonic()

    def after_epoch(self, stopped):
        record = self.run.records[0]
        columns = [name for name, _ in COLUMNS if not (name.startswith("val") and record.curves is None)]
        if record.curves is not None and record.curves.validation_scores[-1:] == [None]:
            columns.remove("val score")
        if self.n_before is None:
            self.n_before = record.n_iter - 1
            print("".join(f"{name:>{width}}" for name, width in COLUMNS if name in columns))
        seconds = (monotonic() - self.started) / (record.n_iter - self.n_before)
        left = 0.0 if stopped else seconds * (self.n_epochs - record.n_iter)
        cells = {
            "epoch": f"{record.n_iter}",
            "loss": self._last(lambda record: record.loss_curve),
            "rate": f"{self.run.descent.learning_rate.flat[0]:.3g}",
            "left": duration(left),
        }
        if record.curves is not None and record.curves.validation_losses:
            cells["val loss"] = self._last(lambda record: record.curves.validation_losses)
            if "val score" in columns:
                cells["val score"] = self._last(lambda record: record.curves.validation_scores)
        print("".join(f"{cells[name]:>{width}}" for name, width in COLUMNS if name in cells))

    def _last(self, curve):
        """The last value of a curve, the mean over members."""
        last = [curve(record)[-1] for record in self.run.records]
        return f"{sum(last) / len(last):.5g}"


def duration(seconds):
    """As 3.2 s, 4:05 or 1:02:03."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
