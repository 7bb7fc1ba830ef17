"""The rooms of the code: imports go down the list of docs/architecture.md, without circles, in rooms of modest size."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "raysc"
DOCUMENT = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")

MAX_MODULES = 25
"""Modules of a room without sub-rooms, ``__init__`` apart."""
MAX_LOOSE = 10
"""Modules at the top of the package."""
MAX_LINES = 350
SLOW_IMPORTS = {
    f"scipy.{part}" for part in ("cluster", "integrate", "linalg", "optimize", "sparse", "spatial", "stats")
}
"""Modules that take a fifth of a second or more to import; plans and reports import metrics and data sets."""
BEYOND_MODULES = {"simulation", "fuzzing", "benchmarks"}
"""Folders of tests that test no single module."""


def modules() -> dict[str, Path]:
    """Map each module's dotted name to its file."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


MODULES = modules()


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield each statement, nested ones too; imports are never in the expressions, which are most of a tree."""
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            nodes += getattr(node, name, ())


@cache  # not at import: every process that collects tests would parse the whole package
def imports(module: str) -> set[str]:
    """Modules of the package that a module imports, at the top or inside functions."""
    imported: set[str] = set()
    for node in statements(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "raysc":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            imported |= {name if name in MODULES else node.module for name in names}
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names if alias.name in MODULES}
    return imported - {module}


def room(module: str) -> str:
    """First part of a module's name below the package; "" for the package itself."""
    return [*module.split("."), ""][1]


def floors() -> dict[str, int]:
    """Map each room to its floor in the document, the top one first."""
    (block,) = re.findall(r"```text\n(.*?)```", DOCUMENT, re.DOTALL)
    return {name: floor for floor, line in enumerate(block.splitlines()) for name in re.findall(r"\w+", line)}


def test_every_room_has_a_floor() -> None:
    assert set(floors()) == {room(module) for module in MODULES} - {""}


def test_imports_go_down() -> None:
    height = floors()
    between = [(module, other) for module in MODULES for other in imports(module) if room(module) != room(other)]
    up = [
        f"{module} imports {other}"
        for module, other in between
        if room(module) and (not room(other) or height[room(other)] <= height[room(module)])
        if not (room(module) == "cli" and other == "raysc")  # for the version
    ]
    assert up == []


def test_there_are_no_import_circles() -> None:
    state: dict[str, str] = {}

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert state.get(module) != "open", f"a circle: {' -> '.join((*path, module))}"
        if module not in state:
            state[module] = "open"
            for other in sorted(imports(module)):
                visit(other, (*path, module))
            state[module] = "closed"

    for module in MODULES:
        visit(module, ())


def test_rooms_are_of_modest_size() -> None:
    by_folder: dict[Path, list[str]] = defaultdict(list)
    for file in MODULES.values():
        if file.name != "__init__.py":
            by_folder[file.parent].append(file.name)
    assert len(by_folder.pop(PACKAGE)) <= MAX_LOOSE
    assert {str(folder): len(names) for folder, names in by_folder.items() if len(names) > MAX_MODULES} == {}


def test_files_are_short_enough_to_read() -> None:
    lengths = {name: len(file.read_text(encoding="utf-8").splitlines()) for name, file in MODULES.items()}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_only_the_cluster_room_imports_ray() -> None:
    importing = re.compile(r"^\s*(import ray\b|from ray\b(?!sc))", re.MULTILINE)
    rooms = {room(name) for name, file in MODULES.items() if importing.search(file.read_text(encoding="utf-8"))}
    assert rooms == {"cluster"}


def test_slow_parts_of_scipy_are_imported_inside_functions() -> None:
    for module, file in MODULES.items():
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                imported = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            else:
                imported = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
            slow = {name for name in imported if ".".join(name.split(".")[:2]) in SLOW_IMPORTS}
            assert not slow, f"{module} imports {slow} at its top"


@pytest.mark.parametrize("document", ["docs/architecture.md", "CONTRIBUTING.md", "README.md"])
def test_files_that_a_document_names_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:raysc|tests|benchmarks|docs|sweeps)/[\w/.-]+)`", text))
    assert {name for name in named if not (ROOT / name).exists() and not re.search("NAME|/a/b/", name)} == set()


def test_every_test_file_stands_where_its_module_stands() -> None:
    folders = {str(file.parent.relative_to(PACKAGE)) for file in MODULES.values()} | BEYOND_MODULES
    stray = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests").rglob("test_*.py")
        if str(file.parent.relative_to(ROOT / "tests")) not in folders
    }
    assert stray == set()
