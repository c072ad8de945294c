"""Times as they come, read as an index of dates, periods or whole numbers; anything else is an error."""

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype, is_integer_dtype, is_string_dtype

ISO_8601 = r"\d{4,}-\d\d(?:-\d\d(?:[T ]\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?)?"
DATES = ("datetime", "datetime64", "date")  # what pandas calls objects that are dates
REMEDY = {
    "m": "a duration is no time: add it to a date, or give whole numbers of steps.",
    "f": "give whole numbers of steps as integers, or dates.",
    "b": "name the column of the times with time=.",
}


def read_times(values, where):
    """Times as a DatetimeIndex, a PeriodIndex or an Index of whole numbers; `where` names what holds them."""
    times = as_index(values)
    if isinstance(times, pd.DatetimeIndex | pd.PeriodIndex | pd.RangeIndex):
        return times
    kind = getattr(times.dtype, "pyarrow_dtype", None)
    if hasattr(kind, "tz"):
        return times.astype(
            f"datetime64[{kind.unit}]" if kind.tz is None else pd.DatetimeTZDtype(kind.unit, kind.tz)
        )
    if is_integer_dtype(times.dtype):
        return _whole_numbers(times, where)
    if isinstance(times.dtype, pd.CategoricalDtype) or str(kind).startswith("date"):
        times = pd.Index(times.astype(object), dtype=object)
    if times.dtype != object and not is_string_dtype(times.dtype):
        raise _no_times(where, str(times.dtype), REMEDY.get(times.dtype.kind))
    return _of_objects(times, where)


def as_index(values):
    """Values of any container as an Index; objects stay objects."""
    if isinstance(values, pd.Index):
        return values
    return pd.Index(values, dtype=object if getattr(values, "dtype", None) == np.dtype(object) else None)


def missing_time(where, row):
    return ValueError(f"{where} lacks the time of row {row}.")


def _no_times(where, what, remedy=None):
    remedy = remedy or "pandas.to_datetime makes dates of what can be read as such."
    return ValueError(f"{where} holds {what}, but times are dates, periods or whole numbers: {remedy}")


def _whole_numbers(times, where):
    if times.hasnans:
        raise missing_time(where, int(np.argmax(times.isna())))
    if len(times) and int(times.max()) > np.iinfo(np.int64).max:
        raise _no_times(where, f"{int(times.max())}", "whole numbers are below 2**63.")
    return times if isinstance(times.dtype, np.dtype) else pd.Index(times.to_numpy(dtype=np.int64))


def _of_objects(times, where):
    kind = infer_dtype(times, skipna=True)
    if kind == "empty":
        raise missing_time(where, 0)
    if kind == "integer":
        return _whole_numbers(pd.Index(pd.array(times, dtype="Int64")), where)
    if kind in ("period", "mixed") and all(isinstance(time, pd.Period) for time in times.dropna()):
        if len({period.freqstr for period in times.dropna()}) > 1:
            raise _no_times(where, "periods of several frequencies", "give periods of one.")
        return pd.PeriodIndex(times)
    if kind in DATES:
        return _dates(times, where)
    if kind == "string":
        return _of_text(times, where)
    row = int(np.argmax(times.notna()))
    what = f"objects ({kind}), such as {times[row]!r} in row {row}"
    raise _no_times(where, what, REMEDY.get({"timedelta": "m", "floating": "f"}.get(kind)))


def _dates(times, where):
    known = times.dropna()
    aware = {getattr(time, "tzinfo", None) is not None for time in known}
    if len(aware) > 1:
        raise _no_times(
            where, "dates with and without a zone", "give all of them one, or none (tz_localize)."
        )
    zones = {str(getattr(time, "tzinfo", None)) for time in known}
    try:
        return pd.DatetimeIndex(pd.to_datetime(times, utc=True if len(zones) > 1 else None))
    except pd.errors.OutOfBoundsDatetime:  # of nanoseconds
        return _beyond_nanoseconds(times, where)


def _of_text(times, where):
    wrong = ~pd.Series(times).str.fullmatch(ISO_8601, na=True).to_numpy(dtype=bool)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise _no_times(
            where,
            f"text that is no date of ISO 8601, such as {times[row]!r} in row {row}",
            "pandas.to_datetime(..., format=) or pandas.PeriodIndex reads other text, time= names another "
            "column, and X.reset_index(drop=True) counts rows.",
        )
    text = pd.Series(times, dtype=object)
    offsets = text.str.extract(r"[T ].*?(Z|[+-]\d\d(?::?\d\d)?)$", expand=False)[text.notna()]
    if offsets.isna().any() and offsets.notna().any():
        raise _no_times(where, "dates with and without a zone", "give all of them one, or none.")
    utc = True if offsets.nunique() > 1 else None
    try:
        return pd.DatetimeIndex(pd.to_datetime(text, format="ISO8601", utc=utc))
    except pd.errors.OutOfBoundsDatetime:  # of nanoseconds
        return _beyond_nanoseconds(times, where)
    except ValueError as error:
        raise _no_times(where, f"text that is no date ({error})") from None


def _beyond_nanoseconds(times, where):
    missing = times.isna()
    try:
        values = np.where(missing, "NaT", times.astype(str).str.replace(",", "."))
        return pd.DatetimeIndex(values.astype("datetime64[us]"))
    except (ValueError, TypeError) as error:
        raise _no_times(where, f"dates beyond the years 1677 to 2262 ({error})") from None
