"""Classes of a notebook: each cell is code without a file, in the main module, as Jupyter runs it."""

import linecache
import sys
from types import ModuleType

import pytest

from raysc.errors import InputError
from raysc.machine.plugin_classes import import_path, is_of_notebook, notebook_hash

CELL = """\
FACTOR = 2

def scaled(rows):
    return FACTOR * rows

class Rule:
    def recipe(self, generation, rows, lambda_):
        return scaled(rows)
"""


class Notebook:
    """A main module whose cells are run one after another."""

    def __init__(self) -> None:
        self.module = ModuleType("__main__")
        self.cells = 0

    def run(self, text: str) -> type:
        """Run a cell; return the class ``Rule``."""
        self.cells += 1
        name = f"<cell {self.cells}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), vars(self.module))
        rule: type = self.module.Rule
        return rule


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """An empty notebook in the place of the main module."""
    notebook = Notebook()
    monkeypatch.setitem(sys.modules, "__main__", notebook.module)
    return notebook


def test_a_class_of_a_module_has_its_import_path() -> None:
    assert import_path(Notebook) == f"{__name__}:Notebook"
    assert not is_of_notebook(Notebook)


def test_a_class_that_workers_cannot_find_is_refused(notebook: Notebook) -> None:
    class Inner:
        pass

    with pytest.raises(ValueError, match=r"Inner is defined inside .*workers cannot find it; define it at the top"):
        import_path(Inner)
    first = notebook.run(CELL)
    notebook.run(CELL)
    with pytest.raises(ValueError, match="Rule is not the class that __main__ has under this name"):
        import_path(first)


def test_the_hash_is_of_the_source_and_of_what_it_uses(notebook: Notebook) -> None:
    rule = notebook.run(CELL)
    assert import_path(rule) == "__main__:Rule"
    assert is_of_notebook(rule)
    before = notebook_hash(rule)
    assert notebook_hash(notebook.run(f"unrelated = 1\n{CELL}# a comment below\n")) == before
    for old, new in (
        ("FACTOR = 2", "FACTOR = 3"),
        ("FACTOR * rows", "FACTOR + rows"),
        ("return scaled(rows)", "return rows"),
    ):
        assert notebook_hash(notebook.run(CELL.replace(old, new))) != before


def test_decorators_and_imported_names_are_followed(notebook: Notebook) -> None:
    text = CELL.replace("class Rule", "@dataclass(frozen=True)\nclass Rule")
    imports = "import math\nfrom dataclasses import dataclass\nfrom typing import ClassVar\n"
    plain = notebook_hash(notebook.run(imports + text))
    assert plain == notebook_hash(notebook.run(imports + text))
    assert plain != notebook_hash(notebook.run(imports + text.replace("frozen=True", "frozen=False")))


def test_a_value_whose_content_is_in_no_key_is_refused(notebook: Notebook) -> None:
    rule = notebook.run("import numpy as np\nFACTOR = np.ones(3)\n" + CELL.partition("\n")[2])
    with pytest.raises(InputError, match="scaled uses FACTOR of the notebook, ndarray whose content is in no key"):
        notebook_hash(rule)


def test_a_class_without_a_source_is_refused(notebook: Notebook) -> None:
    exec(CELL, vars(notebook.module))
    with pytest.raises(InputError, match="the source of Rule is not known"):
        notebook_hash(notebook.module.Rule)
