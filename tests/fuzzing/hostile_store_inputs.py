"""Inputs from a store that no checksum protects: forged manifests, leases and names of objects."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from raysc.execution import records
from raysc.models.family import TRAINING_STATE_PREFIX
from raysc.store import host, metric_files
from raysc.store.gc import find_garbage
from raysc.store.inventory import describe_holders, list_entries, verify_entries
from raysc.store.leases import LEASE_SECONDS, Holder, Lease, LeaseWatch, holders
from raysc.store.objects import Objects
from raysc.store.publishing import Manifest, _checksum
from raysc.store.retention import MODEL, tombstone_index
from raysc.store.spans import published_spans
from raysc.store.sweep_record import read_sweep_records, write_sweep_record
from tests.fuzzing.byte_mutations import mutate_bytes
from tests.fuzzing.kind import Kind, Sample
from tests.fuzzing.storage import MemoryStorage, open_copy
from tests.fuzzing.store_inputs import STORE, sample_of
from tests.fuzzing.value_mutations import mutate_json

FILE_WORDS = (
    b"model/../../x", b"model//x", b"/model/x", b"model/C:x", b"model/a\0b", b"model/training_state.json/x",
    b"model/.", b"records.parquet", b"rows/0/00000000.parquet", b"generation", b"file", b"sha256", b"bytes", b"rows",
    b"ended",
)  # fmt: skip
NAME_WORDS = (
    b"spans", b"partial", b"dropped", b"metrics", b"artifacts", b"leases", b"attempts", b"trash", b"sweeps",
    b"probes", b"/", b"-", b"+", b"end", b".parquet", b"models-", b"training_state-", b"loop", b"0-999999",
    b"0-99999999999999", b"7-3", b" (conflicted copy)", b"asked", b".json", "\u0663".encode(),
)  # fmt: skip
KEY, UNIT = "2546230e93f45d08bbf92ddabbf8fef2", "loop/2546230e93f45d08bbf92ddabbf8fef2/0-1"


def forged_manifests(folder: Path) -> Kind:
    """Manifests with other values and a right checksum, as a hostile store can hold."""
    objects, memory = open_copy(STORE)
    names = [name for name in memory.objects if name.startswith("spans/")]
    samples = [sample_of(memory, name, partial(_use_manifest, objects, name, folder)) for name in names]
    return Kind("forged_manifests", samples, False, _forge, FILE_WORDS)


def _forge(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    record = json.loads(mutate_json(random, data, donors, words))
    if isinstance(record, dict):
        record["checksum"] = _checksum(record)
    return json.dumps(record).encode()


def _use_manifest(objects: Objects, name: str, folder: Path) -> object:
    """Read a manifest and what it names: no file is written beside the folder of the model."""
    manifest = Manifest.read(objects, name)
    damage = [str(problem) for problem in verify_entries({name.split("/")[1]: [0, 1]}, objects) if problem is not None]
    with TemporaryDirectory(dir=folder) as parent:
        try:
            manifest.get_folder(MODEL, Path(parent) / "model", without_prefix=TRAINING_STATE_PREFIX)
        finally:
            outside = [path.name for path in Path(parent).iterdir() if path.name != "model"]
            assert outside == [], f"files outside the folder: {outside}"
    return (
        damage,
        records.ended_at(manifest),
        records.diverged_mask(manifest, (0, 1)).tolist(),
        records.stored_rows(manifest, 0),
    )


def leases(folder: Path) -> Kind:
    """Leases: one of this process, which runs, and one of another host."""
    objects, memory = open_copy(None)
    this, now = host.current(), host.current().time()
    started = this.process_start(this.pid) or 0.0
    local = Holder(this.id, this.name, this.pid, started, now, now + LEASE_SECONDS, "sweep", 3, "training")
    remote = Holder("elsewhere", "node7", 1, 0.0, now, now + LEASE_SECONDS, "sweep")
    samples = [
        Sample(json.dumps(asdict(holder)).encode(), partial(_use_leases, objects, memory)) for holder in (local, remote)
    ]
    return Kind("leases", samples, False, _mutate_lease, (b'"host": 3', b'"pid": "x"', b'"pid": -1', b"null"))


def _mutate_lease(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    return random.choice((mutate_bytes, mutate_json))(random, data, donors, words)


def _use_leases(objects: Objects, memory: MemoryStorage, data: bytes) -> object:
    memory.objects = {f"leases/{UNIT}/1": data}
    lease = Lease.acquire(objects, UNIT, "sweep")
    memory.objects = {f"leases/{UNIT}/1": data}
    watched = LeaseWatch(objects).holders()
    return str(holders(objects)), describe_holders([KEY], objects), lease is None, str(watched)


def object_names(folder: Path) -> Kind:
    """Names of objects: an object of any name stands in a store."""
    _, memory = open_copy(STORE)
    names = [name.encode() for name in memory.objects]
    lease_name, trash_name = f"leases/{UNIT}/1", f"trash/20260101T000000-0123abcd/spans/{KEY}/0/0-1"
    names += [lease_name.encode(), trash_name.encode(), f"dropped/{KEY}/0-1/models-2".encode()]
    names += [f"partial/{KEY}/0/1-50".encode(), b"sweeps/a/sweep.yaml", f"artifacts/{KEY}".encode()]
    return Kind("object_names", [Sample(name, _list_store) for name in names], False, mutate_bytes, NAME_WORDS)


def _list_store(data: bytes) -> object:
    objects, memory = open_copy(None)
    write_sweep_record(objects, "small", {"name": "small"}, [KEY])
    memory.objects[data.decode("utf-8", "replace")] = b""
    tombstones = tombstone_index(objects.names("dropped"))
    files = metric_files.list_files(objects, KEY)
    now = datetime.now(UTC) + timedelta(days=400)
    garbage = find_garbage(objects, now, lambda sweep_records: {})
    listed = published_spans(objects), list_entries({KEY: [0, 1]}, objects), list(read_sweep_records(objects))
    return listed, tombstones, files, garbage, holders(objects), LeaseWatch(objects).holders()
