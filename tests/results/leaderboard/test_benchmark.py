import pytest

from raysc.cli.shipped import shipped
from raysc.results.leaderboard.benchmark import benchmark_files, component, digest, mitigation_name
from raysc.settings import Component

V1 = "460d65f29a46cb53726c407a671797e4"
"""Hash of all keys and claims of version 1. It never changes: another benchmark is another version."""


@pytest.mark.slow
def test_version_1_is_frozen() -> None:
    files = benchmark_files(shipped())
    assert list(files) == ["digits", "gaussian", "gaussian_lambda", "moons", "stories"]
    sweeps = [file.resolve() for file in files.values()]
    assert [resolved.sweep.name for resolved in sweeps] == [file.name for file in files.values()]
    assert digest(sweeps) == V1, "keys of the benchmark moved: undo that, or make a new version of the benchmark"


def test_a_mitigation_is_named_by_its_rules_and_their_parameters() -> None:
    none, window = Component(name="none"), component({"name": "window", "width": 3})
    assert mitigation_name(component("replace"), none) == "replace"
    assert mitigation_name(window, none) == "window, width 3"
    corrected = component({"name": "corrected", "strength": 1.0})
    assert mitigation_name(window, corrected) == "window, width 3 + corrected, strength 1"
