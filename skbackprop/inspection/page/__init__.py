"""A trace as an HTML page that computes everything again when a reader changes a number."""

from skbackprop.inspection.page.page import write_page

__all__ = ["write_page"]
