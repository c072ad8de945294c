"""The site: `python -m sphinx -W docs docs/_build/html`. No page loads anything from elsewhere."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import skbackprop

project = "skbackprop"
author = "The skbackprop developers"
copyright = author
version = release = skbackprop.__version__

extensions = [
    "myst_parser",
    "docstrings",
    "numpydoc",
    "reference",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build"]
nitpicky = True
nitpick_ignore_regex = [
    ("py:obj", ".*"),  # single backticks in docstrings: a link where there is a page
    ("py:.*", r"(?!skbackprop\b).*"),  # other libraries
]
default_role = "py:obj"
suppress_warnings = ["config.cache", "ref.term"]  # terms of scikit-learn's glossary, in inherited docstrings

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4

autosummary_generate = False  # reference.py does
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("skbackprop",),
    "reference_url": {"skbackprop": None},
    "filename_pattern": "/plot_",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "write_computation_times": False,
    "abort_on_example_error": False,
    "only_warn_on_example_error": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "skbackprop"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": [], "changelog": [], "what_users_asked_for": []}
html_theme_options = {
    "logo": {"text": "skbackprop"},
    "navbar_end": ["theme-switcher"],
    "navigation_with_keys": False,
    "show_prev_next": True,
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
