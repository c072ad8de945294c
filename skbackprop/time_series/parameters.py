"""Parameters that all transformers share, written once."""

from inspect import cleandoc

COMMON = """columns : str, int, list or None, default=None
    The columns that features are made of. None: all but `groups` and `time`, which must hold numbers.

groups : str, int, list or None, default=None
    The columns, or levels of the index, that name the series to which a row belongs. None: a single series.

time : str, int or None, default=None
    The column, or level of the index, that holds the times: dates (as text in ISO 8601), periods or whole
    numbers. None: the index of X; whole numbers there are the times of a single series alone. Rows of
    several series, and of arrays, then have no time, and their order counts.

freq : str, offset, int or None, default=None
    The step of the clock, such as 'h' or '15min'; a `pandas.offsets.CustomBusinessDay` knows holidays. None:
    that of the index, or the shortest step in `fit`, over the days of the week on which there are rows.

on_gap : {'nan', 'raise', 'ignore'}, default='nan'
    What missing steps are: NaN, an error, or nothing, so that rows are counted instead of time.

history : {'auto', 'continue', 'none'}, default='auto'
    What rows in `transform` see of the rows learned. 'auto': all of them where they come after them in time;
    rows without time stand alone, except in a `StreamingPipeline`. 'continue': rows without time follow them
    too. 'none': nothing.

forget_after : int or None, default=None
    In `partial_fit`, series without rows for more than so many steps are forgotten. None: none are.

passthrough : bool or list, default=False
    Whether the columns of X, or which of them, stand before the features."""

ATTRIBUTES = """history_ : History
    The clock, the series, and the last rows of each.

n_features_in_ : int
    The number of columns of X.

feature_names_in_ : ndarray of shape (n_features_in_,)
    The names of the columns of X, where it has names."""


CLOCK_COMMON = """time : str, int or None, default=None
    The column, or level of the index, that holds the times. None: the index of X.

{more}passthrough : bool or list, default=False
    Whether the columns of X, or which of them, stand before the features."""

UNIT = """unit : str or None, default=None
    Of numbers as times, since 1970: 'D', 's' and so on, as in `pandas.to_datetime`.

"""
FREQ = COMMON[COMMON.index("freq :") : COMMON.index("on_gap :")]


def documented_clock(kind):
    """Put the parameters of those that look at the time alone into a class's docstring."""
    common = CLOCK_COMMON.format(more=UNIT if "unit" in kind._parameter_constraints else FREQ)
    *_, n_columns, names = ATTRIBUTES.split("\n\n")
    kind.__doc__ = cleandoc(kind.__doc__ or "").format(common=common, attributes=f"{n_columns}\n\n{names}")
    return kind


def documented(kind):
    """Put the common parameters and attributes into a class's docstring."""
    text = cleandoc(kind.__doc__ or "")  # python -OO takes docstrings away
    kind.__doc__ = text.format(common=COMMON, attributes=ATTRIBUTES)
    return kind
