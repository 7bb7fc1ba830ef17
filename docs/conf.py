"""Sphinx's settings for the documentation; `make docs` builds it."""

import re
import sys
from pathlib import Path
from typing import Any

import typer.main

sys.path.insert(0, str(Path(__file__).parent.parent))

import raysc
from raysc.cli import app
from raysc.reference.pages import reference_pages

project = "raysc"
copyright = "the raysc authors"
version = release = raysc.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "raysc"
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_use_ivar = True

folder = Path(__file__).parent / "reference"
folder.mkdir(exist_ok=True)
for name, text in reference_pages(typer.main.get_command(app)).items():
    page = folder / name
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


def escape_stars(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape the stars of shapes, as in (count, *event), which begin emphasis in reStructuredText."""
    lines[:] = [re.sub(r"(?<![*\w])\*(\w)", r"\\*\1", line) for line in lines]


def setup(app: Any) -> None:
    """Connect the extension's function to Sphinx."""
    app.connect("autodoc-process-docstring", escape_stars)
