"""Before SciPy is imported: scikit-learn's checks of array API input run only with this."""

import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")

from importlib.util import find_spec

# beside this library in the slow tests only, and never a dependency
collect_ignore = [] if find_spec("torch") else ["test_against_torch.py"]
