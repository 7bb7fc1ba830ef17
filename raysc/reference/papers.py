"""Papers: what components and sweep files cite, from their docstrings, comments and claims."""

import inspect
import re
from collections.abc import Mapping
from pathlib import Path

from raysc import registry

NAME = r"[A-Z][\w'-]+"
CITATION = re.compile(rf"\b({NAME}(?: et al\.|(?:, {NAME})* and {NAME}))(?: \(| |,)\s*((?:19|20)\d\d)\b")
"""``Kazdan et al. 2024``, ``He, Xu and Cheng 2025``, ``Wei and Zhang (2025)``."""

Citing = dict[str, list[str]]
"""Kind -> names that cite a paper."""


def citations(text: str) -> list[str]:
    """Return the papers that a text cites, each once, as ``Kazdan et al. 2024``."""
    plain = " ".join(text.replace("#", " ").split())
    return list(dict.fromkeys(f"{authors} {year}" for authors, year in CITATION.findall(plain)))


def papers(sweeps: Mapping[str, Path]) -> dict[str, Citing]:
    """Map each paper, by year and name, to the components and sweep files that cite it.

    Args:
        sweeps: name of a shipped sweep file -> file.
    """
    cited: dict[str, Citing] = {}
    for kind in registry.REGISTRIES:
        for name in registry.names(kind):
            documentation = inspect.getdoc(registry.load(kind, name)) or ""
            _add(cited, citations(documentation), kind, name)
    for name, file in sweeps.items():
        _add(cited, citations(file.read_text(encoding="utf-8")), "sweep", name)
    return dict(sorted(cited.items(), key=lambda item: (item[0][-4:], item[0])))


def _add(cited: dict[str, Citing], titles: list[str], kind: str, name: str) -> None:
    for paper in titles:
        cited.setdefault(paper, {}).setdefault(kind, []).append(name)
