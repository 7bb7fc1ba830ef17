from pathlib import Path

import pytest

from raysc import registry
from raysc.cli.shipped import shipped
from raysc.reference.papers import citations, papers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "the rule of Kazdan et al. 2024 and (Gerstgrasser et al. 2024)",
            ["Kazdan et al. 2024", "Gerstgrasser et al. 2024"],
        ),
        (
            "weights (He, Xu and Cheng 2025), seen by Wei and Zhang (2025)",
            ["He, Xu and Cheng 2025", "Wei and Zhang 2025"],
        ),
        ("# by He,\n# Xu and Cheng 2025", ["He, Xu and Cheng 2025"]),
        ("Kazdan et al. 2024; Kazdan et al. 2024", ["Kazdan et al. 2024"]),
        ("21 November 2026, arXiv 2310.00429, in 2024 rows", []),
    ],
)
def test_citations_have_authors_and_a_year(text: str, expected: list[str]) -> None:
    assert citations(text) == expected


def test_papers_name_components_and_files_in_the_order_of_years(tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    file.write_text("# Does it hold? As in Nobody et al. 1901.\nname: new\n")
    cited = papers({**shipped(), "new": file})
    assert cited["Nobody et al. 1901"] == {"sweep": ["new"]}
    assert next(iter(cited)) == "Nobody et al. 1901"
    assert "accumulate" in cited["Kazdan et al. 2024"]["regime"]
    assert "kazdan2024/gaussian" in cited["Kazdan et al. 2024"]["sweep"]
    known = {name for kind in registry.REGISTRIES for name in registry.names(kind)} | {*shipped(), "new"}
    assert {name for kinds in cited.values() for names in kinds.values() for name in names} <= known
