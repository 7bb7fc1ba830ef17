"""Claims of a sweep file."""

from collections.abc import Callable
from typing import Any

import pytest

from raysc.sweepfile import Sweep
from raysc.sweepfile.claims import Claim, Comparison, Margin, Quantity

Read = Callable[..., Sweep]
Refusal = Callable[..., str]
MakeClaim = Callable[..., Claim]

HEAD = """\
model: gaussian
loop: {generations: 10}
space: {regime: [replace, accumulate], data.dim: [1, 2]}
data: gaussian
metrics: [frechet_distance, precision]
measure: [0, 1, 2, 5, 10]
"""
"""Cells 0 to 3 in the order replace 1, 2, accumulate 1, 2; then the controls of dim 1 and 2."""

PLAIN = {"says": "a sentence", "metric": "frechet_distance", "of": "{regime: replace, data.dim: 1}", "than": "1"}


@pytest.fixture
def claim(read: Read) -> MakeClaim:
    """Return the claim with some fields, one per line."""

    def make(**fields: Any) -> Claim:
        (claim,) = read(text(**fields)).claims
        return claim

    return make


def text(head: str = HEAD, **fields: Any) -> str:
    entry = {"relation": "above", **PLAIN, **fields}
    lines = [f"    {name}: {value}" for name, value in entry.items() if value is not None]
    return f"{head}claims:\n  -\n" + "\n".join(lines) + "\n"


def test_defaults(claim: MakeClaim) -> None:
    result = claim()
    assert (result.says, result.source, result.metric, result.relation) == (
        "a sentence",
        "",
        "frechet_distance",
        "above",
    )
    assert (result.scale, result.ratio, result.by, result.trend, result.reason) == ("log", True, 1.0, None, "")
    (case,) = result.cases
    assert (dict(case.where), case.minus, case.axis) == ({}, None, ())
    assert case.first == Comparison(Quantity("at", (10,)), (0,), 1.0)


def test_claims_are_optional_and_change_no_cell(read: Read) -> None:
    assert read(HEAD).claims == ()
    assert read(HEAD + "claims: []\n").claims == ()
    assert read(text()).cells == read(HEAD).cells


def test_the_default_scale_is_the_metrics(claim: MakeClaim) -> None:
    assert claim(metric="precision").scale == "linear"
    assert claim(metric="precision").by == 0
    assert claim(metric="precision", scale="log").by == 1
    assert not claim(scale="linear").ratio


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("{at: last}", Quantity("at", (10,))),
        ("{at: 5}", Quantity("at", (5,))),
        ("{at: [5, 0, last, 5]}", Quantity("at", (0, 5, 10))),
        ("{slope: [1, last]}", Quantity("slope", (1, 2, 5, 10))),
        ("{slope: [3, last]}", Quantity("slope", (5, 10))),
        ("{crossing: {below: 0.5}}", Quantity("crossing", (0, 1, 2, 5, 10), 0.5, "below")),
        ("{crossing: {above: 2}}", Quantity("crossing", (0, 1, 2, 5, 10), 2.0, "above")),
    ],
)
def test_quantities(claim: MakeClaim, written: str, value: Quantity) -> None:
    assert claim(value=written).cases[0].first.value == value


def test_a_slope_is_compared_by_difference_on_either_scale(claim: MakeClaim) -> None:
    result = claim(value="{slope: [1, last]}", than=0)
    assert (result.scale, result.ratio, result.by) == ("log", False, 0.0)


@pytest.mark.parametrize(
    ("written", "than"),
    [("{regime: accumulate, data.dim: 1}", (2,)), ("{regime: accumulate, data.dim: 2}", (3,)), ("2.5", 2.5)]
    + [(word, word) for word in ("generation 0", "control", "theory")],
)
def test_baselines(claim: MakeClaim, written: str, than: tuple[int, ...] | str | float) -> None:
    assert claim(than=written).cases[0].first.than == than


def test_for_each_gives_one_case_per_value_for_both_sides(claim: MakeClaim) -> None:
    result = claim(of="{regime: replace}", than="{regime: accumulate}", for_each="[data.dim]")
    assert [dict(case.where) for case in result.cases] == [{"data.dim": 1}, {"data.dim": 2}]
    assert [(case.first.of, case.first.than) for case in result.cases] == [((0,), (2,)), ((1,), (3,))]
    assert result.compares == "regime replace, than regime accumulate"


def test_controls_are_selected_by_their_regime_only(claim: MakeClaim) -> None:
    result = claim(of="{}", than="control", for_each="[regime, data.dim]")
    assert [case.first.of for case in result.cases] == [(0,), (1,), (2,), (3,)]
    assert claim(of="{regime: real_only, data.dim: 2}").cases[0].first.of == (5,)


def test_a_sides_own_value_of_an_axis_takes_precedence(claim: MakeClaim) -> None:
    result = claim(of="{regime: replace}", than="{regime: accumulate, data.dim: 2}", for_each="[data.dim]")
    assert [case.first.than for case in result.cases] == [(3,), (3,)]


def test_lists_select_several_values(claim: MakeClaim) -> None:
    result = claim(of="{regime: [replace, accumulate], data.dim: 1}", for_each="[regime]")
    assert [case.first.of for case in result.cases] == [(0,), (2,)]


def test_a_trend_has_cells_in_ascending_order_of_the_axis(claim: MakeClaim) -> None:
    result = claim(of="{regime: replace}", than="{regime: accumulate}", trend="data.dim")
    (case,) = result.cases
    assert (case.axis, case.first.of, case.first.than) == ((1.0, 2.0), (0, 1), (2, 3))
    assert (result.trend, result.ratio, result.by) == ("data.dim", False, 0.0)


def test_minus_is_a_second_comparison(claim: MakeClaim) -> None:
    result = claim(
        than="control", minus="{of: {regime: accumulate, data.dim: 2}, than: control, value: {at: 5}}", by="1.5"
    )
    assert result.cases[0].minus == Comparison(Quantity("at", (5,)), (3,), "control")
    assert result.compares.endswith("than control, minus regime accumulate data.dim 2, than control")


def test_a_claim_may_be_expected_to_fail(claim: MakeClaim) -> None:
    result = claim(expect="{fails: kernels are too wide}")
    assert (result.expected, result.reason) == ("fails", "kernels are too wide")
    result = claim(expect="{undecided: five seeds are few}")
    assert (result.expected, result.reason) == ("undecided", "five seeds are few")
    assert claim().expected == "holds"


def test_rho_is_a_ratio_on_either_scale_and_its_default_bound_is_1(claim: MakeClaim) -> None:
    result = claim(value="{rho: [0, 2]}", than="control", relation="below")
    assert result.cases[0].first == Comparison(Quantity("rho", (0, 1, 2)), (0,), "control")
    assert (result.ratio, result.by, result.noise) == (False, 1.0, False)


def test_a_bound_may_be_in_units_of_the_noise_of_the_control(claim: MakeClaim) -> None:
    result = claim(than="control", relation="within", by="{noise: 0.5}")
    assert (result.by, result.noise, result.ratio) == (0.5, True, True)


def test_a_boundary_has_the_cells_of_all_lambdas(read: Read) -> None:
    fields = {"of": "{data.dim: 2}", "than": "control", "boundary": "{noise: 5}", "by": 0.5, "scale": "linear"}
    (result,) = read(text(MIXES, **fields)).claims
    (case,) = result.cases
    assert (case.axis, len(case.first.of), case.first.than) == ((0.5, 1.0), 2, "control")
    assert (result.boundary, result.by, result.ratio) == (Margin(5.0, noise=True), 0.5, False)
    (result,) = read(text(MIXES, **{**fields, "value": "{rho: [0, 2]}", "boundary": 1})).claims
    assert (result.boundary, result.by) == (Margin(1.0, noise=False), 0.5)


MIXES = HEAD.replace("[replace, accumulate]", "mix").replace("data.dim", "lambda: [0.5, 1.0], data.dim")

REFUSALS = [
    (
        {"metric": "frechet"},
        "metric",
        "a column 'frechet'; did you mean 'frechet_distance'",
    ),
    ({"relation": "beyond"}, "relation", "above"),
    ({"says": None}, "says", "is missing"),
    ({"than": None}, "than", "is missing"),
    ({"saying": "x"}, "saying", "did you mean 'says'"),
    ({"source": 4}, "source", "got 4"),
    ({"by": 0}, "by", "a factor above 0, since the scale is log; got 0"),
    ({"relation": "within"}, "by", "is missing: within needs a factor, such as 1.1"),
    ({"relation": "within", "scale": "linear"}, "by", "is missing: within needs a difference"),
    ({"relation": "within", "by": 1}, "by", "within needs a factor above 1, got 1"),
    ({"relation": "within", "by": 0, "scale": "linear"}, "by", "within needs a difference above 0, got 0"),
    ({"value": "{}"}, "value", "expected one of at, slope, crossing, rho and threshold"),
    ({"value": "{at: 1, slope: [1, 2]}"}, "value", "expected one of at, slope, crossing, rho and threshold"),
    ({"value": "{at: 3}"}, "value.at", "generation 3 is not measured; the nearest measured one is 2"),
    ({"value": "{at: 11}"}, "value.at", "expected last or a generation from 0 to 10, got 11"),
    ({"value": "{at: [0, true]}"}, "value.at.1", "expected last or a generation from 0 to 10, got true"),
    ({"value": "{at: []}"}, "value.at", "got []"),
    ({"value": "{slope: [1]}"}, "value.slope", "expected two generations"),
    ({"value": "{slope: [3, 5]}"}, "value.slope", "needs two measured generations; there are 1 from 3 to 5"),
    ({"value": "{crossing: {}}"}, "value.crossing", "expected a level"),
    ({"value": "{crossing: {below: 1, above: 2}}"}, "value.crossing", "expected a level"),
    ({"value": "{crossing: {under: 1}}"}, "value.crossing.under", "unknown key"),
    ({"of": "{regim: replace}"}, "of.regim", "'regim' is no axis of this sweep; did you mean 'regime'"),
    ({"of": "{regime: replce, data.dim: 1}"}, "of.regime", "no cell has 'replce'; did you mean 'replace'"),
    ({"of": "{regime: replace, data.dim: 3}"}, "of.data.dim", "no cell has 3; cells have 1, 2"),
    ({"of": "{data.dim: []}"}, "of.data.dim", "an empty list selects nothing"),
    ({"of": "{regime: replace}"}, "of", "selects 2 cells, which differ in data.dim"),
    ({"than": "{regime: accumulate}"}, "than", "selects 2 cells, which differ in data.dim"),
    ({"than": "generation 1"}, "than", "did you mean 'generation 0'"),
    ({"than": "[1]"}, "than", "expected axes and values, generation 0, control, theory, or a number; got [1]"),
    ({"than": 0}, "than", "a number above 0, since the scale is log; got 0"),
    ({"than": "theory", "value": "{slope: [0, 10]}"}, "than", "theory goes with a value at a generation, not with a"),
    ({"than": "generation 0", "value": "{crossing: {above: 2}}"}, "than", "generation 0 goes with a value at"),
    ({"than": "theory", "trend": "data.dim", "of": "{regime: replace}"}, "than", "neither trend nor minus"),
    ({"trend": "regime"}, "trend", "expected an axis of numbers; regime has 'replace'"),
    ({"trend": "data.dim"}, "trend", "a trend needs two values of data.dim; `of` selects 1"),
    ({"trend": "data.dim", "for_each": "[data.dim]"}, "trend", "cannot be in for_each too"),
    ({"for_each": "[data.rws]"}, "for_each.0", "'data.rws' is no axis of this sweep"),
    ({"for_each": "[data.dim, data.dim]"}, "for_each.1", "data.dim is listed twice"),
    ({"minus": "{of: {regime: replace}, than: 1}"}, "minus.of", "selects 2 cells"),
    ({"minus": "{of: {regime: accumulate, data.dim: 1}, than: 1, value: {at: [1, 2]}}"}, "minus.value", "same kind"),
    ({"minus": "{than: 1}"}, "minus.of", "is missing"),
    ({"expect": "fails"}, "expect", "expected a mapping"),
    ({"expect": "{fails: ''}"}, "expect.fails", "at least 1"),
    ({"expect": "{fails: a, undecided: b}"}, "expect", "expected one verdict with its reason"),
    ({"expect": "{}"}, "expect", "expected one verdict with its reason"),
    ({"by": "{noises: 2}"}, "by", "expected a number or {noise: 2}"),
    ({"by": "{noise: true}"}, "by.noise", "expected a number, got true"),
    ({"by": "much"}, "by", "expected a number, got 'much'"),
    ({"by": "{noise: 2}", "value": "{at: [1, 2]}"}, "by.noise", "goes with a value at one generation or a slope"),
    ({"by": "{noise: 2}", "than": "theory"}, "by.noise", "goes with no theory"),
    ({"by": "{noise: -1}", "relation": "within"}, "by", "a difference above 0, got -1"),
    ({"value": "{rho: [0, 1]}", "than": "control"}, "value.rho", "rho needs three measured generations; there are 2"),
    ({"value": "{rho: [0, 10]}", "than": "control"}, "value.rho", "at equal distances; got [0, 1, 2, 5, 10]"),
    ({"value": "{rho: [0, 2]}"}, "than", "rho is about the excess over the control"),
    ({"value": "{rho: [0, 2]}", "than": "generation 0"}, "than", "rho is about the excess over the control"),
    ({"boundary": 1}, "than", "boundary is about the damage against the control"),
    ({"boundary": 0, "than": "control"}, "boundary", "expected a number above 0, got 0"),
    ({"boundary": 1, "than": "control", "trend": "data.dim"}, "boundary", "goes with no trend"),
    ({"boundary": 1, "than": "control"}, "boundary", "a boundary needs two values of lambda; `of` selects 1"),
    ({"boundary": 1, "than": "control", "value": "{at: [1, 2]}"}, "boundary", "goes with a value at one generation"),
]


@pytest.mark.parametrize(("fields", "key", "problem"), REFUSALS)
def test_messages_have_the_key_and_the_problem(
    refusal: Refusal, fields: dict[str, Any], key: str, problem: str
) -> None:
    message = refusal(text(**fields))
    assert f"claims.0.{key}: " in message
    assert problem in message


def test_messages_have_the_line(refusal: Refusal) -> None:
    assert refusal(text(metric="frechet")).startswith("grid.yaml, line 11: claims.0.metric: ")


def test_claims_are_a_list(refusal: Refusal) -> None:
    assert "claims: expected a list of claims, got {" in refusal(HEAD + "claims: {says: x}\n")


def test_a_claim_against_the_control_needs_controls(refusal: Refusal, read: Read) -> None:
    without = HEAD + "control: false\n"
    assert "this sweep has no control" in refusal(text(without, than="control"))


def test_generation_0_must_be_measured(refusal: Refusal) -> None:
    late = HEAD.replace("[0, 1, 2, 5, 10]", "[1, 10]")
    assert "generation 0 is not measured" in refusal(text(late, than="generation 0"))


def test_a_trend_on_a_log_scale_needs_positive_values(refusal: Refusal) -> None:
    mixes = HEAD.replace("[replace, accumulate], data.dim: [1, 2]", "mix, lambda: [0, 1], data.dim: 1")
    message = refusal(text(mixes, of="{regime: mix}", trend="lambda"))
    assert "claims.0.trend: lambda has 0, which has no logarithm; set scale: linear" in message
