"""The benchmark of mitigations: frozen sweep files, and the sweeps of a store that belong to them."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysc import registry
from raysc.errors import InputError
from raysc.planning.resolved import ResolvedCell, ResolvedSweep, resolve
from raysc.settings import UNCURATED, Component
from raysc.store.keys import key_of
from raysc.sweepfile import read_sweep
from raysc.sweepfile.cells import REAL_ONLY
from raysc.sweepfile.messages import quote
from raysc.sweepfile.yaml_reader import read_value

VERSION = "v1"
BASELINE = "replace"
"""The loop without a mitigation, with which every mitigation is compared."""
CELL_SECTIONS = ("data", "model", "initial", "train", "sample", "loop", "control")
"""Keys of a sweep file that are the same for all mitigations of a data set."""
LAMBDA_SUFFIX = "_lambda"
"""End of the short name of a search for lambda*: gaussian_lambda has that of the mitigations of gaussian."""
MAX_SLUG = 40


@dataclass(frozen=True)
class BenchmarkFile:
    """A frozen sweep file.

    Attributes:
        name: name of its sweep: benchmark-v1-gaussian for benchmark/v1/gaussian.yaml.
        path: the file.
    """

    name: str
    path: Path

    def resolve(self) -> ResolvedSweep:
        """Read the file and resolve its cells."""
        return resolve(read_sweep(str(self.path), (), registry))


def benchmark_files(shipped: Mapping[str, Path]) -> dict[str, BenchmarkFile]:
    """Return the files of the benchmark by their short names, such as gaussian.

    Args:
        shipped: name -> file, of all sweep files that ship with raysc.
    """
    folder = f"benchmark/{VERSION}/"
    files = {name.removeprefix(folder): path for name, path in shipped.items() if name.startswith(folder)}
    return {
        short: BenchmarkFile(f"benchmark-{VERSION}-{short.replace('_', '-')}", path) for short, path in files.items()
    }


def searched_data(name: str) -> str | None:
    """Return the data set of a search for lambda* by its short name; None for a file without a search."""
    return name.removesuffix(LAMBDA_SUFFIX) if name.endswith(LAMBDA_SUFFIX) else None


def control_of(resolved: ResolvedSweep) -> ResolvedCell:
    """Return the control of a benchmark sweep; a sweep without a search has exactly one."""
    return next(cell for cell in resolved.cells if cell.settings.control)


def addresses(resolved: ResolvedSweep) -> dict[str, Any]:
    """Return everything that determines a benchmark sweep's results and verdicts, as plain values.

    These are the lineage keys with their seeds, the number of generations, the keys of the metrics, the measured
    generations, the settings of a search, and the claims.
    """
    sweep = resolved.sweep
    return {
        "units": sorted([cell.keys.lineage, list(sweep.seeds_of(cell.number))] for cell in resolved.cells),
        "generations": sweep.generations,
        "metrics": sorted({key for keys in resolved.metric_keys.values() for key in keys}),
        "measure": sweep.measure,
        "search": sweep.resolved.get("search"),
        "claims": sweep.resolved.get("claims"),
    }


def digest(sweeps: Iterable[ResolvedSweep]) -> str:
    """Return a hash of the addresses of all sweeps of a benchmark: it changes if any key does."""
    return key_of(json.loads(json.dumps({resolved.sweep.name: addresses(resolved) for resolved in sweeps})))


def mitigation_name(regime: Component, curation: Component) -> str:
    """Return the name of a mitigation: ``window, width 3``, ``mix + corrected, strength 1, centres 10``."""
    parts = [regime] if curation.name == UNCURATED else [regime, curation]
    return " + ".join(
        ", ".join([part.name, *(f"{name} {_plain(value)}" for name, value in part.parameters.items())])
        for part in parts
    )


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def component(value: Any) -> Component:
    """Return a component from its plain value in a sweep file: a name, or a mapping with ``name`` and parameters."""
    parameters = {"name": value} if isinstance(value, str) else dict(value)
    return Component(name=parameters.pop("name"), parameters=parameters)


def mitigation_of(space: Any) -> tuple[Any, Any]:
    """Return the plain values of regime and curation of a sweep with one mitigation.

    Args:
        space: plain value of the sweep's ``space``, as a record of any origin has it.

    Raises:
        InputError: it is not one regime at lambda 1, with at most one curation.
    """
    if not isinstance(space, Mapping) or not space.keys() <= {"regime", "lambda", "curation"}:
        raise InputError(f"its space is not one regime, lambda and one curation, but {quote(space)}")
    lambda_, regime, curation = space.get("lambda"), space.get("regime"), space.get("curation", UNCURATED)
    if isinstance(lambda_, bool) or lambda_ != 1:
        raise InputError(f"its lambda is {quote(lambda_)}, not 1")
    for axis, value in (("regime", regime), ("curation", curation)):
        if not isinstance(value.get("name") if isinstance(value, Mapping) else value, str):
            raise InputError(f"its {axis} is not a name or a mapping with one, but {quote(value)}")
    if component(regime).name == REAL_ONLY:
        raise InputError(f"{REAL_ONLY} is the control, not a mitigation")
    return regime, curation


def sweep_with(file: BenchmarkFile, regime: Any, curation: Any) -> dict[str, Any]:
    """Return a benchmark sweep with one mitigation in the place of its own, as a mapping with the keys of a file.

    Its control, and generation 0 of a trained family, are those of the frozen file.

    Args:
        file: the frozen file.
        regime: plain value of the regime; lambda is 1.
        curation: plain value of the curation.
    """
    values, _ = read_value(file.path.read_text(encoding="utf-8"), lambda line: f"{file.path}, line {line}")
    space = {"regime": regime, "lambda": 1, "curation": curation}
    words = re.sub(r"\W+", "-", mitigation_name(component(regime), component(curation))).strip("-")
    name = f"{file.name}-{words[:MAX_SLUG]}-{key_of(space)[:8]}"
    kept = {key: value for key, value in values.items() if key not in ("claims", "search")}
    return {**kept, "name": name, "space": space}
