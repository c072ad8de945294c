"""Checkpoints of a table's fit: a file for each network while it trains, one of the estimator at the end."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from skbackprop import files
from skbackprop.estimators.checkpoint import own_things, parameters_of, settings_of
from skbackprop.persistence import known_names
from skbackprop.states import decode, encode
from skbackprop.training import Run
from skbackprop.training.checkpoint import Checkpoint, checkpoint_of
from skbackprop.training.checkpoints import CheckpointFile, write_or_warn
from skbackprop.training.ending import INTERRUPT


class Plan(NamedTuple):
    """Where the networks of a fit are written, and what tells whether a file is of this fit."""

    path: Path
    checkpoint: Checkpoint
    resume: bool
    told: dict  # settings and check sums of the data
    custom: list  # what the settings have of the user's own

    @classmethod
    def of(cls, estimator, data):
        """That of an estimator; None where nothing is written."""
        if estimator.checkpoint is None:
            if estimator.resume:
                raise ValueError("resume=True needs a file: checkpoint=... is None.")
            return None
        if not isinstance(estimator.random_state, int | np.integer):
            raise ValueError(
                f"checkpoint={os.fspath(estimator.checkpoint)!r} needs random_state to be a whole number, "
                f"not {estimator.random_state!r}: a fit that resumes draws the same validation parts again."
            )
        told = {"settings": settings_of(estimator), "data": data}
        encode(parameters_of(estimator))  # what cannot be written is an error now, not later
        custom = [thing for thing in own_things(estimator) if not _is_ours(thing)]
        return cls(
            Path(estimator.checkpoint), checkpoint_of(estimator.checkpoint), estimator.resume, told, custom
        )

    def of_network(self, name):
        """The path of the file of one network."""
        return self.path.with_name(f"{self.path.name}.{name}")

    def finish(self, estimator, names):
        """The estimator takes the place of the networks' files."""
        run = {**self.told, "n_iter": estimator.n_iter_, "stopped": True}
        content = {"estimator": estimator, "run": run}
        if write_or_warn(self.path, content):
            for name in names:
                with suppress(FileNotFoundError):
                    os.remove(self.of_network(name))


class NetworkCheckpoint(CheckpointFile):
    """What continues the training of one network."""

    def __init__(self, plan, name, batches, generator):
        super().__init__(plan.of_network(name), plan.checkpoint)
        self.plan, self.batches, self.generator = plan, batches, generator
        self.limit = None

    def content(self):
        return {
            **self.plan.told,
            "network": self.run,
            "orders": self.batches.orders,
            "generator": self.generator,
            "ended": self.ended,
            "limit": self.limit,
        }

    def close(self, limit):
        """Training is over, unless it was interrupted; `limit` as `train` returns it."""
        self.limit, self.ended, self.n_written = limit, self.ended or limit != INTERRUPT, None

    def resumed(self):
        """The content of an earlier file of this network; None where there is none, or none is wanted."""
        if not (self.plan.resume and self.path.exists()):
            return None
        try:
            content = decode(*files.read(self.path), known_names(self.plan.custom))
        except ValueError as error:
            raise ValueError(f"checkpoint: {os.fspath(self.path)!r} cannot be read: {error}") from error
        kinds = {"network": Run, "orders": np.ndarray, "generator": np.random.Generator, "ended": bool}
        if not isinstance(content, dict) or any(
            not isinstance(content.get(name), kind) for name, kind in kinds.items()
        ):
            raise ValueError(f"checkpoint: {os.fspath(self.path)!r} is of no network of a table.")
        for name, what in (("settings", "with other settings"), ("data", "on other data")):
            if content.get(name) != self.plan.told[name]:
                raise ValueError(
                    f"checkpoint: {os.fspath(self.path)!r} is of a fit {what}. Give the same ones, or leave "
                    "resume=False to start anew."
                )
        return content


def _is_ours(thing):
    return thing.__module__.partition(".")[0] == "skbackprop"
