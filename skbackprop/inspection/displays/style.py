"""The common style of all plots."""

import numpy as np

BLUE, RED, GREEN, GRAY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#767676",
)  # colours that colour-blind readers can distinguish (Okabe, Ito, 2008)
DIVERGING = "RdBu_r"  # red above zero, blue below


def legend_above(ax, n_columns=3):
    """Put the legend above the plot, where it covers no data."""
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=n_columns, frameon=False, borderaxespad=0.2, fontsize=9
    )


def plain(ax):
    """Remove the upper and the right line of the frame."""
    ax.spines[["top", "right"]].set_visible(False)


def spans_decades(values):
    """Whether to use a logarithmic axis: all values are positive, the largest > 30 times the smallest."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    return values.size > 0 and values.min() > 0 and values.max() > 30 * values.min()
