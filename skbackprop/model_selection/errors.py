"""Which errors of a fit are its user's business; others are faults of this library, which must be seen."""

import numpy as np

OURS = "skbackprop", "sklearn"
PLAIN = *OURS, "builtins", "numpy", "scipy", "pandas", "polars", "pyarrow"
TOLD = (
    ValueError,
    TypeError,
    MemoryError,
    Warning,
)  # of input and parameters; warnings made errors by a filter


def errors_of_fits(*parts):
    """What fits with these parts may end with: parts of the user's own may raise anything."""
    return Exception if any(map(is_of_the_user, parts)) else TOLD


def is_of_the_user(thing):
    """Whether a parameter or a container has anything in it that others than these libraries have written."""
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
