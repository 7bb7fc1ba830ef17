"""Data sets, models, regimes, curations and metrics of a sweep file, checked against their signatures."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError
from pydantic_core import to_jsonable_python

from raysc.errors import InputError
from raysc.settings import Component
from raysc.sweepfile.messages import did_you_mean, mismatch, quote
from raysc.sweepfile.signature import REQUIRED, ComponentKind, ComponentRegistry, Parameter, Signature

MakeError = Callable[[str, str], InputError]
"""(dotted key, problem) -> the error to raise."""

KIND_NAMES: Mapping[ComponentKind, str] = {
    "data": "data set",
    "model": "model",
    "regime": "regime",
    "curation": "curation",
    "metric": "metric",
}


@dataclass(frozen=True)
class CheckedComponent:
    """A component with parameters that its signature allows.

    Attributes:
        component: its parameters are plain JSON values, without those equal to their default.
        signature: the signature of its class.
    """

    component: Component
    signature: Signature

    def value(self, parameter: str) -> Any:
        """Return the value of a parameter (dotted for a key inside one), or its default; None if there is none."""
        head, *rest = parameter.split(".")
        declared = self.signature.parameters.get(head)
        default = None if declared is None or declared.default is REQUIRED else declared.default
        value = self.component.parameters.get(head, to_jsonable_python(default, fallback=repr))
        for part in rest:
            value = value.get(part) if isinstance(value, dict) else None
        return value


@dataclass(frozen=True)
class ComponentChecker:
    """Checks components against a registry, and builds each once to run its own checks."""

    registry: ComponentRegistry
    _cache: dict[tuple[ComponentKind, str], CheckedComponent] = field(default_factory=dict)

    def check(self, kind: ComponentKind, entry: Any, key: str, make_error: MakeError) -> CheckedComponent:
        """Return the component of an entry of the file.

        Args:
            kind: kind of the component.
            entry: a name, or a mapping with ``name`` and parameters.
            key: dotted key of the entry.
            make_error: makes the error for a key.
        """
        address = (kind, json.dumps(entry))
        if address not in self._cache:
            self._cache[address] = self._check(kind, entry, key, make_error)
        return self._cache[address]

    def _check(self, kind: ComponentKind, entry: Any, key: str, make_error: MakeError) -> CheckedComponent:
        mapping = {"name": entry} if isinstance(entry, str) else entry
        if not isinstance(mapping, dict) or not isinstance(mapping.get("name"), str):
            expected = f"the name of a {KIND_NAMES[kind]}, or {{name: ..., parameters}}"
            raise make_error(key, f"expected {expected}; got {quote(entry)}")
        name = mapping["name"]
        try:
            signature = self.registry.signature(kind, name)
        except InputError as error:
            raise make_error(key, str(error)) from None
        values = {parameter: value for parameter, value in mapping.items() if parameter != "name"}
        parameters = _check_parameters(values, kind, name, signature, key, make_error)
        component = Component(name=name, parameters=parameters)
        self._check_by_building(kind, component, key, make_error)
        return CheckedComponent(component, signature)

    def _check_by_building(self, kind: ComponentKind, component: Component, key: str, make_error: MakeError) -> None:
        """Build the component: a class may check more than types, such as no more rows than the data have."""
        try:
            self.registry.build(kind, component)
        except InputError as error:
            problem = str(error)
            named = [name for name in component.parameters if re.search(rf"\b{re.escape(name)}\b", problem)]
            raise make_error(f"{key}.{named[0]}" if named else key, problem) from None


def _check_parameters(
    values: Mapping[str, Any],
    kind: ComponentKind,
    component: str,
    signature: Signature,
    key: str,
    make_error: MakeError,
) -> dict[str, Any]:
    """Return the parameters as plain JSON values, without those equal to their default.

    Args:
        values: the values in the file.
        kind: kind of the component.
        component: name of the component.
        signature: the signature of its class.
        key: dotted key of the component.
        make_error: makes the error for a key.
    """
    takes = describe_parameters(component, signature)
    parameters = {}
    for name, value in values.items():
        declared = signature.parameters.get(name)
        if declared is None:
            near = did_you_mean(name, signature.parameters).partition("; valid")[0]
            raise make_error(f"{key}.{name}", f"{KIND_NAMES[kind]} {component} takes no {name!r}{near or ';'} {takes}")
        try:
            checked = _check_type(declared, value)
        except ValueError as error:
            raise make_error(f"{key}.{name}", f"{error}; {takes}") from None
        except PydanticSchemaGenerationError:
            problem = f"its type, {type_name(declared.annotation)}, cannot be given in a sweep file"
            raise make_error(f"{key}.{name}", problem) from None
        if declared.default is REQUIRED or checked != declared.default:
            parameters[name] = to_jsonable_python(checked)
    for name, declared in signature.parameters.items():
        if declared.default is REQUIRED and name not in parameters:
            raise make_error(f"{key}.{name}", f"is missing; {takes}")
    # In the order of the signature, so that equal components have equal JSON.
    return {name: parameters[name] for name in signature.parameters if name in parameters}


def _check_type(declared: Parameter, value: Any) -> Any:
    """Return the value as its declared type; ValueError with expected and actual value."""
    try:
        return TypeAdapter(declared.annotation).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        raise ValueError(mismatch(*error.errors())) from None


def describe_parameters(name: str, signature: Signature) -> str:
    """Return ``window takes width (int, default 3)``."""
    takes = [parameter_text(parameter, declared) for parameter, declared in signature.parameters.items()]
    return f"{name} takes {', '.join(takes) or 'no parameters'}"


def parameter_text(name: str, declared: Parameter) -> str:
    """Return ``width (int, default 3)``."""
    default = "required" if declared.default is REQUIRED else f"default {default_text(declared.default)}"
    return f"{name} ({type_name(declared.annotation)}, {default})"


def default_text(value: Any) -> str:
    """Return a default as a sweep file has it."""
    return "null" if value is None else quote(to_jsonable_python(value, fallback=repr))


def type_name(annotation: Any) -> str:
    """Return a type as users read it: int | null, 'linear' | 'cosine', list[int]."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is NoneType:
        return "null"
    if origin is Annotated:
        return type_name(arguments[0])
    if origin is Literal:
        return " | ".join(repr(argument) for argument in arguments)
    if origin in (Union, UnionType):
        return " | ".join(type_name(argument) for argument in arguments)
    if origin is tuple:
        inside = ", ".join("..." if argument is Ellipsis else type_name(argument) for argument in arguments)
        return f"list[{inside.removesuffix(', ...')}]"
    return str(annotation) if origin is not None else getattr(annotation, "__name__", str(annotation))
