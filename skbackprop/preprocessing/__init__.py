"""Tables as they come, as numbers: scaling, categories, dates, missing values."""

from skbackprop.preprocessing.categories import CategoryEncoder, SignedOneHotEncoder
from skbackprop.preprocessing.scaling import SquashingScaler
from skbackprop.preprocessing.tabular import TabularEncoder

__all__ = ["CategoryEncoder", "SignedOneHotEncoder", "SquashingScaler", "TabularEncoder"]
