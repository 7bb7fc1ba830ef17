from pathlib import Path

from ray.tune.search.sample import Categorical, Float

from raysc import registry
from raysc.cluster.search_space import point, search_space
from raysc.cluster.trial import bundles
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.store.objects import Objects
from raysc.sweepfile import Resources, read_sweep

TEXT = """
data: {name: gaussian, rows: 10}
model: gaussian
loop: {generations: 2}
space: {regime: mix, lambda: {uniform: [0.1, 2.0]}}
search: {random: 3}
control: false
metrics: [frechet_distance]
"""


def test_a_domain_of_the_sweep_file_is_a_domain_of_tunes_search_space(tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(TEXT)
    sweep = read_sweep(str(tmp_path / "grid.yaml"), (), registry)
    points = [point(unit) for unit in make_plan(resolve(sweep), Objects.open(str(tmp_path / "store"))).units]
    space = search_space(sweep, points)
    assert isinstance(space["lambda"], Float)
    assert (space["lambda"].lower, space["lambda"].upper) == (0.1, 2.0)
    assert isinstance(space["regime"], Categorical)
    assert len({values["lambda"] for values in points}) == 3
    assert all(space["lambda"].is_valid(values["lambda"]) for values in points)


def test_one_rank_is_the_trial_itself_and_several_have_bundles_of_their_own() -> None:
    assert bundles(Resources(cpus=2, gpus=0.25)) == [{"CPU": 2.0, "GPU": 0.25}]
    assert bundles(Resources(workers=2)) == [{}, {"CPU": 1.0}, {"CPU": 1.0}]
