"""Find the column of X from which each output column of some transformers is made."""

import re
from copy import copy

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer

from skbackprop.compat import get_feature_names, num_features

MARK = re.compile("\ue000(\\d+)\ue001")  # marks the number of a column, in a name that no real column has


def names_in(X):
    """The names of X's columns, or x0, x1, ..."""
    names = get_feature_names(X)
    return [f"x{i}" for i in range(num_features(X))] if names is None else [str(name) for name in names]


def sources_of_columns(transformers, names):
    """(sources, names of the output columns); a source is an index into `names`, or None for several."""
    sources = list(range(len(names)))
    for transformer in transformers:
        found = _sources(transformer, len(sources))
        names = _names_out(transformer, names)
        if found is None and names is None:
            raise ValueError(
                f"{transformer!r} has no get_feature_names_out, so the sources of its columns are not known. "
                "Give the last step of the pipeline, and X as the steps before it transform it."
            )
        found = [None] * len(names) if found is None else found
        names = [f"x{i}" for i in range(len(found))] if names is None else names
        sources = joined(sources, found)
    return sources, names


def joined(first, second):
    """The composition: sources of columns whose direct sources are `second`."""
    return [None if between is None else first[between] for between in second]


def _sources(transformer, n_inputs):
    """The input column of each output column, None for several; None instead of a list if not known."""
    if isinstance(transformer, Pipeline | list):
        steps = transformer if isinstance(transformer, list) else [step for _, step in transformer.steps]
        sources = list(range(n_inputs))
        for step in steps:
            found = _sources(step, len(sources))
            if found is None:
                return None
            sources = joined(sources, found)
        return sources
    if isinstance(transformer, str | None) or _is_identity(transformer):
        return list(range(n_inputs))
    if isinstance(transformer, ColumnTransformer):
        return _of_column_transformer(transformer)
    if isinstance(transformer, FeatureUnion):
        parts = [_sources(part, n_inputs) for _, part in transformer.transformer_list if part != "drop"]
        return None if any(part is None for part in parts) else [i for part in parts for i in part]
    marked = _names_out(transformer, [f"\ue000{i}\ue001" for i in range(n_inputs)])
    if marked is None:
        return None
    found = [set(MARK.findall(name)) for name in marked]
    return [int(*numbers) if len(numbers) == 1 else None for numbers in found]


def _is_identity(transformer):
    return isinstance(transformer, FunctionTransformer) and transformer.func is None


def _of_column_transformer(transformer):
    n_outputs = max((place.stop for place in transformer.output_indices_.values()), default=0)
    sources = [None] * n_outputs
    for name, part, _ in transformer.transformers_:
        place = transformer.output_indices_[name]
        inputs = transformer._transformer_to_input_indices[name]
        if part == "drop" or place.stop == place.start:
            continue
        found = _sources(part, len(inputs))
        if found is not None:
            sources[place] = joined([int(i) for i in inputs], found)
    return sources


def _names_out(transformer, names):
    """Names of the output columns; None if the transformer does not provide them."""
    names = np.array(names, dtype=object)
    fitted = getattr(transformer, "feature_names_in_", None)
    if fitted is not None and not np.array_equal(fitted, names):
        transformer = copy(transformer)  # a copy without input names, so that it accepts others
        vars(transformer).pop("feature_names_in_", None)
    try:
        return [str(name) for name in transformer.get_feature_names_out(names)]
    except AttributeError:  # the transformer, or a part of it, has no names
        return None
