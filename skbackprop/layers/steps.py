"""Columns as sequences: `n_channels` blocks of equal width, one after the other, their steps in order."""


def n_steps(layer, n_inputs):
    """The length of the sequences in so many columns; an error where they are not blocks of equal width."""
    if n_inputs % layer.n_channels:
        raise ValueError(
            f"{layer!r} takes n_channels={layer.n_channels} blocks of equal width, but its input has "
            f"{n_inputs} columns: n_channels must divide them (after a Conv1D it is its n_filters). "
            "Blocks(layers, n_columns) gives the layer some of the columns."
        )
    return n_inputs // layer.n_channels


def by_channel(array, n_channels):
    """(..., n_samples, n_columns) as (..., n_samples, n_channels, n_steps), on the same memory."""
    return array.reshape(*array.shape[:-1], n_channels, array.shape[-1] // n_channels)
