"""raysc from Python on Ray: the examples of its documentation."""

import doctest
from pathlib import Path

import pytest

from raysc import api


@pytest.mark.usefixtures("running_ray")
def test_the_examples_of_the_documentation_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAYSC_STORAGE", raising=False)
    results = doctest.testmod(api, optionflags=doctest.ELLIPSIS)
    assert results.attempted == 11
    assert results.failed == 0
    assert (tmp_path / "trace_ratio.pdf").exists()
