"""An optimizer: a learning rate and a chain of transforms."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from skbackprop.optimizers.transform import RATE, GradientTransform
from skbackprop.parametrized import Parametrized


class Optimizer(Parametrized, ABC):
    """Settings of a descent: a number `learning_rate`, and the chain that `transforms` returns."""

    learning_rate: float

    _parameter_constraints: dict = RATE

    @abstractmethod
    def transforms(self) -> list[GradientTransform]:
        """The chain of transforms; if it has no `ScaleByLearningRate`, that is applied last."""


@dataclass(eq=False, repr=False)
class Chain(Optimizer):
    """Any list of transforms; if it has no `ScaleByLearningRate`, that is applied last.

    Parameters
    ----------
    steps : list of GradientTransform
        The transforms, in the order in which they are applied to the gradient.

    learning_rate : float, default=0.001
        The learning rate eta.

    Examples
    --------
    >>> from skbackprop.optimizers import Chain, ClipNorm, ScaleByAdam
    >>> solver = Chain([ClipNorm(1.0), ScaleByAdam()], learning_rate=0.01)
    """

    steps: list
    learning_rate: float = 0.001

    _parameter_constraints = {**RATE, "steps": [list, tuple]}

    def transforms(self) -> list[GradientTransform]:
        for step in self.steps:
            if not isinstance(step, GradientTransform):
                raise TypeError(
                    f"Chain(steps=...) takes gradient transforms such as ScaleByAdam(), got {step!r}."
                )
        return list(self.steps)
