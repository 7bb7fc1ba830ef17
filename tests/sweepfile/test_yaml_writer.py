"""Sweep files written from sweeps."""

from pathlib import Path

from raysc import registry
from raysc.sweepfile import Sweep, read_sweep
from raysc.sweepfile.yaml_writer import sweep_yaml

TEXT = """\
# Does it hold?
#
#     raysc sweep grid.yaml
#
# 3 runs.
data: gaussian  # a remark
model: gaussian
loop: {generations: 4}
space: {regime: [replace, accumulate], data.rows: [10, 20]}
metrics: [frechet_distance]
seeds: 3
"""


def read(folder: Path, text: str, *overrides: str) -> Sweep:
    file = folder / "grid.yaml"
    file.write_text(text, encoding="utf-8")
    return read_sweep(str(file), overrides, registry)


def test_the_written_file_gives_the_same_sweep(tmp_path: Path) -> None:
    sweep = read(tmp_path, TEXT)
    copy = read(tmp_path, sweep_yaml(sweep))
    assert (copy.cells, copy.seeds, copy.comment) == (sweep.cells, sweep.seeds, sweep.comment)
    assert copy.comment == "Does it hold?\n\n    raysc sweep grid.yaml\n\n3 runs."
    keys = [line.partition(":")[0] for line in sweep_yaml(sweep).splitlines() if line[0] not in "# -"]
    assert keys == ["name", "data", "model", "loop", "space", "metrics", "seeds"], "in the order of the file"


def test_overrides_are_added_to_the_comment_and_cannot_break_it(tmp_path: Path) -> None:
    sweep = read(tmp_path, TEXT, "seeds=2", "space.regime=replace")
    copy = read(tmp_path, sweep_yaml(sweep), "loop.generations=5")
    assert (copy.cells[0].regime.name, copy.seeds) == ("replace", (0, 1))
    assert copy.comment.endswith(
        "3 runs.\n\nWith --set seeds=2 --set space.regime=replace\n\nWith --set loop.generations=5"
    )
    for end in ("\n", "\r", "\x85", "\u2028"):
        hostile = read(tmp_path, TEXT, f'name="x{end}y"', "name=plain")
        copy = read(tmp_path, sweep_yaml(hostile))
        assert (copy.name, copy.cells) == ("plain", hostile.cells)


def test_a_sweep_without_a_comment_has_none(tmp_path: Path) -> None:
    sweep = read(tmp_path, TEXT[TEXT.index("data") :])
    assert sweep.comment == ""
    assert sweep_yaml(sweep).startswith("name: grid\n")
