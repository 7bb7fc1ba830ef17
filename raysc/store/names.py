"""Forms of the names in a store. Objects of other forms belong to other programs: they are neither read nor deleted.

Sync clients and desktops leave such objects (``Thumbs.db``, ``1-1 (conflicted copy)``), and users share a folder.
"""

import re

_KEY = r"(?P<key>[^/]+)"
_PLAIN_RUN = r"\d+(?:-\d+)?"
_RUN = rf"(?:{_PLAIN_RUN}|d{_PLAIN_RUN}i{_PLAIN_RUN}t{_PLAIN_RUN}s{_PLAIN_RUN})"
_SEEDS = rf"{_RUN}(?:\+{_RUN})*"
_PACK = rf"(?P<pack>{_SEEDS})"
_NUMBER = r"(?:0|[1-9]\d{0,8})"
_RANGE = rf"(?P<first>{_NUMBER})-(?P<last>{_NUMBER}|end)(?:-(?P<until>[0-9a-f]+))?"

SPAN = re.compile(rf"spans/{_KEY}/{_PACK}/{_RANGE}")
"""Manifest of a span."""
CHECKPOINT = re.compile(rf"partial/{_KEY}/{_PACK}/(?P<generation>{_NUMBER})-(?P<rows>rows-)?\d+")
"""Manifest of a checkpoint within a generation: of training after a step, or of sampled rows from a number on."""
TOMBSTONE = re.compile(rf"dropped/{_KEY}/{_PACK}/(?P<kind>training_state|models)-(?P<generation>{_NUMBER})")
METRIC_FILE = re.compile(
    rf"metrics/[^/]+/{_KEY}/{_PACK}/(?P<first>{_NUMBER})-(?P<last>{_NUMBER})-(?P<digest>[0-9a-f]+)\.parquet"
)
ARTIFACT = re.compile(rf"artifacts/{_KEY}")
"""Manifest of an artifact."""
LEASE = re.compile(rf"leases/(?P<unit>[^/]+/{_KEY}/{_PACK})/(?P<number>[1-9]\d*)")
ATTEMPT_FILE = re.compile(
    r"(?P<folder>attempts/(?:"
    rf"partial/{_KEY}/{_PACK}/{_NUMBER}|artifacts/(?P<artifact>[^/]+)|(?P<lineage>[^/]+)/(?P<seeds>{_SEEDS})/"
    rf"(?P<first>{_NUMBER})-(?:{_NUMBER}|end)(?:-[0-9a-f]+)?)/[0-9a-f]{{12}})/.+"
)
"""File of an attempt. Groups: ``key`` and ``pack`` of a checkpoint, ``artifact``, or ``lineage``, ``seeds`` and
``first`` of a span."""
TRASHED = re.compile(r"trash/(?:\d{8}T\d{6}-[0-9a-f]{8}/(?P<name>.+)|claims/[0-9a-f]{32})")
"""Object in the trash, where ``name`` is its former name; or the claim of a process that moves one there."""
SWEEP_RECORD = re.compile(r"sweeps/[^/]+/asked/[0-9a-f]{32}\.json")
PROBE = re.compile(r"probes/[0-9a-f]{32}")
"""Object of a command that was killed while it tested the storage."""

ENTRIES = {"spans": SPAN, "partial": CHECKPOINT, "dropped": TOMBSTONE, "metrics": METRIC_FILE}
"""Folder -> form of the entries of lineages and generation 0s; all have the groups ``key`` and ``pack``."""


def is_of_raysc(name: str) -> bool:
    """Return True if a name has one of these forms."""
    forms = (*ENTRIES.values(), ARTIFACT, LEASE, ATTEMPT_FILE, TRASHED, SWEEP_RECORD, PROBE)
    return any(form.fullmatch(name) for form in forms)
