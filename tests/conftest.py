"""Before SciPy is imported: scikit-learn's checks of array API input run only with this."""

import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")
