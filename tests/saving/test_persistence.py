"""Files: what is written comes back, exactly; what is damaged or foreign is refused; nothing is executed."""

import pickle
import re
import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from shared.crossings import some_or_all
from shared.processes import in_another_process
from sklearn import config_context
from sklearn.base import clone

import skbackprop
from skbackprop import BackpropClassifier, BackpropRegressor, files, load
from skbackprop.layers import (
    PBLD,
    PLR,
    BatchNorm,
    Blocks,
    Dense,
    Dropout,
    Frozen,
    NTKDense,
    Parametric,
    Passthrough,
    Residual,
    Scale,
)
from skbackprop.losses import Huber, LogLoss
from skbackprop.optimizers import AdamW, Chain, ClipNorm, ScaleByAdam
from skbackprop.schedules import Cosine, Plateau, Scheduled, WarmUp
from skbackprop.states import decode, encode

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4))
Y = X[:, 0] + X[:, 1] * X[:, 2]
C = np.array(["low", "mid", "high"])[np.digitize(Y, [-0.5, 0.5])]
LABELS = np.column_stack([Y > 0, X[:, 3] > 0]).astype(int)
OUTPUTS = np.column_stack([C, np.where(Y > 0, "yes", "no")])
SMALL = {"hidden_layer_sizes": (5,), "max_iter": 6, "random_state": 0}

MODELS = {
    "regressor": (BackpropRegressor(**SMALL), Y),
    "classifier": (BackpropClassifier(**SMALL), C),
    "objects as labels": (BackpropClassifier(**SMALL), C.astype(object)),
    "two classes": (BackpropClassifier(**SMALL), Y > 0),
    "labels": (BackpropClassifier(**SMALL, class_weight=[{1: 2.0}, {0: 0.5}]), LABELS),
    "outputs": (BackpropClassifier(**SMALL), OUTPUTS),
    "quantiles": (BackpropRegressor("quantile", **SMALL, quantile=[0.1, 0.9]), Y),
    "scaled": (BackpropRegressor(**SMALL, target_scaling="standard", clamp=True), np.column_stack([Y, -Y])),
    "several losses": (BackpropRegressor(["huber", Huber(0.5)], **SMALL), np.column_stack([Y, -Y])),
    "impute": (BackpropRegressor(**SMALL, missing="impute"), Y),
    "skip": (BackpropRegressor(**SMALL, missing="skip"), Y),
    "lbfgs": (BackpropRegressor(**SMALL, solver="lbfgs"), Y),
    "calibrated": (
        BackpropClassifier(**SMALL, calibration="temperature", early_stopping=True, n_iter_no_change=np.inf),
        C,
    ),
    "everything": (
        BackpropRegressor(
            **SMALL | {"hidden_layer_sizes": [Dense(5, "gelu", max_norm=1.0), Dropout(0.2), BatchNorm(), 4]},
            solver=Chain([ClipNorm(1.0), ScaleByAdam()], 0.01),
            learning_rate=WarmUp(0.1, Cosine()),
            early_stopping=True,
            average="ema",
            warm_start=True,
            schedule_epochs=20,
            output_layer=Dense(1, weight_decay=0.5),
        ),
        Y,
    ),
    "table": (
        BackpropClassifier(
            **SMALL
            | {
                "hidden_layer_sizes": [
                    Blocks([PBLD(3), PLR(2), Passthrough()], [1, 1, X.shape[1] - 2]),
                    Scale(),
                    NTKDense(4, "identity", "data_driven"),
                    Parametric("mish"),
                    Dropout(Scheduled(0.2, "flat_cos")),
                ]
            },
            loss=LogLoss(Scheduled(0.1, "coslog4")),
            solver=AdamW(0.01, weight_decay=Scheduled(0.1, "cosine")),
        ),
        C,
    ),
    "plateau": (
        BackpropClassifier(
            **SMALL | {"hidden_layer_sizes": Residual(Frozen(Dense(4)))},
            solver=AdamW(0.01),
            learning_rate=Plateau(),
            class_weight={"low": 2.0},
        ),
        C,
    ),
}


@pytest.mark.parametrize("net, y", MODELS.values(), ids=MODELS)
def test_a_loaded_model_is_the_same_and_goes_on_in_the_same_way(net, y, tmp_path):
    net = clone(net).fit(X, y)
    assert net.save(tmp_path / "net.skb") is net
    again = load(tmp_path / "net.skb")
    assert type(again) is type(net)
    assert repr(again) == repr(net)
    assert set(vars(again)) == set(vars(net))
    assert_array_equal(again.predict(X), net.predict(X))
    assert again.loss_curve_ == net.loss_curve_
    if net.solver != "lbfgs" and not getattr(net, "calibration", None):
        for model in (net, again):
            model.partial_fit(X, y)
        assert_array_equal(again.network_.theta, net.network_.theta)
        for model in (net, again):
            model.set_params(warm_start=True).fit(X, y)
    assert_array_equal(again.network_.theta, net.network_.theta)
    assert not np.shares_memory(again.run_.theta, again.network_.theta)


def test_a_model_that_is_not_fitted(tmp_path):
    net = BackpropClassifier(**SMALL, solver=AdamW(0.01, weight_decay=0.1))
    net.save(tmp_path / "net")
    assert repr(load(tmp_path / "net")) == repr(net)
    load(tmp_path / "net").fit(X, C)


def test_another_process_and_names_of_columns(tmp_path):
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    net = BackpropRegressor(**SMALL).set_output(transform="pandas").fit(frame, Y)
    net.save(tmp_path / "net")
    program = (
        "import pandas as pd, skbackprop\n"
        "net, frame = skbackprop.load(path), pd.DataFrame(X, columns=list('abcd'))\n"
        "answer = net.predict(frame)\n"
        "assert type(net.transform(frame)) is pd.DataFrame\n"
    )
    status, found = in_another_process(program, path=tmp_path / "net", X=X)
    assert status == 0
    assert_array_equal(found, net.predict(frame))


def test_metadata_requests_are_kept(tmp_path):
    with config_context(enable_metadata_routing=True):
        net = BackpropRegressor(**SMALL).set_fit_request(X_val=True, sample_weight="w")
        net.save(tmp_path / "net")
        requests = load(tmp_path / "net").get_metadata_routing().fit.requests
        assert requests == net.get_metadata_routing().fit.requests


@dataclass(eq=False, repr=False)
class Mine(Huber):
    """A loss of one's own."""


def my_score(net, X, y):
    return -np.abs(net.predict(X) - y).mean()


def test_what_is_ones_own_is_given_when_loading(tmp_path):
    net = BackpropRegressor(Mine(0.5), **SMALL, early_stopping=True, scoring=my_score).fit(X, Y)
    net.save(tmp_path / "net")
    with pytest.raises(ValueError, match=r"needs 'm|needs 'M"):
        load(tmp_path / "net")
    again = load(tmp_path / "net", custom=[Mine, my_score])
    assert_array_equal(again.predict(X), net.predict(X))
    assert type(again.loss) is Mine
    assert again.scoring is my_score


def test_functions_without_a_name_cannot_be_saved(tmp_path):
    with pytest.raises(TypeError, match="lambda"):
        BackpropRegressor(learning_rate=lambda progress: 1.0).save(tmp_path / "net")
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_the_library_is_not_given_away(tmp_path):
    BackpropRegressor(**SMALL).save(tmp_path / "net")
    fake = type("Network", (), {})
    with pytest.raises(ValueError, match="custom"):
        load(tmp_path / "net", custom=[fake])


# ------------------------------------------------------------------ damaged and foreign files


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "net.skb"
    net = BackpropClassifier(**SMALL).fit(X, C).save(path)
    return path.read_bytes(), net.predict_proba(X)


@some_or_all
def test_damaged_files_are_refused(saved, tmp_path, of_all):
    data, expected = saved
    rng, path = np.random.default_rng(0), tmp_path / "damaged"
    n_refused = 0
    n_cases = 300 if of_all else 90
    for case in range(n_cases):
        damaged = bytearray(data)
        if case % 3 == 0:
            del damaged[rng.integers(len(data)) :]
        elif case % 3 == 1:
            damaged[rng.integers(len(data))] ^= 1 << rng.integers(8)
        else:
            start, stop = np.sort(rng.integers(0, len(data), 2))
            damaged[start:stop] = rng.bytes(rng.integers(0, 50))
        path.write_bytes(damaged)
        try:
            again = load(path)
        except ValueError as error:
            assert re.search("checksum|not a file|format", str(error))
            n_refused += 1
        else:
            assert_array_equal(again.predict_proba(X), expected)
    assert n_refused > n_cases - 3


@pytest.mark.parametrize("content", [b"", b"skbackprop", b"PK\x03\x04", pickle.dumps([1])], ids=repr)
def test_foreign_files_are_refused(content, tmp_path):
    (tmp_path / "foreign").write_bytes(content)
    with pytest.raises(ValueError, match=r"is not a file of skbackprop|checksum"):
        load(tmp_path / "foreign")


def test_a_later_format_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "VERSION", 2)
    BackpropRegressor().save(tmp_path / "net")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="has format 2, but this version reads 1"):
        load(tmp_path / "net")


def test_a_file_that_names_other_classes_executes_nothing(tmp_path):
    files.write(tmp_path / "evil", {"object": "Popen", "state": {"dict": []}}, [])
    with pytest.raises(ValueError, match="needs 'Popen'"):
        load(tmp_path / "evil")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    BackpropRegressor(**SMALL).save(tmp_path / "net")

    def full(*names):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        BackpropRegressor(alpha=3).save(tmp_path / "net")
    assert [path.name for path in tmp_path.iterdir()] == ["net"]
    assert load(tmp_path / "net").alpha == BackpropRegressor().alpha


# ------------------------------------------------------------------ objects


@pytest.mark.parametrize(
    "thing",
    [
        *(None, True, 3, -(2**70), 1.5, 1e-310, "text", np.float32(0.1), np.int8(3), np.str_("a")),
        *([], [1, [2.0, None]], (1, (2, "a")), {"a": 1, 3: [4], (1, 2): None}, slice(1, None, 2)),
        *(np.arange(6).reshape(2, 3), np.array(["a", "bc"]), np.array([]), np.array(2.5), np.zeros((0, 3))),
        *(np.array(["a", 1, None], dtype=object), np.asfortranarray(np.eye(3)), np.array([True, False])),
    ],
    ids=repr,
)
def test_values_come_back_with_their_types(thing, tmp_path):
    files.write(tmp_path / "thing", *encode(thing))
    again = decode(*files.read(tmp_path / "thing"), {})
    assert type(again) is type(thing)
    np.testing.assert_equal(again, thing)
    if isinstance(thing, np.ndarray):
        assert again.dtype == thing.dtype
        assert again.shape == thing.shape


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_floats_that_json_does_not_have(value, tmp_path):
    files.write(tmp_path / "thing", *encode([value]))
    np.testing.assert_equal(decode(*files.read(tmp_path / "thing"), {}), [value])


def test_what_is_shared_stays_shared():
    array = np.arange(3.0)
    a, b, (c,) = decode(*encode([array, array, [array]]), {})
    assert a is b is c
    random_state = np.random.RandomState(5)
    first, second = decode(*encode([random_state, random_state]), {})
    assert first is second
    assert first.randint(10**6) == random_state.randint(10**6)
    generator = np.random.default_rng(4)
    (again,) = decode(*encode([generator]), {})
    assert again.random() == generator.random()


def test_every_class_of_the_library_has_a_name_of_its_own():
    skbackprop.persistence.known_names()
    kinds = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "skbackprop":
            for kind in vars(module).values():
                if isinstance(kind, type) and kind.__module__.partition(".")[0] == "skbackprop":
                    assert kinds.setdefault(kind.__name__, kind) is kind
