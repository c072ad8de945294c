"""What is said where rows to come may help."""


class TooFewRowsError(ValueError):
    """For these rows; with more of them it may be none."""
