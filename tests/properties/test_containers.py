"""What holds X and y, and in which dtype, is of no account."""

from checking import answers, assert_same, baseline, data, fitted, invariant
from containers import of_table, of_target
from hypothesis import strategies as st


@invariant("containers", choice=st.integers(0, 10_000))
def test_X_in_both(entry, case, choice):
    """`fit` and `predict` get the same kind of table."""
    X, y, X_new, _ = data(entry, case)
    makers = _of_both(X, X_new)
    name, make = makers[choice % len(makers)]
    model = fitted(entry, case, make(X), y)
    assert_same(answers(entry, model, make(X_new)), baseline(str(entry), case)[1])


@invariant("containers", choice=st.integers(0, 10_000))
def test_y(entry, case, choice):
    X, y, X_new, _ = data(entry, case)
    if entry.target is None:
        return
    makers = list(of_target(y).items())
    name, make = makers[choice % len(makers)]
    model = fitted(entry, case, X, make(y))
    assert_same(answers(entry, model, X_new), baseline(str(entry), case)[1])


@invariant("containers", choice=st.integers(0, 10_000))
def test_frames_after_another(entry, case, choice):
    """What `fit` saw as one kind of frame, `predict` may see as another."""
    X, _, X_new, _ = data(entry, case)
    if entry.data == "series" and "t" not in X:
        return  # an index of whole numbers is a time, which not all frames have
    makers = [pair for pair in _of_both(X, X_new) if "array" not in pair[0] and pair[0] != "lists"]
    makers = [pair for pair in makers if pair[0] != "memory map"]
    name, make = makers[choice % len(makers)]
    model, expected = baseline(str(entry), case)
    assert_same(answers(entry, model, make(X_new)), expected)


def _of_both(X, X_new):
    new = of_table(X_new)
    return [(name, make) for name, make in of_table(X).items() if name in new]
