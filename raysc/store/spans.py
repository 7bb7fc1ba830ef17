"""Spans: published generations of a pack of seeds of one lineage. The index is read from the names of manifests."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from math import prod

from raysc.seeds import block_name, block_ranges, block_seeds
from raysc.store.names import SPAN
from raysc.store.objects import Objects
from raysc.store.publishing import Manifest

END = 10**9
"""Last generation of a span after which nothing changes: all seeds of its pack have diverged or ended."""
MAX_PACK = 10**6
"""Number of seeds above which a name in a store is no pack's."""
_SEED = re.compile(r"\d{1,40}")


@dataclass(frozen=True, order=True)
class Span:
    """Consecutive generations of a pack of seeds, published together.

    Attributes:
        first: first generation.
        last: last generation; END if the pack ended early, and any number of generations counts as done.
        lineage: lineage key.
        seeds: the pack, in order.
        until: key of a sweep's ``loop.until`` if the span is valid only for sweeps with this rule; "" if it is valid
            for all sweeps. A span with such a key and ``last`` END holds no generation: the rule ended all seeds
            before ``first``. With another ``last`` it holds each seed's generations up to the one at which the rule
            ended the seed, which the manifest records.
    """

    first: int
    last: int
    lineage: str
    seeds: tuple[int, ...]
    until: str = ""

    @property
    def path(self) -> str:
        """Path in the store: <lineage>/<seeds>/<first>-<last>, followed by -<until> if that is not ""."""
        last = "end" if self.last >= END else self.last
        until = f"-{self.until}" if self.until else ""
        return f"{self.lineage}/{pack_name(self.seeds)}/{self.first}-{last}{until}"

    @property
    def name(self) -> str:
        """Name of the manifest in the store."""
        return f"spans/{self.path}"

    def read_manifest(self, objects: Objects) -> Manifest:
        """Read the manifest."""
        return Manifest.read(objects, self.name)


def pack_name(seeds: Iterable[int]) -> str:
    """Return a short name for seeds, with consecutive ones joined: (0, 1, 2, 7) is "0-2+7".

    Numbers of four seeds have names of their own; see ``raysc.seeds.block_name``.
    """
    crossed = groupby(seeds, key=lambda seed: seed < 0)
    return "+".join(block_name(tuple(run)) if four else _plain_name(run) for four, run in crossed)


def _plain_name(seeds: Iterable[int]) -> str:
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1][1:] = [seed]
        else:
            runs.append([seed])
    return "+".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def pack_seeds(name: str) -> tuple[int, ...]:
    """Return the seeds of a name that ``pack_name`` returned."""
    seeds: list[int] = []
    for run in name.split("+"):
        if run.startswith("d"):
            seeds.extend(block_seeds(run))
            continue
        first, _, last = run.partition("-")
        seeds.extend(range(int(first), int(last or first) + 1))
    return tuple(seeds)


@lru_cache(maxsize=2**14)
def read_pack(name: str) -> tuple[int, ...] | None:
    """Return the seeds of a name in a store; None if ``pack_name`` cannot have returned it."""
    sizes = [_run_size(run) for run in name.split("+")]
    if any(size is None for size in sizes) or sum(size or 0 for size in sizes) > MAX_PACK:
        return None
    seeds = pack_seeds(name)
    return seeds if pack_name(seeds) == name else None


def _run_size(run: str) -> int | None:
    """Return the number of seeds of one part of a name; None if ``pack_name`` cannot have returned it."""
    if (ranges := block_ranges(run)) is not None:
        return prod(map(len, ranges))
    first, _, last = run.partition("-")
    if not _SEED.fullmatch(first) or not _SEED.fullmatch(last or first):
        return None
    return int(last or first) - int(first) + 1


NO_UNTIL = frozenset({""})
"""Values of ``Span.until`` that are valid for a sweep without ``loop.until``."""


def read_span(name: str) -> Span | None:
    """Return the span of a manifest's name; None for an object that is no manifest, such as a file of a sync client."""
    match = SPAN.fullmatch(name)
    seeds = read_pack(match["pack"]) if match else None
    if match is None or seeds is None:
        return None
    key, first, last, until = match.group("key", "first", "last", "until")
    return Span(int(first), END if last == "end" else int(last), key, seeds, until or "")


PublishedSpans = Mapping[str, Mapping[tuple[int, ...], tuple[Span, ...]]]
"""Lineage key -> pack of seeds -> its spans, sorted."""


def published_spans(objects: Objects, lineage: str | None = None) -> PublishedSpans:
    """Return all published spans (of one lineage), from one listing of names."""
    spans: dict[str, dict[tuple[int, ...], list[Span]]] = defaultdict(lambda: defaultdict(list))
    for name in objects.names(f"spans/{lineage}" if lineage else "spans"):
        if span := read_span(name):
            spans[span.lineage][span.seeds].append(span)
    return {key: {seeds: tuple(sorted(pack)) for seeds, pack in packs.items()} for key, packs in spans.items()}


def published_chain(
    objects: Objects, lineage: str, seeds: tuple[int, ...], start: int, untils: frozenset[str] = NO_UNTIL
) -> list[Span]:
    """Return the valid spans of one pack that cover the generations from ``start`` on without a gap."""
    return chain(valid_spans(published_spans(objects, lineage).get(lineage, {}).get(seeds, ()), untils), start)


def valid_spans(spans: Iterable[Span], untils: frozenset[str]) -> tuple[Span, ...]:
    """Return the spans that are valid for a sweep; ``untils``: its values of ``Span.until``."""
    return tuple(span for span in spans if span.until in untils)


def chain(spans: Iterable[Span], start: int) -> list[Span]:
    """Return the spans that cover the generations from ``start`` on without a gap, in order.

    Of overlapping spans the one with the highest last generation is taken.
    """
    covered: list[Span] = []
    first_uncovered = start
    remaining = sorted(spans)
    while candidates := [span for span in remaining if span.first <= first_uncovered <= span.last]:
        best = max(candidates, key=lambda span: (span.last, -span.first))
        covered.append(best)
        first_uncovered = best.last + 1
    return covered
