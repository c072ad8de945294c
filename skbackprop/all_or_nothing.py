"""A call that fails changes nothing."""

from contextlib import contextmanager

ENDING = "_callback_fit_ctx", "_skl_callbacks_to_teardown"  # scikit-learn needs these to end callbacks


@contextmanager
def all_or_nothing(estimator):
    """If the code inside fails, restore the attributes of the estimator."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        put_back(estimator, before)
        raise


def put_back(estimator, attributes):
    """Set the attributes of the estimator to these; remove all others except `ENDING`."""
    ending = {name: value for name, value in vars(estimator).items() if name in ENDING}
    estimator.__dict__.clear()
    estimator.__dict__.update(attributes | ending)
