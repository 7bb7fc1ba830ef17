"""raysc variance: components of a crossed sweep, and one message for others."""

import json
from pathlib import Path

import pytest

from raysc import registry
from raysc.store.objects import Objects
from raysc.sweepfile import read_sweep
from tests.cli.conftest import Arguments, RunRaysc
from tests.conftest import run_units

CROSSED = """\
name: crossed
data: {name: gaussian, dim: 1, rows: 20}
model: gaussian
loop: {generations: 2}
space: {regime: replace}
seeds: {data: 4, initial: 2, sample: 3}
metrics: [det_ratio, mean_error]
control: false
"""


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    """A finished sweep with seeds by purpose: its file, --storage and the store."""
    folder: Path = tmp_path_factory.mktemp("crossed")
    file = folder / "crossed.yaml"
    file.write_text(CROSSED)
    run_units(read_sweep(str(file), (), registry), Objects.open(str(folder / "store")))
    return str(file), "--storage", str(folder / "store")


def test_the_table_has_a_row_per_component(raysc: RunRaysc, crossed: tuple[str, str, str]) -> None:
    ran = raysc("variance", *crossed)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("crossed: components of the variance of log det_ratio\n")
    assert "data x initial x sample" in ran.out
    assert "100.0 %" in ran.out


def test_json_has_every_generation(raysc: RunRaysc, crossed: tuple[str, str, str]) -> None:
    rows = json.loads(raysc("variance", *crossed, "--json", "--generation", "all", "--metric", "mean_error").out)
    assert len(rows) == 3 * 8
    assert set(rows[0]) >= {"cell", "generation", "component", "levels", "variance", "low", "high", "share"}
    of_start = {row["component"]: row["variance"] for row in rows if row["generation"] == 0}
    assert of_start["data"] == pytest.approx(of_start["total"]), "generation 0 depends on the data alone"


def test_the_results_of_a_crossed_sweep_are_shown(raysc: RunRaysc, crossed: tuple[str, str, str]) -> None:
    for command in (["results"], ["status"], ["plan"], ["profile"]):
        ran = raysc(*command, *crossed)
        assert (ran.status, ran.err) == (0, ""), ran.err
    assert raysc("samples", *crossed, "--seed", "d9i0t0s0").err == (
        f"raysc: --seed d9i0t0s0: the sweep has seeds {', '.join(seed_names())}\n"
    )


def test_the_report_has_a_section(raysc: RunRaysc, crossed: tuple[str, str, str], tmp_path: Path) -> None:
    ran = raysc("report", *crossed, "--out", str(tmp_path / "report"))
    assert (ran.status, ran.err) == (0, "")
    page = (tmp_path / "report/index.html").read_text(encoding="utf-8")
    assert '<table id="variance-table">' in page
    assert "data x initial x sample" in page
    assert (tmp_path / "report/figures/variance.csv").read_text().startswith('"cell","regime",')


def seed_names() -> list[str]:
    names = [f"d{data}i{initial}t0s{sample}" for data in range(4) for initial in range(2) for sample in range(3)]
    return ["0", *names[1:]]


def test_plain_seeds_are_refused(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    ran = raysc("variance", *gaussian_arguments)
    assert ran.status == 2
    assert "a variance has components where purposes have seeds of their own" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_terms_have_the_purposes_that_vary(raysc: RunRaysc, crossed: tuple[str, str, str]) -> None:
    terms = {row["component"]: row for row in json.loads(raysc("variance", *crossed, "--terms", "--json").out)}
    assert {term: row["purposes"] for term, row in terms.items()} == {
        "finite samples": "data, sample",
        "optimisation": "none",
        "generation 0": "initial",
        "total": "data, initial, sample",
    }
    assert (terms["optimisation"]["variance"], terms["optimisation"]["high"]) == (0, 0), "a closed form draws nothing"
    assert "data, sample" in raysc("variance", *crossed, "--terms").out
