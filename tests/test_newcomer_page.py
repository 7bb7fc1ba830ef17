"""Every command of the newcomer's page prints what the page says."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import RAYSC

pytestmark = [pytest.mark.slow, pytest.mark.ray]

PAGE = (Path(__file__).parent.parent / "docs" / "newcomer.md").read_text(encoding="utf-8")
PROGRAMS = {"raysc": RAYSC, "python": [sys.executable]}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield each command of the page with the beginnings of lines that it prints, in order."""
    for block in blocks("console"):
        for entry in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = entry.strip().splitlines()
            yield command, lines


def test_the_walk_goes_as_printed(tmp_path: Path) -> None:
    for name, text in zip(("day", "own"), blocks("yaml"), strict=True):
        (tmp_path / f"{name}.yaml").write_text(text)
    environment = {**os.environ, "COLUMNS": "200", "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    for command, lines in commands():
        program, *arguments = shlex.split(command)
        ended = subprocess.run(
            [*PROGRAMS.get(program, [program]), *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        output = ended.stdout + ended.stderr
        refused = any(line.startswith(("raysc: ", "FAILED", "spread.py")) for line in lines)
        assert (ended.returncode != 0) == refused, f"{command}: {output}"
        for line in lines:
            assert re.search(rf"^{re.escape(line)}", output, re.MULTILINE), f"{command}: {output}"
    assert (tmp_path / "day.pdf").read_bytes().startswith(b"%PDF")
    (script,) = blocks("python")
    ended = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "a / b" in ended.stdout, ended.stderr
