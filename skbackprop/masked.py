"""Masked arrays: what lies behind the mask is no data."""

import numpy as np


def unmasked(values):
    """A masked array as a plain one, with NaN (None among what are no numbers) where it is masked."""
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
