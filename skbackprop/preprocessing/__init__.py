"""Tables as they come, as numbers: scaling, categories, dates, holes."""

from skbackprop.preprocessing.tabular import TabularEncoder

__all__ = ["TabularEncoder"]
