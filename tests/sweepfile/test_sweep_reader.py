"""Reading of sweep files: values, defaults and error messages."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysc.errors import InputError
from raysc.sweepfile import Component, Resources, Sweep, read_sweep
from raysc.sweepfile.signature import ComponentRegistry

Read = Callable[..., Sweep]
Refusal = Callable[..., str]
Change = Callable[[str], str]


def test_defaults(read: Read, closed: str) -> None:
    sweep = read(closed)
    assert (sweep.name, sweep.seeds, sweep.generations, sweep.measure) == ("grid", (0,), 4, "all")
    assert (sweep.control, sweep.pool, sweep.storage, sweep.initial_quality) == ("declared", "parquet", None, None)
    assert sweep.resources == Resources(workers=1, cpus=1, gpus=0)
    assert sweep.metrics == (Component(name="frechet_distance"),)
    assert json.loads(json.dumps(sweep.resolved)) == sweep.resolved


def test_every_key_is_read(read: Read, closed: str) -> None:
    keys = (
        "name: ours\nseeds: [4, 2]\nmeasure: [4, 0, 4]\ninitial_quality: precision\npool: object_store\n"
        "storage: s3://bucket/x\nresources: {workers: 2, cpus: 3, gpus: 1}\nsample: {rows: 50}\ninitial: {rows: 9}\n"
    )
    text = closed.replace("[frechet_distance]", "[{name: precision, k: 5}, frechet_distance]") + keys
    sweep = read(text)
    assert (sweep.name, sweep.seeds, sweep.measure, sweep.pool) == ("ours", (4, 2), (0, 4), "object_store")
    assert (sweep.storage, sweep.initial_quality) == ("s3://bucket/x", "precision")
    assert sweep.resources == Resources(workers=2, cpus=3, gpus=1)
    assert sweep.metrics[0] == Component(name="precision", parameters={"k": 5})
    assert (sweep.cells[0].sample.rows, sweep.cells[0].initial.rows) == (50, 9)


def test_errors_of_later_checks_have_the_line_of_the_setting(read: Read, trained: str) -> None:
    sweep = read(trained)
    assert str(sweep.error("initial.steps", "too many")).endswith("grid.yaml, line 9: initial.steps: too many")
    assert str(sweep.error("data.rows", "too many")).endswith("grid.yaml, line 1: data.rows: too many")
    assert str(sweep.error("loop.budget.steps", "x")).endswith("grid.yaml, line 6: loop.budget.steps: x")
    assert str(sweep.error("storage", "x")).endswith("grid.yaml: storage: x")
    assert str(read(trained, "data.rows=5").error("data.rows", "x")) == "--set data.rows=5: data.rows: x"


def test_errors_of_a_cell_have_the_line_of_its_grid(read: Read, closed: str) -> None:
    grids = "\n- regime: [mix,\n    replace]\n  lambda: 1\n- regime: {name: counts, real: 1,\n    synthetic: 1}\n"
    sweep = read(closed.replace("{regime: replace}", grids))
    lines = {
        sweep.cells[number].regime.name: str(sweep.of_cell(number).error("regime", "x")).split(":")[0].split()[-1]
        for number in range(3)
    }
    assert lines == {"mix": "5", "replace": "6", "counts": "8"}
    assert "line 9: regime.synthetic" in str(sweep.of_cell(2).error("regime.synthetic", "x"))
    assert "line 5: regime" in str(sweep.error("regime", "x"))


def test_a_section_below_a_section_is_a_value_of_an_axis(read: Read, trained: str) -> None:
    sweep = read(trained.replace("regime: mix,", "regime: mix, loop.sample.guide: {weight: 0.5},"))
    guide = sweep.cells[0].loop_sample.guide
    assert guide is not None
    assert (guide.weight, sweep.cells[0].axes["loop.sample.guide.weight"]) == (0.5, 0.5)


def test_generation_0_may_be_loaded_from_a_folder(read: Read, trained: str) -> None:
    cell = read(
        trained.replace("initial: {steps: 1200}", "initial: {from: models/a}"), "space={regime: replace}"
    ).cells[0]
    assert cell.initial.from_ == "models/a"
    assert cell.initial.steps is None


def test_an_empty_section_sets_nothing(read: Read, closed: str) -> None:
    assert read(closed + "train:\nsample:\n").cells == read(closed).cells


def edit(old: str, new: str) -> Change:
    return lambda text: text.replace(old, new)


def until(value: str) -> Change:
    return edit("generations: 4", f"generations: 4, until: {value}")


def add(line: str) -> Change:
    return lambda text: text + line + "\n"


CLOSED_REFUSALS = [
    # top keys and types
    (add("sedes: 3"), 6, "sedes", ["unknown key", "did you mean 'seeds'"]),
    (add("lambda: 3"), 6, "lambda", ["goes under space"]),
    (add("loop.start: previous"), 6, "loop.start", ["dotted keys go under space", "loop: {start: ...}"]),
    (edit("generations: 4", "generations: 0"), 3, "loop.generations", ["a number above 0, got 0"]),
    (edit("generations: 4", "generations: 4.0"), 3, "loop.generations", ["whole number, got 4.0; write 4"]),
    (edit("generations: 4", "generations: '4'"), 3, "loop.generations", ["whole number, got '4'"]),
    (edit("generations: 4", "generations: true"), 3, "loop.generations", ["whole number, got true"]),
    (edit("generations: 4", "start: previous"), 3, "loop.generations", ["is missing"]),
    (edit("generations: 4", "generation: 4"), 3, "loop.generation", ["did you mean 'generations'"]),
    (edit("loop: {generations: 4}", "loop: 4"), 3, "loop", ["mapping of keys and values, got 4"]),
    (edit("metrics: [frechet_distance]", "seeds: 1"), None, "metrics", ["is missing"]),
    (edit("[frechet_distance]", "[]"), 5, "metrics", ["a list of at least 1, got []"]),
    (edit("[frechet_distance]", "frechet_distance"), 5, "metrics", ["a list, got 'frechet_distance'"]),
    (
        edit("[frechet_distance]", "[frechet]"),
        5,
        "metrics.0",
        ["unknown metric 'frechet'", "did you mean 'frechet_distance'"],
    ),
    (edit("[frechet_distance]", "[precision, precision]"), 5, "metrics.1", ["listed twice"]),
    (edit("[frechet_distance]", "[{k: 3}]"), 5, "metrics.0", ["expected the name of a metric"]),
    (add("seeds: 0"), 6, "seeds", ["at least 1", "got 0"]),
    (add("seeds: true"), 6, "seeds", ["got true"]),
    (add("seeds: []"), 6, "seeds", ["list of seeds"]),
    (add("seeds: [0, 1, 0]"), 6, "seeds.2", ["seed 0 is listed twice"]),
    (add("seeds: [0, -1]"), 6, "seeds.1", ["at least 0, got -1"]),
    (add("seeds: {date: 3}"), 6, "seeds.date", ["unknown key", "did you mean 'data'"]),
    (add("seeds: {data: 0}"), 6, "seeds.data", ["at least 1", "got 0"]),
    (add("seeds: {data: [0, 9000]}"), 6, "seeds.data", ["from 0 to 8,999, got 9,000"]),
    (add("seeds: {data: 8000, train: 8000}"), 6, "seeds", ["64,000,000 combinations are more than 10,000,000"]),
    (add("measure: some"), 6, "measure", ["all, log or a list", "'some'"]),
    (add("measure: [0, 5]"), 6, "measure.1", ["from 0 to 4, got 5"]),
    (add("control: maybe"), 6, "control", ["true, false or matched"]),
    (add("initial_quality: precison"), 6, "initial_quality", ["listed metrics", "'precison'"]),
    (add("pool: parket"), 6, "pool", ["'parquet' or 'object_store'", "did you mean 'parquet'"]),
    (add("storage: 3"), 6, "storage", ["text, got 3"]),
    (add("name: a/b"), 6, "name", ["plain folder name", "'a/b'"]),
    (add("name: .."), 6, "name", ["plain folder name"]),
    (add("resources: {workers: 0}"), 6, "resources.workers", ["above 0, got 0"]),
    (add("resources: {worker: 1}"), 6, "resources.worker", ["did you mean 'workers'"]),
    (add("resources: {workers: 2, gpus: 0.5}"), 6, "resources.gpus", ["fraction", "workers: 1 only"]),
    (add("resources: {gpus: 1.5}"), 6, "resources.gpus", ["whole number, got 1.5"]),
    (add("resources: {gpus: -1}"), 6, "resources.gpus", ["at least 0"]),
    (add("resources: {cpus: 2.5}"), 6, "resources.cpus", ["whole number, got 2.5"]),
    (add("resources: {cpus: 0}"), 6, "resources.cpus", ["above 0"]),
    (add("search: {random: 0}"), 6, "search.random", ["above 0"]),
    (add("search: {randm: 3}"), 6, "search.randm", ["did you mean 'random'"]),
    # loggers, prices, retention
    (add("loggers: wandb"), 6, "loggers", ["expected a list", "wandb"]),
    (add("loggers: [csv, wanbd]"), 6, "loggers.1", ["expected one of csv, wandb, mlflow", "did you mean 'wandb'"]),
    (add("loggers: [{name: wandb, api_key: abc}]"), 6, "loggers.0", ["api_key does not belong in a sweep file"]),
    (add("prices: {gpu: {hour: 1}}"), 6, "prices.gpu.cpus", ["is missing"]),
    (add("prices: {gpu: {hour: 0, cpus: 4}}"), 6, "prices.gpu.hour", ["expected a number above 0"]),
    (add("keep: all"), 6, "keep", ["expected a mapping"]),
    (add("keep: {rows: some}"), 6, "keep.rows", ["all", "needed"]),
    (add("keep: {model: all}"), 6, "keep.model", ["did you mean 'models'"]),
    (add("pool: object_store\nkeep: {models: last}"), 7, "keep.models", ["pool: parquet"]),
    (add("resources: {checkpoint_minutes: 0}"), 6, "resources.checkpoint_minutes", ["above 0"]),
    (until("{metric: frechet, below: 1}"), 3, "loop.until.metric", ["did you mean 'frechet_distance'"]),
    (until("{metric: frechet_distance}"), 3, "loop.until", ["one of above and below"]),
    (until("{metric: frechet_distance, below: 1, above: 2}"), 3, "loop.until", ["one of above and below"]),
    (until("{metric: frechet_distance, under: 1}"), 3, "loop.until.under", ["unknown key"]),
    (until("{below: 1}"), 3, "loop.until.metric", ["is missing"]),
    (until("{metric: frechet_distance, below: low}"), 3, "loop.until.below", ["a number", "'low'"]),
    # components
    (edit("model: gaussian", "model: gausian"), 2, "model", ["unknown model 'gausian'", "did you mean 'gaussian'"]),
    (edit("model: gaussian", "model: {network: mlp}"), 2, "model", ["expected the name of a model"]),
    (edit("model: gaussian\n", ""), None, "model", ["is missing"]),
    (
        edit("dim: 2", "dims: 2"),
        1,
        "data.dims",
        ["takes no 'dims'", "did you mean 'dim'", "gaussian takes dim (int, required)"],
    ),
    (edit("dim: 2", "rows: 2"), 1, "data.dim", ["is missing", "gaussian takes dim"]),
    (edit("dim: 2", "dim: two"), 1, "data.dim", ["whole number, got 'two'", "gaussian takes dim"]),
    (edit("dim: 2", "dim: true"), 1, "data.dim", ["whole number, got true"]),
    (edit("dim: 2", "dim: 2, scale: yes"), 1, "data.scale", ["a number, got 'yes'"]),
    # what closed-form models do not take
    (add("initial: {steps: 3}"), 6, "initial.steps", ["model gaussian is fitted by a formula"]),
    (add("initial: {from: x}"), 6, "initial.from", ["fitted by a formula"]),
    (add("train: {lr: 1e-3}"), 6, "train", ["fitted by a formula"]),
    (add("sample: {steps: 3}"), 6, "sample.steps", ["gaussian does not take it; it takes rows, temperature"]),
    (add("sample: {top_k: 3}"), 6, "sample.top_k", ["gaussian does not take it"]),
    (edit("generations: 4", "generations: 4, sample: {steps: 3}"), 3, "loop.sample.steps", ["does not take it"]),
    (
        add("sample: {temperature: 2, covariance_scale: 2}"),
        6,
        "sample.covariance_scale",
        ["does not go with temperature", "set one"],
    ),
    (edit("generations: 4", "generations: 4, start: previous"), 3, "loop.start", ["fitted by a formula"]),
    (edit("generations: 4", "generations: 4, budget: {steps: 3}"), 3, "loop.budget", ["fitted by a formula"]),
    (edit("generations: 4", "generations: 4, train: {lr: 1}"), 3, "loop.train", ["fitted by a formula"]),
    (edit("regime: replace", "regime: replace, initial.steps: 3"), 4, "initial.steps", ["fitted by a formula"]),
    # space
    (edit("space: {regime: replace}", "seeds: 1"), None, "space", ["is missing"]),
    (edit("{regime: replace}", "[]"), 4, "space", ["expected axes"]),
    (edit("{regime: replace}", "{}"), 4, "space", ["expected axes"]),
    (edit("{regime: replace}", "replace"), 4, "space", ["expected axes"]),
    (edit("{regime: replace}", "[{regime: replace}, 3]"), 4, "space.1", ["expected axes"]),
    (edit("{regime: replace}", "{lambda: 1}"), 4, "space", ["regime is missing"]),
    (edit("regime: replace", "regime: replace, lamda: 1"), 4, "space.lamda", ["unknown axis", "did you mean 'lambda'"]),
    (
        edit("regime: replace", "regime: replace, seeds: [1, 2]"),
        4,
        "space.seeds",
        ["unknown axis", "settings below data"],
    ),
    (edit("regime: replace", "regime: replace, initial: [1]"), 4, "space.initial", ["initial.steps, initial.rows"]),
    (
        edit("regime: replace", "regime: replace, initial.row: [1]"),
        4,
        "space.initial.row",
        ["did you mean 'initial.rows'"],
    ),
    (edit("regime: replace", "regime: []"), 4, "space.regime", ["an empty list"]),
    (edit("regime: replace", "regime: [replace, mixx]"), 4, "regime", ["unknown regime 'mixx'", "did you mean 'mix'"]),
    (edit("regime: replace", "regime: mix"), 4, "regime", ["mix needs lambda"]),
    (edit("regime: replace", "regime: {name: replace, gro: true}"), 4, "regime.gro", ["did you mean 'grow'", "bool"]),
    (edit("regime: replace", "regime: replace, regime.rows: 3"), 4, "regime.rows", ["replace takes grow"]),
    (edit("regime: replace", "regime: {choose: [mix]}"), 4, "regime", ["expected the name of a regime"]),
    (edit("regime: replace", "regime: replace, lambda: [1, -0.5]"), 4, "lambda", ["at least 0, got -0.5"]),
    (edit("regime: replace", "regime: replace, lambda: .nan"), 4, "space.lambda", ["finite number"]),
    (edit("regime: replace", "regime: replace, lambda: [.inf]"), 4, "space.lambda.0", ["finite number"]),
    (edit("regime: replace", "regime: replace, lambda: true"), 4, "lambda", ["at least 0, got true"]),
    (edit("regime: replace", "regime: replace, lambda: '1'"), 4, "lambda", ["at least 0, got '1'"]),
    (edit("regime: replace", "regime: replace, lambda: [null]"), 4, "lambda", ["got nothing"]),
    (edit("regime: replace", "regime: real_only, lambda: -1"), 4, "lambda", ["at least 0"]),
    (
        edit("regime: replace", "regime: replace, lambda: {unifrom: [0, 1]}"),
        4,
        "space.lambda",
        ["did you mean 'uniform'"],
    ),
    (
        edit("regime: replace", "regime: replace, lambda: {a: 1, b: 2}"),
        4,
        "space.lambda",
        ["a value, a list, or one of"],
    ),
    (edit("regime: replace", "regime: replace, initial.rows: 0"), 4, "initial.rows", ["above 0, got 0"]),
]

TRAINED_REFUSALS = [
    (
        edit("initial: {steps: 1200}", "initial: {from: x}"),
        9,
        "initial.steps",
        ["does not go with initial.from", "line 3"],
    ),
    (edit("initial: {steps: 1200}", "initial: {from_: x}"), 3, "initial.from_", ["unknown key", "did you mean 'from'"]),
    (edit("  budget: {steps: 300}\n", ""), 4, "loop.budget", ["is missing"]),
    (edit("{steps: 300}", "{steps: 300, epochs: 2}"), 6, "loop.budget.epochs", ["exactly one", "got steps and epochs"]),
    (edit("{steps: 300}", "{}"), 6, "loop.budget", ["exactly one", "got none"]),
    (edit("{steps: 300}", "{stepz: 300}"), 6, "loop.budget.stepz", ["did you mean 'steps'"]),
    (edit("  budget", "  start: prev\n  budget"), 6, "loop.start", ["'previous', 'initial' or 'scratch', got 'prev'"]),
    (edit("batch: 128", "batch: 0"), 7, "train.batch", ["above 0"]),
    (edit("lr: 1e-3", "lr: 1e-3, precision: fp8"), 7, "train.precision", ["'fp32', 'fp32_ieee', 'bf16' or 'fp16'"]),
    (edit("half_life: 70", "halflife: 70"), 7, "train.ema.halflife", ["did you mean 'half_life'"]),
    (edit("ema: {half_life: 70}", "ema: 70"), 7, "train.ema", ["mapping of keys and values, got 70"]),
    (edit("lr: 1e-3", "optimizer_state: reset"), 7, "train.optimizer_state", ["set it under loop.train"]),
    (edit("lr: 1e-3", "start_weights: ema"), 7, "train.start_weights", ["set it under loop.train"]),
    (edit("train:", "sample: {latents: repeated}\ntrain:"), 7, "sample.latents", ["set it under loop.sample"]),
    (edit("half_life: 70", "half_life: 70, half_life_rows: 9"), 7, "train.ema.half_life_rows", ["exactly one"]),
    (edit("half_life: 70", "rampup: 0.05"), 7, "train.ema", ["exactly one", "got none"]),
    (edit("lr: 1e-3", "ramp: {restarted: false}"), 7, "train.ramp", ["exactly one of steps, rows; got none"]),
    (edit("  budget", "  train: {lr: fast}\n  budget"), 6, "loop.train.lr", ["a number, got 'fast'"]),
    (
        edit("regime: mix,", "regime: mix, train.optimizer_state: reset,"),
        9,
        "train.optimizer_state",
        ["under loop.train"],
    ),
    (
        edit("regime: mix,", "regime: mix, sample.guide.weight: [0.5],"),
        9,
        "sample.guide",
        ["set it under loop.sample"],
    ),
    (edit("regime: mix,", "regime: mix, loop.start: [prevous],"), 9, "loop.start", ["did you mean 'previous'"]),
    (edit("regime: mix,", "regime: mix, loop.budget.epochs: 2,"), 9, "loop.budget.epochs", ["got steps and epochs"]),
    (
        edit("regime: mix,", "regime: mix, model.network: [mlp, cnn],"),
        9,
        "model.network",
        ["'mlp' or 'unet', got 'cnn'"],
    ),
    (edit("regime: mix,", "regime: mix, model.dropout: 1.5,"), 9, "model.dropout", ["below 1, got 1.5"]),
    (edit("regime: mix,", "regime: mix, train.lr: {uniform: [0, 1]},"), 9, "space.0.train.lr", ["search: {random: N}"]),
    (edit("digits", "{name: digits, rows: 2000}"), 1, "data.rows", ["1437 training rows"]),
    (edit("regime: mix,", "regime: mix, data.rows: [5, 2000],"), 9, "data.rows", ["rows must be 1 to 1437"]),
    (edit("regime: mix, ", ""), 9, "space.0", ["regime is missing"]),
]


@pytest.mark.parametrize(
    ("base", "change", "line", "key", "parts"),
    [("closed", *case) for case in CLOSED_REFUSALS] + [("trained", *case) for case in TRAINED_REFUSALS],
)
def test_messages_have_one_line_with_location_key_and_help(
    request: pytest.FixtureRequest,
    read: Read,
    refusal: Refusal,
    base: str,
    change: Change,
    line: int | None,
    key: str,
    parts: list[str],
) -> None:
    valid = request.getfixturevalue(base)
    read(valid)
    text = change(valid)
    assert text != valid
    message = refusal(text)
    location = "grid.yaml" if line is None else f"grid.yaml, line {line}"
    assert message.startswith(f"{location}: {key}: ")
    for part in parts:
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize("key", ["steps", "rows"])
def test_a_loaded_generation_0_excludes_steps_and_rows(refusal: Refusal, trained: str, key: str) -> None:
    text = trained.replace("{steps: 1200}", f"{{from: x, {key}: 3}}")
    message = refusal(text, "space={regime: replace}")
    assert message.startswith(f"grid.yaml, line 3: initial.{key}: does not go with initial.from")


def test_the_line_of_an_item_of_a_long_list(refusal: Refusal, closed: str) -> None:
    text = closed.replace("{regime: replace}", "\n  regime: replace\n  lambda:\n  - 1\n  - 2\n  - -3\n")
    assert refusal(text).startswith("grid.yaml, line 9: lambda: expected a number of at least 0, got -3")


def test_a_default_name_must_be_a_folder_name(tmp_path: Path, closed: str, fake_registry: ComponentRegistry) -> None:
    file = tmp_path / "my sweep.yaml"
    file.write_text(closed)
    with pytest.raises(InputError, match="name: expected a plain folder name"):
        read_sweep(str(file), [], fake_registry)
    assert read_sweep(str(file), ["name=mine"], fake_registry).name == "mine"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 5) | st.floats() | st.sampled_from(["", "mix", "a.b", "\u00e9", "all"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "steps", "rows", "uniform", "regime", "x.y", "ema"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
KEYS = [
    "data",
    "model",
    "initial",
    "loop",
    "train",
    "sample",
    "space",
    "search",
    "seeds",
    "metrics",
    "measure",
    "control",
    "initial_quality",
    "resources",
    "pool",
    "storage",
    "data.name",
    "data.dim",
    "initial.steps",
    "loop.generations",
    "loop.budget",
    "loop.train",
    "loop.sample",
    "loop.start",
    "train.ema",
    "name",
    "space.regime",
    "space.lambda",
    "space.data",
    "space.model",
    "space.data.scale",
    "space.regime.grow",
    "space.train.ema",
    "space.loop.budget",
    "space.initial.steps",
    "space.initial.from",
    "resources.gpus",
    "resources.workers",
    "search.random",
    "space.0",
    "space.0.lambda",
]


@settings(max_examples=300, deadline=None)
@given(key=st.sampled_from(KEYS), value=JSON, is_trained=st.booleans())
def test_any_value_of_a_key_is_read_or_refused_in_one_line(
    read: Read, closed: str, trained: str, key: str, value: object, is_trained: bool
) -> None:
    message = ""
    try:
        read(trained if is_trained else closed, f"{key}={json.dumps(value)}")
    except InputError as error:
        message = str(error)
    assert "\n" not in message
