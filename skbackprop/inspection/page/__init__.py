"""A trace as one HTML page that recomputes what the reader changes."""

from skbackprop.inspection.page.page import write_page

__all__ = ["write_page"]
