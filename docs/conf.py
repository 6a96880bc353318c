"""The documentation as a site: ``python -m sphinx -W -b html docs build/site`` (extra ``docs``)."""

import os
import re
from pathlib import Path
from typing import Any

import analytical

HERE = Path(__file__).parent
ROOT = HERE.parent

project = "Eyeriss-NeuPart"
author = "the Eyeriss-NeuPart authors"
release = version = analytical.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "sphinx_click"]
exclude_patterns = ["commands.md", "**.ipynb_checkpoints"]
# options keep their two dashes
smartquotes = False
html_theme = "furo"
html_title = "Eyeriss-NeuPart"
html_static_path = ["_static"]
html_css_files = ["site.css"]

# pages are for people who read them on the project's own site, too, where headings have anchors
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

# notebooks are run when the site is built, and a cell that fails ends that
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")
"""A link of a page to a file: its words, the file, and the place in it."""


def _on_site(text: str, folder: Path) -> str:
    """A page whose links lead to pages of the site.

    The README is the first of them; commands have a page that is made from the program; and what is no page, such as a
    module, is not on the site: its path in the project stands there.
    """

    def link(found: re.Match[str]) -> str:
        words, file, place = found[1], found[2], found[3] or ""
        target = (folder / file).resolve()
        if target == ROOT / "README.md":
            target = HERE / "index.md"
        if target == HERE / "commands.md":
            target = HERE / "reference" / "commands.md"
        if target.is_relative_to(HERE):
            return f"[{words}]({os.path.relpath(target, folder)}{place})"
        path = target.relative_to(ROOT).as_posix()
        return words if words.strip("`") in (path, target.name) else f"{words} (`{path}`)"

    return LINK.sub(link, text)


def _page(app: Any, page: str, source: list[str]) -> None:
    if app.env.doc2path(page).suffix == ".md":
        source[0] = _on_site(source[0], Path(app.env.doc2path(page)).parent)


def _included(_app: Any, path: Path, _page: str, source: list[str]) -> None:
    source[0] = _on_site(source[0], ROOT / "docs" / path.parent)


def _property(_app: Any, what: str, _name: str, _what: Any, _options: Any, lines: list[str]) -> None:
    """Keep napoleon from taking what stands before a property's first colon for a type."""
    if what in ("property", "attribute", "data") and lines:
        lines.insert(0, "")


def setup(app: Any) -> None:
    """Tell Sphinx."""
    app.connect("source-read", _page)
    app.connect("include-read", _included)
    app.connect("autodoc-process-docstring", _property, priority=100)
