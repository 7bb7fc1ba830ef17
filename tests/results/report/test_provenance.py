import re
from importlib.metadata import version
from pathlib import Path

from raysc.planning.resolved import resolve
from raysc.results.report.provenance import compute_environments, lineage_frame, run_text
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

Store = tuple[Sweep, Objects]


def test_lineages_of_one_machine_have_one_environment(gaussian_store: Store) -> None:
    sweep, objects = gaussian_store
    (environment,) = compute_environments(resolve(sweep).cells, objects)
    assert environment.lineages == 4
    assert environment.ranks == 1
    assert environment.versions.get("numpy", version("numpy")) == version("numpy")


def test_a_shared_generation_0_has_its_own_address(digits_store: Store) -> None:
    cells = resolve(digits_store[0]).cells
    frame = lineage_frame(cells)
    assert frame["lineage"].tolist() == [cell.keys.lineage for cell in cells]
    assert frame["generation_0"].nunique() == 2, "one snapshot per value of initial.steps"


def test_a_closed_form_lineage_is_the_address_of_its_generation_0(gaussian_store: Store) -> None:
    frame = lineage_frame(resolve(gaussian_store[0]).cells)
    assert (frame["generation_0"] == frame["lineage"]).all()


def test_time_and_host_of_the_results_are_known(gaussian_store: Store, tmp_path: Path) -> None:
    sweep, objects = gaussian_store
    cells = resolve(sweep).cells
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d to (\d{4}-\d\d-\d\d )?\d\d:\d\d UTC( on .+)?", run_text(cells, objects)
    )
    assert run_text(cells, Objects.open(str(tmp_path))) == ""
