"""Croissant 1.1 metadata of an export: its files, its columns, and its provenance in PROV-O.

Read: the specification of Croissant 1.1 (MLCommons, 2026-01-29), sections on resources, record sets and provenance, its
extension for responsible AI (RAI 1.0), and the W3C's PROV-O. ``rai:hasSyntheticData`` is not in the text of RAI 1.0; it
is among the fields that the Evaluations and Datasets track of NeurIPS 2026 asks for. Labels are ``prov:label``, as in
Croissant's specification; PROV-O itself has ``rdfs:label``.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from raysc.results.samples.description import SampleDescription

Json = dict[str, Any]
"""A JSON-LD node."""

PARQUET, TABLE = "data/train.parquet", "metadata.csv"
"""Files of the two formats of an export that have the metadata columns."""
CONFORMS_TO = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
CROISSANT_TERMS = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject",
    "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
    "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
    "source", "subField", "transform",
)  # fmt: skip
"""Terms of the Croissant vocabulary that stand in the context without their prefix."""
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in CROISSANT_TERMS},
}
"""JSON-LD context: names of this file -> terms of the vocabularies."""


def croissant(description: SampleDescription, folder: Path) -> Json:
    """Return the metadata of an export as JSON-LD.

    Args:
        description: of the rows.
        folder: the export, with its data files.
    """
    files, record_sets = _parquet(folder) if (folder / PARQUET).exists() else _image_folder(folder)
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": description.name,
        "description": description.summary,
        "keywords": ["synthetic", "self-consuming loop", description.model, description.regime, description.data],
        "version": "1.0.0",
        "rai:hasSyntheticData": True,
        "prov:wasDerivedFrom": [{"@id": origin.uri, "prov:label": origin.label} for origin in description.origins],
        "prov:wasGeneratedBy": _activity(description),
        "distribution": files,
        "recordSet": record_sets,
    }


def _parquet(folder: Path) -> tuple[list[Json], list[Json]]:
    """Return the files and record sets of a data set in one Parquet file."""
    file = _file_object(folder / PARQUET, folder, "application/x-parquet")
    fields = [_field("rows", column, file["@id"]) for column in pq.read_schema(folder / PARQUET)]
    return [file], [_record_set("rows", fields)]


def _image_folder(folder: Path) -> tuple[list[Json], list[Json]]:
    """Return the files and record sets of a folder of PNGs: the images, and their metadata by file name."""
    table = _file_object(folder / TABLE, folder, "text/csv")
    images = {
        "@type": "cr:FileSet",
        "@id": "image-files",
        "name": "image-files",
        "encodingFormat": "image/png",
        "includes": "*.png",
    }
    name = {
        **_image_property("file_name", "sc:Text", "filename"),
        "references": {"field": {"@id": "metadata/file_name"}},
    }
    columns = [_field("metadata", column, table["@id"]) for column in csv.read_csv(folder / TABLE).schema]
    return [table, images], [
        {**_record_set("metadata", columns), "key": {"@id": "metadata/file_name"}},
        _record_set("images", [_image_property("image", "sc:ImageObject", "content"), name]),
    ]


def _image_property(name: str, data_type: str, file_property: str) -> Json:
    """Return the field of a property of each image file."""
    return {
        "@type": "cr:Field",
        "@id": f"images/{name}",
        "name": name,
        "dataType": data_type,
        "source": {"fileSet": {"@id": "image-files"}, "extract": {"fileProperty": file_property}},
    }


def _activity(description: SampleDescription) -> Json:
    """Return the sampling of the rows as a PROV activity: the model that was used, and the software."""
    sampling = "".join(f", {name} {value}" for name, value in description.sampling.items())
    lambda_ = "none" if description.lambda_ is None else f"{description.lambda_:g}"
    return {
        "@type": "prov:Activity",
        "prov:label": (
            f"sampling of {description.rows} rows; lineage {description.lineage}, generation {description.generation}, "
            f"seed {description.seed}, regime {description.regime}, lambda {lambda_}, "
            f"curation {description.curation or 'none'}, sampler {description.sampler}{sampling}"
        ),
        "prov:used": {"@id": description.model_uri, "prov:label": f"{description.model} model"},
        "prov:wasAssociatedWith": {"@type": "prov:SoftwareAgent", "prov:label": f"raysc {description.version}"},
    }


def _file_object(file: Path, folder: Path, encoding: str) -> Json:
    """Return the description of one file."""
    content, name = file.read_bytes(), file.relative_to(folder).as_posix()
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": file.name,
        "contentUrl": name,
        "contentSize": f"{len(content)} B",
        "encodingFormat": encoding,
        "sha256": sha256(content).hexdigest(),
    }


def _record_set(name: str, fields: Sequence[Json]) -> Json:
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields}


def _field(record_set: str, column: pa.Field, file: str) -> Json:
    """Return the description of a column of a table."""
    field: Json = {
        "@type": "cr:Field",
        "@id": f"{record_set}/{column.name}",
        "name": column.name,
        "source": {"fileObject": {"@id": file}, "extract": {"column": column.name}},
    }
    if pa.types.is_struct(column.type):  # an image, as the datasets library stores it
        field["source"]["transform"] = {"jsonPath": "bytes"}
        return {**field, "dataType": "sc:ImageObject"}
    if pa.types.is_fixed_size_list(column.type):
        shape = str(column.type.list_size)
        return {**field, "dataType": _data_type(column.type.value_type), "isArray": True, "arrayShape": shape}
    return {**field, "dataType": _data_type(column.type)}


def _data_type(arrow: pa.DataType) -> str:
    """Return the data type of Croissant for a type of Arrow; columns without any value are text."""
    kinds: Sequence[tuple[Any, str]] = (
        (pa.types.is_boolean, "sc:Boolean"),
        (pa.types.is_integer, "sc:Integer"),
        (pa.types.is_floating, "sc:Float"),
    )
    return next((name for is_kind, name in kinds if is_kind(arrow)), "sc:Text")
