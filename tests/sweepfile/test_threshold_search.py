import pytest

from raysc import registry
from raysc.errors import InputError
from raysc.sweepfile import read_probes
from raysc.sweepfile.threshold_search import Runs, ThresholdSearch
from tests.conftest import MakeSweep

HEAD = """\
data: {name: gaussian, dim: 2, rows: 20}
model: gaussian
loop: {generations: 4}
seeds: 4
metrics: [trace_ratio, {name: mean_error}]
"""
SPACE = "space: {regime: mix, sample.covariance_scale: [1.5, 2.0]}\n"
SEARCH = "search: {threshold: lambda, range: [0.25, 16]}\n"


def search_of(make_sweep: MakeSweep, *lines: str) -> ThresholdSearch:
    search = make_sweep(HEAD + "".join(f"{line}\n" for line in lines)).search
    assert search is not None
    return search


def test_a_search_begins_at_the_ends_of_the_range(make_sweep: MakeSweep) -> None:
    sweep = make_sweep(HEAD + SPACE + SEARCH)
    search = sweep.search
    assert search is not None
    assert search.probes == (dict.fromkeys((0.25, 16), Runs((0, 1, 2, 3), 4)),) * 2
    cells = [(cell.axes["sample.covariance_scale"], cell.axes["lambda"]) for cell in sweep.cells[:4]]
    assert cells == [(1.5, 0.25), (1.5, 16), (2.0, 0.25), (2.0, 16)]
    assert all(cell.control for cell in sweep.cells[4:])
    assert (search.metric, search.delta, search.logarithmic, search.whole) == ("trace_ratio", None, True, False)


def test_probes_have_seeds_of_their_own_and_controls_have_all_of_them(make_sweep: MakeSweep) -> None:
    ends = dict.fromkeys((0.25, 16), Runs((0, 1, 2), 4))
    text = HEAD + SPACE + SEARCH.replace("16]", "16], generations: 9")
    sweep = read_probes(make_sweep(text), [{**ends, 1.9: Runs((3, 4), 8)}, ends], registry)
    assert sweep.seeds == (0, 1, 2, 3, 4)
    lambdas = [cell.axes["lambda"] for cell in sweep.cells[:5]]
    assert lambdas == [0.25, 1.9, 16, 0.25, 16]
    assert sweep.seeds_of(1) == (3, 4)
    assert sweep.seeds_of(3) == (0, 1, 2)
    control = sweep.cells[1].compared_with
    assert control is not None
    assert sweep.seeds_of(control) == (0, 1, 2, 3, 4)
    assert [sweep.generations_of(number) for number in (0, 1, control)] == [4, 8, 8]
    assert (sweep.generations, sweep.ceiling) == (8, 9)
    assert sweep.search is not None
    assert [sweep.search.cell(0, 16), sweep.search.cell(1, 0.25)] == [2, 3]


def test_the_same_sweep_has_the_same_probes_again(make_sweep: MakeSweep) -> None:
    sweep = make_sweep(HEAD + SPACE + SEARCH, "seeds=3")
    again = read_probes(sweep, None, registry)
    assert again.search == sweep.search
    assert again.cells == sweep.cells


def test_the_scale_follows_from_the_range(make_sweep: MakeSweep) -> None:
    space = "space: {regime: mix, lambda: 1.0}"
    temperature = "search: {threshold: sample.temperature, range: [0.5, 2.0]}"
    assert search_of(make_sweep, space, temperature).logarithmic
    linear = search_of(make_sweep, SPACE, "search: {threshold: lambda, range: [0, 2], criterion: {tolerance: 0.1}}")
    assert not linear.logarithmic
    assert linear.delta == 0.1


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["search: {threshold: lambda}"], "search: range is missing"),
        (["search: {random: 3, threshold: lambda, range: [1, 2]}"], "search: expected one of"),
        (["search: {threshold: lamda, range: [1, 2]}"], "search.threshold: expected an axis of numbers"),
        (["search: {threshold: regime, range: [1, 2]}"], "got 'regime'; valid: lambda, initial.steps, "),
        (["search: {threshold: train.weight, range: [1, 2]}"], "did you mean 'train.weight_decay'?"),
        (["search: {threshold: sample.latents, range: [1, 2]}"], "search.threshold: expected an axis of numbers"),
        (["search: {threshold: model, range: [1, 2]}"], "search.threshold: expected an axis of numbers"),
        (["search: {threshold: lambda, range: [2, 1]}"], "search.range: expected [a, b] with a < b"),
        (["search: {threshold: lambda, range: [0, 1], scale: log}"], "search.scale: log needs a range above 0"),
        (["search: {threshold: lambda, range: [1, 2], metric: nll}"], "search.metric: no listed metric"),
        (["search: {threshold: lambda, range: [1, 2], criterion: {tolerance: 0}}"], "search.criterion"),
        (["search: {threshold: lambda, range: [1, 2], width: 0}"], "search.width"),
        (["search: {threshold: lambda, range: [1, 2], runs: 11}"], "search.runs: expected at least 12"),
        ([SEARCH, "measure: [0, 1, 4]"], "measure: contraction is judged from"),
        (["search: {threshold: lambda, range: [1, 2], generations: 3}"], "expected at least loop.generations, 4"),
        (["search: {threshold: lambda, range: [1, 2], generations: 8}", "measure: log"], "and measure: all"),
        (["search: {threshold: lambda, range: [1, 2], hours: 0}"], "search.hours"),
        (
            ["search: {threshold: lambda, range: [1, 2], hours: 1}", "measure: log"],
            "search.hours: goes with measure: all",
        ),
        (
            ["search: {threshold: lambda, range: [1, 2], generations: 8, criterion: {tolerance: 1}}"],
            "a tolerance judges the last generation",
        ),
        ([SEARCH, "control: false"], "control: a search judges"),
        (["search: {threshold: sample.covariance_scale, range: [1, 2]}"], "is searched for"),
    ],
)
def test_a_search_that_cannot_work_is_refused(make_sweep: MakeSweep, lines: list[str], message: str) -> None:
    text = HEAD + SPACE + "".join(f"{line}\n" for line in lines)

    with pytest.raises(InputError) as refusal:
        make_sweep(text)
    assert message in str(refusal.value)


def test_values_of_whole_ends_are_whole_except_lambda(make_sweep: MakeSweep) -> None:
    window = "space: {regime: {name: window}, lambda: 1.0}"
    assert search_of(make_sweep, window, "search: {threshold: regime.width, range: [1, 4]}").whole
    assert not search_of(make_sweep, SPACE, "search: {threshold: lambda, range: [1, 4]}").whole


def test_a_regime_without_lambda_has_no_threshold(make_sweep: MakeSweep) -> None:
    with pytest.raises(InputError, match=r"do not depend on lambda"):
        make_sweep(HEAD + "space: {regime: [mix, real_only]}\n" + SEARCH)


def test_the_first_round_includes_a_control_for_each_end_if_controls_differ(make_sweep: MakeSweep) -> None:
    search = "search: {threshold: data.rows, range: [20, 40], runs: %d}"
    assert search_of(make_sweep, "space: {regime: mix, lambda: 1.0}", search % 16).runs == 16
    with pytest.raises(InputError, match=r"search\.runs: expected at least 16"):
        search_of(make_sweep, "space: {regime: mix, lambda: 1.0}", search % 15)


def test_a_search_needs_three_seeds(make_sweep: MakeSweep) -> None:
    with pytest.raises(InputError, match="begins with at least 3 seeds"):
        make_sweep(HEAD + SPACE + SEARCH, "seeds=2")
