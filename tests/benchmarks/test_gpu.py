"""The benchmark of the goals on a GPU, at tiny sizes on a CPU."""

import json
from collections.abc import Callable
from math import isfinite
from pathlib import Path

import pytest
import torch

from benchmarks import gpu as benchmark
from benchmarks.gpu_rows import images, text
from benchmarks.gpu_rows.measuring import Contender, Demand, Goal, Row, Work, run_row
from raysc.models.language.networks import with_weights


def contender_of(log: list[str], name: str, seconds: list[float], *goals: Goal) -> Contender:
    """A contender whose calls take given seconds each, for 10 units of work; ``log`` has the order of the calls."""
    remaining = iter(seconds)

    def measure() -> Work:
        log.append(name)
        return Work(10.0, next(remaining))

    return Contender(name, measure, Demand(3.0, "bf16"), goals)


def test_contenders_run_in_turn_after_a_warm_up_and_medians_are_compared() -> None:
    log: list[str] = []
    raysc = contender_of(log, "raysc", [99.0, 1.0, 2.0, 5.0], Goal("fraction", 0.5))
    rival = contender_of(log, "rival", [99.0, 8.0, 4.0, 4.0], Goal("ratio", 2.0), Goal("seconds", 3.9))
    row = Row("steps", (raysc, rival), check=lambda: {"equal": 1.0}, not_run=("another",))
    figures = run_row(row, 3, {"bf16": 60.0})
    assert log == ["raysc", "rival"] * 4
    first, second = figures["contenders"]
    assert (first["rate"], first["ratio"], first["fraction"]) == (5.0, 1.0, 0.25)
    assert (second["rate"], second["seconds"], second["ratio"]) == (2.5, 4.0, 2.0)
    assert [goal["met"] for goal in first["goals"] + second["goals"]] == [False, True, False]
    assert (figures["checks"], figures["not_run"]) == ({"equal": 1.0}, ["another"])


def test_a_row_that_cannot_be_repeated_runs_once() -> None:
    log: list[str] = []
    row = Row("units", (contender_of(log, "raysc", [7.0]),), shows="seconds", repeatable=False)
    assert run_row(row, 3, {"bf16": 1.0})["contenders"][0]["seconds"] == 7.0
    assert log == ["raysc"]


def test_without_a_gpu_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="measures a GPU, and torch finds none here"):
        benchmark.main([])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lm_trian"], "unknown row lm_trian; take lm_train_gpt2, lm_train_llama"),
        (["--repeats", "0"], "--repeats must be at least 1, not 0"),
        (["--json", "absent/gpu.json"], "--json: there is no folder absent"),
    ],
)
def test_values_that_cannot_be_used_are_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        benchmark.main(["--small", *arguments])
    assert message in capsys.readouterr().err


def test_the_plain_loop_takes_smaller_micro_batches_where_memory_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = images.SMALL_SIZES
    state = sizes.family.initial(sizes.event, images.STREAMS)
    loop = images.PlainTraining(state, images.made_up_images(sizes), sizes, half_precision=False)
    draw: Callable[[], object] = loop._random_batch
    drawn: list[int] = []

    def draw_within_memory() -> object:
        drawn.append(loop._micro_batch)
        if loop._micro_batch > 1:
            raise torch.OutOfMemoryError
        return draw()

    monkeypatch.setattr(loop, "_random_batch", draw_within_memory)
    loop.run()
    assert drawn == [4, 2, *[1] * (4 * sizes.plain_steps)]


def test_the_plain_network_of_text_is_that_of_raysc() -> None:
    texts = text.MadeUpTexts(text.SMALL_SIZES)
    input_ids = torch.arange(10)[None]
    for family in (text.SMALL_GPT2, text.SMALL_LLAMA):
        state = family.for_data(texts).initial(texts.event, text.STREAMS)
        expected = with_weights(state.config, state.weights).eval()(input_ids=input_ids).logits
        actual = text.plain_network(state).eval()(input_ids=input_ids).logits
        torch.testing.assert_close(actual, expected)


@pytest.mark.slow
def test_every_row_runs_in_small(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "gpu.json"
    benchmark.main(["--small", "--json", str(file)])
    report = json.loads(file.read_text())
    assert report["device"].startswith("CPU") or torch.cuda.is_available()
    assert sorted(report["ceilings"]) == ["bf16", "copy", "fp32", "tf32"]
    assert [*report["rows"]] == [*benchmark.ROWS]
    goals = {}
    for name, row in report["rows"].items():
        goals[name] = sorted((goal["quantity"], goal["bound"]) for c in row["contenders"] for goal in c["goals"])
        for contender in row["contenders"]:
            assert all(isfinite(contender[key]) and contender[key] > 0 for key in ("rate", "seconds", "ratio"))
    assert goals == {
        "lm_train_gpt2": [("ratio", 2.0)],
        "lm_train_llama": [("ratio", 2.0)],
        "lm_sample": [("ratio", 1 / 1.5), ("ratio", 10.0)],
        "edm_train": [("fraction", 0.4), ("ratio", 2.0), ("ratio", 5.0)],
        "edm_sample": [("ratio", 3.0)],
        "compiling": [("seconds", 5.0)],
        "points_ot": [("ratio", 1 / (2 if torch.cuda.is_available() else 4))],
    }
    assert report["rows"]["lm_sample"]["checks"] == {"share of equal texts in two parts": 1.0}
    output = capsys.readouterr().out
    assert "tiny sizes: these figures mean nothing" in output
    assert all(f"\n{name} " in output for name in benchmark.ROWS)
    assert "not run: NVlabs/edm: needs its repository" in output
