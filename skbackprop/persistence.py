"""`save` and `load`: an estimator, fitted or not, as one file without code."""

import os
import warnings
from inspect import getmembers, isclass
from sys import modules

from skbackprop import files
from skbackprop.states import decode, encode

PASSING = {  # attributes that are not saved
    *("_checked_parameters", "_metadata_request", "_skl_callbacks", "_skl_callbacks_to_teardown"),
    *("_callback_fit_ctx", "_parent_callback_ctx"),
}
METHODS = "fit", "partial_fit", "score", "predict", "transform"


class Persistent:
    """The part of an estimator that is written to files."""

    def save(self, path):
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
            If a parameter is a function without a name of its own, such as a lambda.

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
        files.write(path, *encode({"estimator": self, "requests": requests_of(self)}))
        return self

    def _saved_state(self):
        return {name: value for name, value in vars(self).items() if name not in PASSING}


def load(path, *, custom=()):
    """Read an estimator that `save` has written, or a checkpoint.

    Nothing that stands in the file is executed: it names classes of this library, and those of `custom`. Nor
    does it choose a path that is written to: the parameter `checkpoint` becomes None, with a warning, unless
    it is the path of the file itself.

    Parameters
    ----------
    path : str or PathLike
        The file.

    custom : iterable of classes and functions, default=()
        What the estimator has of your own: a loss, a layer, a scorer, a schedule.

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
    estimator = read(path, custom)["estimator"]
    chosen = vars(estimator).get("checkpoint")
    if chosen is not None and not _is_same_place(chosen, path):
        estimator.checkpoint, estimator.resume = None, False
        warnings.warn(
            f"checkpoint={chosen!r:.200} of the file {os.fspath(path)!r} is left out: a file does not choose "
            "where to write. Give it again: set_params(checkpoint=...).",
            stacklevel=2,
        )
    return estimator


def read(path, custom=()):
    """What a file holds: "estimator", "requests" and, of a checkpoint, "run"."""
    known = known_names(custom)
    content, arrays = files.read(path)
    try:
        content = decode(content, arrays, known)
        _restore(content)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)!r} cannot be read: {error}") from error
    return content


def _restore(content):
    """The estimator gets its metadata requests; an error where it is none."""
    if not (isinstance(content, dict) and isinstance(content.get("estimator"), Persistent)):
        raise ValueError("what it holds is no estimator of this library.")
    estimator, requests = content["estimator"], content.get("requests")
    passing = PASSING.intersection(vars(estimator))
    if passing:
        raise ValueError(f"{min(passing)!r} is no attribute that a file may set.")
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
    return isinstance(chosen, str | os.PathLike) and os.path.realpath(chosen) == os.path.realpath(path)


def requests_of(estimator):
    """What `set_fit_request` and its kind have set, by method."""
    request = vars(estimator).get("_metadata_request")
    if request is None:
        return {}
    return {method: dict(getattr(request, method).requests) for method in METHODS if hasattr(request, method)}


def known_names(custom=()):
    """Every class of this library by its name, and what the user adds."""
    known = {}
    for name, module in list(modules.items()):
        if name.partition(".")[0] == "skbackprop":
            known |= {kind.__name__: kind for _, kind in getmembers(module, isclass) if _is_ours(kind)}
    for thing in custom:
        if known.get(thing.__name__, thing) is not thing:
            raise ValueError(
                f"custom: the library has a {thing.__name__!r} of its own: give yours another name."
            )
        known[thing.__name__] = thing
    return known


def _is_ours(kind):
    return kind.__module__.partition(".")[0] == "skbackprop"
