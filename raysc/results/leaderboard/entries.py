"""Entries of a leaderboard: the benchmark sweeps of a store, checked against the frozen files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from raysc import registry
from raysc.errors import InputError
from raysc.planning.resolved import ResolvedCell, ResolvedSweep, resolve
from raysc.results.leaderboard.benchmark import (
    CELL_SECTIONS,
    VERSION,
    BenchmarkFile,
    component,
    control_of,
    mitigation_name,
    mitigation_of,
    sweep_with,
)
from raysc.store.artifacts import REFERENCE
from raysc.store.keys import Keys
from raysc.store.names import SWEEP_RECORD
from raysc.store.objects import Objects
from raysc.store.sweep_record import SweepRecord, read_sweep_record
from raysc.sweepfile import read_sweep_mapping
from raysc.sweepfile.cells import REAL_ONLY


def benchmark_records(objects: Objects, files: Mapping[str, BenchmarkFile]) -> dict[str, list[SweepRecord]]:
    """Return the latest record of each benchmark sweep of a store, by the short name of its frozen file.

    Args:
        objects: the store.
        files: short name -> frozen file.

    Raises:
        InputError: the store has none.
        DamagedObjectError: a record is damaged.
    """
    latest: dict[str, tuple[datetime, str]] = {}
    for info in objects.list_objects("sweeps"):
        if SWEEP_RECORD.fullmatch(info.name):
            name = info.name.split("/")[1]
            latest[name] = max(latest.get(name, (info.last_modified, info.name)), (info.last_modified, info.name))
    records: dict[str, list[SweepRecord]] = {}
    # The longest name first: benchmark-v1-gaussian-lambda is no mitigation of benchmark-v1-gaussian.
    by_length = sorted(files.items(), key=lambda item: -len(item[1].name))
    for name, (_, record) in sorted(latest.items()):
        for short, file in by_length:
            if f"{name}-".startswith(f"{file.name}-"):
                records.setdefault(short, []).append(read_sweep_record(objects, record))
                break
    if not records:
        raise InputError(
            f"{objects.uri} holds no sweep of the benchmark {VERSION}: run one, as in raysc init "
            f"benchmark/{VERSION}/gaussian; raysc sweep benchmark-{VERSION}-gaussian.yaml"
        )
    return records


@dataclass(frozen=True)
class EntryReader:
    """Reads the entries of one frozen sweep in one store.

    Attributes:
        file: the frozen file.
        resolved: its sweep, as installed.
        objects: the store.
    """

    file: BenchmarkFile
    resolved: ResolvedSweep
    objects: Objects

    def with_entries(self, records: Sequence[SweepRecord]) -> tuple[ResolvedSweep, tuple[str, ...]]:
        """Return the frozen sweep with a cell for each further mitigation of the store, and notes.

        Such a cell stands for a lineage that is published. Its regime and curation are known by name only: a plug-in
        of somebody else is never imported. A sweep of a user's own that is not part of the benchmark is left out, and
        a note says why.

        Raises:
            InputError: a record with the name of the frozen sweep has other keys.
        """
        known = {cell.keys.lineage for cell in self.resolved.cells}
        added: dict[str, ResolvedCell] = {}
        notes = []
        for record in records:
            if record.name == self.resolved.sweep.name:
                self._check_frozen(record)
                continue
            try:
                cell = self._entry(record, len(self.resolved.cells) + len(added))
            except InputError as error:
                notes.append(f"{self.objects.uri}: sweep {record.name} is left out: {error}")
                continue
            if cell.keys.lineage not in known:
                added.setdefault(cell.keys.lineage, cell)
        cells = (*self.resolved.cells, *added.values())
        sweep = replace(self.resolved.sweep, cells=tuple(cell.settings for cell in cells), origins_by_cell=())
        return ResolvedSweep(sweep, cells), tuple(notes)

    def _check_frozen(self, record: SweepRecord) -> None:
        """Raise InputError unless a sweep with the name of the frozen one has its keys."""
        expected = self.resolved.keys | self.resolved.reference_keys
        missing = expected - record.keys
        # A search adds the keys of its probes.
        surplus = record.keys - expected if self.resolved.sweep.search is None else frozenset()
        if missing or surplus:
            raise InputError(
                f"{self.objects.uri}: sweep {record.name} is not part of the benchmark {VERSION}: {len(missing)} of "
                f"the {len(expected)} keys of the frozen file are missing, and {len(surplus)} others are there. It was "
                "changed, or run by a version of raysc with other keys"
            )

    def _entry(self, record: SweepRecord, number: int) -> ResolvedCell:
        """Return the cell that stands for the published lineage of a sweep with one mitigation.

        Raises:
            InputError: the sweep has not the control and the settings of the frozen file, or not exactly one
                mitigation at lambda 1, or the lineage is not that of the mitigation.
        """
        if self.resolved.sweep.search is not None:
            raise InputError("a search has no entry of its own")
        regime, curation = mitigation_of(record.resolved.get("space"))
        lineage = self._lineage(record)
        self._check_shipped(regime, curation, lineage)
        control = control_of(self.resolved)
        settings = control.settings.model_copy(
            update={
                "regime": component(regime),
                "curation": component(curation),
                "control": False,
                "compared_with": control.number,
            }
        )
        return replace(control, number=number, settings=settings, keys=Keys(lineage, control.keys.generation_zero, {}))

    def _lineage(self, record: SweepRecord) -> str:
        """Return the lineage key of a sweep with one mitigation.

        Raises:
            InputError: it has not the control and the settings of the frozen file, or not exactly one lineage.
        """
        control = control_of(self.resolved)
        changed = [
            section
            for section in CELL_SECTIONS
            if record.resolved.get(section) != self.resolved.sweep.resolved.get(section)
        ]
        if changed:
            raise InputError(f"its {' and '.join(changed)} differ from the frozen file's")
        if control.keys.lineage not in record.keys:
            raise InputError("its control has another key than the frozen file's")
        start = control.keys.generation_zero
        shared = {control.keys.lineage, *((start.rows, start.model, start.run) if start else ())}
        lineages = [key for key in record.keys - shared if not key.startswith(REFERENCE)]
        if len(lineages) != 1:
            raise InputError(f"it has {len(lineages)} mitigations; raysc score runs one in each sweep")
        return lineages[0]

    def _check_shipped(self, regime: Any, curation: Any, lineage: str) -> None:
        """Raise InputError if a mitigation without plug-ins has another lineage than the one of its record."""
        if any(":" in component(value).name for value in (regime, curation)):
            return  # a plug-in's key is a hash of its source, which is not here
        try:
            resolved = resolve(read_sweep_mapping(sweep_with(self.file, regime, curation), (), registry))
        except InputError as error:
            raise InputError(str(error).removeprefix("dict: ")) from None
        if [cell.keys.lineage for cell in resolved.cells if is_mitigation(cell)] != [lineage]:
            name = mitigation_name(component(regime), component(curation))
            raise InputError(
                f"its lineage does not have the key of {name}: it is another mitigation, or was run by a version of "
                "raysc with other keys"
            )


def is_mitigation(cell: ResolvedCell) -> bool:
    """Return True for a cell that trains on samples."""
    return cell.settings.regime.name != REAL_ONLY
