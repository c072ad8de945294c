"""Tables of tests that cross kinds of components."""

from itertools import combinations, product

import pytest

# `of_all` is False in the usual tests, which cross each kind with some of another, and True in the slow ones
some_or_all = pytest.mark.parametrize(
    "of_all", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "all"]
)


def crossed(**tables):
    """A test of each combination of values: every second one in the usual tests, the others in the slow ones.

    Any two values meet in the usual ones, too. `tables`: by argument, values, or a dict of them by name.
    """
    named = [
        table if isinstance(table, dict) else {str(value): value for value in table}
        for table in tables.values()
    ]
    names, places = list(product(*named)), list(product(*(range(len(table)) for table in named)))
    usual = [sum(place) % 2 == 0 for place in places]
    for one, other in combinations(range(len(named)), 2):
        met = {(place[one], place[other]) for place, is_usual in zip(places, usual) if is_usual}
        assert len(met) == len(named[one]) * len(named[other]), (
            "a table of an even number of values is missing"
        )
    return pytest.mark.parametrize(
        tuple(tables),
        [
            pytest.param(
                *(table[key] for table, key in zip(named, keys)),
                id="-".join(keys),
                marks=() if is_usual else pytest.mark.slow,
            )
            for keys, is_usual in zip(names, usual)
        ],
    )
