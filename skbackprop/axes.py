"""The axes that plots draw on, and the error if matplotlib is missing."""

import numpy as np


def pyplot():
    """matplotlib.pyplot, which is imported only when a plot is drawn."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("Plots need matplotlib: python -m pip install 'skbackprop[plot]'") from error
    return pyplot


def new_axes(n_panels, n_columns=1, size=(9, 2.6)):
    """Axes in a new figure, row by row; `size` is that of each panel, in inches."""
    n_columns = min(n_columns, n_panels)
    n_rows = -(-n_panels // n_columns)
    figsize = size[0] * n_columns, size[1] * n_rows
    figure, axes = pyplot().subplots(n_rows, n_columns, squeeze=False, figsize=figsize, layout="constrained")
    return _used(figure, axes, n_panels)


def panels(ax, n_panels, n_columns=1, size=(6, 4)):
    """One Axes for each panel: the given ones; parts of a single given one; or new ones for None."""
    if ax is None:
        return new_axes(n_panels, n_columns, size)
    axes = np.ravel(np.asarray(ax, dtype=object))
    if len(axes) == n_panels:
        return axes
    if len(axes) != 1 or axes[0].get_subplotspec() is None:
        raise ValueError(
            f"ax has {len(axes)} Axes for {n_panels} panels: give {n_panels} Axes, one Axes made by "
            "pyplot.subplots, or None."
        )
    n_columns = min(n_columns, n_panels)
    whole = axes[0]
    whole.set_axis_off()
    grid = whole.get_subplotspec().subgridspec(-(-n_panels // n_columns), n_columns)
    return _used(whole.figure, grid.subplots(squeeze=False), n_panels)


def _used(figure, axes, n_panels):
    """The first Axes; the remaining ones in the last row are removed."""
    for ax in axes.flat[n_panels:]:
        figure.delaxes(ax)
    return np.array(axes.flat[:n_panels])
