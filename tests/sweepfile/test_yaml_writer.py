from raysc import registry
from raysc.sweepfile import read_sweep
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


def read(folder, text, *overrides):
    file = folder / "grid.yaml"
    file.write_text(text, encoding="utf-8")
    return read_sweep(str(file), overrides, registry)


def test_what_is_written_is_read_as_the_same_sweep(tmp_path):
    sweep = read(tmp_path, TEXT)
    again = read(tmp_path, sweep_yaml(sweep))
    assert (again.cells, again.seeds, again.comment) == (sweep.cells, sweep.seeds, sweep.comment)
    assert again.comment == "Does it hold?\n\n    raysc sweep grid.yaml\n\n3 runs."
    keys = [line.partition(":")[0] for line in sweep_yaml(sweep).splitlines() if line[0] not in "# -"]
    assert keys == ["name", "data", "model", "loop", "space", "metrics", "seeds"], "in the order of the file"


def test_overrides_are_noted_in_the_comment_and_cannot_leave_it(tmp_path):
    sweep = read(tmp_path, TEXT, "seeds=2", "space.regime=replace")
    again = read(tmp_path, sweep_yaml(sweep), "loop.generations=5")
    assert (again.cells[0].regime.name, again.seeds) == ("replace", (0, 1))
    assert again.comment.endswith(
        "3 runs.\n\nWith --set seeds=2 --set space.regime=replace\n\nWith --set loop.generations=5"
    )
    for end in ("\n", "\r", "\x85", "\u2028"):
        hostile = read(tmp_path, TEXT, f'name="x{end}y"', "name=plain")
        again = read(tmp_path, sweep_yaml(hostile))
        assert (again.name, again.cells) == ("plain", hostile.cells)


def test_a_sweep_without_a_comment_has_none(tmp_path):
    sweep = read(tmp_path, TEXT[TEXT.index("data") :])
    assert sweep.comment == ""
    assert sweep_yaml(sweep).startswith("name: grid\n")
