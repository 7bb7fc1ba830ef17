"""Data set card of an export: README.md with YAML front matter, as the Hugging Face hub reads it."""

from io import StringIO
from typing import Literal

from ruamel.yaml import YAML

from raysc.results.samples.description import SampleDescription

SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
"""(exclusive upper limit, category) of the hub's size categories."""
LARGEST = "n>1T"
"""Category for everything above; no sweep reaches the ones between."""
PUBLISHER_PROPERTIES = ("license", "url", "creator", "datePublished")
"""Properties that Croissant requires and only the publisher knows."""


def card_text(description: SampleDescription, file_format: Literal["huggingface", "png"]) -> str:
    """Return the card of an export.

    Args:
        description: of the rows.
        file_format: format of the export.
    """
    front_matter = StringIO()
    YAML(typ="rt", pure=True).dump(_front_matter(description, file_format), front_matter)
    training = ", ".join(f"{kind} {count}" for kind, count in description.training_rows.items())
    origins = "\n".join(f"- {origin.label} (`{origin.uri}`)" for origin in description.origins)
    sampling = "".join(f", {name} {value}" for name, value in description.sampling.items())
    columns = ", ".join(f"`{name}`" for name in ("index", *description.columns))
    place = "`data/train.parquet`" if file_format == "huggingface" else "`*.png`, with `metadata.csv`"
    return f"""---
{front_matter.getvalue()}---

# {description.name}

{description.summary}

**No row is real.** Every row was drawn from a model. Do not mix the rows with real data without a mark.

| | |
|---|---|
| rows | {description.rows}, in {place} |
| generation | {description.generation} |
| seed | {description.seed} |
| sampler | {description.sampler}{sampling} |
| lineage | `{description.lineage}` |
| training rows of the model | {training} |
| made with | raysc {description.version} |

Beside its content each row has the columns {columns}. `lineage` is a hash of all settings that determine the rows:
equal keys, seeds and generations mean equal rows.

## Origin

The model was trained on:

{origins or "- no rows: the model of the generation before was kept"}

`croissant.json` has the same in the vocabularies Croissant 1.1 and PROV-O. It lacks what only the publisher knows: add
{", ".join(f"`{name}`" for name in PUBLISHER_PROPERTIES)} before you publish the data.
"""


def _front_matter(description: SampleDescription, file_format: Literal["huggingface", "png"]) -> dict[str, object]:
    """Return the front matter: the hub's own keys, and ``raysc`` with the origin of the rows."""
    files = "data/train.parquet" if file_format == "huggingface" else "*.png"
    return {
        "pretty_name": description.name,
        "tags": ["synthetic", "self-consuming-loop", "raysc"],
        "size_categories": [next((name for limit, name in SIZES if description.rows < limit), LARGEST)],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": files}]}]
        if file_format == "huggingface"
        else [{"config_name": "default", "data_dir": "."}],
        "raysc": {
            "version": description.version,
            "sweep": description.sweep,
            "lineage": description.lineage,
            "seed": description.seed,
            "generation": description.generation,
            "regime": description.regime,
            "curation": description.curation,
            "lambda": description.lambda_,
            "data": description.data,
            "model": description.model,
            "sampler": description.sampler,
            "sampling": dict(description.sampling),
            "rows": description.rows,
            "training_rows": dict(description.training_rows),
        },
    }
