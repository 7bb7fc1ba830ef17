"""The section ``models``: cells of coupled models and refusals with their lines."""

import pytest

from raysc.errors import InputError
from raysc.settings import CellSettings
from raysc.sweepfile import Sweep
from raysc.theory.graphs import reading_matrix
from tests.sweepfile.conftest import Read

TEXT = """\
data: {name: gaussian, dim: 2}
model: gaussian
models: {count: 3, reads: cycle}
loop: {generations: 4}
space: {regime: mix, lambda: 0.5}
metrics: [frechet_distance]
"""


def indices(cells: tuple[CellSettings, ...]) -> list[object]:
    return [cell.axes["models.index"] for cell in cells]


def test_every_model_is_a_cell_and_has_a_control(read: Read) -> None:
    sweep: Sweep = read(TEXT)
    assert indices(sweep.cells) == [0, 1, 2, 0, 1, 2]
    assert [cell.compared_with for cell in sweep.cells] == [3, 4, 5, 3, 4, 5]
    couplings = [cell.coupling for cell in sweep.cells]
    assert len({coupling.models for coupling in couplings if coupling is not None}) == 2
    assert all(coupling is not None and coupling.count == 3 for coupling in couplings)
    first = couplings[0]
    assert first is not None
    assert first.reads == reading_matrix("cycle", 3)


def test_controls_are_the_same_for_all_graphs_and_read_nothing(read: Read) -> None:
    text = TEXT.replace("models: {count: 3, reads: cycle}\n", "").replace("space: {", "space: {models.count: 3, ")
    sweep = read(text.replace("0.5}", "0.5, models.reads: [self, cycle, star]}"))
    assert len(sweep.cells) == 3 * 3 + 3
    assert [cell.axes["models.reads"] for cell in sweep.cells[::3]] == ["self", "cycle", "star", None]


def test_models_may_differ_in_settings(read: Read) -> None:
    each = "each: {lambda: [0.5, 1, 2], data.scale: [1.0, 2.0, 3.0], regime: [mix, {name: replace, grow: true}, mix]}"
    text = TEXT.replace("reads: cycle", each).replace("{regime: mix, lambda: 0.5}", "{models.real: common}")
    cells = read(text).cells[:3]
    assert [cell.lambda_ for cell in cells] == [0.5, 1.0, 2.0]
    assert [cell.axes["data.scale"] for cell in cells] == [1.0, 2.0, 3.0]
    assert [cell.axes["regime.grow"] for cell in cells] == [None, True, None]
    assert [cell.coupling.real for cell in cells if cell.coupling is not None] == ["common"] * 3


def test_one_model_is_the_cell_without_the_section(read: Read) -> None:
    plain = TEXT.replace("models: {count: 3, reads: cycle}\n", "")
    assert read(TEXT, "models.count=1").cells == read(plain).cells


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("count: 3", "count: 0", r"line 3: models.count: expected a number of at least 1, got 0"),
        ("count: 3", "count: 101", r"line 3: models.count: expected a number of at most 100"),
        ("cycle", "cicle", r"line 3: models.reads: expected self, cycle, .* did you mean 'cycle'"),
        ("cycle", "[[1, 0], [0, 1]]", r"line 3: models.reads: expected 3 rows of 3 shares"),
        ("cycle", "[[1, 0, 0], [0, 1, 0], [0.5, 0.4, 0]]", r"models.reads.2: expected shares .* sum to 1"),
        ("reads: cycle", "each: {lambda: [1, 2]}", r"models.each.lambda: expected a value for each of the 3 models"),
        ("reads: cycle", "each: {lamda: [1, 2, 3]}", r"models.each.lamda: unknown axis"),
        ("reads: cycle", "each: {lambda: [1, 2, 3]}", r"models.each.lambda: is also an axis of space"),
        ("reads: cycle", "each: {models.real: [own, own, own]}", r"models.each.models.real: the models .* share"),
        ("count: 3, reads: cycle", "each: {data.scale: [1.0]}", r"models.each: is about several models"),
        ("reads: cycle", "each: {data.scale: [1.0, 2.0, wide]}", r"line 3: data.scale: expected a number"),
    ],
)
def test_mistakes_are_refused(read: Read, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(TEXT.replace(old, new))


WIDE = "{name: gaussian, dim: 2, scale: 2.0}"
PLAIN = "{name: gaussian, dim: 2}"


@pytest.mark.parametrize(
    ("each", "axis", "message"),
    [
        (f"data: [{PLAIN}, {PLAIN}, {WIDE}]", "data.scale: 1.0", r"data\.scale of space .* sets data\.scale"),
        ("data.scale: [1.0, 2.0, 3.0]", f"data: [{WIDE}]", r"data of space .* sets data\.scale"),
        ("data: [gaussian, gaussian, gaussian]", "data.name: gaussian", r"data\.name of space .* sets data\.name"),
    ],
)
def test_a_setting_of_models_and_of_space_is_refused(read: Read, each: str, axis: str, message: str) -> None:
    text = TEXT.replace("reads: cycle", f"each: {{{each}}}").replace("lambda: 0.5", f"lambda: 0.5, {axis}")
    with pytest.raises(InputError, match=rf"line 3: models\.each\.data\S*: {message}, too; keep one of them"):
        read(text)


def test_models_and_space_may_have_different_settings_of_one_component(read: Read) -> None:
    each = f"each: {{data: [{PLAIN}, {PLAIN}, {WIDE}]}}"
    text = TEXT.replace("reads: cycle", each).replace("lambda: 0.5", "lambda: 0.5, data.rows: [20, 30]")
    cells = read(text).cells[:6]
    assert [(cell.axes["data.rows"], cell.axes["data.scale"]) for cell in cells] == [
        (rows, scale) for rows in (20, 30) for scale in (1.0, 1.0, 2.0)
    ]


def test_a_search_for_a_threshold_is_about_a_single_model(read: Read) -> None:
    text = TEXT.replace(", lambda: 0.5", "") + "search: {threshold: lambda, range: [0.25, 1]}\nseeds: 4\n"
    with pytest.raises(InputError, match=r"search\.threshold: is about cells of a single model"):
        read(text)
    read(text, "models.count=1")
