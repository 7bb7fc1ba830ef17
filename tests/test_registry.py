"""The registry of components."""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from raysc import registry
from raysc.datasets.points.gaussian import Gaussian
from raysc.errors import InputError
from raysc.machine.content_cache import empty_content_caches
from raysc.regimes.mix import Mix
from raysc.regimes.replace import Replace
from raysc.sweepfile import REQUIRED, Component, ComponentKind, read_sweep

PLUGIN = '''
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from raysc.regimes.recipe import Recipe, Take, synthetic


@dataclass(frozen=True)
class Newest:
    """Only the newest rows."""

    rows: int
    version: ClassVar[int] = 7
    default_lambda: ClassVar[float] = 2.0

    def __post_init__(self):
        if self.rows < 1:
            raise ValueError("rows must be at least 1")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        return Recipe((Take(synthetic(generation - 1), self.rows),))


class Helper:
    pass


def newest(rows):
    return Newest(rows)
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Write a plug-in into the current folder and return the name of its module."""
    name = f"my_regimes_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(PLUGIN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield name
    sys.modules.pop(name, None)


def test_names_are_sorted_short_names() -> None:
    assert "mix" in registry.names("regime")
    assert list(registry.names("data")) == sorted(registry.names("data"))
    assert {"digits", "gaussian", "eight_gaussians"} <= set(registry.names("data"))


@pytest.mark.parametrize("kind", ["data", "regime", "metric", "model"])
def test_every_component_loads_and_has_a_signature_and_a_version(kind: ComponentKind) -> None:
    for name in registry.names(kind):
        assert isinstance(registry.load(kind, name), type)
        registry.signature(kind, name)
        assert registry.version(kind, name).isdigit()


def test_a_short_name_is_a_class_with_its_signature() -> None:
    assert registry.load("regime", "replace") is Replace
    signature = registry.signature("regime", "replace")
    assert {key: (p.annotation, p.default) for key, p in signature.parameters.items()} == {"grow": (bool, False)}
    assert signature.default_lambda == 1.0
    assert registry.signature("regime", "real_only").default_lambda == "not taken"
    assert registry.build("regime", Component(name="mix")) == Mix()
    assert registry.build("regime", Component(name="replace", parameters={"grow": True})) == Replace(grow=True)


def test_signatures_of_models_declare_trained() -> None:
    assert not registry.signature("model", "gaussian").trained
    assert registry.signature("model", "flow_matching").trained


def test_an_unknown_name_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="unknown regime 'acumulate'; did you mean 'accumulate'"):
        registry.load("regime", "acumulate")
    with pytest.raises(
        InputError, match="unknown data set 'zzz'; valid: bernoulli, blobs, categories, cifar10, circles, digits"
    ):
        registry.load("data", "zzz")


def test_a_plugin_is_found_in_the_current_folder(plugin: str) -> None:
    name = f"{plugin}:Newest"
    signature = registry.signature("regime", name)
    assert signature.parameters["rows"].annotation is int
    assert signature.parameters["rows"].default is REQUIRED
    assert signature.default_lambda == 2.0
    assert registry.build("regime", Component(name=name, parameters={"rows": 3})).rows == 3
    assert registry.version("regime", name) == hashlib.sha256(PLUGIN.encode()).hexdigest()


def test_sys_path_changes_only_when_a_plugin_is_named(plugin: str, tmp_path: Path) -> None:
    registry.load("regime", "mix")
    assert str(tmp_path) not in sys.path
    registry.load("regime", f"{plugin}:Newest")
    assert sys.path[-1] == str(tmp_path)


def test_a_plugin_is_found_in_an_added_folder(plugin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="cannot be imported: ModuleNotFoundError"):
        registry.load("regime", f"{plugin}:Newest")
    registry.add_plugin_folder(tmp_path)
    assert registry.load("regime", f"{plugin}:Newest").__name__ == "Newest"


def test_a_broken_plugin_is_refused_with_its_error(plugin: str, tmp_path: Path) -> None:
    (tmp_path / f"{plugin}.py").write_text("import no_such_module_anywhere\n")
    with pytest.raises(InputError, match=r"cannot be imported: ModuleNotFoundError: .*no_such_module_anywhere"):
        registry.load("regime", f"{plugin}:Newest")
    (tmp_path / f"{plugin}.py").write_text("1 +\n")
    with pytest.raises(InputError, match="cannot be imported: SyntaxError"):
        registry.load("regime", f"{plugin}:Newest")


def test_a_plugin_must_be_a_class_with_the_members_of_its_kind(plugin: str) -> None:
    with pytest.raises(InputError, match="has no 'Newst'; did you mean 'Newest'"):
        registry.load("regime", f"{plugin}:Newst")
    with pytest.raises(InputError, match="not a regime: it lacks default_lambda, recipe"):
        registry.load("regime", f"{plugin}:Helper")
    with pytest.raises(InputError, match="not a regime"):
        registry.load("regime", f"{plugin}:newest")
    with pytest.raises(InputError, match="not a data set: it lacks kind, train, test"):
        registry.load("data", f"{plugin}:Newest")
    with pytest.raises(InputError, match="not a model"):
        registry.load("model", "subprocess:Popen")


def test_parameters_that_a_class_refuses_are_input_errors(plugin: str) -> None:
    with pytest.raises(InputError, match=r"Newest: rows must be at least 1; .*takes rows \(int, required\)"):
        registry.build("regime", Component(name=f"{plugin}:Newest", parameters={"rows": 0}))
    with pytest.raises(InputError, match="replace takes grow"):
        registry.build("regime", Component(name="replace", parameters={"widht": 0}))


@dataclass(frozen=True)
class Pair:
    values: tuple[int, ...] = field(default_factory=lambda: (1, 2))
    mode: Literal["a", "b"] = "a"
    kind: ClassVar[str] = "points"
    version: ClassVar[int] = 1

    def train(self) -> None: ...

    def test(self) -> None: ...


def test_data_sets_are_read_once_to_count_the_rows_of_all_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def count(data: Gaussian) -> int:
        counted.append(data.rows)
        return data.rows

    monkeypatch.setattr(Gaussian, "count", property(count))
    empty_content_caches()
    for rows, synthetic in ((20, 5), (20, 9), (30, 5), (20, 5)):
        data = Component(name="gaussian", parameters={"rows": rows})
        regime = Component(name="counts", parameters={"real": 10, "synthetic": synthetic})
        assert registry.training_rows(data, regime, None, 2) == (10 + synthetic,) * 2
    assert counted == [20, 30]


def test_lists_of_a_sweep_file_become_tuples_if_declared() -> None:
    name = f"{__name__}:Pair"
    assert registry.signature("data", name).parameters["values"].default == (1, 2)
    assert registry.build("data", Component(name=name, parameters={"values": [3, 4]})).values == (3, 4)


def test_a_sweep_file_with_a_plugin(plugin: str, tmp_path: Path) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text(
        "data: {name: gaussian, dim: 2, rows: 50}\nmodel: gaussian\nloop: {generations: 3}\n"
        f"space: {{regime: [mix, {{name: '{plugin}:Newest', rows: 9}}], lambda: [0.5]}}\nmetrics: [frechet_distance]\n"
    )
    sweep = read_sweep(str(file), [], registry)
    assert [cell.regime.name for cell in sweep.cells] == ["mix", f"{plugin}:Newest", "real_only"]
    for cell in sweep.cells:
        registry.build("regime", cell.regime)
        registry.build("data", cell.data)
    file.write_text(file.read_text().replace(f"{plugin}:Newest", "nowhere_at_all:X"))
    with pytest.raises(InputError, match=r"grid.yaml, line 4: regime: regime 'nowhere_at_all:X' cannot be imported"):
        read_sweep(str(file), [], registry)
