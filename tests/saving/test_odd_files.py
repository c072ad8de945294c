"""Files with a right checksum and odd content: an estimator or a ValueError, and nothing else happens."""

import hashlib
import json
import random
from contextlib import suppress
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skbackprop import BackpropClassifier, BackpropRegressor, TabularBackpropClassifier, files, load
from skbackprop.estimators.checkpoint import read_checkpoint
from skbackprop.layers import Dropout
from skbackprop.persistence import Persistent
from skbackprop.preprocessing import TabularEncoder
from skbackprop.time_series import LagFeatures, LagForecaster, RollingFeatures, StreamingPipeline

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:(checkpoint|memory)=", "ignore:.*converge"
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = X[:, 0]
C = np.where(Y > 0, "a", "b")


def written(path, text, arrays=b""):
    """A file with this JSON, a str or something to write as JSON, behind a right checksum."""
    text = text.encode() if isinstance(text, str) else json.dumps(text).encode()
    body = len(text).to_bytes(8, "little") + text + arrays
    head = files.MAGIC + files.VERSION.to_bytes(4, "little") + hashlib.sha256(body).digest()
    path.write_bytes(head + body)
    return path


def opened(path):
    """The JSON and the arrays of a file."""
    body = path.read_bytes()[files.HEAD :]
    stop = 8 + int.from_bytes(body[:8], "little")
    return json.loads(body[8:stop]), body[stop:]


def of(content, arrays=()):
    return {"content": content, "arrays": list(arrays)}


def an_estimator(*state, kind="BackpropRegressor", requests=None):
    state = [list(pair) for pair in state] + ([] if requests is None else [["_requests", requests]])
    return of({"dict": [["estimator", {"object": kind, "state": {"dict": state}}]]})


def foreign(kind, *parts):
    return of({"foreign": {"tuple": [kind, *parts]}})


def an_array(**changes):
    return of({"array": 0}, [{"dtype": "<f8", "shape": [1], "start": 0} | changes])


DEEP = '{"content": ' + '{"list": [' * 9999 + "]}" * 9999 + ', "arrays": []}'
LESS_DEEP = '{"content": ' + '{"list": [' * 400 + "]}" * 400 + ', "arrays": []}'
ODD = {
    "no JSON": "{",
    "no text": "\udcff",
    "NaN": '{"content": NaN, "arrays": []}',
    "null": None,
    "a list": [],
    "no arrays": {"content": 1},
    "something more": {**of(1), "more": 1},
    "arrays are a number": {"content": 1, "arrays": 1},
    "deep": DEEP,
    "less deep": LESS_DEEP,
    "an array that is none": of({"array": 0}, [1]),
    "an array without a type": of({"array": 0}, [{"shape": [1], "start": 0}]),
    "an array with more": an_array(x=1),
    "objects": an_array(dtype="|O8"),
    "a structure": an_array(dtype="<f8,<f8"),
    "no type": an_array(dtype="<f7"),
    "shape null": an_array(shape=None),
    "shape of fractions": an_array(shape=[1.0]),
    "shape of truths": an_array(shape=[True]),
    "negative shape": an_array(shape=[-1]),
    "huge shape": an_array(shape=[10**12]),
    "huge and empty": an_array(shape=[0, 10**30]),
    "large and empty": an_array(shape=[0, 2**62, 2**62]),
    "many axes": an_array(shape=[1] * 100),
    "negative start": an_array(start=-8),
    "beyond the end": an_array(start=8),
    "empty entry": of({}),
    "a number": of(1),
    "a bare list": of([1]),
    "unknown kind": of({"code": "1 + 1"}),
    "kind with other parts": of({"list": [], "state": 1}),
    "list of a number": of({"list": 1}),
    "dictionary of numbers": of({"dict": [1]}),
    "key that is a list": of({"dict": [[{"list": []}, 1]]}),
    "slice of text": of({"slice": ["a", 1, 1]}),
    "path that is a number": of({"path": 1}),
    "no date": of({"date": "2020-13-01"}),
    "date that is a number": of({"date": 1}),
    "huge time": of({"timedelta": [10**30, 0, 0]}),
    "array 9": of({"array": 9}),
    "array -1": an_array() | {"content": {"array": -1}},
    "scalar that is a list": of({"scalar": []}),
    "again 5": of({"again": 5}),
    "again true": of({"list": [{"again": True}]}),
    "float of a list": of({"float": []}),
    "random state": of({"RandomState": {"dict": []}}),
    "generator": of({"Generator": {"dict": [["bit_generator", "PCG64"]]}}),
    "name that is a list": of({"name": []}),
    "foreign name": of({"name": "system"}),
    "object that is a list": of({"object": [], "state": {"dict": []}}),
    "object without a state": of({"object": "BackpropRegressor"}),
    "state that is a number": of({"object": "BackpropRegressor", "state": 1}),
    "named tuple of a number": of({"named": "History", "parts": 1}),
    "named tuple that is too short": of({"named": "History", "parts": [1]}),
    "named tuple that is none": of({"named": "Network", "parts": []}),
    "parts of a number": of({"foreign": 1}),
    "parts of no kind": foreign("thing"),
    "parts that are too few": foreign("frame", 1),
    "frame of numbers": foreign("frame", 1, 2, {"list": [3]}, {"dict": []}),
    "index of text": foreign("index", "a", None, None),
    "levels that do not exist": foreign(
        "levels",
        {"list": [foreign("range", 0, 2, 1, None)["content"]]},
        {"list": [{"array": 0}]},
        {"list": [1]},
    )
    | {"arrays": [{"dtype": "<i8", "shape": [1], "start": 0}]},
    "a zone from a file": foreign("value", {"tuple": ["zoned", {"array": 0}, "dateutil//etc/localtime"]})
    | {"arrays": [{"dtype": "<M8[ns]", "shape": [1], "start": 0}]},
    "an offset that is none": foreign("offset", "to_offset", 1, False, {"dict": []}),
    "polars of no type": foreign("polars", {"list": [{"tuple": ["a", "read_csv", {"list": []}, 1]}]}, True),
    "sparse rows beyond their shape": foreign(
        "csr matrix", {"array": 0}, {"array": 1}, {"array": 2}, {"tuple": [1, 1]}
    )
    | {
        "arrays": [
            {"dtype": "<f8", "shape": [1], "start": 0},
            {"dtype": "<i4", "shape": [1], "start": 12},
            {"dtype": "<i4", "shape": [2], "start": 8},
        ]
    },
    "transposed text": of({"transposed": "a"}),
    "abstract class": of({"object": "BaseBackprop", "state": {"dict": []}}),
    "named tuple": of({"object": "Batch", "state": {"dict": []}}),
    "network without theta": of({"object": "Network", "state": {"dict": []}}),
    "attribute that is a number": an_estimator((1, 1)),
    "no estimator": of({"dict": []}),
    "not an estimator": of({"dict": [["estimator", 3.5], ["requests", {"dict": []}]]}),
    "a layer as estimator": an_estimator(kind="Dense"),
    "a base class as estimator": an_estimator(kind="Persistent", requests={"dict": []}) | {"arrays": 1},
    "requests of a number": an_estimator(requests=1),
    "requests of another method": an_estimator(requests={"dict": [["__init__", {"dict": []}]]}),
    "requests of no name": an_estimator(requests={"dict": [["fit", {"dict": [[1, True]]}]]}),
    "requests of a wrong alias": an_estimator(requests={"dict": [["fit", {"dict": [["w", "1 2"]]}]]}),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_what_is_no_estimator_is_told(odd, tmp_path):
    path = tmp_path / "odd"
    try:
        written(path, odd, bytes(8))
    except UnicodeEncodeError:
        body = (1).to_bytes(8, "little") + b"\xff"
        head = files.MAGIC + files.VERSION.to_bytes(4, "little") + hashlib.sha256(body).digest()
        path.write_bytes(head + body)
    for read in (load, lambda path: BackpropRegressor(checkpoint=path, resume=True).fit(X, Y)):
        with pytest.raises(ValueError, match="odd"):
            read(path)


@pytest.mark.parametrize(
    "name",
    ["predict", "fit", "save", "coefs_", "_fit", "get_params", "set_output", "__class__", "__sklearn_tags__"]
    + ["__sklearn_clone__", "_skl_callbacks", "_metadata_request", "get_feature_names_out"],
)
def test_no_attribute_lies_over_a_method(name, tmp_path):
    path = written(tmp_path / "odd", an_estimator((name, {"name": "Dense"})))
    with pytest.raises(ValueError, match="that a file may set"):
        load(path)


def test_no_layer_is_changed_by_what_it_holds(tmp_path):
    layer = {"object": "Dense", "state": {"dict": [["n_units", 3], ["forward", {"name": "Dropout"}]]}}
    path = written(tmp_path / "odd", an_estimator(("hidden_layer_sizes", layer)))
    with pytest.raises(ValueError, match="'forward' is not an attribute of a Dense"):
        load(path)


def test_weights_of_another_network_are_told(tmp_path):
    net = BackpropRegressor(hidden_layer_sizes=3, max_iter=2).fit(X, Y)
    net.network_.n_inputs = 10**12  # would need as much memory, if it were believed
    net.save(tmp_path / "odd")
    with pytest.raises(ValueError, match="theta has shape"):
        load(tmp_path / "odd")


@pytest.mark.parametrize("as_path", [str, Path])
def test_a_file_chooses_no_path_that_is_written_later(as_path, tmp_path):
    victim = tmp_path / "victim"
    net = BackpropRegressor(max_iter=2, checkpoint=as_path(victim)).fit(X, Y)
    net.save(tmp_path / "net")
    victim.write_bytes(b"of the reader")
    with pytest.warns(UserWarning, match=r"checkpoint=.*is left out.*set_params"):
        again = load(tmp_path / "net")
    assert (again.checkpoint, again.resume) == (None, False)
    again.partial_fit(X, Y).fit(X, Y)
    assert victim.read_bytes() == b"of the reader"


@pytest.mark.filterwarnings("error:checkpoint=")
def test_a_checkpoint_goes_on_where_it_lies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    BackpropRegressor(checkpoint="stream").partial_fit(X, Y)
    again = load(tmp_path / "stream").partial_fit(X, Y)
    assert again.checkpoint == "stream"
    assert load("stream").t_ == again.t_ == 120


def test_a_checkpoint_of_another_kind_of_fit_is_told(tmp_path):
    path = tmp_path / "run"
    BackpropClassifier(max_iter=2, checkpoint=path).fit(X, C)
    with pytest.raises(ValueError, match=r"run.* is of no fit of a BackpropRegressor"):
        BackpropRegressor(max_iter=2, checkpoint=path, resume=True).fit(X, Y)
    described, arrays = opened(path)
    for pair in described["content"]["dict"]:
        if pair[0] == "run":
            pair[1] = 5
    written(path, described, arrays)
    with pytest.raises(ValueError, match=r"run.* is of no fit of a BackpropClassifier"):
        BackpropClassifier(max_iter=2, checkpoint=path, resume=True).fit(X, C)


# ------------------------------------------------------------------ mutations


def _models():
    yield BackpropRegressor(
        hidden_layer_sizes=[5, Dropout(0.1)],
        max_iter=3,
        early_stopping=True,
        average="ema",
        solver="nadam",
    ).fit(X, Y)
    yield BackpropClassifier(hidden_layer_sizes=4, max_iter=3, missing="impute").fit(X, C.astype(object))
    table = pd.DataFrame({"a": X[:, 0], "b": C, "c": pd.date_range("2020", periods=60)})
    yield TabularBackpropClassifier(n_estimators=1, max_iter=1).fit(table, C)
    yield TabularEncoder().fit(table)
    times = table.set_index("c")[["a", "b"]]
    forecaster = LagForecaster(lags=3, n_members=1, n_updates=1, groups="b", calibration_horizons=9)
    yield forecaster.fit(times, Y)
    yield clone(forecaster).partial_fit(times[:2], Y[:2])  # rows that wait
    yield RollingFeatures(3, columns="a", groups="b").fit(times)
    steps = [("lags", LagFeatures([0, 1])), ("net", BackpropRegressor(hidden_layer_sizes=2, missing="skip"))]
    yield StreamingPipeline(steps, label_delay=2).partial_fit(times[["a"]], Y)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    found = []
    for number, net in enumerate(_models()):
        net.save(folder / str(number))
        found.append(opened(folder / str(number)))
    BackpropRegressor(max_iter=2, checkpoint=folder / "run").fit(X, Y)
    return [*found, opened(folder / "run")]


VALUES = [
    *(None, True, -1, 0, 10**30, 1e300, "", "x", [], {}, [[]], "<f8", "|O8", {"a": 1}, {"list": []}),
    *({"dict": []}, {"again": 0}, {"again": 99999}, {"array": 0}, {"name": "Network"}, {"tuple": [1]}),
    *({"object": "Network", "state": {"dict": []}}, {"float": "nan"}, {"path": "/victim"}),
]


def _places(tree, holder=None, key=None):
    """Every place in a tree: what holds it, and the key or index there."""
    yield holder, key
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for inner, part in parts:
        yield from _places(part, tree, inner)


def mutated(tree, choose):
    """A copy in which something is replaced, left out, moved, renamed or repeated."""
    tree = deepcopy(tree)
    for _ in range(choose.choice([1, 1, 2])):
        places = list(_places(tree))[1:]
        (holder, key), (other, place) = choose.choice(places), choose.choice(places)
        way = choose.randrange(4)
        if way == 0:
            holder[key] = deepcopy(choose.choice(VALUES))
        elif way == 1:
            del holder[key]
        elif way == 2:
            holder[key] = deepcopy(other[place])
        elif isinstance(holder, dict):
            holder[choose.choice(["predict", "state", "list", "object"])] = holder.pop(key)
        else:
            holder.insert(key, deepcopy(holder[key]))
    return tree


def check_mutations(whole, n, seed, path):
    choose = random.Random(seed)
    n_refused = 0
    for case in range(n):
        described, arrays = whole[case % len(whole)]
        written(path, mutated(described, choose), arrays)
        before = sorted(path.parent.iterdir())
        try:
            again = load(path)
        except ValueError as error:
            assert str(path) in str(error), (seed, case)
            n_refused += 1
        else:
            assert isinstance(again, Persistent), (seed, case)
            for name in ("checkpoint", "memory"):
                assert vars(again).get(name) in (None, path), (seed, case)
            assert callable(getattr(type(again), "predict", None) or again.transform), (seed, case)
        assert sorted(path.parent.iterdir()) == before
        with suppress(ValueError):
            read_checkpoint(BackpropRegressor(max_iter=2, checkpoint=path, resume=True))
    assert n_refused > n / 2


def test_mutations_behind_a_right_checksum(whole, tmp_path):
    check_mutations(whole, 100, 0, tmp_path / "mutated")


@pytest.mark.slow
def test_two_thousand_mutations_behind_a_right_checksum(whole, tmp_path):
    check_mutations(whole, 2000, 1, tmp_path / "mutated")
