"""What an epoch changes, as it was at the beginning: an epoch that fails is taken back."""

import numpy as np

GLOBAL = np.random.mtrand._rand  # whoever draws from it shares it with others: its past is not ours


class Beginning:
    """A copy of what an epoch changes.

    Parameters
    ----------
    training : Run

    batches : Batches or MemberBatches
        What it goes over.

    random : RandomState or Generator, default=None
        What shuffles `batches` after `note`.
    """

    def __init__(self, training, batches, random=None):
        self.batches = batches
        self.random = None if random is GLOBAL else random
        self._arrays = training.arrays()
        self._copies = training.copies()
        generator = training.objective.network.generator
        self._generators = getattr(generator, "generators", [] if generator is None else [generator])

    def note(self):
        """The epoch begins here."""
        for copy, array in zip(self._copies, self._arrays):
            np.copyto(copy, array)
        self._drawn = [generator.bit_generator.state for generator in self._generators]
        if self.random is not None:
            self._sequence = _state_of(self.random)
        self._order = self.batches.noted_order()

    def take_back_steps(self):
        """All that steps change is as it was; the rows stay in the order of the epoch."""
        for copy, array in zip(self._copies, self._arrays):
            np.copyto(array, copy)
        for generator, state in zip(self._generators, self._drawn):
            generator.bit_generator.state = state

    def take_back(self):
        """All is as it was, so that the epoch may begin again."""
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
