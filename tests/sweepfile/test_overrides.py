"""``--set``."""

from collections.abc import Callable

import pytest

from raysc.sweepfile import Sweep

Read = Callable[..., Sweep]
Refusal = Callable[..., str]


def test_top_keys_and_nested_keys_are_set(read: Read, trained: str) -> None:
    sweep = read(trained, "seeds=2", "loop.budget.steps=10", "train.ema.half_life=2", "name=other", "measure=[0, 8]")
    assert sweep.seeds == (0, 1)
    assert {cell.budget and cell.budget.steps for cell in sweep.cells} == {10}
    assert {cell.loop_train.ema and cell.loop_train.ema.half_life for cell in sweep.cells} == {2}
    assert sweep.name == "other"
    assert sweep.measure == (0, 8)


def test_a_parameter_is_added_to_a_bare_name(read: Read, trained: str) -> None:
    sweep = read(trained, "data.rows=100", "model.network=unet")
    assert sweep.cells[0].data.parameters == {"rows": 100}
    assert sweep.cells[0].model.parameters == {"network": "unet"}


def test_a_missing_mapping_is_created(read: Read, closed: str) -> None:
    assert read(closed, "sample.rows=7", "resources.cpus=0.5").cells[0].sample.rows == 7


def test_later_overrides_win(read: Read, closed: str) -> None:
    assert read(closed, "seeds=2", "seeds=5").seeds == (0, 1, 2, 3, 4)


def test_an_axis_of_a_single_grid_needs_no_number(read: Read, closed: str) -> None:
    sweep = read(closed, "space.lambda=[0.1, 2]", "control=false")
    assert [cell.lambda_ for cell in sweep.cells] == [0.1, 2.0]


def test_an_axis_of_a_list_with_one_grid_needs_no_number(read: Read, closed: str) -> None:
    sweep = read(closed.replace("{regime: replace}", "[{regime: replace}]"), "space.lambda=3", "control=false")
    assert [cell.lambda_ for cell in sweep.cells] == [3.0]


def test_an_axis_of_one_of_several_grids(read: Read, trained: str) -> None:
    sweep = read(trained, "space.1.lambda=3", "space.0.initial.steps=300", "control=false")
    assert [(cell.regime.name, cell.lambda_, cell.initial.steps) for cell in sweep.cells] == [
        ("mix", 0.25, 300),
        ("mix", 1.0, 300),
        ("replace", 3.0, 300),
        ("replace", 3.0, 1200),
        ("accumulate", 3.0, 300),
        ("accumulate", 3.0, 1200),
    ]


def test_a_whole_grid_and_the_whole_space_can_be_replaced(read: Read, trained: str) -> None:
    assert read(trained, "space={regime: mix, lambda: 1}", "control=false").cells[0].regime.name == "mix"
    sweep = read(trained, "space.1={regime: real_only, initial.steps: 300}", "control=false")
    assert [cell.regime.name for cell in sweep.cells] == ["mix"] * 4 + ["real_only"]


def test_resolved_is_the_file_with_its_overrides(read: Read, closed: str) -> None:
    sweep = read(
        closed, "loop.generations=6", "data=digits", "model=flow_matching", "initial.steps=3", "loop.budget.steps=1"
    )
    assert sweep.resolved == {
        "data": "digits",
        "model": "flow_matching",
        "loop": {"generations": 6, "budget": {"steps": 1}},
        "space": {"regime": "replace"},
        "metrics": ["frechet_distance"],
        "initial": {"steps": 3},
    }


@pytest.mark.parametrize("grids", ["{regime: replace}", "[{regime: replace}]"])
def test_an_axis_keeps_its_location_when_an_axis_with_a_common_prefix_is_set(
    read: Read, closed: str, grids: str
) -> None:
    text = closed.replace("{regime: replace}", grids)
    for first, second in (("data.rows=[5, 7]", "data=gaussian"), ("data=gaussian", "data.rows=[5, 7]")):
        sweep = read(text, f"space.{first}", f"space.{second}", "space.data.dim=2", "control=false")
        assert [cell.data.parameters["rows"] for cell in sweep.cells] == [5, 7]
        assert sweep.locations["data.rows"] == "--set space.data.rows=[5, 7]"


def test_a_replaced_axis_leaves_no_locations_behind(read: Read, closed: str) -> None:
    text = closed.replace("{regime: replace}", "{regime: replace, data: [{name: gaussian, dim: 3}]}")
    assert "space.data.0.dim" in read(text, "control=false").locations
    assert "space.data.0.dim" not in read(text, "space.data=digits", "control=false").locations


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("seeds", ["expected KEY=VALUE"]),
        ("=3", ["expected KEY=VALUE"]),
        ("loop..budget=3", ["expected KEY=VALUE"]),
        ("sedes=3", ["sedes", "did you mean 'seeds'"]),
        ("lop.generations=3", ["lop", "did you mean 'loop'"]),
        ("loop.generation=3", ["loop.generation", "did you mean 'generations'"]),
        ("train.ema.halflife=3", ["did you mean 'half_life'"]),
        ("seeds.first=3", ["'seeds' has no keys below it"]),
        ("metrics.0=precision", ["'metrics' has no keys below it"]),
        ("data.rowz=3", ["data.rowz", "did you mean 'rows'"]),
        ("space.lambda=3", ["2 grids", "space.0.lambda to space.1.lambda"]),
        ("space.2.lambda=3", ["no space.2"]),
        ("space.0.lamda=3", ["unknown axis", "did you mean 'lambda'"]),
        ("space.0.lambda=-3", ["lambda", "at least 0"]),
        ("space.0={}", ["expected axes"]),
        ("seeds=[1", ["broken YAML"]),
        ("seeds=!x 3", ["tags"]),
        ("loop.generations=ten", ["whole number", "'ten'"]),
        ("loop.generations=", ["whole number", "nothing"]),
        ("lambda=1", ["lambda goes under space"]),
    ],
)
def test_messages_begin_with_the_override(refusal: Refusal, trained: str, override: str, parts: list[str]) -> None:
    message = refusal(trained, override)
    assert message.startswith(f"--set {override}: ")
    for part in parts:
        assert part in message


def test_an_overridden_section_has_no_line_of_the_file(refusal: Refusal, trained: str) -> None:
    message = refusal(trained, "train={ema: {half_life: -1}}")
    assert message.startswith(
        "--set train={ema: {half_life: -1}}: train.ema.half_life: expected a number above 0, got -1"
    )


def test_a_message_quotes_an_override_in_one_line(refusal: Refusal, trained: str) -> None:
    assert refusal(trained, "data.row\n=30").startswith("--set data.row =30: ")


def test_a_key_of_very_many_parts_is_refused(refusal: Refusal, trained: str) -> None:
    assert "nested more than 20 levels deep" in refusal(trained, f"data.{'a.' * 40}a=1")
    message = refusal(trained, f"space.{'a ' * 5000}=1")
    assert "longer than a key of a sweep" in message
    assert len(refusal(trained, "space.a\nb=1").splitlines()) == 1
