"""Execution of notebooks without Jupyter: the code cells in order, in a fresh main module, with their outputs.

``python tests/notebooks.py docs/notebook.ipynb`` runs the cells and writes their outputs into the file.
"""

import ast
import io
import json
import linecache
import re
import sys
from base64 import b64encode
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any


def execute(notebook: dict[str, Any]) -> None:
    """Run the code cells of a notebook and replace their outputs; an error of a cell ends the run."""
    main = ModuleType("__main__")
    sys.modules["__main__"] = main
    number = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        number += 1
        cell["execution_count"] = number
        cell["outputs"] = _outputs("".join(cell["source"]), f"<cell {number}>", vars(main))


def _outputs(source: str, name: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    """Run one cell; return what it prints, and the value of its last line if that is an expression."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    tree, value, printed = ast.parse(source), None, io.StringIO()
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with redirect_stdout(printed):
        exec(compile(tree, name, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), name, "eval"), names)
    outputs: list[dict[str, Any]] = []
    if text := _anonymous(printed.getvalue()):
        outputs.append({"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)})
    if value is not None:
        outputs.append({"output_type": "display_data", "metadata": {}, "data": _data(value)})
    return outputs


def _data(value: Any) -> dict[str, Any]:
    """Return the representations of a value by media type, as Jupyter asks for them."""
    data: dict[str, Any] = {"text/plain": _anonymous(repr(value)).splitlines(keepends=True)}
    if hasattr(value, "_repr_html_") and (html := value._repr_html_()):
        data["text/html"] = html.splitlines(keepends=True)
    elif hasattr(value, "savefig"):
        image = io.BytesIO()
        value.savefig(image, format="png", dpi=100)
        data["image/png"] = b64encode(image.getvalue()).decode()
    return data


def _anonymous(text: str) -> str:
    """Return a text with made-up folders in the place of those of this machine."""
    return re.sub(r"/\S*/session_[\w-]+", "/tmp/ray/session_latest", text.replace(str(Path.cwd()), "/home/me/sweeps"))


if __name__ == "__main__":
    file = Path(sys.argv[1])
    content = json.loads(file.read_text(encoding="utf-8"))
    execute(content)
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
