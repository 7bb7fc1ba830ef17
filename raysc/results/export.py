"""Rows of one generation for other tools: a Hugging Face data set, or a folder of PNGs."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from raysc.errors import InputError


def export_rows(
    rows: np.ndarray, folder: Path, form: Literal["huggingface", "png"], texts: Sequence[str] | None = None
) -> None:
    """Write rows into a new folder.

    Args:
        rows: images uint8 (count, channels, height, width), points (count, dim), or tokens (count, length).
        folder: must not exist.
        form: "huggingface": data/train.parquet, which ``datasets.load_dataset`` reads, images with their type; "png":
            one file per image.
        texts: what the rows say, if they are text: that is written instead of tokens.

    Raises:
        InputError: the folder exists, or points or texts were asked for as PNG.
    """
    images = rows.ndim == 4
    if folder.exists():
        raise InputError(f"{folder} exists; name a new folder")
    if form == "png" and not images:
        raise InputError(f"{'points' if texts is None else 'texts'} are no images; leave --format out")
    if form == "png":
        folder.mkdir(parents=True)
        for index, image in enumerate(rows):
            (folder / f"{index:06}.png").write_bytes(png(image))
        return
    (folder / "data").mkdir(parents=True)
    if images:
        column = pa.array([{"bytes": png(image), "path": None} for image in rows], _IMAGE)
        features = {"info": {"features": {"image": {"_type": "Image"}}}}
        table = pa.table({"image": column}).replace_schema_metadata({"huggingface": json.dumps(features)})
    elif texts is not None:
        table = pa.table({"text": pa.array(texts, pa.string())})
    else:
        table = pa.table({"row": pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])})
    pq.write_table(table, folder / "data" / "train.parquet")


_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(image: np.ndarray) -> bytes:
    """An image uint8 (1 or 3, height, width) as PNG."""
    sink = io.BytesIO()
    Image.fromarray(image[0] if image.shape[0] == 1 else image.transpose(1, 2, 0)).save(sink, "PNG")
    return sink.getvalue()
