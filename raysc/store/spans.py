"""Spans: which generations of which seeds of which lineage are published. Names alone tell."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from raysc.store.objects import Objects
from raysc.store.publishing import Manifest

END = 10**9
"""The last generation of a span after which nothing will change: all seeds of the unit have diverged or ended."""


@dataclass(frozen=True, order=True)
class Span:
    """Consecutive generations of a pack of seeds, published together.

    Attributes:
        first: first generation.
        last: last generation; END if the pack ended early, so that any number of generations counts as done.
        lineage: lineage key.
        seeds: the pack, in order.
        until: key of a sweep's ``loop.until`` if the span holds only for sweeps that have it, and "" if for everybody.
            To ``last`` END it says that the rule had ended all seeds before ``first``, and holds no generation; else
            it holds each seed's generations up to where the rule ended it. Its manifest tells where that was.
    """

    first: int
    last: int
    lineage: str
    seeds: tuple[int, ...]
    until: str = ""

    @property
    def place(self) -> str:
        """<lineage>/<seeds>/<first>-<last>, with -<until> behind it where there is one."""
        last = "end" if self.last >= END else self.last
        until = f"-{self.until}" if self.until else ""
        return f"{self.lineage}/{pack_name(self.seeds)}/{self.first}-{last}{until}"

    @property
    def name(self) -> str:
        """The manifest's name in the store."""
        return f"spans/{self.place}"

    def manifest(self, objects: Objects) -> Manifest:
        """Read the manifest."""
        return Manifest.read(objects, self.name)


def pack_name(seeds: Iterable[int]) -> str:
    """Seeds as a short name, runs joined: (0, 1, 2, 7) is "0-2+7"."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1][1:] = [seed]
        else:
            runs.append([seed])
    return "+".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def pack_seeds(name: str) -> tuple[int, ...]:
    """The inverse of ``pack_name``."""
    seeds: list[int] = []
    for run in name.split("+"):
        first, _, last = run.partition("-")
        seeds.extend(range(int(first), int(last or first) + 1))
    return tuple(seeds)


PLAIN = frozenset({""})
"""What ``Span.until`` may be for a sweep without ``loop.until``."""

_NAME = re.compile(r"spans/([^/]+)/([0-9+-]+)/(\d+)-(\d+|end)(?:-([0-9a-f]+))?")

Published = Mapping[str, Mapping[tuple[int, ...], tuple[Span, ...]]]
"""Lineage key -> pack of seeds -> its spans, sorted."""


def published(objects: Objects, lineage: str | None = None) -> Published:
    """Everything that is published (of one lineage), from one listing of names."""
    found: dict[str, dict[tuple[int, ...], list[Span]]] = defaultdict(lambda: defaultdict(list))
    for name in objects.names(f"spans/{lineage}" if lineage else "spans"):
        if match := _NAME.fullmatch(name):
            lineage, pack, first, last, until = match.groups()
            seeds = pack_seeds(pack)
            span = Span(int(first), END if last == "end" else int(last), lineage, seeds, until or "")
            found[lineage][seeds].append(span)
    return {key: {seeds: tuple(sorted(spans)) for seeds, spans in packs.items()} for key, packs in found.items()}


def published_chain(
    objects: Objects, lineage: str, seeds: tuple[int, ...], start: int, untils: frozenset[str] = PLAIN
) -> list[Span]:
    """The spans of one pack, of those that count, that cover generations from ``start`` on without a gap."""
    return chain(counted(published(objects, lineage).get(lineage, {}).get(seeds, ()), untils), start)


def counted(spans: Iterable[Span], untils: frozenset[str]) -> tuple[Span, ...]:
    """The spans that hold for a sweep."""
    return tuple(span for span in spans if span.until in untils)


def chain(spans: Iterable[Span], start: int) -> list[Span]:
    """The spans that cover generations from ``start`` on without a gap, in order; of overlapping ones the furthest."""
    covered: list[Span] = []
    following = start
    remaining = sorted(spans)
    while fitting := [span for span in remaining if span.first <= following <= span.last]:
        best = max(fitting, key=lambda span: (span.last, -span.first))
        covered.append(best)
        following = best.last + 1
    return covered
