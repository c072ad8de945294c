"""What all pictures have in common."""

import numpy as np

BLUE, RED, GREEN, GRAY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#767676",
)  # told apart by colour-blind readers too (Okabe, Ito, 2008)
DIVERGING = "RdBu_r"  # red above zero, blue below


def legend_above(ax, n_columns=3):
    """A legend that covers no data."""
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=n_columns, frameon=False, borderaxespad=0.2, fontsize=9
    )


def plain(ax):
    """Without the frame's upper and right line."""
    ax.spines[["top", "right"]].set_visible(False)


def spans_decades(values):
    """Whether a logarithmic axis shows more: all are positive, the largest 30 times the smallest."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    return values.size > 0 and values.min() > 0 and values.max() > 30 * values.min()
