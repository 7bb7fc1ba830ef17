from importlib.metadata import version

from raysc.planning.resolved import resolve
from raysc.results.report.provenance import compute_environments, lineage_frame
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
