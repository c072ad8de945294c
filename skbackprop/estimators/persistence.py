"""`save` and `load`: an estimator, fitted or not, as one file without code."""

from inspect import getmembers, isclass
from sys import modules

from skbackprop import files
from skbackprop.states import decode, encode

PASSING = {  # attributes that are not saved
    *("_checked_parameters", "_metadata_request", "_skl_callbacks", "_skl_callbacks_to_teardown"),
    *("_callback_fit_ctx", "_parent_callback_ctx"),
}


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

    Nothing that stands in the file is executed: it names classes of this library, and those of `custom`.

    Parameters
    ----------
    path : str or PathLike
        The file.

    custom : iterable of classes and functions, default=()
        What the estimator has of your own: a loss, a layer, a scorer, a schedule.

    Returns
    -------
    estimator : BackpropRegressor or BackpropClassifier
        As it was when it was saved; training continues as it would have.

    Raises
    ------
    ValueError
        If the file is of another kind or version, cut off or altered, or needs something of `custom`.
    """
    content = decode(*files.read(path), known_names(custom))
    return restored(content)


def restored(content):
    """The estimator of what a file holds, with its metadata requests."""
    estimator = content["estimator"]
    if content["requests"]:
        request = estimator._get_metadata_request()
        for method, wanted in content["requests"].items():
            for name, alias in wanted.items():
                getattr(request, method).add_request(param=name, alias=alias)
        estimator._metadata_request = request
    return estimator


def requests_of(estimator):
    """What `set_fit_request` and its kind have set, by method."""
    request = vars(estimator).get("_metadata_request")
    if request is None:
        return {}
    methods = ("fit", "partial_fit", "score", "predict", "transform")
    return {method: dict(getattr(request, method).requests) for method in methods if hasattr(request, method)}


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
