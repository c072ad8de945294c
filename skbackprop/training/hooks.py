"""What is called around every epoch: progress, checkpoints, callbacks."""


class Hook:
    """Does nothing."""

    def begin(self, run):
        """Called with what trains, before the first epoch."""

    def before_epoch(self):
        """Called before an epoch."""

    def after_epoch(self, ended):
        """Called after an epoch, with whether all members have ended; True ends training."""

    def at_the_end(self):
        """Called when training is over."""
