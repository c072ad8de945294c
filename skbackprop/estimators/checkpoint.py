"""Checkpoints: the state of a fit as a file, from which it continues as if nothing had happened."""

import os
from pathlib import Path
from zlib import crc32

import numpy as np
from scipy.sparse import issparse

from skbackprop.estimators.building import description
from skbackprop.estimators.stored import values_by_name
from skbackprop.persistence import read
from skbackprop.states import encode
from skbackprop.training.checkpoint import checkpoint_of
from skbackprop.training.checkpoints import CheckpointFile

MAY_CHANGE = {  # without making another run of it
    *("checkpoint", "resume", "verbose", "max_time", "engine"),
}


class EstimatorCheckpoint(CheckpointFile):
    """The estimator as it would be if training ended here, and what continues it."""

    def __init__(self, fitting):
        estimator, resumed = fitting.estimator, fitting.resumed
        super().__init__(estimator.checkpoint, checkpoint_of(estimator.checkpoint))
        self.estimator, self.batches = estimator, fitting.batches
        told = {"settings": settings_of(estimator), "data": fitting.data}
        self.told = None if fitting.incremental else told
        self.ended = resumed is not None and resumed["stopped"]
        encode(parameters_of(estimator))  # what cannot be written is an error now, not later

    def content(self):
        estimator, record = self.estimator, self.run.record
        estimator._publish()
        told = self.told and {**self.told, "n_iter": record.n_iter, "stopped": self.ended}
        return {"estimator": estimator, "run": told}

    def write(self):
        order, self.run.order = self.run.order, self.batches.order
        super().write()
        self.run.order = order


def read_checkpoint(estimator):
    """The estimator's fitted attributes and the run that a checkpoint tells of; None without a file."""
    if estimator.checkpoint is None:
        raise ValueError("resume=True needs a file: checkpoint=... is None.")
    if not Path(checkpoint_of(estimator.checkpoint)).exists():
        return None
    path = os.fspath(estimator.checkpoint)
    custom = [thing for thing in own_things(estimator) if thing.__module__.partition(".")[0] != "skbackprop"]
    content = read(path, custom)
    run = content.get("run")
    if run is None:
        raise ValueError(f"checkpoint={path!r} was not written by fit: read it with skbackprop.load.")
    if not (type(content["estimator"]) is type(estimator) and _is_run(run)):
        raise ValueError(f"checkpoint={path!r} is of no fit of a {type(estimator).__name__}.")
    now = settings_of(estimator)
    changed = [name for name in now if now[name] != run["settings"].get(name)]
    if changed:
        raise ValueError(
            f"checkpoint={path!r} is of a fit with other settings: {', '.join(sorted(changed))}. Give the "
            "same ones, or leave resume=False to start anew."
        )
    parameters = parameters_of(estimator)
    saved = {name: value for name, value in vars(content["estimator"]).items() if name not in parameters}
    return saved, run


def _is_run(run):
    """Whether it has what `EstimatorCheckpoint.write` has written."""
    kinds = {"settings": dict, "data": list, "n_iter": int, "stopped": bool}
    if not (isinstance(run, dict) and run.keys() == kinds.keys()):
        return False
    return all(type(run[name]) is kind for name, kind in kinds.items()) and run["n_iter"] >= 0


def check_same_data(estimator, run, data):
    """An error if the run was on other rows."""
    if run["data"] != data:
        raise ValueError(
            f"checkpoint={os.fspath(estimator.checkpoint)!r} is of a fit on other data: leave "
            "resume=False to start anew."
        )


def parameters_of(estimator):
    """Those of the class, and what a subclass has of its own."""
    return {**estimator.get_params(deep=False), **values_by_name(estimator)}


def settings_of(estimator):
    """The parameters on which training depends, as values that can be compared."""
    parameters, may_change = parameters_of(estimator), MAY_CHANGE | estimator._may_change
    return {name: _described(value) for name, value in parameters.items() if name not in may_change}


def _described(value):
    if isinstance(value, np.random.RandomState):
        return "RandomState"
    if callable(value) and hasattr(value, "__qualname__"):
        return value.__qualname__
    return repr(description(value))


def own_things(estimator):
    """Functions and classes of the user that stand in the parameters."""
    yield type(estimator)
    for whole in parameters_of(estimator).values():
        parts = whole.get_params(deep=True).values() if hasattr(whole, "get_params") else ()
        for value in (whole, *parts):
            if callable(value) and hasattr(value, "__name__"):
                yield value
            elif hasattr(value, "get_params"):
                yield type(value)


def data_print(*parts):
    """Sizes and check sums of arrays."""
    return [_sum_of(part) for part in parts]


def _sum_of(part):
    if part is None:
        return None
    if issparse(part):
        return [
            list(part.shape),
            *(crc32(np.ascontiguousarray(a)) for a in (part.data, part.indices, part.indptr)),
        ]
    array = np.ascontiguousarray(part)
    if array.dtype.kind == "O":
        return [list(array.shape), crc32(repr(array.tolist()).encode())]
    return [list(array.shape), crc32(array.view(np.uint8).reshape(-1) if array.size else b"")]
