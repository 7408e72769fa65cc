"""The book, for Sphinx. The source root is the clone: lessons and texts are pages as they lie there.

sphinx-build -c book . book/_build/html
"""

import hashlib
import os
import sys
from pathlib import Path

CLONE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CLONE))

import minifcn  # noqa: E402


def _state():
    """A name for the code that the lessons run: what is cached for another state is not taken for this one's."""
    files = [*sorted(CLONE.glob("minifcn/**/*.py")), *sorted(CLONE.glob("lessons/[!0-9]*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


project = "minifcn"
author = "the minifcn authors"
copyright = "the minifcn authors, MIT licence"
version = release = minifcn.__version__
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx-mathjax-offline",  # formulas are drawn by what lies in the book itself
    "book.ext.docstrings",
    "book.ext.explorer",
    "book.ext.korean",
    "book.ext.reference",
    "book.ext.slides",
]
root_doc = "book/index"
include_patterns = ["book/*.md", "book/api/*.rst", "lessons/[0-9]*.py", "lessons/README.md", "docs/*.md"]
include_patterns += ["CHANGELOG.md", "SECURITY.md"]
include_patterns += ["lessons/teaching.md", "lessons/grading.md"]  # answers to quiz questions stay out
exclude_patterns = ["book/_*", "book/explorer", "**/node_modules", "runs", "**/.*"]
suppress_warnings = ["myst.header"]  # what is taken from the README begins in its middle

# Lessons. Their kernel is started as book/jupyter says: it then does not warn of its own connection.
os.environ["JUPYTER_PATH"] = str(CLONE / "book" / "jupyter")
nb_custom_formats = {".py": "book.ext.lessonpages.read"}
nb_execution_mode = "cache"
nb_execution_cache_path = str(CLONE / "book" / "_cache" / _state())
nb_execution_timeout = 120  # seconds a cell
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# The reference
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
add_module_names = False
maximum_signature_line_length = 80
toc_object_entries = False
highlight_language = "none"  # what is Python says so

# Pages
html_theme = "sphinx_book_theme"
html_title = "minifcn"
html_search_language = "en-ko"
html_static_path = ["_static"]
html_favicon = "_static/icon.svg"  # else browsers ask the host for one that is not there
html_css_files = ["book.css"]
html_extra_path = ["extra"]  # the first page, which leads to the book's own
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}  # dark or light as the reader's machine is
html_theme_options = {
    "navbar_persistent": [],  # the search stands above the contents
    "use_download_button": False,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
}
