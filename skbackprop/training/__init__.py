"""Training: train -> train_epoch -> train_step, for one network or for members of one."""

from skbackprop.training.checkpoint import Checkpoint
from skbackprop.training.limits import Limits, PlannedByTime
from skbackprop.training.loop import train
from skbackprop.training.members import Members, Rule, only
from skbackprop.training.records import Curves, Measured, Patience, Record
from skbackprop.training.run import Run
from skbackprop.training.step import Engine, Steps, train_epoch, train_step

__all__ = [
    "Checkpoint",
    "Curves",
    "Engine",
    "Limits",
    "Measured",
    "Members",
    "Patience",
    "PlannedByTime",
    "Record",
    "Rule",
    "Run",
    "Steps",
    "only",
    "train",
    "train_epoch",
    "train_step",
]
