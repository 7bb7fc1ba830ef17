from pathlib import Path

import pytest

from tests.results.leaderboard.conftest import SMALL
from tests.results.leaderboard.conftest import run_recorded as run_recorded


@pytest.fixture
def small_benchmark(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a small benchmark, in the place of those that ship."""
    file = here / "frozen.yaml"
    file.write_text(SMALL, encoding="utf-8")
    for module in ("leaderboard", "score"):
        monkeypatch.setattr(f"raysc.cli.benchmark.{module}.shipped", lambda: {"benchmark/v1/gaussian": file})
    return file
