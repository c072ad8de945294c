"""Which errors of a fit a search reports as a failed fit. Others are bugs of this library and are raised."""

import numpy as np

OURS = "skbackprop", "sklearn"
PLAIN = *OURS, "builtins", "numpy", "scipy", "pandas", "polars", "pyarrow"
# errors in input and parameters; warnings that a filter turns into errors
OF_INPUT = ValueError, TypeError, MemoryError, Warning


def errors_of_fits(*parts):
    """Errors that a fit with these parts may raise. Code of the user may raise any."""
    return Exception if any(map(is_of_the_user, parts)) else OF_INPUT


def is_of_the_user(thing):
    """Whether a parameter is, or contains, anything that is not defined in one of the `PLAIN` libraries."""
    if isinstance(thing, dict):
        return any(map(is_of_the_user, thing.values()))
    if isinstance(thing, list | tuple | set):
        return any(map(is_of_the_user, thing))
    if isinstance(thing, np.ndarray):
        return False
    is_named = hasattr(thing, "__qualname__")  # a function or a class
    library = str(getattr(thing if is_named else type(thing), "__module__", None)).partition(".")[0]
    if library not in PLAIN:
        return True
    if library not in OURS or is_named:
        return False
    inner = thing.get_params(deep=False) if hasattr(thing, "get_params") else getattr(thing, "__dict__", {})
    return is_of_the_user(dict(inner))
