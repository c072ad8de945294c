"""Plots for the page of `performance.py`."""

import matplotlib
import numpy as np
from matplotlib import pyplot
from performance_tables import PEERS

COLOURS = {peer: f"C{number}" for number, peer in enumerate(PEERS[2:])}
SETTINGS = {"svg.hashsalt": "performance", "svg.fonttype": "none", "font.size": 9}


def save(figure, folder, name):
    """Write a plot and return its file name; the same plot always gives the same file."""
    folder.mkdir(exist_ok=True)
    figure.savefig(folder / name, metadata={"Date": None}, facecolor="white")
    pyplot.close(figure)
    return name


@matplotlib.rc_context(SETTINGS)
def draw_speedups(found, folder):
    """How many times as fast as the MLP, with a group of bars for each network."""
    peers = [peer for peer in PEERS if peer in found]
    figure, ax = pyplot.subplots(figsize=(9, 3.4), layout="constrained")
    width = 0.8 / len(peers)
    for number, peer in enumerate(peers):
        places = np.arange(len(found)) + (number - (len(peers) - 1) / 2) * width
        ax.bar(places, found[peer], width, color=COLOURS[peer], label=peer)
    ax.axhline(1, color="black", linewidth=0.8)
    ax.set(yscale="log", ylabel="times faster than scikit-learn's MLP")
    ax.set_xticks(np.arange(len(found)), found.index, fontsize="small")
    ax.yaxis.set_major_formatter("{x:g}x")
    ax.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside right upper", frameon=False)
    return save(figure, folder, "performance_epoch.svg")


@matplotlib.rc_context(SETTINGS)
def draw_growth(curve, folder):
    """The seconds of an epoch over one size."""
    what = curve.index.name
    figure, ax = pyplot.subplots(figsize=(6, 3.2), layout="constrained")
    for peer in [peer for peer in PEERS if peer in curve]:
        ax.plot(curve.index, curve[peer], "o-", markersize=3, color=COLOURS[peer], label=peer)
    ax.set(xscale="log", yscale="log", xlabel=what, ylabel="seconds of an epoch")
    ax.set_xticks(curve.index, [f"{size:,}" for size in curve.index])
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    figure.legend(loc="outside right upper", frameon=False)
    return save(figure, folder, f"performance_{what}.svg")
