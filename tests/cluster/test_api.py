"""raysc from Python on Ray: the examples of its documentation."""

import doctest

from raysc import api


def test_the_examples_of_the_documentation_run(running_ray, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAYSC_STORAGE", raising=False)
    ran = doctest.testmod(api, optionflags=doctest.ELLIPSIS)
    assert ran.attempted == 10
    assert ran.failed == 0
    assert (tmp_path / "trace_ratio.svg").exists()
