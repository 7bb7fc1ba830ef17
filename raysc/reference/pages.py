"""Reference pages in Markdown: the sweep file, components, claims and commands, all read from the code."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from raysc import registry
from raysc.metrics.core.metric import Column
from raysc.reference.docstrings import attributes, summary
from raysc.settings import Price
from raysc.sweepfile.claims import ClaimEntry
from raysc.sweepfile.components import default_text, type_name
from raysc.sweepfile.schema import SweepFile, section_keys
from raysc.sweepfile.signature import REQUIRED, ComponentKind

Pages = dict[str, str]
"""File name -> Markdown."""

COMPONENT_PAGES: Mapping[ComponentKind, tuple[str, str]] = {
    "data": ("data-sets", "Data sets"),
    "model": ("models", "Models"),
    "regime": ("regimes", "Regimes"),
    "curation": ("curations", "Curations"),
    "metric": ("metrics", "Metrics"),
}
"""Kind of component -> name and title of its page."""


def reference_pages(command: Any) -> Pages:
    """Return all pages.

    Args:
        command: the raysc command, as ``typer.main.get_command`` returns it; typer brings a click of its own.
    """
    pages = {"sweep-file.md": _sweep_file_page(), "claims.md": _claims_page(), "commands.md": _command_page(command)}
    for kind, (name, title) in COMPONENT_PAGES.items():
        pages[f"{name}.md"] = "\n".join([f"# {title}", "", *_components(kind)])
    return pages


def _sweep_file_page() -> str:
    """Return the page of the sweep file: its top keys, then a table for each section below them."""
    lines = [
        "# Sweep file",
        "",
        "A sweep file is YAML 1.2 without tags, anchors and aliases. `raysc schema` prints its JSON Schema. Axes of",
        "`space` are `regime`, `lambda`, `curation`, `data`, `model`, their parameters (`data.rows`) and all dotted",
        "settings of `initial`, `train`, `sample` and `loop`.",
        "",
        *_settings_table(SweepFile),
    ]
    sections: dict[str, type[BaseModel]] = {**dict(_sections(SweepFile)), "prices.NAME": Price}
    for key, section in sections.items():
        lines += ["", f"## `{key}`", "", inspect.cleandoc(section.__doc__ or "").partition("\n\nAttributes:")[0]]
        lines += ["", *_settings_table(section)]
    return "\n".join(lines)


def _sections(section: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield each section below a section once, with the dotted key under which it comes first."""
    seen: set[type[BaseModel]] = set()
    for key, inner in _all_sections(section, prefix):
        if inner not in seen:
            seen.add(inner)
            yield key, inner


def _all_sections(section: type[BaseModel], prefix: str) -> Iterator[tuple[str, type[BaseModel]]]:
    for key, inner in section_keys(section).items():
        if inner is not None and inner is not Price:
            yield f"{prefix}{key}", inner
            yield from _all_sections(inner, f"{prefix}{key}.")


def _settings_table(section: type[BaseModel]) -> list[str]:
    """Return the table of a section: key, type, default, description."""
    described, keys = attributes(section), section_keys(section)
    rows = []
    for name, info in section.model_fields.items():
        key = info.alias or name
        default = "required" if info.is_required() else _default(info.get_default(call_default_factory=True))
        has_keys = keys[key] is not None or key == "prices"
        rows.append((f"`{key}`", _type(info.annotation, has_keys), default, described.get(name.removesuffix("_"), "")))
    return _table(("key", "type", "default", "meaning"), rows)


def _type(annotation: Any, has_keys: bool = False) -> str:
    """Return a type in words; of values that the reader checks key by key, nothing."""
    if has_keys:
        return "mapping"
    return "" if "Any" in str(annotation) else f"`{type_name(annotation)}`"


def _default(value: Any) -> str:
    """Return a default; sections have the defaults of their keys."""
    if value is None or value is PydanticUndefined or isinstance(value, BaseModel) or value == {}:
        return ""
    return f"`{default_text(value)}`"


def _claims_page() -> str:
    """Return the page of claims: the grammar in the module's words, and the table of keys."""
    import raysc.sweepfile.claims as claims

    text = inspect.cleandoc(claims.__doc__ or "")
    return "\n".join(["# Claims", "", _with_fences(text), "", *_settings_table(ClaimEntry)])


def _with_fences(text: str) -> str:
    """Return a docstring's text with its indented blocks as blocks of YAML."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        indented = line.startswith("    ")
        if indented != inside and line:
            lines.append("```yaml" if indented else "```")
            if inside:
                lines.append("")
            inside = indented
        lines.append(line.removeprefix("    ") if inside else line)
    return "\n".join([*lines, *(["```"] if inside else [])])


def _components(kind: ComponentKind) -> Iterator[str]:
    """Yield the lines of all components of a kind."""
    for name in registry.names(kind):
        cls, signature = registry.load(kind, name), registry.signature(kind, name)
        yield from (f"## `{name}`", "", _prose(cls), "")
        if kind == "regime" and signature.default_lambda != "not taken":
            default = "required" if signature.default_lambda is None else f"{signature.default_lambda:g} unless set"
            yield from (f"Lambda: {default}.", "")
        described = attributes(cls)
        rows = [
            (
                f"`{parameter}`",
                _type(declared.annotation),
                "required" if declared.default is REQUIRED else f"`{default_text(declared.default)}`",
                described.get(parameter, ""),
            )
            for parameter, declared in signature.parameters.items()
        ]
        if rows:
            yield from (*_table(("parameter", "type", "default", "meaning"), rows), "")
        if kind == "metric":
            yield from (*_columns(name), "")


def _prose(cls: type) -> str:
    """Return a class's docstring without its sections."""
    text = inspect.cleandoc(cls.__doc__ or "")
    for section in ("Attributes:", "Raises:", "Args:", "Returns:"):
        text = text.partition(f"\n\n{section}")[0]
    return text or summary(cls)


def _columns(name: str) -> list[str]:
    """Return the table of a metric's columns, with its default parameters."""
    columns: tuple[Column, ...] = getattr(registry.load("metric", name), "columns", ())
    if not isinstance(columns, tuple):  # they depend on the parameters
        columns = registry.load("metric", name)().columns
    rows = [
        (f"`{column.name}`", column.better, column.scale, column.reference or "", column.aspect or "")
        for column in columns
    ]
    return _table(("column", "better", "scale of damage", "compared with", "aspect"), rows)


def _command_page(command: Any) -> str:
    """Return the page of the command line."""
    lines = ["# Commands", ""]
    for name, subcommand in command.commands.items():
        lines += [f"## `raysc {name}`", "", *_usage(name, subcommand), ""]
    return "\n".join(lines)


def _usage(name: str, command: Any) -> Iterable[str]:
    """Return the help of one command with the table of its arguments and options."""
    context = command.context_class(command, info_name=f"raysc {name}")
    yield from (inspect.cleandoc(command.help or ""), "", "```text")
    yield f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}"
    yield from ("```", "")
    rows = [_parameter_row(parameter, context) for parameter in command.get_params(context)]
    yield from _table(("option", "meaning"), [row for row in rows if row])


def _parameter_row(parameter: Any, context: Any) -> tuple[str, ...]:
    """Return the names and the help of an argument or option; () without help."""
    record = parameter.get_help_record(context)
    return () if record is None else (f"`{record[0]}`", record[1])


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return a Markdown table."""
    return [_table_row(cells) for cells in (header, tuple("---" for _ in header), *rows)]


def _table_row(cells: tuple[str, ...]) -> str:
    """Return a row of a Markdown table; bars within cells are escaped."""
    escaped = [" ".join(cell.split()).replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"
