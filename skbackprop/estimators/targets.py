"""y as it is given, as an array: whole numbers stay what they are, and a missing target is called so."""

import numpy as np
from scipy.sparse import issparse

from skbackprop.masked import unmasked
from skbackprop.preprocessing.columns import is_missing
from skbackprop.preprocessing.times import refuse_times


def read_labels(y):
    """Class labels as an array of the same values; sparse indicators of several labels stay sparse."""
    if issparse(y):
        if y.ndim != 2 or y.shape[1] < 2:
            raise ValueError(
                f"y is sparse and has shape {y.shape}: only indicators of several labels may be sparse, "
                "class labels are dense: y.toarray().ravel()."
            )
        return y
    y = _array(y)
    _refuse_missing(y, "label")
    return _of_one_type(y)


def all_labels(y):
    """The classes of y; a list of those of each column, if several columns hold labels of any kind.

    As scikit-learn lists them: rows of weight 0 too, but for what is no label there.
    """
    if issparse(y) or (y := _array(y)).ndim not in (1, 2):
        return None
    columns = [_labels_in(column) for column in y.reshape(len(y), -1).T]
    if any(of_column is None for of_column in columns):
        return None
    if len(columns) == 1:
        return columns[0]
    are_indicators = all(np.isin(of_column, (0, 1)).all() for of_column in columns)
    return None if are_indicators else columns


def _labels_in(column):
    if column.dtype.kind == "f":
        column = column[np.isfinite(column)]
        return np.unique(column[column == np.floor(column)])
    if column.dtype == object:
        column = _of_one_type(column[[not is_missing(value) for value in column]])
    try:
        return np.unique(column)
    except TypeError:  # of several types
        return None


def _of_one_type(y):
    """Objects that are all whole numbers, or all truth values, as such; scikit-learn knows text alone."""
    if type(y) is not np.ndarray or y.dtype != object or not y.size:
        return y
    kinds = {type(value) for value in y.ravel()}
    if all(issubclass(kind, bool | np.bool_) for kind in kinds):
        return y.astype(bool)
    if all(issubclass(kind, int | np.integer) and kind is not bool for kind in kinds):
        return np.array(y.tolist())
    return y


def read_numbers(y, allow_missing=False):
    """Numbers as an array, objects as float64, None and NA as NaN."""
    if issparse(y):
        raise TypeError("y is sparse, and numbers to predict are dense: give y.toarray().")
    refuse_times(y, "y")
    y = _array(y)
    if not allow_missing:
        _refuse_missing(y, "target")
    if y.dtype == object:
        values = [np.nan if is_missing(value) else value for value in y.ravel()]
        y = np.array(values, dtype=np.float64).reshape(y.shape)
    return y


def _array(y):
    """Nullable types of pandas would become float64 in scikit-learn's hands, and whole numbers merge."""
    y = unmasked(y)
    if type(y) is np.ndarray:
        return y
    if hasattr(y, "iloc"):
        return _of_pandas(y)
    if isinstance(y, list | tuple):
        return _of_list(y)
    return np.asarray(y)


def _of_pandas(y):
    if y.ndim == 1:
        return y.to_numpy()
    columns = [y.iloc[:, j].to_numpy() for j in range(y.shape[1])]
    kinds = {column.dtype.kind for column in columns}
    if len(kinds) > 1 and not (kinds < set("biuf") and not kinds >= {"u", "i"}):
        columns = [column.astype(object) for column in columns]  # their common type would change values
    return np.column_stack(columns)


def _of_list(y):
    try:
        values = np.asarray(y)
    except ValueError:  # of several lengths
        return y
    if values.dtype.kind in "US":  # NaN would be the text "nan"
        values = np.array(y, dtype=object)
        _refuse_missing(values, "label")
        return np.asarray(y)
    return values


def _refuse_missing(y, what):
    """With the message of scikit-learn."""
    if type(y) is not np.ndarray or y.ndim not in (1, 2):
        return
    if y.dtype.kind in "fcmM":
        missing = np.isnat(y) if y.dtype.kind in "mM" else np.isnan(y)
    elif y.dtype == object:
        missing = np.array([is_missing(value) for value in y.ravel()], dtype=bool).reshape(y.shape)
    else:
        return
    if missing.any():
        n_missing = missing.reshape(len(y), -1).any(axis=1).sum()
        raise ValueError(f"Input y contains NaN: the {what} is missing in {n_missing} of {len(y)} rows.")
