"""Global settings of scikit-learn: results are the same numbers, whatever holds them."""

import scipy
import sklearn
from checking import answers, assert_same, baseline, data, fitted, invariant
from hypothesis import strategies as st
from sklearn.utils.fixes import parse_version

SETTINGS = [
    {"transform_output": "pandas"},
    {"transform_output": "polars"},
    {"enable_metadata_routing": True},
    {"skip_parameter_validation": True},
    {"assume_finite": True},
    {"array_api_dispatch": True},
    {"print_changed_only": False},
    {"working_memory": 1, "pairwise_dist_chunk_size": 1, "enable_cython_pairwise_dist": False},
]
if parse_version(scipy.__version__) < parse_version("1.14"):
    SETTINGS.remove({"array_api_dispatch": True})  # scikit-learn refuses it


@invariant("global settings", setting=st.sampled_from(SETTINGS), in_fit=st.booleans(), after=st.booleans())
def test_global_settings(entry, case, setting, in_fit, after):
    X, y, X_new, _ = data(entry, case)
    model, expected = baseline(str(entry), case)
    if in_fit:
        with sklearn.config_context(**setting):
            model = fitted(entry, case, X, y)
    with sklearn.config_context(**(setting if after or not in_fit else {})):
        actual = answers(entry, model, X_new)
    assert_same(actual, expected)
