"""Dates and durations where numbers are asked for.

NumPy takes a time for the whole number that stores it, which differs between nanoseconds and seconds; NaT is
the smallest one, which no check for missing values finds.
"""

import narwhals.stable.v2 as nw
import numpy as np

from skbackprop.preprocessing.columns import DATES, DURATIONS, TYPES_OF, ArrayColumn, Column
from skbackprop.preprocessing.frame_column import frame_column

REMEDY = {
    "X": "TabularBackpropRegressor and TabularBackpropClassifier read dates and durations, and for other "
    "estimators skbackprop.preprocessing.TabularEncoder does, in front of them.",
    "y": "A difference of dates, as y - y.min(), is a duration, and that / np.timedelta64(1, 's') a number.",
}


def refuse_times(values, name, remedy=None):
    """An error for "X" or "y" that holds dates or durations."""
    for column in _doubtful(values):
        kind = _kind_of_times(column)
        if kind is not None:
            what = "it" if column.name in (None, "") else f"the column {column.name!r}"
            raise ValueError(f"{name} must hold numbers, and {what} holds {kind}. {remedy or REMEDY[name]}")


def _kind_of_times(column):
    """Whether there are dates or durations, also among other objects, or NaT alone."""
    if column.kind in (DATES, DURATIONS):
        return column.kind
    types = set(map(type, column.objects))
    kinds = (kind for kind in (DATES, DURATIONS) if any(issubclass(t, TYPES_OF[kind]) for t in types))
    return next(kinds, None)


def _doubtful(values):
    """The columns that may hold times; all values of an array as one."""
    if _holds_numbers(values):
        return []
    table = nw.from_native(values, allow_series=True, pass_through=True)
    if isinstance(table, nw.DataFrame):
        return [frame_column(column) for column in table.iter_columns() if not column.dtype.is_numeric()]
    if isinstance(table, nw.Series):
        return [frame_column(table)]
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):  # which the check to come explains
        return []
    return [(Column if array.dtype == object else ArrayColumn)(None, array.ravel())]


def _holds_numbers(values):
    dtypes = getattr(values, "dtypes", None)  # of a frame
    dtypes = [getattr(values, "dtype", None)] if dtypes is None or not np.iterable(dtypes) else set(dtypes)
    return all(getattr(dtype, "kind", "") in set("biuf") for dtype in dtypes)
