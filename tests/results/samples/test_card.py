from dataclasses import replace

from ruamel.yaml import YAML

from raysc.results.samples.card import card_text
from raysc.results.samples.description import Origin, SampleDescription

DESCRIPTION = SampleDescription(
    sweep="grid",
    seed=1,
    generation=2,
    rows=1500,
    kind="images",
    lineage="ab" * 16,
    data="digits",
    model="edm",
    regime="mix",
    curation=None,
    lambda_=0.5,
    sampler="heun",
    sampling={"steps": 18},
    training_rows={"all": 30, "real": 20, "synthetic": 10},
    origins=(Origin("urn:raysc:data:ab", "real rows of digits"),),
    columns={"cell": 3, "seed": 1, "generation": 2, "lineage": "ab" * 16},
    version="0.1.0",
)


def front_matter(text: str) -> dict[str, object]:
    _, yaml, _ = text.split("---\n", 2)
    loaded: dict[str, object] = YAML(typ="safe").load(yaml)
    return loaded


def test_the_front_matter_says_that_the_rows_are_synthetic_and_where_they_come_from() -> None:
    matter = front_matter(card_text(DESCRIPTION, "huggingface"))
    assert matter["tags"] == ["synthetic", "self-consuming-loop", "raysc"]
    assert matter["size_categories"] == ["1K<n<10K"]
    assert matter["raysc"] == {
        "version": "0.1.0",
        "sweep": "grid",
        "lineage": "ab" * 16,
        "seed": 1,
        "generation": 2,
        "regime": "mix",
        "curation": None,
        "lambda": 0.5,
        "data": "digits",
        "model": "edm",
        "sampler": "heun",
        "sampling": {"steps": 18},
        "rows": 1500,
        "training_rows": {"all": 30, "real": 20, "synthetic": 10},
    }


def test_a_regime_without_lambda_has_none() -> None:
    matter = front_matter(card_text(replace(DESCRIPTION, lambda_=None, regime="replace"), "png"))
    assert isinstance(matter["raysc"], dict)
    assert matter["raysc"]["lambda"] is None


def test_the_curation_is_in_front_matter_and_summary() -> None:
    assert "curation" not in DESCRIPTION.summary
    text = card_text(replace(DESCRIPTION, curation="luce"), "png")
    assert "regime mix with lambda = 0.5 and the curation luce, seed 1." in text
    matter = front_matter(text)
    assert isinstance(matter["raysc"], dict)
    assert matter["raysc"]["curation"] == "luce"


def test_the_text_names_origins_and_what_is_left_to_the_publisher() -> None:
    text = card_text(DESCRIPTION, "huggingface")
    assert "- real rows of digits (`urn:raysc:data:ab`)" in text
    assert "`license`, `url`, `creator`, `datePublished`" in text
    kept = card_text(replace(DESCRIPTION, origins=()), "huggingface")
    assert "the model of the generation before was kept" in kept
