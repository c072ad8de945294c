"""What holds X and y, and in which dtype, is of no account."""

from checking import answers, assert_same, baseline, data, fitted, invariant
from containers import FRAMES, of_table, of_target
from hypothesis import note
from hypothesis import strategies as st

CHOICES = st.integers(0, 10_000)


@invariant("containers", choice=CHOICES, choice_of_y=CHOICES)
def test_containers(entry, case, choice, choice_of_y):
    """`fit` and `predict` get the same kind of table."""
    X, y, X_new, _ = data(entry, case)
    makers = _of_both(X, X_new)
    if str(entry) == "StreamingPipeline":  # in an array a scaler makes floats of the times, which are refused
        makers = [pair for pair in makers if pair[0] in FRAMES]
    make = chosen(makers, choice)
    if entry.target is not None:
        y = chosen(list(of_target(y).items()), choice_of_y)(y)
    model = fitted(entry, case, make(X), y)
    assert_same(answers(entry, model, make(X_new)), baseline(str(entry), case)[1])


@invariant("containers", choice=CHOICES)
def test_frames_after_another(entry, case, choice):
    """What `fit` saw as one kind of frame, `predict` may see as another."""
    X, _, X_new, _ = data(entry, case)
    if entry.data == "series" and "t" not in X:
        return  # an index of whole numbers is a time, which not all frames have
    make = chosen([pair for pair in _of_both(X, X_new) if pair[0] in FRAMES], choice)
    model, expected = baseline(str(entry), case)
    assert_same(answers(entry, model, make(X_new)), expected)


def chosen(makers, choice):
    name, make = makers[choice % len(makers)]
    note(name)
    return make


def _of_both(X, X_new):
    new = of_table(X_new)
    return [(name, make) for name, make in of_table(X).items() if name in new]
