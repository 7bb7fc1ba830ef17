"""A small catalogue and a way to read a sweep from text."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from raysc.errors import InputError
from raysc.sweepfile import Component, ComponentKind, Parameter, Signature, Sweep, read_sweep
from raysc.sweepfile.messages import did_you_mean

COMPONENTS: dict[ComponentKind, dict[str, Signature]] = {
    "data": {
        "digits": Signature({"rows": Parameter(int | None, None)}),
        "gaussian": Signature({"dim": Parameter(int), "rows": Parameter(int, 100), "scale": Parameter(float, 1.0)}),
    },
    "model": {
        "gaussian": Signature({}),
        "flow_matching": Signature(
            {
                "network": Parameter(Literal["mlp", "unet"], "mlp"),
                "widths": Parameter(tuple[int, ...], (64, 64)),
                "dropout": Parameter(Annotated[float, Field(ge=0, lt=1)], 0.0),
            },
            trained=True,
        ),
    },
    "regime": {
        "real_only": Signature({}),
        "mix": Signature({}, default_lambda=None),
        "replace": Signature({"grow": Parameter(bool, False)}, default_lambda=1.0),
        "accumulate": Signature({}, default_lambda=1.0),
        "counts": Signature({"real": Parameter(int), "synthetic": Parameter(int)}, matched_control={"synthetic": 0}),
        "fresh": Signature({"rows": Parameter(int)}, default_lambda=1.0),
    },
    "metric": {
        "frechet_distance": Signature({"features": Parameter(str | None, None)}),
        "precision": Signature({"k": Parameter(int, 3)}),
    },
}


class FakeCatalogue:
    def names(self, room: ComponentKind) -> Sequence[str]:
        return sorted(COMPONENTS[room])

    def signature(self, room: ComponentKind, name: str) -> Signature:
        if name not in COMPONENTS[room]:
            raise InputError(f"unknown {room} {name!r}{did_you_mean(name, self.names(room))}")
        return COMPONENTS[room][name]

    def columns(self, metric: Component) -> Mapping[str, Literal["log", "linear"]]:
        """One column of the metric's name; precision is compared by difference."""
        return {metric.name: "linear" if metric.name == "precision" else "log"}

    def training_rows(
        self, data: Component, regime: Component, lambda_: float | None, generations: int
    ) -> tuple[int, ...]:
        """Sizes of training sets of 100 real rows, by hand."""
        told, each = regime.parameters, int(100 * (lambda_ or 0))
        sizes = {
            "real_only": lambda t: 100,
            "mix": lambda t: 100 + each,
            "replace": lambda t: each,
            "accumulate": lambda t: 100 + t * each,
            "counts": lambda t: told["real"] + told["synthetic"],
        }
        if told.get("real", 0) > 100:
            raise InputError(f"regime.real: {told['real']} of 100 rows")
        return tuple(sizes[regime.name](t) for t in range(1, generations + 1))

    def build(self, room: ComponentKind, component: Component) -> object:
        """As the real one: a class may refuse what its types allow."""
        if component.name == "digits" and (component.parameters.get("rows") or 1) > 1437:
            raise InputError("digits has 1437 training rows: rows must be 1 to 1437")
        return object()


CLOSED = """\
data: {name: gaussian, dim: 2}
model: gaussian
loop: {generations: 4}
space: {regime: replace}
metrics: [frechet_distance]
"""
"""The shortest sweep of a closed-form model; its lines are counted on by tests."""

TRAINED = """\
data: digits
model: flow_matching
initial: {steps: 1200}
loop:
  generations: 8
  budget: {steps: 300}
train: {batch: 128, lr: 1e-3, ema: {half_life: 70}}
space:
  - {regime: mix, lambda: [0.25, 1.0], initial.steps: [300, 1200]}
  - {regime: [replace, accumulate], initial.steps: [300, 1200]}
seeds: 3
metrics: [frechet_distance, precision]
"""
"""As the quickstart."""

Read = Callable[..., Sweep]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweeps")


@pytest.fixture(scope="session")
def read(folder: Path) -> Read:
    file = folder / "grid.yaml"

    def read_text(text: str, *overrides: str) -> Sweep:
        file.write_text(text, encoding="utf-8")
        return read_sweep(str(file), overrides, FakeCatalogue())

    return read_text


@pytest.fixture(scope="session")
def refusal(read: Read, folder: Path) -> Callable[..., str]:
    """The message with which a text is refused, without the folder."""

    def message(text: str, *overrides: str) -> str:
        with pytest.raises(InputError) as caught:
            read(text, *overrides)
        return str(caught.value).replace(f"{folder}{os.sep}", "")

    return message


@pytest.fixture(scope="session")
def catalogue() -> FakeCatalogue:
    return FakeCatalogue()


@pytest.fixture(scope="session")
def closed() -> str:
    return CLOSED


@pytest.fixture(scope="session")
def trained() -> str:
    return TRAINED


@pytest.fixture(scope="session")
def with_space(read: Read) -> Callable[..., Sweep]:
    """A closed-form sweep over a space given as a value."""

    def sweep(space: Any, **more: Any) -> Sweep:
        rest = "".join(f"{key}: {json.dumps(value)}\n" for key, value in more.items())
        return read(CLOSED.replace("{regime: replace}", json.dumps(space)) + rest)

    return sweep
