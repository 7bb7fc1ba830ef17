"""Invalid input: status 2 and one message with problem, location and correction, before Ray starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from raysc.cli import main

pytestmark = pytest.mark.slow

DIGITS = """\
name: bad
data: digits
model: {name: flow_matching, network: mlp}
initial: {steps: 10}
loop: {generations: 2, budget: {steps: 10}}
train: {batch: 32}
space: {regime: [replace, mix], lambda: [0.5]}
seeds: 2
metrics: [frechet_distance]
resources: {workers: 1, cpus: 1, gpus: 0}
"""

GAUSSIAN = """\
name: bad
data: {name: gaussian, dim: 2, rows: 20}
model: gaussian
loop: {generations: 2}
space: {regime: replace}
metrics: [frechet_distance]
"""


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["raysc", *arguments])
    with pytest.raises(SystemExit) as exit_status:
        main()
    return int(exit_status.value.code or 0), capsys.readouterr().err


# name -> (file, replaced text, new text, required words of the message)
CASES = {
    "broken YAML": (DIGITS, "seeds: 2", "seeds: [2", ["line"]),
    "a duplicate key": (DIGITS, "seeds: 2", "seeds: 2\nseeds: 3", ["line 9", "duplicate", "seeds"]),
    "an unknown key": (DIGITS, "seeds: 2", "sedes: 2", ["line 8", "sedes", "seeds"]),
    "an unknown key further down": (DIGITS, "{batch: 32}", "{bach: 32}", ["line 6", "bach", "batch"]),
    "an unknown regime": (DIGITS, "replace", "repalce", ["line 7", "repalce", "replace"]),
    "an unknown data set": (DIGITS, "data: digits", "data: digit", ["line 2", "digit", "digits"]),
    "an unknown model": (DIGITS, "flow_matching", "flow_maching", ["line 3", "flow_matching"]),
    "an unknown metric": (DIGITS, "frechet_distance", "frechet", ["line 9", "frechet_distance"]),
    "an unknown parameter": (DIGITS, "network: mlp", "netwrok: mlp", ["line 3", "netwrok", "network"]),
    "a wrong type": (DIGITS, "batch: 32", "batch: many", ["line 6", "train.batch", "many"]),
    "a wrong choice": (DIGITS, "network: mlp", "network: cnn", ["line 3", "mlp", "unet"]),
    "an empty axis": (DIGITS, "lambda: [0.5]", "lambda: []", ["line 7", "lambda"]),
    "a negative lambda": (DIGITS, "lambda: [0.5]", "lambda: [-0.5]", ["line 7", "lambda", "-0.5"]),
    "generations 0": (DIGITS, "generations: 2", "generations: 0", ["line 5", "generations"]),
    "more rows than the data has": (DIGITS, "data: digits", "data: {name: digits, rows: 5000}", ["line 2", "1437"]),
    "more initial rows than the data has": (
        DIGITS,
        "{steps: 10}\nloop",
        "{steps: 10, rows: 5000}\nloop",
        ["line 4", "1437"],
    ),
    "a metric the data cannot have": (
        GAUSSIAN,
        "[frechet_distance]",
        "[{name: frechet_distance, features: classifier}]",
        ["line 6", "coordinates"],
    ),
    "a regime the data cannot have": (DIGITS, "[replace, mix]", "fresh", ["line 2", "fresh", "data.reserve"]),
    "a model the data cannot have": (
        DIGITS,
        "{name: flow_matching, network: mlp}\ninitial: {steps: 10}\nloop: "
        "{generations: 2, budget: {steps: 10}}\ntrain: {batch: 32}",
        "gaussian\nloop: {generations: 2}",
        ["line 3", "points"],
    ),
    "more real rows than there are": (
        DIGITS,
        "space: {regime: [replace, mix], lambda: [0.5]}",
        "control: matched\nspace:\n  regime: counts\n  regime.real: [10, 5000]\n  regime.synthetic: 5",
        ["line 10", "regime.real: 5000", "1437"],
    ),
    "lambda 0 under replace": (DIGITS, "[0.5]", "[0.0]", ["line 7", "replace"]),
    "workers 0": (DIGITS, "workers: 1", "workers: 0", ["line 10", "workers"]),
    "fractional gpus with two workers": (
        DIGITS,
        "workers: 1, cpus: 1, gpus: 0",
        "workers: 2, gpus: 0.5",
        ["line 10", "gpus"],
    ),
    "more cores than there are": (DIGITS, "cpus: 1,", "cpus: 4096,", ["line 10", "4096"]),
    "a batch that ranks cannot share": (DIGITS, "batch: 32}", "batch: 33}\nresources: {workers: 2}", ["batch"]),
    "initial.from beside initial.steps": (
        DIGITS,
        "{steps: 10}\nloop",
        "{steps: 10, from: folder}\nloop",
        ["line 4", "from"],
    ),
    "steps for a closed form": (
        GAUSSIAN,
        "model: gaussian",
        "model: gaussian\ninitial: {steps: 5}",
        ["line 4", "steps"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_sweep_file_is_refused(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text, old, new, words = CASES[case]
    assert old in text
    monkeypatch.chdir(tmp_path)
    changed = text.replace(old, new, 1)
    if case == "a batch that ranks cannot share":
        changed = changed.replace("resources: {workers: 1, cpus: 1, gpus: 0}\n", "")
    Path("grid.yaml").write_text(changed)
    status, message = run(["sweep", "grid.yaml"], monkeypatch, capsys)
    assert status == 2
    assert message.startswith("raysc: ")
    assert "grid.yaml" in message
    for word in words:
        assert word in message
    assert not Path("raysc-store/spans").exists()


def test_a_missing_file_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    status, message = run(["sweep", "nowhere.yaml"], monkeypatch, capsys)
    assert status == 2
    assert "nowhere.yaml" in message


def test_an_override_of_an_unknown_key_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "grid.yaml").write_text(GAUSSIAN)
    status, message = run(["sweep", str(tmp_path / "grid.yaml"), "--set", "sedes=3"], monkeypatch, capsys)
    assert status == 2
    assert "--set sedes=3" in message
    assert "seeds" in message


def test_an_unwritable_storage_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "grid.yaml").write_text(GAUSSIAN)
    (tmp_path / "file").write_text("a file, not a folder")
    arguments = ["sweep", str(tmp_path / "grid.yaml"), "--storage", str(tmp_path / "file" / "store")]
    status, message = run(arguments, monkeypatch, capsys)
    assert status == 2
    assert "file is a file; give another place" in message
    assert "--storage" in message


def test_ray_is_not_imported_before_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(DIGITS.replace("replace", "repalce"))
    code = (
        "import sys\nfrom raysc.cli import main\nsys.argv = ['raysc', 'sweep', 'grid.yaml']\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    print(ended.code, 'ray' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert process.stdout.splitlines() == ["reading grid.yaml", "2 False"]
    assert len(process.stderr.strip().splitlines()) == 1
