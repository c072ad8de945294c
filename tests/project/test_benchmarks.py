"""The benchmark of performance: what it counts, and its page out of a file of results."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

FOLDER = Path(__file__).parents[2] / "examples" / "benchmarks"
WIDTHS = (4, 3, 5, 2)


@pytest.fixture(scope="module")
def modules():
    """Those of the benchmark, by the last word of their names."""
    names = "bound", "footprint", "page", "plan", "results", "tables", "worker"
    sys.path.insert(0, str(FOLDER))
    try:
        parts = {name: __import__(f"performance_{name}") for name in names}
        return SimpleNamespace(command=__import__("performance"), **parts)
    finally:
        sys.path.remove(str(FOLDER))


def test_products_are_those_of_backpropagation(modules):
    """Forward; then for each layer from the last dE/dW and dE/dx, of the first dE/dW alone."""
    products = modules.bound.products(WIDTHS, 7, "float32")
    shapes = [(left.shape, right.shape, out.shape) for left, right, out in products]
    forward = [((7, 4), (4, 3), (7, 3)), ((7, 3), (3, 5), (7, 5)), ((7, 5), (5, 2), (7, 2))]
    last = [((5, 7), (7, 2), (5, 2)), ((7, 2), (2, 5), (7, 5))]
    middle = [((3, 7), (7, 5), (3, 5)), ((7, 5), (5, 3), (7, 3))]
    assert shapes == [*forward, *last, *middle, ((4, 7), (7, 3), (4, 3))]
    for left, right, out in products:
        assert_allclose(np.dot(left, right, out=out), left @ right, rtol=1e-5, atol=1e-5)
    operations = sum(2 * left.shape[0] * left.shape[1] * right.shape[1] for left, right, _ in products)
    assert modules.bound.n_operations(WIDTHS, 7) == operations


def test_rows_fill_their_batches(modules):
    plan = modules.plan
    cases = [
        case
        for scale in (plan.Scale(), plan.QUICK)
        for group in plan.groups(scale)
        for case, _ in group.items
    ]
    assert [case for case in cases if case.n_rows % case.batch] == []
    X, y = replace(plan.NETWORKS[1], n_rows=300).data()
    assert X.dtype == np.float32
    assert np.bincount(y).tolist() == [100, 100, 100]


def test_slope_is_the_power(modules):
    sizes = pd.Index([16, 32, 64, 256], name="rows")
    curve = pd.DataFrame({"linear": 3e-4 * sizes, "cubic": 2e-9 * sizes**3, "constant": 0.5}, index=sizes)
    assert_allclose(modules.tables.slopes(curve), [1, 3, 0], atol=1e-12)


def test_a_fit_is_long_enough_and_its_setting_up_does_not_count(modules, monkeypatch):
    clock = SimpleNamespace(now=0.0)

    def fit(n_epochs):
        clock.now += 0.5 + 0.01 * n_epochs

    monkeypatch.setattr(modules.worker.time, "perf_counter", lambda: clock.now)
    measurement = modules.worker.epoch(SimpleNamespace(fit=fit), enough=0.3)
    ready = next(measurement)
    assert ready["first"] == pytest.approx(0.51)
    assert ready["n_epochs"] == 64  # 63 epochs are longer than the 0.51 s of the short fit
    assert next(measurement)["seconds"] == pytest.approx(0.01)


def test_installed_size_is_that_of_files(modules):
    alone = modules.footprint.installed_bytes(["numpy"])
    with_ours = modules.footprint.installed_bytes(["numpy", "skbackprop"])
    assert 5e6 < alone < 5e8
    assert 1e5 < with_ours - alone < 1e7


class Workers:
    """Those of the benchmark, without processes: one peer is not installed, one fails."""

    asked = []

    def __init__(self, n_threads, cache):
        pass

    def ask(self, peer, request=None):
        self.asked.append((peer, request is None))
        if peer == "JAX":
            return {"missing": "No module named 'jax'"}
        return {"failed": "ValueError"} if peer == "PyTorch" else {"seconds": 1.0}

    def close(self):
        pass


def measured(modules, monkeypatch, path, peers):
    """(peers in the order in which they measured, the run) of a group of two rounds."""
    monkeypatch.setattr(modules.command, "Workers", Workers)
    monkeypatch.setattr(Workers, "asked", [])
    group = modules.plan.Group("epoch", "epoch", [(modules.plan.NETWORKS[0], {})], peers, max_rounds=2)
    options = SimpleNamespace(results=path, rounds=5, peers=peers)
    run = modules.command.Run(options, path.parent)
    run.measure(group)
    return [peer for peer, is_round in Workers.asked if is_round], run


def test_a_run_goes_on_where_it_stopped(modules, monkeypatch, tmp_path, capsys):
    path = tmp_path / "results.jsonl"
    assert measured(modules, monkeypatch, path, ["a", "b"])[0] == ["a", "b", "a", "b"]
    assert measured(modules, monkeypatch, path, ["a", "b"])[0] == []
    *kept, _ = path.read_text().splitlines(keepends=True)
    path.write_text("".join(kept))
    assert measured(modules, monkeypatch, path, ["a", "b"])[0] == ["a", "b"]  # the last round, whole
    assert measured(modules, monkeypatch, path, ["a", "c", "b"])[0] == ["a", "c", "b"] * 2
    asked, run = measured(modules, monkeypatch, path, ["a", "JAX", "PyTorch"])
    assert asked == []
    assert run.missing == {"JAX"}
    assert run.n_failed == 1
    assert "JAX is left out: No module named 'jax'" in capsys.readouterr().out


def lines_of(modules, group, seconds_of):
    """A line for each measurement of a group of two rounds, the second twice as slow for every peer."""
    for case, settings in group.items:
        cell = modules.results.cell_of(group, case, settings)
        for number in range(2):
            for peer in group.peers:
                seconds = seconds_of(peer) * (1 + number)
                found = {"seconds": seconds, "first": 1.0, "start_up": 0.5, "n_epochs": 7, "score": 0.9}
                about = {"package": "numpy", "version": "2.0", "bytes": 1e8 + case.n_rows}
                yield {**cell, "peer": peer, "round": number, **found, **about}


@pytest.fixture
def lines(modules):
    plan = modules.plan
    known = {plan.SKLEARN: 8e-3, "skbackprop numpy": 2e-3, plan.PRODUCTS: 1e-3, "torch.compile, step": 4e-3}
    made = [
        line
        for group in plan.groups(plan.QUICK)
        for line in lines_of(modules, group, lambda peer: known.get(peer, 16e-3))
    ]
    footprint = [
        {"table": "footprint", "peer": peer, "round": number, name: value}
        for peer in ("NumPy", plan.SKLEARN)
        for number, name, value in ((0, "seconds", 0.3), (1, "seconds", 0.2), ("installed", "bytes", 5e7))
    ]
    return made + footprint


def row(text, heading, peer):
    """The cells of a peer in the table below a heading."""
    section = text.split(f"## {heading}")[1].split("\n## ")[0]
    return re.search(rf"^\| {re.escape(peer)} \| (.+) \|$", section, re.MULTILINE)[1].split(" | ")


def test_page_of_results(modules, lines, tmp_path):
    lines += [{**lines[0], "seconds": lines[0]["seconds"]}]  # one measured again counts once
    text = modules.page.page(json.loads(json.dumps(lines)), tmp_path / "_static")
    epoch = "An epoch, float32, one thread"
    assert row(text, epoch, "scikit-learn MLP") == ["12 ms, 12%"]
    assert row(text, epoch, "skbackprop numpy") == ["3 ms, 4.0x, 50%"]
    assert row(text, epoch, "torch.compile") == ["6 ms, 2.0x, 25%"]  # the faster of two ways
    assert row(text, epoch, "linear, SGD") == ["24 ms, 0.5x"]
    assert row(text, epoch, "matrix products") == ["1.5 ms"]
    assert row(text, "To the same validation loss", "skbackprop numpy") == ["3 ms, 4.0x", "7", "500 ms"]
    assert row(text, "A grid search", "skbackprop numpy") == ["3 ms, 4.0x", "0.900"]
    assert row(text, "Memory", "PyTorch") == ["100 MB", "0.019 MB"]
    assert row(text, "Import and installation", "NumPy") == ["200 ms", "50 MB"]
    assert row(text, "How cost grows", "skbackprop numpy") == ["0.00", "0.00"]
    pictures = re.findall(r"\]\((_static/\S+\.svg)\)", text)
    assert len(pictures) == 3
    assert all("<svg" in (tmp_path / picture).read_text() for picture in pictures)


def test_the_same_results_draw_the_same_pictures(modules, lines, tmp_path):
    pages = [modules.page.page(lines, tmp_path / name) for name in ("once", "again")]
    assert pages[0] == pages[1]
    for picture in (tmp_path / "once").iterdir():
        assert picture.read_bytes() == (tmp_path / "again" / picture.name).read_bytes()


def test_a_page_of_a_part_of_the_tables(modules, lines, tmp_path):
    text = modules.page.page([line for line in lines if line["table"] == "calls"], tmp_path)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Predictions and single steps"]
    assert list(tmp_path.iterdir()) == []
