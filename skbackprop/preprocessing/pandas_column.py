"""A column of a pandas DataFrame. pandas itself is not imported: who has a frame has it."""

from functools import cached_property

import numpy as np

from skbackprop.preprocessing.columns import DATES, KIND_OF, LEVELS, SECOND, Column

KINDS = {"category": LEVELS, "period": DATES, **KIND_OF}


class PandasColumn(Column):
    """A Series of any dtype."""

    @cached_property
    def objects(self):
        return self.values.to_numpy(dtype=object)

    @cached_property
    def dtype_kind(self):
        """`dtype.kind`, or "category" or "period"."""
        dtype = self.values.dtype
        return next((kind for kind in ("category", "period") if dtype.name.startswith(kind)), dtype.kind)

    @property
    def kind(self):
        if self.dtype_kind == "c":
            raise ValueError(
                f"Complex data not supported: the column {self.name!r} holds {self.values.dtype}."
            )
        return KINDS.get(self.dtype_kind) or super().kind

    def numbers(self):
        if self.dtype_kind not in {"b", "i", "u", "f"}:
            return super().numbers()
        if isinstance(self.values.dtype, np.dtype):
            return self.values.to_numpy()
        return self.values.to_numpy(dtype=np.float64, na_value=np.nan)

    def dates(self):
        if self.dtype_kind not in {"M", "period"}:
            return super().dates()
        dates = self.values.dt.to_timestamp() if self.dtype_kind == "period" else self.values
        arrow = getattr(dates.dtype, "pyarrow_dtype", None)
        zone = getattr(dates.dtype if arrow is None else arrow, "tz", None)
        if zone is not None:
            dates = dates.dt.tz_localize(None)
        return dates.astype("datetime64[us]").to_numpy(), None if zone is None else str(zone)

    def seconds(self):
        if self.dtype_kind != "m":
            return super().seconds()
        return self.values.astype("timedelta64[us]").to_numpy() / SECOND

    def counts(self):
        if self.dtype_kind != "category":
            return super().counts()
        categories = self.values.cat.categories.tolist()
        counts = np.bincount(self.values.cat.codes.to_numpy() + 1, minlength=len(categories) + 1)[1:]
        return {level: n for level, n in zip(categories, counts.tolist()) if n}

    def codes(self, code_of):
        if self.dtype_kind != "category":
            return super().codes(code_of)
        of_category = [code_of.get(level, 0) for level in self.values.cat.categories.tolist()]
        return np.array([*of_category, 0])[self.values.cat.codes.to_numpy()]  # -1, missing, is the last
