"""JSON Schema of the sweep file, for editors and validators: types, names and descriptions of all keys.

The schema is made from the types that the reader itself checks with, and from the signatures of the registered
components. It is wider than the reader: conflicts between settings, and generations or axes that a claim names, are
found by ``raysc plan`` alone.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from raysc import registry
from raysc.reference.docstrings import attributes, summary
from raysc.seeds import MAX_PURPOSE_SEED, PURPOSES
from raysc.settings import Models
from raysc.sweepfile.claims import ClaimEntry
from raysc.sweepfile.domains import DOMAINS
from raysc.sweepfile.schema import LOGGERS, LoopSection, SweepFile, section_keys
from raysc.sweepfile.signature import REQUIRED, ComponentKind, Parameter
from raysc.sweepfile.space import AXES, SECTIONS

Schema = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"
"""Dialect of the schema: the one that editors know best."""
_DEFINITIONS = "#/definitions/{model}"
_SEED: Schema = {"type": "integer", "minimum": 0}
_PLUGIN: Schema = {"type": "string", "pattern": "^[^:]+:[^:]+$"}
"""Name of a plug-in: ``package.module:Name``."""
_AXIS_KINDS: tuple[ComponentKind, ...] = ("data", "model", "regime", "curation")
"""Components that are axes, each with its parameters."""
_EMPTY_SECTIONS = ("initial", "models", "train", "sample", "resources", "keep")
"""Sections that a file may leave empty."""


def sweep_schema() -> Schema:
    """Return the JSON Schema of the sweep file."""
    definitions: Schema = {}
    schema = _settings_schema(SweepFile, definitions)
    properties = schema["properties"]
    for key, kind in _component_keys().items():
        _narrow(properties, key, _component(kind, definitions))
    _narrow(properties, "metrics", {"type": "array", "minItems": 1, "items": _component("metric", definitions)})
    _narrow(properties, "claims", _list_of(_settings_schema(ClaimEntry, definitions)))
    _narrow(properties, "seeds", _seeds())
    _narrow(properties, "measure", {"anyOf": [{"enum": ["all", "log"]}, {"type": "array", "items": _SEED}]})
    _narrow(properties, "control", {"enum": [True, False, "matched", "declared"]})
    _narrow(properties, "loggers", _list_of(_loggers()))
    _narrow(properties, "space", _space(definitions))
    for key in _EMPTY_SECTIONS:
        properties[key] = _described({"anyOf": [_without_notes(properties[key]), {"type": "null"}]}, properties[key])
    return {"$schema": DIALECT, "title": "raysc sweep file", **schema, "definitions": definitions}


def _component_keys() -> Mapping[str, ComponentKind]:
    """Map each top key that names a component to its kind."""
    return {"data": "data", "model": "model", "curation": "curation"}


def _seeds() -> Schema:
    """Return the schema of ``seeds``: a number of seeds or a list of them, or either for each purpose."""
    options = _seed_list(_SEED)
    by_purpose = {purpose: {"anyOf": _seed_list(_SEED | {"maximum": MAX_PURPOSE_SEED})} for purpose in PURPOSES}
    mapping = {"type": "object", "properties": by_purpose, "additionalProperties": False}
    return {"anyOf": [*options, mapping]}


def _seed_list(seed: Schema) -> list[Schema]:
    return [
        {"type": "integer", "minimum": 1},
        {"type": "array", "items": seed, "minItems": 1, "uniqueItems": True},
    ]


def _loggers() -> Schema:
    """Return the schema of one logger."""
    named = {"type": "object", "properties": {"name": {"enum": list(LOGGERS)}}, "required": ["name"]}
    return {"anyOf": [{"enum": list(LOGGERS)}, named]}


def _list_of(items: Schema) -> Schema:
    """Return the schema of a list, which may be left empty."""
    return {"anyOf": [{"type": "array", "items": items}, {"type": "null"}]}


def _settings_schema(section: type[BaseModel], definitions: Schema) -> Schema:
    """Return the schema of a section with the descriptions of its docstring; add those below it to ``definitions``."""
    schema = section.model_json_schema(ref_template=_DEFINITIONS)
    inner = schema.pop("$defs", {})
    _describe(schema, section)
    for settings in _sections_below(section):
        if settings.__name__ in inner:
            _describe(inner[settings.__name__], settings)
    definitions |= inner
    return schema


def _sections_below(section: type[BaseModel]) -> Iterable[type[BaseModel]]:
    """Yield the sections below a section, at any depth."""
    for inner in section_keys(section).values():
        if inner is not None:
            yield inner
            yield from _sections_below(inner)


def _describe(schema: Schema, section: type[BaseModel]) -> None:
    """Replace pydantic's titles and the whole docstring by the summary and a description per key."""
    described = attributes(section)
    schema.pop("title", None)
    schema["description"] = summary(section)
    for key, value in schema.get("properties", {}).items():
        value.pop("title", None)
        if value.get("default") is None or isinstance(value["default"], dict):
            value.pop("default", None)  # no value, or a section whose keys have defaults of their own
        if key in described:
            value["description"] = described[key]


def _component(kind: ComponentKind, definitions: Schema) -> Schema:
    """Return the schema of a component: its name, or a mapping with its name and parameters."""
    names = list(registry.names(kind))
    branches = [_named_component(kind, name, definitions) for name in names]
    plugin = {"type": "object", "properties": {"name": _PLUGIN}, "required": ["name"]}
    definitions[f"{kind}_component"] = {"anyOf": [{"enum": names}, _PLUGIN, *branches, plugin]}
    return {"$ref": _DEFINITIONS.format(model=f"{kind}_component")}


def _named_component(kind: ComponentKind, name: str, definitions: Schema) -> Schema:
    """Return the schema of a registered component as a mapping."""
    cls, parameters = registry.load(kind, name), registry.signature(kind, name).parameters
    described = attributes(cls)
    properties: Schema = {"name": {"const": name}}
    for parameter, declared in parameters.items():
        properties[parameter] = _parameter(declared, definitions)
        if parameter in described:
            properties[parameter]["description"] = described[parameter]
    required = [parameter for parameter, declared in parameters.items() if declared.default is REQUIRED]
    return {
        "type": "object",
        "description": summary(cls),
        "properties": properties,
        "required": ["name", *required],
        "additionalProperties": False,
    }


def _parameter(declared: Parameter, definitions: Schema) -> Schema:
    """Return the schema of a parameter's type with its default; of a type without a schema anything is valid."""
    try:
        schema = TypeAdapter(declared.annotation).json_schema(ref_template=_DEFINITIONS)
    except (PydanticSchemaGenerationError, PydanticInvalidForJsonSchema):
        return {}
    definitions |= schema.pop("$defs", {})
    schema = _without_notes(schema)
    if declared.default is not REQUIRED:
        with suppress(PydanticSerializationError):  # a default that is no plain value has no place in JSON
            schema["default"] = to_jsonable_python(declared.default)
    return schema


def _space(definitions: Schema) -> Schema:
    """Return the schema of ``space``: a grid, or a list of grids."""
    values: dict[str, list[Schema]] = {axis: [] for axis in AXES}
    for kind in _AXIS_KINDS:
        values[kind] = [_component(kind, definitions)]
        for name in registry.names(kind):
            for parameter, declared in registry.signature(kind, name).parameters.items():
                values.setdefault(f"{kind}.{parameter}", []).append(_without_notes(_parameter(declared, definitions)))
    values["lambda"] = [{"type": "number", "minimum": 0}]
    loop = _settings_schema(LoopSection, definitions)["properties"]
    values |= {f"loop.{key}": [_without_notes(loop[key])] for key in ("start", "budget")}
    models = _settings_schema(Models, definitions)["properties"]
    values |= {f"models.{key}": [_without_notes(models[key])] for key in ("count", "reads", "real")}
    for prefix, section in SECTIONS.items():
        _add_settings(prefix, section, values, definitions)
    definitions["domain"] = _domain()
    properties = {axis: _axis(_any_of(options)) for axis, options in values.items()}
    plugins: Schema = {f"^({'|'.join(_AXIS_KINDS)})\\.": {}}
    grid = {"type": "object", "minProperties": 1, "properties": properties, "patternProperties": plugins}
    definitions["grid"] = {**grid, "additionalProperties": False}
    reference = {"$ref": _DEFINITIONS.format(model="grid")}
    return {"anyOf": [reference, {"type": "array", "minItems": 1, "items": reference}]}


def _add_settings(prefix: str, section: type[BaseModel], values: dict[str, list[Schema]], definitions: Schema) -> None:
    """Add the schema of each setting of a section, and of the sections below it, under its dotted key."""
    properties = _settings_schema(section, definitions)["properties"]
    for key, inner in section_keys(section).items():
        values[f"{prefix}.{key}"].append(_without_notes(properties[key]))
        if inner is not None:
            _add_settings(f"{prefix}.{key}", inner, values, definitions)


def _axis(value: Schema) -> Schema:
    """Return the schema of an axis: a value, a list of values, or a domain to draw from."""
    lists = {"type": "array", "items": value, "minItems": 1}
    return {"anyOf": [value, lists, {"$ref": _DEFINITIONS.format(model="domain")}]}


def _domain() -> Schema:
    """Return the schema of a domain: one key with its values."""
    properties = {domain: {"type": "array"} for domain in DOMAINS}
    sizes = {"minProperties": 1, "maxProperties": 1}
    return {"type": "object", "properties": properties, "additionalProperties": False, **sizes}


def _any_of(options: list[Schema]) -> Schema:
    """Return the schema of a value that fits one of several schemas."""
    distinct: list[Schema] = []
    for option in options:
        if option not in distinct:
            distinct.append(option)
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def _narrow(properties: Schema, key: str, schema: Schema) -> None:
    """Replace the schema of a key and keep its notes."""
    properties[key] = _described(schema, properties[key])


def _described(schema: Schema, source: Schema) -> Schema:
    """Return a schema with the description and the default of another."""
    return schema | {note: source[note] for note in ("description", "default") if note in source}


def _without_notes(schema: Schema) -> Schema:
    """Return a schema without title, description and default."""
    return {key: value for key, value in schema.items() if key not in ("title", "description", "default")}
