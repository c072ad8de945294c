"""`coefs_` and `intercepts_`: arrays of each layer that can be written to, as those of scikit-learn's MLP."""

from functools import partial

import numpy as np


def weights_of(dense_layers):
    """W of each of these layers, (layer, params), as a list whose items can be set."""
    return WrittenThrough(
        "coefs_",
        [partial(layer.acting_weight, params) for layer, params in dense_layers],
        [partial(layer.set_acting_weight, params) for layer, params in dense_layers],
    )


def biases_of(dense_layers):
    """b of each of them."""
    biases = [params.bias[0] for _, params in dense_layers]
    return WrittenThrough(
        "intercepts_",
        [partial(np.ndarray.view, bias) for bias in biases],
        [partial(np.copyto, bias) for bias in biases],
    )


class WrittenThrough(list):
    """Arrays of a network; an item that is set is copied to where the network has it.

    Parameters
    ----------
    name : str
        Of the attribute.

    read : list of callable
        Each gives one of the arrays.

    write : list of callable
        Each takes the values of one.
    """

    def __init__(self, name, read, write):
        super().__init__(array() for array in read)
        self._name, self._read, self._write = name, read, write

    def __reduce__(self):
        return list, (list(self),)

    def __setitem__(self, index, value):
        if isinstance(index, slice):
            self._set(range(len(self))[index], list(value))
        else:
            self._set([range(len(self))[index]], [value])

    def _set(self, places, values):
        """All of them, or none where one is not right."""
        if len(values) != len(places):
            raise ValueError(f"{self._name} has {len(places)} arrays, one for each layer, not {len(values)}.")
        checked = [self._checked(place, value) for place, value in zip(places, values)]
        for place, value in zip(places, checked):
            self._write[place](value)
            super().__setitem__(place, self._read[place]())

    def _checked(self, place, value):
        """A copy: what is given may be a part of what is written to."""
        now, value = self[place], np.asarray(value)
        what = f"{self._name}[{place}]"
        if value.dtype.kind not in "biuf":
            raise TypeError(f"{what} must hold numbers, got dtype {value.dtype}.")
        if value.shape != now.shape:
            raise ValueError(f"{what} must have shape {now.shape}, got {value.shape}.")
        with np.errstate(over="ignore"):
            value = value.astype(now.dtype)
        if not np.isfinite(value).all():
            raise ValueError(f"{what} must be finite in {now.dtype}, and is not.")
        return value

    def _fixed(self, *arguments, **settings):
        raise TypeError(
            f"{self._name} has one array for each layer: these can be set, none can be added or removed."
        )

    append = clear = extend = insert = pop = remove = reverse = sort = _fixed
    __delitem__ = __iadd__ = __imul__ = _fixed
