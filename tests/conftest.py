"""Settings of the environment, before what reads them is imported."""

import os

# scikit-learn's checks of array API input run only with this
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# Threads of scikit-learn's trees wait for each other in a loop, unless they are told to sleep: with a process
# of tests for each core, such a fit takes ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from importlib.util import find_spec

# beside this library in the slow tests only, and never a dependency
collect_ignore = [] if find_spec("torch") else ["test_against_torch.py"]
