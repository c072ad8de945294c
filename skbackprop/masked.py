"""Masked arrays: masked values are missing values."""

import numpy as np


def unmasked(values):
    """A masked array as a plain one, with NaN (None if the values are not numbers) where it is masked."""
    if not isinstance(values, np.ma.MaskedArray):
        return values
    if not np.ma.is_masked(values):
        return values.data
    if values.dtype.kind in "fc":
        return values.filled(np.nan)
    if values.dtype.kind in "iub":
        return values.astype(np.float64).filled(np.nan)
    plain = values.data.astype(object)
    plain[np.ma.getmaskarray(values)] = None
    return plain
