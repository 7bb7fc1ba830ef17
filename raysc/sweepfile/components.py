"""Data sets, models, regimes and metrics as a sweep file names them: resolved and checked against their signatures."""

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
from raysc.sweepfile.messages import did_you_mean, sentence, shown
from raysc.sweepfile.signature import REQUIRED, Catalogue, Parameter, Room, Signature

Refuse = Callable[[str, str], InputError]
"""(dotted key, problem) -> the error to raise."""

WORDS: Mapping[Room, str] = {"data": "data set", "model": "model", "regime": "regime", "metric": "metric"}


@dataclass(frozen=True)
class Checked:
    """A component that its signature allows.

    Attributes:
        component: its parameters are plain JSON values; those equal to their default are left out.
        signature: of its class.
    """

    component: Component
    signature: Signature

    def value(self, parameter: str) -> Any:
        """What a parameter (dotted for what lies inside one) is, its default included; None if it has none such."""
        head, *rest = parameter.split(".")
        declared = self.signature.parameters.get(head)
        default = None if declared is None or declared.default is REQUIRED else declared.default
        value = self.component.parameters.get(head, to_jsonable_python(default, fallback=repr))
        for part in rest:
            value = value.get(part) if isinstance(value, dict) else None
        return value


@dataclass(frozen=True)
class Components:
    """Checks components against a catalogue, and builds them to see whether that works; equal ones once."""

    catalogue: Catalogue
    _seen: dict[tuple[Room, str], Checked] = field(default_factory=dict)

    def check(self, room: Room, given: Any, key: str, refuse: Refuse) -> Checked:
        """What the file says of a component, as a component.

        Args:
            room: where it is registered.
            given: a name, or a mapping with ``name`` and parameters.
            key: its dotted key.
            refuse: makes the error for a key.
        """
        address = (room, json.dumps(given))
        if address not in self._seen:
            self._seen[address] = self._check(room, given, key, refuse)
        return self._seen[address]

    def _check(self, room: Room, given: Any, key: str, refuse: Refuse) -> Checked:
        word = WORDS[room]
        mapping = {"name": given} if isinstance(given, str) else given
        if not isinstance(mapping, dict) or not isinstance(mapping.get("name"), str):
            raise refuse(key, f"expected the name of a {word}, or {{name: ..., parameters}}; got {shown(given)}")
        name = mapping["name"]
        try:
            signature = self.catalogue.signature(room, name)
        except InputError as error:
            raise refuse(key, str(error)) from None
        parameters = {}
        for parameter, value in mapping.items():
            if parameter == "name":
                continue
            declared = signature.parameters.get(parameter)
            if declared is None:
                near = did_you_mean(parameter, signature.parameters).partition("; valid")[0]
                raise refuse(
                    f"{key}.{parameter}",
                    f"{word} {name} takes no {parameter!r}{near or ';'} {described(name, signature)}",
                )
            checked = _checked_value(declared, value, f"{key}.{parameter}", name, signature, refuse)
            if declared.default is REQUIRED or checked != declared.default:
                parameters[parameter] = to_jsonable_python(checked)
        for parameter, declared in signature.parameters.items():
            if declared.default is REQUIRED and parameter not in parameters:
                raise refuse(f"{key}.{parameter}", f"is missing; {described(name, signature)}")
        # In the order of the signature, so that equal components are equal in JSON too.
        ordered = {parameter: parameters[parameter] for parameter in signature.parameters if parameter in parameters}
        component = Component(name=name, parameters=ordered)
        try:
            # Types are not all that a class may ask for (no more rows than there are): refused here, with the line.
            self.catalogue.build(room, component)
        except InputError as error:
            problem = str(error)
            named = [parameter for parameter in ordered if re.search(rf"\b{re.escape(parameter)}\b", problem)]
            raise refuse(f"{key}.{named[0]}" if named else key, problem) from None
        return Checked(component, signature)


def _checked_value(declared: Parameter, value: Any, key: str, name: str, signature: Signature, refuse: Refuse) -> Any:
    try:
        return TypeAdapter(declared.annotation).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        raise refuse(key, f"{sentence(*error.errors())}; {described(name, signature)}") from None
    except PydanticSchemaGenerationError:
        raise refuse(
            key,
            f"its type, {type_name(declared.annotation)}, cannot be given in a sweep file",
        ) from None


def described(name: str, signature: Signature) -> str:
    """``window takes width (int, default 3)``."""
    takes = [parameter_text(parameter, declared) for parameter, declared in signature.parameters.items()]
    return f"{name} takes {', '.join(takes) or 'no parameters'}"


def parameter_text(name: str, declared: Parameter) -> str:
    """``width (int, default 3)``."""
    default = "required" if declared.default is REQUIRED else f"default {_default(declared.default)}"
    return f"{name} ({type_name(declared.annotation)}, {default})"


def _default(value: Any) -> str:
    return "null" if value is None else shown(to_jsonable_python(value, fallback=repr))


def type_name(annotation: Any) -> str:
    """A type as a user reads it: int | null, 'linear' | 'cosine', list[int]."""
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
