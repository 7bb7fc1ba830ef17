"""Language models in whole units: stored text, resumed runs, metrics that need the model."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from raysc.datasets.dataset import SupportsTokens
from raysc.errors import InputError
from raysc.execution import generation_checkpoints
from raysc.execution.ranks import TrainedRank
from raysc.models.family import SupportsText
from raysc.models.language.causal_lm import CausalLm
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate
from raysc.pool.training_set import TrainingSet
from raysc.results.claims.judging import judge_claims
from raysc.results.plots.sample_grid import read_samples, sample_grid_png
from raysc.results.report.figures.samples import samples_figure
from raysc.results.samples.export import export_rows
from raysc.results.samples.sampled_rows import provenance, sampled_rows
from raysc.results.table.table import load_table
from raysc.rng import Streams
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.command_line import results

pytestmark = pytest.mark.slow

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]

CHATS = """\
name: small-chats
data: {name: stories, form: chat, rows: 80, length: 48}
model: {name: causal_lm, width: 16, depth: 1, heads: 2}
initial: {steps: 20}
loop: {generations: 2, start: previous, budget: {epochs: 1}}
train: {batch: 8, lr: 2e-2, warmup: 0.1}
sample: {accept: {starts: "user: ", floor: 0.02}}
space: {regime: [replace, accumulate]}
seeds: 1
metrics: [cross_entropy, distinct_n, exact_duplicates]
control: false
"""


@pytest.fixture(scope="module")
def chats(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sweep, Path]:
    sweep, folder = make_sweep(CHATS), tmp_path_factory.mktemp("chats")
    run_sweep(sweep, Objects.open(str(folder)))
    return sweep, folder


def test_every_generation_is_measured_and_its_acceptance_recorded(chats: tuple[Sweep, Path]) -> None:
    sweep, folder = chats
    table = results(sweep, Objects.open(str(folder)))
    assert len(table) == 6
    assert table["cross_entropy"].between(0.5, 6).all()
    assert table["acceptance_rate"].between(0.02, 1).all()
    assert (table["acceptance_rate"] < 1).any()
    assert table.loc[table["regime"] == "accumulate", "optimiser_steps"].tolist() == [20, 20, 30]


def test_without_rows_the_start_model_is_measured_as_it_is(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    space = "space={regime: counts, regime.real: [0], regime.synthetic: [0, 40]}"
    sweep = make_sweep(CHATS, space, "loop.start=initial", "loop.generations=1", "loop.sample.accept=null",
                       "control=matched", "metrics=[cross_entropy]")  # fmt: skip
    objects = Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects).set_index(["regime.synthetic", "generation"])
    assert table["optimiser_steps"].to_dict() == {(0, 0): 20, (0, 1): 0, (40, 0): 20, (40, 1): 5}
    assert (table["rows_real"] + table["rows_synthetic"]).to_dict()[0, 1] == 0
    family = resolve(sweep).cells[0].family
    assert isinstance(family, CausalLm)
    state = family.initial((48,), Streams((0,), 0))
    losses, tokens = family.token_losses(state, resolve(sweep).cells[0].data.test()).sum(axis=0)
    cross_entropy = table["cross_entropy"].to_dict()
    assert cross_entropy[0, 1] == pytest.approx(losses / tokens, rel=1e-5)
    assert cross_entropy[40, 1] < cross_entropy[0, 1]


def test_stored_rows_are_text_and_tokens_with_their_lineage(chats: tuple[Sweep, Path]) -> None:
    sweep, folder = chats
    cell = resolve(sweep).cells[0]
    assert isinstance(cell.data, SupportsTokens)
    assert cell.keys.generation_zero is not None
    tokens = cell.data.tokens
    files = sorted(folder.glob(f"attempts/{cell.keys.generation_zero.rows}/**/rows/0/*.parquet"))
    assert files
    table = pq.read_table(files[0])
    assert table.column_names == ["row", "source", "generation", "seed", "index", "text"]
    rows = np.stack(table.column("row").to_pylist()).astype(np.int32)
    assert rows.shape == (80, 48)
    assert tokens.decode(rows) == table.column("text").to_pylist()
    assert all(text.startswith("user: ") for text in table.column("text").to_pylist())


def test_a_generation_that_was_stopped_goes_on_to_the_same_weights(
    chats: tuple[Sweep, Path], make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    sweep, folder = chats
    monkeypatch.setattr(generation_checkpoints, "TRIAL_STEPS", 3)
    careful = make_sweep(CHATS, "resources.checkpoint_minutes=0.0000001")
    objects = Objects.open(str(tmp_path))
    fit = TrainedRank.fit

    class Stopped(Exception):
        pass

    def stopping(self: TrainedRank, generation: int, rows: Any, start: Any, steps: range, *rest: Any) -> Any:
        if generation == 1 and steps.start > 4:
            raise Stopped
        return fit(self, generation, rows, start, steps, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(TrainedRank, "fit", stopping)
        with pytest.raises(Stopped):
            run_sweep(careful, objects)
    assert list(objects.names("partial"))
    run_sweep(careful, objects)
    whole = results(sweep, Objects.open(str(folder)))
    # The mean training loss is added up in other pieces; models, and all that is measured of them, are the same.
    pd.testing.assert_frame_equal(results(careful, objects), whole, check_exact=True)
    for model in ("model.safetensors", "training_state.safetensors"):
        one, other = (
            {f.read_bytes() for f in place.glob(f"attempts/**/model/{model}")} for place in (folder, tmp_path)
        )
        assert one == other


def test_a_metric_of_the_model_can_be_added_later(
    chats: tuple[Sweep, Path], make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    sweep, folder = chats
    objects = Objects.open(str(tmp_path))
    run_sweep(make_sweep(CHATS, "metrics=[distinct_n]"), objects)
    monkeypatch.setattr(TrainedRank, "fit", None)  # nothing is trained again
    run_sweep(sweep, objects)
    pd.testing.assert_frame_equal(results(sweep, objects), results(sweep, Objects.open(str(folder))))


def test_micro_batches_and_recomputing_are_in_no_key(make_sweep: MakeSweep) -> None:
    keys = [
        resolve(make_sweep(CHATS, *changes)).cells[0].keys.lineage
        for changes in ([], ["train.micro_batch=2"], ["train.recompute=true"], ["loop.train.micro_batch=2"])
    ]
    assert len(set(keys)) == 1
    assert resolve(make_sweep(CHATS, "train.warmup=0.2")).cells[0].keys.lineage not in keys


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (["data=digits", "metrics=[recall]"], "causal_lm needs text"),
        (["model=ddpm", "sample=null", "metrics=[distinct_n]"], "ddpm is no model of text"),
        (["sample.steps=5"], "sample.steps: causal_lm does not take it; it takes rows, temperature, top_k"),
        (["metrics=[frechet_distance]"], "frechet_distance compares numbers, and the data are text"),
        (["model.base=/nowhere/at/all", "model.width=64", "model.depth=2", "model.heads=4"], "there is no folder"),
    ],
)
def test_what_does_not_go_together_is_refused(changes: list[str], says: str, make_sweep: MakeSweep) -> None:
    def read() -> None:
        sweep = make_sweep(CHATS, *changes)
        validate(resolve(sweep))

    with pytest.raises(InputError) as refused:
        read()
    assert says in str(refused.value)


def test_a_pretrained_base_cannot_be_started_from_scratch(
    chats: tuple[Sweep, Path], make_sweep: MakeSweep, tmp_path: Path
) -> None:
    line = resolve(chats[0]).cells[0]
    family = cast(Any, line.family)
    family.save(family.initial(line.data.event, Streams((0,), 0)), tmp_path, training_state=False)
    text = CHATS.replace("width: 16, depth: 1, heads: 2", f"base: {tmp_path}")
    started = {start: make_sweep(text, f"loop.start={start}") for start in ("previous", "initial", "scratch")}
    for start in ("previous", "initial"):
        validate(resolve(started[start]))
    with pytest.raises(InputError, match=r"loop\.start: a pretrained base has no random initialisation"):
        validate(resolve(started["scratch"]))


def test_a_family_refuses_sampling_settings_of_text(
    make_sweep: MakeSweep, digits_text: str, gaussian_text: str
) -> None:
    sweep = make_sweep(digits_text, "sample.temperature=0.5")
    with pytest.raises(InputError, match=r"sample\.temperature: flow_matching does not take it"):
        validate(resolve(sweep))
    with pytest.raises(InputError, match=r"sample\.top_k: gaussian does not take it"):
        make_sweep(gaussian_text, "sample.top_k=2")


@pytest.mark.parametrize("twin", ["sft_gemma2", "pretrain_tinystories", "value_of_synthetic"])
def test_the_small_twins_run_and_their_claims_are_judged(
    twin: str, make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    text = (Path(__file__).parents[2] / f"sweeps/kazdan2024/{twin}_small.yaml").read_text(encoding="utf-8")
    smaller = ["data.rows=128", "model.width=32", "model.depth=1", "seeds=1", "loop.generations=1"]
    longer = ["initial.steps=50", "loop.budget.epochs=6", "train.lr=2e-2"]  # for so few rows
    if twin == "value_of_synthetic":
        longer[1] = "loop.budget.epochs=12"
        smaller += ["space.regime.real=[64]", "space.regime.synthetic=[0, 64]", "claims=[]"]
    sweep, objects = make_sweep(text, *smaller, *longer), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    assert np.isfinite(table["cross_entropy"]).all()
    judged = judge_claims(resolve(sweep), table)
    assert len(judged) == len(sweep.claims)
    assert {claim.verdict for claim in judged} <= {"undecided"}, "one seed decides nothing"


def test_texts_can_be_seen_and_exported(chats: tuple[Sweep, Path], tmp_path: Path) -> None:
    sweep, objects = chats[0], Objects.open(str(chats[1]))
    cell = resolve(sweep).cells[1]
    rows = sampled_rows(cell, 0, 2, objects)
    assert rows is not None
    assert isinstance(cell.family, SupportsText)
    texts = cell.family.texts(rows)
    about = provenance(cell, 0, 2)
    export_rows(rows, tmp_path / "set", "huggingface", about, texts)
    written = pq.read_table(tmp_path / "set/data/train.parquet").to_pydict()
    assert written["text"] == texts
    assert written["lineage"] == [cell.keys.lineage] * len(texts)
    with pytest.raises(InputError, match="texts are no images"):
        export_rows(rows, tmp_path / "other", "png", about, texts)
    drawn = read_samples(resolve(sweep).cells, [0, 2], 0, objects, 1)
    picture = Image.open(io.BytesIO(sample_grid_png(sweep, resolve(sweep).cells, [0, 2], drawn)))
    assert picture.width > picture.height
    figure = samples_figure(sweep, resolve(sweep).cells, load_table(resolve(sweep), objects), objects)
    assert "First text of each generation" in figure.caption
    last = figure.numbers[(figure.numbers["cell"] == cell.number) & (figure.numbers["generation"] == 2)]
    assert last["text"].tolist() == texts[:1]


def test_a_plan_reads_no_weights(chats: tuple[Sweep, Path]) -> None:
    sweep, folder = chats
    assert make_plan(resolve(sweep), Objects.open(str(folder))).units == ()


def test_coupled_language_models_train_on_each_others_texts_and_go_on_after_a_kill(
    make_sweep: MakeSweep, run_sweep: RunSweep, run_and_kill: Callable[[Sweep, Objects, int], None], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    read: dict[tuple[int, int], np.ndarray] = {}
    fit = TrainedRank.fit

    def fit_and_record(self: TrainedRank, generation: int, training_set: TrainingSet, *arguments: Any) -> Any:
        read[self.model_number, generation] = training_set.load()[0]
        return fit(self, generation, training_set, *arguments)

    monkeypatch.setattr(TrainedRank, "fit", fit_and_record)
    few = ("data.rows=30", "space={regime: [replace], lambda: 1.0}", "models={count: 2, reads: complete}")
    short = ("initial.steps=4", "sample.accept=null", "curation={name: luce, reward: words, target: 3.0}")
    metrics = "metrics=[cross_entropy, self_perplexity, {name: expected_reward, reward: words, target: 3.0}]"
    sweep = make_sweep(CHATS, *few, *short, metrics, "sample.rows=60")
    whole, killed = Objects.open(str(tmp_path / "a")), Objects.open(str(tmp_path / "b"))
    run_sweep(sweep, whole)
    cells = resolve(sweep).cells
    sampled = [sampled_rows(cell, 0, 1, whole) for cell in cells]
    for model in range(2):
        rows = read[model, 2]
        of_models = [
            (rows[:, None] == of_model).all(axis=2).any(axis=1) for of_model in sampled if of_model is not None
        ]
        assert np.any(of_models, axis=0).all()
        assert [(mask & ~other).any() for mask, other in zip(of_models, of_models[::-1], strict=True)] == [True, True]
    run_and_kill(sweep, killed, 1)
    run_sweep(sweep, killed)
    pd.testing.assert_frame_equal(results(sweep, killed), results(sweep, whole), check_exact=True)
