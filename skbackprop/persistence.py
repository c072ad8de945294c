"""`save` and `load`: an estimator, fitted or not, as one file without code."""

import os
import warnings
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import PurePath
from sys import modules
from typing import Any, Self

from skbackprop import files
from skbackprop.states import decoded, encode

PASSING = {  # attributes that are not saved
    *("_metadata_request", "_skl_callbacks", "_skl_callbacks_to_teardown"),
    *("_callback_fit_ctx", "_parent_callback_ctx"),
}
METHODS = "fit", "partial_fit", "score", "predict", "transform"
PARTS = "inspection", "model_selection", "preprocessing", "time_series"  # that `import skbackprop` leaves out
PATHS = "checkpoint", "memory"  # parameters that name where something is written


class Persistent:
    """The part of an estimator that is written to files."""

    def save(self, path: str | os.PathLike) -> Self:
        """Write the estimator to a file; `skbackprop.load` reads it.

        Its parameters, and, if it is fitted, everything that training continues with. The file holds arrays
        and JSON, no code, and a checksum. It takes the place of an earlier one in one step.

        Parameters
        ----------
        path : str or PathLike
            The file.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        TypeError
            If a parameter is a function without a name of its own, such as a lambda, or the estimator holds
            objects of other libraries that are no plain Python, such as trees.

        OSError
            If the file cannot be written.

        Examples
        --------
        >>> import skbackprop
        >>> from tempfile import TemporaryDirectory
        >>> net = skbackprop.BackpropRegressor(hidden_layer_sizes=3, max_iter=5)
        >>> with TemporaryDirectory() as folder:
        ...     _ = net.save(f"{folder}/net.skb")
        ...     skbackprop.load(f"{folder}/net.skb")
        BackpropRegressor(hidden_layer_sizes=3, max_iter=5)
        """
        files.write(path, *encode({"estimator": self}))
        return self

    def _saved_state(self):
        state = {name: value for name, value in vars(self).items() if name not in PASSING}
        requests = requests_of(self)
        return {**state, "_requests": requests} if requests else state


def load(path: str | os.PathLike, *, custom: Iterable = ()) -> Any:
    """Read an estimator that `save` has written, or a checkpoint.

    Nothing that stands in the file is executed: it names classes of this library, and those of `custom`. Nor
    does it choose a path that is written to: the parameter `checkpoint` becomes None, with a warning, unless
    it is the path of the file itself, and so does `memory` of a pipeline.

    Parameters
    ----------
    path : str or PathLike
        The file.

    custom : iterable of classes and functions, default=()
        What the estimator has of your own, a loss, a layer, a scorer, a schedule, and what it has of other
        libraries, such as `StandardScaler` and `Ridge`.

    Returns
    -------
    estimator : estimator of this library
        As it was when it was saved; training continues as it would have.

    Raises
    ------
    ValueError
        If the file is of another kind or version, cut off or altered, holds no estimator, or needs something
        of `custom`.
    """
    content, estimators = _read(path, custom)
    for estimator in estimators:
        for name in PATHS:
            chosen = vars(estimator).get(name)
            is_own = estimator is content["estimator"] and _is_same_place(chosen, path)
            if chosen is not None and not is_own:
                vars(estimator).update({name: None}, **{"resume": False} if name == "checkpoint" else {})
                warnings.warn(
                    f"{name}={chosen!r:.200} of the {type(estimator).__name__} in the file "
                    f"{os.fspath(path)!r} is left out: a file does not choose where to write. Give it again: "
                    f"set_params({name}=...).",
                    stacklevel=2,
                )
    return content["estimator"]


def read(path, custom=()):
    """What a file holds: "estimator" and, of a checkpoint, "run"."""
    return _read(path, custom)[0]


def _read(path, custom):
    """The same, and all estimators in it."""
    known = known_names(custom)
    content, arrays = files.read(path)
    try:
        content, estimators = decoded(content, arrays, known)
        if not (isinstance(content, dict) and isinstance(content.get("estimator"), Persistent)):
            raise ValueError("what it holds is no estimator of this library.")
        for estimator in estimators:
            _restore(estimator)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)!r} cannot be read: {error}") from error
    return content, estimators


def _restore(estimator):
    """The estimator gets its metadata requests."""
    passing = PASSING.intersection(vars(estimator))
    if passing:
        raise ValueError(f"{min(passing)!r} is no attribute that a file may set.")
    requests = vars(estimator).pop("_requests", None)
    if requests:
        request = estimator._get_metadata_request()
        for method, wanted in _items(requests, METHODS):
            for name, alias in _items(wanted):
                getattr(request, method).add_request(param=name, alias=alias)
        estimator._metadata_request = request


def _items(requests, allowed=None):
    if not isinstance(requests, dict) or not all(
        type(name) is str and (allowed is None or name in allowed) for name in requests
    ):
        raise ValueError(f"{requests!r:.200} are no metadata requests.")
    return requests.items()


def _is_same_place(chosen, path):
    """Whether it is the file itself, which the user has named."""
    chosen = getattr(chosen, "path", chosen)  # that of a `Checkpoint`
    return isinstance(chosen, str | PurePath) and os.path.realpath(chosen) == os.path.realpath(path)


def requests_of(estimator):
    """What `set_fit_request` and its kind have set, by method."""
    request = vars(estimator).get("_metadata_request")
    if request is None:
        return {}
    return {method: dict(getattr(request, method).requests) for method in METHODS if hasattr(request, method)}


def known_names(custom=()):
    """Every class of this library by its name, and what the user adds."""
    for part in PARTS:
        import_module(f"skbackprop.{part}")
    ours = tuple(name for name in list(modules) if name.partition(".")[0] == "skbackprop")
    known = dict(_classes_in(ours))
    for thing in custom:
        if known.get(thing.__name__, thing) is not thing:
            raise ValueError(
                f"custom: the library has a {thing.__name__!r} of its own: give yours another name."
            )
        known[thing.__name__] = thing
    return known


@lru_cache(maxsize=1)
def _classes_in(names):
    """By name; to look for them takes longer than to read most files."""
    found = (getmembers(modules[name], isclass) for name in names)
    return {kind.__name__: kind for of_module in found for _, kind in of_module if _is_ours(kind)}


def _is_ours(kind):
    return kind.__module__.partition(".")[0] == "skbackprop"
