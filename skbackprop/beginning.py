"""A copy of all that an epoch changes, so that an epoch that fails can be undone."""

import numpy as np

GLOBAL = np.random.mtrand._rand  # NumPy's generator: others use it too, do not restore it


class Beginning:
    """A copy of all that an epoch changes.

    Parameters
    ----------
    training : Run

    batches : Batches or MemberBatches
        The batches of the epoch.

    random : RandomState or Generator, default=None
        The generator that shuffles `batches` after `note`.
    """

    def __init__(self, training, batches, random=None):
        self.batches = batches
        self.random = None if random is GLOBAL else random
        self._arrays = training.arrays()
        self._copies = training.copies()
        generator = training.objective.network.generator
        self._generators = getattr(generator, "generators", [] if generator is None else [generator])

    def note(self):
        """Copy the present state, at the beginning of an epoch."""
        for copy, array in zip(self._copies, self._arrays):
            np.copyto(copy, array)
        self._drawn = [generator.bit_generator.state for generator in self._generators]
        if self.random is not None:
            self._sequence = _state_of(self.random)
        self._order = self.batches.noted_order()

    def take_back_steps(self):
        """Restore all that steps change; the order of the rows stays that of the epoch."""
        for copy, array in zip(self._copies, self._arrays):
            np.copyto(array, copy)
        for generator, state in zip(self._generators, self._drawn):
            generator.bit_generator.state = state

    def take_back(self):
        """Restore everything, so that the epoch can be repeated."""
        self.take_back_steps()
        self.batches.restore_order(self._order)
        if isinstance(self.random, np.random.Generator):
            self.random.bit_generator.state = self._sequence
        elif self.random is not None:
            self.random.set_state(self._sequence)


def _state_of(random):
    if isinstance(random, np.random.Generator):
        return random.bit_generator.state
    return random.get_state(legacy=False)
