"""The error where later rows may help."""


class TooFewRowsError(ValueError):
    """For too few rows; with more of them there may be no error."""
