"""A call that fails changes nothing."""

from contextlib import contextmanager

ENDING = "_callback_fit_ctx", "_skl_callbacks_to_teardown"  # scikit-learn needs them to end callbacks


@contextmanager
def all_or_nothing(estimator):
    """Whatever fails inside leaves the attributes of the estimator as they were."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        put_back(estimator, before)
        raise


def put_back(estimator, attributes):
    """The attributes of the estimator are these again."""
    ending = {name: value for name, value in vars(estimator).items() if name in ENDING}
    estimator.__dict__.clear()
    estimator.__dict__.update(attributes | ending)
