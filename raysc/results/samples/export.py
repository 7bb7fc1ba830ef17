"""Export of the rows of one generation: a Hugging Face data set or a folder of PNGs, with card and metadata."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from raysc.errors import InputError
from raysc.results.samples.card import card_text
from raysc.results.samples.croissant import croissant
from raysc.results.samples.description import SampleDescription
from raysc.results.table.csv_text import csv_text

CARD, CROISSANT = "README.md", "croissant.json"
FileFormat = Literal["huggingface", "png"]


def export_generation(
    rows: np.ndarray,
    folder: Path,
    file_format: FileFormat,
    description: SampleDescription,
    texts: Sequence[str] | None = None,
) -> None:
    """Write the rows of one generation into a new folder, with a data set card and Croissant metadata.

    Arguments and errors are those of ``export_rows``; the metadata columns come from the description.
    """
    export_rows(rows, folder, file_format, description.columns, texts)
    (folder / CARD).write_text(card_text(description, file_format), encoding="utf-8")
    metadata = json.dumps(croissant(description, folder), indent=2, ensure_ascii=False)
    (folder / CROISSANT).write_text(f"{metadata}\n", encoding="utf-8")


def export_rows(
    rows: np.ndarray,
    folder: Path,
    file_format: FileFormat,
    provenance: Mapping[str, object],
    texts: Sequence[str] | None = None,
) -> None:
    """Write rows into a new folder.

    Args:
        rows: images uint8 (count, channels, height, width), points (count, dim), or tokens (count, length).
        folder: the folder to create.
        file_format: "huggingface": data/train.parquet, which ``datasets.load_dataset`` reads, with the type of images;
            "png": one file per image, and metadata.csv, with which ``datasets`` reads the folder too.
        provenance: column -> value that is the same in every row.
        texts: the rows decoded to text; they are written instead of the tokens.

    Raises:
        InputError: the folder exists, or the format is "png" and the rows are no images.
    """
    images = rows.ndim == 4
    if folder.exists():
        raise InputError(f"{folder} exists; name a new folder")
    if file_format == "png" and not images:
        raise InputError(f"{'points' if texts is None else 'texts'} are no images; leave --format out")
    lineage = pd.DataFrame({"index": range(len(rows)), **provenance})
    if file_format == "png":
        folder.mkdir(parents=True)
        names = [f"{index:06}.png" for index in range(len(rows))]
        for name, image in zip(names, rows, strict=True):
            (folder / name).write_bytes(png(image))
        lineage.insert(0, "file_name", names)
        (folder / "metadata.csv").write_text(csv_text(lineage), encoding="utf-8")
        return
    (folder / "data").mkdir(parents=True)
    metadata = pa.Table.from_pandas(lineage, preserve_index=False).replace_schema_metadata(None)
    if images:
        column = pa.array([{"bytes": png(image), "path": None} for image in rows], _IMAGE)
        features = {"info": {"features": {"image": {"_type": "Image"}}}}
        table = metadata.add_column(0, "image", column).replace_schema_metadata({"huggingface": json.dumps(features)})
    elif texts is not None:
        table = metadata.add_column(0, "text", pa.array(texts, pa.string()))
    else:
        table = metadata.add_column(
            0, "row", pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])
        )
    pq.write_table(table, folder / "data" / "train.parquet")


_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(image: np.ndarray) -> bytes:
    """Encode an image, uint8 (1 or 3, height, width), as PNG."""
    sink = io.BytesIO()
    Image.fromarray(image[0] if image.shape[0] == 1 else image.transpose(1, 2, 0)).save(sink, "PNG")
    return sink.getvalue()
