"""A small registry, and fixtures that read a sweep from text."""

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
        "gaussian": Signature({}, sample_settings=("temperature", "covariance_scale")),
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
    "curation": {"none": Signature({}), "luce": Signature({"choices": Parameter(int, 2)})},
    "metric": {
        "frechet_distance": Signature({"features": Parameter(str | None, None)}),
        "precision": Signature({"k": Parameter(int, 3)}),
    },
}


class FakeRegistry:
    def names(self, kind: ComponentKind) -> Sequence[str]:
        return sorted(COMPONENTS[kind])

    def signature(self, kind: ComponentKind, name: str) -> Signature:
        if name not in COMPONENTS[kind]:
            raise InputError(f"unknown {kind} {name!r}{did_you_mean(name, self.names(kind))}")
        return COMPONENTS[kind][name]

    def columns(self, metric: Component) -> Mapping[str, Literal["log", "linear"]]:
        """Return one column with the metric's name; precision has a linear scale."""
        return {metric.name: "linear" if metric.name == "precision" else "log"}

    def training_rows(
        self, data: Component, regime: Component, lambda_: float | None, generations: int
    ) -> tuple[int, ...]:
        """Return the training rows of a data set with n = 100."""
        parameters, m = regime.parameters, int(100 * (lambda_ or 0))
        if parameters.get("real", 0) > 100:
            raise InputError(f"regime.real: {parameters['real']} of 100 rows")
        sizes = {
            "real_only": [100] * generations,
            "mix": [100 + m] * generations,
            "replace": [m] * generations,
            "accumulate": [100 + t * m for t in range(1, generations + 1)],
            "counts": [parameters.get("real", 0) + parameters.get("synthetic", 0)] * generations,
        }
        return tuple(sizes[regime.name])

    def build(self, kind: ComponentKind, component: Component) -> object:
        """Return any object; InputError for more rows than digits has."""
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
"""The shortest sweep of a closed-form model; tests depend on its line numbers."""

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
"""The sweep of the quickstart; tests depend on its line numbers."""

Read = Callable[..., Sweep]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweeps")


@pytest.fixture(scope="session")
def read(folder: Path) -> Read:
    file = folder / "grid.yaml"

    def read_text(text: str, *overrides: str) -> Sweep:
        file.write_text(text, encoding="utf-8")
        return read_sweep(str(file), overrides, FakeRegistry())

    return read_text


@pytest.fixture(scope="session")
def refusal(read: Read, folder: Path) -> Callable[..., str]:
    """Return the error message for a text, without the folder."""

    def message(text: str, *overrides: str) -> str:
        with pytest.raises(InputError) as error:
            read(text, *overrides)
        return str(error.value).replace(f"{folder}{os.sep}", "")

    return message


@pytest.fixture(scope="session")
def fake_registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture(scope="session")
def closed() -> str:
    return CLOSED


@pytest.fixture(scope="session")
def trained() -> str:
    return TRAINED


@pytest.fixture(scope="session")
def with_space(read: Read) -> Callable[..., Sweep]:
    """Read a closed-form sweep with another ``space`` and further keys."""

    def sweep(space: Any, **keys: Any) -> Sweep:
        lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in keys.items())
        return read(CLOSED.replace("{regime: replace}", json.dumps(space)) + lines)

    return sweep
