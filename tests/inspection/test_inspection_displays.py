"""Pictures of networks: what is drawn is what the network has."""

import sys
from copy import deepcopy

import matplotlib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_wine
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularBackpropClassifier,
    TabularBackpropRegressor,
)
from skbackprop.inspection import (
    AttributionDisplay,
    DeltaFlowDisplay,
    DeltaRecorder,
    GradientCheckDisplay,
    NetworkDisplay,
    TrainingCurveDisplay,
    WeightHistogramDisplay,
    check_gradients,
    integrated_gradients,
    trace,
)
from skbackprop.layers import BatchNorm, Concatenate, Dense, Dropout, Frozen, Residual
from skbackprop.optimizers import SGD

matplotlib.use("agg")
from matplotlib import pyplot
from matplotlib.colors import to_hex

# one list of settings for all kinds; where a parameter must be said to have no effect, tests ask for it
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:.* has no effect",
)

HAS_CALLBACKS = parse_version(sklearn.__version__) >= parse_version("1.9")
with_callbacks = pytest.mark.skipif(not HAS_CALLBACKS, reason="callbacks came with scikit-learn 1.9")

X, Y = load_diabetes(as_frame=True, return_X_y=True)
WINE, KINDS = load_wine(as_frame=True, return_X_y=True)
WINE = (WINE - WINE.mean()) / WINE.std()
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 12, "learning_rate_init": 0.01, "random_state": 0}


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def drawn(ax, label):
    """x and y of the line with this label."""
    (line,) = [line for line in ax.lines if line.get_label() == label]
    return line.get_xydata().T


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


class TestTrainingCurves:
    @pytest.mark.parametrize("best_epoch", ["first", "last"])
    def test_curves_and_the_best_epoch(self, best_epoch):
        net = BackpropClassifier(**SMALL, early_stopping=True, best_epoch=best_epoch).fit(WINE, KINDS)
        display = TrainingCurveDisplay.from_estimator(net)
        loss, score = display.axes_
        epochs = np.arange(1, net.n_iter_ + 1)
        assert_array_equal(drawn(loss, "training"), [epochs, net.loss_curve_])
        assert_array_equal(drawn(loss, "validation"), [epochs, net.validation_loss_curve_])
        assert_array_equal(drawn(score, "training"), [epochs, net.training_scores_])
        assert_array_equal(drawn(score, "validation"), [epochs, net.validation_scores_])
        scores = np.array(net.validation_scores_)
        at_best = np.flatnonzero(scores == scores.max())
        best = 1 + (at_best[0] if best_epoch == "first" else at_best[-1])
        assert display.best_epoch == best
        assert_array_equal(drawn(score, f"best epoch: {best}"), [[best], [scores.max()]])
        assert_array_equal(
            drawn(loss, f"best epoch: {best}"), [[best], [net.validation_loss_curve_[best - 1]]]
        )
        assert (loss.get_ylabel(), score.get_ylabel()) == ("loss: multinomial log loss", "accuracy")
        assert loss.get_xlabel() == score.get_xlabel() == "epoch"
        assert display.ax_ is loss
        assert display.figure_ is loss.figure

    def test_the_weights_of_the_best_epoch_are_those_that_are_kept(self):
        settings = {**SMALL, "scoring": "loss", "early_stopping": True, "n_iter_no_change": 3}
        settings |= {"learning_rate_init": 0.1, "max_iter": 40}
        net = BackpropRegressor(**settings, target_scaling="standard").fit(X, Y)
        best = TrainingCurveDisplay.from_estimator(net).best_epoch
        assert best == 1 + np.argmin(net.validation_loss_curve_) < net.n_iter_
        short = BackpropRegressor(**settings | {"max_iter": best}, target_scaling="standard").fit(X, Y)
        assert_array_equal(short.predict(X), net.predict(X))

    def test_without_a_validation_part_there_is_one_panel(self):
        net = BackpropRegressor(**SMALL).fit(X, Y)
        display = TrainingCurveDisplay.from_estimator(net)
        assert len(display.axes_) == 1
        assert labels(display.ax_) == ["training"]
        assert display.best_epoch is None

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_a_validation_part_that_stops_nothing(self, solver):
        net = BackpropRegressor(**SMALL, solver=solver, validation=3, scoring="neg_mean_absolute_error")
        display = TrainingCurveDisplay.from_estimator(net.fit(X, Y))
        assert display.best_epoch == 1 + np.argmax(net.validation_scores_)
        assert display.axes_[1].get_ylabel() == "neg_mean_absolute_error"

    def test_curves_that_began_later(self):
        net = BackpropRegressor(**SMALL, warm_start=True).fit(X, Y)
        net.fit(X[:300], Y[:300], X_val=X[300:], y_val=Y[300:])
        display = TrainingCurveDisplay.from_estimator(net)
        assert_array_equal(drawn(display.ax_, "validation"), [np.arange(13, 25), net.validation_loss_curve_])
        assert display.best_epoch == 13 + np.argmax(net.validation_scores_)

    def test_streams(self):
        """Scores of different rows have no best epoch; what came after the stop is measured only."""
        net = BackpropRegressor(**SMALL, early_stopping=True, n_iter_no_change=2)
        for _ in range(4):
            for start in range(0, 440, 40):
                net.partial_fit(X[start : start + 40], Y[start : start + 40])
        display = TrainingCurveDisplay.from_estimator(net)
        assert net.stopped_
        assert len(net.validation_scores_) > len(net.loss_curve_)
        assert_array_equal(drawn(display.ax_, "training")[0], 1 + np.arange(len(net.loss_curve_)))
        assert_array_equal(drawn(display.axes_[1], "validation")[0], 1 + np.arange(44))
        assert display.best_epoch is None

    def test_members(self):
        net = TabularBackpropRegressor(max_iter=8, n_estimators=3, random_state=0).fit(X, Y)
        display = TrainingCurveDisplay.from_estimator(net)
        (ax,) = display.axes_
        *curves, best = ax.lines
        n_networks = net.loss_curves_.shape[1]
        assert_array_equal(np.transpose([line.get_ydata() for line in curves[:n_networks]]), net.loss_curves_)
        validation = np.transpose([line.get_ydata() for line in curves[n_networks:]])
        assert_array_equal(validation, net.validation_curves_)
        assert_array_equal(best.get_xdata(), 1 + net.best_epochs_)
        assert_allclose(best.get_ydata(), net.validation_losses_)
        assert labels(ax) == ["training", "validation", "best epoch of each member"]

    def test_members_that_measure_another_thing_than_the_loss(self):
        net = TabularBackpropClassifier(max_iter=6, n_estimators=3, random_state=0).fit(WINE, KINDS)
        loss, score = TrainingCurveDisplay.from_estimator(net).axes_
        assert labels(loss) == ["training"]
        assert score.get_ylabel() == "error rate"
        assert_allclose(score.lines[-1].get_ydata(), net.validation_losses_)

    def test_members_that_hold_nothing_out(self):
        net = TabularBackpropRegressor(max_iter=3, validation_fraction=0, random_state=0).fit(X, Y)
        display = TrainingCurveDisplay.from_estimator(net)
        assert len(display.axes_) == 1
        assert labels(display.ax_) == ["training"]

    def test_a_loss_over_decades_has_a_logarithmic_axis(self):
        assert TrainingCurveDisplay([100.0, 10.0, 1.0]).plot().ax_.get_yscale() == "log"
        assert TrainingCurveDisplay([3.0, 2.0, 1.0]).plot().ax_.get_yscale() == "linear"
        assert TrainingCurveDisplay([3.0, 2.0, -1.0]).plot().ax_.get_yscale() == "linear"


class TestAxes:
    """Where a display draws."""

    CURVES = {"training_loss": [2.0, 1.0], "validation_score": [0.1, 0.2]}

    def test_given_ones(self):
        figure, axes = pyplot.subplots(1, 2)
        display = TrainingCurveDisplay(**self.CURVES).plot(axes)
        assert_array_equal(display.axes_, axes)
        assert display.figure_ is figure

    def test_one_that_is_divided(self):
        figure, (_, right) = pyplot.subplots(1, 2)
        display = TrainingCurveDisplay(**self.CURVES).plot(right)
        assert len(display.axes_) == 2
        assert {ax.figure for ax in display.axes_} == {figure}
        box = right.get_position()
        assert all(ax.get_position().x0 >= box.x0 - 1e-9 for ax in display.axes_)
        assert not right.axison

    def test_too_few(self):
        _, axes = pyplot.subplots(1, 3)
        with pytest.raises(ValueError, match="ax has 3 Axes for 2 panels"):
            TrainingCurveDisplay(**self.CURVES).plot(axes)

    def test_the_last_row_has_no_empty_panels(self):
        display = WeightHistogramDisplay({name: [1.0, 2.0] for name in "abcd"}).plot()
        assert len(display.axes_) == len(display.figure_.axes) == 4


def ends(edges):
    """The value of each line by its two ends."""
    return {
        tuple(map(tuple, segment)): value for segment, value in zip(edges.get_segments(), edges.get_array())
    }


class TestNetwork:
    def test_every_weight_and_bias_is_a_line(self):
        net = BackpropClassifier(**SMALL | {"hidden_layer_sizes": (5, 4)}).fit(WINE, KINDS)
        display = NetworkDisplay.from_estimator(net)
        for k, edges in enumerate(display.edges_):
            weight, bias = net.coefs_[k], net.intercepts_[k]
            n_in, n_out = weight.shape
            lines = ends(edges)
            assert len(lines) == weight.size + bias.size
            for i in range(n_in):
                for j in range(n_out):
                    line = (k, (n_in - 1) / 2 - i), (k + 1, (n_out - 1) / 2 - j)
                    assert lines[line] == weight[i, j]
            for j in range(n_out):
                assert lines[(k, (n_in + 1) / 2), (k + 1, (n_out - 1) / 2 - j)] == bias[j]
            assert (np.diff(np.abs(edges.get_array())) >= 0).all()  # large ones lie on top
            assert (np.diff(edges.get_linewidths()) >= 0).all()
        texts = {text.get_text() for text in display.ax_.texts}
        assert {"alcohol", "proline", "0", "2", "input\n13 nodes", "layer 1\n5 nodes\nrelu"} <= texts
        assert "output\n3 nodes\nsoftmax" in texts

    def test_colors(self):
        """Of one scale for all layers, red above zero and blue below."""
        display = NetworkDisplay([[[1.0], [-1.0]], [[4.0]]]).plot()
        first, second = display.edges_
        assert first.norm(0.0) == second.norm(0.0) == 0.5
        assert first.norm.vmax == second.norm.vmax == 4.0
        display.figure_.canvas.draw()
        (red, _, blue, _), (positive, *_) = second.cmap(0.9), first.cmap(0.9)
        assert red > 0.5 > blue
        assert positive == red

    def test_wide_layers_are_cut(self):
        net = BackpropRegressor(**SMALL | {"hidden_layer_sizes": (40,)}).fit(X, Y)
        display = NetworkDisplay.from_estimator(net, max_nodes=6)
        shown = [0, 1, 2, 37, 38, 39]
        assert_array_equal(
            np.sort(display.edges_[1].get_array()),
            np.sort([*net.coefs_[1][shown].ravel(), *net.intercepts_[1]]),
        )
        assert sum(text.get_text() == "⋮" for text in display.ax_.texts) == 2
        assert {"3", "38"} <= {text.get_text() for text in display.ax_.texts}
        with pytest.raises(ValueError, match="max_nodes=1 must be at least 2"):
            display.plot(max_nodes=1)

    def test_layers_without_weights_are_named(self):
        layers = [Dense(4, "tanh"), Dropout(0.1), Frozen(Dense(3)), BatchNorm()]
        net = BackpropRegressor(**SMALL | {"hidden_layer_sizes": layers}).fit(X, Y)
        display = NetworkDisplay.from_estimator(net)
        texts = {text.get_text() for text in display.ax_.texts}
        assert {"layer 1\n4 nodes\ntanh\nDropout", "layer 2\n3 nodes\nrelu\nBatchNorm"} <= texts
        assert len(display.edges_) == 3

    @pytest.mark.parametrize(
        "layers, name",
        [
            ([Dense(4), Residual(Dense(4))], "Residual"),
            ([Concatenate([Dense(2), Dense(3)])], "Concatenate"),
        ],
    )
    def test_layers_that_do_not_follow_one_another(self, layers, name):
        net = BackpropRegressor(**SMALL | {"hidden_layer_sizes": layers}).fit(X, Y)
        with pytest.raises(ValueError, match=f"form a chain, and {name}"):
            NetworkDisplay.from_estimator(net)

    def test_gradients(self):
        """Those of the sum of the rows' losses, for the wines as they come."""
        raw, kinds = load_wine(as_frame=True, return_X_y=True)
        model = make_pipeline(StandardScaler(), BackpropClassifier(**SMALL, alpha=0.0)).fit(raw, kinds)
        display = NetworkDisplay.from_estimator(model, raw, kinds, values="gradient")
        before, after = deepcopy(model[-1]), deepcopy(model[-1])
        after.set_params(solver=SGD(1.0, momentum=0.0), batch_size=178, shuffle=False)
        after.partial_fit(model[:-1].transform(raw), kinds)
        for k in range(2):
            step = before.coefs_[k] - after.coefs_[k]  # the gradient of the mean
            assert_allclose(display.weights[k], 178 * step, atol=1e-9)
            assert_allclose(
                display.biases[k], 178 * (before.intercepts_[k] - after.intercepts_[k]), atol=1e-9
            )
            assert_array_equal(
                np.sort(display.edges_[k].get_array()),
                np.sort([*display.weights[k].ravel(), *display.biases[k]]),
            )
        assert display.figure_.axes[1].get_ylabel() == "gradient dE/dw"
        assert "alcohol" in {text.get_text() for text in display.ax_.texts}  # the names before the scaler

    def test_bad_input(self):
        net = BackpropRegressor(**SMALL).fit(X, Y)
        with pytest.raises(ValueError, match="values='gradient' needs the rows"):
            NetworkDisplay.from_estimator(net, values="gradient")
        with pytest.raises(ValueError, match="values='delta' must be 'weight' or 'gradient'"):
            NetworkDisplay.from_estimator(net, values="delta")
        members = TabularBackpropRegressor(max_iter=1, n_estimators=2, random_state=0).fit(X, Y)
        with pytest.raises(ValueError, match="form a chain, and Ensemble"):
            NetworkDisplay.from_estimator(members)

    def test_without_a_scale_of_colors(self):
        display = NetworkDisplay([np.ones((2, 1))]).plot(colorbar=False)
        assert display.figure_.axes == [display.ax_]
        assert len(NetworkDisplay([np.ones((2, 1))]).plot().figure_.axes) == 2

    def test_of_zeros(self):
        NetworkDisplay([np.zeros((2, 1))]).plot().figure_.canvas.draw()


class TestWeights:
    def test_counts(self):
        net = BackpropRegressor(**SMALL | {"hidden_layer_sizes": (30, Dropout(0.1), 20)}).fit(X, Y)
        display = WeightHistogramDisplay.from_estimator(net, bins=12)
        assert list(display.weights) == ["layers[0] Dense", "layers[2] Dense", "layers[3] Dense"]
        largest = max(np.abs(weight).max() for weight in net.coefs_)
        for ax, weight in zip(display.axes_, net.coefs_):
            counts, _ = np.histogram(weight, np.linspace(-largest, largest, 13))
            assert_array_equal([bar.get_height() for bar in ax.patches], counts)
            assert counts.sum() == weight.size
            assert f"{weight.size} weights" in ax.get_title(loc="left")

    def test_members_are_taken_together(self):
        net = TabularBackpropRegressor(max_iter=2, n_estimators=3, random_state=0).fit(X, Y)
        display = WeightHistogramDisplay.from_estimator(net)
        last = list(display.weights.values())[-1]
        assert last.size == sum(network.params.layer.layers[-1].weight.size for network in net.networks_)


class TestGradientCheck:
    def test_points(self):
        net = BackpropClassifier(**SMALL, activation="tanh").fit(WINE, KINDS)
        report = check_gradients(net, WINE, KINDS, random_state=0)
        display = GradientCheckDisplay.from_estimator(net, WINE, KINDS, random_state=0)
        checks = report.checks
        assert list(display.slopes_) == ["right"]
        assert_allclose(display.slopes_["right"].get_offsets(), checks[["differences", "backprop"]])
        errors, places = np.transpose(display.errors_["right"].get_offsets())
        assert_allclose(errors, np.maximum(checks["error"], 1e-16))
        names = [text.get_text().split()[0] for text in display.axes_[1].get_yticklabels()]
        assert names == ["loss", "layers[0]", "layers[1]"]
        assert [names[k] for k in np.rint(places).astype(int)] == list(checks["layer"])
        assert display.axes_[1].lines[0].get_xdata()[0] == report.tolerance
        assert labels(display.ax_) == [f"right: {len(checks)}"]

    def test_verdicts(self):
        report = deepcopy(check_gradients(BackpropRegressor(**SMALL).fit(X, Y), X, Y, random_state=0))
        report.checks.loc[3, ["verdict", "error"]] = "wrong", 0.5
        report.checks.loc[5, "verdict"] = "kink"
        report.checks.loc[6, "error"] = 0.0
        display = GradientCheckDisplay(report).plot()
        n_checks = len(report.checks)
        assert labels(display.ax_) == [f"right: {n_checks - 2}", "kink: 1", "wrong: 1"]
        wrong = report.checks.loc[3]
        assert_allclose(display.slopes_["wrong"].get_offsets(), [[wrong.differences, wrong.backprop]])
        assert display.errors_["wrong"].get_offsets()[0, 0] == 0.5
        assert display.errors_["right"].get_offsets()[:, 0].min() == 1e-16
        colors = {to_hex(points.get_facecolor()[0]) for points in display.slopes_.values()}
        assert len(colors) == 3

    def test_settings_are_those_of_the_check(self):
        net = BackpropRegressor(**SMALL).fit(X, Y)
        display = GradientCheckDisplay.from_estimator(net, X, Y, n_coordinates=3, tolerance=1e-5)
        assert display.report.tolerance == 1e-5
        assert "1e-05" in labels(display.axes_[1])[0]


@with_callbacks
class TestDeltaFlow:
    @pytest.mark.parametrize(
        "settings", [{}, {"solver": "lbfgs"}, {"early_stopping": True}, {"average": "ema"}], ids=str
    )
    def test_the_deltas_of_every_epoch(self, settings):
        """Those of `trace` before the first epoch and after the last one, with the weights of training."""
        recorder = DeltaRecorder(max_samples=1000)
        net = BackpropRegressor(**SMALL, target_scaling="standard", **settings)
        net.set_callbacks(recorder).fit(X, Y)
        assert_array_equal(recorder.deltas_.index, range(net.n_iter_ + 1))
        assert list(recorder.deltas_) == ["layers[0] Dense", "layers[1] Dense"]
        last = deepcopy(net)
        # the weights of training, not of the best epoch or the average
        np.copyto(last.network_.theta, last.run_.theta)
        short = BackpropRegressor(**SMALL | {"max_iter": 2}, target_scaling="standard", **settings).fit(X, Y)
        np.copyto(short.network_.theta, short.run_.theta)
        for epoch, fitted in ((net.n_iter_, last), (2, short)):
            sizes = [np.sqrt(np.mean(np.sum(layer.delta**2, axis=1))) for layer in trace(fitted, X, Y).layers]
            assert_allclose(recorder.deltas_.loc[epoch], sizes)
        assert not np.allclose(recorder.deltas_.loc[0], recorder.deltas_.loc[1])

    def test_first_weights(self):
        """An epoch of steps of length 0 changes nothing."""
        recorder = DeltaRecorder()
        settings = SMALL | {"max_iter": 1, "learning_rate_init": 1e-300}
        net = BackpropClassifier(**settings).set_callbacks(recorder).fit(WINE, KINDS)
        assert_array_equal(recorder.deltas_.loc[0], recorder.deltas_.loc[1])
        assert len(trace(net, WINE, KINDS).layers) == recorder.deltas_.shape[1]

    def test_training_is_as_without_it(self):
        settings = SMALL | {"hidden_layer_sizes": [6, Dropout(0.3), BatchNorm()]}
        net = BackpropRegressor(**settings).set_callbacks(DeltaRecorder()).fit(X, Y)
        assert_array_equal(net.network_.theta, BackpropRegressor(**settings).fit(X, Y).network_.theta)

    def test_a_clone_is_fitted_and_drawn(self):
        net = BackpropRegressor(**SMALL)
        display = DeltaFlowDisplay.from_estimator(net, X, Y, max_samples=50)
        assert not hasattr(net, "network_")
        recorder = DeltaRecorder(50)
        clone(net).set_callbacks(recorder).fit(X, Y)
        pd.testing.assert_frame_equal(display.deltas, recorder.deltas_)
        for line, (name, sizes) in zip(display.lines_, recorder.deltas_.items()):
            assert_array_equal(line.get_xydata().T, [np.arange(13), sizes])
            assert line.get_label() == name
        assert labels(display.ax_) == list(recorder.deltas_)
        assert (display.ax_.get_xlabel(), display.ax_.get_yscale()) == ("epoch", "log")

    def test_inside_others(self):
        scaled = TransformedTargetRegressor(BackpropRegressor(**SMALL), transformer=StandardScaler())
        display = DeltaFlowDisplay.from_estimator(make_pipeline(StandardScaler(), scaled), X, Y)
        plain = DeltaFlowDisplay.from_estimator(
            BackpropRegressor(**SMALL), StandardScaler().fit_transform(X), (Y - Y.mean()) / Y.std(ddof=0)
        )
        assert_allclose(display.deltas, plain.deltas)

    @pytest.mark.parametrize("kind", [np.asarray, csr_matrix, pl.from_pandas])
    def test_rows_of_other_kinds(self, kind):
        expected = DeltaFlowDisplay.from_estimator(BackpropRegressor(**SMALL), X, Y, max_samples=20).deltas
        rows = X.to_numpy() if kind is csr_matrix else X
        display = DeltaFlowDisplay.from_estimator(BackpropRegressor(**SMALL), kind(rows), Y, max_samples=20)
        assert_allclose(display.deltas, expected)

    def test_rows_that_are_skipped(self):
        """Of 442 rows 5 have no NaN: those are looked at, though few of the others are drawn."""
        holes = X.mask(np.broadcast_to(np.arange(len(X))[:, None] % 100 > 0, X.shape))
        net = BackpropRegressor(**SMALL, missing="skip")
        display = DeltaFlowDisplay.from_estimator(net, holes, Y, max_samples=7)
        expected = DeltaFlowDisplay.from_estimator(BackpropRegressor(**SMALL), X[::100], Y[::100])
        assert_allclose(display.deltas, expected.deltas)

    def test_deltas_of_zero(self):
        assert DeltaFlowDisplay(pd.DataFrame({"a": [0.0, 1.0]})).plot().ax_.get_yscale() == "linear"

    def test_more_arguments_of_fit(self):
        net = BackpropRegressor(**SMALL)
        weight = np.linspace(0, 1, len(Y))
        display = DeltaFlowDisplay.from_estimator(net, X, Y, fit_params={"sample_weight": weight})
        assert not np.allclose(display.deltas, DeltaFlowDisplay.from_estimator(net, X, Y).deltas)

    def test_bad_input(self):
        with pytest.raises(TypeError, match=r"estimator=Ridge\(\) is not a BackpropRegressor"):
            DeltaFlowDisplay.from_estimator(Ridge(), X, Y)
        with pytest.raises(ValueError, match="max_samples=0 must be at least 1"):
            DeltaFlowDisplay.from_estimator(BackpropRegressor(**SMALL), X, Y, max_samples=0)


class TestAttributions:
    def test_of_an_estimator(self):
        net = BackpropClassifier(**SMALL).fit(WINE, KINDS)
        display = AttributionDisplay.from_estimator(net, WINE, max_features=20)
        importance = integrated_gradients(net, WINE).importance()
        names = [text.get_text() for text in display.ax_.get_yticklabels()]
        assert names == list(importance.index)
        widths = np.transpose([[bar.get_width() for bar in bars] for bars in display.bars_])
        assert_allclose(widths, importance)
        assert [ax.get_title() for ax in display.axes_] == ["output 0", "output 1", "output 2"]

    def test_of_one_row_and_a_baseline(self):
        net = BackpropRegressor(**SMALL).fit(X, Y)
        display = AttributionDisplay.from_estimator(net, X[:1], baseline=X[5:6])
        (bars,) = display.bars_
        total = sum(bar.get_width() for bar in bars)
        assert_allclose(total, np.subtract(*net.predict(X.iloc[[0, 5]])), rtol=1e-2)
        assert display.ax_.get_title() == ""

    TABLE = pd.DataFrame({"a": [1.0, -3.0], "b": [0.5, 0.5], "c": [-4.0, -4.0]})

    def test_of_several_rows(self):
        display = AttributionDisplay(self.TABLE).plot()
        (bars,) = display.bars_
        assert [bar.get_width() for bar in bars] == [4.0, 2.0, 0.5]
        assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["c", "a", "b"]
        assert display.ax_.get_xlabel() == "mean |attribution|"
        low, high = display.ax_.get_ylim()
        assert low > high  # the first bar is above

    @pytest.mark.parametrize("row", [TABLE[1:], TABLE.iloc[1], TABLE.iloc[1].to_numpy()], ids=type)
    def test_of_one_row(self, row):
        display = AttributionDisplay(row, feature_names=["a", "b", "c"], value_name="share").plot()
        (bars,) = display.bars_
        assert [bar.get_width() for bar in bars] == [-4.0, -3.0, 0.5]
        colors = [to_hex(bar.get_facecolor()) for bar in bars]
        assert colors[0] == colors[1] != colors[2]
        assert display.ax_.get_xlabel() == "share"

    def test_several_outputs_have_one_order(self):
        """That of the sum over the outputs: c has 4 + 0, a has 2 + 3, b has 0.5 + 1."""
        other = pd.DataFrame({"a": [3.0, 3.0], "b": [1.0, 1.0], "c": [0.0, 0.0]})
        display = AttributionDisplay(pd.concat({"yes": self.TABLE, "no": other}, axis=1)).plot()
        assert [ax.get_title() for ax in display.axes_] == ["output yes", "output no"]
        assert len({ax.get_xlim() for ax in display.axes_}) == 1
        assert [[bar.get_width() for bar in bars] for bars in display.bars_] == [[2, 4, 0.5], [3, 0, 1]]
        assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["a", "c", "b"]
        stacked = np.stack([self.TABLE, other], axis=2)
        again = AttributionDisplay(stacked).plot()
        assert [[bar.get_width() for bar in bars] for bars in again.bars_] == [[2, 4, 0.5], [3, 0, 1]]

    def test_many_features(self):
        values = np.arange(1.0, 31.0) * [[1], [-1]]
        display = AttributionDisplay(values).plot(max_features=4)
        (bars,) = display.bars_
        assert [bar.get_width() for bar in bars] == [30, 29, 28, sum(range(28))]
        names = [text.get_text() for text in display.ax_.get_yticklabels()]
        assert names == ["x30", "x29", "x28", "27 others, together"]

    def test_bad_input(self):
        with pytest.raises(ValueError, match=r"attributions has shape \(1, 1, 1, 1\)"):
            AttributionDisplay(np.zeros((1, 1, 1, 1))).plot()
        with pytest.raises(ValueError, match="feature_names has 2 names for 3 features"):
            AttributionDisplay(self.TABLE, feature_names=["a", "b"]).plot()
        with pytest.raises(ValueError, match="max_features=0 must be at least 1"):
            AttributionDisplay(self.TABLE).plot(max_features=0)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda net: make_pipeline(StandardScaler(), net),
        lambda net: TransformedTargetRegressor(net, transformer=StandardScaler()),
        lambda net: GridSearchCV(make_pipeline(StandardScaler(), net), {"backpropregressor__alpha": [0.1]}),
    ],
    ids=["pipeline", "target", "search"],
)
@pytest.mark.parametrize("kind", [TrainingCurveDisplay, NetworkDisplay, WeightHistogramDisplay])
def test_the_network_is_found_inside(kind, wrap):
    assert kind.from_estimator(wrap(BackpropRegressor(**SMALL)).fit(X, Y)).figure_.axes


@pytest.mark.parametrize("kind", [TrainingCurveDisplay, NetworkDisplay, WeightHistogramDisplay])
def test_what_is_no_network(kind):
    with pytest.raises(TypeError, match=r"estimator=Ridge\(\)"):
        kind.from_estimator(Ridge().fit(X, Y))
    with pytest.raises(sklearn.exceptions.NotFittedError):
        kind.from_estimator(BackpropRegressor())


@pytest.mark.parametrize(
    "display",
    [
        TrainingCurveDisplay([1.0]),
        NetworkDisplay([[[1.0]]]),
        WeightHistogramDisplay({"a": [1.0]}),
        AttributionDisplay([1.0]),
        DeltaFlowDisplay(pd.DataFrame({"a": [1.0]})),
        GradientCheckDisplay(check_gradients(BackpropRegressor(**SMALL).partial_fit(X, Y), X, Y, n_rows=5)),
    ],
    ids=type,
)
def test_without_matplotlib(display, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(ImportError, match=r"skbackprop\[plot\]"):
        display.plot()


@pytest.mark.parametrize("kind", [AttributionDisplay, DeltaFlowDisplay, GradientCheckDisplay, NetworkDisplay])
def test_without_matplotlib_nothing_is_computed(kind, monkeypatch):
    """The estimator is not even looked at."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(ImportError, match=r"skbackprop\[plot\]"):
        kind.from_estimator(None, X, *([] if kind is AttributionDisplay else [Y]))


@pytest.mark.skipif(HAS_CALLBACKS, reason="for older versions of scikit-learn")
def test_an_older_scikit_learn_is_named():
    with pytest.raises(ImportError, match=r"need scikit-learn >= 1\.9"):
        DeltaFlowDisplay.from_estimator(BackpropRegressor(**SMALL), X, Y)
