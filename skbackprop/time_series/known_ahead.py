"""The warning or error where a forecast needs columns known ahead, and they are missing."""

import warnings

import numpy as np


def report_unknown(forecast, settings):
    """A warning where rows have no forecast for that reason, an error if none is left."""
    is_open = np.isnan(forecast.quantiles[:, 0])
    lost = is_open & np.isfinite(forecast.scale)  # else y is not known in the window
    if not lost.any():
        return
    at_once = settings.strategy == "mimo" and settings.horizon > 1
    end = f", for 'mimo' to the end of all {settings.horizon} steps at once" if at_once else ""
    message = (
        f"known_future={settings.known_future!r}: {lost.sum()} of {len(lost)} rows of X get no forecast, as "
        f"these columns are not known in every step from the end of the history up to the row{end}. Give a "
        "row with their values for each of these steps."
    )
    if is_open.all():
        raise ValueError(message)
    warnings.warn(message, stacklevel=4)
