"""Columns as sequences: `n_channels` blocks of equal width, one after the other, each in step order."""


def n_steps(layer, n_inputs):
    """The length of the sequences in `n_inputs` columns; an error if the blocks differ in width."""
    if n_inputs % layer.n_channels:
        raise ValueError(
            f"{layer!r} needs n_channels={layer.n_channels} blocks of equal width, but its input has "
            f"{n_inputs} columns: n_channels must divide this number (after a Conv1D, set n_channels to its "
            "n_filters). Use Blocks(layers, n_columns) to give the layer only some of the columns."
        )
    return n_inputs // layer.n_channels


def by_channel(array, n_channels):
    """A view of (..., n_samples, n_columns) as (..., n_samples, n_channels, n_steps)."""
    return array.reshape(*array.shape[:-1], n_channels, array.shape[-1] // n_channels)
