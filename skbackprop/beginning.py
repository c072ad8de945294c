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

    shuffles : bool, default=False
        Whether `batches` are shuffled by the training's own random sequence after `note`.
    """

    def __init__(self, training, batches, shuffles=False):
        self.training, self.batches = training, batches
        self.shuffles = shuffles and training.random_state is not GLOBAL
        self._arrays = training.arrays()
        self._copies = [np.empty_like(array) for array in self._arrays]
        generator = training.objective.network.generator
        self._generators = getattr(generator, "generators", [] if generator is None else [generator])

    def note(self):
        """The epoch begins here."""
        for copy, array in zip(self._copies, self._arrays):
            np.copyto(copy, array)
        self._drawn = [generator.bit_generator.state for generator in self._generators]
        self._order = getattr(self.batches, "order", None)  # shuffling makes another array
        if self.shuffles:
            self._sequence = self.training.random_state.get_state(legacy=False)

    def take_back_steps(self):
        """All that steps change is as it was; the rows stay in the order of the epoch."""
        for copy, array in zip(self._copies, self._arrays):
            np.copyto(array, copy)
        for generator, state in zip(self._generators, self._drawn):
            generator.bit_generator.state = state

    def take_back(self):
        """All is as it was, so that the epoch may begin again."""
        self.take_back_steps()
        if self._order is not None:
            self.batches.order = self._order
        if self.shuffles:
            self.training.random_state.set_state(self._sequence)
